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
	LIMIT(DEDUP_KEEP_S, 604800, "seconds", "a mail server retries for five days")              \
	/* the store */                                                                            \
	LIMIT(REDIS_CALL_MS, 30000, "ms", "Redis that answers later is as good as away")           \
	LIMIT(REDIS_BLOCK_MS, 10000, "ms", "a waiting read; below REDIS_CALL_MS")                  \
	LIMIT(REDIS_REPLY_MAX, 268435456, "bytes", "one reply: the engine's state is the largest") \
	LIMIT(REDIS_ITEMS_MAX, 1048576, "items", "one array in a reply")                           \
	LIMIT(LEASE_MS, 10000, "ms", "a node that is dead this long no longer routes")             \
	/* the network */                                                                          \
	LIMIT(CONN_INPUT_MAX, 65536, "bytes", "unread input of one connection")                    \
	LIMIT(CONN_OUTPUT_LOW, 16384, "bytes", "below it a writer may go on")                      \
	LIMIT(CONN_DIAL_MS, 10000, "ms", "name, connect and TLS handshake of what we dial")        \
	LIMIT(CONN_HANDSHAKE_MS, 10000, "ms", "a stranger's TLS handshake")                        \
	LIMIT(LINGER_MS, 30000, "ms", "the last output of a connection to a slow reader")          \
	LIMIT(LINGER_FIN_MS, 2000, "ms", "after all is sent: the peer's own end")                  \
	LIMIT(HTTP_CONNECTIONS_MAX, 65536, "connections", "2 KiB of heap each, 128 MiB in all")    \
	LIMIT(HTTP_HEADER_MS, 10000, "ms", "a whole request header; one byte a second dies")       \
	LIMIT(HTTP_REQUEST_MS, 30000, "ms", "a request from its header to its answer")             \
	LIMIT(HTTP_IDLE_MS, 60000, "ms", "a kept-alive connection between requests")               \
	LIMIT(HTTP_TARGET_MAX, 4096, "bytes", "path and query; a longer one is 414")               \
	LIMIT(HTTP_LINE_MAX, 8192, "bytes", "one header field; cookies are the longest")           \
	LIMIT(HTTP_HEADER_MAX, 16384, "bytes", "the whole header of a request")                    \
	LIMIT(HTTP_HEADERS_MAX, 100, "fields", "in a request or a trailer; browsers send 20")      \
	LIMIT(HTTP_CHUNK_LINE_MAX, 256, "bytes", "chunk size and extension, which nobody uses")    \
	LIMIT(HTTP_DISCARD_MAX, 65536, "bytes", "of a body nobody took, read to keep alive")       \
	LIMIT(WS_MESSAGE_MAX, 1048576, "bytes", "no owner may ask for larger ones")                \
	LIMIT(WS_OUTPUT_MAX, 1048576, "bytes", "a reader this far behind is dropped")              \
	LIMIT(WS_PING_MS, 25000, "ms", "proxies forget silent connections after 30 s or more")     \
	LIMIT(WS_CLOSE_MS, 2000, "ms", "for the peer's answer to a close frame")                   \
	LIMIT(STATIC_FILE_MAX, 16777216, "bytes", "one built web file in memory")                  \
	LIMIT(STATIC_FILES_MAX, 4096, "files", "of one built web directory")

#define LIMIT_ENUM(name, value, unit, why) name = (value),
enum limits { LIMITS(LIMIT_ENUM) };
#undef LIMIT_ENUM

#endif
