/*
 * Recovery: lease → cursor → snapshot → journal after it → routing. Events are applied, never decided again. What was
 * in flight when the node died is either in the journal (then it happened) or still in the inbox (then it comes again).
 */
#include <errno.h>

#include "base/assert.h"
#include "base/log.h"
#include "router/private.h"

static void failed(struct router *r, const char *what, int status)
{
	log_warn("router", "recovery stopped at=%s status=%d", what, status);
	router_fail(r, what);
}

static void recovered(struct router *r)
{
	ASSERT(r->engine != NULL);
	r->state = ROUTER_LEADING;
	r->counts.recoveries++;
	r->counts.journal_n = r->journal_n;
	r->counts.push_n = r->push_n;
	r->glance.due_us = UINT64_MAX;
	r->away_us = 0;
	log_info("router", "routing epoch=%llu journal=%llu", (unsigned long long)r->epoch,
		(unsigned long long)r->journal_n);
	router_follow(r);
	router_wake(r);
	if (r->ops->leads)
		r->ops->leads(r->arg);
}

static bool journal_batch(
	void *arg, int status, const uint64_t *n, const struct event *events, size_t count)
{
	struct router *r = arg;
	struct err err = { "" };
	if (r->state != ROUTER_RECOVERING)
		return false;
	if (status) {
		failed(r, "the journal could not be read", status);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		int rc = engine_apply(r->engine, &events[i], &err);
		if (rc) {
			log_error("router", "journal n=%llu does not fit: %s",
				(unsigned long long)n[i], err.text);
			failed(r, "the journal is damaged: run usherctl verify", rc);
			return false;
		}
		r->journal_n = n[i];
	}
	if (count == 0) {
		recovered(r);
		return false;
	}
	if (r->journal_n % 100000 < count)
		log_info("router", "replaying journal=%llu", (unsigned long long)r->journal_n);
	return true;
}

static void snapshot_came(void *arg, int status, uint64_t n, struct slice saved)
{
	struct router *r = arg;
	struct err err = { "" };
	if (r->state != ROUTER_RECOVERING)
		return;
	if (status && status != -ENOENT) {
		failed(r, "the snapshot could not be read", status);
		return;
	}
	if (status == 0) {
		r->engine = engine_load(r->config, saved, &err);
		if (!r->engine) {
			log_error("router", "snapshot cannot be loaded: %s", err.text);
			failed(r, "the snapshot cannot be loaded", -EBADMSG);
			return;
		}
	} else {
		n = 0;
		r->engine = engine_new(r->config);
	}
	r->journal_n = r->snapshot_n = n;
	r->snapshot_bytes = saved.n;
	journal_read(r->store, n, journal_batch, r);
}

static void cursor_came(void *arg, int status, const struct cursor *cur)
{
	struct router *r = arg;
	if (r->state != ROUTER_RECOVERING)
		return;
	if (status) {
		failed(r, "the cursor could not be read", status);
		return;
	}
	r->inbox_after = cur->inbox;
	r->push_n = cur->push_n;
	snapshot_read(r->store, snapshot_came, r);
}

static void lease_taken(void *arg, int status, uint64_t epoch)
{
	struct router *r = arg;
	if (r->state != ROUTER_TAKING)
		return;
	if (status) {
		router_fail(r, status == -EPERM || status == -EBUSY ? "another node routes this "
								      "domain"
								    : "the lease could not be "
								      "taken");
		return;
	}
	r->epoch = epoch;
	r->state = ROUTER_RECOVERING;
	cursor_read(r->store, cursor_came, r);
}

static void lease_lost(void *arg, const char *why)
{
	struct router *r = arg;
	if (r->state != ROUTER_WAITING)
		router_fail(r, why);
}

void recover_start(struct router *r)
{
	ASSERT(r->state == ROUTER_WAITING);
	r->state = ROUTER_TAKING;
	lease_take(r->store, lease_taken, lease_lost, r);
}
