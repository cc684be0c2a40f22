/*
 * The files of a managed Redis: directory, secret, configuration, program, the end of its log.
 */
#ifndef USHER_STORE_MANAGED_FILES_H
#define USHER_STORE_MANAGED_FILES_H

#include "base/err.h"
#include "base/str.h"

enum { MANAGED_SECRET_LEN = 64 };

/* Makes DATA/redis (0700) and opens it: a descriptor, or -errno. */
int managed_dir_open(const char *data_dir, struct err *err);
/* The generated password, made when there is none. */
int managed_secret(int dir, char out[MANAGED_SECRET_LEN + 1], struct err *err);
/* redis.conf, replaced as a whole. */
int managed_conf_write(int dir, const char *secret, struct err *err);
/* The path of redis-server or valkey-server on PATH; free() it. NULL and a reason when there is none. */
char *managed_program(struct err *err);
/* The last line of redis.log that is not empty, without its time. */
void managed_log_last(int dir, struct str *out);
/* Writes name as a whole: temporary file, fsync, rename, fsync of the directory. */
int file_replace(int dir, const char *name, struct slice bytes, unsigned mode, struct err *err);

#endif
