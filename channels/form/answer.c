/*
 * Answers to a POST, to programs as JSON and to people as pages. After an answer the request is not ours any more. Called by post.c.
 */
#include <stdio.h>
#include <string.h>

#include "form.h"
#include "words.h"

static struct usher_http *take(struct post *p)
{
	struct usher_http *r = p->request;

	p->request = NULL;
	return r;
}

void answer_taken(struct post *p, struct usher_str id)
{
	struct form *f = p->form;
	struct usher_http *r = take(p);
	struct buf b = { 0 };

	if (!r)
		return;
	if (p->wants_json) {
		buf_text(&b, "{\"id\":");
		buf_json(&b, id.p, id.n);
		buf_text(&b, "}\n");
		f->svc->http_answer(r, 201, "application/json", buf_str(&b));
	} else {
		buf_printf(&b, "%s/thanks?id=%.*s%s", f->path, (int)id.n, id.p,
			p->language == LANGUAGE_RU ? "&lang=ru" : "");
		f->svc->http_set(r, "Location", buf_str(&b));
		f->svc->http_answer(r, 303, "text/plain", LITERAL(""));
	}
	buf_free(&b);
}

static void add_error(struct buf *b, int *count, struct usher_str field, const char *message)
{
	buf_text(b, (*count)++ ? ",{\"field\":" : "{\"field\":");
	buf_json(b, field.p, field.n);
	buf_text(b, ",\"message\":");
	buf_json(b, message, strlen(message));
	buf_text(b, "}");
}

static const char *title_of(int status)
{
	switch (status) {
	case 422:
		return "Unprocessable Content";
	case 428:
		return "Precondition Required";
	case 429:
		return "Too Many Requests";
	default:
		return "Service Unavailable";
	}
}

/* What a script works on; a program may do the sum as well. */
static void add_challenge(struct buf *b, const struct post *p)
{
	char stamp[STAMP_LEN + 1];

	page_stamp_of(p->form, p, stamp);
	buf_printf(b, ",\"challenge\":{\"stamp\":\"%s\",\"bits\":%d}", stamp, WORK_BITS);
}

static void problem_json(struct post *p, struct usher_http *r, int status, const char *word)
{
	struct form *f = p->form;
	struct buf b = { 0 };
	const char *detail = string_of(word, p->language);
	int count = 0;

	buf_printf(&b, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":",
		title_of(status), status);
	buf_json(&b, detail, strlen(detail));
	buf_text(&b, ",\"errors\":[");
	for (size_t i = 0; i < f->field_count; i++)
		if (p->errors[i])
			add_error(&b, &count, f->fields[i].name,
				string_of(p->errors[i], p->language));
	if (p->unknown_name.n)
		add_error(&b, &count, buf_str(&p->unknown_name),
			string_of("unknown_field", p->language));
	buf_text(&b, "]");
	if (status == 428)
		add_challenge(&b, p);
	buf_text(&b, "}\n");
	f->svc->http_answer(r, status, "application/problem+json", buf_str(&b));
	buf_free(&b);
}

void answer_problem(struct post *p, int status, const char *word)
{
	struct usher_http *r = take(p);

	if (!r)
		return;
	if (p->wants_json)
		problem_json(p, r, status, word);
	else
		page_form(p->form, r, p->language, p, status, word);
}

void answer_malformed(struct post *p, const char *why)
{
	struct usher_http *r = take(p);

	if (r)
		p->form->svc->http_problem(r, 400, why);
}
