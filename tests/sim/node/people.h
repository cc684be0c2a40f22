/*
 * Who uses the center: customers, who send until they are told that it is kept, and agents at desks, who send a command again
 * under the same id until it is answered. They remember what they were told; judge.c compares.
 */
#ifndef TESTS_SIM_NODE_PEOPLE_H
#define TESTS_SIM_NODE_PEOPLE_H

#include <usher/channel.h>

#include "model/effect.h"
#include "proc.h"

enum {
	CUSTOMERS = 6,
	SAID_MAX = 8,
	AGENTS = 3,
	ORDERS_MAX = 1000,
	SENT_MAX = 1000,
	NEWS_MAX = 200
};

struct said { /* one message of a customer */
	char text[24];
	char id[27]; /* as acknowledged */
	bool acked;
};
struct customer {
	int number, channel;
	bool one_thread;    /* else each message is about something else */
	bool gives_address; /* in the chat, so that who has left can be mailed */
	struct said said[SAID_MAX];
	size_t count, most; /* said[count - 1] is being said when not acked */
	uint64_t tries;
};
struct order { /* a command of an agent */
	char cmd[20], text[24];
	struct command c; /* its strings live in the world's arena */
	bool put, answered, abandoned;
	enum answer answer;
};
struct sent { /* what the next hop took, perhaps took, or refused for good */
	struct slice id, text;
	size_t times;
};
struct news { /* what is told until it is acknowledged: a bounce, stars, a transcript to be mailed */
	unsigned what;
	char text[24]; /* the words that are found again; also its dedup */
	char thread[48];
	char message[27]; /* which bounced */
	bool acked;
	int channel;
};
struct people {
	struct customer customers[CUSTOMERS];
	struct order *orders;
	size_t order_count;
	struct sent *sent;
	size_t sent_count;
	struct news *news;
	size_t news_count;
	bool closing; /* nobody begins anything new */
};
extern struct people people;

void people_begin(void);
/* From plugin.c. */
void people_acked(struct port *port, uint64_t token, enum usher_outcome outcome, struct slice why);
void people_sent(struct slice id, struct slice text);
/* From proc.c: what a node learns from the push stream. */
void people_pushed(struct proc *p, const struct effect *ef);
/* Fault: the desk of an agent is gone; it comes back. */
void people_flap(void);
/* Nobody owes or is owed anything. */
bool people_are_done(void);
/* What they wait for, for a person to read. */
void people_print(struct str *out);

#endif
