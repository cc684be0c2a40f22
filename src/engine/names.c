/*
 * Interned names; see names.h. Never forgets one: their number is bounded by the configuration and the staff.
 */
#include "engine/names.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/str.h"

uint32_t names_find(const struct names *n, struct slice name)
{
	return name.n ? (uint32_t)(uintptr_t)map_get(&n->map, name) : 0;
}

uint32_t names_intern(struct names *n, struct slice name, struct arena *keep)
{
	uint32_t number = names_find(n, name);

	if (number || !name.n)
		return number;
	if (n->count + 1 >= n->cap) {
		n->cap = n->cap ? n->cap * 2 : 16;
		n->text = mem_resize(n->text, n->cap, sizeof(struct slice));
	}
	number = ++n->count;
	n->text[number] = arena_copy(keep, name);
	map_put(&n->map, name, (void *)(uintptr_t)number);
	ASSERT(names_find(n, name) == number);
	return number;
}

struct slice names_text(const struct names *n, uint32_t number)
{
	ASSERT(number <= n->count);
	return number ? n->text[number] : (struct slice){ NULL, 0 };
}

void names_free(struct names *n)
{
	map_free(&n->map);
	free(n->text);
	*n = (struct names){ 0 };
}
