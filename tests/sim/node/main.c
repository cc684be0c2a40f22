/*
 * The simulator of the whole node: schedules of messages, work and faults in virtual time, each from one seed.
 *
 *   node_sim [--schedules N] [--from SEED]     runs them in children of 25 each, so that a crash is a failure with a seed
 *   node_sim --model SOCKET                    compares the model with the redis-server that listens there
 *   node_sim --torn 1 ...                      Redis keeps what it should not of a torn file: must fail
 *   node_sim --seed SEED                       one schedule with its story on stderr (USHER_SIM_LOG=1: usherd's log, too)
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "against.h"
#include "base/assert.h"
#include "base/log.h"
#include "faults.h"
#include "judge.h"
#include "people.h"
#include "redis.h"

enum { CHUNK = 25, EVENTS_MOST = 3000000, SCHEDULE_S = 60 };

/* What a child tells, also when it dies. */
struct told {
	uint64_t seed;
	bool failed;
	char why[sizeof(world.why)];
	struct tallies tally;
};

/* ---- one schedule ---- */

static bool run_until(bool (*reached)(void), uint64_t most_us, const char *what)
{
	uint64_t end_us = world.now_us + most_us;
	struct str text = { 0 };

	for (uint64_t n = 0; !reached(); n++) {
		if (world.why[0])
			return false;
		if (n < EVENTS_MOST && world.now_us < end_us && world_step())
			continue;
		people_print(&text);
		judge_print(&text);
		world_fail("%s: not within %llu s; owed:%s", what,
			(unsigned long long)(most_us / SECOND), text.p);
		str_free(&text);
		return false;
	}
	return true;
}

static uint64_t faults_end_us;

static bool faults_are_over(void)
{
	return world.now_us >= faults_end_us;
}

static bool all_is_quiet(void)
{
	return people_are_done() && judge_is_quiet();
}

static bool all_is_said(void)
{
	return judge_has_heard() && all_is_quiet();
}

static bool schedule(uint64_t seed, bool trace)
{
	world_begin(seed, trace);
	redis_begin();
	procs_begin();
	people_begin();
	faults_begin();
	faults_end_us = world.now_us + 15 * (uint64_t)SECOND;
	if (run_until(faults_are_over, 60 * (uint64_t)SECOND, "the faults")) {
		faults_end();
		run_until(people_are_done, 600 * (uint64_t)SECOND, "the customers' messages");
		people.closing = true;
		if (run_until(all_is_quiet, 600 * (uint64_t)SECOND, "rest"))
			judge_ask();
		if (!world.why[0] && run_until(all_is_said, 60 * (uint64_t)SECOND, "verify"))
			judge_data();
	}
	procs_end();
	redis_end();
	world_end();
	return !world.why[0];
}

/* ---- many ---- */

static _Noreturn void child(struct told *told, uint64_t from, uint64_t count)
{
	for (uint64_t seed = from; seed < from + count; seed++) {
		told->seed = seed;
		alarm(SCHEDULE_S);
		if (!schedule(seed, false)) {
			told->failed = true;
			memcpy(told->why, world.why, sizeof(told->why));
			break;
		}
		told->tally = world.tally;
	}
	_exit(told->failed);
}

static uint64_t *tally_at(struct tallies *t, size_t i)
{
	return (uint64_t *)(void *)t + i;
}

/* The seed at which the chunk ended badly, or 0. */
static uint64_t run_chunk(struct told *told, uint64_t from, uint64_t count, struct tallies *sum)
{
	int status;

	*told = (struct told){ 0 };
	fflush(stdout);
	pid_t pid = fork();
	ASSERT(pid >= 0);
	if (pid == 0)
		child(told, from, count);
	ASSERT(waitpid(pid, &status, 0) == pid);
	for (size_t i = 0; i < sizeof(*sum) / sizeof(uint64_t); i++)
		*tally_at(sum, i) += *tally_at(&told->tally, i);
	if (status == 0)
		return 0;
	if (!told->failed)
		snprintf(told->why, sizeof(told->why), "the process died, status %d", status);
	return told->seed;
}

static int run_many(uint64_t from, uint64_t schedules)
{
	struct told *told = mmap(
		NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct tallies sum = { 0 };
	unsigned failed = 0;

	ASSERT(told != MAP_FAILED);
	for (uint64_t at = from; at < from + schedules && failed < 5;) {
		uint64_t left = from + schedules - at, count = left < CHUNK ? left : CHUNK;
		uint64_t bad = run_chunk(told, at, count, &sum);
		if (bad) {
			failed++;
			printf("seed %llu: %s\n  again with: node_sim --seed %llu\n",
				(unsigned long long)bad, told->why, (unsigned long long)bad);
		}
		at = bad ? bad + 1 : at + count;
	}
	if (schedules >= 100) {
#define PRINT(name, what) printf("%12llu %s\n", (unsigned long long)sum.name, what);
		TALLIES(PRINT)
#undef PRINT
	}
	printf("%s node: %llu schedules from %llu\n", failed ? "not ok" : "ok",
		(unsigned long long)schedules, (unsigned long long)from);
	return failed ? 1 : 0;
}

static int run_one(uint64_t seed)
{
	bool good = schedule(seed, true);

	printf("%s node: seed %llu%s%s\n", good ? "ok" : "not ok", (unsigned long long)seed,
		good ? "" : ": ", world.why);
	return good ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--model"))
		return against_redis(argv[2]);
	uint64_t schedules = 1000, from = 1, seed = 0, torn = 0;
	struct rlimit files = { 0 };

	/* The dead leave their descriptors lying. */
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max < 65536 ? files.rlim_max : 65536;
	setrlimit(RLIMIT_NOFILE, &files);
	log_set_level(getenv("USHER_SIM_LOG") ? LOG_DEBUG : (enum log_level)(LOG_ERROR + 1));
	for (int i = 1; i + 1 < argc; i += 2) {
		uint64_t *to = !strcmp(argv[i], "--schedules") ? &schedules
			       : !strcmp(argv[i], "--from")    ? &from
			       : !strcmp(argv[i], "--seed")    ? &seed
			       : !strcmp(argv[i], "--torn")    ? &torn
							       : NULL;
		if (!to || !slice_u64(slice_of(argv[i + 1]), to)) {
			fprintf(stderr,
				"node_sim: %s %s: not understood; --schedules N, --from N, "
				"--seed N or --torn 1\n",
				argv[i], argv[i + 1]);
			return 2;
		}
	}
	redis_keeps_torn = torn != 0;
	return seed ? run_one(seed) : run_many(from, schedules);
}
