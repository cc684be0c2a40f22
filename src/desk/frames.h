/*
 * What a desk is told, as JSON: committed effects, views of the engine, entries of the history. One shape each, whether it travels as a
 * frame or in an answer of the API. Writes text only; who gets it is push's and api's business.
 */
#ifndef USHER_DESK_FRAMES_H
#define USHER_DESK_FRAMES_H

#include "engine/engine.h"
#include "model/effect.h"
#include "model/entry.h"
#include "store/lookup.h"

/* A conversation from wherever it is known: CONV of the protocol. */
struct conv_face {
	struct id conv, customer, offer;
	uint32_t state; /* enum conv_state */
	struct slice owner, queue, segment, channel, kind, name, subject, text, outcome, why,
		skills, asked;
	uint64_t arrived_us, until_us, last_seq, first_reply_us, stage, tier;
	int64_t key;		     /* place in the order with tier; 0: not known */
	uint64_t seen, left, rating; /* of a live visitor; as in struct effect */
	struct slice mail_to;	     /* of one who can be mailed when he has gone */
	uint64_t mail_us;
	bool whole; /* first_reply_us and stage are known: an effect does not say them */
};
/* stored: its view hash, which knows the texts of people; may have count 0. */
struct conv_face face_of_view(const struct conv_view *v, const struct pairs_found *stored);
struct conv_face face_of_stored(struct id conv, const struct pairs_found *stored);

/* Members of CONV and OFFER, without brackets. */
void frame_conv(struct str *o, const struct conv_face *f);
void frame_offer(struct str *o, const struct conv_face *f);
/* Members of AGENT; conversations: an array as JSON, or empty to leave it out. */
void frame_agent(struct str *o, const struct agent_view *v, struct slice conversations);
/* Members of QUEUE; by_segment as for agents. config may not know the queue. */
void frame_queue(struct str *o, const struct queue_view *v, const struct config *config,
	uint64_t now_us, struct slice by_segment);
/* The member `levels` of QUEUE and of its segments. */
void frame_levels(struct str *o, const struct level_view levels[LEVEL_COUNT]);
/* The member `waits` of QUEUE: how long the last ones waited, and how far off what they were told was. */
void frame_wait(struct str *o, const struct wait_stats *w);
/* Members of `message`. */
void frame_entry(struct str *o, struct id conv, const struct entry *en);

/* The whole frame of a committed effect; false when desks hear nothing of this kind. */
bool frame_effect(struct str *o, const struct effect *ef, const struct config *config);
/* ok or error. */
void frame_answer(struct str *o, struct slice id, enum answer answer, const char *why,
	struct id conv, uint64_t seq);
/* code: one of the protocol's. id empty: of no command in particular. */
void frame_error(struct str *o, struct slice id, const char *code, const char *message);
void frame_hello(struct str *o, uint64_t now_us);

#endif
