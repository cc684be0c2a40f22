/*
 * Members of a JSON object, appended one by one: hot frames are written without a tree. Commas look after themselves: there is none after
 * an opening bracket or at the start. An absent value is null, never 0 or "".
 */
#ifndef USHER_DESK_OUT_H
#define USHER_DESK_OUT_H

#include "base/id.h"
#include "base/str.h"

void out_comma(struct str *o);
void out_key(struct str *o, const char *key);
/* Empty text: null. */
void out_text(struct str *o, const char *key, struct slice v);
/* The text as it is, also when it is empty. */
void out_string(struct str *o, const char *key, struct slice v);
void out_word(struct str *o, const char *key, const char *const *words, uint32_t v);
void out_id(struct str *o, const char *key, struct id v);
void out_u64(struct str *o, const char *key, uint64_t v);
void out_bool(struct str *o, const char *key, bool v);
/* Microseconds as milliseconds; 0 is null. */
void out_ms(struct str *o, const char *key, uint64_t us);
/* "ru=80 cards=50" as {"ru":80,"cards":50}. */
void out_skills(struct str *o, const char *key, struct slice skills);
/* Lines of model/pairs.h as an array of objects. */
/* Pairs as one object {name: value}; nothing when there are none. */
void out_pairs(struct str *o, const char *key, struct slice pairs);
void out_parts(struct str *o, const char *key, struct slice parts);
/* Lines of model/recipients.h as an array of {address,role,delivery,why}. */
void out_recipients(struct str *o, const char *key, struct slice recipients);

#endif
