/*
 * Texts with places to fill in: "{{dear}}, about {{case}} ..." and, where something may be unknown,
 * "{{customer.name|client}}". The variables are declared here once; each has a type, and where it may stand.
 *
 * An unknown name in a text that an operator wrote is a mistake (template_check); in what an agent writes it is just text.
 * A known one without a value and without a fallback stops the sending: nobody is written to as "Dear ,".
 */
#ifndef USHER_TEXT_TEMPLATE_H
#define USHER_TEXT_TEMPLATE_H

#include "base/str.h"

enum template_type { TEMPLATE_TEXT, TEMPLATE_TIME };

/* X(enum, name, type, whether automatic texts may have it, what it is). What a stranger wrote is not repeated by a robot. */
#define TEMPLATE_VARIABLES(X)                                                                              \
	X(TEMPLATE_DEAR, "dear", TEXT, true,                                                               \
		"the form of address: \"Hello Ann\", \"Здравствуйте, Анна\"; without the " \
		"name where it is unknown or only claimed")                                                \
	X(TEMPLATE_CUSTOMER_NAME, "customer.name", TEXT, false, "the customer's name")                     \
	X(TEMPLATE_CUSTOMER_ADDRESS, "customer.address", TEXT, false, "where the answer goes")             \
	X(TEMPLATE_SUBJECT, "subject", TEXT, false, "what the conversation is about")                      \
	X(TEMPLATE_CASE, "case", TEXT, true, "the conversation's number")                                  \
	X(TEMPLATE_QUEUE, "queue", TEXT, true, "the queue's title")                                        \
	X(TEMPLATE_BRAND, "brand", TEXT, true, "desk.brand")                                               \
	X(TEMPLATE_AGENT_NAME, "agent.name", TEXT, false, "who writes")                                    \
	X(TEMPLATE_DATE, "date", TIME, true, "today, 2027-03-08 (UTC)")

#define TEMPLATE_ENUM(name, text, type, automatic, what) name,
enum template_variable { TEMPLATE_VARIABLES(TEMPLATE_ENUM) TEMPLATE_COUNT };
#undef TEMPLATE_ENUM
extern const char *const template_names[];

/* What is known: a TEXT as itself (empty: unknown), a TIME in microseconds since 1970 (0: unknown). */
struct template_values {
	struct slice text[TEMPLATE_COUNT];
	uint64_t time_us[TEMPLATE_COUNT];
};

/* Appends the text filled in. False: nothing is known for *missing (its name as written). */
bool template_fill(
	struct str *out, struct slice text, const struct template_values *v, struct slice *missing);
/* What is wrong with a text of the configuration, appended to `why`; true when nothing is. */
bool template_check(struct slice text, bool automatic, struct str *why);
/* "Hello Ann", "Здравствуйте, Анна": in the conversation's language, English unless it is Russian. */
void template_dear(struct str *out, struct slice name, struct slice lang);

#endif
