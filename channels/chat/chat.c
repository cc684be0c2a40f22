/*
 * The chat plugin: options, HTTP routes, sockets, and where the host's calls go. See chat.h for the picture.
 */
#include "chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char CSP[] = "default-src 'none'; script-src 'self'; style-src 'self'; "
			  "connect-src 'self'; img-src 'self' data:; base-uri 'none'; "
			  "form-action 'none'; frame-ancestors 'none'";

static const struct usher_option OPTIONS[] = {
	{ "path", USHER_TEXT, "/chat", 1, 100, NULL, 0,
		"where the page, the widget and the socket are" },
	{ "origins", USHER_TEXT, "", 0, 4096, NULL, 0,
		"sites that may embed the widget, separated by spaces; empty: only our own; *: "
		"any" },
	{ "identity_secret", USHER_TEXT, "", 0, 512, NULL, 1,
		"the site's key for signed identity tokens (JWT, HS256)" },
	{ "grace", USHER_NUMBER, "60", 1, 86400, NULL, 0,
		"seconds after which a visitor without a connection has left" },
	{ "visitors", USHER_NUMBER, "20000", 1, 1000000, NULL, 0, "connections at the same time" },
	{ "per_address", USHER_NUMBER, "200", 1, 1000000, NULL, 0,
		"connections at the same time from one address (an office is one)" },
	{ "title", USHER_TEXT, "", 0, 200, NULL, 0, "above the conversation" },
	{ "title_ru", USHER_TEXT, "", 0, 200, NULL, 0, "the same in Russian" },
	{ "color", USHER_TEXT, "", 0, 40, NULL, 0,
		"of buttons: a CSS colour, for instance #0a6e4f" },
	{ "rating", USHER_BOOL, "yes", 0, 0, NULL, 0,
		"ask how good it was when a conversation ends" },
	{ "transcript", USHER_TEXT, "", 0, 64, "channel", 0,
		"the mail channel that sends a conversation to its visitor; empty: none does" },
	{ "comfort", USHER_TEXT, "", 0, 500, NULL, 0,
		"said to whoever waits, each time comfort_after has passed" },
	{ "comfort_ru", USHER_TEXT, "", 0, 500, NULL, 0, "the same in Russian" },
	{ "comfort_after", USHER_NUMBER, "60", 5, 3600, NULL, 0, "seconds" },
	{ "files", USHER_BOOL, "yes", 0, 0, NULL, 0, "visitors may send files" },
	{ "file_max", USHER_NUMBER, "10485760", 1024, 52428800, NULL, 0, "bytes of one file" },
	{ "file_types", USHER_TEXT,
		"png jpg jpeg gif webp heic pdf txt csv doc docx xls xlsx odt ods zip", 1, 500,
		NULL, 0, "endings of file names that are taken, separated by spaces" },
	{ "fields.*.name", USHER_TEXT, NULL, 1, 60, NULL, 0,
		"asked before the chat; name, email and phone are understood, others are shown" },
	{ "fields.*.label", USHER_TEXT, NULL, 1, 200, NULL, 0, "what stands beside it" },
	{ "fields.*.label_ru", USHER_TEXT, "", 0, 200, NULL, 0, "the same in Russian" },
	{ "fields.*.type", USHER_CHOICE, "text", 0, 0, "text|email|tel", 0, "what is asked for" },
	{ "fields.*.required", USHER_BOOL, "no", 0, 0, NULL, 0, "no chat without it" },
	{ "departments.*.name", USHER_TEXT, NULL, 1, 60, NULL, 0,
		"chosen before the chat; rules read it as the field department" },
	{ "departments.*.label", USHER_TEXT, NULL, 1, 200, NULL, 0, "what the visitor reads" },
	{ "departments.*.label_ru", USHER_TEXT, "", 0, 200, NULL, 0, "the same in Russian" },
	{ "invite.*.text", USHER_TEXT, NULL, 1, 500, NULL, 0,
		"an invitation to chat, shown once to whoever stays on a page" },
	{ "invite.*.text_ru", USHER_TEXT, "", 0, 500, NULL, 0, "the same in Russian" },
	{ "invite.*.page", USHER_TEXT, "", 0, 500, NULL, 0,
		"part of the page's address; empty: any" },
	{ "invite.*.referrer", USHER_TEXT, "", 0, 500, NULL, 0,
		"part of the address of the page before; empty: any" },
	{ "invite.*.after", USHER_NUMBER, "30", 0, 3600, NULL, 0, "seconds on that page" },
	{ NULL, USHER_TEXT, NULL, 0, 0, NULL, 0, NULL },
};

static uint64_t number(struct usher_str s)
{
	uint64_t v = 0;
	for (size_t i = 0; i < s.n; i++)
		v = v * 10 + (uint64_t)(s.p[i] - '0');
	return v;
}

/* Whoever has one signed token can try keys at home. */
static int options_are_good(
	struct usher_host *host, const struct usher_services *svc, char *why, size_t why_size)
{
	struct usher_str path = svc->option(host, "path");
	struct usher_str secret = svc->option(host, "identity_secret");
	if (path.n < 2 || path.p[0] != '/' || path.p[path.n - 1] == '/')
		snprintf(why, why_size, "path: expected /name without a slash at the end");
	else if (secret.n && secret.n < SECRET_MIN)
		snprintf(why, why_size,
			"identity_secret: %zu bytes can be guessed, at least %d are needed; "
			"\"openssl rand -hex 32\" makes a good one",
			secret.n, SECRET_MIN);
	else
		return origins_check(svc->option(host, "origins"), why, why_size) == 0;
	return 0;
}

static void take_path(struct usher_host *host, const struct usher_services *svc)
{
	struct usher_str path = svc->option(host, "path");
	char prefix[104];

	snprintf(prefix, sizeof(prefix), "%.*s", (int)path.n, path.p);
	svc->http_route(host, prefix);
}

static int chat_check(
	struct usher_host *host, const struct usher_services *svc, char *why, size_t why_size)
{
	if (!options_are_good(host, svc, why, why_size))
		return -1;
	if (USHER_HAS(svc, http_route))
		take_path(host, svc);
	return 0;
}

static void *chat_open(
	struct usher_host *host, const struct usher_services *svc, char *why, size_t why_size)
{
	struct usher_str path = svc->option(host, "path");
	if (!USHER_HAS(svc, tell)) {
		snprintf(why, why_size, "this usher is older than the plugin: 1.1 is needed");
		return NULL;
	}
	if (!options_are_good(host, svc, why, why_size))
		return NULL;
	struct chat *c = zeroed(sizeof(*c));
	c->host = host;
	c->svc = svc;
	c->path = path;
	c->origins = svc->option(host, "origins");
	c->secret = svc->option(host, "identity_secret");
	c->grace_us = number(svc->option(host, "grace")) * 1000000;
	c->tabs_max = (size_t)number(svc->option(host, "visitors"));
	c->per_address = (size_t)number(svc->option(host, "per_address"));
	c->file_types = svc->option(host, "file_types");
	c->file_max = number(svc->option(host, "file_max"));
	c->files = svc->option(host, "files").n == 3; /* yes */
	c->rating = svc->option(host, "rating").n == 3;
	table_init(&c->polls, TOKEN_LEN);
	table_init(&c->peers, sizeof(((struct peer *)0)->key));
	c->transcript = svc->option(host, "transcript");
	table_init(&c->transcripts, sizeof(uint64_t));
	table_init(&c->posts, sizeof(uint64_t));
	table_init(&c->threads, THREAD_LEN);
	table_init(&c->waits, sizeof(uint64_t));
	table_init(&c->tabs, sizeof(uint64_t));
	take_path(host, svc);
	file_key_begin(c);
	svc->up(host);
	return c;
}

/* The host may still bring an answer that it owed when the channel closed, so the struct itself stays: a few hundred bytes, and only a reload
 * makes one. Its visitors go; what is said of them later finds nobody. */
static struct chat *closed_ones;

static void chat_close(void *self)
{
	struct chat *c = self;
	c->closing = 1;
	c->next_closed = closed_ones;
	closed_ones = c;
	chat_forget(c);
	c->sent_away = 1;
	chat_settle(c);
}

void chat_settle(struct chat *c)
{
	if (!c->sent_away || c->posts_open)
		return;
	chat_forget(c);
	c->svc->down(c->host, "closed");
}

static void chat_ack(void *self, uint64_t token, enum usher_outcome outcome, struct usher_str why)
{
	visitor_ack(self, token, outcome, why);
}

/* ---- news of a thread ---- */

/* Usher says it with every news of a conversation that is over; people hear it once, until there is something new. */
static int ended_again(struct thread *th, const struct usher_update *u)
{
	int again = u->what == USHER_UPDATE_ENDED && th->ended;
	if (u->what == USHER_UPDATE_ENDED || u->what == USHER_UPDATE_AGENT ||
		(u->what == USHER_UPDATE_POSITION && u->position)) {
		th->ended = u->what == USHER_UPDATE_ENDED;
		th->held = u->what == USHER_UPDATE_AGENT;
	}
	if (u->what == USHER_UPDATE_MESSAGE && u->seq > th->seq) {
		th->seq = u->seq;
		th->ended = 0;
	}
	return again;
}

static void chat_update(void *self, const struct usher_update *u)
{
	struct chat *c = self;
	char key[THREAD_LEN + 1] = "";
	if (u->thread.n != THREAD_LEN)
		return;
	memcpy(key, u->thread.p, THREAD_LEN);
	if (u->what == USHER_UPDATE_EXPECTED && !c->closing) {
		thread_expect(c, key);
		return;
	}
	struct thread *th = thread_get(c, key, 0);
	if (th && th->transcript)
		transcript_add(th->transcript, u);
	/* He is not here, which a restart may have kept from being said of a conversation that was over: usher mails to those who have left. */
	if (!th && u->what == USHER_UPDATE_MESSAGE && u->from == USHER_FROM_AGENT && !c->closing)
		thread_expect(c, key);
	if (!th)
		return;
	int again = ended_again(th, u);
	for (struct tab *t = th->tabs; t; t = t->next) {
		th->known = 1;
		if (!again || t->catching)
			say_update(t, u);
	}
}

static void chat_caught_up(
	void *self, struct usher_str thread, uint64_t token, enum usher_outcome outcome)
{
	struct chat *c = self;
	struct tab *t = table_get(&c->tabs, &token);
	(void)thread;
	if (!t)
		transcript_read(c, token, outcome);
	if (!t || !t->catching)
		return;
	t->catching = 0;
	if (outcome == USHER_RETRY) {
		tab_close(t, 1013, "the store is away; come back");
		return;
	}
	if (hello_undone(t))
		return;
	say_welcome(t);
	if (t->thread->known)
		c->svc->presence(
			c->host, (struct usher_str){ t->thread->key, THREAD_LEN }, USHER_BACK, 0);
}

/* ---- HTTP ---- */

/* Whichever of our languages the browser names first; ?lang= overrules it. */
static int wants_russian(struct chat *c, struct usher_http *r)
{
	struct usher_str query = c->svc->http_query(r);
	struct usher_str names = c->svc->http_header(r, "accept-language");
	if (query.n && memmem(query.p, query.n, "lang=", 5))
		return memmem(query.p, query.n, "lang=ru", 7) != NULL;
	for (size_t i = 0; i + 1 < names.n; i++) {
		int first = i == 0 || names.p[i - 1] == ',' || names.p[i - 1] == ' ';
		if (first && strncasecmp(names.p + i, "ru", 2) == 0)
			return 1;
		if (first && strncasecmp(names.p + i, "en", 2) == 0)
			return 0;
	}
	return 0;
}

/* Browsers say where a script came from; programs that are not browsers say nothing and can say anything. */
static int origin_ok(struct chat *c, struct usher_http *r)
{
	struct usher_str origin = c->svc->http_header(r, "origin");
	struct usher_str host = c->svc->http_header(r, "host");
	if (!origin.p || origins_have(c->origins, origin))
		return 1;
	for (size_t i = 0; i + 3 <= origin.n; i++)
		if (memcmp(origin.p + i, "://", 3) == 0)
			return origin.n - i - 3 == host.n &&
			       memcmp(origin.p + i + 3, host.p, host.n) == 0;
	return 0;
}

static void accept_socket(struct chat *c, struct usher_http *r)
{
	const char *why;
	struct tab *t;
	if (!c->svc->http_is_upgrade(r)) {
		c->svc->http_problem(r, 426, "this is a WebSocket: connect with an upgrade");
		return;
	}
	t = tab_new(c, c->svc->http_peer(r), &why);
	if (!t) {
		c->svc->http_set(r, "Retry-After", (struct usher_str){ "5", 1 });
		c->svc->http_problem(r, 503, why);
		return;
	}
	t->ws = c->svc->ws_accept(r, FRAME_MAX, t);
}

/* An allowed site may read the answers. */
static void allow_origin(struct chat *c, struct usher_http *r)
{
	struct usher_str origin = c->svc->http_header(r, "origin");
	if (!origin.p)
		return;
	c->svc->http_set(r, "Access-Control-Allow-Origin", origin);
	c->svc->http_set(r, "Vary", (struct usher_str){ "Origin", 6 });
}

/* What only allowed sites may ask; true when it was that. */
static int chat_api(struct chat *c, struct usher_http *r, struct usher_str rest)
{
	static const char *const NAMES[] = { "/ws", "/settings.json", "/poll", "/file", "/fetch" };
	size_t i = 0;
	while (i < 5 && !(rest.n == strlen(NAMES[i]) && memcmp(rest.p, NAMES[i], rest.n) == 0))
		i++;
	if (i == 5)
		return 0;
	if (!origin_ok(c, r)) {
		struct usher_str origin = c->svc->http_header(r, "origin");
		snprintf(c->refused_origin, sizeof(c->refused_origin), "%.*s", (int)origin.n,
			origin.p);
		c->svc->http_problem(r, 403, "this site may not use the chat: add it to origins");
		return 1;
	}
	if (i)
		allow_origin(c, r);
	if (i == 0)
		accept_socket(c, r);
	else if (i == 1)
		settings_answer(c, r);
	else if (i == 3 && !c->files)
		c->svc->http_problem(r, 403, "no files are taken here");
	else
		post_begin(c, r, i == 2 ? POST_POLL : i == 3 ? POST_UPLOAD : POST_FETCH);
	return 1;
}

static void chat_http(void *self, struct usher_http *r)
{
	struct chat *c = self;
	struct usher_str path = c->svc->http_path(r);
	struct usher_str rest = { path.p + c->path.n, path.n - c->path.n };
	if (chat_api(c, r, rest))
		return;
	if (rest.n == 0) {
		char location[104];
		int n = snprintf(location, sizeof(location), "%.*s/", (int)c->path.n, c->path.p);
		c->svc->http_set(r, "Location", (struct usher_str){ location, (size_t)n });
		c->svc->http_answer(r, 308, "text/plain", (struct usher_str){ 0 });
		return;
	}
	/* The page, the widget and its words are the same for everybody. */
	c->svc->http_set(
		r, "Cross-Origin-Resource-Policy", (struct usher_str){ "cross-origin", 12 });
	c->svc->http_set(r, "Access-Control-Allow-Origin", (struct usher_str){ "*", 1 });
	rest.p++;
	rest.n--;
	if (rest.n == 0) {
		c->svc->http_set(r, "Vary", (struct usher_str){ "Accept-Language", 15 });
		if (wants_russian(c, r))
			rest = (struct usher_str){ "index.ru.html", 13 };
	}
	c->svc->http_file(r, rest, CSP);
}

static void chat_http_body(void *self, struct usher_http *r, struct usher_str piece, int last)
{
	post_body(self, r, piece, last);
}

static void chat_http_gone(void *self, struct usher_http *r)
{
	post_gone(self, r);
}

/* ---- what usher keeps ---- */

static void chat_recalled(
	void *self, uint64_t token, enum usher_outcome outcome, struct usher_str value)
{
	struct chat *c = self;
	struct tab *t = table_get(&c->tabs, &token);
	if (t)
		hello_recalled(t, outcome, value);
	else if (!token)
		file_key_recalled(c, outcome, value);
}

static void chat_remembered(void *self, uint64_t token, enum usher_outcome outcome)
{
	struct chat *c = self;
	struct tab *t = table_get(&c->tabs, &token);
	if (t)
		hello_remembered(t, outcome);
	else if (!token)
		file_key_remembered(c, outcome);
}

static void chat_blob_done(void *self, uint64_t token, enum usher_outcome outcome,
	struct usher_str name, uint64_t size)
{
	post_stored(self, token, outcome, name, size);
}

static void chat_blob_got(
	void *self, uint64_t token, enum usher_outcome outcome, struct usher_str bytes)
{
	post_got(self, token, outcome, bytes);
}

static void chat_ws(void *self, struct usher_ws *w, enum usher_ws_event ev, struct usher_str text)
{
	struct chat *c = self;
	struct tab *t = c->svc->ws_data(w);
	if (c->closing)
		return; /* its tab is gone */
	switch (ev) {
	case USHER_WS_MESSAGE:
		visitor_frame(t, text);
		return;
	case USHER_WS_CLOSED:
		tab_drop(t);
		return;
	case USHER_WS_DRAINED:
		return;
	}
}

static void chat_health(void *self, void (*put)(void *arg, struct usher_str json), void *arg)
{
	struct chat *c = self;
	struct buf b = { 0 };

	buf_printf(&b,
		"{\"visitors\":%zu,\"polls\":%zu,\"addresses\":%zu,\"threads\":%zu,"
		"\"unacknowledged\":%zu,\"refused_origin\":",
		c->tabs.count, c->polls.count, c->peers.count, c->threads.count, c->waits.count);
	buf_json(&b, c->refused_origin, strlen(c->refused_origin));
	buf_printf(&b, ",\"refused_identity\":\"%s\"}",
		c->refused_identity ? c->refused_identity : "");
	put(arg, buf_str(&b));
	buf_free(&b);
}

__attribute__((visibility("default"))) const struct usher_channel usher_channel_v1 = {
	.size = sizeof(struct usher_channel),
	.abi_major = USHER_ABI_MAJOR,
	.abi_minor = USHER_ABI_MINOR,
	.name = "chat",
	.version = "0.2",
	.capabilities = USHER_CAP_LIVE | USHER_CAP_TYPING | USHER_CAP_READ_MARKS | USHER_CAP_FILES |
			USHER_CAP_IDEMPOTENT_SEND | USHER_CAP_THREADS,
	.text_max = TEXT_MAX,
	.options = OPTIONS,
	.open = chat_open,
	.close = chat_close,
	.ack = chat_ack,
	.update = chat_update,
	.caught_up = chat_caught_up,
	.http = chat_http,
	.http_body = chat_http_body,
	.http_gone = chat_http_gone,
	.ws = chat_ws,
	.remembered = chat_remembered,
	.recalled = chat_recalled,
	.blob_done = chat_blob_done,
	.blob_got = chat_blob_got,
	.health = chat_health,
	.check = chat_check,
	.option_size = sizeof(struct usher_option),
};
