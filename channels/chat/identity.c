/*
 * Signed identity: the site proves who its visitor is with a JWT (RFC 7519, HS256 only) made with the channel's identity_secret. `exp`
 * and `jti` are required; `email` or `sub` says who, `name` how to address.
 */
#include <cjose/cjose.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "chat.h"

enum { JWT_MAX = 4096, NBF_SLACK_S = 60 }; /* two machines' clocks are never quite one */
#define EXP_MAX_S 1e15			   /* a whole number that a double holds; for ever, to us */

/* cjose takes any of its algorithms, and knows no `crit`: what it must not be is said here. */
static int header_ok(cjose_jws_t *jws)
{
	const json_t *header = (const json_t *)cjose_jws_get_protected(jws);
	const char *alg = json_string_value(json_object_get(header, CJOSE_HDR_ALG));
	return alg && strcmp(alg, CJOSE_HDR_ALG_HS256) == 0 && !json_object_get(header, "crit");
}

static int signature_ok(const struct chat *c, cjose_jws_t *jws)
{
	cjose_jwk_t *key =
		cjose_jwk_create_oct_spec((const uint8_t *)c->secret.p, c->secret.n, NULL);
	int ok = key && cjose_jws_verify(jws, key, NULL);
	cjose_jwk_release(key);
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

/* From when to when it is good: NumericDates, which may have a fraction (RFC 7519, 2). */
static const char *times_read(const json_t *claims, uint64_t now_s, uint64_t *exp_s)
{
	const json_t *exp = json_object_get(claims, "exp"), *nbf = json_object_get(claims, "nbf");

	if (!json_is_number(exp))
		return "the identity token has no exp, a number of seconds since 1970";
	if (json_number_value(exp) <= (double)now_s)
		return "the identity token has expired; ask the site for a new one";
	if (nbf && !json_is_number(nbf))
		return "the identity token's nbf is not a number of seconds since 1970";
	if (nbf && json_number_value(nbf) > (double)(now_s + NBF_SLACK_S))
		return "the identity token is not good yet: nbf is ahead of our clock";
	*exp_s = json_number_value(exp) < EXP_MAX_S ? (uint64_t)json_number_value(exp)
						    : (uint64_t)EXP_MAX_S;
	return NULL;
}

static const char *claims_read(struct chat *c, const json_t *claims, struct claims *out)
{
	const char *why = times_read(claims, c->svc->now_us(c->host) / 1000000, &out->exp_s);
	if (why)
		return why;
	const char *jti = json_string_value(json_object_get(claims, "jti"));
	if (!jti || !*jti)
		return "the identity token has no jti (nonce)";
	thread_key(jti, out->jti);
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

/* Three parts of base64url without padding (RFC 7515, 2 and 7.1). cjose ends the process (an assertion) where a part breaks off inside a character. */
static int is_compact(const char *jwt)
{
	for (int part = 0; part < 3; part++) {
		size_t n = strspn(jwt, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-_");
		if (n == 0 || n % 4 == 1 || jwt[n] != (part < 2 ? '.' : '\0'))
			return 0;
		jwt += n + 1;
	}
	return 1;
}

static const char *jws_read(struct chat *c, cjose_jws_t *jws, struct claims *out)
{
	uint8_t *text;
	size_t n;
	if (!header_ok(jws))
		return "the identity token is not signed with HS256";
	if (!signature_ok(c, jws))
		return "the identity token's signature is wrong";
	json_t *claims = cjose_jws_get_plaintext(jws, &text, &n, NULL)
				 ? json_loadb((const char *)text, n, JSON_REJECT_DUPLICATES, NULL)
				 : NULL;
	const char *why = json_is_object(claims) ? claims_read(c, claims, out)
						 : "the identity token holds no claims";
	json_decref(claims);
	return why;
}

const char *identity_read(struct chat *c, const char *jwt, struct claims *out)
{
	if (!c->secret.n)
		return "this channel takes no identity tokens: identity_secret is not set";
	if (strlen(jwt) >= JWT_MAX)
		return "the identity token is too long";
	cjose_jws_t *jws = is_compact(jwt) ? cjose_jws_import(jwt, strlen(jwt), NULL) : NULL;
	if (!jws)
		return "the identity token is not a JWT signed with HS256";
	const char *why = jws_read(c, jws, out);
	cjose_jws_release(jws);
	return why;
}
