/*
 * What is refused when there is more than can be done, in this order: each level refuses what those before it do, too. Never refused: owed
 * acknowledgements, open chats, agents' replies, health. Measured by app/strain.c; refused by host (plugins ask), desk and app.
 */
#ifndef USHER_MODEL_SHED_H
#define USHER_MODEL_SHED_H

/* X(level, what people are told is refused) */
#define SHED_LEVELS(X)                                                                             \
	X(SHED_NOTHING, "nothing")                                                                 \
	X(SHED_EXPORTS, "exports and what-if runs")                                                \
	X(SHED_ANONYMOUS, "new anonymous chats and forms")                                         \
	X(SHED_LOW, "webhooks of low priority")                                                    \
	X(SHED_MAIL, "new mails")                                                                  \
	X(SHED_LOGINS, "log-ins")

#define SHED_ENUM(level, what) level,
enum shed { SHED_LEVELS(SHED_ENUM) SHED_COUNT };
#undef SHED_ENUM

#endif
