/*
 * The cardboard host: one loop's thread, answers that come later and never from inside, and a sharp look at every call. What the store would say is
 * made up in trial_keep.c. Called by the cases and, as services, by the plugin.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/utf8.h"
#include "ctl/trial.h"
#include "model/limits.h"

enum { SLOW_CPU_US = CALLBACK_SLOW_US, SLOW_WALL_US = 200000, RESTLESS_US = 5000000 };

struct later {
	struct list_node node;
	void (*run)(struct usher_host *h, void *arg);
	void *arg;
};
struct usher_timer {
	struct list_node node;
	struct usher_host *h;
	void (*fn)(void *arg);
	void *arg;
	uint64_t at_us; /* 0: not set */
};
struct posted {
	struct posted *next;
	void (*fn)(void *arg);
	void *arg;
};

static pthread_t loop_thread;
static pthread_mutex_t post_lock = PTHREAD_MUTEX_INITIALIZER;
static struct posted *posted_first, **posted_last = &posted_first;
static struct usher_host *inside;
static uint64_t began_cpu, began_wall;
static long began_waits;

/* ---- calls into the plugin ---- */

static uint64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* How often it gave up its processor to wait for something; one that was taken from it is not counted. */
static long waits(void)
{
	struct rusage r;

	getrusage(RUSAGE_THREAD, &r);
	return r.ru_nvcsw;
}

void trial_call_begin(struct usher_host *h, const char *what)
{
	inside = h;
	snprintf(h->t->note->call, sizeof(h->t->note->call), "%s", what);
	began_cpu = cpu_us();
	began_wall = clock_monotonic_us();
	began_waits = waits();
}

void trial_call_end(struct usher_host *h)
{
	uint64_t cpu = cpu_us() - began_cpu, wall = clock_monotonic_us() - began_wall;

	inside = NULL;
	if (cpu > SLOW_CPU_US)
		trial_warn(h, "%s computed for %llu us: more than 5 ms hold up everybody",
			h->t->note->call, (unsigned long long)cpu);
	else if (wall > SLOW_WALL_US && waits() > began_waits)
		trial_wrong(h, "%s blocked the loop for %llu ms", h->t->note->call,
			(unsigned long long)(wall / 1000));
	h->t->note->call[0] = 0;
}

bool service_here(struct usher_host *h, const char *what)
{
	if (pthread_equal(pthread_self(), loop_thread))
		return true;
	trial_wrong(h, "%s called from a thread of the plugin's own; only post may be", what);
	return false;
}

void trial_later(struct usher_host *h, void (*run)(struct usher_host *h, void *arg), void *arg)
{
	struct later *l = mem_alloc(sizeof(*l));

	l->run = run;
	l->arg = arg;
	list_push_back(&h->later, &l->node);
}

/* ---- the loop ---- */

static bool run_posted(struct usher_host *h)
{
	pthread_mutex_lock(&post_lock);
	struct posted *p = posted_first;
	if (p && !(posted_first = p->next))
		posted_last = &posted_first;
	pthread_mutex_unlock(&post_lock);
	if (!p)
		return false;
	trial_call_begin(h, "post");
	p->fn(p->arg);
	trial_call_end(h);
	free(p);
	return true;
}

static bool run_timers(struct usher_host *h)
{
	uint64_t now = clock_monotonic_us();

	LIST_FOR (t, &h->timers, struct usher_timer, node) {
		if (!t->at_us || t->at_us > now || h->down)
			continue;
		t->at_us = 0;
		trial_call_begin(h, "timer");
		t->fn(t->arg);
		trial_call_end(h);
		return true;
	}
	return false;
}

static bool run_later(struct usher_host *h)
{
	struct list_node *n = list_pop_front(&h->later);
	struct later *l = LIST_AT(n, struct later, node);

	if (!l)
		return false;
	l->run(h, l->arg);
	free(l);
	return true;
}

bool trial_run(struct usher_host *h, uint64_t ms, bool (*done)(struct usher_host *h))
{
	uint64_t end = clock_monotonic_us() + ms * 1000;

	for (;;) {
		if (done && done(h))
			return true;
		if (clock_monotonic_us() > end + RESTLESS_US) {
			trial_wrong(h, "it never comes to rest: each answer makes it ask again");
			return false;
		}
		/* Each gets its turn: what asks without end does not hold up what a thread has posted. */
		bool busy = run_later(h);
		busy |= run_posted(h);
		if (busy || trial_pump(h) || run_timers(h))
			continue;
		if (clock_monotonic_us() >= end)
			return !done;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
}

/* ---- small services ---- */

static void s_log(struct usher_host *h, enum usher_level level, const char *text)
{
	(void)level;
	service_here(h, "log");
	if (!utf8_valid(slice_of(text)))
		trial_warn(h, "log of what is no UTF-8");
}
static uint64_t s_now_us(struct usher_host *h)
{
	(void)h;
	return clock_wall_us();
}
static struct usher_str s_option(struct usher_host *h, const char *key)
{
	struct slice s = options_get(&h->options, key);

	return (struct usher_str){ s.p, s.n };
}
static struct usher_str s_channel_name(struct usher_host *h)
{
	return (struct usher_str){ h->name, strlen(h->name) };
}
static struct usher_str s_public_url(struct usher_host *h)
{
	(void)h;
	return (struct usher_str){ "http://usher.test", 17 };
}
static void s_random(struct usher_host *h, void *out, size_t n)
{
	(void)h;
	chance_bytes(out, n);
}
static void s_up(struct usher_host *h)
{
	if (service_here(h, "up"))
		h->up = true;
}
static void s_down(struct usher_host *h, const char *why)
{
	if (!service_here(h, "down"))
		return;
	if (!why)
		trial_wrong(h, "down without a reason");
	h->up = false;
	h->down = h->closing;
}
static void s_count(struct usher_host *h, const char *what, uint64_t n)
{
	(void)n;
	if (service_here(h, "count") && strcmp(what, "seen") != 0 && strcmp(what, "refused") != 0 &&
		strcmp(what, "accepted") != 0 && strcmp(what, "overload") != 0 &&
		strcmp(what, "slow") != 0 && strcmp(what, "wrong") != 0)
		trial_wrong(h, "there is no counter \"%s\"", what);
}

/* ---- messages ---- */

static void ack_now(struct usher_host *h, void *arg)
{
	struct trial_delivery *d = arg;
	char id[ID_TEXT_LEN + 1];
	uint8_t chance[10] = { 7 };
	struct usher_str why = { id_text(id_make(clock_wall_us(), chance), id), ID_TEXT_LEN };

	if (d->acked)
		return; /* it was under way when all were released */
	if (h->outcome == USHER_RETRY || h->outcome == USHER_FAIL)
		why = (struct usher_str){ "the trial says no", 17 };
	d->acked = true;
	TRIAL_CALL(h, ack, h->self, d->token, h->outcome, why);
}

void trial_release(struct usher_host *h)
{
	h->held = false;
	h->answer[0] = 0;
	for (size_t i = 0; i < h->delivery_count && i < TRIAL_KEEP; i++)
		if (!h->deliveries[i].acked)
			trial_later(h, ack_now, &h->deliveries[i]);
}

static void check_key(struct usher_host *h, const char *what, struct usher_str k)
{
	bool plain = utf8_valid((struct slice){ k.p, k.n });

	for (size_t i = 0; i < k.n; i++)
		plain &= (unsigned char)k.p[i] >= 0x20 && k.p[i] != 0x7f;
	if (!k.n)
		trial_wrong(h, "deliver: %s is empty", what);
	else if (k.n > MESSAGE_KEY_MAX)
		trial_wrong(h, "deliver: %s has %zu bytes, at most %d are taken", what, k.n,
			MESSAGE_KEY_MAX);
	else if (!plain)
		trial_wrong(h, "deliver: %s has controls or is no UTF-8", what);
}

static void s_deliver(struct usher_host *h, const struct usher_inbound *m, uint64_t token)
{
	if (!service_here(h, "deliver"))
		return;
	if (h->down)
		trial_wrong(h, "deliver after it said that it is down");
	if (!m->size || m->size > 4096)
		trial_wrong(h, "deliver: size is %zu, it is sizeof(struct usher_inbound)", m->size);
	if (!h->api->ack)
		trial_wrong(h, "deliver, but the plugin has no ack");
	check_key(h, "dedup", m->dedup);
	check_key(h, "thread", m->thread);
	if (m->parts_count > MESSAGE_PARTS_MAX)
		trial_wrong(h, "deliver: %zu parts, at most %d are taken", m->parts_count,
			MESSAGE_PARTS_MAX);
	for (size_t i = 0; i < m->parts_count && i < MESSAGE_PARTS_MAX; i++)
		if (m->parts[i].blob.n != 64)
			trial_wrong(h, "deliver: part %zu names no blob", i + 1);
	if (h->delivery_count >= TRIAL_KEEP) {
		trial_wrong(h, "more than %d deliveries that nobody asked for", TRIAL_KEEP);
		return;
	}
	struct trial_delivery *d = &h->deliveries[h->delivery_count++];
	snprintf(d->dedup, sizeof(d->dedup), "%.*s", (int)m->dedup.n, m->dedup.p ? m->dedup.p : "");
	snprintf(d->thread, sizeof(d->thread), "%.*s", (int)m->thread.n,
		m->thread.p ? m->thread.p : "");
	d->token = token;
	h->answer[0] = 0;
	if (!h->held)
		trial_later(h, ack_now, d);
}

static void s_sent(struct usher_host *h, struct usher_str id, enum usher_outcome outcome,
	struct usher_str remote, struct usher_str why)
{
	(void)remote;
	if (!service_here(h, "sent"))
		return;
	if (outcome > USHER_UNSURE)
		trial_wrong(h, "sent with the outcome %d, which there is not", (int)outcome);
	if (outcome == USHER_FAIL && !why.n)
		trial_warn(h, "sent with USHER_FAIL and no reason: nobody knows what to change");
	for (size_t i = 0; i < h->send_count; i++) {
		struct trial_send *s = &h->sends[i];
		if (id.n != ID_TEXT_LEN || memcmp(s->id, id.p, ID_TEXT_LEN) != 0)
			continue;
		if (s->answers++)
			trial_wrong(h, "a second sent for %s", s->id);
		s->outcome = (int)outcome;
		return;
	}
	trial_wrong(h, "sent for %.*s, which it was not given", (int)id.n, id.n ? id.p : "");
}

void trial_send(struct usher_host *h, const struct usher_outbound *m)
{
	struct usher_outbound own = *m;
	struct trial_send *s = &h->sends[h->send_count++];
	uint8_t chance[10] = { (uint8_t)h->send_count, (uint8_t)(h->send_count >> 8) };

	id_text(id_make(clock_wall_us(), chance), s->id);
	own.size = sizeof(own);
	own.id = (struct usher_str){ s->id, ID_TEXT_LEN };
	own.conv = own.id;
	own.attempt = 1;
	TRIAL_CALL(h, send, h->self, &own);
}

bool trial_all_sent(struct usher_host *h)
{
	for (size_t i = 0; i < h->send_count; i++)
		if (!h->sends[i].answers)
			return false;
	return true;
}

static void s_delivery(struct usher_host *h, struct usher_str message, struct usher_str remote,
	enum usher_delivery what, struct usher_str why)
{
	(void)why;
	if (service_here(h, "delivery") &&
		((!message.n && !remote.n) || what < USHER_DELIVERED || what > USHER_BOUNCED))
		trial_wrong(h, "delivery news %d of no message", (int)what);
}
static void s_presence(
	struct usher_host *h, struct usher_str thread, enum usher_presence what, uint64_t seq)
{
	(void)seq;
	if (service_here(h, "presence") && (!thread.n || what > USHER_SEEN))
		trial_wrong(h, "presence %d of no thread", (int)what);
}

struct caught {
	uint64_t token;
	char thread[TRIAL_KEY];
};
static void caught_now(struct usher_host *h, void *arg)
{
	struct caught *c = arg;
	struct usher_str thread = { c->thread, strlen(c->thread) };

	TRIAL_CALL(h, caught_up, h->self, thread, c->token, h->store);
	free(c);
}
static void s_catch_up(
	struct usher_host *h, struct usher_str thread, uint64_t after, uint64_t token)
{
	struct caught *c = mem_alloc(sizeof(*c));

	(void)after;
	c->token = token;
	snprintf(c->thread, sizeof(c->thread), "%.*s", (int)thread.n, thread.n ? thread.p : "");
	trial_later(h, caught_now, c);
}

static void s_rate(struct usher_host *h, struct usher_str thread, struct usher_str dedup,
	uint32_t score, struct usher_str text)
{
	(void)text;
	if (service_here(h, "rate") && (!thread.n || !dedup.n || score < 1 || score > 5))
		trial_wrong(h, "rate: a thread, a dedup and a score from 1 to 5 are needed");
}
static void s_reread_done(
	struct usher_host *h, uint64_t token, enum usher_outcome outcome, struct usher_str why)
{
	if (!service_here(h, "reread_done"))
		return;
	if (token != REREAD_TOKEN || h->rereads == h->rereads_done)
		trial_wrong(h, "reread_done for what was not asked");
	else
		h->rereads_done++;
	if (outcome == USHER_FAIL && !why.n)
		trial_warn(h, "reread_done with USHER_FAIL and no reason");
}
static int s_is_open(
	struct usher_host *h, const struct usher_pair *hints, size_t count, uint64_t *opens_us)
{
	(void)hints;
	(void)count;
	service_here(h, "is_open");
	*opens_us = 0;
	return h->store == USHER_OK; /* else it is closed, that is to be borne, too */
}
static void told_now(struct usher_host *h, void *arg)
{
	uint64_t *token = arg;
	struct usher_str why = { 0 };

	if (h->outcome == USHER_RETRY || h->outcome == USHER_FAIL)
		why = (struct usher_str){ "the trial says no", 17 };
	TRIAL_CALL(h, ack, h->self, *token, h->outcome == USHER_DUPLICATE ? USHER_OK : h->outcome,
		why);
	free(token);
}
static int s_refuses(struct usher_host *h, enum usher_work what)
{
	(void)what;
	service_here(h, "refuses");
	return 0;
}

static void s_tell(struct usher_host *h, const struct usher_news *n, uint64_t token)
{
	bool named = n->what == USHER_NEWS_RATING || n->what == USHER_NEWS_MAIL;

	if (!service_here(h, "tell"))
		return;
	if (n->size < offsetof(struct usher_news, lang))
		trial_wrong(h, "tell: size of the struct is not set");
	else if (named && !n->dedup.n)
		trial_wrong(h, "tell: a rating or a mail needs a dedup");
	else if (n->what == USHER_NEWS_DELIVERY && !n->message.n && !n->remote.n)
		trial_wrong(h, "tell: delivery news of no message");
	if (token && !h->api->ack)
		trial_wrong(h, "tell, but the plugin has no ack");
	uint64_t *kept = mem_alloc(sizeof(*kept));
	*kept = token;
	trial_later(h, told_now, kept);
}
static void s_mail(struct usher_host *h, struct usher_str channel, struct usher_str to,
	struct usher_str subject, struct usher_str text, struct usher_str lang)
{
	(void)subject;
	(void)text;
	(void)lang;
	if (service_here(h, "mail") && (!channel.n || !to.n))
		trial_wrong(h, "mail: a channel that carries it and an address are needed");
}

/* ---- timers, posts ---- */

static struct usher_timer *s_timer(struct usher_host *h, void (*fn)(void *arg), void *arg)
{
	struct usher_timer *t = mem_alloc(sizeof(*t));

	service_here(h, "timer");
	*t = (struct usher_timer){ .h = h, .fn = fn, .arg = arg };
	list_push_back(&h->timers, &t->node);
	return t;
}
static void s_timer_set(struct usher_timer *t, uint64_t after_us)
{
	service_here(t->h, "timer_set");
	t->at_us = clock_monotonic_us() + after_us;
}
static void s_timer_clear(struct usher_timer *t)
{
	service_here(t->h, "timer_clear");
	t->at_us = 0;
}
static void s_post(struct usher_host *h, void (*fn)(void *arg), void *arg)
{
	struct posted *p = mem_alloc(sizeof(*p));

	(void)h;
	p->fn = fn;
	p->arg = arg;
	pthread_mutex_lock(&post_lock);
	*posted_last = p;
	posted_last = &p->next;
	pthread_mutex_unlock(&post_lock);
}

/* ---- ways in ---- */

static void s_http_route(struct usher_host *h, const char *prefix)
{
	if (!service_here(h, "http_route"))
		return;
	if (prefix[0] != '/')
		trial_wrong(h, "http_route(\"%s\"): a path begins with /", prefix);
	if (!h->api->http)
		trial_wrong(h, "http_route, but the plugin has no http");
	if (h->route_count < TRIAL_ROUTES)
		snprintf(h->routes[h->route_count++], sizeof(h->routes[0]), "%s", prefix);
}
static int s_listen(struct usher_host *h, struct usher_str address, struct usher_str cert,
	struct usher_str key, int starttls_only)
{
	(void)cert;
	(void)key;
	(void)starttls_only;
	service_here(h, "listen");
	if (!h->api->stream)
		trial_wrong(h, "listen, but the plugin has no stream");
	if (!address.n)
		return -EINVAL;
	return 20000 + (int)++h->listener_count; /* nobody listens really */
}
static void s_listen_pause(struct usher_host *h, int pause)
{
	(void)pause;
	service_here(h, "listen_pause");
}

const struct usher_services trial_check_services = { .size = sizeof(struct usher_services),
	.abi_major = USHER_ABI_MAJOR,
	.abi_minor = USHER_ABI_MINOR,
	.log = s_log,
	.now_us = s_now_us,
	.option = s_option,
	.channel_name = s_channel_name,
	.public_url = s_public_url,
	.random = s_random };

const struct usher_services trial_services = { .size = sizeof(struct usher_services),
	.abi_major = USHER_ABI_MAJOR,
	.abi_minor = USHER_ABI_MINOR,
	.log = s_log,
	.now_us = s_now_us,
	.option = s_option,
	.channel_name = s_channel_name,
	.public_url = s_public_url,
	.random = s_random,
	.deliver = s_deliver,
	.sent = s_sent,
	.delivery = s_delivery,
	.presence = s_presence,
	.catch_up = s_catch_up,
	.up = s_up,
	.down = s_down,
	.count = s_count,
	.timer = s_timer,
	.timer_set = s_timer_set,
	.timer_clear = s_timer_clear,
	.post = s_post,
	.http_route = s_http_route,
	.http_method = pipe_method,
	.http_path = pipe_path,
	.http_query = pipe_query,
	.http_header = pipe_header,
	.http_peer = pipe_http_peer,
	.http_read = pipe_read,
	.http_pause = pipe_pause,
	.http_set = pipe_set,
	.http_answer = pipe_answer,
	.http_problem = pipe_problem,
	.http_data = pipe_http_data,
	.http_get_data = pipe_http_get_data,
	.http_file = pipe_file,
	.http_is_upgrade = pipe_is_upgrade,
	.ws_accept = pipe_ws_accept,
	.ws_data = pipe_ws_data,
	.ws_send = pipe_ws_send,
	.ws_output = pipe_ws_output,
	.ws_close = pipe_ws_close,
	.ws_peer = pipe_ws_peer,
	.listen = s_listen,
	.listen_pause = s_listen_pause,
	.stream_data = pipe_stream_data,
	.stream_get_data = pipe_stream_get_data,
	.write = pipe_write,
	.starttls = pipe_starttls,
	.stream_is_tls = pipe_is_tls,
	.read_pause = pipe_read_pause,
	.deadline = pipe_deadline,
	.hangup = pipe_hangup,
	.stream_peer = pipe_stream_peer,
	.remember = keep_remember,
	.recall = keep_recall,
	.blob_open = keep_blob_open,
	.blob_write = keep_blob_write,
	.blob_finish = keep_blob_finish,
	.blob_drop = keep_blob_drop,
	.blob_get = keep_blob_get,
	.rate = s_rate,
	.is_open = s_is_open,
	.remember_for = keep_remember_for,
	.mail = s_mail,
	.tell = s_tell,
	.refuses = s_refuses,
	.reread_done = s_reread_done,
	.http_each_header = pipe_each_header,
	.picture_get = keep_picture_get };

/* ---- a channel's life ---- */

static void keep_problem(void *arg, unsigned line, unsigned col, const char *message)
{
	char *why = arg;

	(void)line;
	(void)col;
	if (!why[0])
		snprintf(why, 256, "%s", message);
}

struct usher_host *trial_open(struct trial *t, const char *name, const char *extra,
	const char *value, char *why, size_t size)
{
	struct usher_host *h = mem_alloc(sizeof(*h));
	struct option given[65];
	size_t n = 0;

	loop_thread = pthread_self();
	h->t = t;
	h->name = name;
	h->api = &t->plugin->api;
	for (size_t i = 0; i < t->option_count; i++)
		if (!extra || !slice_is(t->options[i].name, extra))
			given[n++] = t->options[i];
	if (extra)
		given[n++] = (struct option){ .name = slice_of(extra), .value = slice_of(value) };
	memset(why, 0x7f, size); /* a reason without its end shows */
	why[0] = 0;
	if (options_read(&h->options, h->api->options, given, n, 0, keep_problem, why)) {
		free(h);
		return NULL;
	}
	h->up = true;
	trial_call_begin(h, "open");
	h->self = h->api->open(h, &trial_services, why, size);
	trial_call_end(h);
	if (h->self)
		return h;
	if (!memchr(why, 0, size))
		trial_wrong(h, "open refused with a reason that has no end");
	else if (!why[0])
		trial_wrong(h, "open refused and gave no reason");
	free(h); /* its options too are for the child's whole life */
	return NULL;
}

static bool is_down(struct usher_host *h)
{
	return h->down;
}

void trial_close(struct usher_host *h)
{
	h->closing = true;
	h->held = false;
	if (h->api->close) {
		TRIAL_CALL(h, close, h->self);
		trial_release(h);
		if (!trial_run(h, h->t->patience_ms, is_down))
			trial_wrong(h, "close: it did not say that it is down within %llu s",
				(unsigned long long)h->t->patience_ms / 1000);
	}
	for (size_t i = 0; i < h->send_count; i++)
		if (!h->sends[i].answers)
			trial_wrong(h, "no sent for %s before it was down", h->sends[i].id);
	h->down = true;
	h->self = NULL;
}
