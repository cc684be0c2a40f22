/* What people see of the mailboxes: trouble in words, and their part of the channel's health. See box.h. Called by email.c. */
#include "box_private.h"

static const char *trouble_of(const struct box *b)
{
	return b->trouble ? b->trouble : b->mark_trouble;
}

char *boxes_trouble(const struct email *e)
{
	GString *words = g_string_new(NULL);

	for (guint i = 0; i < e->boxes->len; i++) {
		const struct box *b = g_ptr_array_index(e->boxes, i);
		if (trouble_of(b))
			g_string_append_printf(words, "%simap %s %s: %s", words->len ? "; " : "",
				b->config.user, b->config.folder, trouble_of(b));
	}
	return g_string_free(words, FALSE);
}

static void json_text(GString *json, const char *value)
{
	g_string_append_c(json, '"');
	for (const char *p = value ? value : ""; *p; p++) {
		if (*p == '"' || *p == '\\')
			g_string_append_c(json, '\\');
		g_string_append_c(json, (unsigned char)*p < 0x20 ? ' ' : *p);
	}
	g_string_append_c(json, '"');
}

void boxes_health(const struct email *e, GString *json)
{
	g_string_append(json, ",\"imap\":[");
	for (guint i = 0; i < e->boxes->len; i++) {
		const struct box *b = g_ptr_array_index(e->boxes, i);
		g_string_append(json, i ? ",{\"user\":" : "{\"user\":");
		json_text(json, b->config.user);
		g_string_append(json, ",\"folder\":");
		json_text(json, b->config.folder);
		g_string_append_printf(json,
			",\"up\":%s,\"taken\":%" G_GUINT64_FORMAT ",\"left\":%" G_GUINT64_FORMAT
			",\"uid\":%u,\"good_ms\":"
			"%" G_GUINT64_FORMAT ",\"why\":",
			trouble_of(b) ? "false" : "true", b->taken, b->left, b->uid,
			(guint64)(b->good_us / 1000));
		json_text(json, trouble_of(b));
		g_string_append_c(json, '}');
	}
	g_string_append_c(json, ']');
}
