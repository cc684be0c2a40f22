/*
 * usher-picture SIDE <picture >picture: draws a stranger's picture anew (picture.h), no side longer than SIDE, and gives up everything it
 * could do besides before it reads the first byte. Exit 0; 1 with the reason on stderr: it is none that can be shown; 2: usage. Started by
 * usherd, one for each picture.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "picture/picture.h"
#include "picture/sandbox.h"

enum { FILE_MAX = 16 * 1024 * 1024, EXIT_DRAWN = 0, EXIT_NO_PICTURE, EXIT_USAGE };

/* _exit: what runs at the end of a process may want more than is allowed. */
static _Noreturn void fail(int code, const char *why)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "usher-picture: %s\n", why);

	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		code = EXIT_USAGE;
	_exit(code);
}

static size_t read_all(unsigned char *to, size_t max)
{
	size_t n = 0;
	ssize_t got;

	while (n < max && (got = read(STDIN_FILENO, to + n, max - n)) > 0)
		n += (size_t)got;
	return n;
}

static bool write_all(const unsigned char *p, size_t n)
{
	ssize_t put;

	for (; n; p += put, n -= (size_t)put)
		if ((put = write(STDOUT_FILENO, p, n)) <= 0)
			return false;
	return true;
}

int main(int argc, char **argv)
{
	unsigned long side = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	unsigned char *file, *out;
	size_t n;

	if (side < SIDE_MIN || side > SIDE_MAX)
		fail(EXIT_USAGE, "usage: usher-picture SIDE <picture >picture, SIDE 16 to 2048");
	if (sandbox_enter())
		fail(EXIT_USAGE, "the sandbox could not be made");
	file = malloc(FILE_MAX + 1);
	n = file ? read_all(file, FILE_MAX + 1) : 0;
	if (!n || n > FILE_MAX)
		fail(EXIT_NO_PICTURE, "it is empty, or larger than 16 MiB");
	const char *why = picture_make((struct bytes){ file, n }, (unsigned)side, &out, &n);
	if (why)
		fail(EXIT_NO_PICTURE, why);
	_exit(write_all(out, n) ? EXIT_DRAWN : EXIT_NO_PICTURE);
}
