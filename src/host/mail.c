/*
 * Automatic mail that a channel asks for on behalf of a visitor: a transcript, a confirmation. It goes the way of everything, through the
 * inbox; the router counts what an address has had and puts it into the outbox of the channel that carries it. Called by plugins.
 */
#include "base/log.h"
#include "host/inside.h"
#include "model/limits.h"

void service_mail(struct usher_host *h, struct usher_str channel, struct usher_str to,
	struct usher_str subject, struct usher_str text, struct usher_str lang)
{
	if (!service_allowed(h, "mail"))
		return;
	struct command c = { .type = COMMAND_MAIL,
		.channel = to_slice(channel),
		.to = to_slice(to),
		.subject = to_slice(subject),
		.text = to_slice(text),
		.lang = to_slice(lang) };

	if (!channel_find(h->host, c.channel))
		plugin_wrong(h, "mail by channel %.*s, which there is not", SLICE_ARG(c.channel));
	else if (c.to.n > MESSAGE_KEY_MAX || c.subject.n > MESSAGE_SUBJECT_MAX ||
		 c.text.n > MESSAGE_TEXT_MAX)
		plugin_wrong(h, "a mail of %zu bytes to an address of %zu", c.text.n, c.to.n);
	else
		put_stubborn(h, &c, NULL, NULL);
}
