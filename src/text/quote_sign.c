/* See quote_sign.h. A mail program or a language that is missing is a word in one of these tables. */
#include "text/quote_sign.h"

#include "text/quote_line.h"

enum {
	DELIMITED_LINES = 20, /* more below "--" is a text with a line between */
	SIGN_OFF_LINES = 7,
	DEVICE_LINES = 3,
	LIST_LINES = 5,
	LINE_MAX = 160
};

static const char *const device_beginnings[] = { "sent from ", "sent with ", "sent via ",
	"sent using ", "get outlook for ", "скачать outlook для ", "отправлено ", "послано с ",
	"написано с ", "надіслано ", "відправлено ", "адпраўлена ", "envoyé d", "obtenir outlook ",
	"télécharger outlook ", "von meinem ", "gesendet ", "holen sie sich outlook ",
	"diese nachricht wurde von ", "enviado d", "obtener outlook ", "obter o outlook ",
	"inviato da", "ottieni outlook ", "scarica outlook ", "verzonden ", "verstuurd ",
	"sendt fra ", "skickat från ", "lähetetty ", "wysłan", "odesláno z", "odoslané z",
	"trimis de pe ", "στάλθηκε από ", "從我的 ", "从我的", "发自我的", "iphoneから送信", NULL };
/* A sentence may begin like that; it names none of these. */
static const char *const device_names[] = { "iphone", "ipad", "mac", "android", "samsung", "galaxy",
	"huawei", "honor", "xiaomi", "redmi", "poco", "oneplus", "oppo", "realme", "vivo", "pixel",
	"blackberry", "nokia", "phone", "my cell", "mobile", "mobil", "mobiel", "device", "tablet",
	"handy", "outlook", "windows", "mail", "proton", "yahoo", "aol", "airmail", "spark",
	"yandex", "icloud", "почт", "яндекс", "телефон", "смартфон", "планшет", "устройств",
	"приложени", "мобильн", "пошт", "пристро", "móvil", "teléfono", "téléphone", "telefon",
	"dispositivo", "приложэнн", NULL };
/* "Sent from my desk, which is easier than on a phone." */
static const char *const sentence_words[] = { " is ", " was ", " are ", " были ", " было ", " это ",
	" but ", " and i ", NULL };

static const char *const sign_offs[] = { "best regards", "kind regards", "with kind regards",
	"warm regards", "with best regards", "kindest regards", "regards,", "best wishes",
	"sincerely", "yours sincerely", "yours truly", "yours faithfully", "many thanks,",
	"с уважением", "c уважением", "с ув.", "с наилучшими пожеланиями", "с благодарностью",
	"искренне ваш", "всего доброго", "всего хорошего", "хорошего дня", "з повагою",
	"з найкращими побажаннями", "с павагай", "mit freundlichen grüßen",
	"mit freundlichen grüssen", "mit freundlichem gru", "freundliche grü", "viele grü",
	"beste grü", "liebe grü", "schöne grü", "mfg", "cordialement", "bien cordialement",
	"bien à vous", "salutations", "meilleures salutations", "saludos cordiales",
	"un cordial saludo", "un saludo", "atentamente", "atenciosamente", "cordialmente",
	"cordiali saluti", "distinti saluti", "met vriendelijke groet", "med vänlig",
	"med vennlig hilsen", "med venlig hilsen", "vennlig hilsen", "venlig hilsen",
	"vänliga hälsningar", "pozdrawiam", "z poważaniem", "z powazaniem", "s pozdravem",
	"s pozdravom", "ystävällisin terveisin", NULL };

static bool is_delimiter(struct slice line)
{
	struct slice s = slice_trim(line);

	return slice_is(s, "--") || slice_is(s, "—") || slice_is(s, "__") ||
	       (s.n >= 3 && s.n < 10 && s.p[0] == '_' && s.p[s.n - 1] == '_');
}

/* Without the brackets and stars that some put around it. */
static struct slice unwrap(struct slice s)
{
	while (s.n > 0 && strchr("(<[*_ ", s.p[0]))
		s = slice_make(s.p + 1, s.n - 1);
	return s;
}

static bool names_device(struct slice line)
{
	struct fold f;
	struct slice s = unwrap(fold_line(&f, line, LINE_MAX));

	return starts_with_any(s, device_beginnings) && has_any(s, device_names) &&
	       !has_any(s, sentence_words);
}

static bool signs_off(struct slice line)
{
	struct fold f;

	return starts_with_any(fold_line(&f, line, LINE_MAX), sign_offs);
}

/* At most so many lines to the end that are not blank. */
static bool ends_within(struct slice text, size_t at, unsigned lines_max)
{
	for (unsigned lines = 0; at < text.n;) {
		struct line l = line_at(text, at);
		at = l.next;
		lines += !line_is_blank(l.s);
		if (lines > lines_max)
			return false;
	}
	return true;
}

/* The same, of short lines, none of them a question. */
static bool is_short_to_end(struct slice text, size_t at, unsigned lines_max)
{
	if (!ends_within(text, at, lines_max))
		return false;
	while (at < text.n) {
		struct line l = line_at(text, at);
		struct slice s = slice_trim(l.s);
		if (s.n > LINE_MAX || (s.n && s.p[s.n - 1] == '?'))
			return false;
		at = l.next;
	}
	return true;
}

bool sign_opens(struct slice text, size_t at)
{
	struct line l = line_at(text, at);

	if (slice_is(l.s, "-- ")) /* by the letter of RFC 3676 */
		return true;
	if (is_delimiter(l.s))
		return ends_within(text, l.next, DELIMITED_LINES);
	if (line_is_rule(l.s)) /* a mailing list's */
		return slice_trim(l.s).p[0] == '_' && is_short_to_end(text, l.next, LIST_LINES);
	if (!ends_within(text, at, SIGN_OFF_LINES)) /* most lines of a text need not be read */
		return false;
	if (names_device(l.s))
		return is_short_to_end(text, at, DEVICE_LINES);
	return signs_off(l.s) && is_short_to_end(text, at, SIGN_OFF_LINES);
}

/* The start of the line before the one at `at`. */
static size_t line_before(struct slice text, size_t at)
{
	const char *end = at > 1 ? memrchr(text.p, '\n', at - 1) : NULL;

	return end ? (size_t)(end - text.p) + 1 : 0;
}

size_t sign_search_from(struct slice text)
{
	const char *delimiter = !text.n ? NULL : memmem(text.p, text.n, "\n-- \n", 5);
	size_t at = text.n, lines = 0;

	while (at > 0 && lines <= DELIMITED_LINES) {
		at = line_before(text, at);
		lines += !line_is_blank(line_at(text, at).s);
	}
	if (delimiter && (size_t)(delimiter - text.p) < at)
		at = (size_t)(delimiter - text.p) + 1;
	/* and the line above it that has something in it */
	do
		at = line_before(text, at);
	while (at > 0 && line_is_blank(line_at(text, at).s));
	return at;
}
