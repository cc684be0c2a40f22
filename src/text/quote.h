/*
 * A reply's new part, the quoted part and the signature apart, as mail programs write them in English and
 * Russian (Outlook, Gmail, Apple Mail, Thunderbird, Yandex, Mail.ru, phones) and in a dozen other languages.
 *
 *   fresh      Спасибо, получил.
 *   signature  --
 *              Иван
 *   quoted     пн, 3 нояб. 2025 г. в 10:00, Support <support@demo.test>:
 *              > Посылаем счёт.
 *
 * Nothing new is ever put into the quoted part: when answers stand between quoted lines, when all of the text looks quoted, or
 * when it is a mail that was forwarded, everything is fresh.
 */
#ifndef USHER_TEXT_QUOTE_H
#define USHER_TEXT_QUOTE_H

#include "base/slice.h"

/* Parts of the text given, without blank lines at their ends; empty where there is none. */
struct quote_parts {
	struct slice fresh, signature, quoted;
};

/* `text` is normalised (normalize.h). */
struct quote_parts quote_split(struct slice text);
/* By its subject (Fwd:, Пересл:, WG:) a mail that somebody forwards: then nothing in it is a quotation. */
bool quote_is_forward(struct slice subject);

#endif
