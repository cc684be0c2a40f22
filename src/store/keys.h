/*
 * The name of every key in Redis, made here and nowhere else. The README of this room has the table.
 *
 *   usher:{DOMAIN}:NAME           routing state of a domain: one hash slot
 *   usher:{DOMAIN.NNN}:KIND:ID    what grows with customers: bucket 0..255 of the id's hash
 *
 * What a stranger chose (thread keys, identities, dedup ids) enters a name as SHA-256 only.
 */
#ifndef USHER_STORE_KEYS_H
#define USHER_STORE_KEYS_H

#include "base/id.h"
#include "base/slice.h"

/* X(member, name, type): the keys that a domain has once. */
#define DOMAIN_KEYS(X)                                                                             \
	X(inbox, "in", "stream")                                                                   \
	X(journal, "journal", "stream")                                                            \
	X(push, "push", "stream")                                                                  \
	X(cursor, "cursor", "hash")                                                                \
	X(snapshot, "snapshot", "hash")                                                            \
	X(epoch, "epoch", "string")                                                                \
	X(fence, "fence", "string")                                                                \
	X(lease, "lease", "string")                                                                \
	X(count, "count", "hash")                                                                  \
	X(users, "users", "set")                                                                   \
	X(dead, "dead", "zset")                                                                    \
	X(quarantine, "quarantine", "zset")                                                        \
	X(away, "away", "zset")

/* X(KIND, name, type, bucketed): the families of keys. */
#define KEY_FAMILIES(X)                                                                            \
	X(KEY_AGENT, "agent", "hash", false)                                                       \
	X(KEY_USER, "user", "hash", false)                                                         \
	X(KEY_OWN_TEXTS, "texts", "hash", false)                                                   \
	X(KEY_OUT, "out", "stream", false)                                                         \
	X(KEY_UPLOADS, "uploads", "zset", false)                                                   \
	X(KEY_KEEP, "keep", "string", true)                                                        \
	X(KEY_CONV, "conv", "hash", true)                                                          \
	X(KEY_LOG, "log", "list", true)                                                            \
	X(KEY_CUSTOMER, "cust", "hash", true)                                                      \
	X(KEY_CUSTOMER_CONVS, "convs", "zset", true)                                               \
	X(KEY_CUSTOMER_IDENTS, "idents", "zset", true)                                             \
	X(KEY_IDENT, "ident", "string", true)                                                      \
	X(KEY_CLAIM, "claim", "string", true)                                                      \
	X(KEY_THREAD, "thread", "string", true)                                                    \
	X(KEY_DEDUP, "dedup", "string", true)                                                      \
	X(KEY_BLOB, "blob", "string", true)

#define KEY_ENUM(name, text, type, bucketed) name,
enum key_family { KEY_FAMILIES(KEY_ENUM) KEY_FAMILY_COUNT };
#undef KEY_ENUM

enum { KEY_TEXT_MAX = 224, SHA256_HEX_LEN = 64 };
struct key {
	size_t n;
	char text[KEY_TEXT_MAX];
};

#define KEY_MEMBER(member, name, type) struct key member;
struct keys {
	struct key domain; /* "usher:{main" */
	DOMAIN_KEYS(KEY_MEMBER)
};
#undef KEY_MEMBER

/* The domain is a valid name (NAME_MAX_LEN); checked by store_new. */
void keys_init(struct keys *k, struct slice domain);
static inline struct slice key_slice(const struct key *k)
{
	return (struct slice){ k->text, k->n };
}
/* By an id of ours. */
struct key key_of_id(const struct keys *k, enum key_family f, struct id id);
/* By a name of the configuration or of a user: as it is when it has only [A-Za-z0-9_.@-], else its hash. */
struct key key_of_name(const struct keys *k, enum key_family f, struct slice name);
/* By what a stranger chose: the hash of both parts; ("a","bc") and ("ab","c") differ. */
struct key key_of_hash(const struct keys *k, enum key_family f, struct slice a, struct slice b);
/* By a SHA-256 in hexadecimal (blobs). */
struct key key_of_sha256(const struct keys *k, enum key_family f, struct slice hex);
/* Which family a key of this domain is of, and what follows its name; false for others. */
bool key_parse(const struct keys *k, struct slice key, enum key_family *f, struct slice *rest);
/* "hash", "list" ... */
const char *key_family_type(enum key_family f);

/* Lower-case hexadecimal of the SHA-256, NUL-terminated. */
void sha256_hex(struct slice bytes, char out[SHA256_HEX_LEN + 1]);
/* 64 lower-case hexadecimal digits. */
bool sha256_is_name(struct slice s);

#endif
