/*
 * Bytes for frames.
 */
#include "buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void out_of_memory(void)
{
	fputs("chat: out of memory\n", stderr);
	abort();
}

void *chat_alloc(size_t size)
{
	void *p = calloc(1, size);
	if (!p)
		out_of_memory();
	return p;
}

void buffer_free(struct buffer *b)
{
	free(b->p);
	*b = (struct buffer){ 0 };
}

void buffer_add(struct buffer *b, const char *p, size_t n)
{
	if (b->cap - b->n < n) {
		size_t cap = b->cap ? b->cap * 2 : 256;
		while (cap - b->n < n)
			cap *= 2;
		char *grown = realloc(b->p, cap);
		if (!grown)
			out_of_memory();
		b->p = grown;
		b->cap = cap;
	}
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
}

void buffer_text(struct buffer *b, const char *text)
{
	buffer_add(b, text, strlen(text));
}

void buffer_number(struct buffer *b, uint64_t v)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	buffer_add(b, text, (size_t)n);
}

void buffer_json(struct buffer *b, const char *p, size_t n)
{
	buffer_text(b, "\"");
	size_t from = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];
		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		char escape[8];
		int len = c == '"' || c == '\\' ? snprintf(escape, sizeof(escape), "\\%c", c)
						: snprintf(escape, sizeof(escape), "\\u%04x", c);
		buffer_add(b, p + from, i - from);
		buffer_add(b, escape, (size_t)len);
		from = i + 1;
	}
	buffer_add(b, p + from, n - from);
	buffer_text(b, "\"");
}
