/*
 * Later news about a sent message: delivered, read, bounced. A channel that knows only its own id of the message is helped by
 * what was kept when it was sent.
 */
#include <stdlib.h>

#include "host/inside.h"
#include "store/remember.h"

enum { REMOTE_KEEP_S = 30 * 86400 };

struct news {
	struct usher_host *h; /* held */
	uint32_t delivery;
	char *why;
};

static uint32_t delivery_of(enum usher_delivery what)
{
	switch (what) {
	case USHER_DELIVERED:
		return DELIVERY_DELIVERED;
	case USHER_READ:
		return DELIVERY_READ;
	case USHER_BOUNCED:
		return DELIVERY_BOUNCED;
	}
	return DELIVERY_NONE;
}

static void put_news(struct usher_host *h, struct id message, uint32_t delivery,
	struct slice remote, struct slice why)
{
	struct command c = { .type = COMMAND_RECEIPT,
		.id = message,
		.channel = slice_of(h->name),
		.delivery = delivery,
		.remote = remote,
		.why = why };

	put_stubborn(h, &c, NULL, NULL);
}

static void remote_scope(struct str *scope, const struct usher_host *h)
{
	str_addf(scope, "remote:%s", h->name);
}

static void kept(void *arg, int status)
{
	(void)arg;
	(void)status; /* without it later news by that id alone find no message: shown in the log then */
}

void remote_keep(struct usher_host *h, struct slice remote, struct id message)
{
	char text[ID_TEXT_LEN + 1];
	struct str scope = { 0 };

	id_text(message, text);
	if (!remote.n || memmem(remote.p, remote.n, text, ID_TEXT_LEN))
		return; /* the channel finds our id in its own */
	remote_scope(&scope, h);
	remember(h->host->store, scope.p, remote, slice_of(text), REMOTE_KEEP_S, kept, NULL);
	str_free(&scope);
}

static void recalled(void *arg, int status, struct slice value)
{
	struct news *n = arg;
	struct id message;

	if (!channel_is_gone(n->h)) {
		if (status == 0 && id_parse(value, &message))
			put_news(n->h, message, n->delivery, (struct slice){ 0 }, slice_of(n->why));
		else
			n->h->count.lost_news++;
	}
	channel_release(n->h);
	free(n->why);
	free(n);
}

void service_delivery(struct usher_host *h, struct usher_str message, struct usher_str remote,
	enum usher_delivery what, struct usher_str why)
{
	struct id id;
	uint32_t delivery = delivery_of(what);
	struct str scope = { 0 };

	if (!service_allowed(h, "delivery"))
		return;
	if (!delivery || (!message.n && !remote.n) ||
		(message.n && !id_parse(to_slice(message), &id))) {
		plugin_wrong(h, "delivery news %d of no message", (int)what);
		return;
	}
	if (message.n) {
		put_news(h, id, delivery, to_slice(remote), to_slice(why));
		return;
	}
	struct news *n = mem_alloc(sizeof(*n));
	n->h = channel_hold(h);
	n->delivery = delivery;
	n->why = slice_dup(to_slice(why));
	remote_scope(&scope, h);
	recall(h->host->store, scope.p, to_slice(remote), recalled, n);
	str_free(&scope);
}
