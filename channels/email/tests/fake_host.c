/* See fake_host.h. */
#include "fake_host.h"

#include <string.h>
#include <unistd.h>

extern const struct usher_channel usher_channel_v1;

static char *text_dup(struct usher_str s)
{
	return g_strndup(s.n ? s.p : "", s.n);
}

static struct usher_str str(const char *text)
{
	return (struct usher_str){ text, text ? strlen(text) : 0 };
}

/* --- turns */

static void turn_push(struct usher_host *h, void (*fn)(void *arg), void *arg)
{
	struct turn *t = g_new(struct turn, 1);

	*t = (struct turn){ fn, arg };
	pthread_mutex_lock(&h->lock);
	g_queue_push_tail(&h->turns, t);
	pthread_mutex_unlock(&h->lock);
}

static bool turn_run(struct usher_host *h)
{
	struct turn *t;

	pthread_mutex_lock(&h->lock);
	t = g_queue_pop_head(&h->turns);
	pthread_mutex_unlock(&h->lock);
	if (!t)
		return false;
	t->fn(t->arg);
	g_free(t);
	return true;
}

bool fake_run(struct usher_host *h, bool (*until)(struct usher_host *h, void *arg), void *arg)
{
	gint64 end = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;

	while (!until(h, arg)) {
		if (g_get_monotonic_time() > end)
			return false;
		if (!turn_run(h))
			usleep(500);
	}
	return true;
}

struct answer {
	struct usher_host *h;
	uint64_t token;
	char *text;
	GByteArray *bytes;
	enum usher_outcome outcome;
};

static struct answer *answer_new(struct usher_host *h, uint64_t token)
{
	struct answer *a = g_new0(struct answer, 1);

	a->h = h;
	a->token = token;
	return a;
}

static void answer_free(struct answer *a)
{
	g_free(a->text);
	g_free(a);
}

/* --- small services */

static void s_log(struct usher_host *h, enum usher_level level, const char *text)
{
	(void)h;
	(void)level;
	(void)text;
}

static uint64_t s_now(struct usher_host *h)
{
	(void)h;
	return UINT64_C(1762160400) * 1000000;
}

static struct usher_str s_option(struct usher_host *h, const char *key)
{
	const char *set = g_hash_table_lookup(h->options, key);

	if (set)
		return str(set);
	for (const struct usher_option *o = usher_channel_v1.options; o->key; o++) {
		if (strcmp(o->key, key) == 0)
			return str(o->fallback);
	}
	return str(NULL);
}

static struct usher_str s_name(struct usher_host *h)
{
	(void)h;
	return str("support");
}

static void s_random(struct usher_host *h, void *out, size_t n)
{
	(void)h;
	memset(out, 7, n);
}

static void s_up(struct usher_host *h)
{
	h->up = true;
}

static void s_down(struct usher_host *h, const char *why)
{
	(void)why;
	h->down = true;
}

static void s_count(struct usher_host *h, const char *what, uint64_t n)
{
	guint64 *c = g_hash_table_lookup(h->counts, what);

	if (!c) {
		c = g_new0(guint64, 1);
		g_hash_table_insert(h->counts, g_strdup(what), c);
	}
	*c += n;
}

static struct usher_timer *s_timer(struct usher_host *h, void (*fn)(void *arg), void *arg)
{
	(void)h;
	(void)fn;
	(void)arg;
	return NULL;
}

/* --- messages */

static void acked(void *arg)
{
	struct answer *a = arg;

	usher_channel_v1.ack(a->h->self, a->token, a->outcome, str(a->text));
	answer_free(a);
}

static void list_add(GString *list, struct usher_str s)
{
	if (list->len)
		g_string_append_c(list, ' ');
	g_string_append_len(list, s.p, (gssize)s.n);
}

static void s_deliver(struct usher_host *h, const struct usher_inbound *m, uint64_t token)
{
	struct delivered *d = g_new0(struct delivered, 1);
	GString *refs = g_string_new(NULL), *parts = g_string_new(NULL),
		*hints = g_string_new(NULL);

	for (size_t i = 0; i < m->refs_count; i++)
		list_add(refs, m->refs[i]);
	for (size_t i = 0; i < m->parts_count; i++) {
		list_add(parts, m->parts[i].name);
		list_add(parts, m->parts[i].blob);
	}
	for (size_t i = 0; i < m->hints_count; i++)
		list_add(hints, m->hints[i].name);
	*d = (struct delivered){ text_dup(m->dedup), text_dup(m->thread), text_dup(m->identity),
		text_dup(m->name), text_dup(m->to), text_dup(m->subject), text_dup(m->text),
		text_dup(m->html), text_dup(m->raw), text_dup(m->quarantine),
		g_string_free(refs, FALSE), g_string_free(parts, FALSE),
		g_string_free(hints, FALSE), (int)m->verified, m->automatic != 0, token };
	g_ptr_array_add(h->delivered, d);
	if (h->hold)
		return;
	struct answer *a = answer_new(h, token);
	a->outcome = h->answer;
	a->text = g_strdup(h->answer_why);
	turn_push(h, acked, a);
}

static void s_sent(struct usher_host *h, struct usher_str id, enum usher_outcome outcome,
	struct usher_str remote, struct usher_str why)
{
	g_string_append_printf(h->sent, "%.*s %d %.*s %.*s\n", (int)id.n, id.p, (int)outcome,
		(int)remote.n, remote.n ? remote.p : "", (int)why.n, why.n ? why.p : "");
}

static void s_delivery(struct usher_host *h, struct usher_str message, struct usher_str remote,
	enum usher_delivery what, struct usher_str why)
{
	(void)remote;
	g_string_append_printf(h->news, "%.*s %d %.*s\n", (int)message.n, message.p, (int)what,
		(int)why.n, why.n ? why.p : "");
}

/* A report is acknowledged as a mail is. */
static void s_tell(struct usher_host *h, const struct usher_news *n, uint64_t token)
{
	struct answer *a = answer_new(h, token);

	s_delivery(h, n->message, n->remote, (enum usher_delivery)n->how, n->text);
	a->outcome = h->answer == USHER_DUPLICATE ? USHER_OK : h->answer;
	a->text = g_strdup(h->answer_why);
	turn_push(h, acked, a);
}

/* --- streams */

static int s_listen(struct usher_host *h, struct usher_str address, struct usher_str cert,
	struct usher_str key, int starttls_only)
{
	(void)h;
	(void)cert;
	(void)key;
	(void)starttls_only;
	return address.n == 7 && memcmp(address.p, "nowhere", 7) == 0 ? -22 : 2424;
}

static void s_listen_pause(struct usher_host *h, int pause)
{
	(void)h;
	(void)pause;
}

static void s_stream_data(struct usher_stream *s, void *data)
{
	s->data = data;
}

static void *s_stream_get_data(struct usher_stream *s)
{
	return s->data;
}

static void s_write(struct usher_stream *s, struct usher_str bytes)
{
	g_string_append_len(s->out, bytes.p, (gssize)bytes.n);
}

static void s_starttls(struct usher_stream *s)
{
	s->tls = true;
}

static int s_is_tls(struct usher_stream *s)
{
	return s->tls;
}

static void s_read_pause(struct usher_stream *s, int pause)
{
	s->paused = pause;
}

static void s_deadline(struct usher_stream *s, uint64_t after_us, const char *why)
{
	(void)s;
	(void)after_us;
	(void)why;
}

static void s_hangup(struct usher_stream *s, int finish, const char *why)
{
	(void)finish;
	(void)why;
	s->hung_up = true;
}

static const char *s_peer(struct usher_stream *s)
{
	(void)s;
	return "127.0.0.1";
}

/* --- the store */

static void remembered(void *arg)
{
	struct answer *a = arg;

	usher_channel_v1.remembered(a->h->self, a->token, USHER_OK);
	answer_free(a);
}

static void s_remember(
	struct usher_host *h, struct usher_str key, struct usher_str value, uint64_t token)
{
	g_hash_table_replace(h->remembered, text_dup(key), text_dup(value));
	turn_push(h, remembered, answer_new(h, token));
}

static void recalled(void *arg)
{
	struct answer *a = arg;

	usher_channel_v1.recalled(a->h->self, a->token, USHER_OK, str(a->text));
	answer_free(a);
}

static void s_recall(struct usher_host *h, struct usher_str key, uint64_t token)
{
	struct answer *a = answer_new(h, token);
	char *name = text_dup(key);

	a->text = g_strdup(g_hash_table_lookup(h->remembered, name));
	g_free(name);
	turn_push(h, recalled, a);
}

static struct usher_blob *s_blob_open(struct usher_host *h)
{
	struct usher_blob *b = g_new0(struct usher_blob, 1);

	(void)h;
	b->bytes = g_byte_array_new();
	return b;
}

static void s_blob_write(struct usher_blob *b, struct usher_str piece)
{
	g_byte_array_append(b->bytes, (const guint8 *)piece.p, (guint)piece.n);
}

static void blob_done(void *arg)
{
	struct answer *a = arg;

	usher_channel_v1.blob_done(a->h->self, a->token, a->outcome, str(a->text), 0);
	answer_free(a);
}

static struct usher_host *the_host; /* blobs do not know theirs */

static void s_blob_finish(struct usher_blob *b, uint64_t token)
{
	struct usher_host *h = the_host;
	struct answer *a = answer_new(h, token);

	a->outcome = h->blobs_fail ? USHER_RETRY : USHER_OK;
	a->text = g_strdup_printf("blob%u", g_hash_table_size(h->blobs));
	g_hash_table_insert(h->blobs, g_strdup(a->text), b->bytes);
	g_free(b);
	turn_push(h, blob_done, a);
}

static void s_blob_drop(struct usher_blob *b)
{
	g_byte_array_unref(b->bytes);
	g_free(b);
}

static void blob_got(void *arg)
{
	struct answer *a = arg;

	usher_channel_v1.blob_got(a->h->self, a->token, a->bytes ? USHER_OK : USHER_FAIL,
		a->bytes ? (struct usher_str){ (const char *)a->bytes->data, a->bytes->len }
			 : str(NULL));
	answer_free(a);
}

static void s_blob_get(struct usher_host *h, struct usher_str name, uint64_t token)
{
	struct answer *a = answer_new(h, token);
	char *key = text_dup(name);

	a->bytes = g_hash_table_lookup(h->blobs, key);
	g_free(key);
	turn_push(h, blob_got, a);
}

static const struct usher_services services = { .size = sizeof(services),
	.abi_major = USHER_ABI_MAJOR,
	.abi_minor = USHER_ABI_MINOR,
	.log = s_log,
	.now_us = s_now,
	.option = s_option,
	.channel_name = s_name,
	.random = s_random,
	.deliver = s_deliver,
	.sent = s_sent,
	.delivery = s_delivery,
	.tell = s_tell,
	.up = s_up,
	.down = s_down,
	.count = s_count,
	.timer = s_timer,
	.post = turn_push,
	.listen = s_listen,
	.listen_pause = s_listen_pause,
	.stream_data = s_stream_data,
	.stream_get_data = s_stream_get_data,
	.write = s_write,
	.starttls = s_starttls,
	.stream_is_tls = s_is_tls,
	.read_pause = s_read_pause,
	.deadline = s_deadline,
	.hangup = s_hangup,
	.stream_peer = s_peer,
	.remember = s_remember,
	.recall = s_recall,
	.blob_open = s_blob_open,
	.blob_write = s_blob_write,
	.blob_finish = s_blob_finish,
	.blob_drop = s_blob_drop,
	.blob_get = s_blob_get };

/* --- for the tests */

static void delivered_free(void *arg)
{
	struct delivered *d = arg;

	g_free(d->dedup);
	g_free(d->thread);
	g_free(d->identity);
	g_free(d->name);
	g_free(d->to);
	g_free(d->subject);
	g_free(d->text);
	g_free(d->html);
	g_free(d->raw);
	g_free(d->quarantine);
	g_free(d->refs);
	g_free(d->parts);
	g_free(d->hints);
	g_free(d);
}

static void bytes_free(void *arg)
{
	g_byte_array_unref(arg);
}

void fake_init(struct usher_host *h)
{
	*h = (struct usher_host){ .answer = USHER_OK };
	h->options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	h->remembered = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	h->counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	h->blobs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, bytes_free);
	h->delivered = g_ptr_array_new_with_free_func(delivered_free);
	h->streams = g_ptr_array_new();
	h->sent = g_string_new(NULL);
	h->news = g_string_new(NULL);
	g_queue_init(&h->turns);
	pthread_mutex_init(&h->lock, NULL);
	the_host = h;
}

static bool is_down(struct usher_host *h, void *arg)
{
	(void)arg;
	return h->down;
}

/* Closes the channel, which must come down once its connections are gone. */
void fake_clear(struct usher_host *h)
{
	if (h->self) {
		usher_channel_v1.close(h->self);
		while (h->streams->len)
			fake_disconnect(h, g_ptr_array_index(h->streams, 0));
		g_assert_true(fake_run(h, is_down, NULL));
	}
	while (turn_run(h))
		;
	g_ptr_array_unref(h->streams);
	g_ptr_array_unref(h->delivered);
	g_hash_table_unref(h->options);
	g_hash_table_unref(h->remembered);
	g_hash_table_unref(h->counts);
	g_hash_table_unref(h->blobs);
	g_string_free(h->sent, TRUE);
	g_string_free(h->news, TRUE);
	pthread_mutex_destroy(&h->lock);
}

void fake_option(struct usher_host *h, const char *key, const char *value)
{
	g_hash_table_replace(h->options, g_strdup(key), g_strdup(value));
}

bool fake_open(struct usher_host *h, char *why, size_t why_size)
{
	h->self = usher_channel_v1.open(h, &services, why, why_size);
	return h->self != NULL;
}

struct usher_stream *fake_connect(struct usher_host *h)
{
	struct usher_stream *s = g_new0(struct usher_stream, 1);

	s->out = g_string_new(NULL);
	g_ptr_array_add(h->streams, s);
	usher_channel_v1.stream(h->self, s, USHER_STREAM_OPEN, str(NULL));
	return s;
}

void fake_say(struct usher_host *h, struct usher_stream *s, const char *text)
{
	usher_channel_v1.stream(h->self, s, USHER_STREAM_DATA, str(text));
}

void fake_disconnect(struct usher_host *h, struct usher_stream *s)
{
	usher_channel_v1.stream(h->self, s, USHER_STREAM_CLOSED, str("gone"));
	g_ptr_array_remove(h->streams, s);
	g_string_free(s->out, TRUE);
	g_free(s);
}

struct heard {
	struct usher_stream *s;
	const char *text;
};

static bool has_heard(struct usher_host *h, void *arg)
{
	const struct heard *heard = arg;

	(void)h;
	return strstr(heard->s->out->str, heard->text) != NULL;
}

bool fake_heard(struct usher_host *h, struct usher_stream *s, const char *text)
{
	struct heard heard = { s, text };

	return fake_run(h, has_heard, &heard);
}
