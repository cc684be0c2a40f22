/*
 * HTML to text in one pass without a tree: a tokenizer that takes any bytes as browsers do, and a writer
 * that owes white space instead of writing it.
 *
 *   bytes ──▶ next token ──▶ tag: row of the table below ──▶ owe a line, open a list, a cell, ...
 *                       └──▶ text ──▶ pay what is owed (lines, "> ", " | ", space), then the text
 *
 * Owing is what keeps it readable: ten nested <div> owe one line end between them, an empty cell owes nothing.
 * Time is linear in the input; memory is the output and a stack of LISTS_MAX. Never fetches, never runs, never
 * fails. Called by the host when a message has HTML and no text.
 */
#include "text/html_text.h"

#include "base/utf8.h"
#include "text/html_entity.h"

enum { LISTS_MAX = 16, QUOTES_MAX = 8, URL_MAX = 2048, TAG_MAX = 12, UNCLOSED_MAX = 8 };

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

struct list {
	bool numbers;
	unsigned next;
};

struct writer {
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
	struct list lists[LISTS_MAX];
	unsigned depth; /* of lists, may be more than are kept */
	struct slice href;
	size_t link_from; /* where the link's text starts in out */
	bool in_link;
	unsigned unclosed; /* hidden elements that had no end */
};

struct tag {
	struct slice name;
	bool closes;
	struct slice href, alt, class, style, start;
	bool hidden; /* the attribute */
};

static bool writer_is_full(const struct writer *w)
{
	return w->out->n - w->from >= w->max;
}

static void owe_lines(struct writer *w, unsigned n)
{
	if (w->cell_fresh)
		return; /* a paragraph inside a cell stays on the row's line */
	if (w->owed_lines < n)
		w->owed_lines = n;
	w->owed_space = false;
}

static void quote_marks(struct writer *w, unsigned n)
{
	for (unsigned i = 0; i < n && i < QUOTES_MAX; i++)
		str_add_text(w->out, "> ");
}

static void pay_lines(struct writer *w)
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

/* Before any text: writes the white space that is owed. */
static void pay(struct writer *w)
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

static void write_text(struct writer *w, struct slice bytes)
{
	if (bytes.n == 0)
		return;
	pay(w);
	str_add(w->out, bytes);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void owe_space(struct writer *w)
{
	if (w->out->n > w->from && !w->owed_lines && !w->owed_cell)
		w->owed_space = true;
}

static void write_pre_space(struct writer *w, char c)
{
	if (c == '\n') {
		pay(w);
		w->owed_lines++;
		w->owed_lines = w->owed_lines > 2 ? 2 : w->owed_lines;
		return;
	}
	if (c != '\r')
		write_text(w, SLICE(" "));
}

static void write_code(struct writer *w, uint32_t c)
{
	char bytes[8];
	struct str one = { bytes, 0, sizeof(bytes) };

	if (c == 0xa0 || c < 0x20) {
		if (w->pre)
			write_text(w, SLICE(" "));
		else
			owe_space(w);
		return;
	}
	utf8_encode(&one, c);
	write_text(w, str_slice(&one));
}

/* U+00A0 as UTF-8 bytes is white space too. */
static size_t space_length(struct slice s)
{
	if (is_space(s.p[0]))
		return 1;
	return s.n > 1 && s.p[0] == '\xc2' && s.p[1] == '\xa0' ? 2 : 0;
}

static size_t run_length(struct slice s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != '&' && !is_space(s.p[n]) && s.p[n] != '\xc2')
		n++;
	return n ? n : 1;
}

static void write_run(struct writer *w, struct slice text)
{
	while (text.n > 0 && !writer_is_full(w)) {
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
			write_text(w, slice_make(text.p, n));
		}
		text = slice_make(text.p + n, text.n - n);
	}
}

/* --- elements */

static void list_open(struct writer *w, bool numbers, struct slice start)
{
	uint64_t next = 1;

	slice_u64(start, &next);
	w->cell_fresh = false;
	owe_lines(w, w->depth ? 1 : 2);
	if (w->depth < LISTS_MAX)
		w->lists[w->depth] = (struct list){ numbers, (unsigned)(next & 0xffffff) };
	w->depth++;
}

static void list_close(struct writer *w)
{
	if (w->depth)
		w->depth--;
	owe_lines(w, w->depth ? 1 : 2);
}

static void item_open(struct writer *w)
{
	unsigned depth = w->depth < LISTS_MAX ? w->depth : LISTS_MAX;
	struct list *list = depth ? &w->lists[depth - 1] : NULL;

	w->cell_fresh = false;
	owe_lines(w, 1);
	if (writer_is_full(w))
		return;
	pay(w);
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

static void row_open(struct writer *w)
{
	w->cell_fresh = false;
	owe_lines(w, 1);
	w->row_written = w->row_broken = w->owed_cell = false;
}

static void cell_open(struct writer *w)
{
	if (w->row_written && !w->row_broken) {
		w->owed_lines = 0;
		w->owed_space = false;
		w->owed_cell = true;
	} else if (w->row_written) {
		owe_lines(w, 1);
	}
	w->cell_fresh = true;
}

static void quote_open(struct writer *w)
{
	w->cell_fresh = false;
	owe_lines(w, 1);
	w->quotes++;
}

static void quote_close(struct writer *w)
{
	w->cell_fresh = false;
	owe_lines(w, 1);
	if (w->quotes)
		w->quotes--;
}

static bool url_is_worth(struct slice url)
{
	return url.n <= URL_MAX &&
	       (slice_starts(url, SLICE("https://")) || slice_starts(url, SLICE("http://")) ||
		       slice_starts(url, SLICE("mailto:")) || slice_starts(url, SLICE("tel:")));
}

static void link_open(struct writer *w, struct slice href)
{
	w->in_link = true;
	w->href = slice_trim(href);
	w->link_from = w->out->n;
}

/* The address behind the link's text, unless the text is the address. */
static void link_close(struct writer *w)
{
	struct str url = { 0 };
	struct slice shown, bare;

	if (!w->in_link)
		return;
	w->in_link = false;
	if (!url_is_worth(w->href) || w->out->n == w->link_from || writer_is_full(w))
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

static void image_write(struct writer *w, struct slice alt)
{
	alt = slice_trim(alt);
	if (alt.n == 0 || alt.n > URL_MAX)
		return;
	write_text(w, SLICE("["));
	write_run(w, alt);
	w->owed_space = false;
	write_text(w, SLICE("]"));
}

static void rule_write(struct writer *w)
{
	owe_lines(w, 1);
	write_text(w, SLICE("----------"));
	owe_lines(w, 1);
}

static bool slice_has(struct slice s, const char *part)
{
	return s.n && memmem(s.p, s.n, part, strlen(part));
}

/* Outlook's and Apple's paragraphs are lines: they say that they have no margin. */
static unsigned paragraph_lines(const struct tag *t)
{
	if (slice_has(t->class, "MsoNormal") || slice_has(t->class, "MsoPlainText") ||
		slice_has(t->style, "margin:0") || slice_has(t->style, "margin: 0"))
		return 1;
	return 2;
}

static void element_open(struct writer *w, enum effect effect, const struct tag *t)
{
	switch (effect) {
	case LINE:
		owe_lines(w, 1);
		break;
	case PARA:
		w->para_lines = paragraph_lines(t);
		owe_lines(w, w->para_lines);
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
		owe_lines(w, 1);
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

static void element_close(struct writer *w, enum effect effect)
{
	switch (effect) {
	case LINE:
	case PARA:
		owe_lines(w, effect == PARA && !w->depth ? w->para_lines : 1);
		break;
	case ITEM:
		w->cell_fresh = false;
		owe_lines(w, 1);
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
		owe_lines(w, 1);
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

/* --- tokens */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* One attribute at s, behind white space; returns the bytes used. */
static size_t attribute_read(struct slice s, struct slice *name, struct slice *value)
{
	size_t i = 0, start;

	while (i < s.n && s.p[i] != '=' && s.p[i] != '>' && s.p[i] != '/' && !is_space(s.p[i]))
		i++;
	*name = slice_make(s.p, i);
	*value = (struct slice){ 0 };
	while (i < s.n && is_space(s.p[i]))
		i++;
	if (i == s.n || s.p[i] != '=')
		return i ? i : 1;
	do
		i++;
	while (i < s.n && is_space(s.p[i]));
	char quote = i < s.n && (s.p[i] == '"' || s.p[i] == '\'') ? s.p[i++] : '\0';
	start = i;
	while (i < s.n && (quote ? s.p[i] != quote : s.p[i] != '>' && !is_space(s.p[i])))
		i++;
	*value = slice_make(s.p + start, i - start);
	return i + (quote && i < s.n);
}

static void attribute_keep(struct tag *t, struct slice name, struct slice value)
{
	if (slice_equal_nocase(name, SLICE("href")))
		t->href = value;
	else if (slice_equal_nocase(name, SLICE("alt")))
		t->alt = value;
	else if (slice_equal_nocase(name, SLICE("class")))
		t->class = value;
	else if (slice_equal_nocase(name, SLICE("style")))
		t->style = value;
	else if (slice_equal_nocase(name, SLICE("start")))
		t->start = value;
	else if (slice_equal_nocase(name, SLICE("hidden")))
		t->hidden = true;
}

/* `s` starts at '<' with a letter or "/letter" behind; returns the bytes up to behind '>'. */
static size_t tag_read(struct slice s, struct tag *t)
{
	size_t i = 1, start;

	*t = (struct tag){ 0 };
	t->closes = s.p[1] == '/';
	i += t->closes;
	start = i;
	while (i < s.n && s.p[i] != '>' && s.p[i] != '/' && !is_space(s.p[i]))
		i++;
	t->name = slice_make(s.p + start, i - start);
	while (i < s.n && s.p[i] != '>') {
		struct slice name, value;
		if (is_space(s.p[i]) || s.p[i] == '/') {
			i++;
			continue;
		}
		i += attribute_read(slice_make(s.p + i, s.n - i), &name, &value);
		attribute_keep(t, name, value);
	}
	return i + (i < s.n);
}

/* <!-- -->, <!DOCTYPE>, <![if]>, <?xml?> */
static size_t comment_length(struct slice s)
{
	const char *end = NULL;

	if (slice_starts(s, SLICE("<!--"))) {
		end = s.n > 4 ? memmem(s.p + 4, s.n - 4, "-->", 3) : NULL;
		return end ? (size_t)(end - s.p) + 3 : s.n;
	}
	end = memchr(s.p, '>', s.n);
	return end ? (size_t)(end - s.p) + 1 : s.n;
}

/* Up to the end tag of a raw-text element. */
static size_t raw_length(struct slice s, struct slice name)
{
	for (size_t i = 0; i + name.n + 2 <= s.n; i++) {
		const char *lt = memchr(s.p + i, '<', s.n - i);
		if (!lt)
			break;
		i = (size_t)(lt - s.p);
		if (i + name.n + 2 <= s.n && lt[1] == '/' &&
			slice_equal_nocase(slice_make(lt + 2, name.n), name))
			return i;
	}
	return s.n;
}

static size_t text_length(struct slice s)
{
	const char *lt = memchr(s.p + 1, '<', s.n - 1);

	return lt ? (size_t)(lt - s.p) : s.n;
}

/* "name: value" in a style, in any case and with any blanks. */
static bool style_has(struct slice style, const char *name, const char *value)
{
	while (style.p) {
		struct slice rule = slice_cut(&style, ';'), key = slice_cut(&rule, ':');
		size_t n = strlen(value);
		rule = slice_trim(rule);
		if (rule.n > n && (is_space(rule.p[n]) || rule.p[n] == '!'))
			rule.n = n;
		if (slice_equal_nocase(slice_trim(key), slice_of(name)) &&
			slice_equal_nocase(rule, slice_of(value)))
			return true;
	}
	return false;
}

/* What a newsletter puts in front for lists of mails, and no program shows. */
static bool is_hidden(const struct tag *t)
{
	return t->hidden || (t->style.n && (style_has(t->style, "display", "none") ||
						   style_has(t->style, "visibility", "hidden") ||
						   style_has(t->style, "mso-hide", "all")));
}

/* Up to behind the end of the element that a tag named `name` has opened, or 0: it has none, and hiding would hide the rest of the mail. */
static size_t element_length(struct slice s, struct slice name)
{
	size_t depth = 1;

	for (size_t i = 0; i < s.n;) {
		struct slice rest = slice_make(s.p + i, s.n - i);
		size_t lt = slice_find(rest, '<');
		struct tag t;
		if (lt + 2 >= rest.n)
			return 0;
		rest = slice_make(rest.p + lt, rest.n - lt);
		i += lt;
		if (rest.p[1] == '!') {
			i += comment_length(rest);
			continue;
		}
		if (!is_letter(rest.p[1]) && rest.p[1] != '/') {
			i++;
			continue;
		}
		i += tag_read(rest, &t);
		if (!slice_equal_nocase(t.name, name))
			continue;
		depth = t.closes ? depth - 1 : depth + 1;
		if (depth == 0)
			return i;
	}
	return 0;
}

/* How much to leave out behind a tag that opens what is not shown. */
static size_t hidden_length(struct writer *w, struct slice s, struct slice name, enum effect effect)
{
	size_t n;

	if (effect == BREAK || effect == RULE || effect == IMAGE || w->unclosed >= UNCLOSED_MAX)
		return 0;
	if (slice_equal_nocase(name, SLICE("input")) || slice_equal_nocase(name, SLICE("body")) ||
		slice_equal_nocase(name, SLICE("html")))
		return 0;
	n = element_length(s, name);
	w->unclosed += n == 0;
	return n;
}

static size_t markup(struct writer *w, struct slice s)
{
	struct tag t;
	size_t n;

	if (s.n >= 2 && (s.p[1] == '!' || s.p[1] == '?'))
		return comment_length(s);
	if (s.n < 2 || !(is_letter(s.p[1]) || (s.p[1] == '/' && s.n > 2 && is_letter(s.p[2]))))
		return 0;
	n = tag_read(s, &t);
	enum effect effect = effect_of(t.name);
	if (!t.closes && is_hidden(&t)) {
		size_t hidden = hidden_length(w, slice_make(s.p + n, s.n - n), t.name, effect);
		if (hidden)
			return n + hidden;
	}
	if (t.closes && effect != BREAK) /* </br> is one, too */
		element_close(w, effect);
	else
		element_open(w, effect, &t);
	if (effect == SKIP && !t.closes)
		n += raw_length(slice_make(s.p + n, s.n - n), t.name);
	return n;
}

void html_to_text(struct str *out, struct slice html, size_t max)
{
	struct writer w = { .out = out, .from = out->n, .max = max };

	while (html.n > 0 && !writer_is_full(&w)) {
		size_t n = html.p[0] == '<' ? markup(&w, html) : 0;
		if (n == 0) {
			n = text_length(html);
			write_run(&w, slice_make(html.p, n));
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
