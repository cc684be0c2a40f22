/*
 * Text of a mail part as UTF-8: charsets, wrong labels, no labels, format=flowed. Pure but for iconv.
 * Called by the parse worker.
 */
#ifndef USHER_EMAIL_CHARSET_H
#define USHER_EMAIL_CHARSET_H

#include <glib.h>
#include <stdbool.h>

/*
 * `charset` as labelled, or NULL. Bytes that are valid UTF-8 win over a label of one byte a letter; without a usable
 * label Russian (windows-1251, koi8-r) is told from western by its letters. What fits nothing becomes U+FFFD.
 */
GString *charset_to_utf8(const char *bytes, gsize n, const char *charset);
/* iconv until the end, U+FFFD for each byte it will not take. False: no such charset. */
bool charset_convert(GString *out, const char *p, gsize n, const char *name);
/* charset_guess.c: what unlabelled bytes that are no UTF-8 most likely are. */
const char *charset_guess(const char *p, gsize n);
/* Are they letters of no western language, though somebody labelled them so? Words of western ones have no three such bytes in a row. */
bool charset_is_foreign(const char *p, gsize n);
/* What follows the first "charset=" in headers, or in HTML that names its own; g_free it, NULL when there is none. */
char *charset_in(const char *text, gsize n);
/* RFC 3676: soft line ends joined, stuffed spaces removed; quoted lines stay lines. */
GString *flowed_join(const char *text, gsize n, bool delsp);

#endif
