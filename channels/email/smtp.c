/* See smtp.h. Called by send.c's job in the SMTP worker, and by nothing else. */
#include "smtp.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

enum { CONNECT_TIMEOUT_S = 15, LINE_KEPT = 300 };

struct smtp {
	const struct smtp_config *config;
	CURL *curl;
	/* of the mail being sent */
	const GByteArray *mail;
	gsize at;
	bool ended;    /* curl has taken the last byte: the end mark may have gone out */
	GString *line; /* the server's latest reply */
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

void smtp_free(struct smtp *s)
{
	if (!s)
		return;
	if (s->curl)
		curl_easy_cleanup(s->curl);
	g_string_free(s->line, TRUE);
	g_free(s);
}

static size_t on_read(char *to, size_t size, size_t count, void *arg)
{
	struct smtp *s = arg;
	gsize n = MIN(size * count, s->mail->len - s->at);

	memcpy(to, s->mail->data + s->at, n);
	s->at += n;
	s->ended = s->ended || s->at == s->mail->len;
	return n;
}

/* Replies come as header lines. The farewell that follows a refusal is not what it said of the mail. */
static size_t on_line(char *p, size_t size, size_t count, void *arg)
{
	struct smtp *s = arg;
	gsize n = size * count;

	if (n >= 3 && memcmp(p, "221", 3) == 0)
		return n;
	g_string_truncate(s->line, 0);
	for (gsize i = 0; i < n && i < LINE_KEPT; i++)
		g_string_append_c(s->line, g_ascii_isprint(p[i]) ? p[i] : ' ');
	g_strchomp(s->line->str);
	g_string_set_size(s->line, strlen(s->line->str));
	return n;
}

static size_t on_body(char *p, size_t size, size_t count, void *arg)
{
	(void)p;
	(void)arg;
	return size * count;
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

static bool connection_prepare(struct smtp *s)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const struct smtp_config *c = s->config;

	if (s->curl)
		return true;
	pthread_once(&once, curl_start);
	s->curl = curl_easy_init();
	if (!s->curl)
		return false;
	curl_easy_setopt(s->curl, CURLOPT_URL, c->url);
	curl_easy_setopt(s->curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(s->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(s->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(s->curl, CURLOPT_USE_SSL, tls_level(c));
	curl_easy_setopt(s->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
	curl_easy_setopt(s->curl, CURLOPT_TIMEOUT, c->timeout_s);
	if (c->ca_file && *c->ca_file)
		curl_easy_setopt(s->curl, CURLOPT_CAINFO, c->ca_file);
	if (c->user && *c->user) {
		curl_easy_setopt(s->curl, CURLOPT_USERNAME, c->user);
		curl_easy_setopt(s->curl, CURLOPT_PASSWORD, c->password);
	}
	curl_easy_setopt(s->curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(s->curl, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(s->curl, CURLOPT_READDATA, s);
	curl_easy_setopt(s->curl, CURLOPT_HEADERFUNCTION, on_line);
	curl_easy_setopt(s->curl, CURLOPT_HEADERDATA, s);
	curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, on_body);
	return true;
}

static enum usher_outcome outcome_of(const struct smtp *s, CURLcode r)
{
	guint64 code = g_ascii_strtoull(s->line->str, NULL, 10);

	if (r == CURLE_OK)
		return USHER_OK;
	/* A refused log-in, a wrong certificate, no TLS: the set-up's fault, never this mail's. */
	if (r == CURLE_LOGIN_DENIED || r == CURLE_USE_SSL_FAILED ||
		r == CURLE_PEER_FAILED_VERIFICATION || r == CURLE_SSL_CONNECT_ERROR)
		return USHER_RETRY;
	if (code >= 500 && code <= 599 && code != 530 && code != 535)
		return USHER_FAIL;
	if (s->ended && code >= 300 && code <= 399)
		return USHER_UNSURE; /* the last word heard was "354 go ahead" */
	return USHER_RETRY;
}

static CURLcode perform(
	struct smtp *s, const char *sender, const char *to, const GByteArray *mail, bool fresh)
{
	struct curl_slist *rcpts = curl_slist_append(NULL, to);
	CURLcode r;

	s->mail = mail;
	s->at = 0;
	s->ended = false;
	g_string_truncate(s->line, 0);
	curl_easy_setopt(s->curl, CURLOPT_MAIL_FROM, sender);
	curl_easy_setopt(s->curl, CURLOPT_MAIL_RCPT, rcpts);
	curl_easy_setopt(s->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)mail->len);
	curl_easy_setopt(s->curl, CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L);
	r = curl_easy_perform(s->curl);
	curl_easy_setopt(s->curl, CURLOPT_MAIL_RCPT, NULL);
	curl_slist_free_all(rcpts);
	return r;
}

enum usher_outcome smtp_send(
	struct smtp *s, const char *sender, const char *to, const GByteArray *mail, GString *why)
{
	enum usher_outcome outcome;
	long connects = 0;
	CURLcode r;

	if (!connection_prepare(s)) {
		g_string_append(why, "libcurl could not be started");
		return USHER_RETRY;
	}
	r = perform(s, sender, to, mail, false);
	outcome = outcome_of(s, r);
	curl_easy_getinfo(s->curl, CURLINFO_NUM_CONNECTS, &connects);
	/* A kept connection that the server has given up meanwhile says nothing about the mail. */
	if (outcome == USHER_RETRY && connects == 0 && s->at == 0) {
		r = perform(s, sender, to, mail, true);
		outcome = outcome_of(s, r);
	}
	if (outcome != USHER_OK) {
		if (s->line->len && s->line->str[0] >= '4')
			g_string_append(why, s->line->str);
		else
			g_string_append_printf(why, "%s%s%s", curl_easy_strerror(r),
				s->line->len ? "; last reply: " : "", s->line->str);
	}
	s->mail = NULL;
	return outcome;
}
