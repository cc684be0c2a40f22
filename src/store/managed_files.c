/*
 * What a managed Redis needs on disk before it starts. Never starts it. Called by managed.
 */
#include "store/managed_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "store/file_write.h"
#include "store/keys.h"

enum { LOG_TAIL_BYTES = 4096 };

int managed_dir_open(const char *data_dir, struct err *err)
{
	struct str path = { 0 };

	str_addf(&path, "%s/redis", data_dir);
	if (mkdir(path.p, 0700) < 0 && errno != EEXIST) {
		int code = errno;
		err_set(err, code, "%s cannot be made: %s", path.p, strerror(code));
		str_free(&path);
		return -code;
	}
	int fd = open(path.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int code = errno;
	if (fd < 0)
		err_set(err, code, "%s cannot be opened: %s", path.p, strerror(code));
	str_free(&path);
	return fd < 0 ? -code : fd;
}

/* Writes name as a whole: temporary file, fsync, rename, fsync of the directory. */
static int file_replace(
	int dir, const char *name, struct slice bytes, unsigned mode, struct err *err)
{
	char temporary[128];

	snprintf(temporary, sizeof(temporary), ".%s.tmp", name);
	unlinkat(dir, temporary, 0);
	int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
	if (fd < 0)
		return err_set(err, errno, "%s cannot be written: %s", name, strerror(errno));
	int status = file_write(fd, bytes);
	if (status == 0 && fsync(fd) < 0)
		status = -errno;
	close(fd);
	if (status == 0 && renameat(dir, temporary, dir, name) < 0)
		status = -errno;
	if (status == 0 && fsync(dir) < 0)
		status = -errno;
	if (status)
		return err_set(err, -status, "%s cannot be written: %s", name, strerror(-status));
	return 0;
}

int managed_secret(int dir, char out[MANAGED_SECRET_LEN + 1], struct err *err)
{
	int fd = openat(dir, "secret", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0) {
		ssize_t n = read(fd, out, MANAGED_SECRET_LEN);
		close(fd);
		out[MANAGED_SECRET_LEN] = '\0';
		if (n == MANAGED_SECRET_LEN && sha256_is_name(slice_make(out, MANAGED_SECRET_LEN)))
			return 0;
	} else if (errno != ENOENT) {
		return err_set(err, errno, "redis/secret cannot be read: %s", strerror(errno));
	}
	/* New, or damaged: it protects the socket of this directory only, so another one does as well. */
	uint8_t chance[MANAGED_SECRET_LEN / 2];
	chance_bytes(chance, sizeof(chance));
	for (size_t i = 0; i < sizeof(chance); i++)
		snprintf(out + 2 * i, 3, "%02x", chance[i]);
	return file_replace(dir, "secret", slice_make(out, MANAGED_SECRET_LEN), 0600, err);
}

int managed_conf_write(int dir, const char *secret, struct err *err)
{
	char hash[SHA256_HEX_LEN + 1];
	struct str conf = { 0 };

	sha256_hex(slice_of(secret), hash);
	str_addf(&conf,
		"# Written by usher at each start; changes here are lost.\n"
		"port 0\n"
		"unixsocket redis.sock\n"
		"unixsocketperm 700\n"
		"dir ./\n"
		"logfile redis.log\n"
		"daemonize no\n"
		"supervised no\n"
		"databases 1\n"
		"# An answer means that it is on disk.\n"
		"appendonly yes\n"
		"appendfsync always\n"
		"no-appendfsync-on-rewrite no\n"
		"# See managed_files.h.\n"
		"aof-load-truncated no\n"
		"save \"\"\n"
		"# Nothing is ever thrown away for want of memory.\n"
		"maxmemory-policy noeviction\n"
		"# Nobody can log in as the default user, but its permissions must stay: Redis "
		"replays the\n"
		"# transactions of its file under them, and drops each one that they do not "
		"allow.\n"
		"user default off ~* &* +@all\n"
		"# One user, who can do what usher does.\n"
		"user usher on #%s ~usher:* &usher:* +@all -@admin -@dangerous +info +config|get "
		"+acl|getuser\n",
		hash);
	int status = file_replace(dir, "redis.conf", str_slice(&conf), 0600, err);
	str_free(&conf);
	return status;
}

char *managed_program(struct err *err)
{
	static const char *const names[] = { "redis-server", "valkey-server" };
	const char *from = getenv("PATH");

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct slice rest = slice_of(from ? from : "/usr/local/bin:/usr/bin:/bin");
		while (rest.p) {
			struct slice dir = slice_cut(&rest, ':');
			struct str path = { 0 };
			str_addf(&path, "%.*s/%s", SLICE_ARG(dir), names[i]);
			if (dir.n && access(path.p, X_OK) == 0)
				return str_take(&path);
			str_free(&path);
		}
	}
	err_set(err, ENOENT,
		"redis: managed needs redis-server or valkey-server, and neither is on PATH; "
		"install one "
		"(apt install redis-server), or set redis: to the address of one that runs");
	return NULL;
}

/* "123:M 22 Nov 2026 13:20:00.123 # words" → "words" */
static struct slice log_words(struct slice line)
{
	for (size_t i = 0; i + 2 < line.n; i++)
		if (line.p[i] == ' ' && strchr("#*-.", line.p[i + 1]) && line.p[i + 2] == ' ')
			return slice_trim(slice_make(line.p + i + 3, line.n - i - 3));
	return slice_trim(line);
}

static int log_open(int dir)
{
	return openat(dir, "redis.log", O_RDONLY | O_CLOEXEC);
}

off_t managed_log_size(int dir)
{
	struct stat st = { 0 };

	(void)fstatat(dir, "redis.log", &st, 0); /* none yet: from its beginning */
	return st.st_size;
}

bool managed_log_says_torn(int dir, off_t from)
{
	static const char words[] = "Unexpected end of file reading the append only file";
	char bytes[LOG_TAIL_BYTES];
	int fd = log_open(dir);

	if (fd < 0)
		return false;
	off_t size = lseek(fd, 0, SEEK_END);
	if (from < size - LOG_TAIL_BYTES)
		from = size - LOG_TAIL_BYTES;
	ssize_t n = pread(fd, bytes, sizeof(bytes), from);
	close(fd);
	return n > 0 && memmem(bytes, (size_t)n, words, sizeof(words) - 1);
}

void managed_log_last(int dir, struct str *out)
{
	char bytes[LOG_TAIL_BYTES];
	int fd = log_open(dir);

	if (fd < 0)
		return;
	off_t size = lseek(fd, 0, SEEK_END);
	off_t from = size > LOG_TAIL_BYTES ? size - LOG_TAIL_BYTES : 0;
	ssize_t n = pread(fd, bytes, sizeof(bytes), from);
	close(fd);
	struct slice rest = slice_make(bytes, n > 0 ? (size_t)n : 0), last = { NULL, 0 };
	while (rest.p) {
		struct slice line = slice_trim(slice_cut(&rest, '\n'));
		if (line.n)
			last = line;
	}
	str_add(out, log_words(last));
}
