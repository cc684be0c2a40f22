/* A whole mail through the reader: scan, GMime, headers, addresses, bodies, files, reports. What comes out is text a person may see. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../channels/email/parse.h"

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Valid UTF-8 in one line, or nothing. */
static void must_be_line(const char *text)
{
	must(!text || (g_utf8_validate(text, -1, NULL) && !strpbrk(text, "\r\n")));
}

static void check(const struct parsed *m)
{
	must_be_line(m->from);
	must_be_line(m->from_name);
	must_be_line(m->subject);
	must_be_line(m->message_id);
	must_be_line(m->to);
	must_be_line(m->cc);
	must_be_line(m->list);
	must(m->from || m->quarantine);
	must(g_utf8_validate(m->text->str, (gssize)m->text->len, NULL));
	must(g_utf8_validate(m->html->str, (gssize)m->html->len, NULL));
	for (guint i = 0; i < m->refs->len; i++)
		must_be_line(g_ptr_array_index(m->refs, i));
	for (guint i = 0; i < m->parts->len; i++) {
		const struct parsed_part *p = &g_array_index(m->parts, struct parsed_part, i);
		must_be_line(p->name);
		must(*p->name && !strpbrk(p->name, "/\\") && *p->name != '.');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parse_config config = { .authserv = (char *)(uintptr_t) "mx.test" };
	GByteArray *raw = g_byte_array_new();

	token_key_make(&config.key, "fuzz", 4);
	g_byte_array_append(raw, data, (guint)size);
	config.wide = size & 1;
	struct parsed *m = parse_mail(raw, size & 2 ? "" : "ann@x.org", 1, &config);
	check(m);
	parsed_free(m);
	return 0;
}
