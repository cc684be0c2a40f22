/* See refs.h. GMime stops at the first comma, which loses the newest id, and takes none that has no <>. */
#include "refs.h"

#include <string.h>

enum { ID_MAX = 900 };

/* What stands between <>; blanks in it are where a line was folded. */
static void add_id(GPtrArray *ids, const char *p, gsize n)
{
	GString *id = g_string_new(NULL);

	for (gsize i = 0; i < n && id->len <= ID_MAX; i++) {
		if ((unsigned char)p[i] > ' ')
			g_string_append_c(id, p[i]);
	}
	if (id->len && id->len <= ID_MAX && g_utf8_validate(id->str, (gssize)id->len, NULL))
		g_ptr_array_add(ids, g_string_free(id, FALSE));
	else
		g_string_free(id, TRUE);
}

void refs_read(GPtrArray *ids, const char *value)
{
	const char *open = strchr(value, '<');

	if (!open) { /* bare words: those that look like ids */
		while (*value) {
			gsize n = strcspn(value, " \t\r\n,;\"()");
			if (n > 2 && memchr(value + 1, '@', n - 2))
				add_id(ids, value, n);
			value += n + (value[n] != '\0');
		}
		return;
	}
	while (open) {
		gsize n = strcspn(open + 1, "<>");
		const char *end = open + 1 + n;
		/* One that nobody closed ends with its word. */
		add_id(ids, open + 1, *end == '>' ? n : strcspn(open + 1, " \t\r\n<"));
		open = strchr(end, '<');
	}
}
