/*
 * application/x-www-form-urlencoded as JSON, for services that post that. Pure. Called by intake.c.
 */
#include "webhook.h"

enum { PAIRS_MAX = 500 };

static int digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static void decode(struct buf *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = p[i];
		if (c == '+') {
			c = ' ';
		} else if (c == '%' && i + 2 < n && digit(p[i + 1]) >= 0 && digit(p[i + 2]) >= 0) {
			c = (char)(digit(p[i + 1]) << 4 | digit(p[i + 2]));
			i += 2;
		}
		buf_add(out, &c, 1);
	}
}

json_t *form_decode(struct usher_str body)
{
	json_t *object = json_object();
	size_t pairs = 0;

	while (body.n) {
		const char *end = memchr(body.p, '&', body.n);
		size_t n = end ? (size_t)(end - body.p) : body.n;
		const char *equals = n ? memchr(body.p, '=', n) : NULL;
		size_t name_n = equals ? (size_t)(equals - body.p) : n;
		struct buf name = { 0 }, value = { 0 };
		decode(&name, body.p, name_n);
		if (equals)
			decode(&value, equals + 1, n - name_n - 1);
		json_t *text = json_stringn(value.n ? value.p : "", value.n);
		bool good = text && name.n && !memchr(name.p, 0, name.n) && ++pairs <= PAIRS_MAX &&
			    json_object_set(object, name.p, text) == 0;
		json_decref(text);
		buf_free(&name);
		buf_free(&value);
		if (!good && n) {
			json_decref(object);
			return NULL;
		}
		body.p += end ? n + 1 : n;
		body.n -= end ? n + 1 : n;
	}
	return object;
}
