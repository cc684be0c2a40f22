/*
 * Log-in sessions and tickets. A session is 256 random bits in a cookie; the store knows it by its hash only. A ticket opens one
 * WebSocket, once, within TICKET_KEEP_MS, on the node that gave it.
 */
#ifndef USHER_DESK_SESSION_H
#define USHER_DESK_SESSION_H

#include "base/list.h"
#include "base/map.h"
#include "model/words.h"
#include "store/store.h"

enum { SESSION_KEY_LEN = 64, SESSION_TOKEN_LEN = 64, TICKET_LEN = 32 };
#define SESSION_COOKIE "usher_session"

/* Whom a request or a desk acts for. Borrowed for the call where it is given to a function. */
struct who {
	struct slice user, name;
	enum role role;
	struct slice secret; /* as stored; empty: may not log in with a password */
	struct slice key;    /* of the session, 64 characters; empty for the control socket */
};

/* The user's row; status -ENOENT: no such user. */
void user_find(struct store *s, struct slice user,
	void (*fn)(void *arg, int status, const struct who *who), void *arg);

/* Makes a session; status 0: it is on disk and `token` (SESSION_TOKEN_LEN characters) may be given out. */
void session_make(struct store *s, const struct who *who,
	void (*fn)(void *arg, int status, const char *token), void *arg);
/* The key of a token; false when it cannot be one. */
bool session_key(struct slice token, char key[SESSION_KEY_LEN + 1]);
/* Who it is, by the key; prolongs it when it is time. -ENOENT: over, or the user is gone, or the password was changed. */
void session_find(struct store *s, struct slice key,
	void (*fn)(void *arg, int status, const struct who *who), void *arg);
void session_end(struct store *s, struct slice key, void (*fn)(void *arg, int status), void *arg);

struct ticket {
	struct list_node node;
	char text[TICKET_LEN + 1];
	char *user, *name, *key;
	enum role role;
	uint64_t until_us;
};
struct tickets {
	struct map by_text;
	struct list order; /* oldest first */
};
/* Borrowed until the next call. */
const char *ticket_make(struct tickets *t, const struct who *who, uint64_t now_us);
/* Takes it out: it is good once. NULL: unknown, used or too old. Free it with ticket_free. */
struct ticket *ticket_take(struct tickets *t, struct slice text, uint64_t now_us);
void ticket_free(struct ticket **t);
void tickets_free(struct tickets *t);

#endif
