/*
 * What people see: the form, the thanks, the style sheet and the snippet for a site's own page. Works without JavaScript (the script spares
 * people a new page, shows how far a file is, and does the work of a challenge); nothing is loaded from anywhere else. Called by form.c and answer.c.
 */
#include <stdio.h>
#include <string.h>

#include "form.h"
#include "words.h"

extern const unsigned char form_script[]; /* script.js */
extern const size_t form_script_size;

static const char CSP[] = "default-src 'none'; script-src 'self'; style-src 'self'; "
			  "connect-src 'self'; form-action 'self'; base-uri 'none'; "
			  "frame-ancestors 'self'";
static const char HTML[] = "text/html; charset=utf-8";

static const char STYLE[] =
	":root{color-scheme:light dark;--ink:#1c2430;--soft:#566173;--ground:#f4f6f9;--card:#fff;"
	"--line:#8a94a6;--act:#1f5fbf;--act-ink:#fff;--bad:#b3261e;--bad-ground:#fdecea}\n"
	"@media(prefers-color-scheme:dark){:root{--ink:#e8ecf2;--soft:#a9b4c4;--ground:#12161c;--"
	"card:#1b212a;"
	"--line:#6f7b8d;--act:#8ab4f8;--act-ink:#0d1a2d;--bad:#f2b8b5;--bad-ground:#3b1d1c}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,'Segoe "
	"UI',Roboto,"
	"'Noto Sans',sans-serif}\n"
	"main{max-width:36rem;margin:0 auto;padding:1.5rem 1rem 3rem}\n"
	"h1{font-size:1.5rem;line-height:1.25;margin:.5rem 0 1.25rem}\n"
	"form,.card{background:var(--card);border-radius:.75rem;padding:1.25rem;box-shadow:0 1px "
	"3px #0002}\n"
	".field{margin:0 0 1.1rem}\n"
	"label{display:block;font-weight:600;margin:0 0 .3rem}\n"
	"label+br{display:none}\n"
	".check label{display:inline;font-weight:400;margin-left:.4rem}\n"
	".soft{color:var(--soft);font-weight:400}\n"
	"input:not([type=checkbox]),textarea,select{width:100%;font:inherit;color:inherit;"
	"background:var(--ground);"
	"border:1px solid var(--line);border-radius:.5rem;padding:.6rem .7rem}\n"
	"textarea{display:block;min-height:9rem;resize:vertical}\n"
	":focus-visible{outline:3px solid var(--act);outline-offset:2px}\n"
	"button{font:inherit;font-weight:600;color:var(--act-ink);background:var(--act);"
	"border:1px solid transparent;"
	"border-radius:.5rem;"
	"padding:.7rem 1.4rem;min-height:2.75rem;cursor:pointer}\n"
	"a{color:var(--act)}\n"
	".usher-problem{background:var(--bad-ground);color:var(--bad);border-radius:.5rem;padding:."
	"75rem "
	"1rem;"
	"margin:0 0 1.1rem;font-weight:600}\n"
	".usher-error{color:var(--bad);margin:.3rem 0 0;font-weight:600}\n"
	".usher-status{margin:.6rem 0 0}\n"
	"progress{display:block;width:100%;accent-color:var(--act)}\n"
	"[aria-busy] button{cursor:progress}\n"
	"[aria-invalid=true]{border-color:var(--bad)!important}\n"
	".trap{position:absolute;left:-9999px;width:1px;height:1px;overflow:hidden}\n"
	".id{font:.8em ui-monospace,monospace;overflow-wrap:anywhere}\n";

/* ---- language ---- */

/* The quality that Accept-Language gives a language, in thousandths; -1: not named. */
static int wanted(struct usher_str header, const char *lang)
{
	for (size_t i = 0; i < header.n;) {
		size_t end = i;
		int q = 1000;
		while (end < header.n && header.p[end] != ',')
			end++;
		while (i < end && header.p[i] == ' ')
			i++;
		const char *semi = memchr(header.p + i, ';', end - i);
		const char *at =
			semi ? memmem(semi, (size_t)(header.p + end - semi), "q=", 2) : NULL;
		if (at && at + 2 < header.p + end && at[2] == '0') {
			q = 0;
			for (const char *d = at + 4; d < header.p + end && d < at + 7; d++)
				q = q * 10 + (*d >= '0' && *d <= '9' ? *d - '0' : 0);
			for (const char *d = at + 4; d < at + 7; d++)
				q = d >= header.p + end ? q * 10 : q;
		}
		if (end - i >= 2 && (header.p[i] | 0x20) == lang[0] &&
			(header.p[i + 1] | 0x20) == lang[1])
			return q;
		i = end + 1;
	}
	return -1;
}

enum language page_language(struct form *f, struct usher_http *r)
{
	struct usher_str query = f->svc->http_query(r);
	struct usher_str header = f->svc->http_header(r, "accept-language");
	int ru = wanted(header, "ru"), en = wanted(header, "en");

	if (query.n && memmem(query.p, query.n, "lang=ru", 7))
		return LANGUAGE_RU;
	if (query.n && memmem(query.p, query.n, "lang=en", 7))
		return LANGUAGE_EN;
	return ru > 0 && ru > en ? LANGUAGE_RU : LANGUAGE_EN;
}

/* ---- pieces ---- */

/* & < > " ' escaped: content or a quoted attribute. */
static void add_html(struct buf *b, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		switch (p[i]) {
		case '&':
			buf_text(b, "&amp;");
			break;
		case '<':
			buf_text(b, "&lt;");
			break;
		case '>':
			buf_text(b, "&gt;");
			break;
		case '"':
			buf_text(b, "&quot;");
			break;
		case '\'':
			buf_text(b, "&#39;");
			break;
		default:
			buf_add(b, p + i, 1);
		}
	}
}

static void html(struct buf *b, struct usher_str s)
{
	add_html(b, s.p, s.n);
}

static const char *words(const char *key, enum language lang)
{
	return string_of(key, lang);
}

static void head(struct buf *b, struct form *f, enum language lang)
{
	buf_printf(b,
		"<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
		lang == LANGUAGE_RU ? "ru" : "en");
	html(b, f->title[lang]);
	buf_printf(b,
		"</title>\n<link rel=\"stylesheet\" "
		"href=\"%s/style.css\">\n</head>\n<body>\n<main>\n<h1>",
		f->path);
	html(b, f->title[lang]);
	buf_text(b, "</h1>\n");
}

static void foot(struct buf *b)
{
	buf_text(b, "</main>\n</body>\n</html>\n");
}

/* What a browser may not store it forgets also for its way back, and with it what was typed: only pages that repeat that are kept nowhere. */
static void send(struct form *f, struct usher_http *r, int status, struct buf *b)
{
	f->svc->http_set(r, "Content-Security-Policy", LITERAL_OF(CSP));
	f->svc->http_set(r, "Cache-Control",
		status == 200 ? LITERAL("private, no-cache") : LITERAL("no-store"));
	f->svc->http_answer(r, status, HTML, buf_str(b));
	buf_free(b);
}

static const struct {
	const char *html, *complete;
} TYPES[] = {
#define ROW(name, word, type, complete) { type, complete },
	FIELD_TYPES(ROW)
#undef ROW
};

static const char *complete_of(const struct field *d)
{
	return d->map == MAP_NAME ? "name" : TYPES[d->type].complete;
}

void page_stamp_of(struct form *f, const struct post *p, char out[STAMP_LEN + 1])
{
	stamp_make(f, out);
	/* A page shown again keeps its first stamp: the time goes on. */
	if (p && stamp_read(f, buf_str(&p->stamp)))
		memcpy(out, p->stamp.p, STAMP_LEN);
}

static void trap(struct buf *b, enum language lang)
{
	buf_printf(b,
		"<div class=\"trap\" aria-hidden=\"true\"><label for=\"f-website\">%s</label>"
		"<input type=\"text\" id=\"f-website\" name=\"_website\" tabindex=\"-1\" "
		"autocomplete=\"off\"></div>\n",
		words("trap", lang));
}

/* The script does the work and takes the question away; who has none answers it. */
static void question(struct buf *b, struct form *f, enum language lang, const char *stamp)
{
	unsigned one, two;

	challenge_sum(f, (struct usher_str){ stamp, STAMP_LEN }, &one, &two);
	buf_text(b, "<input type=\"hidden\" name=\"_work\" value=\"\">\n<div class=\"field\" "
		    "data-question>\n<label for=\"f-answer\">");
	buf_printf(b, "%s %u + %u?", words("sum", lang), two, one);
	buf_text(b, "</label>\n<input type=\"text\" id=\"f-answer\" name=\"_answer\" "
		    "inputmode=\"numeric\" autocomplete=\"off\" maxlength=\"4\" "
		    "required>\n</div>\n");
}

/* ' id="f-x" name="x" required aria-...' */
static void attributes(struct buf *b, struct form *f, size_t i, const char *error)
{
	const struct field *d = &f->fields[i];

	buf_printf(b, " id=\"f-%.*s\" name=\"%.*s\"", (int)d->name.n, d->name.p, (int)d->name.n,
		d->name.p);
	if (d->required)
		buf_text(b, " required");
	if (complete_of(d))
		buf_printf(b, " autocomplete=\"%s\"", complete_of(d));
	if (d->type == FIELD_FILE)
		buf_printf(b, "%s data-max=\"%llu\"", f->files_max > 1 ? " multiple" : "",
			(unsigned long long)f->file_max);
	if (d->type == FIELD_TEXT || d->type == FIELD_LONG)
		buf_text(b, " dir=\"auto\"");
	if (d->type == FIELD_TEXT || d->type == FIELD_LONG || d->type == FIELD_EMAIL ||
		d->type == FIELD_PHONE)
		buf_printf(b, " maxlength=\"%zu\"", d->max);
	if (error)
		buf_text(b, " aria-invalid=\"true\"");
	if (error || d->type == FIELD_FILE)
		buf_printf(b, " aria-describedby=\"%s-%.*s\"", error ? "e" : "h", (int)d->name.n,
			d->name.p);
}

static void choices(
	struct buf *b, const struct field *d, struct usher_str value, enum language lang)
{
	struct usher_str rest = d->choices, labels = d->choice_labels[lang], c, name;

	buf_printf(b, "<option value=\"\">%s</option>", words("choose", lang));
	while (choice_next(&rest, &c) && choice_next(&labels, &name)) {
		int chosen = c.n == value.n && memcmp(c.p, value.p, c.n) == 0;
		buf_text(b, "<option value=\"");
		html(b, c);
		buf_text(b, chosen ? "\" selected>" : "\">");
		html(b, name);
		buf_text(b, "</option>");
	}
}

static void control(struct buf *b, struct form *f, size_t i, struct usher_str value,
	enum language lang, const char *error)
{
	const struct field *d = &f->fields[i];

	if (d->type == FIELD_LONG || d->type == FIELD_CHOICE) {
		const char *tag = d->type == FIELD_LONG ? "textarea" : "select";
		buf_printf(b, "<%s", tag);
		attributes(b, f, i, error);
		buf_text(b, d->type == FIELD_LONG ? ">\n" : ">"); /* HTML drops a first line end */
		if (d->type == FIELD_LONG)
			html(b, value);
		else
			choices(b, d, value, lang);
		buf_printf(b, "</%s>\n", tag);
		return;
	}
	buf_printf(b, "<input type=\"%s\"", TYPES[d->type].html);
	attributes(b, f, i, error);
	if (d->type == FIELD_CHECK) {
		buf_printf(b, " value=\"yes\"%s", value.n ? " checked" : "");
	} else if (d->type != FIELD_FILE) {
		buf_text(b, " value=\"");
		html(b, value);
		buf_text(b, "\"");
	}
	buf_text(b, ">\n");
}

/* "order_number" → "Order number": what people read of a field that was given no label. */
static void name_as_words(struct buf *b, struct usher_str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool small = c >= 'a' && c <= 'z';
		c = c == '_' || c == '-' ? ' ' : !i && small ? (char)(c - 'a' + 'A') : c;
		buf_add(b, &c, 1);
	}
}

static void label(struct buf *b, const struct field *d, enum language lang)
{
	buf_printf(b, "<label for=\"f-%.*s\">", (int)d->name.n, d->name.p);
	if (d->label[lang].p == d->name.p)
		name_as_words(b, d->name);
	else
		html(b, d->label[lang]);
	if (!d->required)
		buf_printf(b, " <span class=\"soft\">(%s)</span>", words("optional", lang));
	/* On a page without our style every field begins a line, too. */
	buf_text(b, d->type == FIELD_CHECK ? "</label>\n" : "</label><br>\n");
}

static void field(struct buf *b, struct form *f, size_t i, enum language lang, const struct post *p)
{
	const struct field *d = &f->fields[i];
	const char *error = p ? p->errors[i] : NULL;
	struct usher_str value = p ? buf_str(&p->values[i]) : (struct usher_str){ NULL, 0 };

	if (d->type == FIELD_HIDDEN) {
		buf_printf(b, "<input type=\"hidden\" name=\"%.*s\" value=\"", (int)d->name.n,
			d->name.p);
		html(b, p ? value : d->value);
		buf_text(b, "\">\n");
		return;
	}
	buf_printf(b, "<div class=\"field%s\">\n", d->type == FIELD_CHECK ? " check" : "");
	if (d->type != FIELD_CHECK)
		label(b, d, lang);
	control(b, f, i, value, lang, error);
	if (d->type == FIELD_CHECK)
		label(b, d, lang);
	if (d->type == FIELD_FILE) {
		buf_printf(b, "<p class=\"soft\" id=\"h-%.*s\">", (int)d->name.n, d->name.p);
		buf_printf(b,
			lang == LANGUAGE_RU ? "Не больше %llu МБ каждый." : "At most %llu MB each.",
			(unsigned long long)(f->file_max >> 20 ? f->file_max >> 20 : 1));
		if (p && (p->file_count || p->skipped))
			buf_printf(b, " <b>%s</b>", words("file_again", lang));
		buf_text(b, "</p>\n");
	}
	if (error)
		buf_printf(b, "<p class=\"usher-error\" id=\"e-%.*s\">%s</p>\n", (int)d->name.n,
			d->name.p, words(error, lang));
	buf_text(b, "</div>\n");
}

static void body(struct buf *b, struct form *f, enum language lang, const struct post *p, int ask)
{
	char stamp[STAMP_LEN + 1];

	page_stamp_of(f, p, stamp);
	/* Before the files: under attack nothing is kept before the answer. */
	buf_printf(b, "<input type=\"hidden\" name=\"_stamp\" value=\"%s\">\n", stamp);
	if (ask)
		question(b, f, lang, stamp);
	for (size_t i = 0; i < f->field_count; i++)
		field(b, f, i, lang, p);
	trap(b, lang);
	buf_printf(b, "<button type=\"submit\">%s</button>\n", words("send", lang));
}

/* ---- pages ---- */

void page_form(struct form *f, struct usher_http *r, enum language lang, const struct post *p,
	int status, const char *problem)
{
	struct buf b = { 0 };

	head(&b, f, lang);
	int ask = p ? p->challenge
		    : !rate_is_own(f->svc->http_peer(r)) &&
				  challenge_is_on(f->challenge, f->svc->now_us(f->host));
	buf_printf(
		&b, "<form method=\"post\" action=\"%s\" enctype=\"multipart/form-data\"", f->path);
	if (ask)
		buf_printf(&b, " data-bits=\"%d\"", WORK_BITS);
	buf_text(&b, ">\n");
	if (problem)
		buf_printf(&b, "<p class=\"usher-problem\" role=\"alert\">%s</p>\n",
			words(problem, lang));
	body(&b, f, lang, p, ask);
	buf_text(&b, "</form>\n");
	buf_printf(&b, "<script async src=\"%s/form.js\"></script>\n", f->path);
	foot(&b);
	send(f, r, status, &b);
}

/* The message's number in the query, when it looks like one. */
static struct usher_str number_in(struct usher_str query)
{
	const char *at = query.n ? memmem(query.p, query.n, "id=", 3) : NULL;
	struct usher_str id = { NULL, 0 };

	if (!at || (at != query.p && at[-1] != '&') || (size_t)(query.p + query.n - at) < 29)
		return id;
	for (size_t i = 0; i < 26; i++)
		if (!at[3 + i] || !strchr("0123456789ABCDEFGHJKMNPQRSTVWXYZ", at[3 + i]))
			return id;
	return (struct usher_str){ at + 3, 26 };
}

void page_thanks(struct form *f, struct usher_http *r, enum language lang)
{
	struct buf b = { 0 };
	struct usher_str id = number_in(f->svc->http_query(r));

	head(&b, f, lang);
	buf_text(&b, "<div class=\"card\">\n<p>");
	if (f->thanks[lang].n)
		html(&b, f->thanks[lang]);
	else
		buf_text(&b, words("thanks", lang));
	buf_text(&b, "</p>\n");
	if (id.n)
		buf_printf(&b, "<p class=\"soft\">%s <span class=\"id\">%.*s</span></p>\n",
			words("number", lang), (int)id.n, id.p);
	buf_printf(&b, "<p><a href=\"%s\">%s</a></p>\n</div>\n", f->path, words("another", lang));
	foot(&b);
	send(f, r, 200, &b);
}

void page_style(struct form *f, struct usher_http *r)
{
	f->svc->http_set(r, "Cache-Control", LITERAL("max-age=3600"));
	f->svc->http_answer(r, 200, "text/css; charset=utf-8", LITERAL_OF(STYLE));
}

/* The form for a site's own page: plain HTML that posts here. */
void page_snippet(struct form *f, struct usher_http *r, enum language lang)
{
	struct buf b = { 0 };
	struct usher_str url = f->svc->public_url(f->host);

	buf_printf(&b, "<form method=\"post\" action=\"%.*s%s\" enctype=\"multipart/form-data\">\n",
		(int)url.n, url.p, f->path);
	buf_text(&b, "<input type=\"hidden\" name=\"_stamp\" value=\"\">\n");
	for (size_t i = 0; i < f->field_count; i++)
		field(&b, f, i, lang, NULL);
	/* A site's own style sheet does not know our classes. */
	buf_text(&b, "<div hidden>");
	trap(&b, lang);
	buf_printf(
		&b, "</div>\n<button type=\"submit\">%s</button>\n</form>\n", words("send", lang));
	buf_printf(&b, "<script async src=\"%.*s%s/form.js?lang=%s\"></script>\n", (int)url.n,
		url.p, f->path, lang == LANGUAGE_RU ? "ru" : "en");
	f->svc->http_answer(r, 200, "text/plain; charset=utf-8", buf_str(&b));
	buf_free(&b);
}

void page_script(struct form *f, struct usher_http *r)
{
	f->svc->http_set(r, "Cache-Control", LITERAL("max-age=3600"));
	f->svc->http_set(r, "Cross-Origin-Resource-Policy", LITERAL("cross-origin"));
	f->svc->http_answer(r, 200, "text/javascript; charset=utf-8",
		(struct usher_str){ (const char *)form_script, form_script_size });
}

void page_stamp(struct form *f, struct usher_http *r, enum language lang)
{
	static const char *const WORDS[] = { "number", "later", "sending", "working", "correct",
		"file_large" };
	struct buf b = { 0 };
	char stamp[STAMP_LEN + 1];
	struct usher_str own = f->thanks[lang];
	const char *usual = words("thanks", lang);

	stamp_make(f, stamp);
	buf_printf(&b, "{\"stamp\":\"%s\",\"thanks\":", stamp);
	buf_json(&b, own.n ? own.p : usual, own.n ? own.n : strlen(usual));
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(*WORDS); i++) {
		buf_printf(&b, ",\"%s\":", WORDS[i]);
		buf_json(&b, words(WORDS[i], lang), strlen(words(WORDS[i], lang)));
	}
	buf_text(&b, "}\n");
	f->svc->http_set(r, "Cache-Control", LITERAL("no-store"));
	f->svc->http_answer(r, 200, "application/json", buf_str(&b));
	buf_free(&b);
}
