/*
 * multipart/form-data (RFC 7578) as it comes, in pieces of any size. Pure: bytes in, parts out; no memory beyond one part's header and
 * one delimiter.
 */
#ifndef FORM_MULTIPART_H
#define FORM_MULTIPART_H

#include "kit/buf.h"

enum {
	MULTIPART_BOUNDARY_MAX = 70, /* RFC 2046 */
	MULTIPART_HEADER_MAX = 4096, /* of one part */
	MULTIPART_PARTS_MAX = 256
};

/* A part's header; the strings are good for the call. */
struct multipart_part {
	struct usher_str name;	   /* of the field */
	struct usher_str filename; /* last component, without control characters */
	struct usher_str type;	   /* media type; empty when none was given */
	int is_file;		   /* a filename was given, perhaps an empty one */
};

struct multipart_ops {
	void (*begin)(void *arg, const struct multipart_part *p);
	void (*data)(void *arg, struct usher_str piece);
	void (*end)(void *arg);
};

enum multipart_state {
	MULTIPART_BETWEEN,
	MULTIPART_HEADER,
	MULTIPART_BODY,
	MULTIPART_OVER,
	MULTIPART_WRONG
};

struct multipart {
	const struct multipart_ops *ops;
	void *arg;
	enum multipart_state state;
	struct buf hold;			    /* not yet understood */
	char delimiter[MULTIPART_BOUNDARY_MAX + 5]; /* "\r\n--" boundary */
	size_t delimiter_len;
	unsigned parts;
	int in_part, at_start; /* at_start: the line end that ends the header is still held */
	const char *why;       /* MULTIPART_WRONG: what was wrong */
};

/* False when the Content-Type is not multipart/form-data with a usable boundary. */
int multipart_open(struct multipart *m, struct usher_str content_type,
	const struct multipart_ops *ops, void *arg);
/* False once it is wrong: m->why. */
int multipart_feed(struct multipart *m, struct usher_str piece);
/* After the last piece: false when it ended in the middle. */
int multipart_finish(struct multipart *m);
void multipart_close(struct multipart *m);

#endif
