/*
 * A program that runs in a thread's care: lines out of it, bytes into it, signals to it, and how it ended. Knows no JSON and no
 * policy: who owns it says when it is started and killed. Owner: struct exec, on the loop's thread; what comes back is told by
 * `notify`, which is called in the thread.
 *
 *   owner  ──child_write──▶ out ──▶ pipe ──▶ program ──▶ pipe ──▶ reader ──notify──▶ child_lines ... child_taken
 *                                                                   └─ not read again before that: back-pressure
 */
#ifndef EXEC_CHILD_H
#define EXEC_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spawn.h"

enum child_news {
	CHILD_STARTED,	/* it runs */
	CHILD_LINES,	/* child_lines(CHILD_OUT) has some */
	CHILD_ERRORS,	/* child_lines(CHILD_ERR) has some */
	CHILD_TOOK,	/* the backlog is empty again */
	CHILD_ENDED,	/* child_why says how; child_run may start the next one */
	CHILD_FINISHED, /* the thread is at its end: child_free */
	CHILD_NEWS_COUNT
};
enum child_stream { CHILD_OUT, CHILD_ERR };

struct child_config {
	struct spawn_config spawn;
	size_t line_max; /* of what it says; of its errors 4 KiB */
	/* In the thread. FINISHED is the last. */
	void (*notify)(void *arg, enum child_news news);
	void *arg;
};

struct child;

/* NULL when there is no thread to be had. */
struct child *child_new(const struct child_config *config);
/* After CHILD_FINISHED. */
void child_free(struct child **c);

void child_run(struct child *c);
/* Returns the count of bytes ever written to this run, with these; compare with child_written. */
uint64_t child_write(struct child *c, const char *p, size_t n);
uint64_t child_written(struct child *c);
size_t child_backlog(struct child *c);
/* Closes what the program reads once everything is written. */
void child_finish(struct child *c);
/* To the program and the processes that it started. */
void child_signal(struct child *c, int signo);
/* SIGKILL, and nothing that it said before is heard any more. */
void child_kill(struct child *c);
/* Whole lines, each with its end; *too_long: then comes one over the limit. Borrowed until child_taken. */
struct child_text {
	char *p; /* the reader's until child_taken */
	size_t n;
	bool too_long;
} child_lines(struct child *c, enum child_stream which);
void child_taken(struct child *c, enum child_stream which);
/* How the last run ended, or why it never began. Good until child_run. */
const char *child_why(const struct child *c);
/* No more runs; CHILD_FINISHED comes when the present one has ended. */
void child_stop(struct child *c);

#endif
