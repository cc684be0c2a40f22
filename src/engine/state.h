/*
 * The whole state of a domain, as the files of this room see it. Nobody outside includes this.
 *
 *   engine ─┬─ lines   a queue and what waits in it        line.root ──▶ tree of each lane, by order
 *           ├─ agents  who works here                      agent.work ──▶ chain of conversations
 *           ├─ convs   slab, found by id                   each in exactly one chain: of its agent, or of its state
 *           ├─ sigs    waiting conversations that ask the  sig.plain, sig.odd ──▶ trees by order
 *           │          same of an agent hang together      (odd: with exclusions)
 *           ├─ sets    interned sets of skills
 *           └─ heap    one deadline for each object that has one
 *
 * Rules: only apply*.c changes what is saved, and only by an event; decide*.c, timers.c, relax.c and
 * offer.c look, and emit events. What is derived (trees, sigs, heap, dirty marks) follows in the same functions.
 */
#ifndef USHER_ENGINE_STATE_H
#define USHER_ENGINE_STATE_H

#include "base/assert.h"
#include "engine/engine.h"
#include "engine/idmap.h"
#include "engine/names.h"
#include "engine/pile.h"
#include "engine/slab.h"
#include "model/limits.h"

#define SECOND_US UINT64_C(1000000)

enum {
	KINDS_MAX = 32,	       /* kinds of channel: plugins, not people, make them */
	COOLDOWN_MAX_S = 600,  /* an exclusion doubles up to this */
	TRANSFER_FIRST_S = 60, /* a transfer to an agent waits this long for that agent */
	WRAPUP_MORE_S = 60,    /* an extension where the queue has no wrap-up any more */
	ABANDON_SHORT_S = 5,   /* left sooner: counted apart */
	CLOSE_DEFAULT_S =
		86400, /* resolved → closed in a queue that no configuration knows any more */
	SET_UNIONS_KEPT = 256, /* lately made unions, found again without making them */
	WAITS_KEPT = 32,       /* lately seen waits of a queue, also of those served at once */
	TIER_OVERNIGHT = 0,    /* came outside business hours: first at opening */
	TIER_NORMAL = 1,       /* and those of segments that wait behind: + their tier */
};

struct numbers { /* a growing array */
	uint32_t *v;
	uint32_t count, cap;
};
void numbers_add(struct numbers *n, uint32_t number); /* index.c */

/* ---- chains: doubly linked by handle ---- */

struct link {
	uint32_t prev, next;
};
struct chain {
	uint32_t first, last, count;
};

/* ---- conversations ---- */

enum order_kind { ORDER_LINE, ORDER_SIG, ORDER_KINDS };
struct order_node {
	uint32_t left, right, count;
};

enum conv_flag {
	FLAG_DIRECTED = 1, /* its stage 0 is the agent `also` alone */
	FLAG_REPLIED = 2,  /* had its first reply */
};

struct conv {
	struct id id, customer;
	int64_t key; /* place in the order: (tier, key, seq) */
	uint64_t seq;
	uint64_t arrived_us; /* of the present wait */
	uint64_t state_us;   /* since when in this state */
	uint64_t until_us; /* end of offer, answer timer, wrap-up, rest; 0 none; waiting: wait.h */
	uint64_t stage_from_us; /* directed: when the queue's stages begin; else when they began */
	uint64_t oldest_us;	/* earliest arrival in its subtree of the line's tree */
	struct order_node order[ORDER_KINDS];
	struct link link;
	uint32_t self;
	uint32_t deadline;   /* place in the heap; 0 none */
	uint32_t sig;	     /* while waiting */
	uint32_t wants;	     /* set: what it asks beside its queue */
	uint32_t agent;	     /* owner, or whom it is offered to */
	uint32_t last_agent; /* who owned it last */
	uint32_t also;	     /* admitted at every stage: transferred to, or had it before */
	uint32_t numbered;   /* messages so far */
	uint32_t rare;	     /* what few have */
	uint32_t excluded;   /* first exclusion */
	uint32_t units;
	uint16_t line, channel, segment;
	uint8_t kind;
	uint8_t lane; /* since it was last indexed */
	uint8_t state, tier, stage, flags;
};

/* What a conversation that just waits does not have. */
struct rare {
	struct id offer, linked;
	char *outcome; /* malloc'd or NULL */
	uint64_t first_reply_us;
	uint64_t wait; /* offered: what until_us was, wait.h */
	int64_t priority;
	uint32_t asked; /* first ask */
};

/* An offer beside the first, or to whom somebody's conversation is offered; see ask.h. */
struct ask {
	uint32_t next, next_of_agent; /* of the same conversation, of the same agent, by turn */
	uint32_t conv, agent, units;
	uint32_t line,
		wants; /* of a consult: where it goes when accepted, and what it asks there */
	struct id offer;
	uint64_t until_us, turn;
};

struct exclusion {
	uint32_t next, agent;
	uint64_t until_us;
	uint32_t span_s; /* the next one is twice as long */
};

/* Orders of free agents that are kept: one for each strategy that some queue uses. */
enum pool { POOL_IDLE, POOL_LOADED, POOL_ROBIN, POOL_HANDLED, POOL_SKILLS, POOLS };

/* ---- sets of skills ---- */

struct level {
	uint32_t skill;
	uint32_t level;
};
struct set {
	struct slice text; /* canonical: by name */
	uint32_t count;
	uint32_t able;	  /* logged-in agents who meet it; kept only when `asked` */
	uint32_t ready;	  /* those of them who take work right now */
	bool asked;	  /* some conversation asked this */
	struct level v[]; /* by skill number */
};

/* ---- signatures ---- */

struct sig_key {
	uint32_t need, also;
	uint32_t line, kind;
	uint32_t lane;
	uint32_t hold; /* agents who must stay free when one of these gets one */
};
struct sig {
	struct sig_key key;
	uint32_t plain, odd; /* roots */
	uint32_t self;
	uint32_t head;		/* first in the order of plain and odd */
	uint32_t most_excluded; /* no conversation here has, or had, more exclusions */
	uint32_t anchor;	/* the rarest skill it asks, while hung */
	uint32_t place[2];	/* under its anchor, under the skill of the agent `also` */
	uint32_t found;		/* what match_sig found in this run */
	bool dirty;		/* somebody here may have become offerable */
	bool hung;
	uint64_t rivals_at; /* place.c: as of people_at, of the first rivals_seen signatures */
	uint32_t rivals_seen;
	struct numbers rivals;
};

/* ---- agents ---- */

struct session {
	struct session *next;
	char *name, *node;
};
struct agent {
	struct slice id;
	char *name;
	uint32_t self, own_skill; /* number of the skill agent:<id> */
	uint32_t own_set;	  /* {agent:<id>} */
	enum role role;
	enum presence presence;
	bool off, dirty, stale;
	bool awaited;	     /* something parked is for this agent first */
	bool placed;	     /* in the piles of its profile */
	uint32_t profile;    /* the set it is placed under */
	uint32_t found;	     /* what match_conv found in this run */
	uint32_t hold_place; /* in hold_idle; 0: not free, or not of the pool */
	uint32_t place[POOLS];
	uint64_t key[POOLS];
	uint32_t skills; /* set */
	uint32_t units;	 /* 0: the configuration's */
	uint64_t used;
	uint32_t misses;      /* in a row */
	uint32_t offers;      /* open ones, asks among them */
	uint32_t asked, asks; /* the first, how many */
	uint32_t deadline;
	uint64_t since_us, idle_since_us, handled, last_turn;
	uint64_t grace_us; /* connected no more, lost at; 0 none */
	struct session *sessions;
	struct chain work;
	uint32_t held[KINDS_MAX];
	uint32_t units_of[KINDS_MAX]; /* units that its conversations of a kind take */
};

/* ---- lines: queues ---- */

enum window_count_kind {
	WINDOW_ANSWERED,
	WINDOW_WITHIN,
	WINDOW_ABANDONED,
	WINDOW_MISSED,
	WINDOW_COUNTS
};

struct line {
	struct slice name;
	const struct queue *conf; /* NULL: the configuration knows it no more */
	uint32_t self, deadline;
	uint32_t root[LANES_MAX]; /* of each lane */
	bool open, paused;
	uint64_t hours_us; /* next change of business hours; 0 none, 1 not read yet */
	size_t count[CONV_STATE_COUNT];
	uint64_t
		parked_us; /* arrival of the oldest parked; 0: none or not known, see conv_parked_oldest */
	uint64_t answered, answered_within, abandoned, abandoned_short;
	struct window *windows; /* window.h; NULL until something is counted */
	uint64_t waits_s[WAITS_KEPT], waits_seen;
	struct wait_class *classes; /* wait.h; both NULL until somebody waited */
	struct wait_pairs *pairs;
	uint32_t stage[STAGES_MAX]; /* sets */
	uint32_t stage_count;
};

/* ---- deadlines ---- */

enum deadline_kind { DEADLINE_LINE, DEADLINE_AGENT, DEADLINE_CONV };
struct deadline {
	uint64_t at_us;
	uint32_t kind, handle;
};

/* ---- the index, see index.h ---- */

struct skill_index {
	/* NULL until somebody hangs there: most agents' own skills are asked by nobody, and each has one. */
	struct pile *anchor;	 /* [LANES_MAX] signatures */
	struct pile *posting;	 /* [POOLS] profiles */
	uint32_t agents;	 /* defined agents who have it */
	uint32_t owner;		 /* agent:<id>: that agent */
	struct numbers profiles; /* every profile that has it, in the order of making */
	struct numbers asked;	 /* sets that were asked, with this as the rarest skill */
};
struct profile {
	uint32_t logged_in, ready; /* agents of exactly these skills */
	struct pile agents[POOLS];
	uint32_t *place[POOLS]; /* in the posting of each skill of the set, and of none */
};
struct set_union {
	uint32_t a, b, made;
};

struct engine {
	const struct config *config;
	uint64_t config_hash;	  /* in force by a configured event; 0: none yet */
	uint64_t now_us;	  /* of this step */
	uint64_t last_us;	  /* of the last event */
	uint64_t last_seq, turns; /* entries into queues, offers made */

	struct slab convs, rares, exclusions, asks;
	struct idmap by_id, by_offer, by_ask;
	struct chain chains[CONV_STATE_COUNT];
	size_t count[CONV_STATE_COUNT];

	struct agent **agents; /* [1..agent_count] in the order of definition */
	uint32_t agent_count;
	struct map agent_names;
	struct line **lines; /* [1..line_count] */
	uint32_t line_count;
	struct map line_names;
	struct kind kinds[KINDS_MAX]; /* [1..kind_count]; the last configuration that knew it */
	uint32_t kind_count;
	uint32_t interrupts
		[KINDS_MAX]; /* kinds whose units are no obstacle to this one: a bit each */
	bool interrupting;   /* some kind is that to another */
	struct names skills, labels;
	struct set **sets; /* [1..set_count]; 1 is the empty one */
	uint32_t set_count;
	struct map set_texts;
	struct sig **sigs; /* [1..sig_count] */
	uint32_t sig_count;
	struct map sig_keys;

	struct skill_index *skill_index; /* [0..skill_cap) */
	uint32_t skill_cap;
	struct profile **profiles; /* by set; NULL: nobody has exactly that */
	uint32_t profile_cap;
	bool pools[POOLS];
	uint32_t cost_min; /* of the cheapest kind: who has less room is not free */
	uint32_t *stale;
	uint32_t stale_count, stale_cap;
	struct walk walk, walk_inner;
	struct set_union unions[SET_UNIONS_KEPT];
	uint32_t rates[LANES_MAX], lane_count; /* [0] is 1 */
	uint32_t hold_pool, hold_most; /* set; the most that a class leaves to others, 0: off */
	struct numbers hold_idle;      /* agents of the pool who have nothing */
	struct numbers beside;	       /* offered in this step and to be offered to more */
	bool oracle; /* every match is made again by scanning, and must be the same */

	struct deadline *heap; /* [1..heap_count] */
	uint32_t heap_count, heap_cap;

	uint32_t *dirty_agents, *dirty_sigs;
	uint32_t dirty_agent_count, dirty_sig_count, dirty_agent_cap, dirty_sig_cap;
	uint64_t people_at;	/* moves when somebody comes, goes or learns */
	bool review_waiting;	/* somebody left: a stage may be nobody's now */
	bool review_parked;	/* somebody came: parked ones may have found an agent */
	bool review_excluded;	/* somebody left: perhaps all who stay have declined */
	struct numbers entered; /* into lines in this step, for an estimate */
	uint64_t probes;

	/* the step at hand */
	const struct command *command;
	struct event *events;
	size_t event_count, event_cap;
	struct step *step;
	struct arena scratch, keep;
	struct str text;
};

/* Without anything, the configuration's queues included: engine_load fills it. */
struct engine *engine_blank(const struct config *config);

static inline struct conv *conv_at(const struct engine *e, uint32_t h)
{
	return slab_at(&e->convs, h);
}
static inline struct agent *agent_at(const struct engine *e, uint32_t h)
{
	return e->agents[h];
}
static inline struct line *line_at(const struct engine *e, uint32_t h)
{
	return e->lines[h];
}
static inline struct sig *sig_at(const struct engine *e, uint32_t h)
{
	return e->sigs[h];
}
static inline const struct kind *kind_at(const struct engine *e, uint32_t h)
{
	return &e->kinds[h];
}
static inline struct rare *rare_at(const struct engine *e, uint32_t h)
{
	return slab_at(&e->rares, h);
}
static inline struct exclusion *exclusion_at(const struct engine *e, uint32_t h)
{
	return slab_at(&e->exclusions, h);
}

static inline bool state_is_work(uint32_t state)
{
	return state == CONV_OFFERED || state == CONV_ACTIVE || state == CONV_PENDING ||
	       state == CONV_WRAPUP;
}

#endif
