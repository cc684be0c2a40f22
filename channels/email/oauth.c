/* See oauth.h. Called in the worker of a mailbox (box.c) and by its tests. */
#include "oauth.h"

#include <curl/curl.h>
#include <jansson.h>
#include <string.h>

enum {
	ANSWER_MAX = 65536,
	FETCH_TIMEOUT_S = 30,
	LIFE_S = 3600,	/* when the provider does not say */
	MARGIN_S = 300, /* fetched again so long before its end, or at half of a short life */
	ERROR_KEPT = 200
};

void oauth_init(struct oauth *o, const struct oauth_config *config, const char *kept)
{
	*o = (struct oauth){ .config = config };
	o->refresh = g_strdup(kept && *kept ? kept : config->refresh_token);
}

void oauth_clear(struct oauth *o)
{
	g_free(o->refresh);
	g_free(o->access);
	*o = (struct oauth){ 0 };
}

static bool is_local(const char *url)
{
	return g_str_has_prefix(url, "http://127.") || g_str_has_prefix(url, "http://localhost:") ||
	       g_str_has_prefix(url, "http://[::1]");
}

const char *oauth_refusal(const struct oauth_config *config)
{
	if (!*config->url)
		return NULL;
	if (!g_str_has_prefix(config->url, "https://") && !is_local(config->url))
		return "oauth_url: write it as https://...; tokens do not travel in the clear";
	if (!*config->refresh_token || !*config->client_id)
		return "oauth_url: oauth_client_id and oauth_refresh_token are needed with it";
	return NULL;
}

void oauth_forget(struct oauth *o)
{
	g_free(o->access);
	o->access = NULL;
}

/* --- asking */

static size_t on_answer(char *p, size_t size, size_t count, void *arg)
{
	GString *answer = arg;

	if (answer->len + size * count > ANSWER_MAX)
		return 0;
	g_string_append_len(answer, p, (gssize)(size * count));
	return size * count;
}

static void field_add(CURL *curl, GString *form, const char *name, const char *value)
{
	char *escaped;

	if (!value || !*value)
		return;
	escaped = curl_easy_escape(curl, value, 0);
	g_string_append_printf(form, "%s%s=%s", form->len ? "&" : "", name, escaped);
	curl_free(escaped);
}

/* The answer's bytes, or NULL; the status in *status. */
static GString *ask(const struct oauth *o, long *status, GString *why)
{
	const struct oauth_config *c = o->config;
	CURL *curl = curl_easy_init();
	GString *form = g_string_new(NULL), *answer = g_string_new(NULL);
	CURLcode r;

	field_add(curl, form, "grant_type", "refresh_token");
	field_add(curl, form, "refresh_token", o->refresh);
	field_add(curl, form, "client_id", c->client_id);
	field_add(curl, form, "client_secret", c->client_secret);
	field_add(curl, form, "scope", c->scope);
	curl_easy_setopt(curl, CURLOPT_URL, c->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, is_local(c->url) ? "http" : "https");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)FETCH_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form->str);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)form->len);
	if (*c->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, c->ca_file);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	r = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
	curl_easy_cleanup(curl);
	g_string_free(form, TRUE);
	if (r == CURLE_OK)
		return answer;
	g_string_append_printf(why, "no access token: %s", curl_easy_strerror(r));
	g_string_free(answer, TRUE);
	return NULL;
}

static void refresh_take(struct oauth *o, const char *given)
{
	if (!given || !*given || strcmp(given, o->refresh) == 0)
		return;
	g_free(o->refresh);
	o->refresh = g_strdup(given);
	o->refresh_new = true;
}

static void answer_read(struct oauth *o, long status, const GString *answer, GString *why)
{
	json_t *json = json_loadb(answer->str, answer->len, JSON_REJECT_DUPLICATES, NULL);
	const char *token = json_string_value(json_object_get(json, "access_token"));
	const char *error = json_string_value(json_object_get(json, "error"));
	json_int_t life = json_integer_value(json_object_get(json, "expires_in"));

	if (status != 200 || !token || !*token) {
		g_string_append_printf(why, "no access token: the provider answered %ld %.*s",
			status, ERROR_KEPT, error ? error : "without one");
	} else {
		life = life > 0 && life < 86400 * 365 ? life : LIFE_S;
		o->access = g_strdup(token);
		o->ends_us = g_get_monotonic_time() +
			     (life > 2 * MARGIN_S ? life - MARGIN_S : life / 2) * G_USEC_PER_SEC;
		refresh_take(o, json_string_value(json_object_get(json, "refresh_token")));
	}
	json_decref(json);
}

const char *oauth_token(struct oauth *o, GString *why)
{
	GString *answer;
	long status = 0;

	if (o->access && g_get_monotonic_time() < o->ends_us)
		return o->access;
	oauth_forget(o);
	answer = ask(o, &status, why);
	if (!answer)
		return NULL;
	answer_read(o, status, answer, why);
	g_string_free(answer, TRUE);
	return o->access;
}
