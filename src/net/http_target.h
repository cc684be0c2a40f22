/*
 * A request target taken apart: the path decoded once and normalised, the query's parameters. Pure.
 */
#ifndef USHER_NET_HTTP_TARGET_H
#define USHER_NET_HTTP_TARGET_H

#include "base/str.h"

/* "/a/./b/../c%20d?x" → path "/a/c d", query "x". Of an absolute target ("http://h/p") the path part.
 * NULL, or what is wrong: bad escape, control byte, a step above the root, neither path nor URL. */
const char *http_target_split(struct slice target, struct str *path, struct slice *query);
/* The first parameter of that name, decoded into scratch; p NULL when absent or badly escaped. */
struct slice http_target_parameter(struct slice query, struct slice name, struct str *scratch);
/* The first cookie of that name in a Cookie field's value; p NULL when absent. */
struct slice http_target_cookie(struct slice cookies, struct slice name);

#endif
