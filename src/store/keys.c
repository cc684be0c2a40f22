/*
 * Makes and reads the names of keys. Never talks to Redis. Called by everything in this room.
 */
#include "store/keys.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "base/assert.h"
#include "model/limits.h"

#define FAMILY_NAME(name, text, type, bucketed)	  text,
#define FAMILY_TYPE(name, text, type, bucketed)	  type,
#define FAMILY_BUCKET(name, text, type, bucketed) bucketed,
static const char *const family_names[] = { KEY_FAMILIES(FAMILY_NAME) };
static const char *const family_types[] = { KEY_FAMILIES(FAMILY_TYPE) };
static const bool family_bucketed[] = { KEY_FAMILIES(FAMILY_BUCKET) };

static void key_add(struct key *k, struct slice s)
{
	ASSERT(k->n + s.n < sizeof(k->text));
	if (s.n)
		memcpy(k->text + k->n, s.p, s.n);
	k->n += s.n;
	k->text[k->n] = '\0';
}

static struct key key_once(const struct keys *k, const char *name)
{
	struct key key = k->domain;

	key_add(&key, SLICE("}:"));
	key_add(&key, slice_of(name));
	return key;
}

void keys_init(struct keys *k, struct slice domain)
{
	ASSERT(domain.n > 0 && domain.n <= NAME_MAX_LEN);
	*k = (struct keys){ 0 };
	key_add(&k->domain, SLICE("usher:{"));
	key_add(&k->domain, domain);
#define KEY_INIT(member, name, type) k->member = key_once(k, name);
	DOMAIN_KEYS(KEY_INIT)
#undef KEY_INIT
}

/* ".NNN": part of the name for ever. FNV-1a of the id's text, low byte; not printed with snprintf, which took longer than all else of a key. */
static struct slice bucket_of(struct slice id, char text[4])
{
	unsigned n = (unsigned)(slice_hash(id) & 255);
	size_t at = 4;

	do {
		text[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	text[--at] = '.';
	return slice_make(text + at, 4 - at);
}

static struct key key_make(const struct keys *k, enum key_family f, struct slice id)
{
	struct key key = k->domain;
	char bucket[4];

	ASSERT(f < KEY_FAMILY_COUNT);
	if (family_bucketed[f]) {
		key_add(&key, bucket_of(id, bucket));
	}
	key_add(&key, SLICE("}:"));
	key_add(&key, slice_of(family_names[f]));
	key_add(&key, SLICE(":"));
	key_add(&key, id);
	return key;
}

struct key key_of_id(const struct keys *k, enum key_family f, struct id id)
{
	char text[ID_TEXT_LEN + 1];

	return key_make(k, f, slice_make(id_text(id, text), ID_TEXT_LEN));
}

static bool name_is_plain(struct slice name)
{
	if (name.n == 0 || name.n > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '_' || c == '.' || c == '@' || c == '-'))
			return false;
	}
	return true;
}

struct key key_of_name(const struct keys *k, enum key_family f, struct slice name)
{
	char id[SHA256_HEX_LEN + 2] = "="; /* no plain name has it */

	if (name_is_plain(name))
		return key_make(k, f, name);
	sha256_hex(name, id + 1);
	return key_make(k, f, slice_make(id, SHA256_HEX_LEN + 1));
}

/* One context for all keys: they are made on the loop's thread only, thousands a second. */
static EVP_MD_CTX *key_digest(void)
{
	static EVP_MD_CTX *md;
	static EVP_MD *sha256;

	if (!md) {
		md = EVP_MD_CTX_new();
		sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	}
	ASSERT(md && sha256 && EVP_DigestInit_ex2(md, sha256, NULL) == 1);
	return md;
}

struct key key_of_hash(const struct keys *k, enum key_family f, struct slice a, struct slice b)
{
	static const char digits[] = "0123456789abcdef";
	EVP_MD_CTX *md = key_digest();
	unsigned char sum[SHA256_DIGEST_LENGTH];
	char hex[SHA256_HEX_LEN];
	unsigned char n[4]; /* little-endian on every machine */

	ASSERT(a.n <= UINT32_MAX);
	for (size_t i = 0; i < sizeof(n); i++)
		n[i] = (unsigned char)(a.n >> (8 * i));
	EVP_DigestUpdate(md, n, sizeof(n));
	EVP_DigestUpdate(md, a.p, a.n);
	EVP_DigestUpdate(md, b.p, b.n);
	ASSERT(EVP_DigestFinal_ex(md, sum, NULL) == 1);
	for (size_t i = 0; i < sizeof(sum); i++) {
		hex[2 * i] = digits[sum[i] >> 4];
		hex[2 * i + 1] = digits[sum[i] & 15];
	}
	return key_make(k, f, slice_make(hex, SHA256_HEX_LEN));
}

struct key key_of_sha256(const struct keys *k, enum key_family f, struct slice hex)
{
	ASSERT(sha256_is_name(hex));
	return key_make(k, f, hex);
}

bool key_parse(const struct keys *k, struct slice key, enum key_family *f, struct slice *rest)
{
	struct slice tail = key;

	if (!slice_starts(key, key_slice(&k->domain)))
		return false;
	size_t close = slice_find(tail, '}');
	if (close + 2 > tail.n || tail.p[close + 1] != ':')
		return false;
	if (close != k->domain.n && key.p[k->domain.n] != '.')
		return false; /* a domain whose name begins with ours */
	tail = slice_make(tail.p + close + 2, tail.n - close - 2);
	size_t colon = slice_find(tail, ':');
	if (colon == tail.n)
		return false;
	for (size_t i = 0; i < KEY_FAMILY_COUNT; i++)
		if (slice_is(slice_make(tail.p, colon), family_names[i])) {
			*f = (enum key_family)i;
			*rest = slice_make(tail.p + colon + 1, tail.n - colon - 1);
			return true;
		}
	return false;
}

const char *key_family_type(enum key_family f)
{
	ASSERT(f < KEY_FAMILY_COUNT);
	return family_types[f];
}

void sha256_hex(struct slice bytes, char out[SHA256_HEX_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)(bytes.n ? bytes.p : ""), bytes.n, sum);
	for (size_t i = 0; i < sizeof(sum); i++) {
		out[2 * i] = digits[sum[i] >> 4];
		out[2 * i + 1] = digits[sum[i] & 15];
	}
	out[SHA256_HEX_LEN] = '\0';
}

bool sha256_is_name(struct slice s)
{
	if (s.n != SHA256_HEX_LEN)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return true;
}
