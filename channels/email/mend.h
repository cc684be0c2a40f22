/*
 * What GMime would misread at the top of a raw mail, written so that it does not. Pure. Called by parse.c before it parses.
 */
#ifndef USHER_EMAIL_MEND_H
#define USHER_EMAIL_MEND_H

#include <glib.h>

/* A byte order mark in front goes; a line of blanks that stands where the empty line after the headers should loses them. */
void mend_top(GByteArray *raw);
/* What bytes in headers that are no UTF-8 are to be read as: what the mail names, else a guess; NULL when there are none. g_free it. */
char *mend_charset(const GByteArray *raw);

#endif
