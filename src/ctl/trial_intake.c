/*
 * The way in: a message that the plugin understands comes, again and again, while usher is well, slow, away or unwilling. Called by trial.c through the table
 * of cases.
 */
#include <stdio.h>
#include <string.h>

#include "ctl/trial.h"

enum { PATIENCE_MS = 5000, MANY = 40 };

#define NEEDS_SAMPLE(t)                                                                            \
	if (!(t)->note->sample) {                                                                  \
		trial_skip(t, "nothing that it delivers is known: give it one with --post, "       \
			      "--lines or --socket");                                              \
		return;                                                                            \
	}

void case_intake(struct trial *t)
{
	struct usher_host *h = trial_opened(t);
	struct trial_note *note = t->note;

	if (!h)
		return;
	for (size_t i = 0; i < t->sample_count && !note->sample; i++) {
		if (!sample_fits(h, &t->samples[i]))
			continue;
		sample_give(h, &t->samples[i]);
		if (trial_run(h, t->samples[i].way == SAMPLE_ITSELF ? PATIENCE_MS : 500,
			    trial_delivered)) {
			note->sample = (int)i + 1;
			memcpy(note->sample_dedup, h->deliveries[0].dedup, TRIAL_KEY);
		}
	}
	if (note->sample)
		snprintf(note->what, sizeof(note->what), "a message came in (%s)",
			sample_name(&t->samples[note->sample - 1]));
	else
		snprintf(note->what, sizeof(note->what),
			"none of the samples became a message: give it one with --post, --lines "
			"or --socket");
	note->skipped = !note->sample;
	trial_end_all(h);
	trial_close(h);
}

static bool is_good(const struct usher_http *r)
{
	return r && r->status >= 200 && r->status <= 399; /* a page to go to is good news, too */
}

void case_disk(struct trial *t)
{
	struct usher_http *r;

	NEEDS_SAMPLE(t);
	struct usher_host *h = trial_opened(t);
	h->held = true;
	if (!sample_deliver(h, &r)) {
		trial_wrong(h, "the sample was delivered once and is not any more");
		return;
	}
	trial_run(h, 500, NULL);
	if (is_good(r))
		trial_wrong(h, "it told the sender %d before the message was on disk", r->status);
	size_t early = h->told;
	trial_release(h);
	trial_run(h, r ? PATIENCE_MS : 300, requests_over);
	if (early > h->told_before && h->told == early)
		trial_wrong(h,
			"it told the sender \"%s\" before the message was on disk, and "
			"nothing after",
			h->answer);
	memcpy(t->note->success, h->answer, ANSWER_MAX);
	if (r && !r->over)
		trial_wrong(h, "the message is on disk and the sender was never answered");
	else if (r && !is_good(r))
		trial_wrong(h, "the message is on disk and the sender was told %d", r->status);
	trial_close(h);
	snprintf(t->note->what, sizeof(t->note->what), "no success told before ack");
}

void case_duplicate(struct trial *t)
{
	struct usher_http *r;

	NEEDS_SAMPLE(t);
	struct usher_host *h = trial_opened(t);
	h->outcome = USHER_DUPLICATE;
	if (!sample_deliver(h, &r))
		return;
	trial_run(h, 500, NULL);
	if (r && !is_good(r))
		trial_wrong(h, "a duplicate is a success; it told the sender %d", r->status);
	const struct trial_sample *s = &t->samples[t->note->sample - 1];
	bool again = sample_repeat(h, s);
	if (again && h->delivery_count > 1 &&
		strcmp(h->deliveries[0].dedup, h->deliveries[1].dedup) != 0)
		trial_wrong(h, "the same message, said again on the same socket, has another "
			       "dedup: "
			       "it is doubled");
	if (!again && strcmp(h->deliveries[0].dedup, t->note->sample_dedup) != 0)
		trial_warn(h, "the same message, sent again after its ack was lost, has another "
			      "dedup: "
			      "a sender that repeats is doubled (fine only if it never does)");
	trial_close(h);
	snprintf(t->note->what, sizeof(t->note->what),
		"the same again, by a plugin that was started anew");
}

/* On a stream or a socket: what its sender hears is as when all is well. */
static void tell_of_same_answer(struct usher_host *h, const char *what)
{
	const char *success = h->t->note->success;

	if (success[0] && strcmp(h->answer, success) == 0)
		trial_wrong(h, "usher %s, yet the sender was told \"%s\" as for success", what,
			success);
}

void case_away(struct trial *t)
{
	struct usher_http *r;

	NEEDS_SAMPLE(t);
	struct usher_host *h = trial_opened(t);
	h->outcome = h->store = USHER_RETRY;
	int sample = t->note->sample;
	r = sample_give(h, &t->samples[sample - 1]);
	trial_run(h, 2000, requests_over);
	tell_of_same_answer(h, "could not store it");
	bool again =
		h->delivery_count > 1 &&
		strcmp(h->deliveries[0].dedup, h->deliveries[h->delivery_count - 1].dedup) == 0;
	if (is_good(r) && !again)
		trial_wrong(h, "usher could not store it, yet the sender was told %d: it is lost",
			r->status);
	if (r && !r->over && !again)
		trial_wrong(h, "usher could not store it and the sender hears nothing");
	trial_end_all(h);
	trial_close(h);
	snprintf(t->note->what, sizeof(t->note->what),
		again ? "it delivered again with the same dedup"
		      : "the sender was told to come again");
}

void case_refused(struct trial *t)
{
	struct usher_http *r;

	NEEDS_SAMPLE(t);
	struct usher_host *h = trial_opened(t);
	h->outcome = USHER_FAIL;
	sample_deliver(h, &r);
	trial_run(h, 500, NULL);
	tell_of_same_answer(h, "refused it for good");
	if (is_good(r))
		trial_wrong(h, "usher refused it for good, yet the sender was told %d", r->status);
	trial_end_all(h);
	trial_close(h);
	snprintf(t->note->what, sizeof(t->note->what), "a message that usher refuses");
}

void case_slow_host(struct trial *t)
{
	NEEDS_SAMPLE(t);
	struct usher_host *h = trial_opened(t);
	h->held = true;
	for (int i = 0; i < MANY; i++)
		sample_give(h, &t->samples[t->note->sample - 1]);
	trial_run(h, 300, NULL);
	size_t waiting = h->delivery_count;
	trial_release(h);
	trial_run(h, PATIENCE_MS / 5, requests_over);
	LIST_FOR (r, &h->requests, struct usher_http, node)
		if (!r->over) {
			trial_wrong(h, "a request was never answered after usher had been slow");
			break;
		}
	trial_end_all(h);
	trial_close(h);
	snprintf(t->note->what, sizeof(t->note->what), "%d at once, %zu delivered and waiting",
		MANY, waiting);
}

void case_left(struct trial *t)
{
	struct usher_http *r;

	NEEDS_SAMPLE(t);
	struct usher_host *h = trial_opened(t);
	h->held = true;
	sample_deliver(h, &r);
	trial_end_all(h); /* everybody leaves between delivery and ack */
	trial_release(h);
	trial_run(h, 300, NULL);
	h->held = true;
	sample_deliver(h, &r);
	trial_close(h); /* closed with deliveries under way; acks come while it is closing */
	trial_end_all(h);
	snprintf(t->note->what, sizeof(t->note->what),
		"senders leave, and the channel closes, before ack");
}
