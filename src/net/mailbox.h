/*
 * A mailbox takes work from any thread for one loop. It is counted, so that a thread which still
 * holds it may post after the loop is gone: such a letter is dropped, its function never called.
 *
 *   thread ── mailbox_post ──▶ first ─▶ letter ─▶ last        eventfd readable ──▶ loop ── mailbox_run
 */
#ifndef USHER_NET_MAILBOX_H
#define USHER_NET_MAILBOX_H

struct mailbox;

struct mailbox *mailbox_new(void);
struct mailbox *mailbox_hold(struct mailbox *m);
void mailbox_release(struct mailbox **m);
/* The descriptor that is readable while letters wait. */
int mailbox_fd(const struct mailbox *m);
/* Any thread. `lost`, when not NULL, is called instead of `fn` once nobody will ever run it. */
void mailbox_post(struct mailbox *m, void (*fn)(void *arg), void *arg, void (*lost)(void *arg));
/* The loop's thread: calls what was posted before, in order. */
void mailbox_run(struct mailbox *m);
/* The loop's thread, at its end: what waits and what comes is lost. */
void mailbox_close(struct mailbox *m);

#endif
