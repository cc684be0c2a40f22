/*
 * Answers for people: tables, cards, conversations. Text of customers cannot steer the terminal.
 */
#ifndef USHER_CTL_SHOW_H
#define USHER_CTL_SHOW_H

#include <jansson.h>

#include "base/str.h"

void show_result(const char *verb, const json_t *result, uint64_t now_ms, struct str *out);
/* show_whatif.c */
void show_whatif(const json_t *result, struct str *out);
/* Appends text with controls replaced; newlines only when `lines`. */
void show_text(struct str *out, struct slice text, bool lines);

#endif
