/*
 * LMTP and SMTP sessions: any bytes in any pieces. Whatever comes, replies are whole lines, memory is bounded, and
 * the pieces in which bytes arrive change nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "../../channels/email/lmtp.h"

struct peer {
	struct lmtp l;
	GString *mail;
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

static const char *on_rcpt(void *arg, const char *address)
{
	(void)arg;
	must(strlen(address) <= LMTP_ADDRESS_MAX && g_utf8_validate(address, -1, NULL));
	return address[0] == 'x' ? "550 5.1.1 no" : NULL;
}

static const char *on_data_asked(void *arg)
{
	must(((struct peer *)arg)->l.rcpts->len > 0);
	return NULL;
}

static void on_bytes(void *arg, const char *p, size_t n)
{
	g_string_append_len(((struct peer *)arg)->mail, p, (gssize)n);
}

static void on_end(void *arg)
{
	struct peer *p = arg;
	unsigned count = p->l.smtp ? 1 : p->l.rcpts->len;

	for (unsigned i = 0; i < count; i++)
		lmtp_answer(&p->l, "250 2.6.0 stored");
	g_string_append(p->mail, "\n--end--\n");
	lmtp_done(&p->l);
}

static void on_drop(void *arg, const char *why, unsigned rcpts)
{
	(void)arg;
	must(why && rcpts > 0);
}

static void on_tls(void *arg)
{
	lmtp_secured(&((struct peer *)arg)->l);
}

static const struct lmtp_calls peer_calls = { on_rcpt, on_data_asked, on_bytes, on_end, on_drop,
	on_tls };

static void run(
	struct peer *p, const struct lmtp_config *config, const char *bytes, size_t n, size_t piece)
{
	p->mail = g_string_new(NULL);
	lmtp_init(&p->l, config, &peer_calls, p);
	for (size_t at = 0; at < n; at += piece)
		must(lmtp_feed(&p->l, bytes + at, piece < n - at ? piece : n - at) > 0);
	must(p->l.line->len <= LMTP_LINE_MAX + 1 && p->l.rcpts->len <= LMTP_RCPTS_MAX);
	must(p->l.out->len == 0 || g_str_has_suffix(p->l.out->str, "\r\n"));
}

static void peer_clear(struct peer *p)
{
	lmtp_clear(&p->l);
	g_string_free(p->mail, TRUE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lmtp_config config = { "demo.test", 4096, size && data[0] & 1, size && data[0] & 2,
		size && data[0] & 4 };
	struct peer whole, pieces;

	if (size == 0)
		return 0;
	run(&whole, &config, (const char *)data + 1, size - 1, size);
	run(&pieces, &config, (const char *)data + 1, size - 1, 1 + (data[0] >> 2) % 7);
	must(g_string_equal(whole.l.out, pieces.l.out));
	must(whole.l.state == pieces.l.state);
	/* A mail that was taken is the same, byte for byte. */
	must(whole.l.state == LMTP_DEAD || g_string_equal(whole.mail, pieces.mail));
	peer_clear(&whole);
	peer_clear(&pieces);
	return 0;
}
