/*
 * Takes away files that no message named in time. Looks only at what this node wrote itself (its list `uploads`), one file
 * at a time; the keys of all blobs say by their expiry what is named (blob_life.h), and small blobs end with their keys. Called by store.
 *
 *   list: oldest first ─▶ key? ─┬ for ever: off the list
 *                               ├ ends later: to the list's end
 *                               └ gone ─▶ file aside ─▶ key? ─┬ gone: unlink ─▶ off the list
 *                                                             └ is back: file to its place
 *
 * Why a file that somebody uploads again at this moment is not lost: its key is written before the file gets its name. So when the key is
 * gone after the old file was set aside, the new one comes to a place that is empty. Killed between any two of these, the file is on the
 * list still, or aside, where the next start looks.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "store/blob_files.h"
#include "store/blob_life.h"
#include "store/inside.h"

enum { LOOKS_PER_KEEP = 20, LOOK_LEAST_MS = 500, LOOK_MOST_MS = 600000 };

struct collector {
	struct store *store;
	struct loop_timer *timer;
	struct blobs_collected done;
	char name[BLOB_NAME_LEN + 1], score[24]; /* the one in hand; no score: found aside */
	struct str left;			 /* the others of this look: "NAME SCORE\n" */
	bool looked_aside;
};

static void collect_next(struct collector *c);

/* ---- in a thread ---- */

struct paths {
	struct str own, aside, shelf, tmp;
};

static struct paths paths_of(const char *dir, const char *node, const char *name)
{
	struct paths p = { 0 };

	str_addf(&p.own, "%s/%.2s/%s", dir, name, name + 2);
	str_addf(&p.aside, "%s/tmp/%s" BLOB_ASIDE "%s", dir, node, name);
	str_addf(&p.shelf, "%s/%.2s", dir, name);
	str_addf(&p.tmp, "%s/tmp", dir);
	return p;
}

static void paths_free(struct paths *p)
{
	str_free(&p->own);
	str_free(&p->aside);
	str_free(&p->shelf);
	str_free(&p->tmp);
}

static int file_aside(const char *dir, const char *node, const char *name, uint64_t *size_bytes)
{
	struct paths p = paths_of(dir, node, name);
	int status = rename(p.own.p, p.aside.p) < 0 ? -errno : 0;

	(void)size_bytes;
	if (status == 0)
		status = dir_sync(p.shelf.p);
	paths_free(&p);
	return status;
}

/* One that came to its place meanwhile has the same bytes. */
static int file_back(const char *dir, const char *node, const char *name, uint64_t *size_bytes)
{
	struct paths p = paths_of(dir, node, name);
	int status = link(p.aside.p, p.own.p) < 0 && errno != EEXIST ? -errno : 0;

	(void)size_bytes;
	if (status == 0)
		status = dir_sync(p.shelf.p);
	if (status == 0)
		unlink(p.aside.p);
	paths_free(&p);
	return status;
}

static int file_unlink(const char *dir, const char *node, const char *name, uint64_t *size_bytes)
{
	struct paths p = paths_of(dir, node, name);
	struct stat st = { 0 };
	int status = stat(p.aside.p, &st) < 0 || unlink(p.aside.p) < 0 ? -errno : 0;

	*size_bytes = (uint64_t)st.st_size;
	if (status == 0)
		status = dir_sync(p.tmp.p);
	paths_free(&p);
	return status;
}

/* ---- one file ---- */

static struct key list_key(const struct collector *c)
{
	return key_of_name(&c->store->keys, KEY_UPLOADS, slice_of(c->store->node));
}

static struct slice name_of(const struct collector *c)
{
	return slice_make(c->name, BLOB_NAME_LEN);
}

static void collect_listed_anew(void *arg, int status, const struct reply *r)
{
	(void)status; /* lost: seen again at the next look */
	(void)r;
	collect_next(arg);
}

/* By its score: one that was uploaded again meanwhile has another. */
static void collect_off_list(struct collector *c)
{
	struct key key = list_key(c);
	struct slice score = slice_of(c->score);
	struct slice words[] = { SLICE("ZREMRANGEBYSCORE"), key_slice(&key), score, score };

	if (score.n)
		link_call(c->store->ask, &(struct argv){ words, 4, 4 }, collect_listed_anew, c);
	else
		collect_next(c);
}

static void collect_later(struct collector *c)
{
	struct key key = list_key(c);
	char at[24];

	snprintf(at, sizeof(at), "%llu", (unsigned long long)blob_upload_time_us(c->store));
	struct slice words[] = { SLICE("ZADD"), key_slice(&key), SLICE("XX"), SLICE("GT"),
		slice_of(at), name_of(c) };
	link_call(c->store->ask, &(struct argv){ words, 6, 6 }, collect_listed_anew, c);
}

static void collect_back(void *arg, int status, uint64_t size_bytes)
{
	struct collector *c = arg;

	(void)size_bytes;
	if (status)
		log_error("store", "a file could not be put back blob=%s why=%s", c->name,
			strerror(-status));
	collect_next(c);
}

static void collect_unlinked(void *arg, int status, uint64_t size_bytes)
{
	struct collector *c = arg;

	if (status) {
		log_warn("store",
			"a file that no message names could not be taken away blob=%s "
			"why=%s",
			c->name, strerror(-status));
		collect_next(c);
		return;
	}
	c->done.files++;
	c->done.bytes += size_bytes;
	log_info("store", "a file that no message names was taken away blob=%s bytes=%llu", c->name,
		(unsigned long long)size_bytes);
	collect_off_list(c);
}

/* Only a certain no takes it away. */
static void collect_sure(void *arg, int status, const struct reply *r)
{
	struct collector *c = arg;
	bool gone = r && !status && reply_u64(r) == 0;

	blob_files_run(c->store->blobs, name_of(c), gone ? file_unlink : file_back,
		gone ? collect_unlinked : collect_back, c);
}

static void collect_ask_again(struct collector *c)
{
	struct key key = key_of_sha256(&c->store->keys, KEY_BLOB, name_of(c));
	struct slice words[] = { SLICE("EXISTS"), key_slice(&key) };

	link_call(c->store->ask, &(struct argv){ words, 2, 2 }, collect_sure, c);
}

static void collect_set_aside(void *arg, int status, uint64_t size_bytes)
{
	struct collector *c = arg;

	(void)size_bytes;
	if (status == -ENOENT) {
		collect_off_list(c); /* its upload came to nothing */
	} else if (status) {
		log_warn("store", "a file could not be set aside blob=%s why=%s", c->name,
			strerror(-status));
		collect_back(c, 0, 0);
	} else {
		collect_ask_again(c);
	}
}

static void collect_life(void *arg, int status, const struct reply *r)
{
	struct collector *c = arg;

	if (!r || status)
		collect_next(c);
	else if (r->integer == -1)
		collect_off_list(c);
	else if (r->integer >= 0)
		collect_later(c);
	else
		blob_files_run(c->store->blobs, name_of(c), file_aside, collect_set_aside, c);
}

/* ---- a look ---- */

static uint64_t look_every_ms(const struct collector *c)
{
	uint64_t ms = (uint64_t)c->store->unnamed_keep_s * 1000 / LOOKS_PER_KEEP;

	return ms < LOOK_LEAST_MS ? LOOK_LEAST_MS : ms > LOOK_MOST_MS ? LOOK_MOST_MS : ms;
}

static void collect_next(struct collector *c)
{
	struct slice rest = str_slice(&c->left), line = slice_cut(&rest, '\n');
	struct slice name = slice_cut(&line, ' ');

	if (!name.n) {
		str_clear(&c->left);
		loop_timer_set(c->timer, look_every_ms(c) * 1000);
		return;
	}
	snprintf(c->name, sizeof(c->name), "%.*s", SLICE_ARG(name));
	snprintf(c->score, sizeof(c->score), "%.*s", SLICE_ARG(line));
	str_shift(&c->left, c->left.n - rest.n);
	if (!c->score[0]) {
		collect_ask_again(c);
		return;
	}
	struct key key = key_of_sha256(&c->store->keys, KEY_BLOB, name_of(c));
	struct slice words[] = { SLICE("PTTL"), key_slice(&key) };
	link_call(c->store->ask, &(struct argv){ words, 2, 2 }, collect_life, c);
}

/* [name, when, ...], the oldest first. */
static void collect_listed(void *arg, int status, const struct reply *r)
{
	struct collector *c = arg;
	uint64_t keep_us = (uint64_t)c->store->unnamed_keep_s * 1000000, at_us;

	for (size_t i = 0; r && !status && i + 1 < r->count; i += 2) {
		struct slice name = r->items[i].text, at = r->items[i + 1].text;
		if (!slice_u64(at, &at_us) || loop_wall_us(c->store->loop) < at_us + keep_us)
			break;
		if (sha256_is_name(name))
			str_addf(&c->left, "%.*s %.*s\n", SLICE_ARG(name), SLICE_ARG(at));
	}
	collect_next(c);
}

/* What was set aside when this node was killed. */
static void look_aside(struct collector *c)
{
	struct str path = { 0 };

	c->looked_aside = true;
	str_addf(&path, "%s/blobs/tmp", c->store->data_dir);
	DIR *dir = opendir(path.p);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		const char *at = strstr(e->d_name, BLOB_ASIDE), *node = c->store->node;
		if (at && (size_t)(at - e->d_name) == strlen(node) &&
			strncmp(e->d_name, node, strlen(node)) == 0 &&
			sha256_is_name(slice_of(at + strlen(BLOB_ASIDE))))
			str_addf(&c->left, "%s\n", at + strlen(BLOB_ASIDE));
	}
	if (dir)
		closedir(dir);
	str_free(&path);
}

static void collect_look(void *arg)
{
	struct collector *c = arg;
	struct key key = list_key(c);
	struct slice words[] = { SLICE("ZRANGE"), key_slice(&key), SLICE("0"), SLICE("99"),
		SLICE("WITHSCORES") };

	if (!store_is_up(c->store)) {
		loop_timer_set(c->timer, LOOK_LEAST_MS * 1000);
		return;
	}
	if (!c->looked_aside)
		look_aside(c);
	link_call(c->store->ask, &(struct argv){ words, 5, 5 }, collect_listed, c);
}

struct collector *collector_new(struct store *s)
{
	struct collector *c = mem_alloc(sizeof(*c));

	c->store = s;
	c->timer = loop_timer_new(s->loop, collect_look, c);
	loop_timer_set(c->timer, LOOK_LEAST_MS * 1000);
	return c;
}

void collector_free(struct collector **collector)
{
	struct collector *c = *collector;

	if (!c)
		return;
	*collector = NULL;
	loop_timer_free(&c->timer);
	str_free(&c->left);
	free(c);
}

struct blobs_collected blobs_collected(const struct store *s)
{
	return s->collector->done;
}
