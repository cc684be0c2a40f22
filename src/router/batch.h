/*
 * One batch of commands on its way to disk; private to the router. Everything in it lives in the batch's arena.
 *
 *   batch ─┬─ work[]   a command and what the look-ups found for it, in inbox order
 *          ├─ rows     conversation id → row: the conversation's view as this batch knows it
 *          ├─ found    what this batch has decided and Redis does not know yet: threads, identities, dedup keys
 *          └─ steps[]  events in order, each with the work that caused it (NULL: the tick)
 */
#ifndef USHER_ROUTER_BATCH_H
#define USHER_ROUTER_BATCH_H

#include "base/map.h"
#include "engine/engine.h"
#include "store/commit.h"
#include "store/lookup.h"
#include "store/store.h"

/* The view of a conversation: strings borrowed from the arena. */
struct row {
	struct id conv, customer, linked;
	bool asked, known; /* looked up; found or made */
	bool touched;	   /* its state changed: written and told at the end of the batch */
	bool fresh;
	struct pairs_found stored;
	struct slice channel, kind, thread, name, address, subject, queue, segment, owner, lang;
	struct slice writer;	  /* the agent who began it; empty: the customer did */
	struct slice topic, rule; /* of a fresh one: what it is about, and which rule says so */
	struct slice snippet;	  /* the beginning of what the customer said last */
	struct slice decision;	  /* why it was offered to whom, each time: JSON, a line each */
	struct slice refs; /* the channel's ids of its messages, oldest first, newline-separated */
	uint64_t arrived_us, last_seq;
	uint64_t last_in;	     /* number of the customer's last message */
	uint64_t seen, left, rating; /* of a live visitor: as in struct effect */
	/* away.c: where he can be mailed, up to which message he was, our last one, when he will be; what the list of those due says */
	struct slice mail_to;
	uint64_t mailed, last_out, mail_us, mail_listed_us;
};

/* A customer as merges see it, see merge.c. */
struct member {
	struct id id;
	struct slice path;  /* roots that brought it along, the last one first: see merge.c */
	bool proved, there; /* there: not split off again */
};
struct card {
	struct id id, into, suggest;
	struct pairs_found stored;
	bool asked, known, proved, touched;
	struct member *members;
	size_t member_count;
};

struct work {
	struct stream_id inbox_id;
	struct command c;
	bool damaged, repeated;
	struct slice dedup_result; /* p not NULL: done before */
	struct id by_thread;
	struct slice *refs;
	struct id *by_ref;
	size_t ref_count;
	struct id verified_customer, claimed_customer;
	struct slice typed; /* a mail address in a field of the channel's */
	struct id may_be;   /* who has proved to have it, or whose conversation was written into */
	struct pairs_found customer; /* the card of whoever it turned out to be */
	bool minted;		     /* the message made its customer */
	struct slice place;	     /* "CONV SEQ" of a message known by its id only */
	struct slice topic, rule;    /* of a fresh conversation; empty: none */
	struct slice entry;	     /* packed entry that a receipt or retry is about */
	struct slice answered;	     /* packed entry that a reply answers */
	struct pairs_found user;     /* of a reply: who writes, for the signature */
	struct slice shares[2];	     /* automatic.c: what an address and its domain have had */
	bool beside;		     /* away.c: by mail, into the conversation of a live visitor */
	struct absent *absent;	     /* away.c: of a retry, what goes again */
	enum answer answer;
	struct slice why;
	struct id conv;
	uint64_t seq;
};

struct decided {
	struct event ev;
	struct work *work;
};

struct batch {
	struct arena arena;
	const struct config *config;
	struct store *store;
	struct engine *engine;
	struct commit *commit;
	uint64_t now_us;   /* router_now_us */
	uint64_t ahead_us; /* of the wall clock */
	uint64_t journal_n, push_n;
	struct work *work;
	size_t count;
	struct decided *steps;
	size_t step_count, step_cap;
	struct map rows, threads, identities, dedups, agents, cards;
	struct map entries; /* receipt.c: history entries as this batch has changed them */
	uint64_t accepted, duplicate, quarantined, damaged;
	/* away.c */
	bool away_asked;
	struct away_found away; /* the first of the list, */
	size_t away_due;	/* and how many of them are due */
	struct absent **absents;
	size_t absent_count;
	uint64_t mailed, away_next_us; /* next: the earliest that this batch put there; 0 none */
};

/* Done, and not to be done again: a repeat is told so. What an agent asked for and was refused stays refused for its repeat (work_result). */
static inline bool work_is_done(const struct work *w)
{
	return w->answer == ANSWER_OK || w->answer == ANSWER_NOOP;
}

/* resolve.c: what the key of a command is given, for its repeats; empty: nothing. */
struct slice work_result(struct batch *b, const struct work *w);

/* ---- rows.c: what the batch knows ---- */
void batch_clear(struct batch *b);
struct row *batch_row(struct batch *b, struct id conv); /* made empty when new */
struct row *batch_row_find(const struct batch *b, struct id conv);
/* Looks it up unless that was done. */
void batch_row_ask(struct batch *b, struct lookup *l, struct id conv);
/* Takes over what the look-up stored in row->stored. */
void row_load(struct row *row);
void batch_thread_put(struct batch *b, struct slice channel, struct slice key, struct id conv);
struct id batch_thread(const struct batch *b, struct slice channel, struct slice key);
void batch_identity_put(
	struct batch *b, struct slice kind, struct slice value, bool verified, struct id customer);
struct id batch_identity(
	const struct batch *b, struct slice kind, struct slice value, bool verified);
void batch_dedup_put(struct batch *b, struct slice key, struct slice result);
struct slice batch_dedup(const struct batch *b, struct slice key);
void batch_agent_touch(struct batch *b, struct slice agent);
void batch_decide(struct batch *b, const struct event *ev, struct work *w);

/* ---- resolve.c: who writes, about what, to which queue ---- */
/* What can be asked from the commands alone; then what those answers lead to. False: nothing to ask. */
bool resolve_ask_first(struct batch *b, struct lookup *l);
bool resolve_ask_second(struct batch *b, struct lookup *l);
/* Fills in the [r] fields of the command, with everything before it in the batch known. False: the command was repeated. */
bool resolve(struct batch *b, struct work *w);

/* A new conversation's row, as the command says. */
void batch_row_make(struct batch *b, struct work *w);

/* ---- write.c: a conversation that we begin (COMMAND_WRITE) ---- */
void write_ask_first(struct lookup *l, struct work *w);
void write_ask_second(struct batch *b, struct lookup *l, struct work *w);
/* False with w->answer and why: it cannot be. */
bool write_resolve(struct batch *b, struct work *w);
/*
 * Whoever we wrote to first answers: from that address, proved, or by a name that only our mail to it bore and whose signature the
 * channel has checked.
 */
bool is_answer_to_written(const struct row *row, const struct command *c, bool signed_name);
void write_project(struct batch *b, const struct work *w);

/* ---- project.c: what each event and each command writes ---- */
/* Rows of conversations that events speak of and nobody asked for yet. */
bool project_ask(struct batch *b, struct lookup *l);
void project(struct batch *b);
/* An effect with the next push number. */
void batch_effect(struct batch *b, struct effect *ef);

/* ---- views.c: what stands in Redis of whom and what ---- */
/* The row as the engine has it after the whole batch: its view hash and what desks are told. */
void conv_project(struct batch *b, struct row *row);
/* What desks are told of it, as far as the row knows. */
struct effect conv_effect(const struct row *row);
void agent_project(struct batch *b, struct slice agent);
/* The user and the customer that a command speaks of. */
void user_project(struct batch *b, const struct work *w);
void customer_project(struct batch *b, struct work *w);

/* ---- message.c: into history and outbox, and what a visitor does besides writing ---- */
void message_project(struct batch *b, struct work *w, const struct event *ev);
/* A text of the configuration: a greeting, when we are back, or that nobody is free. */
void message_system(struct batch *b, const struct event *ev);
/* What an agent wants to know of a live visitor: there or not, how far he has read, what he thought of it. */
void visit_project(struct batch *b, struct work *w);

/* ---- merge.c: who is the same person as whom ---- */
/* For merge and split; true when something is asked. */
bool merge_ask_first(struct batch *b, struct lookup *l, struct work *w);
bool merge_ask_second(struct batch *b, struct lookup *l, struct work *w);
/* Which is the member and which the root; false with w->answer and why. */
bool merge_resolve(struct batch *b, struct work *w);
/* So that the next command of the batch sees it. */
void merge_decided(struct batch *b, const struct event *ev);
/* Whether somebody among those whom this card was merged with has proved who he is; with what this batch has decided. *root: the first of them. */
bool group_is_proved(
	struct batch *b, struct id id, const struct pairs_found *stored, struct id *root);
/* The trail of event n on both cards, and news for whoever serves one of them. */
void merge_project(struct batch *b, const struct event *ev, uint64_t n);
void cards_project(struct batch *b);

/* ---- receipt.c: what became of an outbound message, and trying again ---- */
void receipt_project(struct batch *b, struct work *w);
void retry_project(struct batch *b, struct work *w);
void discard_project(struct batch *b, struct work *w);
/* What an entry has become: stored and told. */
void receipt_tell(struct batch *b, const struct row *row, const struct entry *en);

/* ---- letter.c: a message of ours, into the outbox, one copy for each recipient ---- */
/* What a letter besides the message is made of: the words it answers, who signs it. */
void letter_ask(struct batch *b, struct lookup *l, struct work *w);
/* Fills in the agent's text ({{customer.name}}); false: what is missing, as the answer. */
bool letter_prepare(struct batch *b, struct work *w);
/* A template filled in with what is known of the conversation and the agent (empty: nobody writes); *missing: what is not. */
struct slice letter_text(struct batch *b, const struct row *row, struct slice agent,
	struct slice text, struct slice *missing);
/* The recipients of a reply with more than one, for its entry. */
struct slice letter_recipients(struct batch *b, const struct work *w, const struct row *row);
/* One copy into the outbox, and where its entry is. */
void letter_copy_put(struct batch *b, struct outbound *o);
/* The newest of the channel's names of a conversation's messages. */
struct slice letter_last_ref(struct slice refs);
/* w: the reply or retry; NULL for an automatic text. Those who have it already (by en->rcpts) get no copy. */
void letter_project(
	struct batch *b, const struct work *w, const struct row *row, const struct entry *en);

/* ---- automatic.c: texts that no person wrote, and how many of them an address gets ---- */
void automatic_ask(struct batch *b, struct lookup *l, struct work *w);
/* Sets c->answerable: an automatic answer to this message may go out. */
void automatic_resolve(struct batch *b, struct work *w);
/* The text of a system message of the configuration, filled in. */
struct slice automatic_text(struct batch *b, const struct row *row, const struct event *ev);
/* An automatic answer was decided: it counts for its address and goes out. */
void automatic_project(struct batch *b, const struct row *row, const struct entry *en);
/* COMMAND_MAIL. */
void mail_project(struct batch *b, struct work *w);
/* A name behind which nobody reads. */
bool automatic_is_robot(struct slice address);
/* How much an address has had in MAIL_ASKED_S, of one sort: asked by key, then one more; false when it has had `most`. *share: as it is now. */
struct slice automatic_share_key(struct batch *b, const char *sort, struct slice address);
bool automatic_share_take(struct batch *b, const char *sort, struct slice address,
	struct slice stored, uint64_t most, struct slice *share);
/* When it may have more. */
uint64_t automatic_share_ends(struct slice share);

/* ---- away.c: a live visitor who has gone is mailed what he has not seen ---- */
/* What he says where he can be mailed. */
void away_learn(struct batch *b, struct row *row, const struct command *c);
/* He leaves, and nothing follows from it: he had left before, or is answered by mail. Nobody waits in vain who can be reached. */
bool away_keeps_place(const struct batch *b, const struct command *c);
/* He answers what he was mailed, from that address, by the name that only that mail bore. */
bool away_is_answer(const struct row *row, const struct command *c, bool signed_name);
/* His mail belongs to the conversation and to nobody's card. */
void away_joins(struct work *w, const struct row *row);
/* The list of those due; their rows; what they were told. Also what is sent again by hand. */
void away_ask_first(struct batch *b, struct lookup *l);
bool away_ask_second(struct batch *b, struct lookup *l, uint64_t now_us);
bool away_ask_third(struct batch *b, struct lookup *l);
/* Letters to those who are due. */
void away_project(struct batch *b);
/* By hand; false: there is nothing to send, or no way. */
bool away_again(struct batch *b, const struct work *w, struct row *row, struct entry *en);
/* Once all else of the batch is in the row: when he will be mailed. */
void away_plan(struct batch *b, struct row *row);
/* When somebody is due next, after this batch; UINT64_MAX: nobody. */
uint64_t away_next_us(const struct batch *b, uint64_t known_us);

/* ---- rules.c ---- */
/* The first rule of which all holds, and in *why its number, line, word or pattern, for people; NULL: none. */
const struct rule *rule_for(struct batch *b, const struct command *c, struct slice *why);

/* ---- segment.c ---- */
const struct segment *segment_for(const struct config *config, const struct command *c,
	const struct pairs_found *customer, struct arena *arena);

#endif
