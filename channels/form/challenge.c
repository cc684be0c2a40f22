/*
 * What is asked when too much comes at once: a proof of work that the page's script does by itself, or, without JavaScript, a small sum.
 * Each answer belongs to one stamp and is good for one message. Stops what posts by the thousand; who writes a robot for this very form can
 * do sums, but not faster than one message for each. Called by post.c and page.c.
 *
 *   stamp (ours, signed) ─▶ SHA-256(stamp ":" work) begins with WORK_BITS zero bits      used: row ─▶ forgot, [ stamp, content, made ] × 4
 *
 * A row remembers its youngest stamps, and when the youngest of those was made that it had to forget: of what is as old as that it cannot say
 * whether it was used, so that asks anew. Nothing is good twice, however many come.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "form.h"

enum { ROWS = 1024, WAYS = 4, WORK_MAX = 32 };
static const uint64_t GOOD_US = 3600000000, ASKED_US = 120000000;

struct row {
	uint64_t forgot_us;
	struct used {
		uint64_t stamp, content, made_us;
	} used[WAYS];
};

struct challenge {
	uint64_t per_minute, minute, count, before, until_us;
	struct row rows[ROWS];
};

struct challenge *challenge_new(uint64_t per_minute)
{
	struct challenge *c;

	if (!per_minute)
		return NULL;
	c = zeroed(sizeof(*c));
	c->per_minute = per_minute;
	return c;
}

void challenge_free(struct challenge **c)
{
	free(*c);
	*c = NULL;
}

/* The minute before counts by what of it is still within sixty seconds. */
int challenge_count(struct challenge *c, uint64_t now_us)
{
	const uint64_t minute_us = 60000000;
	uint64_t minute = now_us / minute_us;

	if (!c)
		return 0;
	if (minute != c->minute) {
		c->before = minute == c->minute + 1 ? c->count : 0;
		c->count = 0;
		c->minute = minute;
	}
	c->count++;
	if (c->count + c->before * (minute_us - now_us % minute_us) / minute_us > c->per_minute)
		c->until_us = now_us + ASKED_US;
	return challenge_is_on(c, now_us);
}

int challenge_is_on(const struct challenge *c, uint64_t now_us)
{
	return c && now_us < c->until_us && c->until_us - now_us <= ASKED_US;
}

/* ---- answers ---- */

static int zero_bits(const unsigned char *hash)
{
	int n = 0;

	while (n < 256 && !(hash[n / 8] & (0x80 >> n % 8)))
		n++;
	return n;
}

int challenge_work_ok(struct usher_str stamp, struct usher_str work)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	char text[STAMP_LEN + 1 + WORK_MAX];
	size_t n = stamp.n + 1 + work.n;

	if (stamp.n != STAMP_LEN || !work.n || work.n > WORK_MAX)
		return 0;
	memcpy(text, stamp.p, stamp.n);
	text[stamp.n] = ':';
	memcpy(text + stamp.n + 1, work.p, work.n);
	if (!EVP_Digest(text, n, hash, NULL, EVP_sha256(), NULL))
		abort();
	return zero_bits(hash) >= WORK_BITS;
}

/* Two numbers that follow from the stamp, so that nothing has to be kept. */
void challenge_sum(const struct form *f, struct usher_str stamp, unsigned *a, unsigned *b)
{
	unsigned char mac[EVP_MAX_MD_SIZE] = { 0 };
	char text[STAMP_LEN + 4];
	unsigned n = 0;

	memcpy(text, "sum:", 4);
	memcpy(text + 4, stamp.p, stamp.n < STAMP_LEN ? stamp.n : STAMP_LEN);
	HMAC(EVP_sha256(), f->key, sizeof(f->key), (const unsigned char *)text,
		4 + (stamp.n < STAMP_LEN ? stamp.n : STAMP_LEN), mac, &n);
	*a = 2 + mac[0] % 8;
	*b = 11 + mac[1] % 8;
}

static int sum_ok(const struct form *f, struct usher_str stamp, struct usher_str answer)
{
	unsigned a, b, said = 0;

	if (!answer.n || answer.n > 4)
		return 0;
	for (size_t i = 0; i < answer.n; i++) {
		if (answer.p[i] == ' ')
			continue;
		if (answer.p[i] < '0' || answer.p[i] > '9')
			return 0;
		said = said * 10 + (unsigned)(answer.p[i] - '0');
	}
	challenge_sum(f, stamp, &a, &b);
	return said == a + b;
}

/* ---- once ---- */

static uint64_t hash_of(struct usher_str s)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT64_C(1099511628211);
	return h ^ h >> 29;
}

/* 1 when this stamp is new or carried the very same content before (somebody pressed twice). */
static int use_once(struct challenge *c, uint64_t stamp, uint64_t content, uint64_t made_us)
{
	struct row *row = &c->rows[stamp % ROWS];
	struct used *oldest = row->used;

	for (size_t i = 0; i < WAYS; i++) {
		if (row->used[i].stamp == stamp)
			return row->used[i].content == content;
		if (row->used[i].made_us < oldest->made_us)
			oldest = &row->used[i];
	}
	if (made_us <= row->forgot_us)
		return 0;
	if (oldest->made_us > row->forgot_us)
		row->forgot_us = oldest->made_us;
	*oldest = (struct used){ stamp, content, made_us };
	return 1;
}

int challenge_answered(const struct post *p)
{
	struct form *f = p->form;
	struct usher_str stamp = buf_str(&p->stamp);
	uint64_t made_us = stamp_read(f, stamp), now_us = f->svc->now_us(f->host);

	return made_us && now_us - made_us < GOOD_US &&
	       (challenge_work_ok(stamp, buf_str(&p->work)) ||
		       sum_ok(f, stamp, buf_str(&p->answer)));
}

/* The key that a program names stands for its message: two of them are two. */
int challenge_passes(struct post *p)
{
	struct form *f = p->form;
	char content[POST_KEY_SIZE];

	if (!challenge_answered(p))
		return 0;
	post_key(p, content);
	return use_once(f->challenge, hash_of(buf_str(&p->stamp)),
		hash_of((struct usher_str){ content, strlen(content) }),
		stamp_read(f, buf_str(&p->stamp)));
}
