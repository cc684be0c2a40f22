/*
 * The whole configuration as plain data: made by src/app (YAML, checked), read by everyone, replaced as a whole on reload.
 * All memory is in its arena. Times in seconds unless the name says otherwise. Names are valid (NAME_MAX_LEN,
 * [a-z0-9_-]+), references resolved and stages widening: the loader refused everything else.
 */
#ifndef USHER_MODEL_CONFIG_H
#define USHER_MODEL_CONFIG_H

#include "model/pairs.h"
#include "model/words.h"

struct interval {
	uint64_t from_us, to_us; /* open at from, closed at to */
};
/* Business hours, already expanded to UTC. */
struct calendar {
	struct slice name;
	struct interval *open; /* ascending, disjoint */
	size_t count;
};
/* What a stage asks for; stage 0 has after_s 0. Each admits everyone that the one before admitted. */
struct stage {
	uint32_t after_s;
	struct skill *need;
	size_t need_count;
};
/* A kind of channel: what one conversation of it costs an agent. */
struct kind {
	struct slice name;     /* email, chat, form ... */
	uint32_t cost;	       /* units while active */
	uint32_t cost_pending; /* units while the customer owes the next word */
	uint32_t max;	       /* conversations of this kind an agent may hold */
	uint32_t offer_s;      /* time to accept */
	bool live; /* the customer is waiting at the other end: returned at once when the agent is lost */
	/* Kinds that may be given to an agent whose room is taken by conversations of this kind. */
	struct slice *interrupted_by;
	size_t interrupted_by_count;
};
struct queue {
	struct slice name, title;
	struct stage *stages;
	size_t stage_count;
	struct skill *prefer; /* preferred skills: score adds level × weight(level field) */
	size_t prefer_count;
	enum strategy strategy;
	uint32_t target_s; /* service level: answered within */
	uint32_t answer_s; /* accepted but no reply within: returned; 0 off */
	uint32_t wrapup_s;
	uint32_t sticky_s;	/* a reopened one goes to its last agent for this long */
	uint32_t close_s;	/* resolved → closed */
	uint32_t length_max;	/* waiting, offered and parked; 0: no limit */
	uint32_t wait_max_s;	/* in this queue while it is open; 0: no limit */
	struct slice overflow;	/* queue of what finds no room or waited too long; empty: none */
	struct slice full_text; /* said to a live customer who can be taken nowhere; then it ends */
	uint32_t agent_max;	/* conversations of this queue an agent may hold; 0: no limit */
	uint32_t offers;	/* at once for one conversation: 1 to OFFERS_MAX; 0: 1 */
	bool auto_accept;	/* an offer is accepted in the same step */
	struct calendar *hours; /* NULL: always open */
	struct slice greeting;	/* system text when a live conversation starts, may be empty */
	struct slice away_text; /* when closed, may be empty */
	struct slice received;	/* to a mail that opens a conversation; a template, may be empty */
	struct slice received_subject; /* of it and of the away text, where there are subjects */
	struct slice signature;	       /* below replies by mail; a template, may be empty */
};
/* A field of a customer's card and the value it must have. */
struct attribute {
	struct slice name, value;
};
/* First match wins; a segment that asks for nothing matches everybody. */
struct segment {
	struct slice name, title;
	int32_t offset_s;      /* added to the arrival in the order; negative: a head start */
	uint32_t target_s;     /* 0: the queue's */
	uint32_t sticky_s;     /* 0: the queue's */
	uint32_t rate;	       /* waiting counts so much, at most LANES_MAX different; 0: 1 */
	uint32_t tier;	       /* waits behind every lower one until it is promoted; 0: the first */
	uint32_t promote_s;    /* into the first tier after waiting so long; set with a tier */
	uint32_t hold_back;    /* agents of the pool who must stay free for others; 0: none */
	struct slice *domains; /* of an email identity */
	size_t domain_count;
	struct slice *addresses;
	size_t address_count;
	struct slice hint_name, hint_value; /* a form field / identity claim, empty: none */
	struct slice language;		    /* of the message; "unknown": none; empty: not asked */
	struct attribute *attributes;	    /* all of them */
	size_t attribute_count;
};
struct option {
	struct slice name, value;
	unsigned line, col; /* where it stands, for errors of the plugin's own checks */
};
struct channel {
	struct slice name, plugin, title;
	struct kind *kind;
	struct queue *queue;  /* default queue */
	struct skill *skills; /* required besides the queue's */
	size_t skill_count;
	struct option *options; /* the plugin's own, checked against its table by the host */
	size_t option_count;
	bool isolated;		/* the plugin runs in a process of its own; */
	struct option *process; /* what that may (options of the plugin exec) */
	size_t process_count;
	bool write; /* agents may write the first message by it */
	/* Of a live one: by which channel a visitor who left is mailed what he has not seen, and how much later; empty: by none. */
	struct slice away_mailbox;
	uint32_t away_s;
	struct slice try_text; /* how to try it by hand, shown when usherd is ready; may be empty */
	unsigned line;
};
/* If all holds that it asks for, use that queue, skills and so on. First match wins. */
struct rule {
	struct slice channel;		    /* empty: any */
	struct slice hint_name, hint_value; /* a form field / identity claim, empty: none */
	struct slice *words;		    /* any of them, by stems */
	size_t word_count;
	struct slice pattern, language; /* empty: not asked; language "unknown": none is known */
	struct queue *queue;		/* NULL: unchanged */
	struct skill *skills;
	size_t skill_count;
	int32_t priority_s; /* added to the arrival in the order; negative: a head start */
	struct slice topic; /* what the conversation is about; empty: not said */
	unsigned line;
};
/* A person to create on the first start of a data directory. */
struct person {
	struct slice id, name;
	enum role role;
	struct slice skills; /* "ru=80 cards=50" */
	uint32_t units;
};
/* A text that agents put into their replies. */
struct canned {
	struct slice name, title, text;
	struct queue *queue; /* NULL: everywhere */
	struct slice lang;   /* empty: any */
};
struct classifier; /* text/classify.h; its rules have the numbers of `rules` */
struct config {
	struct arena *arena;
	struct slice file;
	uint64_t hash; /* of what routing depends on */
	struct slice domain, node, data_dir, redis, redis_ca;
	bool durability_relaxed;
	struct slice http_listen, admin_listen; /* host:port */
	struct slice tls_cert, tls_key;		/* empty: plain */
	struct slice public_url;		/* how people reach http_listen, no trailing / */
	struct slice *trusted_proxies;
	size_t trusted_proxy_count;
	struct slice web_dir, plugin_dir, own_plugin_dir; /* own: beside the program */
	struct slice brand, language;			  /* shown at the desk; default language */
	struct slice zone;   /* where the day of the statistics begins */
	uint64_t *midnights; /* of that zone around now, ascending; none: UTC's */
	size_t midnight_count;
	uint32_t unnamed_keep_s; /* a file in no message */
	uint32_t grace_s, miss_limit, decline_cooldown_s, units;
	struct skill
		*hold_pool; /* who has them is of the pool of segment.hold_back; none: everybody */
	size_t hold_pool_count;
	uint32_t hold_max_s; /* nobody is held back for longer; 0: for ever */
	bool language_skill; /* add the detected language as a required skill lang:<xx> when it is known */
	struct kind *kinds;
	size_t kind_count;
	struct calendar *calendars;
	size_t calendar_count;
	struct queue *queues;
	size_t queue_count;
	struct segment *segments;
	size_t segment_count;
	struct channel *channels;
	size_t channel_count;
	struct rule *rules;
	size_t rule_count;
	struct classifier *classifier; /* NULL: no rule looks at what is said */
	struct canned *templates;
	size_t template_count;
	uint32_t automatic_again_s; /* an address gets an automatic answer once in so long */
	uint32_t automatic_window_s, automatic_most; /* a mail domain so many in a window */
	struct person *people;
	size_t person_count;
};

/* NULL when there is none of that name. */
const struct queue *config_queue(const struct config *c, struct slice name);
const struct segment *config_segment(const struct config *c, struct slice name);
const struct kind *config_kind(const struct config *c, struct slice name);
const struct channel *config_channel(const struct config *c, struct slice name);
/* Its automatic text: "greeting", "received" or "away". */
struct slice queue_text(const struct queue *q, struct slice why);
/* The midnight before now_us, for what is counted since this morning. */
uint64_t config_today(const struct config *c, uint64_t now_us);
/* It asks for nothing. */
bool segment_is_open(const struct segment *s);
/* It looks at what a message says, besides where it came from. */
bool rule_reads_text(const struct rule *r);

#endif
