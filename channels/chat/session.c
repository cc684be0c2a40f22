/*
 * Tokens, threads, tabs, and the addresses they come from. A thread is kept while a tab is connected, and for the grace after
 * the last one left.
 */
#include <arpa/inet.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "chat.h"

static const char BASE32[] = "0123456789abcdefghjkmnpqrstvwxyz";

void token_make(struct chat *c, char out[TOKEN_LEN + 1])
{
	unsigned char chance[TOKEN_LEN];
	c->svc->random(c->host, chance, sizeof(chance));
	for (size_t i = 0; i < TOKEN_LEN; i++)
		out[i] = BASE32[chance[i] & 31];
	out[TOKEN_LEN] = '\0';
}

int token_ok(const char *token)
{
	return strlen(token) == TOKEN_LEN && strspn(token, BASE32) == TOKEN_LEN;
}

void thread_key(const char *token, char out[THREAD_LEN + 1])
{
	static const char HEX[] = "0123456789abcdef";
	unsigned char hash[SHA256_DIGEST_LENGTH];
	SHA256((const unsigned char *)token, strlen(token), hash);
	for (size_t i = 0; i < THREAD_LEN / 2; i++) {
		out[2 * i] = HEX[hash[i] >> 4];
		out[2 * i + 1] = HEX[hash[i] & 15];
	}
	out[THREAD_LEN] = '\0';
}

static void thread_gone(void *arg)
{
	struct thread *th = arg;
	struct chat *c = th->chat;
	if (th->tabs)
		return;
	if (th->known && !th->left) {
		struct usher_str key = { th->key, THREAD_LEN };
		c->svc->presence(c->host, key, USHER_LEFT, 0);
	}
	if (th->transcript)
		transcript_free(c, th->transcript);
	table_remove(&c->threads, th->key);
	th->next_free = c->free_threads;
	c->free_threads = th;
}

static struct thread *thread_new(struct chat *c, const char *key)
{
	struct thread *th = c->free_threads;
	struct usher_timer *timer = NULL;
	if (th) {
		c->free_threads = th->next_free;
		timer = th->leaving;
		memset(th, 0, sizeof(*th));
	} else {
		th = zeroed(sizeof(*th));
	}
	th->leaving = timer; /* made when it is first needed */
	th->chat = c;
	memcpy(th->key, key, THREAD_LEN + 1);
	table_put(&c->threads, th->key, th);
	return th;
}

struct thread *thread_get(struct chat *c, const char *key, int make)
{
	struct thread *th = table_get(&c->threads, key);
	return th || !make ? th : thread_new(c, key);
}

static void thread_wait(struct thread *th)
{
	struct chat *c = th->chat;
	if (!th->leaving)
		th->leaving = c->svc->timer(c->host, thread_gone, th);
	c->svc->timer_set(th->leaving, th->known ? c->grace_us : 1);
}

void thread_expect(struct chat *c, const char *key)
{
	struct thread *th = thread_get(c, key, 1);
	th->known = 1;
	if (!th->tabs)
		thread_wait(th);
}

void tab_join(struct tab *t, struct thread *th)
{
	t->thread = th;
	t->next = th->tabs;
	th->tabs = t;
	if (th->leaving)
		t->chat->svc->timer_clear(th->leaving);
}

/* ---- addresses ---- */

static int bucket_pay(
	uint64_t *full_us, uint64_t now_us, uint64_t cost, uint64_t burst, uint64_t per_s)
{
	const uint64_t each_us = 1000000 / per_s;
	/* Further away than a whole bucket: the clock was put back. */
	if (*full_us < now_us || *full_us > now_us + burst * each_us)
		*full_us = now_us;
	if (*full_us + cost * each_us > now_us + burst * each_us)
		return 0;
	*full_us += cost * each_us;
	return 1;
}

int bucket_take(uint64_t *full_us, uint64_t now_us, uint64_t burst, uint64_t per_s)
{
	return bucket_pay(full_us, now_us, 1, burst, per_s);
}

/* An IPv6 network of 64 bits is one household; it has as many addresses as it likes. */
static void peer_key(const char *address, char key[16])
{
	unsigned char hash[SHA256_DIGEST_LENGTH];
	struct in6_addr v6;
	if (strchr(address, ':') && inet_pton(AF_INET6, address, &v6) == 1)
		SHA256(v6.s6_addr, 8, hash);
	else
		SHA256((const unsigned char *)address, strlen(address), hash);
	memcpy(key, hash, 16);
}

static int peer_is_idle(const struct peer *p, uint64_t now_us)
{
	return !p->tabs && p->says_us <= now_us && p->joins_us <= now_us && p->files_us <= now_us &&
	       p->pictures_us <= now_us && p->posts_us <= now_us;
}

/* Those that have nothing open and nothing to answer for are forgotten, when there are twice as many as after the last time. */
static void peers_sweep(struct chat *c)
{
	uint64_t now_us = c->svc->now_us(c->host);
	if (c->peers.count < c->peers_sweep)
		return;
	for (size_t i = 0; i < c->peers.cap;) {
		struct peer *p = c->peers.slots[i].value;
		if (p && peer_is_idle(p, now_us))
			free(table_remove(&c->peers, p->key)); /* another may have moved here */
		else
			i++;
	}
	c->peers_sweep = c->peers.count * 2 + PEERS_SWEEP_MIN;
}

static struct peer *peer_get(struct chat *c, const char *address)
{
	char key[16];
	peer_key(address, key);
	struct peer *p = table_get(&c->peers, key);
	if (p)
		return p;
	peers_sweep(c);
	p = zeroed(sizeof(*p));
	memcpy(p->key, key, sizeof(key));
	table_put(&c->peers, p->key, p);
	return p;
}

int peer_may_say(struct tab *t)
{
	struct chat *c = t->chat;
	return bucket_take(&t->peer->says_us, c->svc->now_us(c->host),
		c->per_address * 3 + BURST_MAX, c->per_address / 4 + REFILL_PER_S);
}

int peer_may_send_file(struct chat *c, const char *address)
{
	return bucket_take(&peer_get(c, address)->files_us, c->svc->now_us(c->host),
		c->per_address / 10 + 2 * FILES_MAX, 1);
}

int peer_may_post(struct chat *c, const char *address, size_t bytes)
{
	return bucket_pay(&peer_get(c, address)->posts_us, c->svc->now_us(c->host),
		1 + bytes / POLL_PIECE, c->per_address * 5 + POSTS_MAX, c->per_address * 2 + 100);
}

int peer_may_see_picture(struct chat *c, const char *address)
{
	return bucket_take(&peer_get(c, address)->pictures_us, c->svc->now_us(c->host),
		PICTURES_BURST, PICTURES_PER_S);
}

/* ---- tabs ---- */

struct tab *tab_new(struct chat *c, const char *address, const char **why)
{
	struct peer *p;
	*why = NULL;
	if (c->closing || c->tabs.count >= c->tabs_max) {
		*why = "no room for more visitors now; come back in a moment";
		return NULL;
	}
	p = peer_get(c, address);
	if (p->tabs >= c->per_address)
		*why = "too many connections from your address; close some";
	else if (!bucket_take(&p->joins_us, c->svc->now_us(c->host), c->per_address + 50,
			 c->per_address / 10 + 5))
		*why = "too many new connections from your address; wait a moment";
	if (*why)
		return NULL;
	struct tab *t = zeroed(sizeof(*t));
	t->chat = c;
	t->peer = p;
	p->tabs++;
	t->serial = ++c->next_serial;
	table_put(&c->tabs, &t->serial, t);
	return t;
}

static void tab_free(struct tab *t)
{
	poll_free(&t->poll);
	backlog_free(t);
	free(t->hello);
	free(t->visitor);
	free(t->token);
	free(t);
}

void tab_leave(struct tab *t)
{
	struct thread *th = t->thread;
	struct tab **at = &th->tabs;
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	t->thread = NULL;
	if (!th->tabs)
		thread_wait(th);
}

void tab_drop(struct tab *t)
{
	table_remove(&t->chat->tabs, &t->serial);
	t->peer->tabs--;
	if (t->thread)
		tab_leave(t);
	tab_free(t);
}

/* ---- the end ---- */

static void free_all(struct table *t, void (*free_one)(void *))
{
	size_t i = 0;
	void *value;

	while ((value = table_next(t, &i)) != NULL)
		free_one(value);
	table_free(t);
}

static void end_tab(void *tab)
{
	tab_close(tab, 1001, "the server is going away; come back");
	tab_free(tab);
}

static void end_thread(void *thread)
{
	struct thread *th = thread;

	if (th->leaving)
		th->chat->svc->timer_clear(th->leaving);
	if (th->transcript)
		transcript_free(th->chat, th->transcript);
	free(th);
}

void chat_forget(struct chat *c)
{
	free_all(&c->tabs, end_tab);
	free_all(&c->threads, end_thread);
	free_all(&c->peers, free);
	free_all(&c->waits, free);
	table_free(&c->polls);
	table_free(&c->transcripts);
	for (struct thread *th = c->free_threads, *next; th; th = next) {
		next = th->next_free;
		free(th);
	}
	c->free_threads = NULL;
	if (c->poll_timer)
		c->svc->timer_clear(c->poll_timer);
}
