/* See smtp.h. Called by send.c's job in the SMTP worker, and by nothing else. */
#include "smtp.h"

#include <curl/curl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

enum { CONNECT_TIMEOUT_S = 15, LINE_KEPT = 300 };

struct smtp {
	const struct smtp_config *config;
	CURL *curl; /* an open connection, or NULL */
	struct dialog dialog;
	gint64 until_us; /* of the mail being sent */
	GString *line;	 /* the server's latest word while the connection was made */
};

static void curl_start(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct smtp *smtp_new(const struct smtp_config *config)
{
	struct smtp *s = g_new0(struct smtp, 1);

	s->config = config;
	s->line = g_string_new(NULL);
	return s;
}

static void hang_up(struct smtp *s)
{
	if (s->curl)
		curl_easy_cleanup(s->curl);
	s->curl = NULL;
}

void smtp_free(struct smtp *s)
{
	if (!s)
		return;
	if (s->curl)
		dialog_quit(&s->dialog);
	hang_up(s);
	g_string_free(s->line, TRUE);
	g_free(s);
}

/* --- the connection: libcurl dials, greets, starts TLS and logs in */

/* Replies come as header lines; those to EHLO say what is offered, the last time after TLS. */
static size_t on_line(char *p, size_t size, size_t count, void *arg)
{
	struct smtp *s = arg;
	gsize n = size * count;

	if (n >= 3 && memcmp(p, "220", 3) == 0)
		s->dialog.offers = (struct dialog_offers){ 0 };
	dialog_offer(&s->dialog.offers, p, n);
	if (n >= 3 && memcmp(p, "221", 3) == 0)
		return n;
	g_string_truncate(s->line, 0);
	for (gsize i = 0; i < n && i < LINE_KEPT; i++)
		g_string_append_c(s->line, g_ascii_isprint(p[i]) ? p[i] : ' ');
	g_strchomp(s->line->str);
	g_string_set_size(s->line, strlen(s->line->str));
	return n;
}

static bool is_local(const char *url)
{
	static const char *const local[] = { "smtp://127.",
		"smtp://localhost:", "smtp://localhost/", "smtp://[::1]" };

	for (gsize i = 0; i < G_N_ELEMENTS(local); i++) {
		if (g_ascii_strncasecmp(url, local[i], strlen(local[i])) == 0)
			return true;
	}
	return g_ascii_strcasecmp(url, "smtp://localhost") == 0;
}

static long tls_level(const struct smtp_config *c)
{
	if (c->starttls == SMTP_TLS_OFF || (c->starttls == SMTP_TLS_AUTO && is_local(c->url)))
		return CURLUSESSL_NONE;
	return CURLUSESSL_ALL;
}

/* Ready to be read from or written to, in time. */
static bool wait_for(struct smtp *s, short events)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	gint64 left_us = s->until_us - g_get_monotonic_time();

	if (curl_easy_getinfo(s->curl, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
		fd == CURL_SOCKET_BAD || left_us <= 0)
		return false;
	struct pollfd p = { .fd = fd, .events = events };
	return poll(&p, 1, (int)(left_us / 1000 + 1)) > 0;
}

static bool on_write(void *arg, const char *p, gsize n)
{
	struct smtp *s = arg;
	CURLcode r = CURLE_OK;

	while (n > 0 && r == CURLE_OK) {
		size_t sent = 0;
		r = curl_easy_send(s->curl, p, n, &sent);
		p += sent;
		n -= sent;
		if (r == CURLE_AGAIN && wait_for(s, POLLOUT))
			r = CURLE_OK;
	}
	return r == CURLE_OK;
}

static gsize on_read(void *arg, char *to, gsize size)
{
	struct smtp *s = arg;
	size_t n = 0;
	CURLcode r;

	do {
		r = curl_easy_recv(s->curl, to, size, &n);
	} while (r == CURLE_AGAIN && wait_for(s, POLLIN));
	return r == CURLE_OK ? n : 0;
}

static void connection_configure(struct smtp *s)
{
	const struct smtp_config *c = s->config;

	curl_easy_setopt(s->curl, CURLOPT_URL, c->url);
	curl_easy_setopt(s->curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(s->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(s->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(s->curl, CURLOPT_USE_SSL, tls_level(c));
	curl_easy_setopt(s->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
	curl_easy_setopt(s->curl, CURLOPT_TIMEOUT, c->timeout_s);
	curl_easy_setopt(s->curl, CURLOPT_CONNECT_ONLY, 1L);
	if (c->ca_file && *c->ca_file)
		curl_easy_setopt(s->curl, CURLOPT_CAINFO, c->ca_file);
	if (c->user && *c->user)
		curl_easy_setopt(s->curl, CURLOPT_USERNAME, c->user);
	if (c->user && *c->user && c->password && *c->password)
		curl_easy_setopt(s->curl, CURLOPT_PASSWORD, c->password);
	curl_easy_setopt(s->curl, CURLOPT_HEADERFUNCTION, on_line);
	curl_easy_setopt(s->curl, CURLOPT_HEADERDATA, s);
}

static bool token_use(struct smtp *s, GString *why)
{
	char *token = s->config->token(s->config->arg, why);

	if (token)
		curl_easy_setopt(s->curl, CURLOPT_XOAUTH2_BEARER, token);
	g_free(token);
	return token != NULL;
}

/* USHER_OK, or what this means for the mails. A refused log-in, a wrong certificate, no TLS: the set-up's fault, never a mail's. */
static enum usher_outcome connection_open(struct smtp *s, GString *why)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	CURLcode r;

	if (s->curl)
		return USHER_OK;
	pthread_once(&once, curl_start);
	s->curl = curl_easy_init();
	if (!s->curl) {
		g_string_append(why, "libcurl could not be started");
		return USHER_RETRY;
	}
	if (s->config->oauth.url && *s->config->oauth.url && !token_use(s, why)) {
		hang_up(s);
		return USHER_RETRY;
	}
	s->dialog = (struct dialog){ .write = on_write, .read = on_read, .arg = s };
	g_string_truncate(s->line, 0);
	connection_configure(s);
	r = curl_easy_perform(s->curl);
	if (r == CURLE_OK)
		return USHER_OK;
	if (r == CURLE_LOGIN_DENIED && s->config->token_refused)
		s->config->token_refused(s->config->arg);
	if (s->line->len && s->line->str[0] >= '4')
		g_string_append(why, s->line->str);
	else
		g_string_append_printf(why, "%s%s%s", curl_easy_strerror(r),
			s->line->len ? "; last reply: " : "", s->line->str);
	hang_up(s);
	return USHER_RETRY;
}

enum usher_outcome smtp_send(struct smtp *s, const struct dialog_mail *mail, GString *why)
{
	bool kept = s->curl != NULL, fresh = false;
	enum usher_outcome outcome = connection_open(s, why);

	if (outcome != USHER_OK)
		return outcome;
	s->until_us = g_get_monotonic_time() + (gint64)s->config->timeout_s * G_USEC_PER_SEC;
	outcome = dialog_send(&s->dialog, mail, why, &fresh);
	if (s->dialog.lost)
		hang_up(s);
	/* A kept connection that the server has given up meanwhile says nothing about the mail. */
	if (outcome == USHER_RETRY && kept && fresh) {
		g_string_truncate(why, 0);
		return smtp_send(s, mail, why);
	}
	return outcome;
}
