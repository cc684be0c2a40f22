/*
 * Files that old programs write into the text of a mail: "begin 644 name", lines of letters, "end". Pure.
 */
#ifndef USHER_EMAIL_UUENCODE_H
#define USHER_EMAIL_UUENCODE_H

#include <glib.h>

enum { UU_FILES_MAX = 20 };

/* Takes them out of `text`; `found` is called with each, and takes the bytes. What is not well-formed stays in the text. */
void uuencode_take(
	GString *text, void (*found)(void *arg, const char *name, GByteArray *bytes), void *arg);

#endif
