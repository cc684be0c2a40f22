/*
 * What is no message and goes the same way, through the inbox: news of sent messages, what a visitor does beside writing, ratings, automatic
 * mail that somebody asked for. What is told with a token is acknowledged once it is on disk, like a message; what comes without one waits in
 * memory while the disk is away (stubborn.c). Typing goes straight to the desks and is never kept. Called by plugins.
 *
 *   tell ─▶ news_read ─▶ [known by the channel's id only: recall] ─▶ inbox_put ─▶ ack(token)
 */
#include <stdlib.h>

#include "host/inside.h"
#include "model/limits.h"
#include "store/remember.h"
#include "text/normalize.h"

struct telling {
	struct usher_host *h; /* held */
	uint64_t token;
	bool owes; /* an ack */
	struct arena arena;
	struct command c;
	struct slice why; /* of a refusal */
};

/* ---- what the channel says → a command ---- */

/* Unknown words are DELIVERY_NONE and VISIT_NONE. */
static const uint32_t deliveries[] = { [USHER_DELIVERED] = DELIVERY_DELIVERED,
	[USHER_READ] = DELIVERY_READ,
	[USHER_BOUNCED] = DELIVERY_BOUNCED };
static const uint32_t visits[] = { [USHER_LEFT] = VISIT_LEFT,
	[USHER_BACK] = VISIT_BACK,
	[USHER_END] = VISIT_END,
	[USHER_TYPING] = VISIT_NONE,
	[USHER_SEEN] = VISIT_SEEN };

static int read_delivery(struct command *c, const struct usher_news *n, struct err *err)
{
	c->type = COMMAND_RECEIPT;
	c->delivery = n->how <= USHER_BOUNCED ? deliveries[n->how] : DELIVERY_NONE;
	c->remote = to_slice(n->remote);
	c->why = to_slice(n->text);
	if (c->delivery == DELIVERY_NONE || (!n->message.n && !n->remote.n) ||
		(n->message.n && !id_parse(to_slice(n->message), &c->id)))
		return err_set(err, EINVAL, "delivery news %u of no message", (unsigned)n->how);
	return 0;
}

static int read_presence(struct command *c, const struct usher_news *n, struct err *err)
{
	c->type = COMMAND_VISIT;
	c->thread = to_slice(n->thread);
	c->visit = n->how <= USHER_SEEN ? visits[n->how] : VISIT_NONE;
	c->seq = n->seq;
	if (c->visit == VISIT_NONE || !n->thread.n)
		return err_set(err, EINVAL, "presence %u of a thread of %zu bytes",
			(unsigned)n->how, n->thread.n);
	return 0;
}

/* Stars that everybody can read, then what was said beside them. */
static struct slice rating_words(struct arena *arena, uint32_t score, struct slice said)
{
	struct str out = { 0 };

	for (uint32_t i = 1; i <= RATING_MAX; i++)
		str_add_text(&out, i <= score ? "\xe2\x98\x85" : "\xe2\x98\x86");
	str_addf(&out, " %u/%d", (unsigned)score, RATING_MAX);
	if (said.n) {
		str_add_char(&out, '\n');
		text_normalize(&out, said, RATING_TEXT_MAX);
	}
	struct slice words = arena_copy(arena, str_slice(&out));
	str_free(&out);
	return words;
}

static int read_rating(
	struct command *c, const struct usher_news *n, struct arena *arena, struct err *err)
{
	struct str hints = { 0 };

	if (!n->thread.n || n->how < 1 || n->how > RATING_MAX)
		return err_set(err, EINVAL, "a rating of %u for a thread of %zu bytes",
			(unsigned)n->how, n->thread.n);
	c->type = COMMAND_VISIT;
	c->thread = to_slice(n->thread);
	c->visit = VISIT_RATED;
	c->seq = n->how;
	pairs_add(&hints, SLICE("rating"), arena_printf(arena, "%u", (unsigned)n->how));
	c->hints = arena_copy(arena, str_slice(&hints));
	str_free(&hints);
	c->text = rating_words(arena, n->how, to_slice(n->text));
	return 0;
}

static int read_mail(
	const struct usher_host *h, struct command *c, const struct usher_news *n, struct err *err)
{
	c->type = COMMAND_MAIL;
	c->channel = to_slice(n->channel);
	c->to = to_slice(n->to);
	c->subject = to_slice(n->subject);
	c->text = to_slice(n->text);
	c->lang = to_slice(n->lang);
	if (!channel_find(h->host, c->channel))
		return err_set(err, EINVAL, "mail by channel %.*s, which there is not",
			SLICE_ARG(c->channel));
	if (c->to.n > MESSAGE_KEY_MAX || c->subject.n > MESSAGE_SUBJECT_MAX ||
		c->text.n > MESSAGE_TEXT_MAX)
		return err_set(err, EINVAL, "a mail of %zu bytes to an address of %zu", c->text.n,
			c->to.n);
	return 0;
}

/* `kept`: it is told until it is, so a repeat has to be known. What is read borrows from n and the arena. */
static int news_read(const struct usher_host *h, const struct usher_news *n, bool kept,
	struct arena *arena, struct command *c, struct err *err)
{
	int status;

	*c = (struct command){ .channel = slice_of(h->name) };
	switch (n->what) {
	case USHER_NEWS_DELIVERY:
		return read_delivery(c, n, err);
	case USHER_NEWS_PRESENCE:
		return read_presence(c, n, err);
	case USHER_NEWS_RATING:
		status = read_rating(c, n, arena, err);
		break;
	case USHER_NEWS_MAIL:
		status = read_mail(h, c, n, err);
		break;
	default:
		return err_set(err, EINVAL, "news %d, which there are not", (int)n->what);
	}
	if (status)
		return status;
	if (n->dedup.n > MESSAGE_KEY_MAX || (kept && !n->dedup.n))
		return err_set(err, EINVAL, "dedup has %zu bytes, 1 to %d are taken", n->dedup.n,
			MESSAGE_KEY_MAX);
	if (n->dedup.n)
		c->dedup = arena_printf(arena, "%s\n%.*s", h->name, (int)n->dedup.n, n->dedup.p);
	return 0;
}

/* ---- on its way ---- */

static void telling_free(void *arg)
{
	struct telling *t = arg;
	struct usher_host *h = t->h;

	h->deliveries -= t->owes;
	if (!channel_is_gone(h))
		channel_look(h);
	arena_free(&t->arena);
	free(t);
	channel_release(h);
}

static void telling_end(struct telling *t, int status)
{
	struct usher_str why = { 0 };
	enum usher_outcome outcome = status ? outcome_of(status, &why) : USHER_OK;

	if (t->owes && !channel_is_gone(t->h))
		PLUGIN_CALL(t->h, ack, t->h->self, t->token, outcome, why);
	telling_free(t);
}

static void telling_put(void *arg, int status)
{
	telling_end(arg, status);
}

static void telling_go(struct telling *t)
{
	if (t->owes) {
		command_stamp(&t->c, loop_wall_us(t->h->host->loop));
		inbox_put(t->h->host->store, &t->c, telling_put, t);
	} else {
		put_stubborn(t->h, &t->c, NULL, NULL, NULL);
		telling_free(t);
	}
}

/* ---- a channel that knows its own id of the message only ---- */

enum { REMOTE_KEEP_S = 30 * 86400 };

void remote_keep(struct host *host, const char *channel, struct slice remote, struct id message,
	void (*fn)(void *arg, int status), void *arg)
{
	char text[ID_TEXT_LEN + 1];
	struct str scope = { 0 };

	str_addf(&scope, "remote:%s", channel);
	remember(host->store, scope.p, remote, slice_of(id_text(message, text)), REMOTE_KEEP_S, fn,
		arg);
	str_free(&scope);
}

bool remote_is_needed(struct slice remote, struct id message)
{
	char text[ID_TEXT_LEN + 1];

	return remote.n && !memmem(remote.p, remote.n, id_text(message, text), ID_TEXT_LEN);
}

static void recalled(void *arg, int status, struct slice value)
{
	struct telling *t = arg;

	if (channel_is_gone(t->h) || !t->h->host) {
		telling_free(t);
	} else if (status == 0 && id_parse(value, &t->c.id)) {
		t->c.remote = (struct slice){ 0 };
		telling_go(t);
	} else {
		/* Nobody knows that message, and never will: telling it again would change nothing. */
		t->h->count.lost_news += !status || status == -ENOENT || !t->owes;
		telling_end(t, status == -ENOENT ? 0 : status);
	}
}

static void telling_find(struct telling *t)
{
	struct str scope = { 0 };

	if (t->c.type != COMMAND_RECEIPT || !id_is_none(t->c.id)) {
		telling_go(t);
		return;
	}
	str_addf(&scope, "remote:%s", t->h->name);
	recall(t->h->host->store, scope.p, t->c.remote, recalled, t);
	str_free(&scope);
}

/* ---- the services ---- */

static struct telling *telling_new(
	struct usher_host *h, const struct usher_news *n, bool owes, struct err *err)
{
	struct telling *t = mem_alloc(sizeof(*t));
	struct arena arena = { 0 };
	struct command c;

	t->h = channel_hold(h);
	t->owes = owes;
	h->deliveries += owes;
	if (news_read(h, n, owes, &arena, &c, err) == 0)
		record_copy(&command_table, &t->c, &c, &t->arena);
	arena_free(&arena);
	return t;
}

/* Without a token. */
static void hear(struct usher_host *h, const struct usher_news *n)
{
	struct err err = { "" };
	struct telling *t = telling_new(h, n, false, &err);

	if (err.text[0]) {
		plugin_wrong(h, "%s", err.text);
		telling_free(t);
	} else {
		telling_find(t);
	}
}

static void ack_retry(struct usher_host *h, void *arg)
{
	struct telling *t = arg;

	PLUGIN_CALL(h, ack, h->self, t->token, USHER_RETRY, to_str(t->why));
	telling_free(t);
}

static void ack_fail(struct usher_host *h, void *arg)
{
	struct telling *t = arg;

	PLUGIN_CALL(h, ack, h->self, t->token, USHER_FAIL, to_str(t->why));
	telling_free(t);
}

void service_tell(struct usher_host *h, const struct usher_news *given, uint64_t token)
{
	struct usher_news n = { 0 };
	struct err err = { "" };

	if (!service_allowed(h, "tell"))
		return;
	memcpy(&n, given, given->size < sizeof(n) ? given->size : sizeof(n));
	struct slice closed = intake_closed(h);
	struct telling *t = telling_new(h, &n, true, &err);
	t->token = token;
	if (err.text[0]) {
		plugin_wrong(h, "%s", err.text);
		t->why = arena_copy(&t->arena, slice_of(err.text));
		call_later(h, ack_fail, telling_free, t);
	} else if (closed.p) {
		t->why = arena_copy(&t->arena, closed);
		call_later(h, ack_retry, telling_free, t);
	} else {
		telling_find(t);
	}
}

void service_delivery(struct usher_host *h, struct usher_str message, struct usher_str remote,
	enum usher_delivery what, struct usher_str why)
{
	if (service_allowed(h, "delivery"))
		hear(h, &(struct usher_news){ .what = USHER_NEWS_DELIVERY,
				.how = (uint32_t)what,
				.message = message,
				.remote = remote,
				.text = why });
}

void service_presence(
	struct usher_host *h, struct usher_str thread, enum usher_presence what, uint64_t seq)
{
	struct host *host = h->host;

	if (!service_allowed(h, "presence"))
		return;
	if (what != USHER_TYPING)
		hear(h, &(struct usher_news){ .what = USHER_NEWS_PRESENCE,
				.how = (uint32_t)what,
				.thread = thread,
				.seq = seq });
	else if (host->on_typing)
		host->on_typing(host->on_typing_arg, slice_of(h->name), to_slice(thread));
}

void service_rate(struct usher_host *h, struct usher_str thread, struct usher_str dedup,
	uint32_t score, struct usher_str text)
{
	if (service_allowed(h, "rate"))
		hear(h, &(struct usher_news){ .what = USHER_NEWS_RATING,
				.how = score,
				.thread = thread,
				.dedup = dedup,
				.text = text });
}

void service_mail(struct usher_host *h, struct usher_str channel, struct usher_str to,
	struct usher_str subject, struct usher_str text, struct usher_str lang)
{
	if (service_allowed(h, "mail"))
		hear(h, &(struct usher_news){ .what = USHER_NEWS_MAIL,
				.channel = channel,
				.to = to,
				.subject = subject,
				.text = text,
				.lang = lang });
}
