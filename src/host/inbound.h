/*
 * What a plugin delivers becomes a command for the inbox: limits, clean Unicode, text of HTML, quoted part, language, id.
 */
#ifndef USHER_HOST_INBOUND_H
#define USHER_HOST_INBOUND_H

#include <usher/channel.h>

#include "base/arena.h"
#include "base/err.h"
#include "model/command.h"

struct inbound {
	struct command command;
	uint8_t key[16]; /* of (channel, dedup) */
	/* Longer than a message's text or HTML may be: the command has the beginning; the whole becomes a part. */
	struct slice long_text, long_html;
};

/* All memory is in the arena. -EINVAL and the reason: the plugin must not deliver this again as it is. The command's id is made of
 * now and the key: whoever knows an earlier id of the same key puts that in its place. */
int inbound_read(struct slice channel, const struct usher_inbound *given, uint64_t now_us,
	struct arena *arena, struct inbound *out, struct err *err);
/* Adds a part that the host itself made. */
void inbound_add_part(struct inbound *in, struct arena *arena, const char *name, const char *type,
	struct slice blob, uint64_t size);

#endif
