/*
 * See imap.h. Called by box.c's jobs and by its test against dovecot.
 *
 * libcurl speaks IMAP: it connects, secures, logs in, selects and fetches. Its answers come in two streams: the server's lines
 * (on_line) and a mail's bytes (on_bytes). Lines are read for five things only, none of which a mail's sender can forge, since
 * a mail's bytes never are lines here: UIDVALIDITY, what FETCH lists, and the text of a refusal.
 *
 * A fetch without PEEK sets \Seen before the mail is stored. That is why nothing here ever asks for "unseen": what was taken is
 * known by the cursor alone.
 */
#include "imap.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_TIMEOUT_S = 15, LINE_KEPT = 300, STALLED_S = 60 };

struct imap {
	const struct imap_config *config;
	struct oauth oauth;
	CURL *curl;
	char *select; /* "imaps://host:port/INBOX" */
	atomic_bool stop;
	/* said by the server */
	uint32_t validity; /* of the selected mailbox; 0 not known */
	GString *line;	   /* its latest refusal */
	char error[CURL_ERROR_SIZE];
	/* of the call under way */
	GArray *found;
	uint32_t above; /* only UIDs over this */
	GByteArray *bytes;
	uint64_t bytes_max;
};

static void curl_start(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

const char *imap_refusal(const struct imap_config *c)
{
	if (!g_str_has_prefix(c->url, "imap://") && !g_str_has_prefix(c->url, "imaps://"))
		return "url: write it as imaps://host or imap://host:port";
	if (strchr(strstr(c->url, "://") + 3, '/'))
		return "url: host and port only; the folder is an option of its own";
	if (!*c->user)
		return "user: a log-in name is needed";
	if (!*c->password && !*c->oauth.url)
		return "password: it, or oauth_url, is needed";
	if (c->after == IMAP_AFTER_MOVE && !*c->move_to)
		return "move_to: the folder is needed";
	return oauth_refusal(&c->oauth);
}

/* --- names of folders */

/* As IMAP writes them (RFC 3501 5.1.3); g_free it. */
static char *folder_wire(const char *name)
{
	char *wire = g_convert(name, -1, "UTF-7-IMAP", "UTF-8", NULL, NULL, NULL);

	return wire ? wire : g_strdup(name);
}

/* In a command of our own: quoted, and with what libcurl would decode escaped. */
static char *folder_quoted(const char *name)
{
	char *wire = folder_wire(name);
	GString *out = g_string_new("\"");

	for (const char *p = wire; *p; p++) {
		if (*p == '"' || *p == '\\')
			g_string_append_c(out, '\\');
		if (*p == '%')
			g_string_append(out, "%25");
		else if ((unsigned char)*p >= 0x20 && *p != 0x7f)
			g_string_append_c(out, *p);
	}
	g_free(wire);
	g_string_append_c(out, '"');
	return g_string_free(out, FALSE);
}

static char *folder_url(CURL *curl, const struct imap_config *c)
{
	char *wire = folder_wire(c->folder), *escaped = curl_easy_escape(curl, wire, 0);
	char *url = g_strconcat(c->url, "/", escaped, NULL);

	curl_free(escaped);
	g_free(wire);
	return url;
}

/* --- what the server says */

/* The number behind a word; false when it is not there, or is more than `most`. */
static bool number_behind(const char *line, const char *word, uint64_t most, uint64_t *number)
{
	const char *at = strstr(line, word);

	if (!at || !g_ascii_isdigit(at[strlen(word)]))
		return false;
	*number = g_ascii_strtoull(at + strlen(word), NULL, 10);
	return *number <= most;
}

/* "* 3 FETCH (UID 12 RFC822.SIZE 4567)". In any order, and more than once, if the server likes; of too many the least are kept. */
static void found_add(struct imap *i, const char *line)
{
	static const char size_word[] = "RFC822.SIZE ";
	struct imap_mail mail;
	uint64_t uid;
	guint at = i->found->len;

	if (!number_behind(line, "UID ", UINT32_MAX, &uid) || uid <= i->above ||
		!number_behind(line, size_word, UINT64_MAX, &mail.size))
		return;
	mail.uid = (uint32_t)uid;
	while (at && g_array_index(i->found, struct imap_mail, at - 1).uid >= mail.uid)
		at--;
	if (at < i->found->len && g_array_index(i->found, struct imap_mail, at).uid == mail.uid)
		return;
	g_array_insert_val(i->found, at, mail);
	if (i->found->len > IMAP_LIST_MAX)
		g_array_set_size(i->found, IMAP_LIST_MAX);
}

static void line_read(struct imap *i, const char *line)
{
	const char *text;
	uint64_t validity;

	if (line[0] == '*' && number_behind(line, "[UIDVALIDITY ", UINT32_MAX, &validity))
		i->validity = (uint32_t)validity;
	if (line[0] == '*' && i->found && strstr(line, " FETCH ("))
		found_add(i, line);
	/* "A004 NO [TRYCREATE] no such folder", or an untagged BYE with its reason */
	text = strchr(line, ' ');
	if (text && (g_str_has_prefix(text, " NO ") || g_str_has_prefix(text, " BAD ") ||
			    (g_str_has_prefix(text, " BYE ") && !i->line->len))) {
		g_string_assign(i->line, text + 1);
		g_string_truncate(i->line, MIN(i->line->len, (gsize)LINE_KEPT));
	}
}

static size_t on_line(char *p, size_t size, size_t count, void *arg)
{
	char *line = g_strndup(p, size * count);

	line_read(arg, g_strstrip(line));
	g_free(line);
	return size * count;
}

static size_t on_bytes(char *p, size_t size, size_t count, void *arg)
{
	struct imap *i = arg;
	size_t n = size * count;

	if (!i->bytes) /* lines again, which on_line has had */
		return n;
	if (i->bytes->len + n > i->bytes_max)
		return 0; /* more than the server had said */
	g_byte_array_append(i->bytes, (const guint8 *)p, (guint)n);
	return n;
}

static int on_progress(
	void *arg, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal, curl_off_t ulnow)
{
	(void)dltotal;
	(void)dlnow;
	(void)ultotal;
	(void)ulnow;
	return atomic_load(&((struct imap *)arg)->stop);
}

/* --- the connection */

struct imap *imap_new(const struct imap_config *config, const char *kept)
{
	struct imap *i = g_new0(struct imap, 1);

	i->config = config;
	i->line = g_string_new(NULL);
	oauth_init(&i->oauth, &config->oauth, kept);
	return i;
}

void imap_free(struct imap *i)
{
	if (!i)
		return;
	if (i->curl)
		curl_easy_cleanup(i->curl);
	oauth_clear(&i->oauth);
	g_string_free(i->line, TRUE);
	g_free(i->select);
	g_free(i);
}

void imap_stop(struct imap *i)
{
	atomic_store(&i->stop, true);
}

const char *imap_refresh_token(struct imap *i)
{
	if (!i->oauth.refresh_new)
		return NULL;
	i->oauth.refresh_new = false;
	return i->oauth.refresh;
}

static void connection_prepare(struct imap *i)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const struct imap_config *c = i->config;

	if (i->curl)
		return;
	pthread_once(&once, curl_start);
	i->curl = curl_easy_init();
	i->select = folder_url(i->curl, c);
	curl_easy_setopt(i->curl, CURLOPT_PROTOCOLS_STR, "imap,imaps");
	curl_easy_setopt(i->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(i->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(i->curl, CURLOPT_ERRORBUFFER, i->error);
	curl_easy_setopt(
		i->curl, CURLOPT_USE_SSL, (long)(c->starttls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
	curl_easy_setopt(i->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
	curl_easy_setopt(i->curl, CURLOPT_TIMEOUT, c->timeout_s);
	curl_easy_setopt(i->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(i->curl, CURLOPT_LOW_SPEED_TIME, (long)STALLED_S);
	curl_easy_setopt(i->curl, CURLOPT_TCP_KEEPALIVE, 1L);
	if (*c->ca_file)
		curl_easy_setopt(i->curl, CURLOPT_CAINFO, c->ca_file);
	curl_easy_setopt(i->curl, CURLOPT_USERNAME, c->user);
	if (!*c->oauth.url)
		curl_easy_setopt(i->curl, CURLOPT_PASSWORD, c->password);
	curl_easy_setopt(i->curl, CURLOPT_HEADERFUNCTION, on_line);
	curl_easy_setopt(i->curl, CURLOPT_HEADERDATA, i);
	curl_easy_setopt(i->curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(i->curl, CURLOPT_WRITEDATA, i);
	curl_easy_setopt(i->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(i->curl, CURLOPT_XFERINFODATA, i);
	curl_easy_setopt(i->curl, CURLOPT_NOPROGRESS, 0L);
}

static enum imap_result result_of(CURLcode r)
{
	switch ((int)r) {
	case CURLE_OK:
		return IMAP_OK;
	case CURLE_REMOTE_FILE_NOT_FOUND:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_WRITE_ERROR: /* on_bytes: it is larger than its server had said */
		return IMAP_NOT_GIVEN;
	case CURLE_LOGIN_DENIED: /* of SELECT too */
	case CURLE_QUOTE_ERROR:
	case CURLE_REMOTE_ACCESS_DENIED:
	case CURLE_USE_SSL_FAILED:
	case CURLE_PEER_FAILED_VERIFICATION:
		return IMAP_REFUSED;
	default:
		return IMAP_AWAY;
	}
}

static void why_add(const struct imap *i, CURLcode r, GString *why)
{
	const char *words = i->error[0] ? i->error : curl_easy_strerror(r);

	if (atomic_load(&i->stop))
		words = "stopped";
	g_string_append(why, words);
	if (i->line->len)
		g_string_append_printf(why, " (the server: %s)", i->line->str);
	for (gsize n = 0; n < why->len; n++) {
		if (!g_ascii_isprint(why->str[n]))
			why->str[n] = '?';
	}
}

/* One command, or one fetch by its URL. A token that the server will not have any more is fetched anew, once. */
static CURLcode perform(struct imap *i, const char *url, const char *command, GString *why)
{
	CURLcode r = CURLE_LOGIN_DENIED;

	for (unsigned attempt = 0; attempt < 2; attempt++) {
		if (*i->config->oauth.url) {
			const char *token = oauth_token(&i->oauth, why);
			if (!token)
				return CURLE_LOGIN_DENIED;
			curl_easy_setopt(i->curl, CURLOPT_XOAUTH2_BEARER, token);
		}
		i->error[0] = '\0';
		g_string_truncate(i->line, 0);
		curl_easy_setopt(i->curl, CURLOPT_URL, url);
		curl_easy_setopt(i->curl, CURLOPT_CUSTOMREQUEST, command);
		r = curl_easy_perform(i->curl);
		if (r != CURLE_LOGIN_DENIED || !*i->config->oauth.url)
			break;
		oauth_forget(&i->oauth);
	}
	return r;
}

static enum imap_result run(struct imap *i, const char *url, const char *command, GString *why)
{
	gsize before = why->len;
	CURLcode r;

	connection_prepare(i);
	r = perform(i, url, command, why);
	if (r != CURLE_OK && why->len == before)
		why_add(i, r, why);
	return result_of(r);
}

/* --- calls */

static enum imap_result list(struct imap *i, GArray *found, uint32_t above, GString *why)
{
	/* "n:*" names the last one too when there is none above; found_add leaves it out. */
	char *command;
	enum imap_result result;

	g_array_set_size(found, 0);
	if (above == UINT32_MAX) {
		g_string_append_printf(why,
			"it has used up its numbers (UID %u): the server must give it another "
			"UIDVALIDITY",
			above);
		return IMAP_REFUSED;
	}
	command = g_strdup_printf("UID FETCH %u:* (RFC822.SIZE)", above + 1);
	i->found = found;
	i->above = above;
	result = run(i, i->select, command, why);
	i->found = NULL;
	g_free(command);
	return result;
}

enum imap_result imap_look(
	struct imap *i, uint32_t *validity, uint32_t uid, GArray *found, GString *why)
{
	uint32_t above;
	enum imap_result result;

	connection_prepare(i);
	g_array_set_size(found, 0);
	result = run(i, i->select, "NOOP", why); /* selects, when it has to, and says UIDVALIDITY */
	if (result != IMAP_OK)
		return result;
	for (unsigned attempt = 0; attempt < 2; attempt++) {
		uint32_t known = i->validity;
		above = known == *validity ? uid : 0;
		result = list(i, found, above, why);
		/* The same unless the connection was lost between the two and the mailbox made anew. */
		if (result != IMAP_OK || known == i->validity)
			break;
	}
	*validity = i->validity;
	return result;
}

enum imap_result imap_fetch(struct imap *i, uint32_t validity, uint32_t uid, bool headers_only,
	uint64_t size_max, GByteArray *bytes, GString *why)
{
	enum imap_result result;
	char *url;

	connection_prepare(i);
	url = g_strdup_printf("%s;UIDVALIDITY=%u/;UID=%u%s", i->select, validity, uid,
		headers_only ? "/;SECTION=HEADER" : "");
	g_byte_array_set_size(bytes, 0);
	i->bytes = bytes;
	i->bytes_max = size_max;
	result = run(i, url, NULL, why);
	i->bytes = NULL;
	g_free(url);
	return result;
}

/* MOVE (RFC 6851), or what it stands for where the server has none. */
static enum imap_result move(struct imap *i, const char *url, uint32_t uid, GString *why)
{
	char *folder = folder_quoted(i->config->move_to);
	char *command = g_strdup_printf("UID MOVE %u %s", uid, folder);
	enum imap_result result = run(i, url, command, why);

	if (result == IMAP_REFUSED && g_str_has_prefix(i->line->str, "BAD")) {
		g_string_truncate(why, 0);
		g_free(command);
		command = g_strdup_printf("UID COPY %u %s", uid, folder);
		result = run(i, url, command, why);
		if (result == IMAP_OK) {
			g_free(command);
			command = g_strdup_printf("UID STORE %u +FLAGS.SILENT (\\Deleted)", uid);
			result = run(i, url, command, why);
		}
	}
	g_free(command);
	g_free(folder);
	return result;
}

static enum imap_result flag(
	struct imap *i, const char *url, uint32_t uid, const char *name, GString *why)
{
	char *command = g_strdup_printf("UID STORE %u +FLAGS.SILENT (%s)", uid, name);
	enum imap_result result = run(i, url, command, why);

	g_free(command);
	return result;
}

static enum imap_result expunge(struct imap *i, const char *url, uint32_t uid, GString *why)
{
	char *command = g_strdup_printf("UID EXPUNGE %u", uid);
	enum imap_result result = flag(i, url, uid, "\\Deleted", why);

	/* Where the server can expunge only all that is marked, somebody else's marks are left alone. */
	if (result == IMAP_OK && run(i, url, command, why) == IMAP_AWAY)
		result = IMAP_AWAY;
	g_free(command);
	return result;
}

enum imap_result imap_mark(struct imap *i, uint32_t validity, uint32_t uid, GString *why)
{
	enum imap_result result = IMAP_OK;
	char *url;

	connection_prepare(i);
	url = g_strdup_printf("%s;UIDVALIDITY=%u", i->select, validity);
	switch (i->config->after) {
	case IMAP_AFTER_SEEN:
		result = flag(i, url, uid, "\\Seen", why);
		break;
	case IMAP_AFTER_MOVE:
		result = move(i, url, uid, why);
		break;
	case IMAP_AFTER_DELETE:
		result = expunge(i, url, uid, why);
		break;
	case IMAP_AFTER_NOTHING:
		break;
	}
	g_free(url);
	return result;
}
