/* Blobs: small in Redis, large as files, found by content, damage seen. */
#include "unit/store/harness.h"

#include <fcntl.h>

#include "model/limits.h"

struct put {
	int status;
	char name[BLOB_NAME_LEN + 1];
	uint64_t size;
};

static void got_name(void *arg, int status, const char *name)
{
	struct put *p = arg;

	p->status = status;
	if (status == 0)
		snprintf(p->name, sizeof(p->name), "%s", name);
}

static void got_finish(void *arg, int status, const char *name, uint64_t size_bytes)
{
	struct put *p = arg;

	got_name(p, status, name);
	p->size = size_bytes;
}

struct got {
	int status;
	struct str bytes;
};

static void got_bytes(void *arg, int status, struct slice bytes)
{
	struct got *g = arg;

	g->status = status;
	str_add(&g->bytes, bytes);
}

static struct put put(struct bench *b, struct slice bytes)
{
	struct put p = { .status = WAITING };

	blob_put(b->store, bytes, got_name, &p);
	assert_int_equal(p.status, WAITING);
	WAIT(b, p.status != WAITING);
	return p;
}

static int get(struct bench *b, const char *name, struct slice expect)
{
	struct got g = { .status = WAITING };

	blob_get(b->store, slice_of(name), got_bytes, &g);
	assert_int_equal(g.status, WAITING);
	WAIT(b, g.status != WAITING);
	if (g.status == 0)
		assert_true(slice_equal(str_slice(&g.bytes), expect));
	str_free(&g.bytes);
	return g.status;
}

static struct str noise(size_t n)
{
	struct str s = { 0 };
	char *p = str_reserve(&s, n);

	for (size_t i = 0; i < n; i++)
		p[i] = (char)(i * 7 + (i >> 8) * 13);
	s.n = n;
	return s;
}

static void gives_back_what_was_put(void **state)
{
	static const size_t sizes[] = { 0, 1, 1000, BLOB_REDIS_MAX, BLOB_REDIS_MAX + 1, 300000,
		3000000 };
	struct bench b;
	struct put names[7];
	struct str all = noise(3000000);

	(void)state;
	bench_new(&b);
	bench_start(&b);
	for (size_t i = 0; i < 7; i++) {
		char expect[SHA256_HEX_LEN + 1];
		names[i] = put(&b, slice_make(all.p, sizes[i]));
		assert_int_equal(names[i].status, 0);
		sha256_hex(slice_make(all.p, sizes[i]), expect);
		assert_string_equal(names[i].name, expect);
		/* Again: the same name, no harm. */
		assert_string_equal(put(&b, slice_make(all.p, sizes[i])).name, expect);
	}
	bench_stop(&b);
	bench_start(&b);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(get(&b, names[i].name, slice_make(all.p, sizes[i])), 0);
	str_free(&all);
	bench_end(&b);
}

static void takes_pieces_of_any_size(void **state)
{
	static const size_t pieces[] = { 1, 1000, 70000, 1000000 };
	struct bench b;
	struct str all = noise(1500000);

	(void)state;
	bench_new(&b);
	bench_start(&b);
	for (size_t i = 0; i < 4; i++) {
		size_t total = pieces[i] == 1 ? 70000 : all.n;
		struct blob_writer *w = blob_open(b.store);
		struct put p = { .status = WAITING };
		for (size_t at = 0; at < total; at += pieces[i])
			blob_append(w, slice_make(all.p + at,
					       total - at < pieces[i] ? total - at : pieces[i]));
		blob_finish(&w, got_finish, &p);
		assert_null(w);
		WAIT(&b, p.status != WAITING);
		assert_int_equal(p.status, 0);
		assert_int_equal(p.size, total);
		assert_int_equal(get(&b, p.name, slice_make(all.p, total)), 0);
	}
	/* One that is dropped leaves nothing behind. */
	struct blob_writer *w = blob_open(b.store);
	blob_append(w, str_slice(&all));
	blob_drop(&w);
	PASS(&b, 100);
	char command[256];
	snprintf(command, sizeof(command), "test -z \"$(ls %s/blobs/tmp)\"", b.dir);
	assert_int_equal(system(command), 0);
	str_free(&all);
	bench_end(&b);
}

static void refuses_what_is_too_large(void **state)
{
	struct bench b;
	struct put p = { .status = WAITING };
	struct str piece = noise(1 << 20);

	(void)state;
	bench_new(&b);
	bench_start(&b);
	struct blob_writer *w = blob_open(b.store);
	for (int i = 0; i < BLOB_MAX / (1 << 20) + 1; i++)
		blob_append(w, str_slice(&piece));
	blob_finish(&w, got_finish, &p);
	WAIT(&b, p.status != WAITING);
	assert_int_equal(p.status, -EFBIG);
	str_free(&piece);
	bench_end(&b);
}

static void sees_damage_and_strange_names(void **state)
{
	struct bench b;
	struct str all = noise(200000);
	char path[300], out[64], words[300];

	(void)state;
	bench_new(&b);
	bench_start(&b);
	struct put large = put(&b, str_slice(&all)), small = put(&b, SLICE("small"));
	snprintf(path, sizeof(path), "%s/blobs/%.2s/%s", b.dir, large.name, large.name + 2);
	int fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "X", 1, 100000), 1);
	close(fd);
	assert_int_equal(get(&b, large.name, str_slice(&all)), -EBADMSG);
	struct key key = key_of_sha256(&b.store->keys, KEY_BLOB, slice_of(small.name));
	snprintf(words, sizeof(words), "SET '%s' smalL", key.text);
	bench_cli(&b, out, sizeof(out), words);
	assert_string_equal(out, "OK");
	assert_int_equal(get(&b, small.name, SLICE("small")), -EBADMSG);
	assert_int_equal(get(&b, "../../redis/secret", SLICE("")), -ENOENT);
	assert_int_equal(get(&b, "", SLICE("")), -ENOENT);
	large.name[0] = large.name[0] == 'a' ? 'b' : 'a';
	assert_int_equal(get(&b, large.name, SLICE("")), -ENOENT);
	str_free(&all);
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_what_was_put),
		cmocka_unit_test(takes_pieces_of_any_size),
		cmocka_unit_test(refuses_what_is_too_large),
		cmocka_unit_test(sees_damage_and_strange_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
