/*
 * See bounce.h: reports that mail servers write in words, without a part for programs. Called by parse.c, its tests and fuzzer.
 *
 *   subject or sender says that it is a report
 *   the words above the copy of the mail:  "will be retried"            ─▶ temporary
 *                                          5.1.1, 550 No such user      ─▶ by the code
 *                                          "could not be delivered"     ─▶ permanent
 *
 * A server or a language that is missing is a row in these tables. All are in lower case. Linear, at most LOOK_MAX bytes.
 */
#include "bounce.h"

#include <string.h>

#include "robot.h"

enum { LOOK_MAX = 65536, FOLD_MAX = 8192, WHY_MAX = 300 };

static const char *const senders[] = { "mailer-daemon", "mailerdaemon", "mail-daemon", "maildaemon",
	"mdaemon", "mail.delivery.system", "mail-delivery-system", "maildelivery",
	"microsoftexchange", "bounce", "bounces", "double-bounce", NULL };

static const char *const subjects[] = { "undeliver", "delivery fail", "delivery has failed",
	"failure notice", "failure delivery", "returned mail", "returning to sender",
	"returned to sender", "delivery status notification", "delivery notification",
	"delivery report", "delivery problem", "delivery warning", "mail delivery", "failed mail",
	"delivery error", "delivery delayed", "mail failed", "failed delivery", "mail failure",
	"non-delivery", "non delivery", "nondelivery", "not delivered", "could not be delivered",
	"couldn't be delivered", "rejected mail", "mail system error", "user unknown",
	"message delayed", "message status - ", "processing error", "не доставлен", "недоставлен",
	"не может быть доставлен", "не удалось доставить", "невозможно доставить",
	"ошибка доставки", "уведомление о доставке", "состоянии доставки", "задержк",
	"unzustellbar", "nicht zugestellt", "non remis", "échec de la remise",
	"no se puede entregar", "non recapitabile", "não entreg", "niedostarcz", "投递失败", "退信",
	NULL };

static const char *const delays[] = { "not yet been delivered", "will be retried",
	"still being retried", "has been delayed", "delivery delayed", "been postponed",
	"warning message only", "warning only", "will continue to try", "will keep trying",
	"delivery attempts will continue", "do not need to resend", "будут продолжены",
	"будет предпринята", "будут предприняты", "продолжит попытки", "пока не доставлено",
	"ещё не доставлено", "еще не доставлено", "доставка задерживается", NULL };

static const char *const failures[] = { "could not be delivered", "couldn't be delivered",
	"was not delivered", "wasn't delivered", "not been delivered", "message not delivered",
	"cannot be delivered", "can't be delivered", "unable to deliver", "able to deliver",
	"could not deliver", "couldn't deliver", "cannot deliver", "delivery failed",
	"delivery fail", "delivery to the following", "delevery to the following",
	"delivery has failed", "failed permanently", "permanent error", "permanent fatal",
	"undeliver", "did not reach the following", "not receive a copy", "failed recipient",
	"failed addresses", "returned mail", "been returned because", "returned to sender",
	"was returned", "invalid final delivery", "automatically rejected", "been rejected",
	"was rejected", "encountered delivery problems", "no such user", "user unknown",
	"unknown user", "user not found", "address not found", "couldn't be found",
	"did not exactly match", "mailbox is full", "mailbox full", "over quota", "quota exceeded",
	"gave up", "giving up", "не доставлен", "недоставлен", "не был доставлен",
	"не было доставлен", "не может быть доставлен", "не удалось доставить",
	"невозможно доставить", "не смогли доставить", "не удалась", "nicht zugestellt",
	"unzustellbar", "konnte nicht", "n'a pas pu", "n’a pas pu", "no se pudo entregar",
	"no se ha podido entregar", "impossibile recapitare", "não pôde ser entregue", "nie mogła",
	"无法发送", "无法投递", NULL };

/* What is worth showing of the words: why it failed. */
static const char *const reasons[] = { "no such user", "user unknown", "unknown user", "not found",
	"quota", "full", "exceed", "too much mail", "disabled", "discontinued", "not listed",
	"doesn't have a", "does not exist", "doesn't exist", "not exist", "not recognized",
	"no user by that name", "unavailable", "unknown host", "no valid recipients", "denied",
	"not accepting", "no longer valid", "rejected", "name service error", "invalid",
	"не существует", "не найден", "переполнен", "заблокирован", "отключ", "недоступен", NULL };

/* Here begins the mail that came back. */
static const char *const copies[] = { "below this line is", "below the next line is",
	"ниже этой линии", "is a copy of the message", "here is a copy of", "this is a copy",
	"original message follows", "--- original message", "-- original message",
	"message text follows", "message header follows", "message headers follow",
	"returned message", "returned mail follows", "-- returned mail", "unsent message below",
	"header and top", "lines of the message follow", "original message headers",
	"copy of the original message", "lines of your original message", "undelivered message",
	NULL };

static bool has_any(const char *text, const char *const *list)
{
	for (; *list; list++) {
		if (strstr(text, *list))
			return true;
	}
	return false;
}

/* Valid UTF-8 in lower case; g_free it. */
static char *fold(const char *text, gsize n)
{
	char *valid = g_utf8_make_valid(text, (gssize)n), *lower = g_utf8_strdown(valid, -1);

	g_free(valid);
	return lower;
}

bool bounce_sender(const char *from)
{
	gsize n = from ? strcspn(from, "@") : 0;

	for (const char *const *s = senders; n && *s; s++) {
		if (strlen(*s) <= n && g_ascii_strncasecmp(from, *s, strlen(*s)) == 0 &&
			(strlen(*s) == n || !g_ascii_isalpha(from[strlen(*s)])))
			return true;
	}
	return false;
}

bool bounce_subject(const char *subject)
{
	char *lower;
	bool is;

	if (!subject || robot_subject(subject))
		return false;
	lower = fold(subject, strnlen(subject, WHY_MAX));
	is = has_any(lower, subjects);
	g_free(lower);
	return is;
}

/* --- codes */

static gsize number(const char *p, gsize n)
{
	gsize i = 0;

	while (i < n && i < 4 && g_ascii_isdigit(p[i]))
		i++;
	return i >= 1 && i <= 3 ? i : 0;
}

gsize bounce_code(const char *p, gsize n)
{
	gsize subject, detail, all;

	if (n < 5 || !memchr("245", p[0], 3) || p[1] != '.')
		return 0;
	subject = number(p + 2, n - 2);
	if (!subject || 2 + subject >= n || p[2 + subject] != '.')
		return 0;
	detail = number(p + 3 + subject, n - 3 - subject);
	all = 3 + subject + detail;
	if (!detail ||
		(all < n && (g_ascii_isalnum(p[all]) ||
				    (p[all] == '.' && all + 1 < n && g_ascii_isdigit(p[all + 1])))))
		return 0; /* an address 5.1.1.7, a version */
	return all;
}

/* "550 No such user", "550-5.1.1", "550 <x@y>: rejected": a reply of SMTP in front of words. */
static bool is_reply(const char *p, gsize n)
{
	return n > 5 && (p[0] == '5' || p[0] == '4') && memchr("0123457", p[1], 7) &&
	       g_ascii_isdigit(p[2]) && (p[3] == ' ' || p[3] == '-') &&
	       (g_ascii_isalpha(p[4]) || memchr("<[\"#", p[4], 4) || bounce_code(p + 4, n - 4));
}

/* Where a code stands in the text, or n. */
static gsize find_code(const char *text, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		char before = i ? text[i - 1] : '\n';
		if (text[i] != '5' && text[i] != '4')
			continue;
		if (!g_ascii_isalnum(before) && before != '.' && bounce_code(text + i, n - i))
			return i;
		if (memchr(" \t\n:\"'(<", before, 8) && is_reply(text + i, n - i))
			return i;
	}
	return n;
}

/* --- words */

/* One line of the text, white space as single spaces, bounded. */
static void why_append(GString *why, const char *p, gsize n)
{
	const char *lf = memchr(p, '\n', n);
	char *valid = g_utf8_make_valid(p, lf ? lf - p : (gssize)n);
	gsize from = why->len;

	for (const char *c = valid; *c && why->len - from < WHY_MAX; c = g_utf8_next_char(c)) {
		gunichar u = g_utf8_get_char(c);
		if (!g_unichar_isspace(u) && !g_unichar_iscntrl(u))
			g_string_append_unichar(why, u);
		else if (why->len > from && why->str[why->len - 1] != ' ')
			g_string_append_c(why, ' ');
	}
	while (why->len > from && why->str[why->len - 1] == ' ')
		g_string_truncate(why, why->len - 1);
	g_free(valid);
}

/* From the code at `at` to its line's end; the whole line when the words stand in front: "No mailbox here by that name. (#5.1.1)" */
static void why_code(GString *why, const char *text, gsize n, gsize at)
{
	gsize start, stop;

	if (n - at > 4 && bounce_code(text + at + 4, n - at - 4))
		at += 4; /* 550 5.1.1: the second says more */
	start = stop = at;
	while (stop < n && text[stop] != '\n' && !g_ascii_isalpha(text[stop]))
		stop++;
	if (stop == n || text[stop] == '\n') {
		while (start > 0 && text[start - 1] != '\n')
			start--;
	}
	why_append(why, text + start, n - start);
}

/* The first line in which one of the list stands; false when none does. */
static bool why_from(GString *why, const char *text, gsize n, const char *const *list)
{
	for (const char *end = text + n; text < end;) {
		const char *lf = memchr(text, '\n', (gsize)(end - text));
		gsize len = lf ? (gsize)(lf - text) : (gsize)(end - text);
		char *lower = fold(text, len);
		bool has = has_any(lower, list);
		g_free(lower);
		if (has) {
			why_append(why, text, len);
			return true;
		}
		text += len + (lf != NULL);
	}
	return false;
}

/* The words above the copy of the mail that came back. */
static gsize words_end(const char *text, gsize n)
{
	char *lower = g_ascii_strdown(text, (gssize)n);
	gsize end = n, at = 0;

	while (at < n) {
		const char *lf = memchr(lower + at, '\n', n - at);
		gsize stop = lf ? (gsize)(lf - lower) : n;
		char *line = g_strndup(lower + at, stop - at);
		bool copy = at > 0 && has_any(line, copies);
		g_free(line);
		if (copy) {
			end = at;
			break;
		}
		at = stop + 1;
	}
	g_free(lower);
	return end;
}

enum bounce_kind bounce_words(const char *text, gsize n, GString *why)
{
	enum bounce_kind kind = BOUNCE_NONE;
	gsize code;
	char *lower;

	n = words_end(text, MIN(n, (gsize)LOOK_MAX));
	code = find_code(text, n);
	lower = fold(text, MIN(n, (gsize)FOLD_MAX));
	if (has_any(lower, delays))
		kind = BOUNCE_TEMPORARY;
	else if (code < n)
		kind = text[code] == '4' && !has_any(lower, failures) ? BOUNCE_TEMPORARY
								      : BOUNCE_PERMANENT;
	else if (has_any(lower, failures))
		kind = BOUNCE_PERMANENT;
	if (kind != BOUNCE_NONE && code < n)
		why_code(why, text, n, code);
	else if (kind == BOUNCE_PERMANENT && !why_from(why, text, MIN(n, (gsize)FOLD_MAX), reasons))
		why_from(why, text, MIN(n, (gsize)FOLD_MAX), failures);
	g_free(lower);
	return kind;
}
