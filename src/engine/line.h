/*
 * Lines: the queues of the configuration with what waits in them, and the kinds of channel.
 */
#ifndef USHER_ENGINE_LINE_H
#define USHER_ENGINE_LINE_H

#include "engine/state.h"

uint32_t line_find(const struct engine *e, struct slice name); /* 0: none */
/* Takes the queues and kinds of e->config over: new ones are added, known ones re-read, others lose their `conf`. */
void lines_configure(struct engine *e);
uint32_t line_add(struct engine *e, struct slice name);
void lines_free(struct engine *e);
/* Where a conversation belongs when its queue is gone: its channel's queue, else the first. 0: there is none. */
uint32_t line_home(const struct engine *e, struct slice channel);
/* Offers are made from it. */
bool line_serves(const struct line *l);
/* Business hours at `now`: open, and when that changes next (0: never). */
bool line_hours(const struct line *l, uint64_t now_us, uint64_t *until_us);
/* The seconds that a queue of the configuration sets; defaults when it knows the queue no more. */
uint32_t line_close_s(const struct line *l);
uint32_t line_wrapup_s(const struct line *l);
uint32_t line_answer_s(const struct line *l);
uint32_t line_sticky_s(const struct line *l);
uint32_t line_offers(const struct line *l);    /* at once, at least 1 */
uint32_t line_agent_max(const struct line *l); /* 0: no limit */
/* Where its overflow goes; NULL: nowhere. */
const struct line *line_overflow(const struct engine *e, const struct line *l);
/* The first from `l` along the overflows with room for one more to wait; NULL: all are full. */
const struct line *line_with_room(const struct engine *e, const struct line *l);
enum strategy line_strategy(const struct line *l);

uint32_t kind_find(const struct engine *e, struct slice name); /* 0: none */
/* Made with the defaults of an unknown kind when new; 0 when there are too many. */
uint32_t kind_intern(struct engine *e, struct slice name);

#endif
