/*
 * How long a blob lives: for store_options.unnamed_keep_s after it was written, and for ever once a message names it.
 *
 *   written ─▶ blob:SHA with an expiry ─┬─ inbox_put of a message that names it: PERSIST ─▶ for ever
 *                                       └─ nobody did in time: Redis forgets the key ─▶ [a file: blob_collect]
 *
 * No message is acknowledged without its files, however long Redis, the disk or usherd stood still between writing and naming: inbox_put
 * asks in the same breath whether each key is there. Where one is not, the sender is told to come again, with the file.
 *
 * The key of a small blob has its bytes, that of a file a mark (BLOB_MARK). So what is named and what is not is known in one
 * place, to every node, and what no key ever stood for (files of before there were marks) is never taken for waste.
 */
#ifndef USHER_STORE_BLOB_LIFE_H
#define USHER_STORE_BLOB_LIFE_H

#include "base/list.h"
#include "model/command.h"
#include "store/blob.h"

#define BLOB_MARK "file"

/* Whether a key's value stands for a file: a blob of these bytes has another name. */
bool blob_is_mark(struct slice name, struct slice value);
/* Writes the key and its expiry; fn on the loop. A file is marked before it gets its name on disk, or blob_collect could take
 * it; `was_there`: one of that name already is. */
void blob_write_key(struct store *s, struct slice name, struct slice value,
	void (*fn)(void *arg, int status), void *arg);
void blob_mark_file(struct store *s, const char *name, bool was_there,
	void (*fn)(void *arg, int status), void *arg);
/* Now, and never the same twice: blob_collect takes a file off the list by it. */
uint64_t blob_upload_time_us(struct store *s);
/*
 * From now on for ever: what the message of this command names. On the write link, before the command itself; when that is
 * answered, `gone` says whether a key was no longer there: its file may be taken any moment, and the message is not to be acknowledged.
 */
void blob_name_all(struct store *s, const struct command *c, bool *gone);

/* blob_collect.c: takes files away that nobody named. */
struct collector *collector_new(struct store *s);
void collector_free(struct collector **c);

#endif
