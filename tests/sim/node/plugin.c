/*
 * The two channels of this world, in place of shared objects: mail, which sends, and chat, which is live. Instead of
 * src/host/plugin.c. What a customer is told and what reaches the next hop is people.c's to remember.
 */
#include "host/plugin.h"

#include <errno.h>

#include "base/assert.h"
#include "base/str.h"
#include "people.h"
#include "proc.h"

int plugin_adopt(struct plugin *p, const struct usher_channel *given, struct err *err)
{
	(void)err;
	p->api = *given;
	return 0;
}

const char *plugin_holding(const void *code)
{
	(void)code;
	return NULL;
}

static void *port_open(struct usher_host *h, const struct usher_services *services, int number)
{
	struct port *port = arena_alloc(&world.arena, sizeof(*port));

	*port = (struct port){ .services = services, .host = h, .number = number };
	/* Only the node whose turn it is opens channels, and it has none yet. */
	for (size_t i = 0; i < PROCS; i++)
		if (procs[i].alive && procs[i].serving && !procs[i].ports[number])
			port->proc = &procs[i];
	ASSERT(port->proc);
	port->life = port->proc->life;
	port->proc->ports[number] = port;
	return port;
}

static void *mail_open(
	struct usher_host *h, const struct usher_services *services, char *why, size_t why_size)
{
	(void)why;
	(void)why_size;
	return port_open(h, services, CHANNEL_MAIL);
}

static void *chat_open(
	struct usher_host *h, const struct usher_services *services, char *why, size_t why_size)
{
	(void)why;
	(void)why_size;
	return port_open(h, services, CHANNEL_CHAT);
}

static void port_close(void *self)
{
	struct port *port = self;

	port->services->down(port->host, "closed");
}

static void port_ack(void *self, uint64_t token, enum usher_outcome outcome, struct usher_str why)
{
	people_acked(self, token, outcome, slice_make(why.p, why.n));
}

static void port_update(void *self, const struct usher_update *u)
{
	(void)self;
	(void)u; /* what a visitor sees is the history's business */
}

/* ---- the next hop ---- */

struct flight {
	struct port *port;
	struct slice id;
	enum usher_outcome outcome;
};

static void flight_ends(void *arg)
{
	struct flight *f = arg;
	struct usher_str none = { NULL, 0 };

	f->port->services->sent(f->port->host, (struct usher_str){ f->id.p, f->id.n }, f->outcome,
		none, (struct usher_str){ "so it went", 10 });
}

static void flight_lands(void *arg)
{
	struct flight *f = arg;
	struct proc *p = f->port->proc;

	if (p->alive && p->life == f->port->life)
		proc_poke(p, flight_ends, f);
}

static void port_send(void *self, const struct usher_outbound *m)
{
	struct flight *f = arena_alloc(&world.arena, sizeof(*f));
	uint64_t dice = chance_below(100);

	f->port = self;
	f->id = arena_copy(&world.arena, slice_make(m->id.p, m->id.n));
	f->outcome = dice < 85	 ? USHER_OK
		     : dice < 95 ? USHER_RETRY
		     : dice < 98 ? USHER_UNSURE
				 : USHER_FAIL;
	world_trace("%s sends %.*s, attempt %u, outcome %d", f->port->proc->name, (int)m->text.n,
		m->text.p, m->attempt, (int)f->outcome);
	if (f->outcome != USHER_RETRY)
		people_sent(f->id, slice_make(m->text.p, m->text.n));
	world_at(chance_delay_us() + chance_below(50 * MS), flight_lands, f);
}

static const struct usher_option no_options[] = { { 0 } };
static const struct usher_channel mail = { .size = sizeof(mail),
	.abi_major = USHER_ABI_MAJOR,
	.abi_minor = USHER_ABI_MINOR,
	.name = "simmail",
	.version = "0",
	.options = no_options,
	.open = mail_open,
	.close = port_close,
	.ack = port_ack,
	.send = port_send };
static const struct usher_channel chat = { .size = sizeof(chat),
	.abi_major = USHER_ABI_MAJOR,
	.abi_minor = USHER_ABI_MINOR,
	.name = "simchat",
	.version = "0",
	.capabilities = USHER_CAP_LIVE,
	.options = no_options,
	.open = chat_open,
	.close = port_close,
	.ack = port_ack,
	.update = port_update };
static struct plugin plugins[] = { { .name = (char *)"simmail" }, { .name = (char *)"simchat" } };

struct plugin *plugin_load(struct slice dir, struct slice name, struct err *err)
{
	(void)dir;
	for (size_t i = 0; i < 2; i++) {
		if (!slice_is(name, plugins[i].name))
			continue;
		plugins[i].api = i ? chat : mail;
		return &plugins[i];
	}
	err_set(err, ENOENT, "no such plugin");
	return NULL;
}
