/* A stored picture drawn anew by the real program; what is none, what is a bomb, what hangs, what is not there. */
#include "unit/store/harness.h"

#include <limits.h>
#include <sys/stat.h>

#include "model/limits.h"
#include "store/picture.h"

/* A PNG of 2 × 1, red, half to be seen through. */
static const unsigned char clear[] = { 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00,
	0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x01, 0x08,
	0x06, 0x00, 0x00, 0x00, 0xf4, 0x22, 0x7f, 0x8a, 0x00, 0x00, 0x00, 0x0e, 0x49, 0x44, 0x41,
	0x54, 0x78, 0x9c, 0x63, 0xf8, 0xcf, 0xc0, 0xd0, 0x00, 0xc2, 0x00, 0x0e, 0xfd, 0x02, 0xff,
	0x9d, 0xbc, 0x29, 0x2d, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60,
	0x82 };
/* The same without. */
static const unsigned char solid[] = { 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00,
	0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x01, 0x08,
	0x02, 0x00, 0x00, 0x00, 0x7b, 0x40, 0xe8, 0xdd, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x44, 0x41,
	0x54, 0x78, 0x9c, 0x63, 0xf8, 0xcf, 0xc0, 0x00, 0x44, 0x00, 0x08, 0xfe, 0x01, 0xff, 0xc6,
	0x9e, 0x79, 0xf7, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82 };
/* It says that it has 65535 × 65535. */
static const unsigned char bomb[] = { 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00,
	0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0xff, 0xff, 0x00, 0x00, 0xff, 0xff, 0x08,
	0x02, 0x00, 0x00, 0x00, 0x39, 0x67, 0x4e, 0x07, 0x00, 0x00, 0x00, 0x08, 0x49, 0x44, 0x41,
	0x54, 0x78, 0x9c, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01, 0x48, 0x06, 0x89, 0xd2, 0x00, 0x00,
	0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82 };

struct got {
	int status;
	struct str bytes;
};

static void on_picture(void *arg, int status, struct slice bytes)
{
	struct got *g = arg;

	assert_int_equal(g->status, WAITING);
	g->status = status;
	str_add(&g->bytes, bytes);
}

static void on_name(void *arg, int status, const char *name)
{
	assert_int_equal(status, 0);
	snprintf(arg, BLOB_NAME_LEN + 1, "%s", name);
}

/* What becomes of these bytes; the type, or "" with the status in *status. */
static const char *drawn(struct bench *b, struct slice file, int *status)
{
	char name[BLOB_NAME_LEN + 1] = "";
	struct got g = { .status = WAITING };
	const char *type = "";

	blob_put(b->store, file, on_name, name);
	WAIT(b, *name);
	picture_get(b->store, slice_of(name), 64, on_picture, &g);
	assert_int_equal(g.status, WAITING);
	WAIT(b, g.status != WAITING);
	*status = g.status;
	if (g.status == 0)
		type = picture_type(str_slice(&g.bytes));
	assert_int_equal(g.status == 0, g.bytes.n > 0);
	str_free(&g.bytes);
	return type;
}

static const char *program(void)
{
	static char path[PATH_MAX];
	char self[PATH_MAX - 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(n > 0);
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	snprintf(path, sizeof(path), "%s/../../../usher-picture", self);
	return path;
}

static void start(struct bench *b, const char *with)
{
	struct store_options o = { .redis = "managed",
		.domain = "main",
		.node = "one",
		.data_dir = b->dir,
		.picture = with };

	b->store = store_new(b->loop, &o, &bench_ops, b);
	WAIT(b, b->readies);
}

static void a_picture_becomes_another(void **state)
{
	struct bench b;
	int status;

	(void)state;
	bench_new(&b);
	start(&b, program());
	assert_string_equal(
		drawn(&b, slice_make((const char *)clear, sizeof(clear)), &status), "image/png");
	assert_string_equal(
		drawn(&b, slice_make((const char *)solid, sizeof(solid)), &status), "image/jpeg");
	assert_int_equal(pictures_drawn(b.store), 2);
	/* the next viewer costs no process */
	assert_string_equal(
		drawn(&b, slice_make((const char *)solid, sizeof(solid)), &status), "image/jpeg");
	assert_int_equal(pictures_drawn(b.store), 2);
	drawn(&b, slice_make((const char *)bomb, sizeof(bomb)), &status);
	assert_int_equal(status, -EINVAL);
	drawn(&b, slice_make((const char *)solid, sizeof(solid) / 2), &status);
	assert_int_equal(status, -EINVAL);
	drawn(&b, SLICE("<svg onload='alert(1)'/>"), &status);
	assert_int_equal(status, -EINVAL);
	assert_int_equal(pictures_failed(b.store), 3);
	bench_stop(&b);
	bench_end(&b);
}

static void many_wait_and_too_many_are_refused(void **state)
{
	enum { ALL = PICTURES_AT_ONCE + PICTURES_WAIT_MAX + 3 };
	struct got g[ALL];
	struct bench b;
	char name[BLOB_NAME_LEN + 1] = "";
	size_t done = 0, refused = 0;

	(void)state;
	bench_new(&b);
	start(&b, program());
	blob_put(b.store, slice_make((const char *)solid, sizeof(solid)), on_name, name);
	WAIT(&b, *name);
	for (size_t i = 0; i < ALL; i++) {
		g[i] = (struct got){ .status = WAITING };
		picture_get(b.store, slice_of(name), 16, on_picture, &g[i]);
	}
	for (size_t i = 0; i < ALL; i++) {
		WAIT(&b, g[i].status != WAITING);
		done += g[i].status == 0;
		refused += g[i].status == -EAGAIN;
		str_free(&g[i].bytes);
	}
	assert_int_equal(refused, 3);
	assert_int_equal(done, ALL - 3);
	bench_stop(&b);
	bench_end(&b);
}

/* A store that ends in the middle of one leaves no process behind. */
static void one_that_hangs_is_ended(void **state)
{
	struct bench b;
	struct got g = { .status = WAITING };
	char name[BLOB_NAME_LEN + 1] = "", path[200], pid[200];
	FILE *f;
	long child = 0;

	(void)state;
	bench_new(&b);
	snprintf(path, sizeof(path), "%s/hangs", b.dir);
	snprintf(pid, sizeof(pid), "%s/pid", b.dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\necho $$ >%s\nexec /bin/sleep 60\n", pid);
	fchmod(fileno(f), 0700);
	fclose(f);
	start(&b, path);
	blob_put(b.store, slice_make((const char *)solid, sizeof(solid)), on_name, name);
	WAIT(&b, *name);
	picture_get(b.store, slice_of(name), 16, on_picture, &g);
	WAIT(&b, (f = fopen(pid, "r")) && (fscanf(f, "%ld", &child) == 1 || fclose(f) == EOF));
	fclose(f);
	bench_stop(&b);
	assert_int_equal(g.status, WAITING); /* as everything that the store still owed */
	assert_int_equal(kill((pid_t)child, 0), -1);
	bench_end(&b);
}

static void without_its_program_nothing_is_shown(void **state)
{
	static const char *const programs[] = { NULL, "/nonexistent/usher-picture" };
	int status;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct bench b;
		bench_new(&b);
		start(&b, programs[i]);
		drawn(&b, slice_make((const char *)solid, sizeof(solid)), &status);
		assert_int_equal(status, -ENOTSUP);
		struct got g = { .status = WAITING };
		picture_get(b.store, SLICE("no name"), 16, on_picture, &g);
		WAIT(&b, g.status != WAITING);
		assert_int_equal(g.status, -ENOENT);
		str_free(&g.bytes);
		bench_stop(&b);
		bench_end(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_picture_becomes_another),
		cmocka_unit_test(many_wait_and_too_many_are_refused),
		cmocka_unit_test(one_that_hangs_is_ended),
		cmocka_unit_test(without_its_program_nothing_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
