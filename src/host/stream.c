/*
 * Stream connections of plugins: listeners with or without TLS, STARTTLS, deadlines. Called through the services table; calls
 * `stream`.
 */
#include <stdlib.h>

#include "base/log.h"
#include "host/inside.h"
#include "net/tls.h"

struct stream_listener {
	struct list_node node;
	struct usher_host *h;
	struct listener *listener;
	struct tls *tls; /* lives as long as the channel: connections use it */
};

struct usher_stream {
	struct list_node node;
	struct usher_host *h; /* NULL: its channel has ended */
	struct conn *conn;
	struct tls *tls;
	void *data;
	bool opened;
};

static void stream_call(struct usher_stream *s, enum usher_stream_event ev, struct slice bytes)
{
	struct usher_host *h = s->h;

	if (h)
		PLUGIN_CALL(h, stream, h->self, s, ev, to_str(bytes));
}

static void stream_opened(struct conn *c, void *arg)
{
	struct usher_stream *s = arg;
	enum usher_stream_event ev = s->opened ? USHER_STREAM_TLS : USHER_STREAM_OPEN;

	(void)c;
	s->opened = true;
	stream_call(s, ev, (struct slice){ 0 });
}

static size_t stream_bytes(struct conn *c, struct slice bytes, void *arg)
{
	struct usher_stream *s = arg;
	struct usher_host *h = s->h;
	size_t used;

	(void)c;
	if (!h || !h->self)
		return bytes.n;
	uint64_t began = call_begin(h, "stream");
	used = h->api->stream(h->self, s, USHER_STREAM_DATA, to_str(bytes));
	call_end(h, began);
	if (used > bytes.n) {
		plugin_wrong(h, "consumed %zu of %zu bytes", used, bytes.n);
		used = bytes.n;
	}
	return used;
}

static void stream_drained(struct conn *c, void *arg)
{
	(void)c;
	stream_call(arg, USHER_STREAM_DRAINED, (struct slice){ 0 });
}

static void stream_closed(struct conn *c, const char *why, void *arg)
{
	struct usher_stream *s = arg;

	(void)c;
	s->conn = NULL;
	if (s->node.on)
		list_remove(&s->node);
	stream_call(s, USHER_STREAM_CLOSED, slice_of(why));
	free(s);
}

static const struct conn_ops OPS = {
	.opened = stream_opened,
	.data = stream_bytes,
	.drained = stream_drained,
	.closed = stream_closed,
};

static void stream_accept(struct conn *c, void *arg)
{
	struct stream_listener *l = arg;
	struct usher_stream *s = mem_alloc(sizeof(*s));

	s->h = l->h;
	s->conn = c;
	s->tls = l->tls;
	list_push_back(&l->h->streams, &s->node);
	conn_set_ops(c, &OPS, s);
}

/* ---- listening ---- */

static int listen_on(struct stream_listener *l, const char *address, struct tls *tls)
{
	struct err err = { "" };

	l->listener = listener_new(l->h->host->loop, address, tls, stream_accept, l, &err);
	if (l->listener)
		return listener_port(l->listener);
	int error = -errno;
	channel_set_down(l->h, err.text);
	log_error(l->h->name, "cannot listen address=%s why=\"%s\"", address, err.text);
	return error;
}

static int listen_tls(struct stream_listener *l, struct slice cert, struct slice key)
{
	char *cert_file = slice_dup(cert), *key_file = slice_dup(key);
	struct err err = { "" };

	l->tls = tls_server_new(cert_file, key_file, &err);
	free(cert_file);
	free(key_file);
	if (l->tls)
		return 0;
	channel_set_down(l->h, err.text);
	log_error(l->h->name, "no TLS why=\"%s\"", err.text);
	return -EINVAL;
}

int service_listen(struct usher_host *h, struct usher_str address, struct usher_str tls_cert,
	struct usher_str tls_key, int starttls_only)
{
	struct stream_listener *l = mem_alloc(sizeof(*l));
	char *where = slice_dup(to_slice(address));
	int port = 0;

	l->h = h;
	list_push_back(&h->listeners, &l->node);
	if (!h->api->stream)
		port = -ENOSYS;
	else if (tls_cert.n)
		port = listen_tls(l, to_slice(tls_cert), to_slice(tls_key));
	if (port == 0)
		port = listen_on(l, where, starttls_only ? NULL : l->tls);
	free(where);
	return port;
}

void service_listen_pause(struct usher_host *h, int pause)
{
	LIST_FOR (l, &h->listeners, struct stream_listener, node) {
		if (!l->listener)
			continue;
		if (pause)
			listener_pause(l->listener);
		else
			listener_resume(l->listener);
	}
}

void stream_renew_tls(struct usher_host *h)
{
	LIST_FOR (l, &h->listeners, struct stream_listener, node) {
		struct err err = { "" };
		struct tls *fresh = l->tls ? tls_server_again(l->tls, &err) : NULL;
		if (fresh)
			tls_replace(l->tls, &fresh);
		else if (l->tls)
			log_error(h->name, "certificate not renewed why=\"%s\"", err.text);
	}
}

void stream_stop_listening(struct usher_host *h)
{
	LIST_FOR (l, &h->listeners, struct stream_listener, node)
		listener_free(&l->listener);
}

void stream_drop_all(struct usher_host *h)
{
	while (h->streams.first) {
		struct usher_stream *s = LIST_ENTRY(h->streams.first, struct usher_stream, node);
		list_remove(&s->node);
		s->h = NULL;
		if (s->conn)
			conn_close(s->conn, "this channel has closed");
	}
	while (h->listeners.first) {
		struct stream_listener *l =
			LIST_ENTRY(h->listeners.first, struct stream_listener, node);
		list_remove(&l->node);
		listener_free(&l->listener);
		tls_free(&l->tls);
		free(l);
	}
}

/* ---- one connection ---- */

void service_stream_data(struct usher_stream *s, void *data)
{
	s->data = data;
}

void *service_stream_get_data(struct usher_stream *s)
{
	return s->data;
}

void service_write(struct usher_stream *s, struct usher_str bytes)
{
	if (s->conn)
		conn_write(s->conn, to_slice(bytes));
}

void service_starttls(struct usher_stream *s)
{
	if (s->conn && s->tls)
		conn_starttls(s->conn, s->tls);
	else if (s->h)
		plugin_wrong(s->h, "STARTTLS where no certificate was given");
}

int service_stream_is_tls(struct usher_stream *s)
{
	return s->conn && conn_is_tls(s->conn);
}

void service_read_pause(struct usher_stream *s, int pause)
{
	if (!s->conn)
		return;
	if (pause)
		conn_read_pause(s->conn);
	else
		conn_read_resume(s->conn);
}

void service_deadline(struct usher_stream *s, uint64_t after_us, const char *why)
{
	if (!s->conn)
		return;
	if (after_us)
		conn_deadline(s->conn, after_us, why);
	else
		conn_deadline_clear(s->conn);
}

void service_hangup(struct usher_stream *s, int finish_output, const char *why)
{
	if (!s->conn)
		return;
	if (finish_output)
		conn_finish(s->conn, why);
	else
		conn_close(s->conn, why);
}

const char *service_stream_peer(struct usher_stream *s)
{
	return s->conn ? conn_peer(s->conn) : "";
}
