/* Web files from memory: types, caching by name and tag, and nothing outside the directory. */
#include "net_test.h"

#include <sys/stat.h>

#include "net/static_files.h"

static char dir[] = "/tmp/usher-test-static-XXXXXX";
static struct static_files *files;
static struct loop *loop;
static struct http_server *server;
static int port;
static struct str got;

static void put(const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void answer(struct http_request *r, void *arg)
{
	struct slice path = http_path(r);

	(void)arg;
	static_files_answer(files, r, slice_make(path.p + 5, path.n - 5));
}

static const struct http_handler handler = { answer };

static const char *ask(const char *method, const char *path, const char *fields)
{
	char text[1024];

	int fd = client_connect(port);
	snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n",
		method, path, fields);
	client_send(fd, text, strlen(text));
	str_clear(&got);
	TURN_UNTIL(loop, client_read(fd, &got));
	close(fd);
	return got.p;
}

static void expect(const char *text)
{
	if (!strstr(got.p, text))
		fail_msg("no \"%s\" in \"%s\"", text, got.p);
}

static void files_come_with_type_and_caching(void **state)
{
	(void)state;
	ask("GET", "/app/", "");
	expect("HTTP/1.1 200 ");
	expect("Content-Type: text/html; charset=utf-8\r\n");
	expect("Content-Security-Policy: default-src 'self'\r\n");
	expect("Cache-Control: no-cache\r\n");
	expect("\r\n\r\n<p>hi");
	ask("GET", "/app/index.html", "");
	expect("\r\n\r\n<p>hi");
	ask("GET", "/app/assets/main-1A2B3C4D.js", "");
	expect("Content-Type: text/javascript; charset=utf-8\r\n");
	expect("immutable");
	assert_null(strstr(got.p, "Content-Security-Policy"));
	ask("GET", "/app/assets/my-main.css", "");
	expect("Content-Type: text/css; charset=utf-8\r\n");
	expect("no-cache");
	ask("GET", "/app/empty.txt", "");
	expect("HTTP/1.1 200 ");
	expect("Content-Length: 0\r\n");
}

static void a_known_tag_gives_304(void **state)
{
	char field[128];

	(void)state;
	const char *etag = strstr(ask("GET", "/app/", ""), "ETag: ");
	assert_non_null(etag);
	snprintf(field, sizeof(field), "If-None-Match: \"x\", W/%.34s\r\n", etag + 6);
	ask("GET", "/app/", field);
	expect("HTTP/1.1 304 ");
	expect("ETag: ");
	assert_null(strstr(got.p, "Content-Length"));
	assert_null(strstr(got.p, "<p>hi"));
	ask("GET", "/app/", "If-None-Match: \"other\"\r\n");
	expect("HTTP/1.1 200 ");
}

static void a_long_file_comes_packed_to_who_takes_that(void **state)
{
	char field[128], plain[35], packed[35];

	(void)state;
	memcpy(plain, strstr(ask("GET", "/app/long.js", ""), "ETag: ") + 6, 34);
	expect("Content-Length: 20000\r\n");
	expect("Vary: Accept-Encoding\r\n");
	assert_null(strstr(got.p, "Content-Encoding"));
	memcpy(packed,
		strstr(ask("GET", "/app/long.js", "Accept-Encoding: br, gzip\r\n"), "ETag: ") + 6,
		34);
	expect("Content-Encoding: gzip\r\n");
	expect("Vary: Accept-Encoding\r\n");
	expect("Content-Type: text/javascript");
	expect("\r\n\r\n\x1f\x8b");
	assert_true(got.n < 1000);
	assert_memory_not_equal(plain, packed, 34);
	ask("GET", "/app/long.js", "Accept-Encoding: gzip;q=0\r\n");
	expect("Content-Length: 20000\r\n");
	/* each form has its own tag, and 304 says of which */
	snprintf(field, sizeof(field), "Accept-Encoding: gzip\r\nIf-None-Match: %.34s\r\n", packed);
	ask("GET", "/app/long.js", field);
	expect("HTTP/1.1 304 ");
	expect("Vary: Accept-Encoding\r\n");
	snprintf(field, sizeof(field), "If-None-Match: %.34s\r\n", packed);
	ask("GET", "/app/long.js", field);
	expect("HTTP/1.1 200 ");
	/* what would not get shorter stays as it is */
	ask("GET", "/app/noise.bin", "Accept-Encoding: gzip\r\n");
	expect("Content-Length: 3000\r\n");
	assert_null(strstr(got.p, "Vary"));
}

static void only_reading_only_what_is_there(void **state)
{
	(void)state;
	ask("HEAD", "/app/", "");
	expect("Content-Length: 5\r\n");
	assert_null(strstr(got.p, "<p>hi"));
	ask("POST", "/app/", "Content-Length: 0\r\n");
	expect("HTTP/1.1 405 ");
	expect("Allow: GET, HEAD\r\n");
	static const char *const absent[] = { "/app/none", "/app/assets", "/app/assets/",
		"/app/.secret", "/app/link", "/app/assets/..%2f..%2f..%2fetc%2fpasswd" };
	for (size_t i = 0; i < sizeof(absent) / sizeof(*absent); i++) {
		ask("GET", absent[i], "");
		if (!strstr(got.p, "HTTP/1.1 404 ") && !strstr(got.p, "HTTP/1.1 400 "))
			fail_msg("%s: %s", absent[i], got.p);
	}
}

static void a_missing_directory_says_so(void **state)
{
	struct err err;

	(void)state;
	assert_null(static_files_new("/nonexistent/web", "", &err));
	assert_non_null(strstr(err.text, "/nonexistent/web"));
}

static int setup(void **state)
{
	char path[256];
	struct err err;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/assets", dir);
	mkdir(path, 0755);
	put("index.html", "<p>hi");
	put("assets/main-1A2B3C4D.js", "1");
	put("assets/my-main.css", "2");
	put("empty.txt", "");
	char text[20001] = "";
	memset(text, 'a', 20000);
	put("long.js", text);
	for (size_t i = 0; i < 3000; i++)
		text[i] = (char)(rand() % 255 + 1);
	text[3000] = 0;
	put("noise.bin", text);
	put(".secret", "no");
	snprintf(path, sizeof(path), "%s/link", dir);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	files = static_files_new(dir, "default-src 'self'", &err);
	assert_non_null(files);
	loop = loop_new();
	server = http_server_new(loop);
	http_server_route(server, "/app/", &handler, NULL);
	port = http_server_listen(server, "127.0.0.1:0", NULL, &err);
	return port > 0 ? 0 : -1;
}

static int teardown(void **state)
{
	char command[256];

	(void)state;
	http_server_free(&server);
	loop_turn(loop, 0);
	loop_free(&loop);
	static_files_free(&files);
	str_free(&got);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_come_with_type_and_caching),
		cmocka_unit_test(a_known_tag_gives_304),
		cmocka_unit_test(a_long_file_comes_packed_to_who_takes_that),
		cmocka_unit_test(only_reading_only_what_is_there),
		cmocka_unit_test(a_missing_directory_says_so),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
