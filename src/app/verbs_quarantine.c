/*
 * The verb quarantine: what came and could not be understood. It is shown, its source is printed, and the plugin it came through is asked
 * to read it again. Decides nothing: a mail that is understood now comes in as any other. Called by control.c.
 */
#include <errno.h>
#include <string.h>

#include "app/call.h"
#include "base/log.h"
#include "base/utf8.h"
#include "host/host.h"
#include "store/blob.h"
#include "store/dead.h"

enum { LIST_MAX = 1000, SOURCE_SHOWN = 65536 };

static void failed(struct control_call *c, int status)
{
	control_error(c, CALL_REFUSED, "Redis did not answer: %s", strerror(-status));
	control_release(c);
}

/* ---- list ---- */

static void on_list(void *arg, int status, const struct held *held, size_t count, uint64_t all)
{
	struct control_call *c = arg;
	struct str *out = &c->text;

	if (status) {
		failed(c, status);
		return;
	}
	str_addf(out, "{\"quarantined\":%llu,\"messages\":[", (unsigned long long)all);
	for (size_t i = 0; i < count; i++) {
		const struct held *q = &held[i];
		str_addf(out, "%s{\"seq\":%llu,\"since_ms\":%llu", i ? "," : "",
			(unsigned long long)q->seq, (unsigned long long)(q->en.at_us / 1000));
		json_id(out, "id", q->message);
		json_id(out, "conv", q->conv);
		json_text(out, "channel", q->channel);
		json_text(out, "from", q->en.address);
		json_text(out, "subject", q->en.subject);
		json_text(out, "why", q->en.quarantine);
		str_add_char(out, '}');
	}
	str_add_text(out, "]}");
	control_result(c, str_slice(out), 0);
	control_release(c);
}

/* ---- show ---- */

static void on_source(void *arg, int status, struct slice bytes)
{
	struct control_call *c = arg;
	struct str clean = { 0 };

	if (status) {
		failed(c, status);
		return;
	}
	utf8_clean(&clean, slice_make(bytes.p, bytes.n < SOURCE_SHOWN ? bytes.n : SOURCE_SHOWN));
	str_addf(&c->text, "{\"bytes\":%zu", bytes.n);
	json_text(&c->text, "source", str_slice(&clean));
	str_add_char(&c->text, '}');
	str_free(&clean);
	control_result(c, str_slice(&c->text), 0);
	control_release(c);
}

/* ---- retry ---- */

static void on_reread(void *arg, int status, struct slice why)
{
	struct control_call *c = arg;

	if (status) {
		control_error(c, CALL_REFUSED, "%s%.*s",
			status == -EBADMSG ? "it still cannot be understood: " : "",
			SLICE_ARG(why));
	} else {
		str_add_text(&c->text, "{\"understood\":");
		str_add_json(&c->text, why);
		str_add_char(&c->text, '}');
		control_result(c, str_slice(&c->text), 0);
	}
	control_release(c);
}

static void on_one(void *arg, int status, const struct held *held, size_t count, uint64_t all)
{
	struct control_call *c = arg;

	(void)all;
	if (status) {
		failed(c, status);
	} else if (!count) {
		control_error(c, CALL_REFUSED,
			"%.*s is not in quarantine: usherctl quarantine lists what is",
			SLICE_ARG(c->args[1]));
		control_release(c);
	} else if (slice_is(c->args[0], "show")) {
		blob_get(c->node->store, held[0].en.raw, on_source, c);
	} else {
		log_info(
			"control", "quarantined message read again id=%.*s", SLICE_ARG(c->args[1]));
		host_reread(c->node->host, held[0].channel, held[0].en.raw, held[0].place,
			on_reread, c);
	}
}

void verb_quarantine(struct control_call *c)
{
	struct id only = { 0 };
	bool one = c->arg_count == 2 && (slice_is(c->args[0], "show") || slice_is(c->args[0], "retr"
											      "y"));

	if (!one && !(c->arg_count == 0 || (c->arg_count == 1 && slice_is(c->args[0], "list"))))
		control_error(c, CALL_USAGE, "quarantine: expected list, show ID or retry ID");
	else if (one && !id_parse(c->args[1], &only))
		control_error(c, CALL_REFUSED, "'%.*s' is no message's id", SLICE_ARG(c->args[1]));
	else
		quarantine_read(
			c->node->store, only, LIST_MAX, one ? on_one : on_list, control_hold(c));
}
