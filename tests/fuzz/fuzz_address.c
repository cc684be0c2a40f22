/* Addresses, file names and the headers that stand for an envelope: what is taken is one line, and normal is normal. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../channels/email/envelope.h"
#include "../../channels/email/parse.h"

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_address(const char *text)
{
	char *address = parse_address(text), *again;

	if (!address)
		return;
	must(g_utf8_validate(address, -1, NULL) && !strpbrk(address, " \t\r\n<>,;"));
	again = parse_address(address);
	must(again && strcmp(again, address) == 0);
	g_free(again);
	g_free(address);
}

static void check_name(const char *text)
{
	char *name = parse_file_name(text, 1, "text/plain");

	must(*name && g_utf8_validate(name, -1, NULL) && !strpbrk(name, "/\\\r\n"));
	g_free(name);
}

static void check_envelope(const char *raw, gsize n)
{
	char *sender = envelope_sender(raw, n);
	GPtrArray *tokens = envelope_tokens(raw, n, "support@demo.test");

	for (guint i = 0; i < tokens->len; i++) {
		const char *t = g_ptr_array_index(tokens, i);
		must(g_ascii_strncasecmp(t, "support+", 8) == 0 && strchr(t, '@'));
	}
	must(envelope_names(raw, n, "support@demo.test") ==
		envelope_names(raw, n, "Support@Demo.test"));
	g_ptr_array_unref(tokens);
	g_free(sender);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = g_strndup((const char *)data, size);

	check_address(text);
	check_name(text);
	check_envelope((const char *)data, size);
	g_free(text);
	return 0;
}
