/*
 * Every limit, once, with its reason. `LIMIT(name, value, unit, why)`; the names become enum constants.
 */
#ifndef USHER_MODEL_LIMITS_H
#define USHER_MODEL_LIMITS_H

#define LIMITS(LIMIT)                                                                              \
	/* what a stranger can send */                                                             \
	LIMIT(MESSAGE_TEXT_MAX, 262144, "bytes", "a person reads it; longer text becomes a part")  \
	LIMIT(MESSAGE_SUBJECT_MAX, 1024, "bytes", "one line on a desk")                            \
	LIMIT(MESSAGE_NAME_MAX, 256, "bytes", "a person's or a file's name")                       \
	LIMIT(MESSAGE_PARTS_MAX, 200, "parts", "attachments of one message")                       \
	LIMIT(MESSAGE_KEY_MAX, 1024, "bytes", "dedup id, thread key, address")                     \
	LIMIT(MESSAGE_REFS_MAX, 64, "keys", "References of a long thread")                         \
	LIMIT(MESSAGE_HINTS_MAX, 65536, "bytes", "form fields, page, user agent together")         \
	LIMIT(BLOB_MAX, 52428800, "bytes", "the largest mail or attachment taken")                 \
	LIMIT(BLOB_REDIS_MAX, 65536, "bytes", "larger blobs are files: Redis keeps all in memory") \
	/* names */                                                                                \
	LIMIT(NAME_MAX_LEN, 64, "bytes", "queues, skills, agents, channels, segments")             \
	LIMIT(SKILLS_MAX, 64, "skills", "of one agent or requirement")                             \
	LIMIT(STAGES_MAX, 16, "stages", "of one queue's relaxation")                               \
	/* the router */                                                                           \
	LIMIT(BATCH_COMMANDS_MAX, 512, "commands", "one commit: bounded latency for the first")    \
	LIMIT(INBOX_MAX, 1000000, "entries", "beyond it intake is refused, nothing is lost")       \
	LIMIT(PUSH_KEEP, 20000, "entries", "a desk away longer than this gets a fresh snapshot")   \
	LIMIT(JOURNAL_KEEP, 1000000, "entries", "audit in Redis; retention trims it")              \
	LIMIT(DEDUP_KEEP_S, 604800, "seconds", "a mail server retries for five days")

#define LIMIT_ENUM(name, value, unit, why) name = (value),
enum limits { LIMITS(LIMIT_ENUM) };
#undef LIMIT_ENUM

#endif
