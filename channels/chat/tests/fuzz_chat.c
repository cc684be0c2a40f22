/*
 * Anything a visitor may send, against a host that answers from here: each line of the input is a frame; a few bytes in front choose what the
 * host does in between (acknowledge, lose, catch up, close).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat.h"

extern const struct usher_channel usher_channel_v1;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct usher_timer {
	void (*fn)(void *arg);
	void *arg;
};
struct usher_ws {
	void *data;
};

static struct usher_ws socket_;
static struct usher_timer timers[64];
static size_t timer_count;
static uint64_t now = 1000000, last_token, catching;
static int closed;

static uint64_t now_us(struct usher_host *h)
{
	(void)h;
	return now;
}

static struct usher_str option(struct usher_host *h, const char *key)
{
	static const char *const VALUES[][2] = { { "path", "/chat" },
		{ "identity_secret", "a secret of sixteen" }, { "origins", "" }, { "files", "yes" },
		{ "rating", "yes" }, { "fields.0.name", "order" }, { "fields.0.required", "no" } };
	const char *v = strchr(key, '.') ? "" : "100";
	(void)h;
	for (size_t i = 0; i < sizeof(VALUES) / sizeof(*VALUES); i++)
		if (strcmp(key, VALUES[i][0]) == 0)
			v = VALUES[i][1];
	return (struct usher_str){ v, strlen(v) };
}

static void random_bytes(struct usher_host *h, void *out, size_t n)
{
	(void)h;
	memset(out, 7, n);
}

static void deliver(struct usher_host *h, const struct usher_inbound *m, uint64_t token)
{
	(void)h;
	if (m->size != sizeof(*m) || !m->dedup.n || !m->thread.n || !m->text.n ||
		m->text.n > TEXT_MAX)
		abort();
	last_token = token;
}

static void presence(struct usher_host *h, struct usher_str t, enum usher_presence p, uint64_t seq)
{
	(void)h, (void)p, (void)seq;
	if (t.n != THREAD_LEN)
		abort();
}

static void catch_up(struct usher_host *h, struct usher_str t, uint64_t after, uint64_t token)
{
	(void)h, (void)after;
	if (t.n != THREAD_LEN)
		abort();
	catching = token;
}

static void up(struct usher_host *h)
{
	(void)h;
}

static void down(struct usher_host *h, const char *why)
{
	(void)h, (void)why;
}

static struct usher_timer *timer(struct usher_host *h, void (*fn)(void *arg), void *arg)
{
	(void)h;
	struct usher_timer *t = &timers[timer_count++ % 64];
	*t = (struct usher_timer){ fn, arg };
	return t;
}

static void timer_set(struct usher_timer *t, uint64_t after_us)
{
	(void)t, (void)after_us;
}

static void timer_clear(struct usher_timer *t)
{
	(void)t;
}

static void http_route(struct usher_host *h, const char *prefix)
{
	(void)h, (void)prefix;
}

static struct usher_str header(struct usher_http *r, const char *name)
{
	(void)r, (void)name;
	return (struct usher_str){ 0 };
}

static const char *peer(struct usher_http *r)
{
	(void)r;
	return "127.0.0.1";
}

static void rate(struct usher_host *h, struct usher_str t, struct usher_str dedup, uint32_t score,
	struct usher_str text)
{
	(void)h, (void)text;
	if (t.n != THREAD_LEN || !dedup.n || score < 1 || score > 5)
		abort();
}

static void tell(struct usher_host *h, const struct usher_news *n, uint64_t token)
{
	if (n->size != sizeof(*n))
		abort();
	if (n->what == USHER_NEWS_RATING)
		rate(h, n->thread, n->dedup, n->how, n->text);
	else if (n->what == USHER_NEWS_PRESENCE)
		presence(h, n->thread, (enum usher_presence)n->how, n->seq);
	else if (n->what != USHER_NEWS_MAIL || !n->dedup.n || !n->to.n)
		abort();
	if (token)
		last_token = token;
}

static int is_open(
	struct usher_host *h, const struct usher_pair *hints, size_t count, uint64_t *opens_us)
{
	(void)h;
	for (size_t i = 0; i < count; i++)
		if (!hints[i].name.n || !hints[i].value.n)
			abort();
	*opens_us = count;
	return count & 1;
}

static uint64_t recalling, remembering;

static void recall(struct usher_host *h, struct usher_str key, uint64_t token)
{
	(void)h;
	if (!key.n)
		abort();
	recalling = token;
}

static void remember_for(struct usher_host *h, struct usher_str key, struct usher_str value,
	uint32_t ttl_s, int once, uint64_t token)
{
	(void)h, (void)ttl_s, (void)once;
	if (!key.n || !value.n)
		abort();
	remembering = token;
}

static struct usher_str path(struct usher_http *r)
{
	(void)r;
	return (struct usher_str){ "/chat/ws", 8 };
}

static int is_upgrade(struct usher_http *r)
{
	(void)r;
	return 1;
}

static struct usher_ws *ws_accept(struct usher_http *r, size_t max, void *data)
{
	(void)r, (void)max;
	socket_.data = data;
	return &socket_;
}

static void *ws_data(struct usher_ws *w)
{
	return w->data;
}

static void ws_send(struct usher_ws *w, struct usher_str text)
{
	(void)w;
	if (text.n < 2 || text.p[0] != '{' || text.p[text.n - 1] != '}')
		abort();
}

static size_t ws_output(struct usher_ws *w)
{
	(void)w;
	return 0;
}

static void ws_close(struct usher_ws *w, int code, const char *why)
{
	(void)w, (void)code, (void)why;
	closed = 1;
}

static const struct usher_services SERVICES = { .size = sizeof(SERVICES),
	.now_us = now_us,
	.option = option,
	.random = random_bytes,
	.deliver = deliver,
	.presence = presence,
	.catch_up = catch_up,
	.up = up,
	.down = down,
	.timer = timer,
	.timer_set = timer_set,
	.timer_clear = timer_clear,
	.http_route = http_route,
	.http_header = header,
	.http_path = path,
	.http_is_upgrade = is_upgrade,
	.ws_accept = ws_accept,
	.ws_data = ws_data,
	.ws_send = ws_send,
	.ws_output = ws_output,
	.ws_close = ws_close,
	.http_peer = peer,
	.recall = recall,
	.tell = tell,
	.rate = rate,
	.is_open = is_open,
	.remember_for = remember_for };

static void update(struct chat *c, uint64_t seq, struct usher_str text)
{
	size_t i = 0;
	struct thread *th = table_next(&c->threads, &i);
	struct usher_update u = { .size = sizeof(u),
		.what = USHER_UPDATE_MESSAGE,
		.seq = seq,
		.from = USHER_FROM_YOU,
		.dedup = text,
		.text = text };
	if (!th)
		return;
	u.thread = (struct usher_str){ th->key, THREAD_LEN };
	usher_channel_v1.update(c, &u);
}

/* What the host does between two frames. */
static void act(struct chat *c, uint8_t what, struct usher_str line)
{
	struct usher_str none = { 0 };
	now += (uint64_t)what * 1000;
	switch (what % 9) {
	case 0:
		usher_channel_v1.ack(c, last_token, USHER_OK, none);
		break;
	case 1:
		usher_channel_v1.ack(c, last_token, USHER_RETRY, line);
		break;
	case 2:
		usher_channel_v1.caught_up(c, none, catching, USHER_OK);
		break;
	case 3:
		update(c, what, line);
		break;
	case 6:
		usher_channel_v1.recalled(c, recalling, USHER_OK, none);
		break;
	case 7:
		usher_channel_v1.recalled(c, recalling, USHER_OK, line);
		break;
	case 8:
		usher_channel_v1.remembered(
			c, remembering, what < 128 ? USHER_OK : USHER_DUPLICATE);
		break;
	case 4:
		usher_channel_v1.ack(c, last_token + 1, USHER_FAIL, none);
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[128];
	timer_count = 0;
	last_token = catching = recalling = remembering = 0;
	closed = 0;
	struct chat *c = usher_channel_v1.open(NULL, &SERVICES, why, sizeof(why));
	if (!c) {
		fprintf(stderr, "fuzz_chat: the channel refused its options: %s\n", why);
		abort();
	}
	usher_channel_v1.http(c, NULL);
	while (size > 1) {
		const uint8_t *end = memchr(data + 1, '\n', size - 1);
		size_t n = end ? (size_t)(end - data - 1) : size - 1;
		char *copy = malloc(n + 1); /* exact: the sanitizer sees any overrun */
		memcpy(copy, data + 1, n);
		struct usher_str line = { copy, n };
		usher_channel_v1.ws(c, &socket_, USHER_WS_MESSAGE, line);
		act(c, data[0], line);
		free(copy);
		size -= n + 1 + (end ? 1 : 0);
		data += n + 1 + (end ? 1 : 0);
	}
	usher_channel_v1.ws(c, &socket_, USHER_WS_CLOSED, (struct usher_str){ 0 });
	for (size_t i = 0; i < timer_count && i < 64; i++)
		timers[i].fn(timers[i].arg);
	while (c->free_threads) {
		struct thread *th = c->free_threads;
		c->free_threads = th->next_free;
		free(th);
	}
	size_t i = 0;
	for (void *w; (w = table_next(&c->waits, &i)) != NULL;)
		free(w);
	i = 0;
	for (void *p; (p = table_next(&c->peers, &i)) != NULL;)
		free(p);
	table_free(&c->peers);
	table_free(&c->threads);
	table_free(&c->waits);
	table_free(&c->tabs);
	free(c);
	return 0;
}
