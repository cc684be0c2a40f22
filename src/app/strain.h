/*
 * How much more there is than can be done: a few measures, each with the values from which a further kind of work is refused (model/shed.h).
 */
#ifndef USHER_APP_STRAIN_H
#define USHER_APP_STRAIN_H

#include "app/inbox_wait.h"
#include "base/str.h"
#include "model/shed.h"

struct node;

/*
 * X(measure, words with its value, at SHED_EXPORTS, _ANONYMOUS, _LOW, _MAIL, _LOGINS). Of LESS it is worse the less there is. The inbox: at 10,000
 * commands a second it is what waits half a second, one, two; and however fast it is emptied, an open chat is behind all of it, so nothing new comes in that
 * would make it wait for seconds. Log-ins are few, and agents are what shortens a line. Redis' memory and the disk: what is left has to do for what was promised.
 */
#define STRAINS(MORE, LESS)                                                                        \
	MORE(STRAIN_INBOX, "%llu commands wait in the inbox", 5000, 10000, 20000, 40000, 80000)    \
	MORE(STRAIN_WAIT, "what comes now waits %llu ms in the inbox", 1000, 2000, 4000, 8000,     \
		UINT64_MAX)                                                                        \
	MORE(STRAIN_STORE, "Redis has not answered a write for %llu ms", 1000, 1500, 2000, 3000,   \
		4000)                                                                              \
	MORE(STRAIN_LOOP, "the loop is %llu ms late", 500, 1000, 1500, 2000, 3000)                 \
	MORE(STRAIN_MEMORY, "Redis has used %llu %% of its maxmemory", 80, 85, 90, 93, 96)         \
	LESS(STRAIN_DISK, "the disk of the data directory has %llu MiB left", 256, 128, 96, 64, 32)

#define STRAIN_ENUM(id, ...) id,
enum { STRAINS(STRAIN_ENUM, STRAIN_ENUM) STRAIN_COUNT };
#undef STRAIN_ENUM
/* What is in the inbox is over when it is taken: two looks are enough, and a longer calm would let it run empty while work is refused. */
enum { STRAIN_EVERY_MS = 250, STRAIN_CALM_MS = 2000, STRAIN_CALM_WAIT_MS = 500, STRAIN_LOOKS = 4 };

struct strain {
	enum shed level;
	char why[96];		      /* the worst measure; empty when nothing is refused */
	uint64_t value[STRAIN_COUNT]; /* as last measured */
	uint64_t late_ms
		[STRAIN_LOOKS]; /* of the loop, at the last looks: what passes is no strain */
	uint64_t looked_us, calm_since_us; /* monotonic; the level falls by one when it is calm */
	unsigned looks;
	size_t worst; /* what the level was raised for */
	struct inbox_wait wait;
	bool asked; /* Redis for its memory */
};

/* The level for these values, and in *worst which measure says so. Pure. */
enum shed strain_level(const uint64_t value[STRAIN_COUNT], size_t *worst);
/* One look, every STRAIN_EVERY_MS: measures, and tells whoever refuses when the level has changed. */
void strain_look(struct node *n);
/* {"level":2,"refused":["..."],"why":"..."} */
void strain_json(const struct strain *s, struct str *out);

#endif
