/*
 * Where tags, comments and whole elements end in any bytes, as browsers read them. Builds no tree, fails on nothing.
 * Called by html_text.
 */
#ifndef USHER_TEXT_HTML_TAG_H
#define USHER_TEXT_HTML_TAG_H

#include "base/slice.h"

/* Slices of what was read, entities as they stand. */
struct html_tag {
	struct slice name;
	bool closes;
	struct slice href, alt, class, style, start;
	bool hidden; /* the attribute */
};

static inline bool html_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static inline bool html_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* `s` starts at '<' with a letter or "/letter" behind; returns the bytes up to behind '>'. */
size_t html_tag_read(struct slice s, struct html_tag *t);
/* What a newsletter puts in front for lists of mails, and no program shows. */
bool html_tag_is_hidden(const struct html_tag *t);
/* The bytes of <!-- -->, <!DOCTYPE>, <![if]>, <?xml?>. */
size_t html_comment_length(struct slice s);
/* Up to the end tag of a raw-text element. */
size_t html_raw_length(struct slice s, struct slice name);
/* Up to behind the end of the element that a tag named `name` has opened, or 0: it has none, and hiding would hide the rest of the mail. */
size_t html_element_length(struct slice s, struct slice name);

#endif
