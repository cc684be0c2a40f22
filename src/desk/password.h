/*
 * Passwords: scrypt in a small pool of threads, so that neither the loop nor the machine is held by log-ins.
 *
 *   secret = scrypt$N$r$p$SALT$HASH    (16 and 32 bytes, hexadecimal), as kept in the store
 */
#ifndef USHER_DESK_PASSWORD_H
#define USHER_DESK_PASSWORD_H

#include "base/str.h"
#include "net/loop.h"

struct passwords;

/* NULL when no thread could be started. */
struct passwords *passwords_new(struct loop *loop);
/* What waits is not hashed: its fn is called with false or an empty secret. */
void passwords_free(struct passwords **p);

/* fn(arg, ok) on the loop. secret empty (no such user): the same work, then false. False returned: too many wait, fn is not called. */
bool password_check(struct passwords *p, struct slice password, struct slice secret,
	void (*fn)(void *arg, bool ok), void *arg);
/* fn(arg, secret) on the loop; the slice is borrowed. */
bool password_make(struct passwords *p, struct slice password,
	void (*fn)(void *arg, struct slice secret), void *arg);
/* 20 characters, 100 bits, no look-alikes. */
void password_generate(struct str *out);

/* In the caller's thread, 60 ms: for the pool and for tests. */
void secret_make(struct str *out, struct slice password, const uint8_t salt[16]);
bool secret_matches(struct slice secret, struct slice password);

#endif
