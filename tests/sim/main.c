/*
 * usher-sim MODEL.yaml [--seed N] [--arrivals N] [--json] [--check]
 *
 * Drives the production engine in virtual time and prints what it measured. Ends with 0; with 1 when the engine did
 * something wrong, when there is no result, or when --check finds a known value that does not hold; with 2 when the
 * options or the model are not understood. Reads one file, writes to stdout and stderr, nothing else.
 */
#include <stdio.h>
#include <stdlib.h>

#include "center.h"
#include "report.h"

enum { EXIT_WRONG = 1, EXIT_USAGE = 2 };
enum { ARRIVALS_DEFAULT = 2000000, ARRIVALS_MAX = 1000000000 };

struct options {
	const char *model;
	uint64_t seed, arrivals;
	bool json, check, help;
};

static const char usage[] =
	"usage: usher-sim MODEL.yaml [--seed N] [--arrivals N] [--json] [--check]\n"
	"  --seed N      another course of chance; the same seed gives the same result (1)\n"
	"  --arrivals N  conversations that are counted, 40 to 1000000000 (2000000)\n"
	"  --json        results as one JSON object\n"
	"  --check       compare with the values under `known` in the model; exit 1 if one does "
	"not hold\n";

static bool option_number(
	const char *name, const char *value, uint64_t least, uint64_t most, uint64_t *out)
{
	if (value && slice_u64(slice_of(value), out) && *out >= least && *out <= most)
		return true;
	fprintf(stderr, "usher-sim: %s needs a number from %llu to %llu\n", name,
		(unsigned long long)least, (unsigned long long)most);
	return false;
}

static bool options_read(struct options *o, int argc, char **argv)
{
	*o = (struct options){ .seed = 1, .arrivals = ARRIVALS_DEFAULT };
	for (int i = 1; i < argc; i++) {
		struct slice arg = slice_of(argv[i]);
		const char *next = i + 1 < argc ? argv[i + 1] : NULL;

		if (slice_is(arg, "--json")) {
			o->json = true;
		} else if (slice_is(arg, "--check")) {
			o->check = true;
		} else if (slice_is(arg, "--help")) {
			o->help = true;
		} else if (slice_is(arg, "--seed")) {
			if (!option_number(argv[i++], next, 0, UINT64_MAX, &o->seed))
				return false;
		} else if (slice_is(arg, "--arrivals")) {
			if (!option_number(argv[i++], next, BATCHES, ARRIVALS_MAX, &o->arrivals))
				return false;
		} else if (slice_starts(arg, SLICE("-")) || o->model) {
			fprintf(stderr, "usher-sim: '%s' is not expected here\n%s", argv[i], usage);
			return false;
		} else {
			o->model = argv[i];
		}
	}
	if (o->model || o->help)
		return true;
	fputs(usage, stderr);
	return false;
}

static int report(const struct options *o, const struct model *m, const struct run_result *r)
{
	struct str out = { 0 };
	size_t wrong = 0;

	if (o->json)
		report_json(m, r, &out);
	else
		report_text(m, r, &out);
	fwrite(out.p, 1, out.n, stdout);
	str_clear(&out);
	/* Beside JSON the comparison would spoil it. */
	if (o->check)
		wrong = report_known(m, r, &out);
	fwrite(out.n ? out.p : "", 1, out.n, o->json ? stderr : stdout);
	str_free(&out);
	if (fflush(stdout)) {
		perror("usher-sim: standard output");
		return EXIT_WRONG;
	}
	return wrong ? EXIT_WRONG : 0;
}

static int simulate(const struct options *o, struct arena *arena, struct str *problems)
{
	struct model m;
	struct run_result r;
	struct err err;

	if (!model_read(&m, o->model, arena, problems) || !report_can_know(&m, problems))
		return EXIT_USAGE;
	struct config *config = center_new(&m, arena, problems);

	if (!config)
		return EXIT_USAGE;
	int rc = run_model(&m, config, o->seed, o->arrivals, &r, &err);

	if (rc)
		str_addf(problems, "usher-sim: %s --seed %llu --arrivals %llu: %s\n", o->model,
			(unsigned long long)o->seed, (unsigned long long)o->arrivals, err.text);
	else
		rc = report(o, &m, &r);
	tally_free(&r.tally);
	return rc ? EXIT_WRONG : 0;
}

int main(int argc, char **argv)
{
	struct options o;
	struct arena arena = { 0 };
	struct str problems = { 0 };

	if (!options_read(&o, argc, argv))
		return EXIT_USAGE;
	if (o.help) {
		fputs(usage, stdout);
		return 0;
	}
	int rc = simulate(&o, &arena, &problems);

	fwrite(problems.n ? problems.p : "", 1, problems.n, stderr);
	str_free(&problems);
	arena_free(&arena);
	return rc;
}
