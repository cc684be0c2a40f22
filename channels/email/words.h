/*
 * Encoded words (RFC 2047) that stand side by side, joined to one before GMime reads them: 3.2.13 loses everything
 * behind the first of them that ends with base64 padding (its issue 133), which is most long Russian subjects
 * and file names. Joining also mends characters that were cut in two between words. Pure.
 */
#ifndef USHER_EMAIL_WORDS_H
#define USHER_EMAIL_WORDS_H

#include <glib.h>

/* In place; the text never grows. */
void words_join(GByteArray *raw);

#endif
