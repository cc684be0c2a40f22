/*
 * The socket's near end: connect (also where the path is longer than a socket address), lines, and the desk in a terminal. Called by main.c.
 */
#include "ctl/client.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { READ_SIZE = 65536, LAST_ANSWER_MS = 5000 };

/* A path too long for sun_path is reached through its directory's descriptor. */
static int directory_of(const char *path, struct sockaddr_un *sa)
{
	char *one = strdup(path), *two = strdup(path);
	int dir = one ? open(dirname(one), O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

	if (two)
		snprintf(sa->sun_path, sizeof(sa->sun_path), "/proc/self/fd/%d/%s", dir,
			basename(two));
	free(one);
	free(two);
	return dir;
}

int client_connect(const char *path, struct err *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int dir = -1, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) < sizeof(sa.sun_path))
		memcpy(sa.sun_path, path, strlen(path) + 1);
	else
		dir = directory_of(path, &sa);
	int error = connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 ? 0 : errno;
	if (dir >= 0)
		close(dir);
	if (!error)
		return fd;
	close(fd);
	return err_set(err, error,
		"cannot reach usherd at %s: %s; does it run, and is this the socket in its data "
		"directory (--socket)?",
		path, strerror(error));
}

bool client_write(int fd, struct slice bytes)
{
	while (bytes.n) {
		ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes = slice_make(bytes.p + n, bytes.n - (size_t)n);
	}
	return true;
}

/* Takes a whole line from what was read. */
static bool take_line(struct str *input, struct str *line)
{
	size_t n = slice_find(str_slice(input), '\n');

	if (n == input->n)
		return false;
	str_clear(line);
	str_add(line, slice_make(input->p, n));
	str_shift(input, n + 1);
	return true;
}

/* More bytes; false at the end. */
static bool fill(int fd, struct str *input)
{
	ssize_t n;

	do
		n = read(fd, str_reserve(input, READ_SIZE), READ_SIZE);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	input->n += (size_t)n;
	return true;
}

bool client_line(int fd, struct str *input, struct str *line)
{
	while (!take_line(input, line))
		if (!fill(fd, input))
			return false;
	return true;
}

/* ---- desk ---- */

struct desk {
	int fd;
	struct str *from_node, from_user, line;
	size_t asked, answered;
	int exit_code;
	bool over, user_ended, greeted;
	struct timespec ended_at;
};

static void show_frames(struct desk *d)
{
	while (take_line(d->from_node, &d->line)) {
		struct slice s = str_slice(&d->line);
		if (slice_starts(s, SLICE("{\"error\":"))) {
			fprintf(stderr, "usherctl: %.*s\n", SLICE_ARG(s));
			d->exit_code = 1;
			d->over = true;
			continue;
		}
		if (memmem(s.p, s.n, "\"t\":\"ok\"", 8) || memmem(s.p, s.n, "\"t\":\"error\"", 11))
			d->answered++;
		d->greeted = d->greeted || memmem(s.p, s.n, "\"t\":\"snapshot\"", 14);
		printf("%.*s\n", SLICE_ARG(s));
	}
	fflush(stdout);
}

static void send_frames(struct desk *d)
{
	while (take_line(&d->from_user, &d->line)) {
		struct slice s = str_slice(&d->line);
		if (memmem(s.p, s.n, "\"id\"", 4))
			d->asked++;
		str_add_char(&d->line, '\n');
		if (!client_write(d->fd, str_slice(&d->line)))
			d->over = true;
	}
}

static int left_ms(const struct desk *d)
{
	struct timespec now;

	if (!d->user_ended)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	long passed = (now.tv_sec - d->ended_at.tv_sec) * 1000 +
		      (now.tv_nsec - d->ended_at.tv_nsec) / 1000000;
	return passed >= LAST_ANSWER_MS ? 0 : (int)(LAST_ANSWER_MS - passed);
}

int client_desk(int fd, struct str *input)
{
	struct desk d = { .fd = fd, .from_node = input };

	show_frames(&d);
	while (!d.over &&
		!(d.user_ended && ((d.greeted && d.answered >= d.asked) || !left_ms(&d)))) {
		struct pollfd p[2] = { { .fd = fd, .events = POLLIN },
			{ .fd = d.user_ended ? -1 : STDIN_FILENO, .events = POLLIN } };
		if (poll(p, 2, left_ms(&d)) < 0 && errno != EINTR)
			break;
		if (p[0].revents && !fill(fd, input))
			d.over = true;
		show_frames(&d);
		if (p[1].revents && !fill(STDIN_FILENO, &d.from_user)) {
			d.user_ended = true;
			clock_gettime(CLOCK_MONOTONIC, &d.ended_at);
		}
		send_frames(&d);
	}
	if (d.over && !d.user_ended && !d.exit_code)
		d.exit_code = 3; /* usherd is gone */
	str_free(&d.from_user);
	str_free(&d.line);
	return d.exit_code;
}
