/*
 * What is owed, and when it is paid. Called by html_text.
 */
#include "text/html_writer.h"

#include "base/utf8.h"
#include "text/html_entity.h"
#include "text/html_tag.h"

enum { QUOTES_MAX = 8 };

bool html_writer_is_full(const struct html_writer *w)
{
	return w->out->n - w->from >= w->max;
}

void html_owe_lines(struct html_writer *w, unsigned n)
{
	if (w->cell_fresh)
		return; /* a paragraph inside a cell stays on the row's line */
	if (w->owed_lines < n)
		w->owed_lines = n;
	w->owed_space = false;
}

static void quote_marks(struct html_writer *w, unsigned n)
{
	for (unsigned i = 0; i < n && i < QUOTES_MAX; i++)
		str_add_text(w->out, "> ");
}

static void pay_lines(struct html_writer *w)
{
	unsigned both = w->quotes < w->quotes_written ? w->quotes : w->quotes_written;

	if (w->out->n > w->from) {
		if (w->owed_lines && !w->cell_fresh && w->row_written)
			w->row_broken = true;
		for (unsigned i = 0; i < w->owed_lines; i++) {
			str_add_char(w->out, '\n');
			if (i + 1 < w->owed_lines)
				quote_marks(w, both);
		}
	}
	if (w->owed_lines || w->out->n == w->from) {
		quote_marks(w, w->quotes);
		w->quotes_written = w->quotes;
	}
}

void html_pay(struct html_writer *w)
{
	if (w->owed_lines || w->out->n == w->from)
		pay_lines(w);
	else if (w->owed_cell)
		str_add_text(w->out, " | ");
	else if (w->owed_space)
		str_add_char(w->out, ' ');
	w->owed_lines = 0;
	w->owed_space = w->owed_cell = w->cell_fresh = false;
	w->row_written = true;
}

void html_write(struct html_writer *w, struct slice bytes)
{
	if (bytes.n == 0)
		return;
	html_pay(w);
	str_add(w->out, bytes);
}

static void owe_space(struct html_writer *w)
{
	if (w->out->n > w->from && !w->owed_lines && !w->owed_cell)
		w->owed_space = true;
}

static void write_pre_space(struct html_writer *w, char c)
{
	if (c == '\n') {
		html_pay(w);
		w->owed_lines++;
		w->owed_lines = w->owed_lines > 2 ? 2 : w->owed_lines;
		return;
	}
	if (c != '\r')
		html_write(w, SLICE(" "));
}

static void write_code(struct html_writer *w, uint32_t c)
{
	char bytes[8];
	struct str one = { bytes, 0, sizeof(bytes) };

	if (c == 0xa0 || c < 0x20) {
		if (w->pre)
			html_write(w, SLICE(" "));
		else
			owe_space(w);
		return;
	}
	utf8_encode(&one, c);
	html_write(w, str_slice(&one));
}

/* U+00A0 as UTF-8 bytes is white space too. */
static size_t space_length(struct slice s)
{
	if (html_is_space(s.p[0]))
		return 1;
	return s.n > 1 && s.p[0] == '\xc2' && s.p[1] == '\xa0' ? 2 : 0;
}

static size_t run_length(struct slice s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != '&' && !html_is_space(s.p[n]) && s.p[n] != '\xc2')
		n++;
	return n ? n : 1;
}

void html_write_run(struct html_writer *w, struct slice text)
{
	while (text.n > 0 && !html_writer_is_full(w)) {
		uint32_t code;
		size_t n = space_length(text);
		if (n) {
			if (w->pre)
				write_pre_space(w, n == 2 ? ' ' : text.p[0]);
			else
				owe_space(w);
		} else if ((n = html_entity_read(text, &code)) > 0) {
			write_code(w, code);
		} else {
			n = run_length(text);
			html_write(w, slice_make(text.p, n));
		}
		text = slice_make(text.p + n, text.n - n);
	}
}
