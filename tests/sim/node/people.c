/*
 * Customers and agents. Called by main.c, and by the world for everything they do.
 *
 *   customer: say ─▶ deliver in some node's turn ─▶ ack ─▶ [lost with the node, or too late: say it again] ─▶ next message
 *             news of a message that bounced, stars, a transcript that is wanted: told the same way
 *   agent:    look at the engine ─▶ one command ─▶ inbox ─▶ answer in the push stream ─▶ look again
 */
#include "people.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/inbox.h"

struct people people;

struct desk {
	int number;
	char name[8], session[32];
	struct proc *proc; /* where it is connected */
	uint64_t life, serial;
	struct order *order; /* not yet answered */
	uint64_t order_us;   /* when it was put last */
};
static struct desk desks[AGENTS];

static struct proc *some_serving(void)
{
	size_t first = chance_below(PROCS);

	for (size_t i = 0; i < PROCS; i++)
		if (proc_serves(&procs[(first + i) % PROCS]))
			return &procs[(first + i) % PROCS];
	return NULL;
}

static struct usher_str usher_text(const char *s)
{
	return (struct usher_str){ s, strlen(s) };
}

/* ---- customers ---- */

struct saying {
	struct news *news; /* instead of the two below */
	struct customer *customer;
	struct said *said;
	struct proc *proc;
	uint64_t life;
};

static void customer_says(void *arg);

static void thread_of(const struct customer *c, const struct said *said, char out[48])
{
	if (c->one_thread)
		snprintf(out, 48, "t-%d", c->number);
	else
		snprintf(out, 48, "t-%s", said->text);
}

static void deliver(void *arg)
{
	struct saying *s = arg;
	struct port *port = s->proc->ports[s->customer->channel];
	char thread[48], who[48], email[48];

	if (!proc_serves(s->proc) || !port)
		return;
	bool mail = s->customer->channel == CHANNEL_MAIL;
	thread_of(s->customer, s->said, thread);
	snprintf(email, sizeof(email), "v%d@x.test", s->customer->number);
	snprintf(who, sizeof(who), "c%d@%s", s->customer->number,
		s->customer->number % 3 ? "x.test" : "premier.test");
	struct usher_pair hint = { usher_text("email"), usher_text(email) };
	struct usher_inbound m = { .size = sizeof(m),
		.dedup = usher_text(s->said->text),
		.thread = usher_text(thread),
		.identity_kind = usher_text(mail ? "email" : "chat"),
		.identity = usher_text(who),
		.verified = !mail,
		.hints = &hint,
		.hints_count = !mail && s->customer->gives_address,
		.text = usher_text(s->said->text) };
	port->services->deliver(port->host, &m, (uint64_t)(uintptr_t)s);
}

static void say_on(struct customer *c, struct said *said, struct proc *p)
{
	struct saying *s = arena_alloc(&world.arena, sizeof(*s));

	*s = (struct saying){ NULL, c, said, p, p->life };
	proc_poke(p, deliver, s);
}

/* A chat is left, and come back to, in the channel that the message went through. */
static void goes(void *arg)
{
	struct saying *s = arg;
	struct port *port = s->proc->ports[s->customer->channel];
	enum usher_presence what = chance_one_in(3) ? USHER_BACK : USHER_LEFT;
	char thread[48];

	if (!proc_serves(s->proc) || !port || s->proc->life != s->life)
		return;
	thread_of(s->customer, s->said, thread);
	world_trace("%s %s", thread, what == USHER_BACK ? "is back" : "has left");
	port->services->presence(port->host, usher_text(thread), what, 0);
}

static void customer_goes(void *arg)
{
	struct saying *s = arg;

	if (s->proc->alive)
		proc_poke(s->proc, goes, s);
}

/* ---- news ---- */

static void tell(void *arg)
{
	struct saying *s = arg;
	struct news *n = s->news;
	struct port *port = s->proc->ports[n->channel];
	char to[48];

	if (!proc_serves(s->proc) || !port)
		return;
	snprintf(to, sizeof(to), "%s@x.test", n->text); /* each its own: nobody gets many */
	struct usher_news m = { .size = sizeof(m), .dedup = usher_text(n->text) };
	m.what = n->what;
	m.how = n->what == USHER_NEWS_DELIVERY ? USHER_BOUNCED : 4;
	m.message = usher_text(n->message);
	m.thread = usher_text(n->thread);
	m.channel = usher_text("mail");
	m.to = usher_text(to);
	m.subject = m.text = usher_text(n->text);
	port->services->tell(port->host, &m, (uint64_t)(uintptr_t)s);
}

/* Told again and again, now and then twice at once, to whoever serves. */
static void news_go(void *arg)
{
	struct news *n = arg;
	struct proc *p = some_serving();

	if (n->acked)
		return;
	for (int i = 0; p && i < (chance_one_in(10) ? 2 : 1); i++) {
		struct saying *s = arena_alloc(&world.arena, sizeof(*s));
		*s = (struct saying){ .news = n, .proc = p, .life = p->life };
		world_trace("%s is told to %s", n->text, p->name);
		proc_poke(p, tell, s);
	}
	world_at(200 * MS + chance_below(2 * SECOND), news_go, n);
}

static struct news *news_new(unsigned what, int channel)
{
	if (people.closing || people.news_count == NEWS_MAX)
		return NULL;
	struct news *n = &people.news[people.news_count++];
	*n = (struct news){ .what = what, .channel = channel };
	snprintf(n->text, sizeof(n->text), "n%zu", people.news_count);
	world_at(chance_below(3 * SECOND), news_go, n);
	return n;
}

static void customer_tells(const struct customer *c, const struct said *said)
{
	struct news *n = c->channel == CHANNEL_CHAT && chance_one_in(3)
				 ? news_new(chance_one_in(2) ? USHER_NEWS_RATING : USHER_NEWS_MAIL,
					   CHANNEL_CHAT)
				 : NULL;

	if (n)
		thread_of(c, said, n->thread);
}

/* Says what is not acknowledged yet, again and again. */
static void customer_says(void *arg)
{
	struct customer *c = arg;
	struct said *said = &c->said[c->count - 1];
	struct proc *p = some_serving();

	if (said->acked)
		return;
	if (p) {
		c->tries++;
		world.tally.repeats += c->tries > 1;
		world_trace("customer says %s to %s", said->text, p->name);
		say_on(c, said, p);
		if (chance_one_in(10))
			say_on(c, said, p); /* a network that repeats */
	}
	world_at(200 * MS + chance_below(2 * SECOND), customer_says, c);
}

static void customer_next(void *arg)
{
	struct customer *c = arg;

	if (c->count == c->most || people.closing)
		return;
	struct said *said = &c->said[c->count++];
	snprintf(said->text, sizeof(said->text), "c%d-%zu", c->number, c->count);
	c->tries = 0;
	customer_says(c);
}

struct acked {
	struct saying *saying;
	bool stored;
	char id[27];
};

static void customer_hears(void *arg)
{
	struct acked *a = arg;
	struct saying *s = a->saying;

	/* It was on its way out of a process that has died since. */
	if (s->proc->life != s->life && chance_one_in(2))
		return;
	if (s->news) {
		s->news->acked = s->news->acked || a->stored;
		return;
	}
	if (!a->stored || s->said->acked)
		return;
	world_trace("customer hears that %s is kept as %s", s->said->text, a->id);
	s->said->acked = true;
	memcpy(s->said->id, a->id, sizeof(a->id));
	world.tally.messages++;
	if (chance_one_in(8)) { /* did not believe it */
		struct proc *p = some_serving();
		if (p)
			say_on(s->customer, s->said, p);
	}
	customer_tells(s->customer, s->said);
	world_at(chance_below(SECOND), customer_next, s->customer);
	for (size_t i = s->customer->channel == CHANNEL_CHAT ? chance_below(4) : 0; i; i--)
		world_at(chance_below(8 * SECOND), customer_goes, s);
}

void people_acked(struct port *port, uint64_t token, enum usher_outcome outcome, struct slice why)
{
	struct acked *a = arena_alloc(&world.arena, sizeof(*a));

	(void)port;
	a->saying = (struct saying *)(uintptr_t)token;
	a->stored = outcome == USHER_OK || outcome == USHER_DUPLICATE;
	if (a->stored && why.n == 26)
		memcpy(a->id, why.p, 26);
	if (!a->stored)
		world_trace("%s: %.*s",
			a->saying->news ? a->saying->news->text : a->saying->said->text,
			SLICE_ARG(why));
	world_at(chance_delay_us(), customer_hears, a);
}

/* ---- what the next hop took ---- */

void people_sent(struct slice id, struct slice text)
{
	for (size_t i = 0; i < people.sent_count; i++)
		if (slice_equal(people.sent[i].id, id)) {
			people.sent[i].times++;
			return;
		}
	if (id.n == 26 && text.p[0] == 'r' && chance_one_in(5)) {
		struct news *n = news_new(USHER_NEWS_DELIVERY, CHANNEL_MAIL);
		if (n)
			memcpy(n->message, id.p, 26);
	}
	if (people.sent_count < SENT_MAX)
		people.sent[people.sent_count++] = (struct sent){ arena_copy(&world.arena, id),
			arena_copy(&world.arena, text), 1 };
}

/* ---- agents ---- */

struct look {
	struct desk *desk;
	uint64_t serial, life;
	struct proc *proc;
	struct conv_view work[32];
	size_t count;
};

static void desk_looks(void *arg);

/* The same look is not begun twice: each has the serial of its time. */
static void desk_looks_in(struct desk *d, uint64_t us)
{
	struct look *l = arena_alloc(&world.arena, sizeof(*l));

	*l = (struct look){ .desk = d, .serial = ++d->serial };
	world_at(us, desk_looks, l);
}

static void order_put(void *arg, int status)
{
	struct order *o = arg;

	o->put = o->put || status == 0;
}

static void order_go(void *arg)
{
	struct desk *d = arg;
	struct order *o = d->order;

	if (!o || !proc_serves(d->proc))
		return;
	uint8_t chance[10];
	chance_bytes(chance, sizeof(chance));
	o->c.at_us = loop_wall_us(d->proc->loop);
	if (id_is_none(o->c.id))
		o->c.id = id_make(o->c.at_us, chance);
	d->order_us = world.now_us;
	inbox_put(d->proc->store, &o->c, order_put, o);
}

static struct order *order_new(struct desk *d, enum command_type type)
{
	if (people.order_count == ORDERS_MAX)
		return NULL;
	struct order *o = &people.orders[people.order_count++];
	snprintf(o->cmd, sizeof(o->cmd), "a%d-%zu", d->number, people.order_count);
	o->c = (struct command){ .type = type,
		.agent = slice_of(d->name),
		.session = arena_copy(&world.arena, slice_of(d->session)),
		.node = slice_of(d->proc->name),
		.cmd = slice_of(o->cmd),
		.dedup = arena_printf(&world.arena, "desk\n%s\n%s", d->name, o->cmd) };
	d->order = o;
	return o;
}

static void order_about(struct desk *d, enum command_type type, const struct conv_view *v)
{
	struct order *o = order_new(d, type);

	if (!o)
		return;
	o->c.conv = v->conv;
	o->c.offer = v->offer;
	if (type == COMMAND_REPLY || type == COMMAND_NOTE) {
		snprintf(o->text, sizeof(o->text), "r-%s", o->cmd);
		o->c.text = slice_of(o->text);
	} else if (type == COMMAND_TRANSFER) {
		o->c.to = SLICE("queue:q");
	} else if (type == COMMAND_RESOLVE) {
		o->c.outcome = SLICE("solved");
	}
	world_trace("%s: %s %s", d->name, command_words[type], o->cmd);
	order_go(d);
}

static void act_on(struct desk *d, const struct conv_view *v)
{
	uint64_t dice = chance_below(100);

	if (v->state == CONV_OFFERED && dice < 75)
		order_about(d, COMMAND_ACCEPT, v);
	else if (v->state == CONV_OFFERED && dice < 85)
		order_about(d, COMMAND_DECLINE, v);
	else if (v->state == CONV_ACTIVE)
		order_about(d,
			dice < 80   ? COMMAND_REPLY
			: dice < 90 ? COMMAND_NOTE
				    : COMMAND_TRANSFER,
			v);
	else if (v->state == CONV_PENDING)
		order_about(d, dice < 70 ? COMMAND_RESOLVE : COMMAND_REPLY, v);
	else if (v->state == CONV_WRAPUP && dice < 50)
		order_about(d, COMMAND_WRAPUP_DONE, v);
}

static bool look_at(const struct conv_view *v, void *arg)
{
	struct look *l = arg;

	if (l->count < 32)
		l->work[l->count++] = *v;
	return true;
}

/* What a desk tells about itself: without an id to answer to. */
static void desk_tells(struct desk *d, enum command_type type)
{
	uint8_t chance[10];
	struct command c = { .type = type,
		.agent = slice_of(d->name),
		.session = slice_of(d->session),
		.node = slice_of(d->proc->name),
		.presence = type == COMMAND_PRESENCE ? PRESENCE_AVAILABLE : 0 };
	static struct order ignored;

	chance_bytes(chance, sizeof(chance));
	c.at_us = loop_wall_us(d->proc->loop);
	c.id = id_make(c.at_us, chance);
	world_trace("%s: %s", d->name, command_words[type]);
	inbox_put(d->proc->store, &c, order_put, &ignored);
}

static void user_tells(struct desk *d)
{
	struct order *o = order_new(d, COMMAND_USER);

	if (!o)
		return;
	o->c.name = o->c.agent;
	o->c.role = ROLE_AGENT;
	o->c.skills = SLICE("ru=50");
	order_go(d);
}

static void desk_sees(void *arg, const struct engine *e, uint64_t push_n)
{
	struct look *l = arg;
	struct desk *d = l->desk;
	struct agent_view me;

	(void)push_n;
	if (l->serial != d->serial || !proc_serves(l->proc) || l->proc->life != l->life)
		return;
	if (!e) {
		desk_looks_in(d, 300 * MS);
		return;
	}
	if (!engine_agent(e, slice_of(d->name), &me)) {
		user_tells(d);
	} else if (!me.online) {
		desk_tells(d, COMMAND_DESK_UP);
	} else if (me.presence != PRESENCE_AVAILABLE) {
		desk_tells(d, COMMAND_PRESENCE);
	} else {
		engine_each_work(e, me.agent, look_at, l);
		if (l->count)
			act_on(d, &l->work[chance_below(l->count)]);
	}
	desk_looks_in(d, 100 * MS + chance_below(700 * MS));
}

static void desk_reads(void *arg)
{
	struct look *l = arg;

	if (l->serial == l->desk->serial && proc_serves(l->proc))
		router_read(l->proc->router, desk_sees, l);
}

static void desk_retries(struct desk *d)
{
	if (world.now_us - d->order_us > 1500 * MS)
		proc_poke(d->proc, order_go, d);
}

static void desk_looks(void *arg)
{
	struct look *l = arg;
	struct desk *d = l->desk;

	if (l->serial != d->serial)
		return;
	if (d->order && d->order->answered)
		d->order = NULL;
	if (!d->proc || !proc_serves(d->proc) || d->proc->life != d->life) {
		d->proc = some_serving();
		d->life = d->proc ? d->proc->life : 0;
		if (d->proc)
			snprintf(d->session, sizeof(d->session), "%s:%llu.%d", d->proc->name,
				(unsigned long long)d->life, d->number);
	}
	/* Whatever becomes of this look, there will be another. */
	desk_looks_in(d, 2 * SECOND);
	if (!d->proc)
		return;
	if (d->order) {
		desk_retries(d);
		desk_looks_in(d, 300 * MS);
		return;
	}
	if (people.closing)
		return;
	l->serial = d->serial;
	l->proc = d->proc;
	l->life = d->life;
	proc_poke(d->proc, desk_reads, l);
}

static void flap_now(void *arg)
{
	struct desk *d = arg;

	if (proc_serves(d->proc))
		desk_tells(d, COMMAND_DESK_DOWN);
}

void people_flap(void)
{
	struct desk *d = &desks[chance_below(AGENTS)];

	if (!d->proc || !proc_serves(d->proc) || d->proc->life != d->life)
		return;
	world.tally.flaps++;
	proc_poke(d->proc, flap_now, d);
}

void people_pushed(struct proc *p, const struct effect *ef)
{
	(void)p;
	if (ef->type != EFFECT_ANSWER)
		return;
	for (size_t i = 0; i < people.order_count; i++) {
		struct order *o = &people.orders[i];
		if (!slice_is(ef->cmd, o->cmd))
			continue;
		world.tally.answered += !o->answered && o->c.type == COMMAND_REPLY;
		if (!o->answered)
			o->answer = (enum answer)ef->answer;
		o->answered = true;
	}
}

/* ---- the whole ---- */

void people_begin(void)
{
	people = (struct people){ 0 };
	people.orders = arena_array(&world.arena, ORDERS_MAX, sizeof(struct order));
	people.news = arena_array(&world.arena, NEWS_MAX, sizeof(struct news));
	people.sent = arena_array(&world.arena, SENT_MAX, sizeof(struct sent));
	for (int i = 0; i < CUSTOMERS; i++) {
		people.customers[i] = (struct customer){ .number = i,
			.channel = (int)chance_below(CHANNELS),
			.one_thread = chance_one_in(2),
			.gives_address = !chance_one_in(4),
			.most = 1 + chance_below(SAID_MAX) };
		world_at(chance_below(5 * SECOND), customer_next, &people.customers[i]);
	}
	for (int i = 0; i < AGENTS; i++) {
		desks[i] = (struct desk){ .number = i };
		snprintf(desks[i].name, sizeof(desks[i].name), "ag%d", i);
		desk_looks_in(&desks[i], chance_below(SECOND));
	}
}

bool people_are_done(void)
{
	for (size_t i = 0; i < CUSTOMERS; i++) {
		const struct customer *c = &people.customers[i];
		if (c->count && !c->said[c->count - 1].acked)
			return false;
		if (c->count < c->most && !people.closing)
			return false;
	}
	for (size_t i = 0; i < people.order_count; i++)
		if (!people.orders[i].answered)
			return false;
	for (size_t i = 0; i < people.news_count; i++)
		if (!people.news[i].acked)
			return false;
	return true;
}

void people_print(struct str *out)
{
	for (size_t i = 0; i < CUSTOMERS; i++) {
		const struct customer *c = &people.customers[i];
		if (c->count && !c->said[c->count - 1].acked)
			str_addf(out, " %s", c->said[c->count - 1].text);
	}
	for (size_t i = 0; i < people.order_count; i++)
		if (!people.orders[i].answered)
			str_addf(out, " %s", people.orders[i].cmd);
	for (size_t i = 0; i < people.news_count; i++)
		if (!people.news[i].acked)
			str_addf(out, " %s", people.news[i].text);
}
