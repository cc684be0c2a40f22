/*
 * Any header and claims, signed or not: the first byte says whether the site's key signs; the first line is the header, the second the claims, the rest
 * the signature where the key does not. A bit of the first byte leaves all three as they are, not encoded.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "chat.h"

enum { SIGNED = 1, PLAIN = 2, SIZE_MOST = 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char secret[] = "a secret of sixteen";

static uint64_t now_us(struct usher_host *h)
{
	(void)h;
	return 1000000;
}

static const struct usher_services SERVICES = { .size = sizeof(SERVICES), .now_us = now_us };

static void add(char *out, const uint8_t *p, size_t n, int plain)
{
	size_t at = strlen(out);
	if (plain) {
		memcpy(out + at, p, n);
		out[at + n] = '\0';
		return;
	}
	EVP_EncodeBlock((unsigned char *)out + at, p, (int)n);
	for (char *c = out + at; *c; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c == '=' ? '\0' : *c;
}

static size_t line(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	return end ? (size_t)(end - data) : size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chat c = { .svc = &SERVICES, .secret = { secret, sizeof(secret) - 1 } };
	char jwt[3 * SIZE_MOST] = "";
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned mac_n = 0;
	struct claims *out = zeroed(sizeof(*out));

	if (size && size < SIZE_MOST) {
		uint8_t how = *data++;
		size--;
		for (int part = 0; part < 2; part++) {
			size_t n = line(data, size), over = n < size ? n + 1 : n;
			add(jwt, data, n, how & PLAIN);
			if (part == 0)
				strcat(jwt, ".");
			data += over;
			size -= over;
		}
		HMAC(EVP_sha256(), secret, sizeof(secret) - 1, (const unsigned char *)jwt,
			strlen(jwt), mac, &mac_n);
		strcat(jwt, ".");
		if (how & SIGNED)
			add(jwt, mac, mac_n, 0);
		else
			add(jwt, data, size, how & PLAIN);
		const char *why = identity_read(&c, jwt, out);
		if (!why && (!(how & SIGNED) || !out->verified || !*out->value))
			abort();
	}
	free(out);
	return 0;
}
