/*
 * A reason in words beside a negative errno. Functions that can be refused return 0 or -errno and
 * fill `struct err` with what was wrong, where, and what to do. Passing NULL is allowed.
 */
#ifndef USHER_BASE_ERR_H
#define USHER_BASE_ERR_H

struct err {
	char text[512];
};

/* Formats the reason and returns -code, so: return err_set(e, EINVAL, "queue %s: ...", name); */
int err_set(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Puts "context: " in front of the reason. */
void err_prefix(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
