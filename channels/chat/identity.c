/*
 * Signed identity: the site proves who its visitor is with a JWT (RFC 7519, HS256 only) made with the channel's identity_secret. `exp`
 * and `jti` are required; `email` or `sub` says who, `name` how to address.
 */
#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "chat.h"

enum { JWT_MAX = 4096, MAC_LEN = 32 };

static int base64url_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* Returns the length, or -1. `out` holds n * 3 / 4 bytes. */
static long base64url_decode(const char *p, size_t n, unsigned char *out)
{
	uint32_t bits = 0;
	int have = 0;
	long len = 0;
	if (n % 4 == 1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int v = base64url_value(p[i]);
		if (v < 0)
			return -1;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[len++] = (unsigned char)(bits >> have);
		}
	}
	return len;
}

static json_t *part_json(const char *p, size_t n)
{
	unsigned char text[JWT_MAX];
	long len = base64url_decode(p, n, text);
	return len < 0 ? NULL
		       : json_loadb((const char *)text, (size_t)len, JSON_REJECT_DUPLICATES, NULL);
}

static int signature_ok(const struct chat *c, const char *jwt, size_t signed_len, const char *sig)
{
	unsigned char mac[EVP_MAX_MD_SIZE], given[JWT_MAX];
	unsigned mac_len = 0;
	if (base64url_decode(sig, strlen(sig), given) != MAC_LEN)
		return 0;
	if (!HMAC(EVP_sha256(), c->secret.p, (int)c->secret.n, (const unsigned char *)jwt,
		    signed_len, mac, &mac_len))
		return 0;
	return mac_len == MAC_LEN && CRYPTO_memcmp(mac, given, MAC_LEN) == 0;
}

static int header_ok(const char *p, size_t n)
{
	json_t *header = part_json(p, n);
	const char *alg = json_string_value(json_object_get(header, "alg"));
	int ok = alg && strcmp(alg, "HS256") == 0;
	json_decref(header);
	return ok;
}

/* A claim of a person's: text without controls that fits; else it is left out. */
static int claim(const json_t *claims, const char *name, char *out, size_t size)
{
	const char *v = json_string_value(json_object_get(claims, name));
	if (!v || !*v || strlen(v) >= size)
		return 0;
	for (const char *p = v; *p; p++)
		if ((unsigned char)*p < 0x20)
			return 0;
	snprintf(out, size, "%s", v);
	return 1;
}

static const char *claims_read(struct chat *c, const json_t *claims, struct claims *out)
{
	const json_t *exp = json_object_get(claims, "exp");
	uint64_t now_s = c->svc->now_us(c->host) / 1000000;
	if (!json_is_integer(exp))
		return "the identity token has no exp";
	if (json_integer_value(exp) <= (json_int_t)now_s)
		return "the identity token has expired; ask the site for a new one";
	const char *jti = json_string_value(json_object_get(claims, "jti"));
	if (!jti || !*jti)
		return "the identity token has no jti (nonce)";
	thread_key(jti, out->jti);
	out->exp_s = (uint64_t)json_integer_value(exp);
	if (claim(claims, "email", out->value, sizeof(out->value)))
		snprintf(out->kind, sizeof(out->kind), "email");
	else if (claim(claims, "sub", out->value, sizeof(out->value)))
		snprintf(out->kind, sizeof(out->kind), "account");
	else
		return "the identity token names nobody: it needs email or sub";
	for (char *p = out->value; *p && out->kind[0] == 'e'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	claim(claims, "name", out->name, sizeof(out->name));
	out->verified = 1;
	return NULL;
}

const char *identity_read(struct chat *c, const char *jwt, struct claims *out)
{
	if (!c->secret.n)
		return "this channel takes no identity tokens: identity_secret is not set";
	if (strlen(jwt) >= JWT_MAX)
		return "the identity token is too long";
	const char *dot = strchr(jwt, '.');
	const char *second = dot ? strchr(dot + 1, '.') : NULL;
	if (!second || strchr(second + 1, '.'))
		return "the identity token is not a JWT";
	if (!header_ok(jwt, (size_t)(dot - jwt)))
		return "the identity token is not signed with HS256";
	if (!signature_ok(c, jwt, (size_t)(second - jwt), second + 1))
		return "the identity token's signature is wrong";
	json_t *claims = part_json(dot + 1, (size_t)(second - dot - 1));
	const char *why = json_is_object(claims) ? claims_read(c, claims, out)
						 : "the identity token holds no claims";
	json_decref(claims);
	return why;
}
