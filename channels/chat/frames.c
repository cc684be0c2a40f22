/*
 * What the server says. Frames go straight to the socket, but while a tab is being read its history they wait for the
 * welcome, so that it comes first and names the last number.
 */
#include <stdlib.h>
#include <string.h>

#include "chat.h"

static void flush(struct tab *t, struct buf *b)
{
	if (tab_output(t) > OUTPUT_MAX)
		tab_close(t, 1013, "reading too slowly; come back and resume");
	else
		tab_send(t, (struct usher_str){ b->p, b->n });
	buf_free(b);
}

void say_plain(struct tab *t, const char *json)
{
	struct buf b = { 0 };
	buf_text(&b, json);
	flush(t, &b);
}

void say_ack(struct tab *t, const char *id)
{
	struct buf b = { 0 };
	buf_text(&b, "{\"t\":\"ack\",\"id\":");
	buf_json(&b, id, strlen(id));
	buf_text(&b, "}");
	flush(t, &b);
}

void say_error(struct tab *t, const char *id, const char *code, const char *message)
{
	struct buf b = { 0 };
	buf_text(&b, "{\"t\":\"error\",\"code\":\"");
	buf_text(&b, code);
	buf_text(&b, "\",\"message\":");
	buf_json(&b, message, strlen(message));
	if (id) {
		buf_text(&b, ",\"id\":");
		buf_json(&b, id, strlen(id));
	}
	buf_text(&b, "}");
	flush(t, &b);
}

/* ---- backlog ---- */

void backlog_free(struct tab *t)
{
	struct backlog *b = t->backlog;
	if (!b)
		return;
	buf_free(&b->bytes);
	free(b->held);
	free(b);
	t->backlog = NULL;
}

static void hold(struct tab *t, uint64_t seq, const struct buf *frame)
{
	struct backlog *b = t->backlog ? t->backlog : (t->backlog = zeroed(sizeof(*b)));
	if (b->count == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 16;
		struct held *grown = zeroed(cap * sizeof(*grown));
		if (b->count)
			memcpy(grown, b->held, b->count * sizeof(*grown));
		free(b->held);
		b->held = grown;
		b->cap = cap;
	}
	b->held[b->count++] = (struct held){ seq, b->bytes.n, frame->n };
	buf_add(&b->bytes, frame->p, frame->n);
}

static int by_seq(const void *a, const void *b)
{
	uint64_t x = ((const struct held *)a)->seq - 1, y = ((const struct held *)b)->seq - 1;
	if (x != y)
		return x < y ? -1 : 1; /* seq 0 wraps to the end */
	size_t f = ((const struct held *)a)->from, g = ((const struct held *)b)->from;
	return f < g ? -1 : f > g;
}

static void backlog_sort(struct tab *t)
{
	struct backlog *b = t->backlog;
	size_t kept = 0;
	if (!b)
		return;
	qsort(b->held, b->count, sizeof(*b->held), by_seq);
	for (size_t i = 0; i < b->count; i++) {
		if (b->held[i].seq && b->held[i].seq <= t->seq)
			continue;
		if (b->held[i].seq)
			t->seq = b->held[i].seq;
		b->held[kept++] = b->held[i];
	}
	b->count = kept;
}

static void backlog_send(struct tab *t)
{
	const struct backlog *b = t->backlog;
	for (size_t i = 0; b && i < b->count; i++)
		tab_send(t, (struct usher_str){ b->bytes.p + b->held[i].from, b->held[i].n });
	backlog_free(t);
}

static void add_flag(struct buf *b, const char *name, int on)
{
	buf_text(b, ",\"");
	buf_text(b, name);
	buf_text(b, on ? "\":true" : "\":false");
}

/* Open or closed is said anew at each connect. Whom an agent has is served, whatever the hours say. */
static void add_open(struct buf *b, const struct tab *t)
{
	uint64_t opens_us = 0;
	int open = t->thread->held || chat_is_open(t->chat, t->visitor, &opens_us);
	add_flag(b, "open", open);
	if (!open && opens_us) {
		buf_text(b, ",\"opens_ms\":");
		buf_number(b, opens_us / 1000);
	}
}

static void add_welcome(struct buf *b, const struct tab *t)
{
	char pass[THREAD_LEN + MAC_HEX_LEN + 2];
	file_pass(t->chat, t->thread->key, pass);
	buf_text(b, "{\"t\":\"welcome\",\"session\":\"");
	buf_text(b, t->token);
	buf_text(b, "\",\"seq\":");
	buf_number(b, t->seq);
	add_flag(b, "verified", t->visitor && t->visitor->verified);
	add_flag(b, "fresh", t->fresh);
	add_open(b, t);
	if (*pass) {
		buf_text(b, ",\"pass\":\"");
		buf_text(b, pass);
		buf_text(b, "\"");
	}
	buf_text(b, "}");
}

void say_welcome(struct tab *t)
{
	struct buf b = { 0 };
	backlog_sort(t);
	if (t->token) {
		add_welcome(&b, t);
		flush(t, &b);
		free(t->token);
		t->token = NULL;
	}
	backlog_send(t);
}

/* The visitor's own id of a message: what stands behind the last blank of its dedup. */
static struct usher_str client_id(struct usher_str dedup)
{
	for (size_t i = dedup.n; i-- > 0;)
		if (dedup.p[i] == ' ')
			return (struct usher_str){ dedup.p + i + 1, dedup.n - i - 1 };
	return dedup;
}

static void add_file(struct buf *b, const struct tab *t, const struct usher_part *p)
{
	char ref[MAC_HEX_LEN + 1];
	buf_text(b, "{\"name\":");
	buf_json(b, p->name.p, p->name.n);
	buf_text(b, ",\"type\":");
	buf_json(b, p->type.p, p->type.n);
	buf_text(b, ",\"size\":");
	buf_number(b, p->size);
	file_ref(t->chat, t->thread->key, p, ref);
	if (*ref) {
		buf_text(b, ",\"blob\":");
		buf_json(b, p->blob.p, p->blob.n);
		buf_text(b, ",\"ref\":\"");
		buf_text(b, ref);
		buf_text(b, "\"");
	}
	buf_text(b, "}");
}

static void add_files(struct buf *b, const struct tab *t, const struct usher_update *u)
{
	if (!u->parts_count)
		return;
	buf_text(b, ",\"files\":[");
	for (size_t i = 0; i < u->parts_count; i++) {
		if (i)
			buf_text(b, ",");
		add_file(b, t, &u->parts[i]);
	}
	buf_text(b, "]");
}

static void add_message(struct buf *b, const struct tab *t, const struct usher_update *u)
{
	static const char *const FROM[] = { "", "you", "agent", "system" };
	buf_text(b, "{\"t\":\"msg\",\"seq\":");
	buf_number(b, u->seq);
	buf_text(b, ",\"at_ms\":");
	buf_number(b, u->at_us / 1000);
	buf_text(b, ",\"from\":\"");
	buf_text(b, FROM[u->from]);
	buf_text(b, "\"");
	if (u->from == USHER_FROM_YOU) {
		struct usher_str id = client_id(u->dedup);
		buf_text(b, ",\"id\":");
		buf_json(b, id.p, id.n);
	} else {
		buf_text(b, ",\"name\":");
		buf_json(b, u->name.p, u->name.n);
	}
	buf_text(b, ",\"text\":");
	buf_json(b, u->text.p, u->text.n);
	add_files(b, t, u);
	buf_text(b, "}");
}

static void add_position(struct buf *b, const struct usher_update *u)
{
	buf_text(b, "{\"t\":\"queue\",\"position\":");
	buf_number(b, u->position);
	buf_text(b, ",\"wait_s\":");
	if (u->high_s) {
		buf_text(b, "[");
		buf_number(b, u->low_s);
		buf_text(b, ",");
		buf_number(b, u->high_s);
		buf_text(b, "]}");
	} else {
		buf_text(b, "null}");
	}
}

static void add_word(struct buf *b, const char *type, const char *name, struct usher_str v)
{
	buf_text(b, "{\"t\":\"");
	buf_text(b, type);
	buf_text(b, "\",\"");
	buf_text(b, name);
	buf_text(b, "\":");
	buf_json(b, v.p, v.n);
	buf_text(b, "}");
}

void say_update(struct tab *t, const struct usher_update *u)
{
	struct buf b = { 0 };
	switch (u->what) {
	case USHER_UPDATE_MESSAGE:
		if (u->seq <= t->seq)
			return; /* it has it */
		if (!t->catching)
			t->seq = u->seq;
		add_message(&b, t, u);
		break;
	case USHER_UPDATE_POSITION:
		add_position(&b, u);
		break;
	case USHER_UPDATE_TYPING:
		add_word(&b, "typing", "name", u->name);
		break;
	case USHER_UPDATE_ENDED:
		add_word(&b, "ended", "why", u->text);
		break;
	case USHER_UPDATE_AGENT:
		add_word(&b, "agent", "name", u->name);
		break;
	case USHER_UPDATE_SEEN:
		buf_text(&b, "{\"t\":\"seen\",\"seq\":");
		buf_number(&b, u->seq);
		buf_text(&b, "}");
		break;
	case USHER_UPDATE_EXPECTED:
		break; /* not for the visitor: chat.c */
	}
	if (!b.n)
		return;
	if (t->catching) {
		hold(t, u->what == USHER_UPDATE_MESSAGE ? u->seq : 0, &b);
		buf_free(&b);
	} else {
		flush(t, &b);
	}
}
