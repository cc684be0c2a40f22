/*
 * usherd: options, then the node. Exit: 0 stopped as asked, 1 could not run, 2 usage, 78 the configuration is wrong.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "app/config.h"
#include "app/metrics.h"
#include "app/node.h"
#include "app/schema.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "host/host.h"
#include "model/limits.h"

static const char usage[] = "usage: usherd -c FILE      run with this configuration\n"
			    "       usherd -t -c FILE   check it: exit 0, or 78 and file:line:col "
			    "of everything wrong\n"
			    "       usherd --keys       every key of a configuration\n"
			    "       usherd --apart FILE.so  one plugin, for an isolated channel\n"
			    "       usherd --metrics    every metric of /metrics\n"
			    "       usherd --version\n"
			    "  -v                       also log what is for developers\n"
			    "SIGHUP reads the configuration again, SIGTERM drains and stops, "
			    "SIGINT stops quickly.\n";

enum { FEW_DESCRIPTORS = 8192 }; /* a warning below */
struct options {
	const char *file;
	bool test, verbose;
};

static int print(void (*fn)(struct str *out))
{
	struct str text = { 0 };

	fn(&text);
	fwrite(text.p, 1, text.n, stdout);
	str_free(&text);
	return 0;
}

static int refuse(const char *what, const char *word)
{
	fprintf(stderr, "usherd: %s%s\n%s", what, word, usage);
	return 2;
}

/* The file as a configuration and its text; NULL with everything wrong on stderr. */
static struct config *load(const char *file, struct str *source)
{
	struct str problems = { 0 };
	struct config *c = NULL;

	if (config_read(file, source, &problems))
		c = config_parse(file, str_slice(source), clock_wall_us(), &problems);
	if (c && node_check_channels(c, &problems))
		config_free(&c);
	if (problems.n)
		fwrite(problems.p, 1, problems.n, stderr);
	str_free(&problems);
	return c;
}

/* A shell's 1,024 descriptors are none for a crowd. */
static void raise_descriptors(void)
{
	const rlim_t want = HTTP_CONNECTIONS_MAX + DESCRIPTORS_KEPT;
	struct rlimit most;

	if (getrlimit(RLIMIT_NOFILE, &most) != 0 || most.rlim_cur >= want)
		return;
	most.rlim_cur = most.rlim_max < want ? most.rlim_max : want;
	if (setrlimit(RLIMIT_NOFILE, &most) != 0)
		log_warn("app", "descriptors stay few error=\"%s\"", strerror(errno));
	else if (most.rlim_cur < FEW_DESCRIPTORS)
		log_warn("app", "few descriptors may be open, so few people come in most=%llu",
			(unsigned long long)most.rlim_cur);
}

static int run(const struct options *o)
{
	struct str source = { 0 };
	uint8_t seed[16];

	chance_bytes(seed, sizeof(seed));
	map_seed(seed);
	log_set_level(o->verbose ? LOG_DEBUG : LOG_INFO);
	raise_descriptors();
	struct config *c = load(o->file, &source);
	int code = !c ? EXIT_CONFIG : 0;
	if (c && o->test)
		printf("%s: ok\n", o->file);
	else if (c)
		code = node_run(o->file, c, &source);
	if (o->test)
		config_free(&c);
	str_free(&source);
	return code;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };

	/* One loop: one arena of malloc serves it; free memory goes back early. */
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_TRIM_THRESHOLD, 131072);
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];
		if (strcmp(a, "-c") == 0 && i + 1 < argc)
			o.file = argv[++i];
		else if (strcmp(a, "-t") == 0)
			o.test = true;
		else if (strcmp(a, "-v") == 0)
			o.verbose = true;
		else if (strcmp(a, "--version") == 0)
			return printf("usherd %s\n", USHER_VERSION) < 0;
		else if (strcmp(a, "--help") == 0 || strcmp(a, "-h") == 0)
			return printf("%s", usage) < 0;
		else if (strcmp(a, "--apart") == 0 && i + 1 < argc)
			return host_apart(argv[i + 1]);
		else if (strcmp(a, "--keys") == 0)
			return print(schema_print);
		else if (strcmp(a, "--metrics") == 0)
			return print(metrics_print);
		else
			return refuse(strcmp(a, "-c") == 0 ? "-c wants a file" : "unknown option ",
				strcmp(a, "-c") == 0 ? "" : a);
	}
	if (!o.file)
		return refuse("no configuration: -c FILE", "");
	return run(&o);
}
