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

/* Space on both sides of each word. */
static const char words_en[] = " the and you your is are was were please hello hi my not with have "
			       "has this that for thanks thank "
			       "can could would what when where how why i it of to from need want "
			       "help order dear be do does did "
			       "don't i'm can't get yes they there which about been will ";
static const char words_ru[] = " и в не на что с как это по но я мы вы он она они у к за из от до "
			       "для при так же или бы "
			       "привет здравствуйте добрый день спасибо пожалуйста мой моя мне "
			       "меня вас вам ваш когда где почему "
			       "нет да есть могу можно нужно нужна хочу помогите подскажите заказ "
			       "если только уже ещё еще был была "
			       "все всё его её их этот эта чтобы который здравствуй вечер утро ";
static const char words_other[] = " der die das und ist nicht ich sie wir mit für auf ein eine "
				  "bitte danke hallo zu den von haben wie "
				  "le la les des une et est vous je nous avec pour dans bonjour "
				  "merci ne pas que qui sur "
				  "el los las una es por con para como hola gracias más pero del "
				  "se su "
				  "il che di non per sono grazie ciao della "
				  "o os um uma não com obrigado olá em "
				  "het een en van ik niet dat op dank ";

struct tally {
	unsigned latin, cyrillic, alien; /* letters; alien: Cyrillic that Russian has not */
	unsigned russian;		 /* letters ы э ё, which its neighbours have not */
	unsigned hard;			 /* ъ: a vowel in Bulgarian, rare in Russian */
	unsigned words, en, ru, other;
};

static bool list_has(const char *list, const char *word, size_t n)
{
	char padded[WORD_MAX + 3];

	padded[0] = ' ';
	memcpy(padded + 1, word, n);
	padded[n + 1] = ' ';
	padded[n + 2] = '\0';
	return strstr(list, padded) != NULL;
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
	return c == '\'' || c == 0x2019 || (c >= 'a' && c <= 'z') ||
	       (c >= 0xc0 && utf8proc_category((utf8proc_int32_t)c) <= UTF8PROC_CATEGORY_LO &&
		       utf8proc_category((utf8proc_int32_t)c) >= UTF8PROC_CATEGORY_LU);
}

static struct tally tally_text(struct slice s)
{
	struct tally t = { 0 };
	char word[WORD_MAX + 4];
	size_t n = 0;

	while (s.n > 0) {
		uint32_t c = (unsigned char)s.p[0];
		size_t used = c < 0x80 ? 1 : utf8_decode(s, &c);
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
			n = WORD_MAX + 1; /* too long for any list */
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
