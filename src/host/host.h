/*
 * The host: channels from inside. Loads plugins, gives them the services table, turns usher_inbound into commands for the inbox and
 * outbox entries into `send`, keeps retry and back-off, and brings committed messages to live threads.
 *
 *   plugin ──deliver──▶ host ──normalize, limits──▶ inbox_put ──on disk──▶ ack
 *   outbox_follow ──▶ host ──send──▶ plugin ──sent──▶ host ──COMMAND_RECEIPT──▶ inbox, then outbox_done
 *   push effects ──▶ host_push ──update──▶ plugin (live channels)
 */
#ifndef USHER_HOST_HOST_H
#define USHER_HOST_HOST_H

#include "base/err.h"
#include "model/config.h"
#include "model/effect.h"
#include "model/shed.h"
#include "net/http_server.h"
#include "store/store.h"

struct host;

/* `usherd --apart PLUGIN.so`: that plugin in this process, for an isolated channel of another usherd (apart.h). The exit code. */
int host_apart(const char *path);

/* Loads every plugin that the configuration names and checks all channel options, without opening anything: for usherd -t.
 * Returns the number of problems; each is reported as `line:col: message` through fn. */
size_t host_check(const struct config *config,
	void (*fn)(void *arg, unsigned line, unsigned col, const char *message), void *arg);

/* `http` is where plugins' routes go. The config is borrowed until host_configure. */
struct host *host_new(struct loop *loop, struct store *store, struct http_server *http,
	const struct config *config);
/* Opens all channels (after store ready). */
int host_open(struct host *h, struct err *err);
/* Opens new channels, closes those that are gone, reopens those whose options changed. */
int host_configure(struct host *h, const struct config *config, struct err *err);
/* Committed effects, in order. */
void host_push(struct host *h, const struct effect *effects, size_t count);
/* Someone at a desk is typing (ephemeral). */
void host_typing(struct host *h, struct slice channel, struct slice thread, struct slice name);
/* An agent has seen a live conversation up to that number (ephemeral). */
void host_seen(struct host *h, struct slice channel, struct slice thread, uint64_t seq);
/* After a restart: these conversations are open, and whoever was at the other end is not connected (yet). Live channels are told, so that
 * somebody who never comes back has left. */
void host_expect(struct host *h, const struct id *convs, size_t count);
/* A visitor is typing: set by the app to reach the desks. */
void host_on_typing(struct host *h,
	void (*fn)(void *arg, struct slice channel, struct slice thread), void *arg);
/* Intake refused (overload, drain): new messages get USHER_RETRY at once; owed acknowledgements are still given. */
void host_intake(struct host *h, bool open, const char *why);
/* Overload: what channels are told to refuse of new work; how often they were. */
void host_shed(struct host *h, enum shed level);
uint64_t host_shed_count(const struct host *h);
/* Whether this node leads. One that does not begins no send: what it had in hand is the other's. */
void host_leads(struct host *h, bool leads);
/* Drain: close all channels; done once every accepted delivery is acknowledged, every send answered and every plugin has said that it
 * is down. The caller bounds the time. */
void host_close(struct host *h, void (*done)(void *arg), void *arg);
/* After the HTTP server is freed (it has the routes), before or after the store. */
void host_free(struct host **h);

/* Has the plugin of the channel read a quarantined message again: its raw blob, and its place in the list. status 0: it was
 * understood and delivered, `why` is the new message's id; else why not, -EBADMSG when it still cannot be understood. */
void host_reread(struct host *h, struct slice channel, struct slice raw, struct slice of,
	void (*fn)(void *arg, int status, struct slice why), void *arg);

struct channel_status {
	struct slice name, plugin;
	bool up;
	const char *why;
	/* This process's life: */
	uint64_t seen, accepted, refused, quarantined, sent, failed, retried;
	size_t outbox;
	uint64_t duplicate;   /* taken in before; of `seen` */
	uint64_t lost_news;   /* "bounced", "read" of messages that nobody knows */
	uint64_t retried_in;  /* told to come again later: overload, drain, store away */
	uint64_t slow, wrong; /* calls over CALLBACK_SLOW_US; breaches of the contract */
};
void host_each(
	const struct host *h, void (*fn)(void *arg, const struct channel_status *s), void *arg);
/* What the channel's plugin says of itself now, one JSON object; empty when it says nothing. Good until the next call. */
struct slice host_health(struct host *h, struct slice channel);

#endif
