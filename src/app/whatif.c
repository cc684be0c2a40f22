/*
 * The verb whatif: reads the journal, then runs the past again a slice at a time, so that the node goes on serving meanwhile.
 *
 *   options ─▶ journal, page by page ─▶ rerun_read ─▶ rerun_steps, a slice a turn of the loop ─▶ the answer
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/call.h"
#include "app/config.h"
#include "app/rerun.h"
#include "app/value.h"
#include "base/clock.h"
#include "model/limits.h"
#include "store/commit.h"

enum { SLICE_STEPS = 100, SLICE_US = 5000, TELL_US = 500000, SINCE_DEFAULT_S = 86400 };

struct whatif {
	struct control_call *call;
	struct config *was, *what_if;
	struct rerun *rerun;
	struct loop_timer *timer;
	uint64_t read_n, told_us;
};

static void whatif_end(struct whatif *w)
{
	struct control_call *c = w->call;

	c->node->what_if = false;
	rerun_free(&w->rerun);
	config_free(&w->was);
	config_free(&w->what_if);
	loop_timer_free(&w->timer);
	control_release(c);
}

static void whatif_fail(struct whatif *w, const char *why)
{
	control_error(w->call, CALL_REFUSED, "what-if: %s", why);
	whatif_end(w);
}

static bool tells_now(struct whatif *w)
{
	uint64_t now_us = clock_monotonic_us();

	if (now_us - w->told_us < TELL_US)
		return false;
	w->told_us = now_us;
	return true;
}

/* ---- running ---- */

static void on_slice(void *arg)
{
	struct whatif *w = arg;
	uint64_t began_us = clock_monotonic_us(), at_us;
	bool more = true;

	while (more && clock_monotonic_us() - began_us < SLICE_US)
		more = rerun_steps(w->rerun, SLICE_STEPS);
	if (!w->call->conn) { /* the asker left */
		whatif_end(w);
		return;
	}
	if (tells_now(w))
		control_progress(
			w->call, "running it again: %u %%", rerun_percent(w->rerun, &at_us));
	if (more) {
		loop_timer_set(w->timer, 1000);
		return;
	}
	rerun_json(w->rerun, &w->call->text);
	control_result(w->call, str_slice(&w->call->text), 0);
	whatif_end(w);
}

/* ---- reading ---- */

static bool on_events(
	void *arg, int status, const uint64_t *n, const struct event *events, size_t count)
{
	struct whatif *w = arg;
	struct err err = { "" };

	if (status != 0 || !w->call->conn) {
		whatif_fail(w, status ? strerror(-status) : "nobody listens");
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (n[i] != ++w->read_n)
			err_set(&err, EINVAL,
				"the journal has %" PRIu64 " where event %" PRIu64 " was: what it "
				"began with is "
				"no longer kept",
				n[i], w->read_n);
		else
			(void)rerun_read(w->rerun, &events[i], &err);
		if (err.text[0]) {
			whatif_fail(w, err.text);
			return false;
		}
	}
	if (count) {
		if (tells_now(w))
			control_progress(
				w->call, "reading the journal: %" PRIu64 " events", w->read_n);
		return true;
	}
	if (rerun_begin(w->rerun, &err) != 0) {
		whatif_fail(w, err.text);
		return false;
	}
	w->timer = loop_timer_new(w->call->node->loop, on_slice, w);
	loop_timer_set(w->timer, 1000);
	return false;
}

/* ---- options ---- */

/* "3h" ago, or a day in UTC: 2026-11-22. */
static bool since_parse(struct slice text, uint64_t now_us, uint64_t *out)
{
	enum { US = 1000000, DAY_S = 86400 };
	int64_t ago_s;
	int y, m, d;

	if (value_date(text, &y, &m, &d)) {
		/* days since 1970 of the civil calendar (Hinnant) */
		int64_t year = m <= 2 ? y - 1 : y, era = year / 400, of_era = year - era * 400;
		int64_t of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
		int64_t days =
			era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
		*out = days < 0 ? 0 : (uint64_t)days * DAY_S * US;
		return true;
	}
	if (!value_seconds(text, &ago_s) || ago_s < 0)
		return false;
	*out = (uint64_t)ago_s * US < now_us ? now_us - (uint64_t)ago_s * US : 0;
	return true;
}

/* Business hours are expanded around the stretch that is run again, not around now. */
static bool parse_configs(struct whatif *w, uint64_t since_us)
{
	struct node *n = w->call->node;
	struct slice text = control_option(w->call, "config");
	struct str problems = { 0 };

	w->was = config_parse(n->file, str_slice(&n->source), since_us, &problems);
	w->what_if = w->was ? config_parse(text.n ? "--config" : n->file,
				      text.n ? text : str_slice(&n->source), since_us, &problems)
			    : NULL;
	if (!w->what_if)
		control_error(w->call, CALL_REFUSED, "what-if: this configuration is refused:\n%s",
			problems.p ? problems.p : "");
	str_free(&problems);
	return w->what_if != NULL;
}

void verb_whatif(struct control_call *c)
{
	struct whatif *w = arena_alloc(&c->arena, sizeof(*w));
	struct slice since = control_option(c, "since"), agents = control_option(c, "agents");
	uint64_t now_us = loop_wall_us(c->node->loop);
	uint64_t since_us = now_us - SINCE_DEFAULT_S * UINT64_C(1000000);
	struct err err = { "" };

	if (since.n && !since_parse(since, now_us, &since_us)) {
		control_error(c, CALL_USAGE,
			"--since '%.*s': expected a span before now (90m, 36h, 7d) or a day in UTC "
			"(2026-11-22)",
			SLICE_ARG(since));
		return;
	}
	if (!agents.n && !control_option(c, "config").n) {
		control_error(c, CALL_USAGE,
			"whatif: --config FILE, --agents CHANGES or both: what should be "
			"different?");
		return;
	}
	if (c->node->what_if) {
		control_error(c, CALL_REFUSED, "what-if: another one is running; try again later");
		return;
	}
	c->node->what_if = true;
	w->call = control_hold(c);
	if (!parse_configs(w, since_us)) {
		whatif_end(w);
		return;
	}
	w->rerun = rerun_new(w->was, w->what_if, since_us, agents, WHATIF_BYTES_MAX, &err);
	if (!w->rerun) {
		control_error(c, CALL_USAGE, "%s", err.text);
		whatif_end(w);
		return;
	}
	journal_read(c->node->store, 0, on_events, w);
}
