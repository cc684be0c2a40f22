/*
 * See origin.h. Browsers send an origin as scheme://host[:port], in lower case, without a path: an address that was copied from their
 * address bar ends in a slash and is none.
 */
#include "kit/origin.h"

#include <stdio.h>
#include <string.h>

#include "kit/buf.h"

/* The next word of the list, which it is cut off; empty at the end. */
static struct usher_str next_word(struct usher_str *list)
{
	size_t from = 0, to;

	while (from < list->n && list->p[from] == ' ')
		from++;
	for (to = from; to < list->n && list->p[to] != ' ';)
		to++;
	struct usher_str word = { list->p + from, to - from };
	*list = (struct usher_str){ list->p + to, list->n - to };
	return word;
}

static bool is_origin(struct usher_str s)
{
	static const char *const schemes[] = { "https://", "http://" };

	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(schemes[i]);
		if (s.n <= n || memcmp(s.p, schemes[i], n) != 0)
			continue;
		while (n < s.n && strchr("abcdefghijklmnopqrstuvwxyz0123456789.-_:[]", s.p[n]))
			n++;
		return n == s.n;
	}
	return false;
}

int origins_check(struct usher_str list, char *why, size_t why_size)
{
	for (struct usher_str word; (word = next_word(&list)).n;)
		if (!str_is(word, "*") && !is_origin(word)) {
			snprintf(why, why_size,
				"origins: \"%.*s\" is none; expected * or https://www.example.org, "
				"in lower "
				"case, with nothing after host and port, and blanks between them",
				(int)word.n, word.p);
			return -1;
		}
	return 0;
}

bool origins_have(struct usher_str list, struct usher_str origin)
{
	for (struct usher_str word; (word = next_word(&list)).n;)
		if (str_is(word, "*") ||
			(word.n == origin.n && memcmp(word.p, origin.p, word.n) == 0))
			return true;
	return false;
}
