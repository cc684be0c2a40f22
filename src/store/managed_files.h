/*
 * The files of a managed Redis: directory, secret, configuration, program, the end of its log.
 *
 * Why `aof-load-truncated no`: killed in the middle of writing a transaction, Redis (7.0.15, and by its source every later one)
 * cuts the file after the last whole *command*, which leaves MULTI and some commands without their EXEC. It then
 * writes on behind them, and at the next start the first EXEC that follows runs the torn transaction together with its
 * repetition: messages stand twice, journal entries of both are mixed. Seen once in about 1,500 kills under load. Its checker
 * (redis-check-aof --fix) cuts where the transaction began, so that one is used instead (managed.c).
 */
#ifndef USHER_STORE_MANAGED_FILES_H
#define USHER_STORE_MANAGED_FILES_H

#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

enum { MANAGED_SECRET_LEN = 64 };
/* What the server writes, seen from DATA/redis. */
#define MANAGED_MANIFEST "appendonlydir/appendonly.aof.manifest"

/* Makes DATA/redis (0700) and opens it: a descriptor, or -errno. */
int managed_dir_open(const char *data_dir, struct err *err);
/* The generated password, made when there is none. */
int managed_secret(int dir, char out[MANAGED_SECRET_LEN + 1], struct err *err);
/* redis.conf, replaced as a whole. */
int managed_conf_write(int dir, const char *secret, struct err *err);
/* The path of redis-server or valkey-server on PATH; free() it. NULL and a reason when there is none. */
char *managed_program(struct err *err);
/* How long redis.log is; 0 when there is none. */
off_t managed_log_size(int dir);
/* Whether the server said, behind `from`, that its append-only file ends in the middle of something. */
bool managed_log_says_torn(int dir, off_t from);
/* The last line of redis.log that is not empty, without its time. */
void managed_log_last(int dir, struct str *out);

#endif
