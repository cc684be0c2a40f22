/*
 * The smallest channel: `POST /hello` with a text comes in, what an agent answers goes to the log. Copy this to begin your own;
 * channels/README.md says how it works.
 *
 *   POST /hello ─▶ http ─▶ http_body ─▶ deliver ─▶ (on disk) ─▶ ack ─▶ 201
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <usher/channel.h>

#define TEXT(s) ((struct usher_str){ (s), strlen(s) })

struct hello {
	struct usher_host *host;
	const struct usher_services *usher;
	int owed; /* posts that are on their way to the disk */
	int closing;
};

/* One POST: its text grows until it is whole, then it waits for the disk. */
struct post {
	struct usher_http *request; /* NULL: the client has gone */
	char text[4096];
	size_t length;
	int delivered;
};

static const struct usher_option options[] = {
	{ .key = "path",
		.fallback = "/hello",
		.least = 1,
		.most = 100,
		.help = "where texts are posted" },
	{ 0 },
};

/* What the options table cannot say; usherd -t asks it, too. */
static int hello_check(
	struct usher_host *host, const struct usher_services *usher, char *why, size_t why_size)
{
	if (usher->option(host, "path").p[0] == '/')
		return 0;
	snprintf(why, why_size, "path: it begins with /");
	return -1;
}

static void *hello_open(
	struct usher_host *host, const struct usher_services *usher, char *why, size_t why_size)
{
	struct hello *h;

	if (hello_check(host, usher, why, why_size) != 0)
		return NULL;
	h = calloc(1, sizeof(*h));
	if (!h) {
		snprintf(why, why_size, "out of memory");
		return NULL;
	}
	h->host = host;
	h->usher = usher;
	usher->http_route(host, usher->option(host, "path").p);
	return h;
}

/* Called when it is closing and may have nothing left to do. */
static void hello_look(struct hello *h)
{
	if (!h->closing || h->owed)
		return;
	h->usher->down(h->host, "closed");
	free(h); /* usher does not call us after that */
}

static void hello_close(void *self)
{
	struct hello *h = self;

	h->closing = 1;
	hello_look(h);
}

static void hello_http(void *self, struct usher_http *request)
{
	struct hello *h = self;
	struct post *p = calloc(1, sizeof(*p));

	if (!p) {
		h->usher->http_problem(request, 503, "out of memory");
		return;
	}
	p->request = request;
	h->usher->http_data(request, p);
	h->usher->http_read(request, sizeof(p->text));
}

static void hello_body(void *self, struct usher_http *request, struct usher_str piece, int last)
{
	struct hello *h = self;
	struct post *p = h->usher->http_get_data(request);
	char key[40];

	if (piece.n)
		memcpy(p->text + p->length, piece.p,
			piece.n); /* the host stops at the size we gave */
	p->length += piece.n;
	if (!last)
		return;
	/* A key of its own for each post: a service that knows one should use it, so that a repeat is known. */
	uint64_t chance[2];
	h->usher->random(h->host, chance, sizeof(chance));
	snprintf(key, sizeof(key), "%016llx%016llx", (unsigned long long)chance[0],
		(unsigned long long)chance[1]);
	struct usher_inbound m = { .size = sizeof(m),
		.dedup = TEXT(key),
		.thread = TEXT(key),
		.identity_kind = TEXT("address"),
		.identity = TEXT(h->usher->http_peer(request)),
		.text = { p->text, p->length } };
	p->delivered = 1;
	h->owed++;
	h->usher->deliver(h->host, &m, (uint64_t)(uintptr_t)p);
}

static void hello_gone(void *self, struct usher_http *request)
{
	struct hello *h = self;
	struct post *p = h->usher->http_get_data(request);

	p->request = NULL;
	if (!p->delivered)
		free(p); /* else the acknowledgement does */
}

static void hello_ack(void *self, uint64_t token, enum usher_outcome outcome, struct usher_str why)
{
	struct hello *h = self;
	struct post *p = (struct post *)(uintptr_t)token;

	if (p->request && (outcome == USHER_OK || outcome == USHER_DUPLICATE))
		h->usher->http_answer(p->request, 201, "text/plain; charset=utf-8", why);
	else if (p->request)
		h->usher->http_problem(p->request, outcome == USHER_RETRY ? 503 : 422,
			outcome == USHER_RETRY ? "please try again later"
					       : "this cannot be taken in");
	free(p);
	h->owed--;
	hello_look(h);
}

static void hello_send(void *self, const struct usher_outbound *m)
{
	struct hello *h = self;
	char line[80];

	snprintf(line, sizeof(line), "would send %zu bytes", m->text.n);
	h->usher->log(h->host, USHER_INFO, line);
	h->usher->sent(h->host, m->id, USHER_OK, m->id, TEXT(""));
}

__attribute__((visibility("default"))) extern const struct usher_channel usher_channel_v1;
const struct usher_channel usher_channel_v1 = {
	.size = sizeof(struct usher_channel),
	.abi_major = USHER_ABI_MAJOR,
	.abi_minor = USHER_ABI_MINOR,
	.name = "hello",
	.version = "1",
	.capabilities = USHER_CAP_IDEMPOTENT_SEND,
	.options = options,
	.open = hello_open,
	.close = hello_close,
	.ack = hello_ack,
	.send = hello_send,
	.http = hello_http,
	.http_body = hello_body,
	.http_gone = hello_gone,
	.check = hello_check,
	.option_size = sizeof(struct usher_option),
};
