/*
 * Who wrote a mail: a robot or a person, and is the sender's domain vouched for. Pure text.
 */
#ifndef USHER_EMAIL_ROBOT_H
#define USHER_EMAIL_ROBOT_H

#include <stdbool.h>

/* Does this header make its mail an automatic one (RFC 3834 and what is used besides)? */
bool robot_header(const char *name, const char *value);
/* A subject that only an automatic answer has: "Automatic reply: ...", "Автоответ: ...". */
bool robot_subject(const char *subject);
/* An Authentication-Results header (RFC 8601) of `authserv` that says dmarc=pass for `domain`: 1; of that
 * server without: 0; of another server: -1. */
int auth_result(const char *value, const char *authserv, const char *domain);

#endif
