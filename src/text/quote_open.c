/*
 * See quote_open.h. A line is folded to lower case only when its first letters or its last one say that it may matter, and at most
 * JOIN_MAX lines are joined: time is linear. No regular expressions. A language that is missing is a word in some of these tables.
 */
#include "text/quote_open.h"

#include "base/utf8.h"
#include "text/quote_line.h"

enum {
	JOIN_MAX = 4,
	BEGINNING_MAX = 48, /* bytes; no shorter than the longest of them */
	BLOCK_LINES = 8,
	LABEL_MAX = 64,
	BANNER_MAX = 200
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool has_digit(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (is_digit(s.p[i]))
			return true;
	}
	return false;
}

/* 10:00; 9.05 is not worth it */
static bool has_time(struct slice s)
{
	for (size_t i = 1; i + 2 < s.n; i++) {
		if (s.p[i] == ':' && is_digit(s.p[i - 1]) && is_digit(s.p[i + 1]) &&
			is_digit(s.p[i + 2]))
			return true;
	}
	return false;
}

/* 1990..2099, or 03.11.25, 11/3/25, 2025-11-03 */
static bool has_date(struct slice s)
{
	size_t run = 0;

	for (size_t i = 0; i <= s.n; i++) {
		if (i < s.n && is_digit(s.p[i])) {
			run++;
			continue;
		}
		if (run == 4 && (!memcmp(s.p + i - 4, "20", 2) || !memcmp(s.p + i - 4, "19", 2)))
			return true;
		if ((run == 1 || run == 2) && i + 2 < s.n && strchr("./-", s.p[i]) &&
			is_digit(s.p[i + 1])) {
			size_t j = i + 1;
			while (j < s.n && is_digit(s.p[j]))
				j++;
			if (j + 1 < s.n && s.p[j] == s.p[i] && is_digit(s.p[j + 1]))
				return true;
		}
		run = 0;
	}
	return false;
}

/* --- attribution lines */

static const char *const verbs[] = { "wrote", "writes", "sent", "wrote the following", "написал",
	"написала", "написал(а)", "написал (а)", "написали", "пишет", "писал", "писала", "писал(а)",
	"пише", "написав", "написала(в)", "піша", "schrieb", "schrieben sie", "geschrieben",
	"a écrit", "escribió", "ha scritto", "escreveu", "schreef", "geschreven", "skrev",
	"napisał", "napisała", "napisał(a)", "pisze", "napsal", "napsala", "napsal(a)", "napísal",
	"napísala", "napísal(a)", "napisal(a)", "kirjoitti", "írta", "yazdı", "a scris", "написа",
	"rašė", "έγραψε", "đã viết", "写道", "寫道", "님이 작성", "쓴 글", NULL };

/* Where the name stands behind it: "Am 3.11.2025 um 10:00 schrieb X <x@y>:" */
static const char *const inner_verbs[] = { " schrieb ", " schreef ", " skrev ", " kirjoitti ",
	" wrote on ", " ezt írta ", " написал ", NULL };

/* Words that a sentence of one's own rarely begins with ... */
static const char *const beginnings[] = { "on ", "at ", "le ", "el ", "am ", "il ", "op ", "em ",
	"den ", "på ", "in data ", "w dniu ", "dnia ", "dne ", "dňa ", "в ", "vào ", "от ",
	"пользователь", "вы писали ", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "пн", "вт",
	"ср", "чт", "пт", "сб", "вс", "нд", "понедельник", "вторник", "среда", "четверг", "пятница",
	"суббота", "воскресенье", "понеділок", "вівторок", "середа", "четвер", "п’ятниця", "субота",
	"неділя", "mo", "di", "mi", "do", "fr", "sa", "so", "lun", "mar", "mer", "jeu", "ven",
	"sam", "dim", "jan", "feb", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
	"ma ", "ti ", "ke ", "to ", "pe ", "la ", "su ", "man.", "tir.", "ons.", "tor.", "fre.",
	"lør.", "søn.", NULL };
/* ... and those that begin an attribution even in the middle of what looked like one. */
static const char *const openings[] = { "on ", "le ", "el ", "am ", "il ", "op ", "em ", "den ",
	"in data ", "w dniu ", "dnia ", "пользователь", "понедельник,", "вторник,", "среда,",
	"четверг,", "пятница,", "суббота,", "воскресенье,", "пн, ", "вт, ", "ср, ", "чт, ", "пт, ",
	"сб, ", "вс, ", NULL };

/* An attribution as it is judged: the words without dashes and stars around. */
struct words {
	struct slice s;
	bool dashed, colon;
};

static struct words words_of(const struct fold *f)
{
	struct words w = { .s = fold_slice(f) };
	size_t before = 0, behind = 0;

	while (w.s.n > 0 && strchr("-* ", w.s.p[0])) {
		before += w.s.p[0] == '-';
		w.s = slice_make(w.s.p + 1, w.s.n - 1);
	}
	while (w.s.n > 0 && strchr("-* :", w.s.p[w.s.n - 1])) {
		behind += w.s.p[w.s.n - 1] == '-';
		w.colon = w.colon || w.s.p[w.s.n - 1] == ':';
		w.s.n--;
	}
	w.dashed = before >= 2 && behind >= 2;
	return w;
}

static bool begins_attribution(struct slice s)
{
	return s.n > 0 && (is_digit(s.p[0]) || starts_with_any(s, beginnings));
}

static bool next_is_marked(struct slice text, size_t at)
{
	while (at < text.n) {
		struct line l = line_at(text, at);
		if (!line_is_blank(l.s))
			return line_is_marked(l.s);
		at = l.next;
	}
	return false;
}

static bool is_attribution(const struct fold *f, struct slice text, size_t next)
{
	struct slice whole = fold_slice(f);

	/* Without an address it ends with a colon, dashes or stars: most lines are done here. */
	if (whole.n == 0 ||
		(!strchr(":-*", whole.p[whole.n - 1]) && !memchr(whole.p, '@', whole.n)))
		return false;
	struct words w = words_of(f);
	struct slice s = w.s;
	if (s.n < 5)
		return false;
	bool closed = w.colon || w.dashed, marked = next_is_marked(text, next);
	if (!marked && (!closed || !has_digit(s)))
		return false;
	bool mail = slice_has(s, "@"), date = has_date(s), time = has_time(s);
	if (ends_with_any(s, verbs))
		return marked ? closed || (mail && date)
			      : (date && (time || mail)) || (mail && time);
	if (w.colon && date && (time || mail) && has_any(s, inner_verbs))
		return true;
	if (w.colon && (date || marked) && slice_starts(s, SLICE("вы писали ")))
		return true; /* The Bat! */
	/* Gmail and Yandex in Russian name nobody's deed: "пн, 3 нояб. 2025 г. в 10:00, X <x@y>:" */
	if (!date || !(mail || is_digit(s.p[0])))
		return false;
	bool pointed = s.p[s.n - 1] == '>';
	if (!w.colon)
		return marked && mail && pointed && begins_attribution(s);
	return (mail && time && (pointed || s.p[s.n - 1] == ')' || slice_has(s, " от "))) ||
	       (marked && (mail || (time && is_digit(s.p[0]))));
}

/* Of the lines of an ordinary text few are folded whole. */
static bool may_be_attribution(struct slice line)
{
	struct fold f = { .n = 0 };

	if (line.n == 0)
		return false;
	if (strchr(":-", line.p[line.n - 1]) || memchr(line.p, '@', line.n) ||
		slice_ends(line, SLICE("：")))
		return true;
	while (line.n > 0 && strchr("-* ", line.p[0]))
		line = slice_make(line.p + 1, line.n - 1);
	return fold_add(&f, utf8_truncate(line, BEGINNING_MAX)) &&
	       begins_attribution(fold_slice(&f));
}

static bool begins_with(struct slice line, bool (*begins)(struct slice s))
{
	struct fold f = { .n = 0 };

	fold_add(&f, utf8_truncate(line, BEGINNING_MAX));
	return begins(words_of(&f).s);
}

static bool is_opening(struct slice s)
{
	return starts_with_any(s, openings);
}

/* Whether one of the lines that would be joined has a character without which is_attribution says no to all of them. */
static bool may_end_attribution(struct slice text, size_t at)
{
	for (unsigned lines = 0; lines < JOIN_MAX && at < text.n; lines++) {
		struct line l = line_at(text, at);
		if (memchr(l.s.p, ':', l.s.n) || memchr(l.s.p, '@', l.s.n) ||
			memchr(l.s.p, '-', l.s.n) || memchr(l.s.p, '*', l.s.n) ||
			slice_has(l.s, "："))
			return true;
		at = l.next;
	}
	return false;
}

/* The end of the attribution that starts at `at`, or 0. */
static size_t attribution_end(struct slice text, size_t at)
{
	struct fold f = { .n = 0 };
	size_t next = at;

	for (unsigned lines = 0; lines < JOIN_MAX && next < text.n; lines++) {
		struct line l = line_at(text, next);
		struct slice line = line_unmark(l.s);
		if (line.n == 0)
			return 0;
		if (lines == 0 && (!may_be_attribution(line) || !may_end_attribution(text, at)))
			return 0;
		/* A sentence in front of it is not part of it. */
		if (lines > 0 && begins_with(line, is_opening))
			return 0;
		if (!fold_add(&f, line))
			return 0;
		next = l.next;
		if (is_attribution(&f, text, next))
			return next;
	}
	return 0;
}

/* "Yes, please. On 3 Nov 2025 at 10:00, X <x@y> wrote:" in one line: where the attribution starts in it, or 0. */
static size_t attribution_inside(struct slice text, struct line l)
{
	struct fold f = { .n = 0 };
	struct slice s = slice_trim(l.s);

	if (!slice_ends(s, SLICE(" wrote:")) || line_is_marked(s) ||
		begins_with(s, begins_attribution) || !next_is_marked(text, l.next))
		return 0;
	const char *on = memmem(l.s.p, l.s.n, " On ", 4);
	if (!on)
		return 0;
	size_t i = (size_t)(on - l.s.p) + 1;
	if (!fold_add(&f, slice_make(l.s.p + i, l.s.n - i)) || !has_date(fold_slice(&f)) ||
		!is_attribution(&f, text, l.next))
		return 0;
	while (i > 0 && strchr("- ", l.s.p[i - 1]))
		i--;
	while (l.s.p[i] == ' ')
		i++;
	return i;
}

/* --- banners and header blocks */

static const char *const originals[] = { "original message", "original appointment",
	"reply message", "исходное сообщение", "оригинальное сообщение", "оригінальне повідомлення",
	"вихідне повідомлення", "ursprüngliche nachricht", "originalnachricht",
	"original nachricht", "antwort nachricht", "message d'origine", "message d’origine",
	"message original", "mensaje original", "messaggio originale", "mensagem original",
	"oorspronkelijk bericht", "oprindelig meddelelse", "oprindelig besked",
	"opprinnelig melding", "ursprungligt meddelande", "originalmeddelande",
	"alkuperäinen viesti", "wiadomość oryginalna", "oryginalna wiadomość", "původní zpráva",
	"pôvodná správa", "原始邮件", "原始郵件", NULL };

static const char *const forwards[] = { "forwarded message", "forwarded by", "forwarded mail",
	"пересылаемое сообщение", "пересланное сообщение", "перенаправленное сообщение",
	"переадресованное сообщение", "начало переадресованного", "переслане повідомлення",
	"weitergeleitete nachricht", "message transféré", "mensaje reenviado",
	"messaggio inoltrato", "mensagem encaminhada", "doorgestuurd bericht",
	"videresendt meddelelse", "videresendt melding", "vidarebefordrat meddelande",
	"wiadomość przekazana", "přeposlaná zpráva", "转发邮件", NULL };

static const char *const begins_forward[] = { "begin forwarded message:",
	"начало переадресованного сообщения:", "начало пересылаемого сообщения:",
	"anfang der weitergeleiteten", "début du message transféré", "inicio del mensaje reenviado",
	"inizio messaggio inoltrato", NULL };

static enum quote_opening banner_of(struct slice line)
{
	struct fold f;
	struct slice s = line_unmark(line);

	if (s.n == 0 || s.n > BANNER_MAX || !(strchr("-_=*", s.p[0]) || s.p[s.n - 1] == ':'))
		return QUOTE_NOTHING;
	s = fold_line(&f, s, BANNER_MAX);
	if (starts_with_any(s, begins_forward))
		return QUOTE_FORWARD;
	size_t whole = s.n;
	while (s.n > 0 && strchr("-_=* ", s.p[0]))
		s = slice_make(s.p + 1, s.n - 1);
	if (whole - s.n < 2)
		return QUOTE_NOTHING;
	return starts_with_any(s, originals)  ? QUOTE_UNMARKED
	       : starts_with_any(s, forwards) ? QUOTE_FORWARD
					      : QUOTE_NOTHING;
}

enum { LABEL_FROM = 1, LABEL_SENT = 2, LABEL_TO = 4, LABEL_SUBJECT = 8, LABEL_COPY = 16 };

struct label {
	const char *name;
	unsigned bit;
};

static const struct label labels[] = { { "from", LABEL_FROM }, { "от", LABEL_FROM },
	{ "от кого", LABEL_FROM }, { "отправитель", LABEL_FROM }, { "від", LABEL_FROM },
	{ "von", LABEL_FROM }, { "de", LABEL_FROM }, { "da", LABEL_FROM }, { "van", LABEL_FROM },
	{ "fra", LABEL_FROM }, { "från", LABEL_FROM }, { "od", LABEL_FROM },
	{ "lähettäjä", LABEL_FROM }, { "发件人", LABEL_FROM }, { "寄件者", LABEL_FROM },
	{ "差出人", LABEL_FROM }, { "보낸 사람", LABEL_FROM }, { "sent", LABEL_SENT },
	{ "date", LABEL_SENT }, { "дата", LABEL_SENT }, { "отправлено", LABEL_SENT },
	{ "отправлен", LABEL_SENT }, { "дата отправки", LABEL_SENT }, { "надіслано", LABEL_SENT },
	{ "відправлено", LABEL_SENT }, { "gesendet", LABEL_SENT }, { "datum", LABEL_SENT },
	{ "envoyé", LABEL_SENT }, { "enviado", LABEL_SENT }, { "enviado el", LABEL_SENT },
	{ "enviada em", LABEL_SENT }, { "enviado em", LABEL_SENT }, { "fecha", LABEL_SENT },
	{ "inviato", LABEL_SENT }, { "data", LABEL_SENT }, { "verzonden", LABEL_SENT },
	{ "sendt", LABEL_SENT }, { "dato", LABEL_SENT }, { "skickat", LABEL_SENT },
	{ "wysłano", LABEL_SENT }, { "odesláno", LABEL_SENT }, { "lähetetty", LABEL_SENT },
	{ "发送时间", LABEL_SENT }, { "日期", LABEL_SENT }, { "送信日時", LABEL_SENT },
	{ "보낸 날짜", LABEL_SENT }, { "to", LABEL_TO }, { "кому", LABEL_TO },
	{ "получатель", LABEL_TO }, { "an", LABEL_TO }, { "à", LABEL_TO }, { "para", LABEL_TO },
	{ "a", LABEL_TO }, { "aan", LABEL_TO }, { "til", LABEL_TO }, { "till", LABEL_TO },
	{ "do", LABEL_TO }, { "komu", LABEL_TO }, { "vastaanottaja", LABEL_TO },
	{ "收件人", LABEL_TO }, { "宛先", LABEL_TO }, { "받는 사람", LABEL_TO },
	{ "subject", LABEL_SUBJECT }, { "тема", LABEL_SUBJECT }, { "betreff", LABEL_SUBJECT },
	{ "objet", LABEL_SUBJECT }, { "asunto", LABEL_SUBJECT }, { "assunto", LABEL_SUBJECT },
	{ "oggetto", LABEL_SUBJECT }, { "onderwerp", LABEL_SUBJECT }, { "emne", LABEL_SUBJECT },
	{ "ämne", LABEL_SUBJECT }, { "temat", LABEL_SUBJECT }, { "předmět", LABEL_SUBJECT },
	{ "aihe", LABEL_SUBJECT }, { "主题", LABEL_SUBJECT }, { "主旨", LABEL_SUBJECT },
	{ "件名", LABEL_SUBJECT }, { "제목", LABEL_SUBJECT }, { "cc", LABEL_COPY },
	{ "копия", LABEL_COPY }, { "копія", LABEL_COPY }, { "kopie", LABEL_COPY },
	{ "kopi", LABEL_COPY }, { "kopia", LABEL_COPY }, { "抄送", LABEL_COPY },
	{ "reply-to", LABEL_COPY } };

/* Which header the line is; *value what stands behind the colon. */
static unsigned label_of(struct slice line, struct slice *value)
{
	struct fold f = { .n = 0 };
	struct slice s = line_unmark(line);

	*value = s;
	while (s.n > 0 && s.p[0] == '*') /* Outlook's bold as plain text: *From:* */
		s = slice_make(s.p + 1, s.n - 1);
	s = utf8_truncate(s, LABEL_MAX);
	if (!memchr(s.p, ':', s.n) && !slice_has(s, "："))
		return 0;
	fold_add(&f, s);
	s = fold_slice(&f);
	s.n = slice_find(s, ':');
	while (s.n > 0 && strchr(" *", s.p[s.n - 1]))
		s.n--;
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		if (slice_is(s, labels[i].name))
			return labels[i].bit;
	}
	return 0;
}

/* From (or the date, in some) first, and three different ones within a few lines that could not be somebody's travel plans. */
static bool is_header_block(struct slice text, size_t at)
{
	struct slice value;
	unsigned seen = label_of(line_at(text, at).s, &value), count = 1, close = 1;

	if (seen != LABEL_FROM && seen != LABEL_SENT)
		return false;
	bool mail = slice_has(value, "@"), moment = has_date(value) && has_time(value);
	size_t next = line_at(text, at).next;
	for (unsigned lines = 1; lines < BLOCK_LINES && next < text.n; lines++) {
		struct line l = line_at(text, next);
		unsigned bit = label_of(l.s, &value);
		value = utf8_truncate(value, FOLD_MAX);
		count += bit && !(seen & bit);
		close += bit && lines == close;
		seen |= bit;
		mail = mail || slice_has(value, "@");
		moment = moment || (bit == LABEL_SENT && has_date(value) && has_time(value));
		next = l.next;
	}
	if (count >= 3 && (seen & LABEL_FROM))
		return mail || moment || (seen & LABEL_SUBJECT);
	return close >= 2 && mail && moment;
}

static bool rule_opens_block(struct slice text, size_t at)
{
	size_t next = line_at(text, at).next;

	while (next < text.n && line_is_blank(line_at(text, next).s))
		next = line_at(text, next).next;
	return next < text.n && is_header_block(text, next);
}

enum quote_opening quote_opens(struct slice text, size_t at, size_t *start, size_t *body)
{
	struct line l = line_at(text, at);
	enum quote_opening banner;
	size_t end, inside;

	*start = at;
	*body = l.next;
	if (line_is_blank(l.s))
		return QUOTE_NOTHING;
	if ((banner = banner_of(l.s)) != QUOTE_NOTHING)
		return banner;
	if ((inside = attribution_inside(text, l)) > 0) {
		*start = at + inside;
		return QUOTE_MARKED;
	}
	if ((end = attribution_end(text, at)) > 0) {
		*body = end;
		return next_is_marked(text, end) ? QUOTE_MARKED : QUOTE_UNMARKED;
	}
	if (is_header_block(text, at) || (line_is_rule(l.s) && rule_opens_block(text, at)))
		return QUOTE_UNMARKED;
	if (line_is_marked(l.s)) {
		*body = at;
		return QUOTE_MARKED;
	}
	return QUOTE_NOTHING;
}
