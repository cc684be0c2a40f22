/*
 * Reads the address of a Redis. Never connects. Called by store_new.
 */
#include "store/target.h"

#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "net/tls.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The percent-decoded text; NULL when an escape is broken or hides a NUL. */
static char *percent_decode(struct slice s)
{
	struct str out = { 0 };

	str_reserve(&out, 1);
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '%') {
			bool whole = s.n - i > 2;
			int high = whole ? hex_digit(s.p[i + 1]) : -1;
			int low = whole ? hex_digit(s.p[i + 2]) : -1;
			if (high < 0 || low < 0 || (high == 0 && low == 0)) {
				str_free(&out);
				return NULL;
			}
			c = (char)(high * 16 + low);
			i += 2;
		}
		str_add_char(&out, c);
	}
	return str_take(&out);
}

static int target_user(struct link_target *t, struct slice login, struct err *err)
{
	struct slice pass = login, user = slice_cut(&pass, ':');

	if (!pass.p)
		return err_set(err, EINVAL, "redis: a login is user:password@ or :password@");
	t->user = user.n ? percent_decode(user) : NULL;
	t->pass = percent_decode(pass);
	if (!t->pass || (user.n && !t->user))
		return err_set(err, EINVAL,
			"redis: a special character of the login is written %%XX (for @: %%40)");
	return 0;
}

/* "host", "host:port", "[::1]:port" → what conn_dial takes; *name: the host alone. */
static int target_host(struct link_target *t, struct slice host, char **name, struct err *err)
{
	size_t close = slice_starts(host, SLICE("[")) ? slice_find(host, ']') : 0;
	size_t colon = close;
	uint64_t port = 6379;

	while (colon < host.n && host.p[colon] != ':')
		colon++;
	if (colon == 0 || (close && close == host.n))
		return err_set(err, EINVAL, "redis: a host is missing: redis://HOST[:PORT][/DB]");
	if (colon < host.n &&
		(!slice_u64(slice_make(host.p + colon + 1, host.n - colon - 1), &port) ||
			port == 0 || port > 65535))
		return err_set(err, EINVAL, "redis: a port is 1 to 65535");
	struct slice bare = slice_make(host.p, colon);
	struct str dial = { 0 };
	str_addf(&dial, "%.*s:%llu", SLICE_ARG(bare), (unsigned long long)port);
	t->dial = str_take(&dial);
	*name = close ? slice_dup(slice_make(bare.p + 1, bare.n - 2)) : slice_dup(bare);
	return 0;
}

static int target_url(
	struct link_target *t, struct slice url, bool tls, const char *ca, struct err *err)
{
	struct slice db = url, host = slice_cut(&db, '/'), login = { NULL, 0 };
	char *name = NULL;

	for (size_t i = host.n; i-- > 0;)
		if (host.p[i] == '@') {
			login = slice_make(host.p, i);
			host = slice_make(host.p + i + 1, host.n - i - 1);
			break;
		}
	if (login.p) {
		int status = target_user(t, login, err);
		if (status)
			return status;
	}
	if (db.n && !slice_u64(db, &t->db))
		return err_set(err, EINVAL, "redis: after the / stands the number of a database");
	int status = target_host(t, host, &name, err);
	if (status == 0 && tls) {
		t->tls = tls_client_new(name, ca, err);
		status = t->tls ? 0 : -EINVAL;
	}
	free(name);
	return status;
}

static struct slice after(struct slice s, struct slice prefix)
{
	return slice_make(s.p + prefix.n, s.n - prefix.n);
}

int target_parse(struct link_target *t, const char *redis, const char *ca, struct err *err)
{
	struct slice s = slice_of(redis);

	*t = (struct link_target){ 0 };
	if (slice_starts(s, SLICE("unix:/"))) {
		t->dial = slice_dup(s);
		return 0;
	}
	if (slice_starts(s, SLICE("redis://")))
		return target_url(t, after(s, SLICE("redis://")), false, NULL, err);
	if (slice_starts(s, SLICE("rediss://")))
		return target_url(t, after(s, SLICE("rediss://")), true, ca, err);
	return err_set(err, EINVAL,
		"redis: expected managed, unix:/path, redis://host:port or rediss://host:port");
}

void target_free(struct link_target *t)
{
	free(t->dial);
	free(t->user);
	free(t->pass);
	free(t->client);
	tls_free(&t->tls);
	*t = (struct link_target){ 0 };
}
