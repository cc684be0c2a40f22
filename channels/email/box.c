/*
 * See box.h. Called by email.c and intake.c.
 *
 *   recall cursor ──▶ look ──▶ fetch ──▶ intake.c: raw blob, parse, deliver ──ack──▶ mark or move ──▶ remember cursor
 *                      ▲  │      ▲                                     │                                   │
 *                      │  │      └───── not now: again in AGAIN_US ◀───┘                                   │
 *                      │  └── nothing new ──▶ wait every_s                  the next of the list ◀─────────┘
 *                      └──────────────────────────┘
 *
 * The cursor is "UIDVALIDITY UID" of the last mail that is done with. It moves after the mark, so whatever dies in between,
 * a mail is fetched again, recognised by its dedup id, and marked. A folder that cannot be written to (a wrong move_to) is
 * trouble that is told, but does not hold up mails.
 *
 * Trouble: told at the first failure (channel down, with the reason), tried again after every_s, then twice as long, at most
 * WAIT_MAX_S; gone with the first success.
 */
#include "box_private.h"

#include "envelope.h"

enum {
	AGAIN_US = 2000000,
	WAIT_MAX_S = 900,
	TRIES_MAX = 3, /* of one mail that the server lists and does not give */
	WIDER = 8      /* the size of a mail that a person wants read again */
};

static void box_next(struct box *b);
static bool wanted_next(struct box *b);
static void recall_next(struct box *b);

/* --- all of a channel's */

static void box_free(struct box *b)
{
	worker_stop(&b->worker);
	imap_free(b->imap);
	box_config_free(b);
	g_array_unref(b->found);
	g_byte_array_unref(b->bytes);
	g_string_free(b->why, TRUE);
	g_free(b->missing);
	g_free(b->trouble);
	g_free(b->mark_trouble);
	g_free(b->sender);
	g_free(b->refresh);
	if (b->rcpts)
		g_ptr_array_unref(b->rcpts);
	g_free(b);
}

static struct box *box_new(struct email *e, unsigned n, char *why, size_t why_size)
{
	struct box *b = g_new0(struct box, 1);
	const char *refusal;

	b->email = e;
	b->found = g_array_new(FALSE, FALSE, sizeof(struct imap_mail));
	b->bytes = g_byte_array_new();
	b->why = g_string_new(NULL);
	worker_init(&b->worker, "email-imap");
	refusal = box_config_read(b, n);
	if (!refusal)
		return b;
	g_snprintf(why, why_size, "imap.%u.%s", n, refusal);
	box_free(b);
	return NULL;
}

bool boxes_open(struct email *e, char *why, size_t why_size)
{
	e->boxes = g_ptr_array_new();
	for (unsigned n = 0;; n++) {
		char name[32];
		struct box *b;
		g_snprintf(name, sizeof(name), "imap.%u.url", n);
		if (!e->services->option(e->host, name).n)
			return true;
		b = box_new(e, n, why, why_size);
		if (!b)
			return false;
		g_ptr_array_add(e->boxes, b);
	}
}

void boxes_free(struct email *e)
{
	for (guint i = 0; e->boxes && i < e->boxes->len; i++)
		box_free(g_ptr_array_index(e->boxes, i));
	if (e->boxes)
		g_ptr_array_unref(e->boxes);
	e->boxes = NULL;
}

/* --- waiting */

static void box_wait(struct box *b, uint64_t us)
{
	b->busy = false;
	if (b->stopping) {
		email_settle(b->email);
		return;
	}
	if (!wanted_next(b))
		services(b)->timer_set(b->timer, us);
}

static bool is_stopping(struct box *b)
{
	if (b->stopping)
		box_wait(b, 0);
	return b->stopping;
}

static void say(struct box *b, enum usher_level level, const char *words, const char *more)
{
	char *line =
		g_strdup_printf("imap %s %s: %s%s", b->config.user, b->config.folder, words, more);

	services(b)->log(b->email->host, level, line);
	g_free(line);
}

/* At the first failure; the same again says nothing. */
static void trouble_set(struct box *b, char **trouble, const char *why)
{
	bool same = why ? *trouble && strcmp(*trouble, why) == 0 : !*trouble;

	if (same)
		return;
	if (why)
		say(b, USHER_WARN, why, "");
	else
		say(b, USHER_INFO, "well again", "");
	g_free(*trouble);
	*trouble = g_strdup(why);
	email_state(b->email);
}

static void box_failed(struct box *b)
{
	uint64_t wait_s = (uint64_t)b->every_s << MIN(b->failures, 10u);

	if (b->stopping) { /* cut off by ourselves: no trouble of the server's */
		box_wait(b, 0);
		return;
	}
	trouble_set(b, &b->trouble, b->why->str);
	b->failures++;
	box_wait(b, MIN(wait_s, (uint64_t)MAX(WAIT_MAX_S, b->every_s)) * 1000000);
}

static void box_well(struct box *b)
{
	b->failures = 0;
	b->good_us = services(b)->now_us(b->email->host);
	trouble_set(b, &b->trouble, NULL);
}

/* --- the worker's half */

static const struct imap_mail *mail_at(const struct box *b)
{
	return &g_array_index(b->found, struct imap_mail, b->at);
}

static void job_done(void *arg);

static void job_envelope(struct box *b)
{
	const char *raw = (const char *)b->bytes->data;

	g_free(b->sender);
	b->sender = envelope_sender(raw, b->bytes->len);
	if (b->rcpts)
		g_ptr_array_unref(b->rcpts);
	b->rcpts = envelope_tokens(raw, b->bytes->len, b->mailbox);
	g_ptr_array_add(b->rcpts, g_strdup(b->mailbox));
}

static uint64_t job_size_max(const struct box *b)
{
	uint64_t size_max = b->email->lmtp.size_max;

	return b->asked ? MIN(size_max * WIDER, (uint64_t)SIZE_MOST) : size_max;
}

static void job_run(void *arg)
{
	struct box *b = arg;
	const char *refresh;

	g_string_truncate(b->why, 0);
	switch (b->step) {
	case STEP_LOOK:
		b->result = imap_look(b->imap, &b->job_validity, b->uid, b->found, b->why);
		break;
	case STEP_FETCH:
	case STEP_HEADERS:
		b->result = imap_fetch(b->imap, b->job_validity, b->job_uid,
			b->step == STEP_HEADERS, job_size_max(b), b->bytes, b->why);
		if (b->result == IMAP_OK)
			job_envelope(b);
		break;
	case STEP_MARK:
		b->result = imap_mark(b->imap, b->job_validity, b->job_uid, b->why);
		break;
	}
	refresh = imap_refresh_token(b->imap);
	if (refresh) {
		g_free(b->refresh);
		b->refresh = g_strdup(refresh);
	}
	services(b)->post(b->email->host, job_done, b);
}

static void job_push(struct box *b, enum step step)
{
	b->step = step;
	b->job_validity = b->asked ? b->asked->validity : b->validity;
	b->job_uid = b->asked ? b->asked->uid : b->at < b->found->len ? mail_at(b)->uid : 0;
	if (worker_push(&b->worker, job_run, b))
		return;
	g_string_assign(b->why, "no thread to read it with");
	b->result = IMAP_AWAY;
	if (b->asked)
		job_done(b);
	else
		box_failed(b);
}

/* --- a list, one mail after another */

static void box_look(struct box *b)
{
	b->busy = true;
	if (!is_stopping(b))
		job_push(b, STEP_LOOK);
}

static void box_timer(void *arg)
{
	struct box *b = arg;

	if (b->known)
		box_look(b);
	else
		recall_next(b);
}

/* Takes `why`. */
static void missing_set(struct box *b, char *why)
{
	g_free(b->missing);
	b->missing = why;
}

static void box_looked(struct box *b)
{
	if (b->result != IMAP_OK) {
		box_failed(b);
		return;
	}
	if (b->job_validity != b->validity) {
		if (b->validity)
			say(b, USHER_WARN,
				"the mailbox is another one now (UIDVALIDITY): it is read from its "
				"first mail",
				"");
		b->validity = b->job_validity;
		b->uid = 0;
	}
	box_well(b);
	b->at = 0;
	missing_set(b, NULL);
	box_next(b);
}

static void box_next(struct box *b)
{
	if (is_stopping(b))
		return;
	if (b->at >= b->found->len) {
		/* A full list has more behind it. */
		box_wait(b, b->found->len >= IMAP_LIST_MAX ? 1 : (uint64_t)b->every_s * 1000000);
		return;
	}
	if (mail_refusal(b->email, false)) {
		box_wait(b, AGAIN_US);
		return;
	}
	if (wanted_next(b))
		return;
	job_push(b, mail_at(b)->size > b->email->lmtp.size_max ? STEP_HEADERS : STEP_FETCH);
}

/* What the cursor says is done with: on disk or not, no mail behind it is asked for again by this process. */
static void box_advance(struct box *b)
{
	char value[32];

	b->uid = mail_at(b)->uid;
	b->at++;
	missing_set(b, NULL);
	g_snprintf(value, sizeof(value), "%u %u", b->validity, b->uid);
	services(b)->remember(b->email->host, str_of(b->key), str_of(value),
		email_token(b->email, (struct op){ .kind = OP_BOX, .box = b }));
}

/* --- what is not here whole */

static void missing_too_large(struct box *b)
{
	char *why = g_strdup_printf("it has %" G_GUINT64_FORMAT " bytes, at most "
				    "%" G_GUINT64_FORMAT " are taken: only its headers are here, "
				    "the whole is in the "
				    "mailbox (UID %u)",
		mail_at(b)->size, b->email->lmtp.size_max, b->job_uid);
	missing_set(b, why);
}

/*
 * Listed and not given: taken away by somebody since, then the next list is without it; or the server cannot read it, or its bytes
 * never come, then it stands there again. After some tries its headers, or a note of it, are shown instead: nothing is passed over in
 * silence, nothing waits behind it for ever.
 */
static void box_not_given(struct box *b)
{
	b->tries = b->tried_uid == b->job_uid ? b->tries + 1 : 1;
	b->tried_uid = b->job_uid;
	if (b->tries < TRIES_MAX) {
		if (b->result == IMAP_AWAY)
			box_failed(b);
		else
			box_wait(b, AGAIN_US);
		return;
	}
	char *why = g_strdup_printf("its server did not give it in %u tries: %s; it stays in the "
				    "mailbox (UID %u)",
		b->tries, b->why->str, b->job_uid);
	missing_set(b, why);
	job_push(b, STEP_HEADERS);
}

/* What is here of it, with the way back to it. */
static void note_make(struct box *b)
{
	struct left left = { .validity = b->validity, .uid = b->job_uid };

	left_box(left.box, b->key);
	if (b->result != IMAP_OK) {
		g_byte_array_set_size(b->bytes, 0);
		job_envelope(b);
	}
	left_write(b->bytes, &left, &b->email->parse.key);
}

/* --- fetched, stored, marked */

static void box_deliver(struct box *b)
{
	b->mail = mail_new(b->email, NULL, b->sender, b->rcpts);
	if (!b->mail) {
		box_wait(b, AGAIN_US);
		return;
	}
	if (b->missing)
		note_make(b);
	mail_of_box(b->mail, b, b->bytes, b->missing, b->asked ? &b->asked->of : NULL);
	b->bytes = g_byte_array_new();
}

static void box_fetched(struct box *b)
{
	bool not_given = b->result == IMAP_NOT_GIVEN || b->result == IMAP_AWAY;

	if (b->stopping || b->result == IMAP_REFUSED) {
		box_failed(b);
	} else if (not_given && !b->missing) {
		box_not_given(b);
	} else {
		if (b->step == STEP_HEADERS && !b->missing)
			missing_too_large(b);
		box_deliver(b);
	}
}

static void asked_answered(struct box *b, enum usher_outcome outcome);

void box_answered(struct box *b, enum usher_outcome outcome, const char *why)
{
	b->mail = NULL;
	if (b->asked) {
		asked_answered(b, outcome);
		return;
	}
	if (outcome == USHER_RETRY || outcome == USHER_UNSURE) {
		say(b, USHER_INFO, "not taken now: ", why);
		box_wait(b, AGAIN_US);
		return;
	}
	if (outcome == USHER_FAIL)
		say(b, USHER_WARN, "a mail was refused for good and is left unmarked: ", why);
	else
		b->taken++;
	b->left += b->missing != NULL;
	/* A mail that is not here whole, or not at all, stays as it is. */
	if (outcome == USHER_FAIL || b->missing)
		box_advance(b);
	else if (!is_stopping(b))
		job_push(b, STEP_MARK);
}

static void asked_end(struct box *b);

static void box_marked(struct box *b)
{
	if (b->result != IMAP_AWAY)
		trouble_set(b, &b->mark_trouble, b->result == IMAP_REFUSED ? b->why->str : NULL);
	if (b->asked)
		asked_end(b);
	else if (b->result == IMAP_AWAY) /* fetched again, known by its dedup id, and marked */
		box_failed(b);
	else
		box_advance(b);
}

/* --- a mail that a person wants */

static void wanted_free(struct wanted *w)
{
	g_free(w->of.raw);
	g_free(w->of.of);
	g_free(w);
}

static void wanted_refuse(
	struct box *b, const struct wanted *w, enum usher_outcome outcome, const char *why)
{
	services(b)->reread_done(b->email->host, w->of.token, outcome, str_of(why));
}

static void asked_end(struct box *b)
{
	wanted_free(b->asked);
	b->asked = NULL;
	box_wait(b, AGAIN_US);
}

/* True: one is being fetched. */
static bool wanted_next(struct box *b)
{
	b->asked = b->known && !b->stopping ? g_queue_pop_head(&b->wanted) : NULL;
	if (!b->asked)
		return false;
	b->busy = true;
	job_push(b, STEP_FETCH);
	return true;
}

static void asked_fetched(struct box *b)
{
	bool again = b->result == IMAP_OK || b->result == IMAP_AWAY || b->stopping;

	if (b->result == IMAP_OK && !mail_refusal(b->email, false)) {
		char what[64];
		g_snprintf(what, sizeof(what), "UID %u, %u bytes", b->job_uid, b->bytes->len);
		say(b, USHER_INFO, "fetched again: ", what);
		b->mail = mail_new(b->email, NULL, b->sender, b->rcpts);
		if (b->mail) {
			mail_of_box(b->mail, b, b->bytes, NULL, &b->asked->of);
			b->bytes = g_byte_array_new();
			return;
		}
	}
	wanted_refuse(b, b->asked, again ? USHER_RETRY : USHER_FAIL,
		b->result == IMAP_OK ? "busy, try again later" : b->why->str);
	asked_end(b);
}

/* Its own answer (reread_done) is the mail's. */
static void asked_answered(struct box *b, enum usher_outcome outcome)
{
	if (outcome == USHER_OK || outcome == USHER_DUPLICATE)
		job_push(b, STEP_MARK);
	else
		asked_end(b);
}

bool boxes_again(struct email *e, const struct left *left, const struct reread *of)
{
	for (guint i = 0; i < e->boxes->len; i++) {
		struct box *b = g_ptr_array_index(e->boxes, i);
		char name[LEFT_BOX_LEN + 1];
		left_box(name, b->key);
		if (strcmp(name, left->box) != 0 || b->stopping)
			continue;
		struct wanted *w = g_new0(struct wanted, 1);
		*w = (struct wanted){ left->validity, left->uid,
			{ g_strdup(of->raw), g_strdup(of->of), of->token } };
		g_queue_push_tail(&b->wanted, w);
		if (b->known && !b->busy) {
			services(b)->timer_clear(b->timer);
			wanted_next(b);
		}
		return true;
	}
	return false;
}

static void wanted_drop_all(struct box *b)
{
	struct wanted *w;

	while ((w = g_queue_pop_head(&b->wanted)) != NULL) {
		wanted_refuse(b, w, USHER_RETRY, "the channel is closing");
		wanted_free(w);
	}
}

static void job_done(void *arg)
{
	struct box *b = arg;

	if (b->refresh) {
		char *key = g_strconcat("oauth ", b->key, " ", b->config.oauth.refresh_token, NULL);
		services(b)->remember(b->email->host, str_of(key), str_of(b->refresh),
			email_token(b->email, (struct op){ .kind = OP_NOBODY }));
		g_free(key);
		g_free(b->refresh);
		b->refresh = NULL;
	}
	switch (b->step) {
	case STEP_LOOK:
		box_looked(b);
		break;
	case STEP_FETCH:
	case STEP_HEADERS:
		if (b->asked)
			asked_fetched(b);
		else
			box_fetched(b);
		break;
	case STEP_MARK:
		box_marked(b);
		break;
	}
}

/* --- what is remembered */

void box_remembered(struct box *b, enum usher_outcome outcome)
{
	/* A cursor that was not kept costs a mail fetched twice after a restart. */
	(void)outcome;
	box_next(b);
}

static void recall_next(struct box *b)
{
	char *key = b->asking == 0 ? g_strdup(b->key)
				   : g_strconcat("oauth ", b->key, " ",
					     b->config.oauth.refresh_token, NULL);

	b->busy = true;
	services(b)->recall(b->email->host, str_of(key),
		email_token(b->email, (struct op){ .kind = OP_BOX, .box = b }));
	g_free(key);
}

static void box_begin(struct box *b, struct usher_str refresh)
{
	char *kept = str_dup(refresh);

	b->known = true;
	b->imap = imap_new(&b->config, kept);
	g_free(kept);
	box_look(b);
}

void box_recalled(struct box *b, enum usher_outcome outcome, struct usher_str value)
{
	char *words = str_dup(value), *rest = NULL;

	if (outcome != USHER_OK) {
		box_wait(b, AGAIN_US);
	} else if (b->asking == 1) {
		box_begin(b, value);
	} else {
		b->validity = (uint32_t)g_ascii_strtoull(words, &rest, 10);
		b->uid = (uint32_t)g_ascii_strtoull(rest, NULL, 10);
		b->asking = 1;
		if (*b->config.oauth.url)
			recall_next(b);
		else
			box_begin(b, (struct usher_str){ NULL, 0 });
	}
	g_free(words);
}

void boxes_start(struct email *e)
{
	for (guint i = 0; i < e->boxes->len; i++) {
		struct box *b = g_ptr_array_index(e->boxes, i);
		b->timer = services(b)->timer(e->host, box_timer, b);
		recall_next(b);
	}
}

void boxes_stop(struct email *e)
{
	for (guint i = 0; i < e->boxes->len; i++) {
		struct box *b = g_ptr_array_index(e->boxes, i);
		b->stopping = true;
		wanted_drop_all(b);
		if (b->timer)
			services(b)->timer_clear(b->timer);
		if (b->imap)
			imap_stop(b->imap);
	}
}

bool boxes_are_idle(const struct email *e)
{
	for (guint i = 0; e->boxes && i < e->boxes->len; i++) {
		const struct box *b = g_ptr_array_index(e->boxes, i);
		if (b->busy)
			return false;
	}
	return true;
}
