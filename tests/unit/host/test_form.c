/*
 * The form channel as a stranger meets it: what is posted is on disk before the 201, in each of the three ways a form is sent; what is
 * wrong is told beside the field and nothing is kept.
 */
#include "unit/host/house.h"

#include "model/pairs.h"
#include "store/blob.h"

#define POST_FORM(extra) "POST /form/contact HTTP/1.1\r\n" extra
#define URLENCODED	 "Content-Type: application/x-www-form-urlencoded\r\n"
#define JSON		 "Content-Type: application/json\r\n"
#define MULTIPART	 "Content-Type: multipart/form-data; boundary=XyZ\r\n"
#define WANT_JSON	 "Accept: application/json\r\n"

static int setup_with(void **state, void (*more)(struct house *h, struct channel *c))
{
	struct house *h = mem_alloc(sizeof(*h));

	house_new(h);
	struct channel *c = house_channel(h, "contact", "form");
	if (more)
		more(h, c);
	house_open(h);
	assert_int_equal(host_open(h->host, &h->err), 0);
	*state = h;
	return 0;
}

static int setup(void **state)
{
	return setup_with(state, NULL);
}

static int teardown(void **state)
{
	house_end(*state);
	free(*state);
	return 0;
}

static const struct command *taken(struct house *h, size_t n)
{
	HOUSE_UNTIL(h, h->taken_count == n);
	house_pass(h, 30);
	assert_int_equal(h->taken_count, n);
	return &h->taken[n - 1];
}

/* The 26 characters of an answer {"id":"..."} are the message's id. */
static void check_id(const struct str *got, const struct command *c)
{
	char id[ID_TEXT_LEN + 1], want[64];

	snprintf(want, sizeof(want), "{\"id\":\"%s\"}\n", id_text(c->id, id));
	assert_string_equal(house_body(got), want);
}

static void test_urlencoded(void **state)
{
	struct house *h = *state;
	struct str got = { 0 };

	assert_int_equal(house_ask(h, POST_FORM(URLENCODED WANT_JSON "User-Agent: Probe/1\r\n"),
				 SLICE("name=Ann+Lee&email=Ann%40X.org&subject=Card&message="
				       "I+lost+my+card%0D%0A%D0%B4%D0%B0&utm=1"),
				 &got),
		201);
	const struct command *c = taken(h, 1);
	check_id(&got, c);
	assert_slice_is(c->text, "I lost my card\nда");
	assert_slice_is(c->subject, "Card");
	assert_slice_is(c->name, "Ann Lee");
	assert_slice_is(c->ident_kind, "email");
	assert_slice_is(c->ident_value, "ann@x.org");
	assert_int_equal(c->verified, 0);
	assert_slice_is(pairs_get(c->hints, "user_agent", &h->arena), "Probe/1");
	assert_slice_is(pairs_get(c->hints, "form", &h->arena), "contact");
	assert_null(pairs_get(c->hints, "utm", &h->arena).p);
	str_free(&got);
}

static void test_json(void **state)
{
	struct house *h = *state;
	struct str got = { 0 };

	assert_int_equal(house_ask(h, POST_FORM(JSON),
				 SLICE("{\"email\":\"bo@x.org\",\"message\":\"Привет\",\"name\":"
				       "null}"),
				 &got),
		201);
	const struct command *c = taken(h, 1);
	check_id(&got, c);
	assert_slice_is(c->text, "Привет");
	assert_slice_is(c->lang, "ru");
	str_free(&got);
}

static void add_part(struct str *b, const char *disposition, const char *type, struct slice value)
{
	str_addf(b, "--XyZ\r\nContent-Disposition: form-data; %s\r\n", disposition);
	if (type)
		str_addf(b, "Content-Type: %s\r\n", type);
	str_add_text(b, "\r\n");
	str_add(b, value);
	str_add_text(b, "\r\n");
}

struct got_blob {
	int status;
	struct str bytes;
};

static void blob_came(void *arg, int status, struct slice bytes)
{
	struct got_blob *g = arg;

	g->status = status;
	str_add(&g->bytes, bytes);
}

static void check_part(struct house *h, struct slice *rest, const char *name, struct slice bytes)
{
	struct part p;
	struct got_blob g = { .status = 1 };

	assert_true(parts_next(rest, &p, &h->arena));
	assert_slice_is(p.name, name);
	assert_int_equal(p.size_bytes, bytes.n);
	blob_get(h->store, p.blob, blob_came, &g);
	HOUSE_UNTIL(h, g.status != 1);
	assert_int_equal(g.status, 0);
	assert_true(slice_equal(str_slice(&g.bytes), bytes));
	str_free(&g.bytes);
}

static void test_multipart(void **state)
{
	struct house *h = *state;
	struct str b = { 0 }, got = { 0 }, big = { 0 };

	for (size_t i = 0; i < 300000; i++)
		str_add_char(&big, (char)(i * 7 + i / 255));
	add_part(&b, "name=\"message\"", NULL, SLICE("See the files"));
	add_part(&b, "name=\"email\"", NULL, SLICE("ann@x.org"));
	add_part(&b, "name=\"attachment\"; filename=\"..\\..\\счёт.pdf\"", "application/pdf",
		str_slice(&big));
	add_part(&b, "name=\"attachment\"; filename*=UTF-8''na%C3%AFve%2Ftxt.txt; filename=\"x\"",
		"text/plain", SLICE("small \r\n--XyZo near the boundary"));
	add_part(&b, "name=\"attachment\"; filename=\"\"", "application/octet-stream", SLICE(""));
	str_add_text(&b, "--XyZ--\r\n");
	assert_int_equal(house_ask(h, POST_FORM(MULTIPART WANT_JSON), str_slice(&b), &got), 201);
	const struct command *c = taken(h, 1);
	check_id(&got, c);
	assert_slice_is(c->text, "See the files");
	struct slice rest = c->parts;
	check_part(h, &rest, "счёт.pdf", str_slice(&big));
	check_part(h, &rest, "txt.txt", SLICE("small \r\n--XyZo near the boundary"));
	assert_int_equal(rest.n, 0);
	str_free(&b);
	str_free(&big);
	str_free(&got);
}

static void test_page_and_thanks(void **state)
{
	struct house *h = *state;
	struct str got = { 0 };

	assert_int_equal(
		house_ask(h, "GET /form/contact HTTP/1.1\r\n", (struct slice){ 0 }, &got), 200);
	assert_true(house_has(&got, "Content-Security-Policy: default-src 'none'"));
	assert_true(house_has(&got, "<html lang=\"en\">"));
	assert_true(house_has(&got, "<label for=\"f-email\">Email"));
	assert_true(house_has(&got, "type=\"email\" id=\"f-email\" name=\"email\" required"));
	assert_null(strstr(got.p, "<script>")); /* its own file is all there is */
	assert_int_equal(house_ask(h,
				 "GET /form/contact HTTP/1.1\r\nAccept-Language: "
				 "ru-RU,ru;q=0.9,en;q=0.8\r\n",
				 (struct slice){ 0 }, &got),
		200);
	assert_true(house_has(&got, "<html lang=\"ru\">"));
	assert_true(house_has(&got, "Сообщение"));
	assert_int_equal(
		house_ask(h, "GET /form/contact/style.css HTTP/1.1\r\n", (struct slice){ 0 }, &got),
		200);
	assert_true(house_has(&got, "Content-Type: text/css"));
	assert_int_equal(house_ask(h, "GET /form/contact/snippet.html HTTP/1.1\r\n",
				 (struct slice){ 0 }, &got),
		200);
	assert_true(house_has(&got, "action=\"http://127.0.0.1/form/contact\""));
	assert_int_equal(
		house_ask(h, POST_FORM(URLENCODED), SLICE("email=a@x.org&message=hi"), &got), 303);
	const struct command *c = taken(h, 1);
	char id[ID_TEXT_LEN + 1], where[128];
	snprintf(where, sizeof(where), "Location: /form/contact/thanks?id=%s\r\n",
		id_text(c->id, id));
	assert_true(house_has(&got, where));
	snprintf(where, sizeof(where), "GET /form/contact/thanks?id=%s HTTP/1.1\r\n", id);
	assert_int_equal(house_ask(h, where, (struct slice){ 0 }, &got), 200);
	assert_true(house_has(&got, id));
	assert_int_equal(house_ask(h, "GET /form/contact/thanks?id=%3Cscript%3E HTTP/1.1\r\n",
				 (struct slice){ 0 }, &got),
		200);
	assert_null(strstr(got.p, "<script"));
	str_free(&got);
}

/* The page again, with what was typed and what is wrong; nothing in the inbox. */
static void test_page_again(void **state)
{
	struct house *h = *state;
	struct str got = { 0 };

	assert_int_equal(house_ask(h, POST_FORM(URLENCODED),
				 SLICE("name=%22%3E%3Cb%3E&email=nobody&message="), &got),
		422);
	assert_true(house_has(&got, "value=\"&quot;&gt;&lt;b&gt;\""));
	assert_true(house_has(&got, "value=\"nobody\""));
	assert_true(house_has(&got, "aria-describedby=\"e-email\""));
	assert_true(house_has(&got, "id=\"e-email\">This is not an email address"));
	assert_true(house_has(&got, "id=\"e-message\">Please fill this in."));
	house_pass(h, 50);
	assert_int_equal(h->taken_count, 0);
	str_free(&got);
}

static const struct bad {
	const char *head, *body;
	int status;
	const char *says;
} bads[] = {
	{ POST_FORM(URLENCODED WANT_JSON), "message=x", 422,
		"{\"field\":\"email\",\"message\":\"Please fill this in.\"}" },
	{ POST_FORM(URLENCODED WANT_JSON), "email=a@x.org&message=%20%0A", 422,
		"{\"field\":\"message\",\"message\":\"Please fill this in.\"}" },
	{ POST_FORM(URLENCODED WANT_JSON), "email=a%00@x.org&message=x", 422,
		"{\"field\":\"email\"" },
	{ POST_FORM(JSON), "{\"email\":\"a@x.org\",\"message\":[1]}", 422,
		"{\"field\":\"message\",\"message\":\"This must be a text.\"}" },
	{ POST_FORM(JSON), "{\"email\":\"a@x.org\",\"message\":\"x\",\"mesage\":\"y\"}", 422,
		"{\"field\":\"mesage\",\"message\":\"There is no such field.\"}" },
	{ POST_FORM(JSON), "{\"email\":\"a@x.org\",\"message\":\"x\",\"_stamp\":{}}", 201, "" },
	{ POST_FORM(JSON), "{\"email\":\"a@x.org\",", 400, "line 1, column" },
	{ POST_FORM(JSON), "[]", 400, "the JSON is not an object" },
	{ POST_FORM(JSON), "{\"email\":\"a\",\"email\":\"b\"}", 400, "duplicate object key" },
	{ POST_FORM(JSON), "", 400, "line 1" },
	{ POST_FORM("Content-Type: text/xml\r\n"), "<a/>", 415, "a form is sent as" },
	{ POST_FORM(""), "x", 415, "a form is sent as" },
	{ POST_FORM("Content-Type: multipart/form-data\r\n"), "x", 400, "boundary" },
	{ POST_FORM(MULTIPART WANT_JSON), "--XyZ\r\nno header", 400,
		"ends before its last boundary" },
	{ POST_FORM(MULTIPART WANT_JSON), "--XyZ\r\nX: y\r\n\r\nv\r\n--XyZ--", 400,
		"lacks Content-Disposition" },
	{ POST_FORM(MULTIPART WANT_JSON),
		"--XyZ\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Type: "
		"multipart/mixed\r\n\r\nv\r\n--XyZ--",
		400, "itself multipart" },
	{ POST_FORM(MULTIPART WANT_JSON),
		"--XyZ\r\nContent-Disposition: form-data; name=\"message\"; "
		"filename=\"a.txt\"\r\n\r\nv\r\n--XyZ--",
		422, "{\"field\":\"message\",\"message\":\"A file was sent" },
	{ POST_FORM(URLENCODED WANT_JSON "Idempotency-Key: a b\r\n"), "email=a@x.org&message=x",
		422, "Idempotency-Key" },
	{ "PUT /form/contact HTTP/1.1\r\n", "x", 405, "Allow: GET, HEAD, POST" },
	{ "GET /form/contactus HTTP/1.1\r\n", NULL, 404, "404" },
	{ "GET /form/contact/nothing HTTP/1.1\r\n", NULL, 404, "there is no such page" },
};

static void test_bad_input(void **state)
{
	struct house *h = *state;
	struct str got = { 0 };

	for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		int status = house_ask(h, bads[i].head, slice_of(bads[i].body), &got);
		if (status != bads[i].status || !house_has(&got, bads[i].says))
			fail_msg("case %zu: %d instead of %d: %s", i, status, bads[i].status,
				got.n ? got.p : "");
	}
	taken(h, 1); /* the one that was good */
	str_free(&got);
}

static void test_idempotency_key(void **state)
{
	struct house *h = *state;
	struct str got = { 0 }, first = { 0 };
	struct slice body = SLICE("email=a@x.org&message=once");

	assert_int_equal(house_ask(h, POST_FORM(URLENCODED WANT_JSON "Idempotency-Key: k1\r\n"),
				 body, &first),
		201);
	assert_int_equal(
		house_ask(h, POST_FORM(URLENCODED WANT_JSON "Idempotency-Key: k1\r\n"), body, &got),
		201);
	assert_string_equal(house_body(&first), house_body(&got));
	HOUSE_UNTIL(h, h->taken_count == 2); /* the router drops it by its key, which is the same */
	assert_true(slice_equal(h->taken[0].dedup, h->taken[1].dedup));
	assert_int_equal(
		house_ask(h, POST_FORM(URLENCODED WANT_JSON "Idempotency-Key: k2\r\n"), body, &got),
		201);
	assert_string_not_equal(house_body(&first), house_body(&got));
	str_free(&first);
	str_free(&got);
}

static void test_trap(void **state)
{
	struct house *h = *state;
	struct str got = { 0 };

	assert_int_equal(house_ask(h, POST_FORM(URLENCODED),
				 SLICE("email=a@x.org&message=buy&_website=http://spam"), &got),
		303);
	assert_true(house_has(&got, "/thanks?id=0"));
	house_pass(h, 100);
	assert_int_equal(h->taken_count, 0);
	str_free(&got);
}

/* A stamp that we did not sign is no stamp: it neither slows anybody nor makes two messages one. */
static void test_forged_stamp(void **state)
{
	struct house *h = *state;
	struct str got = { 0 }, body = { 0 };

	house_ask(h, "GET /form/contact HTTP/1.1\r\n", (struct slice){ 0 }, &got);
	const char *stamp = strstr(got.p, "name=\"_stamp\" value=\"");
	assert_non_null(stamp);
	str_addf(&body, "email=a@x.org&message=hello&_stamp=%.47s%c", stamp + 21,
		stamp[21 + 47] == '0' ? '1' : '0');
	assert_int_equal(house_ask(h, POST_FORM(URLENCODED), str_slice(&body), &got), 303);
	assert_int_equal(house_ask(h, POST_FORM(URLENCODED), str_slice(&body), &got), 303);
	HOUSE_UNTIL(h, h->taken_count == 2);
	assert_false(slice_equal(h->taken[0].dedup, h->taken[1].dedup));
	str_free(&got);
	str_free(&body);
}

/* The page's own stamp: at once is too fast, later is fine, and the same once more is the same message. */
static void test_stamp(void **state)
{
	struct house *h = *state;
	struct str got = { 0 }, body = { 0 }, again = { 0 };

	house_ask(h, "GET /form/contact HTTP/1.1\r\n", (struct slice){ 0 }, &got);
	const char *stamp = strstr(got.p, "name=\"_stamp\" value=\"");
	assert_non_null(stamp);
	str_addf(&body, "email=a@x.org&message=hello&_stamp=%.48s", stamp + 21);
	assert_int_equal(house_ask(h, POST_FORM(URLENCODED), str_slice(&body), &got), 429);
	assert_true(house_has(&got, "Retry-After: "));
	assert_true(house_has(&got, "\nhello</textarea>"));
	house_pass(h, 1100);
	assert_int_equal(house_ask(h, POST_FORM(URLENCODED), str_slice(&body), &got), 303);
	assert_int_equal(house_ask(h, POST_FORM(URLENCODED), str_slice(&body), &again), 303);
	HOUSE_UNTIL(h, h->taken_count == 2);
	assert_true(slice_equal(h->taken[0].dedup, h->taken[1].dedup));
	str_free(&got);
	str_free(&again);
	str_free(&body);
}

static void stamped(struct house *h, struct channel *c)
{
	(void)h;
	house_option(c, "fill_time", "1");
}

static int setup_stamped(void **state)
{
	return setup_with(state, stamped);
}

static void small_files(struct house *h, struct channel *c)
{
	(void)h;
	house_option(c, "file_max", "1000");
	house_option(c, "files", "2");
}

static int setup_small_files(void **state)
{
	return setup_with(state, small_files);
}

static void test_file_limits(void **state)
{
	struct house *h = *state;
	struct str b = { 0 }, got = { 0 }, big = { 0 };

	for (int i = 0; i < 1500; i++)
		str_add_char(&big, 'x');
	add_part(&b, "name=\"message\"", NULL, SLICE("m"));
	add_part(&b, "name=\"email\"", NULL, SLICE("a@x.org"));
	size_t fields = b.n;
	add_part(&b, "name=\"attachment\"; filename=\"big\"", NULL, str_slice(&big));
	str_add_text(&b, "--XyZ--");
	assert_int_equal(house_ask(h, POST_FORM(MULTIPART WANT_JSON), str_slice(&b), &got), 422);
	assert_true(house_has(&got, "{\"field\":\"attachment\",\"message\":\"This file is too "
				    "large.\"}"));
	b.n = fields;
	for (int i = 0; i < 3; i++)
		add_part(&b, "name=\"attachment\"; filename=\"f\"", NULL, SLICE("x"));
	str_add_text(&b, "--XyZ--");
	assert_int_equal(house_ask(h, POST_FORM(MULTIPART WANT_JSON), str_slice(&b), &got), 422);
	assert_true(house_has(&got, "Too many files."));
	house_pass(h, 50);
	assert_int_equal(h->taken_count, 0);
	str_free(&b);
	str_free(&big);
	str_free(&got);
}

static void declared(struct house *h, struct channel *c)
{
	(void)h;
	house_option(c, "form", "claim");
	house_option(c, "title", "Claims <b>");
	house_option(c, "fields.0.name", "phone");
	house_option(c, "fields.0.type", "phone");
	house_option(c, "fields.0.map", "identity");
	house_option(c, "fields.1.name", "topic");
	house_option(c, "fields.1.type", "choice");
	house_option(c, "fields.1.choices", "cards|loans");
	house_option(c, "fields.1.required", "true");
	house_option(c, "fields.2.name", "what");
	house_option(c, "fields.2.type", "long");
	house_option(c, "fields.2.max", "5");
	house_option(c, "fields.3.name", "tier");
	house_option(c, "fields.3.type", "hidden");
	house_option(c, "fields.3.value", "gold");
}

static int setup_declared(void **state)
{
	return setup_with(state, declared);
}

static void test_declared(void **state)
{
	struct house *h = *state;
	struct str got = { 0 };
	const char *post = "POST /form/claim HTTP/1.1\r\n" URLENCODED WANT_JSON;

	house_ask(h, "GET /form/claim HTTP/1.1\r\n", (struct slice){ 0 }, &got);
	assert_true(house_has(&got, "<h1>Claims &lt;b&gt;</h1>"));
	assert_true(house_has(&got, "<option value=\"cards\">cards</option>"
				    "<option value=\"loans\">loans</option>"));
	assert_true(house_has(&got, "name=\"tier\" value=\"gold\""));
	assert_int_equal(house_ask(h, post, SLICE("phone=abc&topic=cats&what=123456"), &got), 422);
	assert_true(house_has(&got, "{\"field\":\"phone\",\"message\":\"This is not a phone "
				    "number"));
	assert_true(house_has(&got, "{\"field\":\"topic\",\"message\":\"Please choose one"));
	assert_true(house_has(&got, "{\"field\":\"what\",\"message\":\"This is too long.\"}"));
	assert_int_equal(house_ask(h, post,
				 SLICE("phone=%2B7+900&topic=cards&what=%D1%84%D1%84%D1%84%D1%84%"
				       "D1%84&tier=gold"),
				 &got),
		422);
	assert_int_equal(house_ask(h, post,
				 SLICE("phone=%2B7+900+11&topic=cards&what=%D1%84%D1%84%D1%84%D1%"
				       "84%D1%84&tier=gold"),
				 &got),
		201);
	const struct command *c = taken(h, 1);
	assert_slice_is(c->ident_kind, "phone");
	assert_slice_is(pairs_get(c->hints, "topic", &h->arena), "cards");
	assert_slice_is(pairs_get(c->hints, "tier", &h->arena), "gold");
	assert_slice_is(c->text, "ффффф");
	str_free(&got);
}

static void test_later(void **state)
{
	struct house *h = *state;
	struct str got = { 0 };

	host_intake(h->host, false, "draining");
	assert_int_equal(house_ask(h, POST_FORM(URLENCODED WANT_JSON),
				 SLICE("email=a@x.org&message=x"), &got),
		503);
	assert_true(house_has(&got, "Retry-After: 10"));
	assert_int_equal(
		house_ask(h, POST_FORM(URLENCODED), SLICE("email=a@x.org&message=keep+this"), &got),
		503);
	assert_true(house_has(&got, "keep this"));
	str_free(&got);
}

/* Leaving in the middle of a file, and while the message is on its way. */
static void test_client_leaves(void **state)
{
	struct house *h = *state;
	struct str b = { 0 };
	int fd = house_dial(h->port);

	str_add_text(&b, "POST /form/contact HTTP/1.1\r\nHost: x\r\nContent-Length: "
			 "100000\r\n" MULTIPART "\r\n");
	add_part(&b, "name=\"email\"", NULL, SLICE("a@x.org"));
	add_part(&b, "name=\"attachment\"; filename=\"f\"", NULL, SLICE("begin"));
	house_send(h, fd, str_slice(&b));
	house_pass(h, 30);
	close(fd);
	fd = house_dial(h->port);
	house_send(h, fd,
		SLICE("POST /form/contact HTTP/1.1\r\nHost: x\r\nContent-Length: 25\r\n" URLENCODED
		      "\r\nemail=a@x.org&message=all"));
	close(fd);
	assert_slice_is(taken(h, 1)->text, "all");
	str_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_urlencoded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json, setup, teardown),
		cmocka_unit_test_setup_teardown(test_multipart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_page_and_thanks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_page_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_input, setup, teardown),
		cmocka_unit_test_setup_teardown(test_idempotency_key, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stamp, setup_stamped, teardown),
		cmocka_unit_test_setup_teardown(test_forged_stamp, setup_stamped, teardown),
		cmocka_unit_test_setup_teardown(test_file_limits, setup_small_files, teardown),
		cmocka_unit_test_setup_teardown(test_declared, setup_declared, teardown),
		cmocka_unit_test_setup_teardown(test_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_client_leaves, setup, teardown),
	};

	return cmocka_run_group_tests(tests, house_redis, house_redis_end);
}
