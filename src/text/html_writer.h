/*
 * Text out of HTML that owes white space instead of writing it, so that ten nested <div> owe one line end between
 * them and an empty cell owes nothing. Knows no element; what one owes says html_text, the only caller.
 */
#ifndef USHER_TEXT_HTML_WRITER_H
#define USHER_TEXT_HTML_WRITER_H

#include "base/str.h"

enum { HTML_LISTS_MAX = 16 };

struct html_list {
	bool numbers;
	unsigned next;
};

struct html_writer {
	struct str *out;
	size_t from, max;
	unsigned owed_lines; /* 0, 1, 2 */
	bool owed_space;
	bool owed_cell;	  /* " | " before the next text of this row */
	bool cell_fresh;  /* nothing written in this cell yet */
	bool row_written; /* a cell before this one has text */
	bool row_broken;  /* a cell before this one had several lines: no bars */
	unsigned pre;
	unsigned para_lines; /* what the paragraph opened last owes */
	unsigned quotes, quotes_written;
	struct html_list lists[HTML_LISTS_MAX];
	unsigned depth; /* of lists, may be more than are kept */
	struct slice href;
	size_t link_from; /* where the link's text starts in out */
	bool in_link;
	unsigned unclosed; /* hidden elements that had no end */
};

bool html_writer_is_full(const struct html_writer *w);
/* At least n line ends, 2 at most, before the next text. */
void html_owe_lines(struct html_writer *w, unsigned n);
/* Before any text: writes the white space that is owed. */
void html_pay(struct html_writer *w);
/* As it is. */
void html_write(struct html_writer *w, struct slice bytes);
/* Words as they stand between tags: white space is owed, entities are read. */
void html_write_run(struct html_writer *w, struct slice text);

#endif
