/*
 * The command: reads its words, loads the plugin, runs each case in a child and prints what was tried and what failed. A plugin that crashes, hangs or
 * exits takes down only its child. Called by main.c.
 */
#include "ctl/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum { CASE_S = 120, EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

static const char USAGE[] = "usage: usherctl channel check PLUGIN.so [OPTION...] [CASE...]\n"
			    "Runs a channel plugin against a host that watches whether it keeps to "
			    "the contract of usher/channel.h.\n"
			    "  --option KEY=VALUE     an option of the channel, as in the "
			    "configuration; may be repeated\n"
			    "  --post FILE            a body that the plugin takes for a message; "
			    "--type its Content-Type\n"
			    "  --type TYPE\n"
			    "  --header 'NAME: VALUE' of every request (lower case); may be "
			    "repeated\n"
			    "  --path PATH            of requests; without it the plugin's route\n"
			    "  --patience SECONDS     with what has to come, a sent or a down; 30 "
			    "without it\n"
			    "  --lines FILE           what is sent to its listener for a message; "
			    "a line < waits for an answer\n"
			    "  --socket FILE          what is said on a WebSocket for a message, "
			    "a line each\n"
			    "In these files {to} is an address from the options.\n"
			    "Exit: 0 nothing failed, 1 something did, 2 usage.\n";

/* ---- what is said ---- */

__attribute__((format(printf, 2, 0))) static void note_add(
	char *list, const char *format, va_list ap)
{
	char line[600];
	size_t n = strlen(list);

	vsnprintf(line, sizeof(line), format, ap);
	if (strstr(list, line) || n + strlen(line) + 2 > NOTE_MAX)
		return; /* once is enough */
	snprintf(list + n, NOTE_MAX - n, "%s\n", line);
}

void trial_wrong(struct usher_host *h, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	note_add(h->t->note->wrong, format, ap);
	va_end(ap);
}

void trial_warn(struct usher_host *h, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	note_add(h->t->note->warnings, format, ap);
	va_end(ap);
}

static void print_lines(const char *lines, const char *mark)
{
	for (const char *p = lines; *p;) {
		size_t n = strcspn(p, "\n");
		printf("        %s %.*s\n", mark, (int)n, p);
		p += n + (p[n] == '\n');
	}
}

/* ---- a case ---- */

/* NULL when it ended well. */
static const char *end_of(int status, const struct trial_note *note, char *text, size_t size)
{
	const char *in = note->call[0] ? note->call : "none of its calls";

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(text, size, "it hung in %s: nothing happened for %d s", in, CASE_S);
	else if (WIFSIGNALED(status))
		snprintf(text, size, "it crashed in %s: signal %d (%s)", in, WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		snprintf(text, size, "it ended the process in %s with status %d", in,
			WEXITSTATUS(status));
	else
		return NULL;
	return text;
}

static int run_child(struct trial *t, const struct trial_case *c)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return 0x7f00;
	if (pid == 0) {
		/* What a crash says is for whoever debugs it; the report is ours. */
		alarm(CASE_S);
		c->run(t);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static bool run_case(struct trial *t, const struct trial_case *c)
{
	struct trial_note *note = t->note;
	char text[300];

	note->call[0] = note->wrong[0] = note->warnings[0] = note->what[0] = 0;
	note->skipped = 0;
	const char *crash = end_of(run_child(t, c), note, text, sizeof(text));
	bool failed = crash || note->wrong[0];
	printf("%-7s %-14s %s%s%s\n",
		failed		? "FAILED"
		: note->skipped ? "skipped"
				: "ok",
		c->name, c->what, note->what[0] ? ": " : "", note->what);
	if (crash)
		printf("        - %s\n", crash);
	print_lines(note->wrong, "-");
	print_lines(note->warnings, "? warning:");
	return !failed;
}

/* ---- words ---- */

static bool read_file(const char *path, struct slice *out)
{
	struct str bytes = { 0 };
	FILE *f = fopen(path, "rbe");
	size_t n;

	if (!f) {
		fprintf(stderr, "usherctl: %s: %s\n", path, strerror(errno));
		return false;
	}
	while ((n = fread(str_reserve(&bytes, 65536), 1, 65536, f)) > 0)
		bytes.n += n;
	fclose(f);
	size_t length = bytes.n;
	*out = slice_make(str_take(&bytes), length);
	return true;
}

struct words {
	const char *post, *type, *lines, *socket;
	const char *cases[32];
	size_t case_count;
};

static bool take_option(struct trial *t, const char *value)
{
	const char *equals = strchr(value, '=');

	if (!equals || t->option_count == 64) {
		fprintf(stderr, "usherctl: --option %s: expected KEY=VALUE\n", value);
		return false;
	}
	t->options[t->option_count++] =
		(struct option){ .name = slice_make(value, (size_t)(equals - value)),
			.value = slice_of(equals + 1) };
	return true;
}

static bool take_word(struct trial *t, struct words *w, const char *name, const char *value)
{
	if (!value) {
		fprintf(stderr, "usherctl: %s wants a value\n", name);
		return false;
	}
	if (strcmp(name, "--option") == 0)
		return take_option(t, value);
	if (strcmp(name, "--post") == 0)
		w->post = value;
	else if (strcmp(name, "--type") == 0)
		w->type = value;
	else if (strcmp(name, "--lines") == 0)
		w->lines = value;
	else if (strcmp(name, "--socket") == 0)
		w->socket = value;
	else if (strcmp(name, "--path") == 0)
		t->path = value;
	else if (strcmp(name, "--patience") == 0)
		t->patience_ms = strtoull(value, NULL, 10) * 1000;
	else if (strcmp(name, "--header") == 0 && t->header_count < 16)
		t->headers[t->header_count++] = value;
	else {
		fprintf(stderr, "usherctl: there is no option %s\n%s", name, USAGE);
		return false;
	}
	return true;
}

static bool case_exists(const char *name)
{
	for (size_t i = 0; i < trial_case_count; i++)
		if (strcmp(trial_cases[i].name, name) == 0)
			return true;
	fprintf(stderr, "usherctl: there is no case '%s'; there are:", name);
	for (size_t i = 0; i < trial_case_count; i++)
		fprintf(stderr, " %s", trial_cases[i].name);
	fprintf(stderr, "\n");
	return false;
}

static bool read_words(struct trial *t, struct words *w, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (argv[i][0] == '-') {
			if (!take_word(t, w, argv[i], i + 1 < argc ? argv[i + 1] : NULL))
				return false;
			i++;
		} else if (!t->file) {
			t->file = argv[i];
		} else if (w->case_count == 32 || !case_exists(argv[i])) {
			return false;
		} else {
			w->cases[w->case_count++] = argv[i];
		}
	}
	if (!t->file)
		fputs(USAGE, stderr);
	return t->file != NULL;
}

static bool take_sample(struct trial *t, const char *file, enum sample_way way, const char *type)
{
	struct slice bytes;

	if (!file)
		return true;
	if (!read_file(file, &bytes))
		return false;
	sample_add(t, way, type, bytes);
	return true;
}

/* Those given, else what many channels would understand. */
static bool read_samples(struct trial *t, const struct words *w)
{
	if (!take_sample(t, w->post, SAMPLE_POST, w->type ? w->type : "application/json") ||
		!take_sample(t, w->lines, SAMPLE_LINES, NULL) ||
		!take_sample(t, w->socket, SAMPLE_SOCKET, NULL))
		return false;
	if (!t->sample_count)
		samples_default(t);
	return true;
}

static bool wanted(const struct words *w, const char *name)
{
	for (size_t i = 0; i < w->case_count; i++)
		if (strcmp(w->cases[i], name) == 0)
			return true;
	return !w->case_count || strcmp(name, "intake") == 0; /* others live on what it finds */
}

static int run_all(struct trial *t, const struct words *w)
{
	size_t failed = 0, run = 0, skipped = 0;

	for (size_t i = 0; i < trial_case_count; i++) {
		if (!wanted(w, trial_cases[i].name))
			continue;
		run++;
		failed += !run_case(t, &trial_cases[i]);
		skipped += t->note->skipped != 0;
		if (t->note->refused) {
			printf("Nothing else can be tried: give it the options that it needs, each "
			       "by --option KEY=VALUE\n");
			break;
		}
	}
	printf("%s: %zu cases, %zu skipped, %zu failed\n", t->file, run, skipped, failed);
	return failed ? EXIT_REFUSED : EXIT_DONE;
}

int trial_main(int argc, char **argv)
{
	static struct trial t; /* with the plugin, for the life of the process */
	struct words w = { 0 };
	struct err err = { "" };

	t.patience_ms = 30000;
	if (argc < 1 || strcmp(argv[0], "check") != 0) {
		fputs(USAGE, stderr);
		return EXIT_USAGE;
	}
	if (!read_words(&t, &w, argc - 1, argv + 1) || !read_samples(&t, &w))
		return EXIT_USAGE;
	t.plugin = plugin_load_file(t.file, &err);
	if (!t.plugin) {
		fprintf(stderr, "usherctl: %s\n", err.text);
		return EXIT_REFUSED;
	}
	t.note = mmap(
		NULL, sizeof(*t.note), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (t.note == MAP_FAILED) {
		fprintf(stderr, "usherctl: no memory for the report\n");
		return EXIT_REFUSED;
	}
	return run_all(&t, &w);
}
