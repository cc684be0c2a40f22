/*
 * HTML to text in one pass without a tree: a tokenizer that takes any bytes as browsers do (html_tag), and a
 * writer that owes white space instead of writing it (html_writer). Here is what each element means.
 *
 *   bytes ──▶ next token ──▶ tag: row of the table below ──▶ owe a line, open a list, a cell, ...
 *                       └──▶ text ──▶ pay what is owed (lines, "> ", " | ", space), then the text
 *
 * Time is linear in the input; memory is the output and a stack of lists. Never fetches, never runs, never
 * fails. Called by the host when a message has HTML and no text.
 */
#include "text/html_text.h"

#include "base/utf8.h"
#include "text/html_entity.h"
#include "text/html_tag.h"
#include "text/html_writer.h"

enum { URL_MAX = 2048, TAG_MAX = 12, UNCLOSED_MAX = 8 };

/* What an element does to the text. */
enum effect {
	PLAIN,	 /* nothing: inline or unknown */
	LINE,	 /* its text starts and ends a line */
	PARA,	 /* a blank line before and after */
	BREAK,	 /* <br> */
	RULE,	 /* <hr> */
	SKIP,	 /* raw text that is not for reading */
	BULLETS, /* <ul> */
	NUMBERS, /* <ol> */
	ITEM,
	ROW,
	CELL,
	QUOTE,
	PRE,
	LINK,
	IMAGE
};

struct element {
	char name[TAG_MAX];
	enum effect effect;
};

/* Sorted by name. */
static const struct element elements[] = {
	{ "a", LINK },
	{ "address", LINE },
	{ "article", LINE },
	{ "aside", LINE },
	{ "blockquote", QUOTE },
	{ "br", BREAK },
	{ "center", LINE },
	{ "dd", LINE },
	{ "div", LINE },
	{ "dl", PARA },
	{ "dt", LINE },
	{ "fieldset", LINE },
	{ "figcaption", LINE },
	{ "figure", LINE },
	{ "footer", LINE },
	{ "form", LINE },
	{ "h1", PARA },
	{ "h2", PARA },
	{ "h3", PARA },
	{ "h4", PARA },
	{ "h5", PARA },
	{ "h6", PARA },
	{ "header", LINE },
	{ "hr", RULE },
	{ "iframe", SKIP },
	{ "img", IMAGE },
	{ "li", ITEM },
	{ "main", LINE },
	{ "nav", LINE },
	{ "noembed", SKIP },
	{ "noframes", SKIP },
	{ "ol", NUMBERS },
	{ "p", PARA },
	{ "pre", PRE },
	{ "script", SKIP },
	{ "section", LINE },
	{ "style", SKIP },
	{ "table", LINE },
	{ "td", CELL },
	{ "template", SKIP },
	{ "th", CELL },
	{ "title", SKIP },
	{ "tr", ROW },
	{ "ul", BULLETS },
};

static void list_open(struct html_writer *w, bool numbers, struct slice start)
{
	uint64_t next = 1;

	slice_u64(start, &next);
	w->cell_fresh = false;
	html_owe_lines(w, w->depth ? 1 : 2);
	if (w->depth < HTML_LISTS_MAX)
		w->lists[w->depth] = (struct html_list){ numbers, (unsigned)(next & 0xffffff) };
	w->depth++;
}

static void list_close(struct html_writer *w)
{
	if (w->depth)
		w->depth--;
	html_owe_lines(w, w->depth ? 1 : 2);
}

static void item_open(struct html_writer *w)
{
	unsigned depth = w->depth < HTML_LISTS_MAX ? w->depth : HTML_LISTS_MAX;
	struct html_list *list = depth ? &w->lists[depth - 1] : NULL;

	w->cell_fresh = false;
	html_owe_lines(w, 1);
	if (html_writer_is_full(w))
		return;
	html_pay(w);
	for (unsigned i = 1; i < depth; i++)
		str_add_text(w->out, "  ");
	if (list && list->numbers) {
		str_add_u64(w->out, list->next++);
		str_add_text(w->out, ". ");
	} else {
		str_add_text(w->out, "- ");
	}
	w->cell_fresh = true; /* <li><p>text stays beside its bullet */
}

static void row_open(struct html_writer *w)
{
	w->cell_fresh = false;
	html_owe_lines(w, 1);
	w->row_written = w->row_broken = w->owed_cell = false;
}

static void cell_open(struct html_writer *w)
{
	if (w->row_written && !w->row_broken) {
		w->owed_lines = 0;
		w->owed_space = false;
		w->owed_cell = true;
	} else if (w->row_written) {
		html_owe_lines(w, 1);
	}
	w->cell_fresh = true;
}

static void quote_open(struct html_writer *w)
{
	w->cell_fresh = false;
	html_owe_lines(w, 1);
	w->quotes++;
}

static void quote_close(struct html_writer *w)
{
	w->cell_fresh = false;
	html_owe_lines(w, 1);
	if (w->quotes)
		w->quotes--;
}

static bool url_is_worth(struct slice url)
{
	return url.n <= URL_MAX &&
	       (slice_starts(url, SLICE("https://")) || slice_starts(url, SLICE("http://")) ||
		       slice_starts(url, SLICE("mailto:")) || slice_starts(url, SLICE("tel:")));
}

static void link_open(struct html_writer *w, struct slice href)
{
	w->in_link = true;
	w->href = slice_trim(href);
	w->link_from = w->out->n;
}

/* The address behind the link's text, unless the text is the address. */
static void link_close(struct html_writer *w)
{
	struct str url = { 0 };
	struct slice shown, bare;

	if (!w->in_link)
		return;
	w->in_link = false;
	if (!url_is_worth(w->href) || w->out->n == w->link_from || html_writer_is_full(w))
		return;
	for (struct slice h = w->href; h.n > 0;) {
		uint32_t code;
		size_t n = html_entity_read(h, &code);
		if (n && code > 0x20)
			utf8_encode(&url, code);
		else if (!n)
			str_add_char(&url, h.p[0]);
		n = n ? n : 1;
		h = slice_make(h.p + n, h.n - n);
	}
	shown = slice_trim(slice_make(w->out->p + w->link_from, w->out->n - w->link_from));
	bare = str_slice(&url);
	bool is_site = slice_starts(bare, SLICE("http"));
	slice_cut(&bare, ':');
	if (is_site)
		bare = slice_make(bare.p + 2, bare.n - 2);
	if (is_site && slice_ends(bare, SLICE("/")))
		bare.n--;
	if (bare.n && !slice_ends(shown, bare) && !slice_ends(shown, str_slice(&url))) {
		str_add_text(w->out, " (");
		str_add(w->out, is_site ? str_slice(&url) : bare);
		str_add_char(w->out, ')');
	}
	str_free(&url);
}

static void image_write(struct html_writer *w, struct slice alt)
{
	alt = slice_trim(alt);
	if (alt.n == 0 || alt.n > URL_MAX)
		return;
	html_write(w, SLICE("["));
	html_write_run(w, alt);
	w->owed_space = false;
	html_write(w, SLICE("]"));
}

static void rule_write(struct html_writer *w)
{
	html_owe_lines(w, 1);
	html_write(w, SLICE("----------"));
	html_owe_lines(w, 1);
}

static bool slice_has(struct slice s, const char *part)
{
	return s.n && memmem(s.p, s.n, part, strlen(part));
}

/* Outlook's and Apple's paragraphs are lines: they say that they have no margin. */
static unsigned paragraph_lines(const struct html_tag *t)
{
	if (slice_has(t->class, "MsoNormal") || slice_has(t->class, "MsoPlainText") ||
		slice_has(t->style, "margin:0") || slice_has(t->style, "margin: 0"))
		return 1;
	return 2;
}

static void element_open(struct html_writer *w, enum effect effect, const struct html_tag *t)
{
	switch (effect) {
	case LINE:
		html_owe_lines(w, 1);
		break;
	case PARA:
		w->para_lines = paragraph_lines(t);
		html_owe_lines(w, w->para_lines);
		break;
	case BREAK:
		w->cell_fresh = false;
		w->owed_space = false;
		w->owed_lines = w->owed_lines < 2 ? w->owed_lines + 1 : 2;
		break;
	case RULE:
		rule_write(w);
		break;
	case BULLETS:
	case NUMBERS:
		list_open(w, effect == NUMBERS, t->start);
		break;
	case ITEM:
		item_open(w);
		break;
	case ROW:
		row_open(w);
		break;
	case CELL:
		cell_open(w);
		break;
	case QUOTE:
		quote_open(w);
		break;
	case PRE:
		html_owe_lines(w, 1);
		w->pre++;
		break;
	case LINK:
		link_close(w);
		link_open(w, t->href);
		break;
	case IMAGE:
		image_write(w, t->alt);
		break;
	case SKIP:
	case PLAIN:
		break;
	}
}

static void element_close(struct html_writer *w, enum effect effect)
{
	switch (effect) {
	case LINE:
	case PARA:
		html_owe_lines(w, effect == PARA && !w->depth ? w->para_lines : 1);
		break;
	case ITEM:
		w->cell_fresh = false;
		html_owe_lines(w, 1);
		break;
	case BULLETS:
	case NUMBERS:
		list_close(w);
		break;
	case ROW:
		row_open(w);
		break;
	case CELL:
		w->cell_fresh = false;
		w->owed_lines = w->owed_lines ? 1 : 0;
		break;
	case QUOTE:
		quote_close(w);
		break;
	case PRE:
		if (w->pre)
			w->pre--;
		html_owe_lines(w, 1);
		break;
	case LINK:
		link_close(w);
		break;
	case BREAK:
	case RULE:
	case IMAGE:
	case SKIP:
	case PLAIN:
		break;
	}
}

static enum effect effect_of(struct slice name)
{
	size_t low = 0, high = sizeof(elements) / sizeof(elements[0]);
	char lower[TAG_MAX];

	if (name.n == 0 || name.n >= TAG_MAX)
		return PLAIN;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = slice_compare(slice_make(lower, name.n), slice_of(elements[mid].name));
		if (order == 0)
			return elements[mid].effect;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return PLAIN;
}

/* How much to leave out behind a tag that opens what is not shown. */
static size_t hidden_length(
	struct html_writer *w, struct slice s, struct slice name, enum effect effect)
{
	size_t n;

	if (effect == BREAK || effect == RULE || effect == IMAGE || w->unclosed >= UNCLOSED_MAX)
		return 0;
	if (slice_equal_nocase(name, SLICE("input")) || slice_equal_nocase(name, SLICE("body")) ||
		slice_equal_nocase(name, SLICE("html")))
		return 0;
	n = html_element_length(s, name);
	w->unclosed += n == 0;
	return n;
}

static size_t text_length(struct slice s)
{
	const char *lt = memchr(s.p + 1, '<', s.n - 1);

	return lt ? (size_t)(lt - s.p) : s.n;
}

static size_t markup(struct html_writer *w, struct slice s)
{
	struct html_tag t;
	size_t n;

	if (s.n >= 2 && (s.p[1] == '!' || s.p[1] == '?'))
		return html_comment_length(s);
	if (s.n < 2 ||
		!(html_is_letter(s.p[1]) || (s.p[1] == '/' && s.n > 2 && html_is_letter(s.p[2]))))
		return 0;
	n = html_tag_read(s, &t);
	enum effect effect = effect_of(t.name);
	if (!t.closes && html_tag_is_hidden(&t)) {
		size_t hidden = hidden_length(w, slice_make(s.p + n, s.n - n), t.name, effect);
		if (hidden)
			return n + hidden;
	}
	if (t.closes && effect != BREAK) /* </br> is one, too */
		element_close(w, effect);
	else
		element_open(w, effect, &t);
	if (effect == SKIP && !t.closes)
		n += html_raw_length(slice_make(s.p + n, s.n - n), t.name);
	return n;
}

void html_to_text(struct str *out, struct slice html, size_t max)
{
	struct html_writer w = { .out = out, .from = out->n, .max = max };

	while (html.n > 0 && !html_writer_is_full(&w)) {
		size_t n = html.p[0] == '<' ? markup(&w, html) : 0;
		if (n == 0) {
			n = text_length(html);
			html_write_run(&w, slice_make(html.p, n));
		}
		html = slice_make(html.p + n, html.n - n);
	}
	link_close(&w);
	if (out->n - w.from > max) {
		out->n =
			w.from + utf8_truncate(slice_make(out->p + w.from, out->n - w.from), max).n;
		out->p[out->n] = '\0';
	}
}
