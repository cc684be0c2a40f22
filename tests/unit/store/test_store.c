/* How a store begins, ends, and refuses to begin. */
#include "unit/store/harness.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* A redis-server that is not ours, with these settings, on a socket in the bench's directory. */
static pid_t stranger_start(struct bench *b, const char *const *more)
{
	const char *argv[40] = { "redis-server", "--save", "", "--dir", b->dir, "--unixsocket",
		"s.sock", "--logfile", "stranger.log" };
	size_t n = 9;

	while (*more)
		argv[n++] = *more++;
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves none behind */
		if (chdir(b->dir) == 0)
			execvp(argv[0], (char **)argv);
		_exit(127);
	}
	assert_true(pid > 0);
	return pid;
}

static void stranger_stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* redis-cli to it. */
__attribute__((format(printf, 4, 5))) static void stranger_told(
	struct bench *b, char *out, size_t size, const char *format, ...)
{
	struct str command = { 0 };
	va_list ap;

	str_addf(&command, "redis-cli -s %s/s.sock ", b->dir);
	va_start(ap, format);
	str_addv(&command, format, ap);
	va_end(ap);
	FILE *p = popen(command.p, "r");
	assert_non_null(p);
	size_t n = fread(out, 1, size - 1, p);
	pclose(p);
	out[n] = '\0';
	out[strcspn(out, "\n")] = '\0';
	str_free(&command);
}

/* Below those that the kernel gives to outgoing connections, which tests beside this one make: none of them is there before the server is. */
static int free_port(void)
{
	static int tried;

	while (tried < 1000) {
		int port = 10000 + (getpid() * 31 + tried++) % 22000;
		struct sockaddr_in sa = { .sin_family = AF_INET,
			.sin_port = htons((uint16_t)port),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		bool free = bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0;
		close(fd);
		if (free)
			return port;
	}
	fail_msg("no free port between 10000 and 32000");
	return 0;
}

/* What store_new says to a Redis with these settings: "" when it is ready. */
static void verdict(struct bench *b, const char *url, bool relaxed)
{
	struct store_options o = { .redis = url,
		.domain = "main",
		.node = "one",
		.data_dir = b->dir,
		.relaxed = relaxed };

	b->readies = 0;
	b->failed[0] = '\0';
	b->store = store_new(b->loop, &o, &bench_ops, b);
	WAIT(b, b->readies || b->failed[0]);
	if (b->failed[0] == '\0' && relaxed)
		assert_string_equal(store_durability(b->store), "relaxed");
	bench_stop(b);
}

static void refuses_a_redis_that_answers_before_the_disk(void **state)
{
	static const struct {
		const char *more[12];
		const char *says;
	} cases[] = {
		{ { "--port", "0", "--appendonly", "no" }, "appendonly is no" },
		{ { "--port", "0", "--appendonly", "yes", "--appendfsync", "everysec" }, "appendfsy"
											 "nc is "
											 "everyse"
											 "c" },
		{ { "--port", "0", "--appendonly", "yes", "--appendfsync", "always",
			  "--no-appendfsync-on-rewrite", "yes" },
			"no-appendfsync-on-rewrite is yes" },
	};
	struct bench b;
	char url[200];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bench_new(&b);
		snprintf(url, sizeof(url), "unix:%s/s.sock", b.dir);
		pid_t pid = stranger_start(&b, cases[i].more);
		verdict(&b, url, false);
		assert_non_null(strstr(b.failed, cases[i].says));
		assert_non_null(strstr(b.failed, "durability: relaxed"));
		/* Set explicitly, it starts and says what it is worth. */
		verdict(&b, url, true);
		assert_string_equal(b.failed, "");
		stranger_stop(pid);
		bench_end(&b);
	}
}

/* Redis replays transactions as the default user: stripped of its permissions, they are gone after a restart. */
static void refuses_a_redis_that_would_drop_transactions(void **state)
{
	struct bench b;
	char url[200], port[16];
	int p = free_port();

	(void)state;
	bench_new(&b);
	snprintf(port, sizeof(port), "%d", p);
	pid_t pid = stranger_start(
		&b, (const char *const[]){ "--port", port, "--appendonly", "yes", "--appendfsync",
			    "always", "--user", "default", "off", "--user", "app", "on", ">secret",
			    "~*", "&*", "+@all", NULL });
	snprintf(url, sizeof(url), "redis://app:secret@127.0.0.1:%d", p);
	verdict(&b, url, false);
	assert_non_null(strstr(b.failed, "default"));
	stranger_stop(pid);
	bench_end(&b);
}

static void logs_in_and_says_when_it_may_not(void **state)
{
	struct bench b;
	char url[200], port[16];
	int p = free_port();

	(void)state;
	bench_new(&b);
	snprintf(port, sizeof(port), "%d", p);
	pid_t pid = stranger_start(
		&b, (const char *const[]){ "--port", port, "--appendonly", "yes", "--appendfsync",
			    "always", "--requirepass", "p@ss", NULL });
	snprintf(url, sizeof(url), "redis://:p%%40ss@127.0.0.1:%d/3", p);
	verdict(&b, url, false);
	assert_string_equal(b.failed, "");
	snprintf(url, sizeof(url), "redis://:wrong@127.0.0.1:%d", p);
	verdict(&b, url, false);
	assert_non_null(strstr(b.failed, "WRONGPASS"));
	snprintf(url, sizeof(url), "redis://127.0.0.1:%d", p);
	verdict(&b, url, false);
	assert_non_null(strstr(b.failed, "NOAUTH"));
	stranger_stop(pid);
	bench_end(&b);
}

static void says_what_is_wrong_with_an_address(void **state)
{
	static const char *const bad[] = { "", "localhost", "http://x", "redis://", "redis://h:0",
		"redis://h:99999", "redis://h/x", "redis://nopassword@h", "redis://:%4@h",
		"redis://[::1", "unix:relative" };
	struct bench b;

	(void)state;
	bench_new(&b);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		verdict(&b, bad[i], false);
		assert_non_null(strstr(b.failed, "redis:"));
	}
	bench_end(&b);
}

/* rediss:// with a CA of our own; the name is checked. */
static void speaks_tls_and_checks_the_name(void **state)
{
	struct bench b;
	char command[2048], url[200], port[16];
	int p = free_port();

	(void)state;
	bench_new(&b);
	snprintf(command, sizeof(command),
		"cd %s && exec 2>/dev/null && "
		"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key "
		"-out ca.crt && "
		"openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout s.key -out s.csr "
		"&& "
		"printf 'subjectAltName=DNS:localhost' > ext && "
		"openssl x509 -req -in s.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 "
		"-extfile ext -out s.crt",
		b.dir);
	assert_int_equal(system(command), 0);
	snprintf(port, sizeof(port), "%d", p);
	pid_t pid = stranger_start(
		&b, (const char *const[]){ "--port", "0", "--tls-port", port, "--tls-cert-file",
			    "s.crt", "--tls-key-file", "s.key", "--tls-ca-cert-file", "ca.crt",
			    "--tls-auth-clients", "no", "--appendonly", "yes", "--appendfsync",
			    "always", "--bind", "127.0.0.1", NULL });
	char ca[200];
	snprintf(ca, sizeof(ca), "%s/ca.crt", b.dir);
	snprintf(url, sizeof(url), "rediss://localhost:%d", p);
	struct store_options o = {
		.redis = url, .redis_ca = ca, .domain = "main", .node = "one", .data_dir = b.dir
	};
	b.store = store_new(b.loop, &o, &bench_ops, &b);
	WAIT(&b, b.readies || b.failed[0]);
	assert_string_equal(b.failed, "");
	assert_int_equal(bench_put(&b, "over tls"), 0);
	bench_stop(&b);
	/* The same server by a name that is not in its certificate: never ready. */
	b.readies = 0;
	snprintf(url, sizeof(url), "rediss://127.0.0.1:%d", p);
	b.store = store_new(b.loop, &o, &bench_ops, &b);
	PASS(&b, 700);
	assert_int_equal(b.readies, 0);
	bench_stop(&b);
	stranger_stop(pid);
	bench_end(&b);
}

/* What an update leaves, forwards and back: who would misread the data, or whom another would, does not begin. */
static void begins_with_data_that_it_understands(void **state)
{
	static const struct {
		const char *schema, *lease, *says;
	} cases[] = {
		{ NULL, NULL, "" },
		{ "2", "other", "" },
		{ "1", NULL, "" },
		{ "1", "one", "" },
		{ "1", "other", "node other routes these data with an older usher" },
		{ NULL, "other", "stop it first" },
		{ "3", NULL, "a newer usher (format 3, this one knows 2)" },
	};
	struct bench b;
	char url[200], out[64];

	(void)state;
	bench_new(&b);
	snprintf(url, sizeof(url), "unix:%s/s.sock", b.dir);
	pid_t pid = stranger_start(&b, (const char *const[]){ "--port", "0", "--appendonly", "yes",
					       "--appendfsync", "always", NULL });
	verdict(&b, url, false);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		stranger_told(&b, out, sizeof(out), "DEL usher:{main}:cursor usher:{main}:lease");
		if (cases[i].schema)
			stranger_told(&b, out, sizeof(out), "HSET usher:{main}:cursor schema %s",
				cases[i].schema);
		if (cases[i].lease)
			stranger_told(
				&b, out, sizeof(out), "SET usher:{main}:lease %s", cases[i].lease);
		verdict(&b, url, false);
		assert_int_equal(b.failed[0] == '\0', cases[i].says[0] == '\0');
		assert_non_null(strstr(b.failed, cases[i].says));
		stranger_told(&b, out, sizeof(out), "HGET usher:{main}:cursor schema");
		if (b.failed[0] == '\0')
			assert_string_equal(out, "2");
		else /* untouched */
			assert_string_equal(out, cases[i].schema ? cases[i].schema : "");
	}
	stranger_stop(pid);
	bench_end(&b);
}

/* One that waits for the lead while another begins with a newer usher must not go on behind it. */
static void does_not_follow_a_newer_one(void **state)
{
	struct cursor_answer a = { .status = WAITING };
	struct bench b;
	char out[64];

	(void)state;
	bench_new(&b);
	bench_start(&b);
	bench_cli(&b, out, sizeof(out), "HSET usher:{main}:cursor schema 3");
	bench_lead(&b, b.store);
	cursor_read(b.store, bench_cursor_answer, &a);
	WAIT(&b, a.status != WAITING && b.failed[0]);
	assert_int_equal(a.status, -EPERM);
	assert_non_null(strstr(b.failed, "newer usher"));
	bench_end(&b);
}

static void got_conv(void *arg, int status, const struct pairs_found *fields)
{
	(void)fields;
	*(int *)arg = status;
}

/* Out of memory is said as such, and nothing half of a commit is applied. */
static void says_when_redis_has_no_room(void **state)
{
	struct bench b;
	char url[200], port[16], text[4096];
	int p = free_port(), status = 0;

	(void)state;
	bench_new(&b);
	snprintf(port, sizeof(port), "%d", p);
	pid_t pid =
		stranger_start(&b, (const char *const[]){ "--port", port, "--appendonly", "yes",
					   "--appendfsync", "always", "--maxmemory", "3mb", NULL });
	snprintf(url, sizeof(url), "redis://127.0.0.1:%d", p);
	b.store = bench_store(&b, "one", url);
	WAIT(&b, b.readies || b.failed[0]);
	assert_string_equal(b.failed, "");
	bench_lead(&b, b.store);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_set_level(LOG_ERROR + 1);
	for (int i = 0; i < 2000 && status == 0; i++)
		status = bench_put(&b, text);
	assert_int_equal(status, -ENOSPC);
	struct commit *c = commit_new(b.store);
	struct slice view[] = { SLICE("state"), SLICE("waiting") };
	commit_conv(c, bench_id(1), &(struct argv){ view, 2, 2 });
	commit_event(c, 1, &(struct event){ .type = EVENT_DESK_UP });
	assert_int_equal(bench_commit(&b, c), -ENOSPC);
	status = WAITING;
	conv_read(b.store, bench_id(1), got_conv, &status);
	WAIT(&b, status != WAITING);
	assert_int_equal(status, -ENOENT);
	bench_stop(&b);
	stranger_stop(pid);
	bench_end(&b);
}

/* ---- managed ---- */

static void two_of_us_do_not_share_a_directory(void **state)
{
	struct bench b, second;

	(void)state;
	bench_new(&b);
	bench_start(&b);
	second = b;
	second.readies = 0;
	second.store = bench_store(&second, "two", "managed");
	WAIT(&second, second.readies || second.failed[0]);
	assert_non_null(strstr(second.failed, "another usherd"));
	bench_stop(&second);
	assert_int_equal(bench_put(&b, "still there"), 0);
	bench_end(&b);
}

/* usherd is killed; its redis-server, stopped at a bad moment, ends later: the next one waits for that. */
static void waits_for_the_server_of_one_that_was_killed(void **state)
{
	struct bench b;
	int pipes[2], redis = 0;

	(void)state;
	bench_new(&b);
	assert_int_equal(pipe(pipes), 0);
	pid_t usherd = fork();
	if (usherd == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		struct bench inner = b;
		inner.loop = loop_new();
		bench_start(&inner);
		if (bench_put(&inner, "before the kill") == 0)
			redis = managed_pid(inner.store->managed);
		if (write(pipes[1], &redis, sizeof(redis)) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(pipes[0], &redis, sizeof(redis)), sizeof(redis));
	assert_true(redis > 0);
	kill(redis, SIGSTOP);
	kill(usherd, SIGKILL);
	waitpid(usherd, NULL, 0);
	b.store = bench_store(&b, "one", "managed");
	PASS(&b, 400);
	assert_int_equal(managed_pid(b.store->managed), 0); /* not a second one beside it */
	kill(redis, SIGCONT); /* the SIGTERM that it got by our death now reaches it */
	WAIT(&b, b.readies || b.failed[0]);
	assert_string_equal(b.failed, "");
	char out[64];
	bench_cli(&b, out, sizeof(out), "XLEN usher:{main}:in");
	assert_string_equal(out, "1");
	close(pipes[0]);
	close(pipes[1]);
	bench_end(&b);
}

static void works_in_a_directory_with_a_long_name(void **state)
{
	struct bench b;
	struct str deep = { 0 };

	(void)state;
	bench_new(&b);
	str_addf(&deep, "%s", b.dir);
	for (int i = 0; i < 4; i++) {
		str_addf(&deep, "/%050d", i);
		assert_int_equal(mkdir(deep.p, 0700), 0);
	}
	struct store_options o = {
		.redis = "managed", .domain = "main", .node = "one", .data_dir = deep.p
	};
	b.store = store_new(b.loop, &o, &bench_ops, &b);
	WAIT(&b, b.readies || b.failed[0]);
	assert_string_equal(b.failed, "");
	assert_int_equal(bench_put(&b, "deep"), 0);
	str_free(&deep);
	bench_end(&b);
}

/* Writes what a kill in the middle of a write leaves: a transaction without its end. */
static void tear(const struct bench *b, const char *bytes)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/redis/appendonlydir/appendonly.aof.1.incr.aof", b->dir);
	FILE *f = fopen(path, "a");
	assert_non_null(f);
	fputs(bytes, f);
	fclose(f);
}

/* Redis itself cuts behind the last whole command, and the next EXEC then runs the torn transaction as well. */
static void a_torn_transaction_never_happened(void **state)
{
	static const char *const ends[] = {
		("*1\r\n$5\r\nMULTI\r\n*3\r\n$5\r\nRPUSH\r\n$17\r\nusher:{main}:torn\r\n$"
		 "1\r\nx\r\n*"
		 "3\r\n$5\r\nRP"),
		"*1\r\n$5\r\nMULTI\r\n*3\r\n$5\r\nRPUSH\r\n$17\r\nusher:{main}:torn\r\n$1\r\nx\r\n",
		"*3\r\n$3\r\nSET\r\n",
	};
	struct bench b;
	char out[200];

	(void)state;
	bench_new(&b);
	bench_start(&b);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		assert_int_equal(bench_put(&b, "acknowledged"), 0);
		bench_stop(&b);
		tear(&b, ends[i]);
		bench_start(&b);
		/* somebody's whole transaction, then the start that would run both */
		bench_lead(&b, b.store);
		struct commit *c = commit_new(b.store);
		commit_event(c, i + 1, &(struct event){ .type = EVENT_DESK_UP });
		assert_int_equal(bench_commit(&b, c), 0);
		bench_stop(&b);
		bench_start(&b);
		bench_cli(&b, out, sizeof(out), "EXISTS usher:{main}:torn");
		assert_string_equal(out, "0");
	}
	bench_cli(&b, out, sizeof(out), "XLEN usher:{main}:in");
	assert_string_equal(out, "3");
	bench_end(&b);
}

static void keeps_its_socket_and_secret_to_itself(void **state)
{
	struct bench b;
	struct stat st;
	char path[200], out[200];

	(void)state;
	bench_new(&b);
	bench_start(&b);
	snprintf(path, sizeof(path), "%s/redis/secret", b.dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	snprintf(path, sizeof(path), "%s/redis/redis.sock", b.dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	snprintf(path, sizeof(path), "redis-cli -s %s/redis/redis.sock PING 2>&1", b.dir);
	FILE *p = popen(path, "r");
	out[fread(out, 1, sizeof(out) - 1, p)] = '\0';
	pclose(p);
	assert_non_null(strstr(out, "NOAUTH"));
	bench_cli(&b, out, sizeof(out), "FLUSHALL");
	assert_non_null(strstr(out, "NOPERM"));
	bench_end(&b);
}

static void says_why_redis_does_not_start(void **state)
{
	struct bench b;
	char path[200];

	(void)state;
	bench_new(&b);
	snprintf(path, sizeof(path), "%s/redis", b.dir);
	assert_int_equal(mkdir(path, 0700), 0);
	/* A file where its directory of files should be. */
	snprintf(path, sizeof(path), "%s/redis/appendonlydir", b.dir);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	close(fd);
	b.store = bench_store(&b, "one", "managed");
	WAIT(&b, b.readies || b.failed[0]);
	assert_non_null(strstr(b.failed, "appendonlydir"));
	assert_non_null(strstr(b.failed, "redis.log"));
	bench_end(&b);
	/* No program at all. */
	bench_new(&b);
	char *was = slice_dup(slice_of(getenv("PATH")));
	setenv("PATH", "/nonexistent", 1);
	b.store = bench_store(&b, "one", "managed");
	WAIT(&b, b.readies || b.failed[0]);
	setenv("PATH", was, 1);
	free(was);
	assert_non_null(strstr(b.failed, "apt install redis-server"));
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_a_redis_that_answers_before_the_disk),
		cmocka_unit_test(refuses_a_redis_that_would_drop_transactions),
		cmocka_unit_test(logs_in_and_says_when_it_may_not),
		cmocka_unit_test(says_what_is_wrong_with_an_address),
		cmocka_unit_test(speaks_tls_and_checks_the_name),
		cmocka_unit_test(begins_with_data_that_it_understands),
		cmocka_unit_test(does_not_follow_a_newer_one),
		cmocka_unit_test(says_when_redis_has_no_room),
		cmocka_unit_test(two_of_us_do_not_share_a_directory),
		cmocka_unit_test(waits_for_the_server_of_one_that_was_killed),
		cmocka_unit_test(a_torn_transaction_never_happened),
		cmocka_unit_test(works_in_a_directory_with_a_long_name),
		cmocka_unit_test(keeps_its_socket_and_secret_to_itself),
		cmocka_unit_test(says_why_redis_does_not_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
