/* See words.h. */
#include "words.h"

#include <string.h>

const char *string_of(const char *key, enum language lang)
{
	static const struct {
		const char *key, *text[LANGUAGE_COUNT];
	} table[] = {
#define STRING_ROW(k, en, ru) { k, { en, ru } },
		STRINGS(STRING_ROW)
#undef STRING_ROW
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].key, key) == 0)
			return table[i].text[lang];
	return key;
}
