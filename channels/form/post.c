/*
 * One POST from its header to its answer. It is answered with success only when its message is on disk.
 *
 *   begin ─▶ body ... ─▶ whole ─▶ trap? too fast? fields? ─▶ files on disk ─▶ deliver ─▶ acked ─▶ answer
 *
 * A post lives while it has a request to answer, a file being written, or a message being delivered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "form.h"
#include "words.h"

/* ---- life ---- */

static void file_free(struct post *p, struct file *file)
{
	if (file->blob)
		p->form->svc->blob_drop(file->blob);
	buf_free(&file->name);
	buf_free(&file->type);
	free(file);
}

static void post_look(struct post *p)
{
	struct form *f = p->form;

	if (p->request || p->files_owed || p->delivered)
		return;
	for (size_t i = 0; i < p->file_count; i++)
		file_free(p, p->files[i]);
	for (size_t i = 0; i < f->field_count; i++)
		buf_free(&p->values[i]);
	free(p->files);
	buf_free(&p->body);
	buf_free(&p->stamp);
	buf_free(&p->trap);
	buf_free(&p->key);
	buf_free(&p->work);
	buf_free(&p->answer);
	buf_free(&p->unknown_name);
	multipart_close(&p->multipart);
	free(p);
	f->posts--;
	form_look(f);
}

/* ---- the header ---- */

static int has_token(struct usher_str header, const char *token)
{
	size_t n = strlen(token);

	for (size_t i = 0; i + n <= header.n; i++)
		if (strncasecmp(header.p + i, token, n) == 0)
			return 1;
	return 0;
}

static int type_is(struct usher_str type, const char *want)
{
	size_t n = strlen(want);

	return type.n >= n && strncasecmp(type.p, want, n) == 0 &&
	       (type.n == n || type.p[n] == ';' || type.p[n] == ' ');
}

static int key_read(struct post *p)
{
	struct usher_str key = p->form->svc->http_header(p->request, "idempotency-key");

	if (!key.p)
		return 0;
	for (size_t i = 0; i < key.n; i++)
		if (key.p[i] < 0x21 || key.p[i] > 0x7e)
			return -1;
	if (!key.n || key.n > KEY_MAX)
		return -1;
	buf_add(&p->key, key.p, key.n);
	return 0;
}

static int body_kind(struct post *p)
{
	struct usher_str type = p->form->svc->http_header(p->request, "content-type");

	if (type_is(type, "application/json"))
		p->is_json = p->wants_json = 1;
	else if (type_is(type, "multipart/form-data"))
		p->is_multipart = 1;
	else if (!type_is(type, "application/x-www-form-urlencoded"))
		return 415;
	if (p->is_multipart && !multipart_open(&p->multipart, type, &body_multipart, p))
		return 400;
	return 0;
}

static void refuse(struct post *p, int status)
{
	struct form *f = p->form;
	struct usher_http *r = p->request;

	p->request = NULL;
	if (status == 415)
		f->svc->http_set(r, "Accept-Post",
			LITERAL("application/x-www-form-urlencoded, multipart/form-data, "
				"application/json"));
	f->svc->http_problem(r, status,
		status == 415 ? "a form is sent as application/x-www-form-urlencoded, "
				"multipart/form-data or application/json"
			      : "the multipart boundary is missing or not usable");
}

static void too_many(struct post *p, unsigned after_s, int status, const char *word)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", after_s);
	p->form->svc->http_set(p->request, "Retry-After", (struct usher_str){ text, strlen(text) });
	answer_problem(p, status, word);
}

static uint64_t body_max(const struct post *p)
{
	const struct form *f = p->form;

	/* A little more than the files may be, so that one that is too large is told beside its field. */
	return p->is_multipart ? f->file_max * (f->files_max + 1) + 2 * BODY_MAX : BODY_MAX;
}

void post_begin(struct form *f, struct usher_http *r)
{
	struct post *p = zeroed(sizeof(*p));
	unsigned wait_s = rate_take(f->rate, f->svc->http_peer(r), f->svc->now_us(f->host));
	int status;

	f->posts++;
	p->form = f;
	p->request = r;
	p->files = zeroed(f->files_max * sizeof(struct file *) + sizeof(void *));
	p->language = page_language(f, r);
	p->wants_json = has_token(f->svc->http_header(r, "accept"), "application/json");
	p->challenge = !rate_is_own(f->svc->http_peer(r)) &&
		       challenge_count(f->challenge, f->svc->now_us(f->host));
	status = body_kind(p);
	if (status)
		refuse(p, status);
	else if (wait_s)
		too_many(p, wait_s, 429, "too_often");
	else if (f->posts > POSTS_MAX || f->closing ||
		 (USHER_HAS(f->svc, refuses) && f->svc->refuses(f->host, USHER_WORK_ANONYMOUS)))
		too_many(p, 5, 503, "later");
	else if (key_read(p))
		answer_problem(p, 422, "key");
	if (p->request) {
		f->svc->http_data(r, p);
		f->svc->http_read(r, body_max(p));
	}
	post_look(p);
}

void post_gone(struct post *p)
{
	p->request = NULL;
	post_look(p);
}

/* ---- delivery ---- */

static struct usher_str mapped(const struct post *p, enum field_map map, enum field_type *type)
{
	for (size_t i = 0; i < p->form->field_count; i++)
		if (p->form->fields[i].map == map) {
			*type = p->form->fields[i].type;
			return buf_str(&p->values[i]);
		}
	return (struct usher_str){ NULL, 0 };
}

static size_t hints_of(const struct post *p, struct usher_pair *out)
{
	const struct form *f = p->form;
	size_t n = 0;

	for (size_t i = 0; i < f->field_count; i++)
		if (f->fields[i].map == MAP_HINT && p->values[i].n)
			out[n++] = (struct usher_pair){ f->fields[i].name, buf_str(&p->values[i]) };
	out[n++] = (struct usher_pair){ LITERAL("form"), f->name };
	if (!p->request)
		return n;
	struct usher_str agent = f->svc->http_header(p->request, "user-agent");
	struct usher_str page = f->svc->http_header(p->request, "referer");
	if (agent.n)
		out[n++] = (struct usher_pair){ LITERAL("user_agent"), agent };
	if (page.n)
		out[n++] = (struct usher_pair){ LITERAL("page"), page };
	return n;
}

void post_key(struct post *p, char out[POST_KEY_SIZE])
{
	uint64_t chance[2];
	char hash[65];

	/* A key, too, is good for one content: else whoever guesses it has others' messages taken for repeats of his own. */
	if (p->key.n || (p->stamp.n && stamp_read(p->form, buf_str(&p->stamp)))) {
		stamp_dedup(p, hash);
		snprintf(out, POST_KEY_SIZE, "%s:%s", p->key.n ? "key" : "page", hash);
	} else {
		p->form->svc->random(p->form->host, chance, sizeof(chance));
		snprintf(out, POST_KEY_SIZE, "post:%016llx%016llx", (unsigned long long)chance[0],
			(unsigned long long)chance[1]);
	}
}

static void post_deliver(struct post *p)
{
	struct form *f = p->form;
	struct usher_part *parts = zeroed((p->file_count + 1) * sizeof(*parts));
	struct usher_pair hints[FIELDS_MAX + 3];
	enum field_type type = FIELD_TEXT, other;
	char key[POST_KEY_SIZE];

	post_key(p, key);
	for (size_t i = 0; i < p->file_count; i++)
		parts[i] = (struct usher_part){ .name = buf_str(&p->files[i]->name),
			.type = buf_str(&p->files[i]->type),
			.blob = { p->files[i]->blob_name, 64 },
			.size = p->files[i]->size };
	struct usher_inbound m = { .size = sizeof(m),
		.dedup = { key, strlen(key) },
		.thread = { key, strlen(key) },
		.identity = mapped(p, MAP_IDENTITY, &type),
		.name = mapped(p, MAP_NAME, &other),
		.subject = mapped(p, MAP_SUBJECT, &other),
		.text = mapped(p, MAP_TEXT, &other),
		.parts = parts,
		.parts_count = p->file_count,
		.hints = hints,
		.hints_count = hints_of(p, hints) };
	if (m.identity.n)
		m.identity_kind = type == FIELD_EMAIL	? LITERAL("email")
				  : type == FIELD_PHONE ? LITERAL("phone")
							: LITERAL("account");
	p->delivered = 1;
	f->svc->deliver(f->host, &m, (uint64_t)(uintptr_t)p);
	free(parts);
}

/* To whatever address was typed in: so it says nothing that was typed in. 1: it is asked for, an ack follows. */
static int post_confirm(struct post *p, struct usher_str id)
{
	struct form *f = p->form;
	enum field_type type = FIELD_TEXT;
	struct usher_str to = mapped(p, MAP_IDENTITY, &type);
	struct buf subject = { 0 }, text = { 0 };

	if (!f->confirm.n || !to.n || type != FIELD_EMAIL)
		return 0;
	to = trimmed(to);
	buf_printf(&subject, "%s: %.*s", string_of("confirm_subject", p->language),
		(int)f->title[p->language].n, f->title[p->language].p);
	buf_printf(&text, "%s\n\n%s %.*s\n\n%s\n", string_of("thanks", p->language),
		string_of("number", p->language), (int)id.n, id.p,
		string_of("confirm_other", p->language));
	struct usher_news n = { .size = sizeof(n),
		.what = USHER_NEWS_MAIL,
		.dedup = id,
		.channel = f->confirm,
		.to = to,
		.subject = buf_str(&subject),
		.text = buf_str(&text),
		.lang = p->language == LANGUAGE_RU ? LITERAL("ru") : LITERAL("en") };
	f->svc->tell(f->host, &n, (uint64_t)(uintptr_t)p);
	buf_free(&subject);
	buf_free(&text);
	return 1;
}

/* The message is on disk. Who heard no answer posts again, and finds message and confirmation there, once each. */
static void post_taken(struct post *p, struct usher_str id)
{
	if (id.n == sizeof(p->taken) && post_confirm(p, id)) {
		memcpy(p->taken, id.p, id.n);
		p->delivered = 1;
	} else {
		answer_taken(p, id);
	}
}

void post_acked(struct post *p, enum usher_outcome outcome, struct usher_str why)
{
	p->delivered = 0;
	if (p->taken[0]) {
		answer_taken(p, (struct usher_str){ p->taken, sizeof(p->taken) });
		post_look(p);
		return;
	}
	switch (outcome) {
	case USHER_OK:
	case USHER_DUPLICATE:
		post_taken(p, why);
		break;
	case USHER_RETRY:
	case USHER_UNSURE:
		if (p->request)
			too_many(p, 10, 503, "later");
		break;
	case USHER_FAIL:
		answer_problem(p, 422, "refused");
		break;
	}
	post_look(p);
}

/* ---- the body ---- */

/* A robot is told what a person would be told, a number of now included, and nothing is kept. */
static void post_trapped(struct post *p)
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	unsigned char chance[26];
	char id[26];

	p->form->trapped++;
	p->form->svc->count(p->form->host, "refused", 1);
	p->form->svc->random(p->form->host, chance, sizeof(chance));
	uint64_t now_ms = p->form->svc->now_us(p->form->host) / 1000;
	for (size_t i = sizeof(id); i--;) {
		id[i] = digits[i < 10 ? now_ms & 31 : chance[i] & 31];
		now_ms >>= i < 10 ? 5 : 0;
	}
	answer_taken(p, (struct usher_str){ id, sizeof(id) });
}

static int post_is_too_fast(const struct post *p)
{
	uint64_t made_us = stamp_read(p->form, buf_str(&p->stamp));

	return made_us && p->form->svc->now_us(p->form->host) - made_us < p->form->fill_us;
}

static void post_challenged(struct post *p)
{
	p->form->challenged++;
	/* The answer that was given is used up or wrong: the page asks anew. */
	if (stamp_read(p->form, buf_str(&p->stamp)) && challenge_answered(p) && !p->skipped)
		p->stamp.n = 0;
	answer_problem(p, 428, "challenge");
}

static void post_check(struct post *p)
{
	p->checked = 1;
	fields_check(p);
	if (p->trap.n)
		post_trapped(p);
	else if (p->error_count || p->unknown_name.n)
		answer_problem(p, 422, "correct");
	else if (post_is_too_fast(p))
		too_many(p, 1, 429, "too_fast");
	else if (p->challenge && (p->skipped || !challenge_passes(p)))
		post_challenged(p);
}

/* When everything has come and every file is on the disk. */
static void post_proceed(struct post *p)
{
	if (p->request && p->whole && !p->checked)
		post_check(p);
	if (!p->request || !p->whole || p->files_owed || p->delivered)
		return;
	if (p->failed)
		too_many(p, 10, 503, "later");
	else
		post_deliver(p);
}

static const char *body_end(struct post *p)
{
	const char *why = NULL;

	if (p->is_multipart)
		return multipart_finish(&p->multipart) ? NULL : p->multipart.why;
	if (p->is_json)
		return body_json(p, &why) ? why : NULL;
	body_urlencoded(p);
	return NULL;
}

void post_body(struct post *p, struct usher_str piece, int last)
{
	const char *why = NULL;

	if (!p->is_multipart)
		buf_add(&p->body, piece.p, piece.n);
	else if (!multipart_feed(&p->multipart, piece))
		why = p->multipart.why;
	if (!why && last) {
		why = body_end(p);
		p->whole = 1;
	}
	if (why)
		answer_malformed(p, why);
	else
		post_proceed(p);
	post_look(p);
}

void post_file_stored(
	struct file *file, enum usher_outcome outcome, struct usher_str name, uint64_t size)
{
	struct post *p = file->post;

	p->files_owed--;
	if (outcome == USHER_OK && name.n == 64) {
		memcpy(file->blob_name, name.p, 64);
		file->size = size;
		file->stored = 1;
	} else if (outcome == USHER_FAIL) {
		p->errors[file->field] = "file_large";
		p->checked = 0; /* the field has an error now */
	} else {
		p->failed = 1;
	}
	post_proceed(p);
	post_look(p);
}
