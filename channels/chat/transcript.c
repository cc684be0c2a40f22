/*
 * The conversation by mail, when its visitor asks: read back from usher's history and handed to a mail channel as automatic mail. Only
 * what an agent has answered is sent, once a minute: nobody writes to strangers through this.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "chat.h"

enum { MAIL_MAX = 200000, AGAIN_US = 60000000 };

struct transcript {
	uint64_t token, tab, seq;
	struct thread *thread;
	struct buf text;
	char to[IDENTITY_MAX], lang[8], id[CLIENT_ID_MAX + 1];
	unsigned answered : 1;
};

static int address_ok(const char *a)
{
	const char *at = a ? strchr(a, '@') : NULL;
	size_t n = a ? strlen(a) : 0;

	if (!at || at == a || !strchr(at + 1, '.') || strchr(at + 1, '@') || n >= IDENTITY_MAX)
		return 0;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)a[i] <= ' ' || strchr(",;<>\"()[]\\:", a[i]) || a[i] == 0x7f)
			return 0;
	return 1;
}

void transcript_ask(struct tab *t, const json_t *frame, const char *id)
{
	struct chat *c = t->chat;
	struct thread *th = t->thread;
	const char *email = json_string_value(json_object_get(frame, "email"));
	uint64_t now_us = c->svc->now_us(c->host);

	if (!c->transcript.n) {
		say_error(t, NULL, "state", "conversations are not sent by mail here");
	} else if (!address_ok(email)) {
		say_error(t, NULL, "invalid", "transcript needs an email");
	} else if (!th->known || th->transcript || now_us - th->mailed_us < AGAIN_US) {
		say_error(t, *id ? id : NULL, "slow", "wait a minute before you ask again");
	} else {
		struct transcript *m = zeroed(sizeof(*m));
		m->token = ++c->next_serial;
		m->tab = t->serial;
		m->thread = th;
		snprintf(m->to, sizeof(m->to), "%s", email);
		snprintf(m->id, sizeof(m->id), "%s", id);
		snprintf(m->lang, sizeof(m->lang), "%s", t->visitor->lang);
		th->transcript = m;
		th->mailed_us = now_us;
		table_put(&c->transcripts, &m->token, m);
		c->svc->catch_up(c->host, (struct usher_str){ th->key, THREAD_LEN }, 0, m->token);
	}
}

void transcript_add(struct transcript *m, const struct usher_update *u)
{
	time_t at = (time_t)(u->at_us / 1000000);
	char when[32] = "";
	struct tm tm;
	int russian = strcmp(m->lang, "ru") == 0;

	if (u->what != USHER_UPDATE_MESSAGE || u->seq <= m->seq || m->text.n > MAIL_MAX)
		return;
	m->seq = u->seq;
	m->answered |= u->from == USHER_FROM_AGENT;
	if (gmtime_r(&at, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", &tm);
	buf_text(&m->text, when);
	buf_text(&m->text, "  ");
	if (u->from == USHER_FROM_YOU)
		buf_text(&m->text, russian ? "Вы" : "You");
	else
		buf_add(&m->text, u->name.p, u->name.n);
	buf_text(&m->text, ":\n");
	buf_add(&m->text, u->text.p, u->text.n);
	for (size_t i = 0; i < u->parts_count; i++) {
		buf_text(&m->text, i || u->text.n ? "\n[" : "[");
		buf_add(&m->text, u->parts[i].name.p, u->parts[i].name.n);
		buf_text(&m->text, "]");
	}
	buf_text(&m->text, "\n\n");
}

void transcript_free(struct chat *c, struct transcript *m)
{
	table_remove(&c->transcripts, &m->token);
	m->thread->transcript = NULL;
	buf_free(&m->text);
	free(m);
}

static void transcript_mail(struct chat *c, const struct transcript *m, struct tab *t)
{
	int russian = strcmp(m->lang, "ru") == 0;
	struct usher_str title = c->svc->option(c->host, russian ? "title_ru" : "title");
	struct buf subject = { 0 };
	char dedup[THREAD_LEN + CLIENT_ID_MAX + 32];

	buf_text(&subject, russian ? "Ваш разговор в чате" : "Your conversation in our chat");
	if (title.n) {
		buf_text(&subject, ": ");
		buf_add(&subject, title.p, title.n);
	}
	if (*m->id)
		snprintf(dedup, sizeof(dedup), "%s mail %s", m->thread->key, m->id);
	else
		snprintf(dedup, sizeof(dedup), "%s mail at %llu", m->thread->key,
			(unsigned long long)m->thread->mailed_us);
	struct usher_news n = { .size = sizeof(n),
		.what = USHER_NEWS_MAIL,
		.dedup = str_of(dedup),
		.channel = c->transcript,
		.to = str_of(m->to),
		.subject = { subject.p, subject.n },
		.text = { m->text.p, m->text.n },
		.lang = str_of(m->lang) };
	visitor_mail(t, m->id, &n);
	buf_free(&subject);
}

void transcript_read(struct chat *c, uint64_t token, enum usher_outcome outcome)
{
	struct transcript *m = table_get(&c->transcripts, &token);
	struct tab *t = m ? table_get(&c->tabs, &m->tab) : NULL;

	if (!m)
		return;
	if (!t) /* who asked has gone, and was told nothing: when he is back he asks again */
		m->thread->mailed_us = 0;
	else if (outcome != USHER_OK)
		say_error(t, *m->id ? m->id : NULL, "busy",
			"the conversation could not be read; ask again in a minute");
	else if (!m->answered)
		say_error(t, *m->id ? m->id : NULL, "state",
			"nobody has answered yet: there is nothing to send");
	else
		transcript_mail(c, m, t);
	transcript_free(c, m);
}
