/* What no message names is taken away, what one names never; also when the node dies in between. */
#include "unit/store/harness.h"

#include <dirent.h>

#include "model/limits.h"
#include "model/pairs.h"
#include "store/blob_files.h"

enum { LONG_S = 1000, SHORT_S = 1, LARGE = BLOB_REDIS_MAX + 1 };

static void begin(struct bench *b, uint32_t keep_s)
{
	int before = b->readies;
	struct store_options o = { .redis = "managed",
		.domain = "main",
		.node = "one",
		.data_dir = b->dir,
		.unnamed_keep_s = keep_s };

	b->store = store_new(b->loop, &o, &bench_ops, b);
	WAIT(b, b->readies > before || b->failed[0]);
	assert_string_equal(b->failed, "");
}

struct made {
	int status;
	char name[BLOB_NAME_LEN + 1];
};

static void on_made(void *arg, int status, const char *name)
{
	struct made *m = arg;

	m->status = status;
	snprintf(m->name, sizeof(m->name), "%s", status ? "" : name);
}

/* A blob of n bytes, all of them `of`. */
static struct made make(struct bench *b, char of, size_t n)
{
	struct made m = { .status = WAITING };
	struct str bytes = { 0 };

	memset(str_reserve(&bytes, n), of, n);
	bytes.n = n;
	blob_put(b->store, str_slice(&bytes), on_made, &m);
	WAIT(b, m.status != WAITING);
	assert_int_equal(m.status, 0);
	str_free(&bytes);
	return m;
}

static void on_got(void *arg, int status, struct slice bytes)
{
	(void)bytes;
	*(int *)arg = status;
}

static int get(struct bench *b, const char *name)
{
	int status = WAITING;

	blob_get(b->store, slice_of(name), on_got, &status);
	WAIT(b, status != WAITING);
	return status;
}

static struct slice part_of(struct str *parts, const char *name)
{
	str_clear(parts);
	parts_add(parts, &(struct part){ .name = SLICE("a"),
				 .type = SLICE("b"),
				 .size_bytes = 1,
				 .blob = slice_of(name) });
	return str_slice(parts);
}

static int hold(struct bench *b, const char *name)
{
	struct str parts = { 0 };
	int status = WAITING;

	blob_hold(b->store, part_of(&parts, name), (struct slice){ 0 }, bench_status, &status);
	WAIT(b, status != WAITING);
	str_free(&parts);
	return status;
}

/* A message with this file, or whose source it is: what it is answered. */
static int try_to_say(struct bench *b, const char *part, const char *raw)
{
	struct str parts = { 0 };
	struct command c = { .type = COMMAND_MESSAGE,
		.text = SLICE("see there"),
		.parts = part ? part_of(&parts, part) : (struct slice){ 0 },
		.raw = slice_of(raw) };
	int status = WAITING;

	inbox_put(b->store, &c, bench_status, &status);
	WAIT(b, status != WAITING);
	str_free(&parts);
	return status;
}

static void say(struct bench *b, const char *part, const char *raw)
{
	assert_int_equal(try_to_say(b, part, raw), 0);
}

static bool on_disk(const struct bench *b, const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/blobs/%.2s/%s", b->dir, name, name + 2);
	return access(path, F_OK) == 0;
}

static bool listed(struct bench *b, const char *name)
{
	char words[300], out[64];

	snprintf(words, sizeof(words), "ZSCORE 'usher:{main}:uploads:one' %s", name);
	bench_cli(b, out, sizeof(out), words);
	return out[0] != '\0';
}

static void key_cli(struct bench *b, char *out, size_t size, const char *verb, const char *name,
	const char *rest)
{
	struct key key = key_of_sha256(&b->store->keys, KEY_BLOB, slice_of(name));
	char words[400];

	snprintf(words, sizeof(words), "%s '%s' %s", verb, key.text, rest);
	bench_cli(b, out, size, words);
}

/* Its time is over, if it has one: no test here is a race with the clock. */
static void grow_old(struct bench *b, const char *name)
{
	char out[64];

	key_cli(b, out, sizeof(out), "PEXPIRE", name, "1 XX");
}

static void begin_again(struct bench *b, uint32_t keep_s)
{
	bench_stop(b);
	begin(b, keep_s);
}

static void takes_what_nobody_names(void **state)
{
	struct bench b;

	(void)state;
	bench_new(&b);
	begin(&b, LONG_S);
	struct made small = make(&b, 's', 100), large = make(&b, 'l', LARGE);
	begin_again(&b, SHORT_S);
	assert_int_equal(get(&b, small.name), 0);
	assert_int_equal(get(&b, large.name), 0);
	grow_old(&b, small.name);
	grow_old(&b, large.name);
	WAIT(&b, get(&b, small.name) == -ENOENT && get(&b, large.name) == -ENOENT);
	assert_false(on_disk(&b, large.name));
	WAIT(&b, !listed(&b, large.name));
	assert_int_equal(blobs_collected(b.store).files, 1);
	assert_int_equal(blobs_collected(b.store).bytes, LARGE);
	assert_int_equal(hold(&b, small.name), -ENOENT);
	assert_int_equal(hold(&b, large.name), -ENOENT);
	bench_end(&b);
}

static void keeps_what_a_message_names(void **state)
{
	struct bench b;

	(void)state;
	bench_new(&b);
	begin(&b, LONG_S);
	struct made made[] = { make(&b, 's', 100), make(&b, 'l', LARGE), make(&b, 'r', LARGE),
		make(&b, 'w', LARGE) };
	say(&b, made[0].name, "");
	say(&b, made[1].name, made[2].name);
	/* By somebody else once more, who then does not send it. */
	make(&b, 's', 100);
	make(&b, 'l', LARGE);
	begin_again(&b, SHORT_S);
	for (size_t i = 0; i < 4; i++)
		grow_old(&b, made[i].name);
	WAIT(&b, !on_disk(&b, made[3].name) && !listed(&b, made[1].name) &&
			 !listed(&b, made[2].name));
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(get(&b, made[i].name), 0);
		assert_int_equal(hold(&b, made[i].name), 0);
	}
	bench_end(&b);
}

/* Held, and forgotten before the message was there, because somebody stood still for that long. */
static void no_message_is_acknowledged_without_its_file(void **state)
{
	struct bench b;
	char out[64];

	(void)state;
	bench_new(&b);
	begin(&b, LONG_S);
	struct made small = make(&b, 's', 100), large = make(&b, 'l', LARGE);
	const char *const names[] = { small.name, large.name };
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(hold(&b, names[i]), 0);
		key_cli(&b, out, sizeof(out), "DEL", names[i], "");
		assert_int_equal(try_to_say(&b, names[i], ""), -EAGAIN);
		assert_int_equal(try_to_say(&b, NULL, names[i]), -EAGAIN);
	}
	make(&b, 's', 100);
	make(&b, 'l', LARGE);
	say(&b, large.name, small.name);
	for (size_t i = 0; i < 2; i++) {
		key_cli(&b, out, sizeof(out), "TTL", names[i], "");
		assert_string_equal(out, "-1");
	}
	bench_end(&b);
}

/* Files of a time without marks: no key, not on the list. */
static void leaves_alone_what_it_does_not_know(void **state)
{
	struct bench b;
	char out[64];

	(void)state;
	bench_new(&b);
	begin(&b, LONG_S);
	struct made old = make(&b, 'o', LARGE);
	key_cli(&b, out, sizeof(out), "DEL", old.name, "'usher:{main}:uploads:one'");
	assert_int_equal(try_to_say(&b, old.name, ""), -EAGAIN);
	assert_int_equal(hold(&b, old.name), 0);
	say(&b, old.name, "");
	make(&b, 'o', LARGE);
	assert_false(listed(&b, old.name));
	struct made waste = make(&b, 'w', LARGE);
	begin_again(&b, SHORT_S);
	grow_old(&b, old.name);
	grow_old(&b, waste.name);
	WAIT(&b, !on_disk(&b, waste.name));
	assert_int_equal(get(&b, old.name), 0);
	bench_end(&b);
}

static void held_is_there_as_long_again(void **state)
{
	struct bench b;
	char out[64];

	(void)state;
	bench_new(&b);
	begin(&b, LONG_S);
	struct made made[] = { make(&b, 'l', LARGE), make(&b, 's', 100) };
	for (size_t i = 0; i < 2; i++) {
		key_cli(&b, out, sizeof(out), "EXPIRE", made[i].name, "500");
		assert_int_equal(hold(&b, made[i].name), 0);
		key_cli(&b, out, sizeof(out), "TTL", made[i].name, "");
		assert_true(atoi(out) > 500);
		say(&b, made[i].name, "");
		assert_int_equal(hold(&b, made[i].name), 0);
		key_cli(&b, out, sizeof(out), "TTL", made[i].name, "");
		assert_string_equal(out, "-1");
	}
	bench_end(&b);
}

static void move(const struct bench *b, const char *name)
{
	char own[300], away[300];

	snprintf(own, sizeof(own), "%s/blobs/%.2s/%s", b->dir, name, name + 2);
	snprintf(away, sizeof(away), "%s/blobs/tmp/one" BLOB_ASIDE "%s", b->dir, name);
	assert_int_equal(rename(own, away), 0);
}

static bool aside_is_empty(const struct bench *b)
{
	char path[300];
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/blobs/tmp", b->dir);
	DIR *dir = opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir));)
		n += e->d_name[0] != '.';
	closedir(dir);
	return n == 0;
}

/* Killed after a file was set aside: one that was named meanwhile comes back, another goes. */
static void what_was_aside_when_killed_is_seen_to(void **state)
{
	struct bench b;

	(void)state;
	bench_new(&b);
	begin(&b, LONG_S);
	struct made named = make(&b, 'n', LARGE), waste = make(&b, 'w', LARGE);
	say(&b, named.name, "");
	grow_old(&b, waste.name);
	bench_stop(&b);
	move(&b, waste.name);
	move(&b, named.name);
	begin(&b, SHORT_S);
	WAIT(&b, aside_is_empty(&b));
	assert_true(on_disk(&b, named.name));
	assert_int_equal(get(&b, named.name), 0);
	assert_false(on_disk(&b, waste.name));
	WAIT(&b, !listed(&b, waste.name));
	bench_end(&b);
}

/* ---- everything at once: uploads of the same few files, said or not, under a collector that is always about to take them ---- */

enum { FILES = 6, RACERS = 24, RACE_S = 4 };

struct racer {
	struct bench *b;
	struct str bytes, parts;
	char name[BLOB_NAME_LEN + 1];
	bool busy, says;
	unsigned file;
};
static bool said[FILES];

static void on_said(void *arg, int status)
{
	struct racer *r = arg;

	if (status == 0)
		said[r->file] = true;
	r->busy = false;
}

static void on_held(void *arg, int status)
{
	struct racer *r = arg;
	struct command c = {
		.type = COMMAND_MESSAGE, .text = SLICE("here"), .parts = part_of(&r->parts, r->name)
	};

	if (status)
		r->busy = false; /* refused: nothing was promised */
	else
		inbox_put(r->b->store, &c, on_said, r);
}

static void on_raced(void *arg, int status, const char *name)
{
	struct racer *r = arg;

	assert_int_equal(status, 0);
	snprintf(r->name, sizeof(r->name), "%s", name);
	if (r->says)
		blob_hold(
			r->b->store, part_of(&r->parts, r->name), (struct slice){ 0 }, on_held, r);
	else
		r->busy = false;
}

static void race_go(struct racer *r, unsigned chance)
{
	static const char letters[] = "abcdef";

	r->file = chance % FILES;
	r->says = chance / FILES % 40 == 0;
	r->busy = true;
	str_clear(&r->bytes);
	memset(str_reserve(&r->bytes, LARGE), letters[r->file], LARGE);
	r->bytes.n = LARGE;
	blob_put(r->b->store, str_slice(&r->bytes), on_raced, r);
}

static void never_takes_what_was_said(void **state)
{
	struct bench b;
	struct racer racers[RACERS] = { 0 };
	uint64_t until = clock_monotonic_us() + RACE_S * 1000000ull;
	unsigned seed = 1, begun = 0;

	(void)state;
	bench_new(&b);
	begin(&b, SHORT_S);
	while (clock_monotonic_us() < until) {
		/* In gusts, so that files grow old between them. */
		bool gust = clock_monotonic_us() / 400000 % 4 == 0;
		for (unsigned i = 0; gust && i < RACERS; i++)
			if (!racers[i].busy) {
				racers[i].b = &b;
				seed = seed * 1103515245u + 12345u;
				race_go(&racers[i], seed >> 8);
				begun++;
			}
		loop_turn(b.loop, 5000);
	}
	for (unsigned i = 0; i < RACERS; i++) {
		WAIT(&b, !racers[i].busy);
		str_free(&racers[i].bytes);
	}
	assert_true(begun > RACERS);
	PASS(&b, 2000 * SHORT_S);
	for (unsigned i = 0; i < RACERS; i++) {
		if (racers[i].name[0] && said[racers[i].file])
			assert_int_equal(get(&b, racers[i].name), 0);
		str_free(&racers[i].parts);
	}
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_nobody_names),
		cmocka_unit_test(keeps_what_a_message_names),
		cmocka_unit_test(no_message_is_acknowledged_without_its_file),
		cmocka_unit_test(leaves_alone_what_it_does_not_know),
		cmocka_unit_test(held_is_there_as_long_again),
		cmocka_unit_test(what_was_aside_when_killed_is_seen_to),
		cmocka_unit_test(never_takes_what_was_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
