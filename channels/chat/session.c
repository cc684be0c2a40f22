/*
 * Tokens, threads and tabs. A thread is kept while a tab is connected, and for the grace after the last one left.
 */
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
		th = chat_alloc(sizeof(*th));
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

void tab_join(struct tab *t, struct thread *th)
{
	t->thread = th;
	t->next = th->tabs;
	th->tabs = t;
	if (th->leaving)
		t->chat->svc->timer_clear(th->leaving);
}

void tab_drop(struct tab *t)
{
	struct chat *c = t->chat;
	struct thread *th = t->thread;
	table_remove(&c->tabs, &t->serial);
	if (th) {
		struct tab **at = &th->tabs;
		while (*at != t)
			at = &(*at)->next;
		*at = t->next;
		if (!th->tabs) {
			if (!th->leaving)
				th->leaving = c->svc->timer(c->host, thread_gone, th);
			c->svc->timer_set(th->leaving, th->known ? c->grace_us : 1);
		}
	}
	backlog_free(&t->backlog);
	free(t->visitor);
	free(t->token);
	free(t);
}

void chat_forget(struct chat *c)
{
	size_t i = 0;
	struct tab *t;
	while ((t = table_next(&c->tabs, &i)) != NULL)
		c->svc->ws_close(t->ws, 1001, "the server is going away; come back");
}
