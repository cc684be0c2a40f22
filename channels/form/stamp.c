/*
 * Stamps: a hidden field of our own page that says when the page was made, signed, so that a robot which answers at
 * once is asked to try again, and the same page sent twice with the same content is one message. Called by page.c and post.c.
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "form.h"

enum { TIME_LEN = 16, SIGNED_LEN = 16 };

static void hex(char *out, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", p[i]);
}

static void sign(const struct form *f, const char *time, char out[2 * SIGNED_LEN + 1])
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	HMAC(EVP_sha256(), f->key, sizeof(f->key), (const unsigned char *)time, TIME_LEN, mac, &n);
	hex(out, mac, SIGNED_LEN);
}

void stamp_make(const struct form *f, char out[STAMP_LEN + 1])
{
	snprintf(out, TIME_LEN + 1, "%016llx", (unsigned long long)f->svc->now_us(f->host));
	sign(f, out, out + TIME_LEN);
}

uint64_t stamp_read(const struct form *f, struct usher_str stamp)
{
	char time[TIME_LEN + 1], mac[2 * SIGNED_LEN + 1];

	if (stamp.n != STAMP_LEN)
		return 0;
	memcpy(time, stamp.p, TIME_LEN);
	time[TIME_LEN] = 0;
	sign(f, time, mac);
	if (CRYPTO_memcmp(mac, stamp.p + TIME_LEN, 2 * SIGNED_LEN) != 0)
		return 0;
	return strtoull(time, NULL, 16);
}

static void add(EVP_MD_CTX *c, struct usher_str s)
{
	uint64_t n = s.n;

	EVP_DigestUpdate(c, &n, sizeof(n));
	EVP_DigestUpdate(c, s.p, s.n);
}

void stamp_dedup(const struct post *p, char out[65])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	if (!c || !EVP_DigestInit_ex(c, EVP_sha256(), NULL))
		abort();
	/* A program that names its posts may have had to fetch another page for the same one. */
	add(c, p->key.n ? buf_str(&p->key) : buf_str(&p->stamp));
	for (size_t i = 0; i < p->form->field_count; i++)
		add(c, buf_str(&p->values[i]));
	for (size_t i = 0; i < p->file_count; i++)
		add(c, (struct usher_str){ p->files[i]->blob_name, 64 });
	EVP_DigestFinal_ex(c, hash, NULL);
	EVP_MD_CTX_free(c);
	hex(out, hash, 32);
}
