/*
 * usherctl: one request over the control socket, or a plugin on trial. Exit: 0 done, 1 refused, 2 usage, 3 not reachable.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/client.h"
#include "ctl/show.h"
#include "ctl/trial.h"
#include "ctl/words.h"

enum { CONFIG_SENT_MAX = 262144 }; /* of a request's 1 MiB, escaped */
enum { EXIT_DONE, EXIT_REFUSED, EXIT_USAGE, EXIT_UNREACHABLE };

static int usage(const char *why)
{
	struct str text = { 0 };

	words_usage(&text);
	if (why)
		fprintf(stderr, "usherctl: %s\n%s", why, text.p);
	else
		printf("%s", text.p);
	str_free(&text);
	return why ? EXIT_USAGE : EXIT_DONE;
}

/* The first line of standard input. */
static bool take_password(struct words *w)
{
	struct str input = { 0 }, line = { 0 };
	bool ok = client_line(STDIN_FILENO, &input, &line) || input.n;
	const struct str *from = line.p ? &line : &input;
	json_t *text = ok ? json_stringn(from->p, from->n) : NULL;

	if (text)
		json_object_set_new(json_object_get(w->request, "options"), "password", text);
	str_free(&input);
	str_free(&line);
	return text != NULL;
}

/* The file goes with the request: who asks may stand where usherd cannot read. */
static bool take_config(struct words *w)
{
	struct str text = { 0 };
	char part[4096];
	FILE *f = fopen(w->config, "re");
	json_t *sent = NULL;

	for (size_t n; f && (n = fread(part, 1, sizeof(part), f)) > 0 && text.n <= CONFIG_SENT_MAX;)
		str_add(&text, slice_make(part, n));
	if (f && !ferror(f) && text.n && text.n <= CONFIG_SENT_MAX)
		sent = json_stringn(text.p, text.n);
	if (f)
		fclose(f);
	if (sent)
		json_object_set_new(json_object_get(w->request, "options"), "config", sent);
	str_free(&text);
	return sent != NULL;
}

/* Over the line before it when somebody looks; a file gets no progress. */
static void print_progress(const char *text)
{
	static bool shown;
	bool watched = isatty(STDERR_FILENO);

	if (watched && (text || shown))
		fprintf(stderr, "\r\033[K%s", text ? text : "");
	shown = watched && text;
}

static void print_result(const struct words *w, const json_t *result)
{
	struct str text = { 0 };

	if (w->json || strcmp(w->verb, "export") == 0) {
		char *json = json_dumps(result, w->json ? JSON_COMPACT : JSON_INDENT(2));
		printf("%s\n", json);
		free(json);
		return;
	}
	show_result(w->verb, result, clock_wall_us() / 1000, &text);
	fwrite(text.p, 1, text.n, stdout);
	str_free(&text);
}

/* One line of the answer; false when it was the last, with the exit code. */
static bool take_answer(const struct words *w, struct slice line, int *exit_code)
{
	json_t *answer = json_loadb(line.p, line.n, 0, NULL);
	const json_t *text = json_object_get(answer, "line"), *why = json_object_get(answer, "erro"
											     "r");
	const json_t *result = json_object_get(answer, "result");

	const json_t *progress = json_object_get(answer, "progress");

	print_progress(json_string_value(progress));
	if (json_is_string(progress)) {
		json_decref(answer);
		return true;
	}
	if (json_is_string(text)) {
		/* Progress is not part of the object that --json promises. */
		fprintf(w->json ? stderr : stdout, "%s\n", json_string_value(text));
		json_decref(answer);
		return true;
	}
	*exit_code = (int)json_integer_value(json_object_get(answer, "exit"));
	if (result)
		print_result(w, result);
	else
		fprintf(stderr, "usherctl: %s\n",
			json_is_string(why) ? json_string_value(why) : "an answer nobody knows");
	if (!result && !*exit_code)
		*exit_code = EXIT_UNREACHABLE;
	json_decref(answer);
	return false;
}

static int ask(const struct words *w, int fd)
{
	struct str input = { 0 }, line = { 0 };
	char *request = json_dumps(w->request, JSON_COMPACT);
	int exit_code = EXIT_UNREACHABLE;
	bool more = client_write(fd, slice_of(request)) && client_write(fd, SLICE("\n")),
	     desk = false;

	free(request);
	while (more && !desk && client_line(fd, &input, &line)) {
		desk = slice_is(str_slice(&line), "{\"desk\":true}");
		more = desk || take_answer(w, str_slice(&line), &exit_code);
	}
	if (desk)
		exit_code = client_desk(fd, &input);
	else if (more)
		fprintf(stderr, "usherctl: usherd ended before the answer\n");
	str_free(&input);
	str_free(&line);
	return exit_code;
}

static int run(struct words *w)
{
	struct err err = { 0 };

	if (w->password_stdin && !take_password(w))
		return usage("--password-stdin: no password on standard input");
	if (w->config && !take_config(w)) {
		fprintf(stderr, "usherctl: cannot read %s (UTF-8, at most %d bytes)\n", w->config,
			CONFIG_SENT_MAX);
		return EXIT_USAGE;
	}
	int fd = client_connect(w->socket, &err);
	if (fd < 0) {
		fprintf(stderr, "usherctl: %s\n", err.text);
		return EXIT_UNREACHABLE;
	}
	int exit_code = ask(w, fd);
	close(fd);
	return exit_code;
}

int main(int argc, char **argv)
{
	struct words w;
	struct err err = { 0 };
	int code;

	if (argc > 1 && strcmp(argv[1], "channel") == 0)
		return trial_main(argc - 2, argv + 2); /* asks no usherd */
	if (words_parse(argc, argv, &w, &err) != 0)
		code = usage(err.text);
	else if (w.help)
		code = usage(NULL);
	else
		code = run(&w);
	words_free(&w);
	return code;
}
