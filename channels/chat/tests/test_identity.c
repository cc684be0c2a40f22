/*
 * The signed identity: who the site says it is, and every way a token can be wrong. The tokens are signed with OpenSSL here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "chat.h"

enum { NOW_S = 1000 };
#define HS256  "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define CLAIMS "{\"exp\":1001,\"jti\":\"n1\",\"email\":\"Ann@Example.ORG\",\"name\":\"Ann\"}"

static const char secret[] = "a key of the site";

static uint64_t now_us(struct usher_host *h)
{
	(void)h;
	return (uint64_t)NOW_S * 1000000;
}

static const struct usher_services services = { .now_us = now_us };

static void base64url_add(char *out, const void *p, size_t n)
{
	size_t at = strlen(out);
	EVP_EncodeBlock((unsigned char *)out + at, p, (int)n);
	for (char *c = out + at; *c; c++) {
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
		if (*c == '=')
			*c = 0;
	}
}

static char *token(const char *header, const char *claims, const EVP_MD *md, const char *key)
{
	static char out[16384];
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	out[0] = 0;
	base64url_add(out, header, strlen(header));
	strcat(out, ".");
	base64url_add(out, claims, strlen(claims));
	HMAC(md, key, (int)strlen(key), (const unsigned char *)out, strlen(out), mac, &n);
	strcat(out, ".");
	base64url_add(out, mac, n);
	return out;
}

static const char *read_with(const char *key, const char *jwt, struct claims *out)
{
	struct chat c = { .svc = &services, .secret = { key, strlen(key) } };
	*out = (struct claims){ 0 };
	return identity_read(&c, jwt, out);
}

static void refused(const char *jwt, const char *why)
{
	struct claims out;
	const char *said = read_with(secret, jwt, &out);
	assert_non_null(said);
	assert_non_null(strstr(said, why));
	assert_false(out.verified);
}

static void says_who_it_is(void **state)
{
	(void)state;
	struct claims out;
	assert_null(read_with(secret, token(HS256, CLAIMS, EVP_sha256(), secret), &out));
	assert_true(out.verified);
	assert_string_equal(out.kind, "email");
	assert_string_equal(out.value, "ann@example.org");
	assert_string_equal(out.name, "Ann");
	assert_int_equal(out.exp_s, 1001);
	assert_null(read_with("k",
		token(HS256, "{\"exp\":1001,\"jti\":\"n1\",\"sub\":\"A7\"}", EVP_sha256(), "k"),
		&out));
	assert_string_equal(out.kind, "account");
	assert_string_equal(out.value, "A7");
}

/* RFC 7519: a NumericDate may have a fraction; nbf, where it is said, holds. */
static void from_when_to_when(void **state)
{
	(void)state;
	struct claims out;
	assert_null(read_with(secret,
		token(HS256, "{\"exp\":1001.5,\"nbf\":1000.25,\"jti\":\"n\",\"sub\":\"a\"}",
			EVP_sha256(), secret),
		&out));
	assert_int_equal(out.exp_s, 1001);
	assert_null(read_with(secret,
		token(HS256, "{\"exp\":1e300,\"nbf\":1060,\"jti\":\"n\",\"sub\":\"a\"}",
			EVP_sha256(), secret),
		&out));
	assert_true(out.exp_s >= UINT32_MAX);
	refused(token(HS256, "{\"exp\":9999,\"nbf\":1061,\"jti\":\"n\",\"sub\":\"a\"}",
			EVP_sha256(), secret),
		"not good yet");
	refused(token(HS256, "{\"exp\":9999,\"nbf\":\"1\",\"jti\":\"n\",\"sub\":\"a\"}",
			EVP_sha256(), secret),
		"nbf");
	refused(token(HS256, "{\"exp\":999.9,\"jti\":\"n\",\"sub\":\"a\"}", EVP_sha256(), secret),
		"expired");
}

static void only_with_the_key_and_hs256(void **state)
{
	(void)state;
	struct claims out;
	char *t;
	refused(token(HS256, CLAIMS, EVP_sha256(), "another key"), "signature");
	refused(token("{\"alg\":\"none\"}", CLAIMS, EVP_sha256(), secret), "HS256");
	refused(token("{\"alg\":\"HS512\"}", CLAIMS, EVP_sha512(), secret), "HS256");
	refused(token("{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}", CLAIMS, EVP_sha256(),
			secret),
		"HS256");
	refused(token("{\"typ\":\"JWT\"}", CLAIMS, EVP_sha256(), secret), "JWT");
	refused(token("{\"alg\":7}", CLAIMS, EVP_sha256(), secret), "JWT");
	t = token(HS256, CLAIMS, EVP_sha256(), secret);
	*strrchr(t, '.') = 0;
	refused(t, "JWT");
	strcat(t, ".");
	refused(t, "JWT");
	t = token(HS256, CLAIMS, EVP_sha256(), secret);
	t[strlen(t) - 6] ^= 1;
	refused(t, "signature");
	t = token(HS256, CLAIMS, EVP_sha256(), secret);
	t[strlen(t) - 8] = 0;
	refused(t, "signature");
	/* cjose would end the process: padding after the first character of four */
	t = token(HS256, CLAIMS, EVP_sha256(), secret);
	t[strcspn(t, ".") + 6] = '=';
	refused(t, "JWT");
	t = token(HS256, CLAIMS, EVP_sha256(), secret);
	t[1] = '=';
	refused(t, "JWT");
	t = token(HS256, CLAIMS, EVP_sha256(), secret);
	strrchr(t, '.')[2] = '=';
	refused(t, "JWT");
	strrchr(t, '.')[2] = 0;
	refused(t, "JWT");
	t = token(HS256, CLAIMS, EVP_sha256(), secret);
	t[strcspn(t, ".") + 9] ^= 1;
	refused(t, "signature");
	strcat(token(HS256, CLAIMS, EVP_sha256(), secret), ".x");
	assert_non_null(read_with(secret, t, &out));
	assert_non_null(strstr(read_with("", t, &out), "identity_secret"));
}

static void only_with_what_is_required(void **state)
{
	(void)state;
	static char claims[8192];
	refused(token(HS256, "{\"jti\":\"n\",\"sub\":\"a\"}", EVP_sha256(), secret), "exp");
	refused(token(HS256, "{\"exp\":\"9999\",\"jti\":\"n\",\"sub\":\"a\"}", EVP_sha256(),
			secret),
		"exp");
	refused(token(HS256, "{\"exp\":1000,\"jti\":\"n\",\"sub\":\"a\"}", EVP_sha256(), secret),
		"expired");
	refused(token(HS256, "{\"exp\":-1,\"jti\":\"n\",\"sub\":\"a\"}", EVP_sha256(), secret),
		"expired");
	refused(token(HS256, "{\"exp\":1001,\"sub\":\"a\"}", EVP_sha256(), secret), "jti");
	refused(token(HS256, "{\"exp\":1001,\"jti\":\"n\"}", EVP_sha256(), secret), "nobody");
	refused(token(HS256, "{\"exp\":1001,\"jti\":\"n\",\"sub\":\"a\\u0001\"}", EVP_sha256(),
			secret),
		"nobody");
	refused(token(HS256, "{\"exp\":1,\"exp\":9999,\"jti\":\"n\",\"sub\":\"a\"}", EVP_sha256(),
			secret),
		"no claims");
	refused(token(HS256, "[1]", EVP_sha256(), secret), "no claims");
	refused(token(HS256, "", EVP_sha256(), secret), "");
	memset(claims, ' ', 6000);
	refused(token(HS256, claims, EVP_sha256(), secret), "too long");
	for (const char **t = (const char *[]){ "", ".", "..", "...", "a.b.c", "é.é.é", "e30.e30.",
		     NULL };
		*t; t++)
		refused(*t, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_who_it_is),
		cmocka_unit_test(only_with_the_key_and_hs256),
		cmocka_unit_test(from_when_to_when),
		cmocka_unit_test(only_with_what_is_required),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
