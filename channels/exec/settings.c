/*
 * The options: what is run, as whom, with which limits, and how long it may take. Decides nothing while it runs. Called by exec.c.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec.h"

enum { WORDS_MAX = 64, SETTINGS_MAX = 1000 };

const struct usher_option exec_options[] = {
	{ .key = "command.*",
		.fallback = "",
		.most = 4096,
		.help = "the program and its arguments, a list" },
	{ .key = "directory", .fallback = "/", .least = 1, .most = 4096, .help = "where it runs" },
	{ .key = "user",
		.fallback = "",
		.most = 64,
		.help = "whom it runs as; needed when usherd runs as root" },
	{ .key = "settings.*.name",
		.least = 1,
		.most = 200,
		.help = "of a value that the program gets in hello" },
	{ .key = "settings.*.value",
		.fallback = "",
		.most = 65536,
		.secret = 1,
		.help = "the value" },
	{ .key = "idempotent",
		.type = USHER_BOOL,
		.fallback = "no",
		.help = "sending the same id twice is harmless: an unsure send is repeated" },
	{ .key = "attachments",
		.type = USHER_BOOL,
		.fallback = "no",
		.help = "the program carries files of answers, too" },
	{ .key = "attachment_mib",
		.type = USHER_NUMBER,
		.fallback = "25",
		.least = 1,
		.most = 50,
		.help = "largest file it may give" },
	{ .key = "attachments_max",
		.type = USHER_NUMBER,
		.fallback = "16",
		.least = 1,
		.most = 1000,
		.help = "files that it may be giving at once" },
	{ .key = "body_kib",
		.type = USHER_NUMBER,
		.fallback = "1024",
		.least = 1,
		.most = 65536,
		.help = "largest body of a web request to one of its paths" },
	{ .key = "sandbox",
		.type = USHER_BOOL,
		.fallback = "yes",
		.help = "its pages may do nothing to the desk, whose host they are on" },
	{ .key = "in_max",
		.type = USHER_NUMBER,
		.fallback = "64",
		.least = 1,
		.most = 1000,
		.help = "messages in that are not acknowledged; it is not read beyond that" },
	{ .key = "sends_max",
		.type = USHER_NUMBER,
		.fallback = "16",
		.least = 1,
		.most = 1000,
		.help = "messages out that it has not answered; more wait in usher" },
	{ .key = "line_kib",
		.type = USHER_NUMBER,
		.fallback = "1024",
		.least = 4,
		.most = 65536,
		.help = "longest line it may say" },
	{ .key = "ready_s",
		.type = USHER_NUMBER,
		.fallback = "20",
		.least = 1,
		.most = 600,
		.help = "time to say ready" },
	{ .key = "ping_s",
		.type = USHER_NUMBER,
		.fallback = "10",
		.least = 1,
		.most = 600,
		.help = "of silence until it is asked for a sign of life" },
	{ .key = "silence_s",
		.type = USHER_NUMBER,
		.fallback = "30",
		.least = 1,
		.most = 3600,
		.help = "of silence until it is ended and started again" },
	{ .key = "send_s",
		.type = USHER_NUMBER,
		.fallback = "60",
		.least = 1,
		.most = 3600,
		.help = "time to answer a send" },
	{ .key = "stop_s",
		.type = USHER_NUMBER,
		.fallback = "5",
		.least = 1,
		.most = 60,
		.help = "from `stop` to SIGTERM, and from there to SIGKILL" },
	{ .key = "restart_most_s",
		.type = USHER_NUMBER,
		.fallback = "60",
		.least = 1,
		.most = 3600,
		.help = "longest wait before it is started again" },
	{ .key = "memory_mib",
		.type = USHER_NUMBER,
		.fallback = "1024",
		.least = 0,
		.most = 1048576,
		.help = "address space; 0: no limit" },
	{ .key = "file_mib",
		.type = USHER_NUMBER,
		.fallback = "0",
		.least = 0,
		.most = 1048576,
		.help = "largest file it may write; 0: no limit" },
	{ .key = "cpu_s",
		.type = USHER_NUMBER,
		.fallback = "0",
		.least = 0,
		.most = 100000000,
		.help = "processor time of one run; 0: no limit" },
	{ .key = "files",
		.type = USHER_NUMBER,
		.fallback = "256",
		.least = 8,
		.most = 65536,
		.help = "open files" },
	{ .key = "processes",
		.type = USHER_NUMBER,
		.fallback = "0",
		.least = 0,
		.most = 65536,
		.help = "of its user, all together; 0: no limit" },
	{ 0 },
};

static uint64_t number(const struct exec *e, const char *key)
{
	struct usher_str s = e->usher->option(e->host, key);
	char text[24];

	snprintf(text, sizeof(text), "%.*s", (int)s.n, s.p);
	return strtoull(text, NULL, 10);
}

static bool is_yes(const struct exec *e, const char *key)
{
	struct usher_str s = e->usher->option(e->host, key);

	return s.n == 3 && memcmp(s.p, "yes", 3) == 0;
}

static char *copy(struct usher_str s)
{
	char *p = zeroed(s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	return p;
}

static char *text_option(const struct exec *e, const char *key)
{
	return copy(e->usher->option(e->host, key));
}

/* A file that nobody may run is a mistake in the configuration; one that is not there may come yet: its channel is down until it does. */
static bool may_be_run(const char *path, char *why, size_t why_size)
{
	struct stat s;

	if (path[0] != '/' || stat(path, &s) != 0 || (S_ISREG(s.st_mode) && (s.st_mode & 0111)))
		return true;
	snprintf(why, why_size,
		"command.0: %s is not executable: chmod +x it, or put the program that runs "
		"it before it, as in [/usr/bin/python3, %s]",
		path, path);
	return false;
}

static bool read_command(struct exec *e, char *why, size_t why_size)
{
	char key[32];

	e->argv = zeroed((WORDS_MAX + 1) * sizeof(*e->argv));
	for (int i = 0; i < WORDS_MAX; i++) {
		snprintf(key, sizeof(key), "command.%d", i);
		struct usher_str word = e->usher->option(e->host, key);
		if (!word.p)
			break;
		e->argv[i] = copy(word);
	}
	if (e->argv[0] && e->argv[0][0])
		return may_be_run(e->argv[0], why, why_size);
	snprintf(why, why_size,
		"option \"command\" is missing: the program and its arguments, a list");
	return false;
}

/* usherd's own environment has secrets; of it only what every program needs. */
static void make_environment(struct exec *e, const char *home, const char *user)
{
	static const char *const passed[] = { "PATH", "LANG", "LC_ALL", "TZ", "USHER_HOST_DEBUG" };
	size_t n = 0;

	e->envp = zeroed(10 * sizeof(*e->envp));
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		const char *value = getenv(passed[i]);
		if (!value && i == 0)
			value = "/usr/local/bin:/usr/bin:/bin";
		if (value && asprintf(&e->envp[n++], "%s=%s", passed[i], value) < 0)
			abort();
	}
	struct usher_str name = e->usher->channel_name(e->host);
	if (asprintf(&e->envp[n++], "USHER_CHANNEL=%.*s", (int)name.n, name.p) < 0 ||
		asprintf(&e->envp[n++], "HOME=%s", home) < 0 ||
		asprintf(&e->envp[n++], "USER=%s", user) < 0)
		abort();
}

/* Asks the system's users: once, when the configuration is read. */
static bool read_user(struct exec *e, char *why, size_t why_size)
{
	char *name = text_option(e, "user");
	struct passwd *p = *name ? getpwnam(name) : getpwuid(geteuid());
	struct spawn_config *s = &e->config.spawn;
	bool good = true;

	if (*name && !p) {
		snprintf(why, why_size, "user: there is no user \"%s\"", name);
		good = false;
	} else if (!*name && geteuid() == 0) {
		snprintf(why, why_size,
			"option \"user\" is missing: usherd runs as root, say whom the program "
			"runs as");
		good = false;
	} else if (*name && p->pw_uid != geteuid() && geteuid() != 0) {
		snprintf(why, why_size,
			"user: only an usherd that runs as root can run it as \"%s\"", name);
		good = false;
	} else if (*name && geteuid() == 0) {
		s->change_user = true;
		s->uid = p->pw_uid;
		s->gid = p->pw_gid;
	}
	if (good)
		make_environment(e, p ? p->pw_dir : "/", p ? p->pw_name : "");
	free(name);
	return good;
}

bool settings_read(struct exec *e, char *why, size_t why_size)
{
	struct spawn_config *s = &e->config.spawn;

	e->set = (struct exec_settings){ .ping_ms = number(e, "ping_s") * 1000,
		.silence_ms = number(e, "silence_s") * 1000,
		.ready_ms = number(e, "ready_s") * 1000,
		.send_ms = number(e, "send_s") * 1000,
		.stop_ms = number(e, "stop_s") * 1000,
		.restart_most_ms = number(e, "restart_most_s") * 1000,
		.in_max = number(e, "in_max"),
		.sends_max = number(e, "sends_max"),
		.line_max = number(e, "line_kib") * 1024,
		.file_max = number(e, "attachment_mib") << 20,
		.files_max = number(e, "attachments_max"),
		.body_max = number(e, "body_kib") * 1024,
		.idempotent = is_yes(e, "idempotent"),
		.files = is_yes(e, "attachments"),
		.sandbox = is_yes(e, "sandbox") };
	s->limits = (struct spawn_limits){ .memory_bytes = number(e, "memory_mib") << 20,
		.file_bytes = number(e, "file_mib") << 20,
		.cpu_s = number(e, "cpu_s"),
		.files = number(e, "files"),
		.processes = number(e, "processes") };
	e->config.line_max = e->set.line_max;
	if (!read_command(e, why, why_size) || !read_user(e, why, why_size))
		return false;
	s->argv = e->argv;
	s->envp = e->envp;
	s->directory = text_option(e, "directory");
	if (e->set.silence_ms > e->set.ping_ms)
		return true;
	snprintf(why, why_size, "silence_s has to be more than ping_s");
	return false;
}

static void free_words(char ***words)
{
	for (size_t i = 0; *words && (*words)[i]; i++)
		free((*words)[i]);
	free(*words);
	*words = NULL;
}

void settings_free(struct exec *e)
{
	free_words(&e->argv);
	free_words(&e->envp);
	free((char *)(uintptr_t)e->config.spawn.directory);
	e->config.spawn.directory = NULL;
}

json_t *settings_object(const struct exec *e)
{
	json_t *object = json_object();
	char key[40];

	for (int i = 0; i < SETTINGS_MAX; i++) {
		snprintf(key, sizeof(key), "settings.%d.name", i);
		if (!e->usher->option(e->host, key).p)
			continue;
		char *name = text_option(e, key);
		snprintf(key, sizeof(key), "settings.%d.value", i);
		struct usher_str value = e->usher->option(e->host, key);
		if (*name)
			json_object_set_new(
				object, name, json_stringn(value.p ? value.p : "", value.n));
		free(name);
	}
	return object;
}
