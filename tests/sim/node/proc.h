/*
 * usherd in this world: the real store, router and host on a loop of their own, put together as src/app/node.c does. Each life is
 * new; a death leaves everything lying where it is, as SIGKILL does.
 */
#ifndef TESTS_SIM_NODE_PROC_H
#define TESTS_SIM_NODE_PROC_H

#include <usher/channel.h>

#include "host/host.h"
#include "net/loop_private.h"
#include "router/router.h"
#include "world.h"

enum { PROCS = 2, CHANNELS = 2, CHANNEL_MAIL = 0, CHANNEL_CHAT = 1 };

/* One open channel: what the plugin of this world knows (plugin.c). */
struct port {
	struct proc *proc;
	const struct usher_services *services;
	struct usher_host *host;
	int number;
	uint64_t life;
};
struct proc {
	const char *name;
	bool alive, serving, stopping;
	uint64_t life; /* counts up */
	struct loop *loop;
	struct store *store;
	struct router *router;
	struct host *host;
	struct config *config;
	bool following, node_up;
	struct loop_timer *again;
	struct happening turn;
	uint64_t stalled_until_us;
	struct loop_soon pokes_due;
	struct list pokes;
	struct port *ports[CHANNELS];
	uint64_t push_n; /* last one seen in this life */
};
extern struct proc procs[PROCS];

void procs_begin(void);
void procs_end(void);
void proc_start(struct proc *p);
/* SIGKILL. */
void proc_kill(struct proc *p);
/* SIGTERM: finishes what is under way, then ends. */
void proc_stop(struct proc *p);
void proc_stall(struct proc *p, uint64_t us);
/* fn(arg) in its next turn, as if a socket had brought it; never when it dies before. */
void proc_poke(struct proc *p, void (*fn)(void *arg), void *arg);
/* Something wants a turn of this loop. */
void proc_wake(const struct loop *loop);
/* Takes messages in and routes, or stands by. */
bool proc_serves(const struct proc *p);
/* config.c: the center that all of them are. */
struct config *center_config(const char *node);

#endif
