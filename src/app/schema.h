/*
 * The one table of every key that a configuration may have: name, type, range, default and help. The parser, the reference
 * (`usherd --keys`), the checks of conf/usher.yaml and of the docs all come from it.
 */
#ifndef USHER_APP_SCHEMA_H
#define USHER_APP_SCHEMA_H

#include "model/config.h"

/* X(enum, how the reference names it) */
#define SECTIONS(X)                                                                                \
	X(SECTION_TOP, "")                                                                         \
	X(SECTION_LISTEN, "listen.")                                                               \
	X(SECTION_TLS, "tls.")                                                                     \
	X(SECTION_DESK, "desk.")                                                                   \
	X(SECTION_KIND, "kinds.NAME.")                                                             \
	X(SECTION_CALENDAR, "calendars.NAME.")                                                     \
	X(SECTION_QUEUE, "queues.NAME.")                                                           \
	X(SECTION_RELAX, "queues.NAME.relax[].")                                                   \
	X(SECTION_HOLD, "hold_back.")                                                              \
	X(SECTION_SEGMENT, "segments.NAME.")                                                       \
	X(SECTION_MATCH, "segments.NAME.match.")                                                   \
	X(SECTION_CHANNEL, "channels.NAME.")                                                       \
	X(SECTION_AWAY, "channels.NAME.away_mail.")                                                \
	X(SECTION_RULE, "rules[].")                                                                \
	X(SECTION_TEMPLATE, "templates.NAME.")                                                     \
	X(SECTION_AUTOMATIC, "automatic.")                                                         \
	X(SECTION_PERSON, "people.NAME.")

#define SECTION_ENUM(name, text) name,
enum section { SECTIONS(SECTION_ENUM) SECTION_COUNT };
#undef SECTION_ENUM

/* X(enum, what is expected, in words) */
#define VALUE_TYPES(X)                                                                             \
	X(VALUE_TEXT, "text")                                                                      \
	X(VALUE_NAME, "a name (a-z 0-9 _ -)")                                                      \
	X(VALUE_NUMBER, "a number")                                                                \
	X(VALUE_SECONDS, "a duration (90, 90s, 2m, 36h, 7d)")                                      \
	X(VALUE_OFFSET, "a duration, also negative (-2m)")                                         \
	X(VALUE_BOOL, "yes or no")                                                                 \
	X(VALUE_CHOICE, "one of")                                                                  \
	X(VALUE_WORD, "one of")                                                                    \
	X(VALUE_ADDRESS, "an address (127.0.0.1:8080)")                                            \
	X(VALUE_URL, "a URL (http:// or https://)")                                                \
	X(VALUE_REDIS, "managed, unix:/path, redis://host:port or rediss://host:port")             \
	X(VALUE_TEXTS, "a list of texts")                                                          \
	X(VALUE_SKILLS, "skills with levels ({ru: 80, cards: 50})")                                \
	X(VALUE_SKILL_TEXT, "skills with levels ({ru: 80, cards: 50})")                            \
	X(VALUE_PAIR, "one name and value ({tier: gold})")                                         \
	X(VALUE_PAIRS, "names and values ({account: private, age_group: youth})")                  \
	X(VALUE_OPTIONS, "the plugin's own options")                                               \
	X(VALUE_TREE, "a map or list")                                                             \
	X(VALUE_KIND, "a kind")                                                                    \
	X(VALUE_QUEUE, "a queue")                                                                  \
	X(VALUE_CALENDAR, "a calendar")                                                            \
	X(VALUE_CHANNEL, "a channel")                                                              \
	X(VALUE_FIRST_STAGE, "skills with levels ({ru: 80, cards: 50})")                           \
	X(VALUE_STAGES, "a list of stages")                                                        \
	X(VALUE_SECTION, "a map")                                                                  \
	X(VALUE_NAMED, "a map of names")                                                           \
	X(VALUE_LIST, "a list")                                                                    \
	X(VALUE_CALENDARS, "a map of names")

#define VALUE_ENUM(name, text) name,
enum value_type { VALUE_TYPES(VALUE_ENUM) VALUE_COUNT };
#undef VALUE_ENUM

struct key {
	enum section in;
	const char *name;
	enum value_type type;
	size_t at, also; /* offsets in the section's struct; also: the count, or the pair's value */
	const char *fallback;	  /* NULL: required; "": may be left out; else what it is then */
	int64_t least, most;	  /* of numbers and durations; 0, 0: the type's own */
	const char *choices;	  /* VALUE_CHOICE: "a b c" */
	const char *const *words; /* VALUE_WORD */
	enum section sub;	  /* what a section, list or map of names consists of */
	size_t size;		  /* of an element */
	const char *help;
};
extern const struct key keys[];
extern const size_t key_count;
extern const char *const section_words[];
extern const char *const value_words[];

/* What a calendar's section says; the loader makes intervals of it. */
struct tree;
struct calendar_spec {
	struct slice name, zone, ics;
	const struct tree *hours, *holidays;
};

/* The reference: one key a line with type, default and help. */
void schema_print(struct str *out);

#endif
