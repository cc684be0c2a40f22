/*
 * A connection to the control socket, blocking.
 */
#ifndef USHER_CTL_CLIENT_H
#define USHER_CTL_CLIENT_H

#include "base/err.h"
#include "base/str.h"

/* A descriptor, or -errno with the reason. */
int client_connect(const char *path, struct err *err);
/* All of it; false when the other end is gone. */
bool client_write(int fd, struct slice bytes);
/* The next line without its end, in *line (kept between calls in *input); false at the end. */
bool client_line(int fd, struct str *input, struct str *line);
/* Copies frames both ways until the other end closes, or standard input ended and every command was answered (or 5 s passed). Returns the
 * exit code. `input` has what was read already. */
int client_desk(int fd, struct str *input);

#endif
