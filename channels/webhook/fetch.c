/*
 * See fetch.h. No redirects, no proxy of the environment, no other protocol than HTTP; each address is looked at after it was
 * resolved, on the socket that will be used, so that a name cannot change its mind in between. Called by send.c.
 */
#include "fetch.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "address.h"
#include "template.h"

enum { CONNECT_S = 10 };

struct fetch_pool {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t threads[FETCH_THREADS];
	size_t started, idle, waiting;
	struct fetch *first, **last;
	bool stopping;
};

void fetch_free(struct fetch *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->headers_count; i++)
		free(f->headers[i]);
	free(f->method);
	free(f->url);
	buf_free(&f->body);
	buf_free(&f->answer);
	free(f);
}

/* ---- one request ---- */

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct fetch *f = arg;

	if (purpose != CURLSOCKTYPE_IPCXN || (!f->allow_private && !address_is_public(&a->addr))) {
		f->forbidden = true;
		return CURL_SOCKET_BAD;
	}
	f->forbidden = false;
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static size_t on_body(char *p, size_t size, size_t count, void *arg)
{
	struct fetch *f = arg;
	size_t n = size * count;

	size_t most = f->answer_max ? f->answer_max : FETCH_ANSWER_MAX;

	f->cut |= f->answer.n + n > most;
	buf_add(&f->answer, p, f->cut ? most - f->answer.n : n);
	return f->cut && f->answer_max
		       ? 0
		       : n; /* of an answer that is only shown the rest is not of interest */
}

static struct curl_slist *header_list(const struct fetch *f)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	for (size_t i = 0; i < f->headers_count; i++)
		list = curl_slist_append(list, f->headers[i]);
	return list;
}

static void prepare(CURL *curl, struct fetch *f, struct curl_slist *headers)
{
	curl_easy_setopt(curl, CURLOPT_URL, f->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, f->timeout_s);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, f);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, f);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	if (strcmp(f->method, "GET") == 0)
		return;
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, f->method);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)f->body.n);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, f->body.p ? f->body.p : "");
}

/* A handle for each: kept connections would have been filtered for another request. */
static void perform(struct fetch *f)
{
	CURL *curl = curl_easy_init();
	long sent = 0;

	if (f->prepare)
		f->prepare(f);
	struct curl_slist *headers = header_list(f);

	f->climbs = f->fixed && url_climbs(f->url);
	if (f->climbs) {
		snprintf(f->why, sizeof(f->why),
			"a part of its path would be . or ..: that leads to another place");
	} else if (!curl) {
		snprintf(f->why, sizeof(f->why), "libcurl could not be started");
	} else {
		prepare(curl, f, headers);
		CURLcode r = curl_easy_perform(curl);
		if (r == CURLE_OK)
			curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &f->status);
		else
			snprintf(f->why, sizeof(f->why), "%s", curl_easy_strerror(r));
		curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent);
		f->may_have = !f->status && sent > 0;
	}
	if (curl)
		curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
}

/* ---- the threads ---- */

static struct fetch *take(struct fetch_pool *pool)
{
	struct fetch *f;

	pthread_mutex_lock(&pool->lock);
	pool->idle++;
	while (!pool->first && !pool->stopping)
		pthread_cond_wait(&pool->wake, &pool->lock);
	pool->idle--;
	f = pool->first;
	if (f) {
		pool->waiting--;
		pool->first = f->next;
		if (!pool->first)
			pool->last = &pool->first;
	}
	pthread_mutex_unlock(&pool->lock);
	return f;
}

static void *work(void *arg)
{
	struct fetch_pool *pool = arg;
	struct fetch *f;

	pthread_setname_np(pthread_self(), "webhook");
	while ((f = take(pool))) {
		perform(f);
		f->done(f);
	}
	return NULL;
}

/* Signals belong to the loop's thread. */
static void start_thread(struct fetch_pool *pool)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&pool->threads[pool->started], NULL, work, pool) == 0)
		pool->started++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void curl_start(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct fetch_pool *fetch_pool_new(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct fetch_pool *pool = zeroed(sizeof(*pool));

	pthread_once(&once, curl_start);
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->wake, NULL);
	pool->last = &pool->first;
	return pool;
}

bool fetch_start(struct fetch_pool *pool, struct fetch *f)
{
	pthread_mutex_lock(&pool->lock);
	if (pool->idle <= pool->waiting && pool->started < FETCH_THREADS)
		start_thread(pool);
	bool can = pool->started > 0;
	if (can) {
		f->next = NULL;
		*pool->last = f;
		pool->last = &f->next;
		pool->waiting++;
		pthread_cond_signal(&pool->wake);
	}
	pthread_mutex_unlock(&pool->lock);
	return can;
}

void fetch_pool_free(struct fetch_pool **given)
{
	struct fetch_pool *pool = *given;

	*given = NULL;
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
	for (size_t i = 0; i < pool->started; i++)
		pthread_join(pool->threads[i], NULL);
	pthread_cond_destroy(&pool->wake);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}
