/*
 * A channel without code: any service that posts JSON and takes JSON, by paths and templates in the configuration (README.md). This file is the
 * plugin's life and the host's calls; never a protocol of anybody in particular.
 */
#include "webhook.h"

#include <stdio.h>
#include <stdlib.h>

static void webhook_free(struct webhook *w)
{
	fetch_pool_free(&w->pool);
	settings_free(w);
	free(w->seen);
	free(w);
}

/* Not refused: the service may have given it out so. */
static void warn_of_short(const struct webhook *w, const char *list, const struct sign_keys *keys)
{
	char text[160];

	for (size_t i = 0; i < keys->count; i++) {
		size_t n = strlen(keys->keys[i]);
		if (n >= SIGN_KEY_MIN)
			continue;
		snprintf(text, sizeof(text),
			"%s: one has %zu bytes and can be guessed; at least %d are wanted, "
			"\"openssl rand -hex 32\" makes a good one",
			list, n, SIGN_KEY_MIN);
		w->usher->log(w->host, USHER_WARN, text);
	}
}

static void *webhook_open(
	struct usher_host *host, const struct usher_services *usher, char *why, size_t why_size)
{
	struct webhook *w = zeroed(sizeof(*w));

	w->host = host;
	w->usher = usher;
	w->seen = zeroed(sizeof(*w->seen));
	if (!settings_read(w, why, why_size)) {
		webhook_free(w);
		return NULL;
	}
	warn_of_short(w, "keys", &w->keys);
	warn_of_short(w, "sign_keys", &w->sign_keys);
	w->pool = fetch_pool_new();
	usher->http_route(host, w->path);
	return w;
}

static int webhook_check(
	struct usher_host *host, const struct usher_services *usher, char *why, size_t why_size)
{
	struct webhook *w = zeroed(sizeof(*w));

	w->host = host;
	w->usher = usher;
	int refused = !settings_read(w, why, why_size);
	if (!refused && USHER_HAS(usher, http_route))
		usher->http_route(host, w->path);
	webhook_free(w);
	return refused;
}

void webhook_settle(struct webhook *w)
{
	if (!w->closing || w->posts || w->sends)
		return;
	w->usher->down(w->host, "closed");
	webhook_free(w); /* usher does not call us after that */
}

static void webhook_close(void *self)
{
	struct webhook *w = self;

	w->closing = true;
	webhook_settle(w);
}

static void webhook_ack(
	void *self, uint64_t token, enum usher_outcome outcome, struct usher_str why)
{
	(void)self;
	intake_ack(token, outcome, why);
}

static void webhook_send(void *self, const struct usher_outbound *m)
{
	send_message(self, m);
}

static void webhook_http(void *self, struct usher_http *r)
{
	intake_request(self, r);
}

static void webhook_http_body(void *self, struct usher_http *r, struct usher_str piece, int last)
{
	intake_body(self, r, piece, last != 0);
}

static void webhook_http_gone(void *self, struct usher_http *r)
{
	intake_gone(r, self);
}

static void webhook_blob_done(void *self, uint64_t token, enum usher_outcome outcome,
	struct usher_str name, uint64_t size)
{
	(void)self;
	files_stored(token, outcome, name, size);
}

static void webhook_blob_got(
	void *self, uint64_t token, enum usher_outcome outcome, struct usher_str bytes)
{
	(void)self;
	send_file(token, outcome, bytes);
}

static void webhook_health(void *self, void (*put)(void *arg, struct usher_str json), void *arg)
{
	struct webhook *w = self;
	char text[200];

	snprintf(text, sizeof(text),
		"{\"taken\":%llu,\"ignored\":%llu,\"refused\":%llu,\"replayed\":%llu,\"sent\":%"
		"llu}",
		(unsigned long long)w->taken, (unsigned long long)w->ignored,
		(unsigned long long)w->refused, (unsigned long long)w->replayed,
		(unsigned long long)w->sent);
	put(arg, str_of(text));
}

__attribute__((visibility("default"))) extern const struct usher_channel usher_channel_v1;

const struct usher_channel usher_channel_v1 = {
	.size = sizeof(struct usher_channel),
	.abi_major = USHER_ABI_MAJOR,
	.abi_minor = USHER_ABI_MINOR,
	.name = "webhook",
	.version = "1",
	.capabilities = USHER_CAP_FILES,
	.options = webhook_options,
	.open = webhook_open,
	.close = webhook_close,
	.ack = webhook_ack,
	.send = webhook_send,
	.http = webhook_http,
	.http_body = webhook_http_body,
	.http_gone = webhook_http_gone,
	.blob_done = webhook_blob_done,
	.blob_got = webhook_blob_got,
	.health = webhook_health,
	.check = webhook_check,
	.option_size = sizeof(struct usher_option),
};
