/*
 * What the plugin says: messages, what became of others, who is there. Looked at against the contract, counted and answered later; nothing is stored.
 * Called, as services, by the plugin, and by the cases.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/utf8.h"
#include "ctl/trial.h"
#include "model/limits.h"

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

void msg_deliver(struct usher_host *h, const struct usher_inbound *m, uint64_t token)
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

void msg_sent(struct usher_host *h, struct usher_str id, enum usher_outcome outcome,
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

void msg_delivery(struct usher_host *h, struct usher_str message, struct usher_str remote,
	enum usher_delivery what, struct usher_str why)
{
	(void)why;
	if (service_here(h, "delivery") &&
		((!message.n && !remote.n) || what < USHER_DELIVERED || what > USHER_BOUNCED))
		trial_wrong(h, "delivery news %d of no message", (int)what);
}
void msg_presence(
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
void msg_catch_up(struct usher_host *h, struct usher_str thread, uint64_t after, uint64_t token)
{
	struct caught *c = mem_alloc(sizeof(*c));

	(void)after;
	c->token = token;
	snprintf(c->thread, sizeof(c->thread), "%.*s", (int)thread.n, thread.n ? thread.p : "");
	trial_later(h, caught_now, c);
}

void msg_rate(struct usher_host *h, struct usher_str thread, struct usher_str dedup, uint32_t score,
	struct usher_str text)
{
	(void)text;
	if (service_here(h, "rate") && (!thread.n || !dedup.n || score < 1 || score > 5))
		trial_wrong(h, "rate: a thread, a dedup and a score from 1 to 5 are needed");
}
void msg_reread_done(
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
int msg_is_open(
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
int msg_refuses(struct usher_host *h, enum usher_work what)
{
	(void)what;
	service_here(h, "refuses");
	return 0;
}

void msg_tell(struct usher_host *h, const struct usher_news *n, uint64_t token)
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
void msg_mail(struct usher_host *h, struct usher_str channel, struct usher_str to,
	struct usher_str subject, struct usher_str text, struct usher_str lang)
{
	(void)subject;
	(void)text;
	(void)lang;
	if (service_here(h, "mail") && (!channel.n || !to.n))
		trial_wrong(h, "mail: a channel that carries it and an address are needed");
}
