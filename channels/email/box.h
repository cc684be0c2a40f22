/*
 * A mailbox that is polled by IMAP. Each has a thread of its own, so a slow or broken one stops nobody else; everything but the
 * calls of imap.h happens on the loop's thread. Owner: struct email.
 */
#ifndef USHER_EMAIL_BOX_H
#define USHER_EMAIL_BOX_H

#include <glib.h>
#include <stdbool.h>
#include <usher/channel.h>

struct box;
struct email;
struct left;
struct reread;

/* Reads the options imap.N.*; false and why when they cannot work. */
bool boxes_open(struct email *e, char *why, size_t why_size);
/* The channel is ready to take mails: the cursors are asked for, polling begins. */
void boxes_start(struct email *e);
/* No new poll; what is under way ends soon. */
void boxes_stop(struct email *e);
bool boxes_are_idle(const struct email *e);
void boxes_free(struct email *e);
/* The fate of the mail that the box handed to intake.c. */
void box_answered(struct box *b, enum usher_outcome outcome, const char *why);
/* A person wants a mail that was left in its mailbox: fetched, delivered as `of` says, reread_done follows. False: it is polled no more. */
bool boxes_again(struct email *e, const struct left *left, const struct reread *of);
void box_recalled(struct box *b, enum usher_outcome outcome, struct usher_str value);
void box_remembered(struct box *b, enum usher_outcome outcome);
/* What fails, in words ("" when nothing does), for the state of the channel. g_free it. */
char *boxes_trouble(const struct email *e);
/* ,"imap":[...] of the channel's health. */
void boxes_health(const struct email *e, GString *json);

#endif
