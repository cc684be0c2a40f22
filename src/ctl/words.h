/*
 * The command line of usherctl as a request.
 */
#ifndef USHER_CTL_WORDS_H
#define USHER_CTL_WORDS_H

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"

struct words {
	const char *socket, *config; /* config: a file to send; NULL: none */
	bool json, password_stdin, help;
	const char *verb; /* one of the table */
	json_t *request;  /* {"verb","args","options"} */
};

/* 0, or -EINVAL with the reason: usage. words_free in both cases. */
int words_parse(int argc, char **argv, struct words *out, struct err *err);
void words_free(struct words *w);
/* All verbs with what they do. */
void words_usage(struct str *out);

#endif
