/*
 * A directory of built web files served from memory under a prefix: read once at start, strong ETag, If-None-Match,
 * HEAD, hashed names immutable, content types by suffix, a given Content-Security-Policy. Nothing outside the directory is ever opened.
 */
#ifndef USHER_NET_STATIC_FILES_H
#define USHER_NET_STATIC_FILES_H

#include "net/http_server.h"

struct static_files;
/* `dir` must exist; "" and "/" give index.html. csp is sent with HTML. NULL on failure. */
struct static_files *static_files_new(const char *dir, const char *csp, struct err *err);
void static_files_free(struct static_files **f);
/* One file has a policy of its own; false when there is no such file. csp is borrowed for good (a literal). */
bool static_files_policy(struct static_files *f, const char *name, const char *csp);
/* Answers the request for `path` (below the prefix, decoded); 404 problem when there is none. */
void static_files_answer(struct static_files *f, struct http_request *r, struct slice path);

#endif
