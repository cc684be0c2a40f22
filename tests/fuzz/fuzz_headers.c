/* The headers of a mail alone: mended, decoded, read for addresses, references, robots and vouchers. What comes out is one line each. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../channels/email/mend.h"
#include "../../channels/email/parse.h"
#include "../../channels/email/robot.h"
#include "../../channels/email/words.h"

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void must_be_line(const char *text)
{
	must(!text || (g_utf8_validate(text, -1, NULL) && !strpbrk(text, "\r\n")));
}

static void check_mended(const uint8_t *data, size_t size)
{
	GByteArray *raw = g_byte_array_new();
	char *charset;

	g_byte_array_append(raw, data, (guint)size);
	mend_top(raw);
	must(raw->len <= size);
	words_join(raw);
	must(raw->len <= size);
	charset = mend_charset(raw);
	must(!charset || (*charset && !strpbrk(charset, "\r\n \"")));
	g_free(charset);
	g_byte_array_unref(raw);
}

static void check_line(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "Auto-Submitted", "Precedence", "Delivered-To",
		"X-Auto-Response-Suppress", "List-Id" };
	char *line = g_strndup((const char *)data, size);

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		robot_header(names[i], line);
	robot_subject(line);
	int result = auth_result(line, "mx.test", "x.test");
	must(result >= -1 && result <= 1);
	g_free(line);
}

static void check_parsed(const uint8_t *data, size_t size)
{
	struct parse_config config = { .authserv = (char *)(uintptr_t) "mx.test" };
	GByteArray *raw = g_byte_array_new();

	token_key_make(&config.key, "fuzz", 4);
	g_byte_array_append(raw, data, (guint)size);
	g_byte_array_append(raw, (const guint8 *)"\n\nhello\n", 8);
	struct parsed *m = parse_mail(raw, "ann@x.test", 1, &config);
	must_be_line(m->from);
	must_be_line(m->from_name);
	must_be_line(m->subject);
	must_be_line(m->message_id);
	must_be_line(m->to);
	must_be_line(m->cc);
	must_be_line(m->reply_to);
	must_be_line(m->list);
	for (guint i = 0; i < m->refs->len; i++)
		must_be_line(g_ptr_array_index(m->refs, i));
	parsed_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_mended(data, size);
	check_line(data, size);
	check_parsed(data, size);
	return 0;
}
