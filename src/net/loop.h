/*
 * The one event loop (libevent) with one clock reading per turn.
 *
 * A turn: read the clocks → libevent callbacks → tail functions, in the order they were registered,
 * for those that asked for it. Callbacks append; work that changes shared state happens at the tail.
 * Everything here is for the loop's thread but loop_post.
 */
#ifndef USHER_NET_LOOP_H
#define USHER_NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct loop;
struct loop_timer;
struct loop_tail;
struct loop_watch;
typedef void (*loop_fn)(void *arg);

struct loop *loop_new(void);
void loop_free(struct loop **loop);
/* Runs until loop_stop. */
void loop_run(struct loop *loop);
/* One turn, waiting at most `wait_us` (0: do not wait). For tests and the drain. */
void loop_turn(struct loop *loop, uint64_t wait_us);
void loop_stop(struct loop *loop);

/* The readings of this turn. Wall: since 1970. */
uint64_t loop_wall_us(const struct loop *loop);
uint64_t loop_monotonic_us(const struct loop *loop);

/* A one-shot timer; set again to repeat. */
struct loop_timer *loop_timer_new(struct loop *loop, loop_fn fn, void *arg);
void loop_timer_set(struct loop_timer *t, uint64_t after_us);
void loop_timer_clear(struct loop_timer *t);
void loop_timer_free(struct loop_timer **t);

/* A tail function runs once at the end of the turn in which loop_tail_wake was called; a wake from inside a tail
 * function runs it again in the next turn, which then does not wait. */
struct loop_tail *loop_tail_new(struct loop *loop, loop_fn fn, void *arg);
void loop_tail_wake(struct loop_tail *t);
void loop_tail_free(struct loop_tail **t);

/* From any thread: runs fn(arg) on the loop soon, in order of posting. */
void loop_post(struct loop *loop, loop_fn fn, void *arg);
/* Calls fn(arg) on the loop for each delivery of the signal. */
void loop_signal(struct loop *loop, int signo, loop_fn fn, void *arg);
/* A foreign descriptor: fn(arg, readable, writable) level-triggered. */
struct loop_watch *loop_watch_new(struct loop *loop, int fd, bool read, bool write,
	void (*fn)(void *arg, bool readable, bool writable), void *arg);
void loop_watch_want(struct loop_watch *w, bool read, bool write);
void loop_watch_free(struct loop_watch **w);

/*
 * The most processor time that one turn took, of the last 15 to 30 s: so long everybody else waited, whatever
 * else the machine was doing.
 */
uint64_t loop_longest_turn_us(const struct loop *loop);

struct event_base *loop_base(struct loop *loop);

#endif
