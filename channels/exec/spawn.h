/*
 * A program started with its own user, limits, directory and a clean environment. Knows no protocol. Called by child.c.
 */
#ifndef EXEC_SPAWN_H
#define EXEC_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* 0: no limit. */
struct spawn_limits {
	uint64_t memory_bytes, file_bytes, cpu_s, files, processes;
};

struct spawn_config {
	char *const *argv; /* ends with NULL; the first is looked for in the PATH of `envp` */
	char *const *envp;
	const char *directory;
	bool change_user;
	uid_t uid;
	gid_t gid;
	struct spawn_limits limits;
};

/* Our ends of the pipes do not block; all of them are -1 when the program could not be started. */
struct spawned {
	pid_t pid;
	int pidfd, in, out, err; /* in: what it reads */
};

/*
 * Starts it as the leader of a process group of its own. It is killed when the calling thread ends. Blocks until the program
 * runs or could not be run: a negative errno then, and *what says what it was that failed.
 */
int spawn(const struct spawn_config *config, struct spawned *out, const char **what);
void spawned_close(struct spawned *s);

#endif
