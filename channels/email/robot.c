/* See robot.h. Called by parse.c. */
#include "robot.h"

#include <glib.h>
#include <string.h>

static bool word_is(const char *value, const char *word)
{
	size_t n = strlen(word);

	value += strspn(value, " \t");
	return g_ascii_strncasecmp(value, word, n) == 0 &&
	       (!value[n] || strchr(" \t;(\r\n,", value[n]));
}

bool robot_header(const char *name, const char *value)
{
	static const char *const bulk[] = { "bulk", "junk", "list", "auto_reply", "auto-reply" };
	static const char *const present[] = { "X-Autoreply", "X-Autorespond", "X-Auto-Reply",
		"X-Autoresponder", "X-Mail-Autoreply", "X-FC-MachineGenerated",
		"X-Failed-Recipients" };

	if (g_ascii_strcasecmp(name, "Auto-Submitted") == 0)
		return !word_is(value, "no");
	if (g_ascii_strcasecmp(name, "Precedence") == 0) {
		for (gsize i = 0; i < G_N_ELEMENTS(bulk); i++) {
			if (word_is(value, bulk[i]))
				return true;
		}
		return false;
	}
	if (g_ascii_strncasecmp(name, "List-", 5) == 0)
		return true;
	if (g_ascii_strcasecmp(name, "X-Auto-Response-Suppress") == 0)
		return !word_is(value, "none");
	for (gsize i = 0; i < G_N_ELEMENTS(present); i++) {
		if (g_ascii_strcasecmp(name, present[i]) == 0)
			return true;
	}
	return false;
}

/* Comments in brackets out, line ends to spaces, quotes dropped. */
static char *uncomment(const char *value)
{
	GString *out = g_string_new(NULL);
	unsigned depth = 0;

	for (; *value; value++) {
		if (*value == '(')
			depth++;
		else if (*value == ')' && depth)
			depth--;
		else if (!depth && *value != '"')
			g_string_append_c(out, g_ascii_isspace(*value) ? ' ' : *value);
	}
	return g_string_free(out, FALSE);
}

/* "dmarc=pass header.from=x.org" */
static bool method_passes(const char *method, const char *domain)
{
	const char *from;

	if (!word_is(method, "dmarc=pass"))
		return false;
	from = strstr(method, "header.from=");
	return !from || word_is(from + 12, domain);
}

int auth_result(const char *value, const char *authserv, const char *domain)
{
	char *clean = uncomment(value);
	gchar **methods = g_strsplit(clean, ";", 64);
	int result = -1;

	if (methods[0] && word_is(methods[0], authserv)) {
		result = 0;
		for (gchar **m = methods + 1; *m; m++) {
			g_strstrip(*m);
			if (method_passes(*m, domain))
				result = 1;
		}
	}
	g_strfreev(methods);
	g_free(clean);
	return result;
}
