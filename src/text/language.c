/*
 * Which language: letters are counted by script, words against short lists of the commonest ones. Lists of
 * neighbours (German, French, Spanish, ...; Ukrainian, Bulgarian and Serbian by their letters) are there only to say
 * "neither". Integers only, no table built at run time. Called by the host when a channel names no language.
 */
#include "text/language.h"

#include <stdbool.h>
#include <utf8proc.h>

#include "base/utf8.h"
#include "text/lower.h"

enum { LOOK_MAX = 4096, WORD_MAX = 32, LETTERS_MIN = 4 };

/* By their length in bytes, so that a word is looked for among few; a space between two. */
static const char *const words_en[WORD_MAX + 1] = { [1] = "i",
	[2] = "is hi my it of to be do",
	[3] = "the and you are was not has for can how why did i'm get yes",
	[4] = "your were with have this that what when from need want help dear does they been "
	      "will",
	[5] = "hello thank could would where order don't can't there which about",
	[6] = "please thanks" };
static const char *const words_ru[WORD_MAX + 1] = { [2] = "и в с я у к",
	[4] = "не на по но мы вы он за из от до же бы да её их",
	[6] = "что как это она они для при так или мой моя мне вас вам ваш где нет уже ещё еще был "
	      "все всё его эта",
	[8] = "день меня есть могу хочу если была этот утро",
	[10] = "когда можно нужно нужна заказ чтобы вечер",
	[12] = "привет добрый почему только",
	[14] = "спасибо который",
	[16] = "помогите",
	[20] = "пожалуйста подскажите здравствуй",
	[24] = "здравствуйте" };
static const char *const words_other[WORD_MAX + 1] = { [1] = "o",
	[2] = "zu le la et je ne el es se su il di os um em en ik op",
	[3] = "der die das und ist ich sie wir mit auf ein den von wie les des une est pas que qui "
	      "sur los las una por con del che non per uma com het een van dat",
	[4] = "für eine vous nous avec pour dans para como hola más pero sono ciao não olá niet "
	      "dank",
	[5] = "nicht bitte danke hallo haben merci della",
	[6] = "grazie",
	[7] = "bonjour gracias",
	[8] = "obrigado" };

struct tally {
	unsigned latin, cyrillic, alien; /* letters; alien: Cyrillic that Russian has not */
	unsigned russian;		 /* letters ы э ё, which its neighbours have not */
	unsigned hard;			 /* ъ: a vowel in Bulgarian, rare in Russian */
	unsigned words, en, ru, other;
};

static bool list_has(const char *const *list, const char *word, size_t n)
{
	const char *at = list[n];

	for (size_t left = at ? strlen(at) : 0; left >= n; at += n + 1, left -= n + 1) {
		if (*at == *word && memcmp(at, word, n) == 0)
			return true;
		if (left == n)
			break;
	}
	return false;
}

static void tally_word(struct tally *t, const char *word, size_t n)
{
	if (n == 0)
		return;
	t->words++;
	if (n > WORD_MAX)
		return;
	t->en += list_has(words_en, word, n);
	t->ru += list_has(words_ru, word, n);
	t->other += list_has(words_other, word, n);
}

static bool letter_is_alien(uint32_t c)
{
	static const uint32_t alien[] = { 0x456, 0x457, 0x454, 0x491, 0x45e, 0x458, 0x459, 0x45a,
		0x45b, 0x452, 0x45f, 0x455 };

	for (size_t i = 0; i < sizeof(alien) / sizeof(alien[0]); i++) {
		if (c == alien[i])
			return true;
	}
	return c > 0x45f;
}

static void tally_letter(struct tally *t, uint32_t c)
{
	if (c >= 0x400 && c <= 0x52f) {
		t->cyrillic++;
		t->alien += letter_is_alien(c);
		t->russian += c == 0x44b || c == 0x44d || c == 0x451;
		t->hard += c == 0x44a;
	} else if (c < 0x250) {
		t->latin++;
	}
}

static bool is_word_letter(uint32_t c)
{
	return c == '\'' || c == 0x2019 || (c >= 'a' && c <= 'z') || (c >= 0x400 && c <= 0x481) ||
	       (c >= 0xc0 && utf8proc_category((utf8proc_int32_t)c) <= UTF8PROC_CATEGORY_LO &&
		       utf8proc_category((utf8proc_int32_t)c) >= UTF8PROC_CATEGORY_LU);
}

/* A letter of ASCII in lower case, or an apostrophe; else 0. */
static char ascii_letter(char c)
{
	char lower = (char)(c | 0x20);

	return lower >= 'a' && lower <= 'z' ? lower : c == '\'' ? c : '\0';
}

/* Most of most texts, so without the tables of Unicode: how many letters `s` begins with, taken to the word. */
static size_t tally_ascii(struct tally *t, struct slice s, char *word, size_t *n)
{
	size_t used = 0;

	for (char c; used < s.n && (c = ascii_letter(s.p[used])) != 0; used++) {
		if (*n <= WORD_MAX - 4)
			word[(*n)++] = c;
		else
			*n = WORD_MAX + 1; /* too long for any list */
	}
	t->latin += (unsigned)used;
	return used;
}

static struct tally tally_text(struct slice s)
{
	struct tally t = { 0 };
	char word[WORD_MAX + 4];
	size_t n = 0;

	while (s.n > 0) {
		size_t used = tally_ascii(&t, s, word, &n);
		s = slice_make(s.p + used, s.n - used);
		if (s.n == 0)
			break;
		uint32_t c = (unsigned char)s.p[0];
		used = c < 0x80 ? 1 : utf8_decode(s, &c);
		if (used == 0) {
			used = utf8_malformed(s);
			c = ' ';
		}
		s = slice_make(s.p + used, s.n - used);
		c = cp_lower(c);
		if (!is_word_letter(c)) {
			tally_word(&t, word, n);
			n = 0;
			continue;
		}
		if (c == 0x2019)
			c = '\'';
		tally_letter(&t, c);
		if (n <= WORD_MAX - 4)
			n += cp_put(word + n, c);
		else
			n = WORD_MAX + 1;
	}
	tally_word(&t, word, n);
	return t;
}

struct slice text_language(struct slice text)
{
	struct tally t = tally_text(utf8_truncate(text, LOOK_MAX));
	unsigned letters = t.latin + t.cyrillic;

	if (letters < LETTERS_MIN)
		return SLICE("");
	/* Russian about technical things is full of Latin names; the other way round is rare. */
	if (t.cyrillic * 10 >= letters * 4) {
		if (t.alien * 50 > t.cyrillic || (t.russian == 0 && t.hard * 60 > t.cyrillic))
			return SLICE("");
		/* A common word in ten, or letters of its own. */
		return t.ru * 10 >= t.words || t.russian * 100 >= t.cyrillic ? SLICE("ru")
									     : SLICE("");
	}
	if (t.latin * 10 >= letters * 6 && t.en > t.other * 2 && t.en * 12 >= t.words)
		return SLICE("en");
	return SLICE("");
}
