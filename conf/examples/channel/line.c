/*
 * A channel for people with a terminal: `nc HOST PORT`, the first line is who you are, each line after it a message; answers come back as lines. It
 * shows what a two-way channel needs: a key for each message, one message at a time until it is on disk, and an answer for each send.
 *
 *   line ─▶ stream ─▶ deliver ─▶ (on disk) ─▶ ack ─▶ "+ ID"          agent ─▶ send ─▶ line to whoever has that name ─▶ sent
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <usher/channel.h>

#define TEXT(s) ((struct usher_str){ (s), strlen(s) })
enum { LINE_MAX_BYTES = 4096, NAME_MAX_BYTES = 64 };

struct caller {
	struct caller *next;
	struct usher_stream *stream; /* NULL: has hung up */
	char name[NAME_MAX_BYTES + 1];
	char key[33]; /* of this connection */
	unsigned count;
	int waiting; /* a line is on its way to the disk */
};

struct line {
	struct usher_host *host;
	const struct usher_services *usher;
	struct caller *callers;
	int closing;
};

static const struct usher_option options[] = {
	{ .key = "listen",
		.fallback = "127.0.0.1:2323",
		.least = 3,
		.most = 100,
		.help = "where people call" },
	{ 0 },
};

static void *line_open(
	struct usher_host *host, const struct usher_services *usher, char *why, size_t why_size)
{
	struct line *l = calloc(1, sizeof(*l));
	struct usher_str none = { 0 }, address = usher->option(host, "listen");

	if (!l)
		return snprintf(why, why_size, "out of memory"), NULL;
	int port = usher->listen(host, address, none, none, 0);
	if (port < 0) {
		snprintf(why, why_size, "listen: %.*s: %s", (int)address.n, address.p,
			strerror(-port));
		free(l);
		return NULL;
	}
	l->host = host;
	l->usher = usher;
	return l;
}

/* Forgets who has hung up and is owed nothing; when all are, a closing channel is down. */
static void line_look(struct line *l)
{
	for (struct caller **at = &l->callers; *at;) {
		struct caller *c = *at;
		if (c->stream || c->waiting) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		free(c);
	}
	if (!l->closing || l->callers)
		return;
	l->usher->down(l->host, "closed");
	free(l); /* usher does not call us after that */
}

static void line_close(void *self)
{
	struct line *l = self;

	l->closing = 1;
	for (struct caller *c = l->callers; c; c = c->next)
		if (c->stream)
			l->usher->hangup(c->stream, 1, "the channel closes"); /* CLOSED follows */
	line_look(l);
}

static void say(struct line *l, struct caller *c, const char *mark, struct usher_str text)
{
	if (!c->stream)
		return;
	l->usher->write(c->stream, TEXT(mark));
	l->usher->write(c->stream, text);
	l->usher->write(c->stream, TEXT("\n"));
}

static void line_called(struct line *l, struct usher_stream *s)
{
	struct caller *c = calloc(1, sizeof(*c));
	unsigned char chance[16];

	if (!c) {
		l->usher->hangup(s, 0, "out of memory");
		return;
	}
	l->usher->random(l->host, chance, sizeof(chance));
	for (size_t i = 0; i < sizeof(chance); i++)
		snprintf(c->key + 2 * i, 3, "%02x", chance[i]);
	c->stream = s;
	c->next = l->callers;
	l->callers = c;
	l->usher->stream_data(s, c);
}

static void line_said(struct line *l, struct caller *c, const char *text, size_t n)
{
	char dedup[48];

	if (!c->name[0]) {
		for (size_t i = 0; i < n && i < NAME_MAX_BYTES; i++)
			c->name[i] = (text[i] >= 'a' && text[i] <= 'z') ? text[i] : '_';
		return;
	}
	if (!n)
		return;
	snprintf(dedup, sizeof(dedup), "%s-%u", c->key, ++c->count);
	struct usher_inbound m = { .size = sizeof(m),
		.dedup = TEXT(dedup),
		.thread = TEXT(c->name),
		.identity_kind = TEXT("line"),
		.identity = TEXT(c->name),
		.name = TEXT(c->name),
		.text = { text, n } };
	c->waiting = 1;
	l->usher->read_pause(c->stream, 1); /* the next line when this one is on disk */
	l->usher->deliver(l->host, &m, (uint64_t)(uintptr_t)c);
}

static size_t line_stream(
	void *self, struct usher_stream *s, enum usher_stream_event event, struct usher_str bytes)
{
	struct line *l = self;
	struct caller *c = l->usher->stream_get_data(s);

	if (event == USHER_STREAM_OPEN) {
		line_called(l, s);
	} else if (event == USHER_STREAM_CLOSED && c) {
		c->stream = NULL;
		line_look(l);
	} else if (event == USHER_STREAM_DATA && c) {
		const char *end = memchr(bytes.p, '\n', bytes.n);
		size_t n = end ? (size_t)(end - bytes.p) : 0;
		if (end && n <= LINE_MAX_BYTES)
			line_said(l, c, bytes.p, n && bytes.p[n - 1] == '\r' ? n - 1 : n);
		else if (bytes.n > LINE_MAX_BYTES)
			l->usher->hangup(s, 0, "a line is too long");
		return end ? n + 1 : 0;
	}
	return 0;
}

static void line_ack(void *self, uint64_t token, enum usher_outcome outcome, struct usher_str why)
{
	struct line *l = self;
	struct caller *c = (struct caller *)(uintptr_t)token;

	c->waiting = 0;
	say(l, c, outcome == USHER_OK || outcome == USHER_DUPLICATE ? "+ " : "- ", why);
	if (c->stream)
		l->usher->read_pause(c->stream, 0);
	line_look(l);
}

static void line_send(void *self, const struct usher_outbound *m)
{
	struct line *l = self;
	struct usher_str none = { 0 };

	for (struct caller *c = l->callers; c; c = c->next)
		if (c->stream && m->thread.n == strlen(c->name) &&
			memcmp(m->thread.p, c->name, m->thread.n) == 0) {
			say(l, c, "", m->text);
			l->usher->sent(l->host, m->id, USHER_OK, m->id, none);
			return;
		}
	l->usher->sent(
		l->host, m->id, USHER_RETRY, none, TEXT("nobody of that name is on the line"));
}

__attribute__((visibility("default"))) extern const struct usher_channel usher_channel_v1;
const struct usher_channel usher_channel_v1 = {
	.size = sizeof(struct usher_channel),
	.abi_major = USHER_ABI_MAJOR,
	.abi_minor = USHER_ABI_MINOR,
	.name = "line",
	.version = "1",
	.options = options,
	.option_size = sizeof(struct usher_option),
	.open = line_open,
	.close = line_close,
	.ack = line_ack,
	.send = line_send,
	.stream = line_stream,
};
