/*
 * What is no message, as lines to usherd: news of sent messages, presence, ratings, mail that was asked for. With `ack` in it a line is answered
 * when it is on disk. Called by the plugin.
 */
#include <stdio.h>

#include "host/apart.h"
#include "model/limits.h"

static const char *const deliveries[] = {
	[USHER_DELIVERED] = "delivered", [USHER_READ] = "read", [USHER_BOUNCED] = "bounced"
};
static const char *const presences[] = { [USHER_LEFT] = "left",
	[USHER_BACK] = "back",
	[USHER_END] = "end",
	[USHER_TYPING] = "typing",
	[USHER_SEEN] = "seen" };

/* Which line it is, and its word; NULL: there are no such news, or not of that. */
static const char *kind_of(const struct usher_news *n, const char **word)
{
	switch (n->what) {
	case USHER_NEWS_DELIVERY:
		*word = n->how <= USHER_BOUNCED ? deliveries[n->how] : NULL;
		return *word ? "delivery" : NULL;
	case USHER_NEWS_PRESENCE:
		*word = n->how <= USHER_SEEN ? presences[n->how] : NULL;
		return *word && n->thread.n ? "presence" : NULL;
	case USHER_NEWS_RATING:
		return n->thread.n && n->dedup.n && n->how >= 1 && n->how <= RATING_MAX ? "rate"
											: NULL;
	case USHER_NEWS_MAIL:
		return n->channel.n && n->to.n ? "mail" : NULL;
	}
	return NULL;
}

/* False, and told: usherd would end the process for it. */
static bool is_news(struct usher_host *h, const struct usher_news *n)
{
	const char *word;

	if (kind_of(n, &word))
		return true;
	plugin_wrong(h, "news %d %u, which there are not, or of nothing", (int)n->what,
		(unsigned)n->how);
	return false;
}

static void say(const struct usher_news *n, const char *ack)
{
	const char *word = NULL, *kind = kind_of(n, &word);
	struct str *line = line_begin(kind);
	if (ack)
		line_text(line, "ack", to_str(slice_of(ack)));
	if (word)
		line_text(line, "what", to_str(slice_of(word)));
	line_text(line, "id", n->what == USHER_NEWS_DELIVERY ? n->message : n->dedup);
	line_text(line, "thread", n->thread);
	line_text(line, "remote", n->remote);
	line_text(line, "channel", n->channel);
	line_text(line, "to", n->to);
	line_text(line, "subject", n->subject);
	line_text(line, "lang", n->lang);
	line_text(line, n->what == USHER_NEWS_DELIVERY ? "why" : "text", n->text);
	if (n->seq)
		line_number(line, "seq", n->seq);
	if (n->what == USHER_NEWS_RATING)
		line_number(line, "score", n->how);
	line_end(line);
}

static void say_unless_wrong(struct usher_host *h, const struct usher_news *n)
{
	if (is_news(h, n))
		say(n, NULL);
}

void say_delivery(struct usher_host *h, struct usher_str message, struct usher_str remote,
	enum usher_delivery what, struct usher_str why)
{
	if (service_allowed(h, "delivery"))
		say_unless_wrong(h, &(struct usher_news){ .what = USHER_NEWS_DELIVERY,
					    .how = (uint32_t)what,
					    .message = message,
					    .remote = remote,
					    .text = why });
}

void say_presence(
	struct usher_host *h, struct usher_str thread, enum usher_presence what, uint64_t seq)
{
	if (service_allowed(h, "presence"))
		say_unless_wrong(h, &(struct usher_news){ .what = USHER_NEWS_PRESENCE,
					    .how = (uint32_t)what,
					    .thread = thread,
					    .seq = seq });
}

void say_rate(struct usher_host *h, struct usher_str thread, struct usher_str dedup, uint32_t score,
	struct usher_str text)
{
	if (service_allowed(h, "rate"))
		say_unless_wrong(h, &(struct usher_news){ .what = USHER_NEWS_RATING,
					    .how = score,
					    .thread = thread,
					    .dedup = dedup,
					    .text = text });
}

void say_mail(struct usher_host *h, struct usher_str channel, struct usher_str to,
	struct usher_str subject, struct usher_str text, struct usher_str lang)
{
	if (service_allowed(h, "mail"))
		say_unless_wrong(h, &(struct usher_news){ .what = USHER_NEWS_MAIL,
					    .channel = channel,
					    .to = to,
					    .subject = subject,
					    .text = text,
					    .lang = lang });
}

void say_tell(struct usher_host *h, const struct usher_news *given, uint64_t token)
{
	static unsigned long long count;
	struct usher_news n = { 0 };
	char name[32];

	if (!service_allowed(h, "tell"))
		return;
	memcpy(&n, given, given->size < sizeof(n) ? given->size : sizeof(n));
	snprintf(name, sizeof(name), "news %llu", ++count);
	if (!is_news(h, &n))
		ack_refuse(h, token, "there are no such news");
	else if (owe_or_refuse(h, OWED_ACK, to_str(slice_of(name)), token))
		say(&n, name);
}
