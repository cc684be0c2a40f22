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
/* RFC 3676: soft line ends joined, stuffed spaces removed; quoted lines stay lines. */
GString *flowed_join(const char *text, gsize n, bool delsp);

#endif
