/*
 * From usher_inbound to struct command. Touches no disk and no plugin; the text that people wrote is made clean here, once,
 * for everything behind. Called by deliver.c.
 *
 *   text ──normalise──▶ (empty? HTML ──▶ text) ──▶ (a mail? fresh │ quoted) ──▶ language
 */
#include "host/inbound.h"

#include <errno.h>
#include <openssl/sha.h>

#include "base/utf8.h"
#include "host/inside.h"
#include "model/limits.h"
#include "text/address.h"
#include "text/html_text.h"
#include "text/language.h"
#include "text/normalize.h"
#include "text/quote.h"

struct reader {
	const struct usher_inbound *m;
	struct arena *arena;
	struct inbound *out;
	struct str scratch;
};

static struct slice kept(struct reader *r)
{
	struct slice s =
		r->scratch.n ? arena_copy(r->arena, str_slice(&r->scratch)) : (struct slice){ 0 };

	str_clear(&r->scratch);
	return s;
}

static struct slice line(struct reader *r, struct usher_str s, size_t max)
{
	text_normalize_line(&r->scratch, to_slice(s), max);
	return kept(r);
}

/* ---- keys: compared byte by byte later, so they are taken as they are or not at all ---- */

static bool key_is_plain(struct usher_str k)
{
	for (size_t i = 0; i < k.n; i++)
		if ((unsigned char)k.p[i] < 0x20 || k.p[i] == 0x7f)
			return false;
	return utf8_valid(to_slice(k));
}

static int check_key(const char *what, struct usher_str k, struct err *err)
{
	if (!k.n)
		return err_set(err, EINVAL, "%s is empty", what);
	if (k.n > MESSAGE_KEY_MAX)
		return err_set(err, EINVAL, "%s has %zu bytes, at most %d are taken", what, k.n,
			MESSAGE_KEY_MAX);
	if (!key_is_plain(k))
		return err_set(err, EINVAL, "%s has control characters or is not UTF-8", what);
	return 0;
}

static struct slice key_list(struct reader *r, const struct usher_str *keys, size_t count)
{
	size_t taken = 0;

	for (size_t i = 0; i < count && taken < MESSAGE_REFS_MAX; i++) {
		if (check_key("", keys[i], NULL))
			continue;
		if (taken++)
			str_add_char(&r->scratch, '\n');
		str_add(&r->scratch, to_slice(keys[i]));
	}
	return kept(r);
}

/* ---- what people wrote ---- */

static struct slice html_of(struct reader *r)
{
	struct slice html = to_slice(r->m->html);

	if (html.n > MESSAGE_HTML_MAX) {
		r->out->long_html = html;
		html = utf8_truncate(html, MESSAGE_HTML_MAX);
	}
	utf8_clean(&r->scratch, html);
	return kept(r);
}

static struct slice text_of(struct reader *r)
{
	struct slice text = to_slice(r->m->text);

	if (text.n > MESSAGE_TEXT_MAX)
		r->out->long_text = text;
	text_normalize(&r->scratch, text, MESSAGE_TEXT_MAX);
	if (r->scratch.n || !r->m->html.n)
		return kept(r);
	struct str plain = { 0 };
	html_to_text(&plain, r->out->command.html, MESSAGE_TEXT_MAX);
	text_normalize(&r->scratch, str_slice(&plain), MESSAGE_TEXT_MAX);
	str_free(&plain);
	return kept(r);
}

static void split_quoted(struct reader *r)
{
	struct command *c = &r->out->command;
	struct quote_parts q = quote_split(c->text);

	if (quote_is_forward(c->subject) || (!q.signature.n && !q.quoted.n))
		return;
	c->text = q.fresh;
	c->quoted = q.signature.n && q.quoted.n
			    ? arena_printf(r->arena, "%.*s\n\n%.*s", SLICE_ARG(q.signature),
				      SLICE_ARG(q.quoted))
		    : q.quoted.n ? q.quoted
				 : q.signature;
}

static void read_texts(struct reader *r)
{
	struct command *c = &r->out->command;

	c->subject = line(r, r->m->subject, MESSAGE_SUBJECT_MAX);
	c->html = html_of(r);
	c->text = text_of(r);
	text_normalize(&r->scratch, to_slice(r->m->quoted), MESSAGE_TEXT_MAX);
	c->quoted = kept(r);
	if (!c->quoted.n && slice_is(c->ident_kind, "email"))
		split_quoted(r);
	c->lang = line(r, r->m->lang, 8);
	if (!c->lang.n)
		c->lang = text_language(c->text.n ? c->text : c->subject);
}

static void read_person(struct reader *r)
{
	struct command *c = &r->out->command;

	c->ident_kind = line(r, r->m->identity_kind, NAME_MAX_LEN);
	if (slice_is(c->ident_kind, "email") &&
		address_normalize(&r->scratch, to_slice(r->m->identity)))
		c->ident_value = kept(r);
	else
		c->ident_value = line(r, r->m->identity, MESSAGE_KEY_MAX);
	c->verified = c->ident_value.n && r->m->verified;
	c->name = line(r, r->m->name, MESSAGE_NAME_MAX);
	c->to = line(r, r->m->to, MESSAGE_KEY_MAX);
}

static void read_hints(struct reader *r)
{
	struct str name = { 0 }, value = { 0 };

	for (size_t i = 0; i < r->m->hints_count; i++) {
		const struct usher_pair *p = &r->m->hints[i];
		size_t before = r->scratch.n;
		str_clear(&name);
		str_clear(&value);
		text_normalize_line(&name, to_slice(p->name), MESSAGE_NAME_MAX);
		text_normalize(&value, to_slice(p->value), MESSAGE_HINTS_MAX);
		if (!name.n)
			continue;
		pairs_add(&r->scratch, str_slice(&name), str_slice(&value));
		if (r->scratch.n > MESSAGE_HINTS_MAX) { /* the rest is longer than anybody reads */
			r->scratch.n = before;
			break;
		}
	}
	r->out->command.hints = kept(r);
	str_free(&name);
	str_free(&value);
}

/* ---- files ---- */

static bool is_blob(struct usher_str b)
{
	for (size_t i = 0; i < b.n; i++)
		if (!strchr("0123456789abcdef", b.p[i]) || !b.p[i])
			return false;
	return b.n == 64;
}

/* A file name that is safe to offer for saving: the last part of a path, no leading dots. */
static struct slice file_name(struct reader *r, struct usher_str given)
{
	struct slice s = line(r, given, MESSAGE_NAME_MAX);

	for (size_t i = s.n; i; i--)
		if (s.p[i - 1] == '/' || s.p[i - 1] == '\\') {
			s = slice_make(s.p + i, s.n - i);
			break;
		}
	while (s.n && (s.p[0] == '.' || s.p[0] == ' '))
		s = slice_make(s.p + 1, s.n - 1);
	return s.n ? s : SLICE("file");
}

static int read_parts(struct reader *r, struct err *err)
{
	struct str parts = { 0 };

	if (r->m->parts_count > MESSAGE_PARTS_MAX)
		return err_set(err, EINVAL, "%zu parts, at most %d are taken", r->m->parts_count,
			MESSAGE_PARTS_MAX);
	for (size_t i = 0; i < r->m->parts_count; i++) {
		const struct usher_part *p = &r->m->parts[i];
		if (!is_blob(p->blob)) {
			str_free(&parts);
			return err_set(err, EINVAL, "part %zu: its blob is no blob's name", i + 1);
		}
		struct part part = { .name = file_name(r, p->name),
			.type = line(r, p->type, MESSAGE_NAME_MAX),
			.size_bytes = p->size,
			.blob = to_slice(p->blob),
			.cid = line(r, p->cid, MESSAGE_NAME_MAX) };
		parts_add(&parts, &part);
	}
	r->out->command.parts = arena_copy(r->arena, str_slice(&parts));
	str_free(&parts);
	return 0;
}

void inbound_add_part(struct inbound *in, struct arena *arena, const char *name, const char *type,
	struct slice blob, uint64_t size)
{
	struct part part = {
		.name = slice_of(name), .type = slice_of(type), .size_bytes = size, .blob = blob
	};
	struct str parts = { 0 };

	str_add(&parts, in->command.parts);
	parts_add(&parts, &part);
	in->command.parts = arena_copy(arena, str_slice(&parts));
	str_free(&parts);
}

/* ---- the whole ---- */

/* The key is the same for a repeat, so the id's part of chance is, too. */
static void make_id(struct reader *r, struct slice channel, uint64_t now_us)
{
	struct inbound *in = r->out;
	uint8_t hash[SHA256_DIGEST_LENGTH];

	in->command.dedup = arena_printf(
		r->arena, "%.*s\n%.*s", SLICE_ARG(channel), (int)r->m->dedup.n, r->m->dedup.p);
	SHA256((const unsigned char *)in->command.dedup.p, in->command.dedup.n, hash);
	memcpy(in->key, hash + 16, sizeof(in->key));
	in->command.id = id_make(now_us, hash);
}

static int read_all(struct reader *r, struct slice channel, uint64_t now_us, struct err *err)
{
	struct command *c = &r->out->command;
	const struct usher_inbound *m = r->m;
	int status = check_key("dedup", m->dedup, err);

	if (status == 0)
		status = check_key("thread", m->thread, err);
	if (status == 0 && m->raw.n && !is_blob(m->raw))
		status = err_set(err, EINVAL, "raw is no blob's name");
	if (status == 0)
		status = read_parts(r, err);
	if (status)
		return status;
	*c = (struct command){ .type = COMMAND_MESSAGE,
		.at_us = now_us,
		.parts = c->parts,
		.channel = arena_copy(r->arena, channel),
		.thread = arena_copy(r->arena, to_slice(m->thread)),
		.raw = m->raw.n ? arena_copy(r->arena, to_slice(m->raw)) : (struct slice){ 0 },
		.sent_us = m->sent_us,
		.automatic = m->automatic != 0 };
	make_id(r, channel, now_us);
	c->refs = key_list(r, m->refs, m->refs_count);
	c->also = key_list(r, m->also, m->also_count);
	read_person(r);
	read_texts(r);
	read_hints(r);
	c->quarantine = line(r, m->quarantine, MESSAGE_SUBJECT_MAX);
	c->again = line(r, m->again, MESSAGE_KEY_MAX);
	return 0;
}

int inbound_read(struct slice channel, const struct usher_inbound *given, uint64_t now_us,
	struct arena *arena, struct inbound *out, struct err *err)
{
	struct usher_inbound m = { 0 };
	struct reader r = { .m = &m, .arena = arena, .out = out };

	/* An older plugin's struct is shorter; a newer one's end is not known here. */
	memcpy(&m, given, given->size < sizeof(m) ? given->size : sizeof(m));
	*out = (struct inbound){ 0 };
	int status = read_all(&r, channel, now_us, err);
	str_free(&r.scratch);
	return status;
}
