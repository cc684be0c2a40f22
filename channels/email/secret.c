/*
 * The key that signs reply addresses and Message-IDs. Without one in the configuration it is made once and kept in the
 * store, so that tokens outlive the process; until it is known no mail is taken (451) and none sent. Called by email.c.
 *
 *   option? ──yes──────────────────────────────────────────────▶ ready
 *      │ no
 *   recall ──there──────────────────────────────────────────────▶ ready
 *      │ absent
 *   random ──▶ remember ──on disk──────────────────────────────▶ ready
 *   (the store is away: again in a second)
 */
#include "email.h"

enum { SECRET_BYTES = 32, AGAIN_US = 1000000 };

static void use(struct email *e, struct usher_str secret)
{
	token_key_make(&e->parse.key, secret.p, secret.n);
	e->letter.key = e->parse.key;
	e->ready = true;
	if (e->closing)
		return;
	email_state(e);
	boxes_start(e);
}

static void ask(void *arg)
{
	struct email *e = arg;

	if (!e->closing)
		e->services->recall(e->host, str_of("secret"),
			email_token(e, (struct op){ .kind = OP_SECRET }));
}

static void ask_again(struct email *e)
{
	if (!e->again)
		e->again = e->services->timer(e->host, ask, e);
	e->services->timer_set(e->again, AGAIN_US);
}

void secret_find(struct email *e)
{
	struct usher_str secret = e->services->option(e->host, "secret");

	if (secret.n)
		use(e, secret);
	else
		ask(e);
}

void secret_recalled(struct email *e, enum usher_outcome outcome, struct usher_str value)
{
	unsigned char bytes[SECRET_BYTES];

	if (outcome != USHER_OK) {
		ask_again(e);
		return;
	}
	if (value.n) {
		use(e, value);
		return;
	}
	e->services->random(e->host, bytes, sizeof(bytes));
	for (unsigned i = 0; i < SECRET_BYTES; i++)
		g_snprintf(e->made_secret + (size_t)2 * i, 3, "%02x", bytes[i]);
	e->services->remember(e->host, str_of("secret"), str_of(e->made_secret),
		email_token(e, (struct op){ .kind = OP_SECRET }));
}

/* Whatever became of it, what the store has now counts. */
void secret_remembered(struct email *e, enum usher_outcome outcome)
{
	if (outcome == USHER_OK)
		use(e, str_of(e->made_secret));
	else
		ask_again(e);
}
