/*
 * A built web directory in memory: read once, looked up by path, so that no request ever opens a
 * file. Never follows a symbolic link out, never lists a directory. Called by the desk and by whoever
 * serves a page.
 */
#include "net/static_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/assert.h"
#include "base/map.h"
#include "model/limits.h"
#include "net/http_list.h"

/* One form of a file's content. */
struct form {
	struct str bytes;
	char etag[2 + 32 + 1]; /* quoted */
};
struct file {
	const char *type;
	struct form plain;
	struct form packed; /* with gzip; empty when that would save little */
	bool hashed;	    /* the name changes with the content */
	const char *csp;    /* its own policy; NULL: that of all */
};
enum { PACKED_FROM = 512 }; /* bytes; a packet holds the shorter ones anyway */
struct static_files {
	struct map files; /* by path without a leading slash */
	char *csp;
};

#define TYPES(TYPE)                                                                                \
	TYPE(".html", "text/html; charset=utf-8")                                                  \
	TYPE(".js", "text/javascript; charset=utf-8")                                              \
	TYPE(".mjs", "text/javascript; charset=utf-8")                                             \
	TYPE(".css", "text/css; charset=utf-8")                                                    \
	TYPE(".json", "application/json")                                                          \
	TYPE(".map", "application/json")                                                           \
	TYPE(".webmanifest", "application/manifest+json")                                          \
	TYPE(".svg", "image/svg+xml")                                                              \
	TYPE(".png", "image/png")                                                                  \
	TYPE(".jpg", "image/jpeg")                                                                 \
	TYPE(".gif", "image/gif")                                                                  \
	TYPE(".webp", "image/webp")                                                                \
	TYPE(".ico", "image/x-icon")                                                               \
	TYPE(".woff2", "font/woff2")                                                               \
	TYPE(".mp3", "audio/mpeg")                                                                 \
	TYPE(".wav", "audio/wav")                                                                  \
	TYPE(".txt", "text/plain; charset=utf-8")

static const char *file_type(struct slice path)
{
#define TYPE_IF(suffix, type)                                                                      \
	if (slice_ends(path, SLICE(suffix)))                                                       \
		return type;
	TYPES(TYPE_IF)
#undef TYPE_IF
	return "application/octet-stream";
}

/* "name-1A2B3C4D.js": eight of A-Z0-9 between the last '-' and the first '.' behind it. */
static bool file_is_hashed(struct slice path)
{
	size_t dash = path.n;

	while (dash > 0 && path.p[dash - 1] != '-' && path.p[dash - 1] != '/')
		dash--;
	if (dash == 0 || path.p[dash - 1] != '-' || path.n < dash + 9 || path.p[dash + 8] != '.')
		return false;
	for (size_t i = dash; i < dash + 8; i++) {
		char c = path.p[i];
		if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
			return false;
	}
	return true;
}

static int file_read(int fd, struct str *out)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	while (out->n <= STATIC_FILE_MAX) {
		ssize_t n = read(fd, str_reserve(out, 65536), 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 ? 0 : -errno;
		out->n += (size_t)n;
	}
	return -EFBIG;
}

static void file_free(struct file *file)
{
	str_free(&file->plain.bytes);
	str_free(&file->packed.bytes);
	free(file);
}

/* Two forms have two tags (RFC 9110 8.8.3). */
static void form_tag(struct form *form)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	struct str etag = { 0 };

	SHA256((const unsigned char *)(form->bytes.p ? form->bytes.p : ""), form->bytes.n, digest);
	str_add_char(&etag, '"');
	str_add_hex(&etag, slice_make(digest, 16));
	str_add_char(&etag, '"');
	ASSERT(etag.n + 1 == sizeof(form->etag));
	memcpy(form->etag, etag.p, sizeof(form->etag));
	str_free(&etag);
}

/* Once, at the start, so that it costs no request anything. */
static void file_pack(struct file *file)
{
	z_stream z = { 0 };
	const struct str *from = &file->plain.bytes;
	struct str to = { 0 };
	const int gzip = 16;

	if (from->n < PACKED_FROM)
		return;
	ASSERT(deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + gzip, 9,
		       Z_DEFAULT_STRATEGY) == Z_OK);
	uLong most = deflateBound(&z, from->n);
	z.next_in = (Bytef *)from->p;
	z.avail_in = (uInt)from->n;
	z.next_out = (Bytef *)str_reserve(&to, most);
	z.avail_out = (uInt)most;
	ASSERT(deflate(&z, Z_FINISH) == Z_STREAM_END);
	deflateEnd(&z);
	if (z.total_out < from->n / 10 * 9) { /* a picture, a sound is packed already */
		str_add(&file->packed.bytes, slice_make(to.p, z.total_out));
		form_tag(&file->packed);
	}
	str_free(&to);
}

static int files_add(
	struct static_files *f, int dir, const char *name, struct slice path, struct err *err)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_set(err, errno, "%.*s: %s", SLICE_ARG(path), strerror(errno));
	struct file *file = mem_alloc(sizeof(*file));
	int error = file_read(fd, &file->plain.bytes);
	close(fd);
	if (error || f->files.count >= STATIC_FILES_MAX) {
		file_free(file);
		return err_set(err, error ? -error : E2BIG, "%.*s: %s", SLICE_ARG(path),
			error ? strerror(-error) : "too many files");
	}
	file->type = file_type(path);
	file->hashed = file_is_hashed(path);
	form_tag(&file->plain);
	file_pack(file);
	ASSERT(!map_put(&f->files, path, file));
	return 0;
}

/* Everything below `dir`, which is closed. `path` is its name with a slash, "" for the root. */
static int files_read(struct static_files *f, int dir, struct str *path, struct err *err)
{
	DIR *d = fdopendir(dir);
	size_t base = path->n;
	int error = 0;

	if (!d) {
		close(dir);
		return err_set(err, errno, "%s", strerror(errno));
	}
	for (struct dirent *e; !error && (e = readdir(d));) {
		struct stat st;
		if (e->d_name[0] == '.' || fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		str_add_text(path, e->d_name);
		if (S_ISDIR(st.st_mode)) {
			int below = openat(
				dir, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
			str_add_char(path, '/');
			error = below < 0 ? err_set(err, errno, "%s: %s", path->p, strerror(errno))
					  : files_read(f, below, path, err);
		} else if (S_ISREG(st.st_mode)) {
			error = files_add(f, dir, e->d_name, str_slice(path), err);
		}
		path->n = base;
		path->p[base] = 0;
	}
	closedir(d);
	return error;
}

struct static_files *static_files_new(const char *dir, const char *csp, struct err *err)
{
	struct static_files *f = mem_alloc(sizeof(*f));
	struct str path = { 0 };
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	f->csp = slice_dup(slice_of(csp ? csp : ""));
	int error =
		fd < 0 ? err_set(err, errno, "%s", strerror(errno)) : files_read(f, fd, &path, err);
	str_free(&path);
	if (error) {
		err_prefix(err, "web files in %s: ", dir);
		static_files_free(&f);
	}
	return f;
}

void static_files_free(struct static_files **files)
{
	struct static_files *f = *files;
	struct map_entry e;

	*files = NULL;
	if (!f)
		return;
	for (size_t i = 0; map_next(&f->files, &i, &e);)
		file_free(e.value);
	map_free(&f->files);
	free(f->csp);
	free(f);
}

bool static_files_policy(struct static_files *f, const char *name, const char *csp)
{
	struct file *file = map_get(&f->files, slice_of(name));

	if (file)
		file->csp = csp;
	return file != NULL;
}

/* The form that the client takes. Caches are told what it depended on. */
static const struct form *file_choose(const struct file *file, struct http_request *r)
{
	if (!file->packed.bytes.n)
		return &file->plain;
	http_set(r, "Vary", SLICE("Accept-Encoding"));
	if (!http_list_accepts(http_header(r, "accept-encoding"), SLICE("gzip")))
		return &file->plain;
	http_set(r, "Content-Encoding", SLICE("gzip"));
	return &file->packed;
}

void static_files_answer(struct static_files *f, struct http_request *r, struct slice path)
{
	struct slice method = http_method(r);

	while (path.n && path.p[0] == '/')
		path = slice_make(path.p + 1, path.n - 1);
	const struct file *file = map_get(&f->files, path.n ? path : SLICE("index.html"));
	if (!file) {
		http_problem(r, 404, "there is no such file");
		return;
	}
	if (!slice_is(method, "GET") && !slice_is(method, "HEAD")) {
		http_set(r, "Allow", SLICE("GET, HEAD"));
		http_problem(r, 405, "a file is only read");
		return;
	}
	const struct form *form = file_choose(file, r);
	http_set(r, "ETag", slice_of(form->etag));
	http_set(r, "Cache-Control",
		file->hashed ? SLICE("public, max-age=31536000, immutable") : SLICE("no-cache"));
	const char *csp = file->csp ? file->csp : f->csp;
	if (*csp && slice_starts(slice_of(file->type), SLICE("text/html")))
		http_set(r, "Content-Security-Policy", slice_of(csp));
	if (http_list_has_tag(http_header(r, "if-none-match"), form->etag))
		http_answer(r, 304, NULL, SLICE(""));
	else
		http_answer(r, 200, file->type, str_slice(&form->bytes));
}
