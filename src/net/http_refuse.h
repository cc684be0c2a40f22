/*
 * What is refused of a request's header beyond what llhttp refuses. Each either leaves the parse alone or
 * sets HTTP_AT_REFUSAL with status and sentence. Only http_parse.c calls these.
 */
#ifndef USHER_NET_HTTP_REFUSE_H
#define USHER_NET_HTTP_REFUSE_H

#include "net/http_parse.h"

/* The first refusal stays. */
void http_refuse(struct http_parse *p, int status, const char *detail);
/* Method, target, version: fills method and target. */
void http_refuse_request_line(struct http_parse *p, struct slice line);
void http_refuse_field_line(struct http_parse *p, struct slice line);
/* All fields together: Host, lengths, codings, expectations. */
void http_refuse_head(struct http_parse *p);

#endif
