/* Sending to postfix' smtp-sink: what each kind of answer, and each kind of silence, means for the mail. */
#include "cm.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "smtp.h"

struct sink {
	pid_t pid;
	unsigned port;
};

static const char *program(void)
{
	static const char *const paths[] = { "/usr/sbin/smtp-sink", "/usr/bin/smtp-sink",
		"/usr/libexec/postfix/smtp-sink" };

	for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
		if (access(paths[i], X_OK) == 0)
			return paths[i];
	}
	return NULL;
}

static int local_socket(unsigned port, bool listening)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	int failed;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	failed = listening ? bind(fd, (struct sockaddr *)&a, sizeof(a))
			   : connect(fd, (struct sockaddr *)&a, sizeof(a));
	if (!failed)
		return fd;
	close(fd);
	return -1;
}

static unsigned free_port(void)
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);
	int fd = local_socket(0, true);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	close(fd);
	return ntohs(a.sin_port);
}

/* `flag` and `commands` as smtp-sink(1) has them; NULL for a friendly one. */
static struct sink sink_start(unsigned port, const char *flag, const char *commands)
{
	struct sink s = { 0, port };
	char *where = g_strdup_printf("127.0.0.1:%u", port);

	s.pid = fork();
	if (s.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves no server behind */
		if (flag)
			execl(program(), "smtp-sink", "-u", "nobody", flag, commands, where, "16",
				(char *)NULL);
		else
			execl(program(), "smtp-sink", "-u", "nobody", where, "16", (char *)NULL);
		_exit(127);
	}
	g_free(where);
	for (int i = 0; i < 500; i++) {
		int fd = local_socket(port, false);
		if (fd >= 0) {
			close(fd);
			return s;
		}
		usleep(10000);
	}
	fail_msg("smtp-sink did not start");
	return s;
}

static void sink_stop(struct sink *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
}

static GByteArray *mail_make(void)
{
	static const char text[] = "From: a@b.test\r\nSubject: x\r\n\r\n.a line with a "
				   "dot\r\nend\r\n";
	GByteArray *mail = g_byte_array_new();

	g_byte_array_append(mail, (const guint8 *)text, sizeof(text) - 1);
	return mail;
}

#define LETTER(mail)                                                                               \
	&(struct dialog_mail)                                                                      \
	{                                                                                          \
		"support@demo.test", "ann@example.org", "01ARZ3NDEKTSV4RRFFQ69G5FAV", mail         \
	}

static void check_answer(
	const char *flag, const char *commands, enum usher_outcome want, const char *why)
{
	struct sink sink = sink_start(free_port(), flag, commands);
	struct smtp_config config = { .timeout_s = 20 };
	struct smtp *smtp;
	GByteArray *mail = mail_make();
	GString *got = g_string_new(NULL);
	enum usher_outcome outcome;

	config.url = g_strdup_printf("smtp://127.0.0.1:%u", sink.port);
	smtp = smtp_new(&config);
	outcome = smtp_send(smtp, LETTER(mail), got);
	if (outcome != want || (why && !strstr(got->str, why)))
		print_error("%s %s: %d \"%s\"\n", flag, commands, (int)outcome, got->str);
	assert_int_equal(outcome, want);
	if (why)
		assert_non_null(strstr(got->str, why));
	smtp_free(smtp);
	g_free(config.url);
	g_byte_array_unref(mail);
	g_string_free(got, TRUE);
	sink_stop(&sink);
}

static void tells_the_answers_apart(void **state)
{
	(void)state;
	if (!program())
		skip();
	check_answer(NULL, NULL, USHER_OK, NULL);
	check_answer("-f", "RCPT", USHER_FAIL, "500");
	check_answer("-f", "MAIL", USHER_FAIL, "500");
	check_answer("-f", ".", USHER_FAIL, "500");
	check_answer("-r", "RCPT", USHER_RETRY, "450");
	check_answer("-r", ".", USHER_RETRY, "450");
	check_answer("-Q", ".", USHER_RETRY, "421");
	check_answer("-q", "DATA", USHER_RETRY, NULL);
	check_answer("-q", "CONNECT", USHER_RETRY, NULL);
	check_answer("-q", ".", USHER_UNSURE, NULL); /* the whole mail had gone out */
}

static void nobody_there_means_later(void **state)
{
	struct smtp_config config = { .timeout_s = 5 };
	struct smtp *smtp;
	GByteArray *mail = mail_make();
	GString *why = g_string_new(NULL);

	(void)state;
	config.url = g_strdup_printf("smtp://127.0.0.1:%u", free_port());
	smtp = smtp_new(&config);
	assert_int_equal(smtp_send(smtp, LETTER(mail), why), USHER_RETRY);
	assert_true(why->len > 0);
	smtp_free(smtp);
	g_free(config.url);
	g_byte_array_unref(mail);
	g_string_free(why, TRUE);
}

/* A kept connection is used again; a server that was started anew meanwhile loses nothing. */
static void keeps_its_connection_and_mends_it(void **state)
{
	struct sink sink;
	struct smtp_config config = { .timeout_s = 20 };
	struct smtp *smtp;
	GByteArray *mail = mail_make();
	GString *why = g_string_new(NULL);

	(void)state;
	if (!program())
		skip();
	sink = sink_start(free_port(), NULL, NULL);
	config.url = g_strdup_printf("smtp://127.0.0.1:%u", sink.port);
	smtp = smtp_new(&config);
	for (int i = 0; i < 3; i++)
		assert_int_equal(smtp_send(smtp, LETTER(mail), why), USHER_OK);
	sink_stop(&sink);
	sink = sink_start(sink.port, NULL, NULL);
	assert_int_equal(smtp_send(smtp, LETTER(mail), why), USHER_OK);
	sink_stop(&sink);
	smtp_free(smtp);
	g_free(config.url);
	g_byte_array_unref(mail);
	g_string_free(why, TRUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(tells_the_answers_apart),
		cmocka_unit_test(nobody_there_means_later),
		cmocka_unit_test(keeps_its_connection_and_mends_it) };

	signal(SIGPIPE, SIG_IGN); /* as usherd does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
