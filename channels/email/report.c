/* See report.h. */
#include "report.h"

#include <string.h>

#include "body.h"
#include "bounce.h"
#include "robot.h"

enum { LOOK_MAX = 65536, RAW_MAX = 1048576 };

/* Nobody's, a mail server's, or by its name a report. What an absent person's robot answers is none. */
static bool may_be_report(const struct parsed *m)
{
	if (!m->automatic || robot_subject(m->subject))
		return false;
	return !m->from || bounce_sender(m->from) || bounce_subject(m->subject);
}

/* Tags out: enough to look for words in. */
static GString *bare_words(const GString *html)
{
	GString *out = g_string_new(NULL);
	bool tag = false;

	for (gsize i = 0; i < html->len && out->len < LOOK_MAX; i++) {
		char c = html->str[i];
		if (c == '<')
			tag = true;
		else if (!tag)
			g_string_append_c(out, c);
		else if (c == '>') {
			tag = false;
			g_string_append_c(out, '\n');
		}
	}
	return out;
}

void report_read(
	struct parsed *m, const GByteArray *raw, const struct token_key *key, uint64_t now_us)
{
	if (m->bounce == BOUNCE_NONE && may_be_report(m)) {
		GString *words = m->text->len ? NULL : bare_words(m->html);
		const GString *text = words ? words : m->text;
		m->bounce = bounce_words(text->str, text->len, m->bounce_why);
		if (words)
			g_string_free(words, TRUE);
		if (m->bounce == BOUNCE_NONE && m->subject && bounce_subject(m->subject))
			m->bounce = bounce_words(m->subject, strlen(m->subject), m->bounce_why);
	}
	/* Its copy of the mail may be a part of any kind, or stand in the text. */
	if (m->bounce != BOUNCE_NONE)
		body_own_id((const char *)raw->data, MIN(raw->len, (guint)RAW_MAX), key, now_us,
			m->bounce_message);
}
