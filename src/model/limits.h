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
	LIMIT(PICTURE_FILE_MAX, 16777216, "bytes", "of a picture that is shown, not only saved")   \
	LIMIT(PICTURES_AT_ONCE, 2, "processes", "that draw pictures anew; each takes a core")      \
	LIMIT(PICTURES_WAIT_MAX, 64, "pictures", "that wait for one of them")                      \
	LIMIT(PICTURES_KEPT, 512, "pictures", "drawn anew and kept in memory for the next viewer") \
	LIMIT(PICTURES_KEPT_BYTES, 8388608, "bytes", "of these; one of them an eighth at most")    \
	LIMIT(UNNAMED_KEEP_S, 259200, "seconds", "of a file that no message names: a weekend")     \
	LIMIT(BLOB_REDIS_MAX, 65536, "bytes", "larger blobs are files: Redis keeps all in memory") \
	LIMIT(RECIPIENTS_MAX, 50, "addresses", "of one reply; more is a newsletter")               \
	LIMIT(QUOTED_HTML_MAX, 131072, "bytes", "of HTML that is quoted; more is quoted as words") \
	LIMIT(QUOTED_IMAGE_MAX, 524288, "bytes", "of an image that goes back in a quotation")      \
	LIMIT(MAIL_ASKED_MOST, 5, "mails", "to one address that somebody asked for")               \
	LIMIT(MAIL_ASKED_S, 86400, "seconds", "in which an address gets no more of them")          \
	LIMIT(AWAY_MAILS_MOST, 20, "mails",                                                        \
		"in MAIL_ASKED_S to one address that chat visitors gave as theirs")                \
	LIMIT(AWAY_MESSAGES_MAX, 50, "messages", "in one of them; the rest in the next")           \
	LIMIT(AWAY_BATCH_MAX, 50, "conversations", "of visitors to be mailed in one turn")         \
	LIMIT(SIGNATURE_MAX, 4096, "bytes", "below a reply")                                       \
	LIMIT(OWN_TEXTS_MAX, 100, "texts", "for replies that an agent keeps for himself")          \
	LIMIT(OWN_TEXT_MAX, 8192, "bytes", "of one of them; its title is a subject")               \
	/* names */                                                                                \
	LIMIT(NAME_MAX_LEN, 64, "bytes", "queues, skills, agents, channels, segments")             \
	LIMIT(SKILLS_MAX, 64, "skills", "of one agent or requirement")                             \
	LIMIT(LANES_MAX, 8, "rates", "of segments, 1 among them: heads are compared one by one")   \
	LIMIT(OFFERS_MAX, 8, "offers", "of one conversation at once; each takes an agent's units") \
	LIMIT(TIERS_MAX, 8, "tiers", "of segments; each needs a promotion")                        \
	LIMIT(WRAPUP_MAX_S, 3600, "seconds", "of wrap-up, however often it is extended")           \
	LIMIT(STAGES_MAX, 16, "stages", "of one queue's relaxation")                               \
	/* what a message is about */                                                              \
	LIMIT(CLASSIFY_TEXT_MAX, 4096, "bytes", "what is wanted is said at the beginning")         \
	LIMIT(CLASSIFY_PHRASE_MAX, 4, "words", "of a rule; longer ones never come twice")          \
	LIMIT(CLASSIFY_PATTERN_MAX, 1024, "bytes",                                                 \
		"of a regular expression; it is read by people")                                   \
	LIMIT(CLASSIFY_STEPS_MAX, 200000, "steps", "of one pattern on one message: milliseconds")  \
	/* the router */                                                                           \
	LIMIT(BATCH_COMMANDS_MAX, 512, "commands", "one commit: bounded latency for the first")    \
	LIMIT(INBOX_MAX, 1000000, "entries", "beyond it intake is refused, nothing is lost")       \
	LIMIT(PUSH_KEEP, 20000, "effects", "a desk away longer than this gets a fresh snapshot")   \
	LIMIT(JOURNAL_KEEP, 1000000, "events", "audit in Redis; retention trims it")               \
	LIMIT(WHATIF_BYTES_MAX, 268435456, "bytes", "of a past run again beside live work")        \
	LIMIT(QUARANTINE_MAX, 10000, "entries", "what could not be understood, in its list")       \
	LIMIT(DEAD_MAX, 100000, "entries", "messages that could not be sent, in their list")       \
	LIMIT(DEDUP_KEEP_S, 604800, "seconds", "a mail server retries for five days")              \
	/* the store */                                                                            \
	LIMIT(REDIS_CALL_MS, 30000, "ms", "Redis that answers later is as good as away")           \
	LIMIT(REDIS_BLOCK_MS, 10000, "ms", "a waiting read; below REDIS_CALL_MS")                  \
	LIMIT(REDIS_REPLY_MAX, 268435456, "bytes", "one reply: the engine's state is the largest") \
	LIMIT(REDIS_ITEMS_MAX, 1048576, "items", "one array in a reply")                           \
	LIMIT(LEASE_MS, 10000, "ms", "a node that is dead this long no longer routes")             \
	/* the desk */                                                                             \
	LIMIT(MERGE_MAX, 32, "customers", "merged into one; more is a mistake of somebody")        \
	LIMIT(SUGGEST_MAX, 8, "customers", "suggested on one card; nobody reads more")             \
	LIMIT(SUGGEST_ASK_MAX, 50, "identities", "of a card that are looked up for it")            \
	LIMIT(REASON_MAX, 256, "bytes", "why somebody declined, merged or split")                  \
	LIMIT(DESK_FRAME_MAX, 1048576, "bytes", "a reply of the largest text fits four times")     \
	LIMIT(DESK_DEPTH_MAX, 8, "levels", "JSON from outside; a command needs 3")                 \
	LIMIT(DESK_OUTPUT_SLOW, 524288, "bytes", "a reader this far behind gets resync")           \
	LIMIT(DESK_COMMANDS_MAX, 256, "commands", "of one desk on their way to disk")              \
	LIMIT(DESK_WAITING_MAX, 500, "conversations", "in one snapshot; nobody reads more")        \
	LIMIT(DESK_AGENTS_MAX, 2000, "agents", "in one snapshot: half a WebSocket's buffer")       \
	LIMIT(DESK_WATCH_MAX, 256, "conversations", "one supervisor follows at a time")            \
	LIMIT(DESK_REPLAY_MAX, 1000, "effects", "read at once for a desk's resume")                \
	LIMIT(DESK_HELLO_MS, 100, "ms", "for the resume frame; then the snapshot is sent")         \
	LIMIT(DESK_CHECK_MS, 60000, "ms", "an ended log-in is gone from open desks by then")       \
	LIMIT(DESK_AGAIN_MS, 500, "ms", "until a desk asks again whether this node routes")        \
	LIMIT(API_BODY_MAX, 65536, "bytes", "JSON of one HTTP request; files have their own")      \
	LIMIT(API_ANSWER_MS, 10000, "ms", "for the router's answer to an HTTP command")            \
	LIMIT(API_MESSAGES_MAX, 500, "messages", "of a history in one answer")                     \
	LIMIT(API_CONVS_MAX, 100, "conversations", "of a customer in one answer")                  \
	LIMIT(SESSION_KEEP_S, 43200, "seconds", "a shift, counted from the last use")              \
	LIMIT(SESSION_TOUCH_S, 600, "seconds", "between prolongations: few writes")                \
	LIMIT(TICKET_KEEP_MS, 30000, "ms", "from the page's request to its WebSocket")             \
	LIMIT(TICKETS_MAX, 10000, "tickets", "not yet used; the oldest goes first")                \
	LIMIT(PASSWORD_MIN, 8, "bytes", "NIST 800-63B")                                            \
	LIMIT(PASSWORD_MAX, 1024, "bytes", "hashed in constant memory; longer is an attack")       \
	LIMIT(PASSWORD_THREADS, 2, "threads", "32 MiB and 60 ms of a core for each hash")          \
	LIMIT(PASSWORD_QUEUE_MAX, 64, "log-ins", "waiting to be hashed: 2 s; then 503")            \
	LIMIT(LOGIN_FREE_ACCOUNT, 5, "failures", "of one account before waits begin")              \
	LIMIT(LOGIN_FREE_NETWORK, 20, "failures", "of one /24 or /64 before waits begin")          \
	LIMIT(LOGIN_WAIT_MAX_S, 300, "seconds", "the wait doubles up to this")                     \
	LIMIT(LOGIN_FORGET_S, 3600, "seconds", "in which as many failures as are free go")         \
	LIMIT(LOGIN_KEYS_MAX, 20000, "keys", "accounts and networks remembered")                   \
	/* the network */                                                                          \
	LIMIT(CONN_INPUT_MAX, 65536, "bytes", "unread input of one connection")                    \
	LIMIT(CONN_OUTPUT_LOW, 16384, "bytes", "below it a writer may go on")                      \
	LIMIT(CONN_DIAL_MS, 10000, "ms", "name, connect and TLS handshake of what we dial")        \
	LIMIT(CONN_HANDSHAKE_MS, 10000, "ms", "a stranger's TLS handshake")                        \
	LIMIT(LINGER_MS, 30000, "ms", "the last output of a connection to a slow reader")          \
	LIMIT(LINGER_BYTES_S, 16384, "bytes/s", "a reader slower than this is not waited for")     \
	LIMIT(LINGER_FIN_MS, 2000, "ms", "after all is sent: the peer's own end")                  \
	LIMIT(HTTP_CONNECTIONS_MAX, 65536, "connections", "2 KiB of heap each, 128 MiB in all")    \
	LIMIT(HTTP_ADDRESS_SHARE, 8, "th", "of them one address may hold; others want in, too")    \
	LIMIT(DESCRIPTORS_KEPT, 512, "descriptors", "for Redis, files, mail and plugins")          \
	LIMIT(HTTP_HEADER_MS, 10000, "ms", "a whole request header; one byte a second dies")       \
	LIMIT(HTTP_REQUEST_MS, 30000, "ms", "a request from its header to its answer")             \
	LIMIT(HTTP_IDLE_MS, 60000, "ms", "a kept-alive connection between requests")               \
	LIMIT(HTTP_TARGET_MAX, 4096, "bytes", "path and query; a longer one is 414")               \
	LIMIT(HTTP_LINE_MAX, 8192, "bytes", "one header field; cookies are the longest")           \
	LIMIT(HTTP_HEADER_MAX, 16384, "bytes", "the whole header of a request")                    \
	LIMIT(HTTP_HEADERS_MAX, 100, "fields", "in a request or a trailer; browsers send 20")      \
	LIMIT(HTTP_CHUNK_LINE_MAX, 256, "bytes", "chunk size and extension, which nobody uses")    \
	LIMIT(HTTP_DISCARD_MAX, 65536, "bytes", "of a body nobody took, read to keep alive")       \
	LIMIT(WS_OUTPUT_MAX, 1048576, "bytes", "a reader this far behind is dropped")              \
	LIMIT(HTTP_PACE_BURST, 2000, "requests", "of one address at once: a whole office reloads") \
	LIMIT(HTTP_PACE_PER_S, 500, "requests", "of one address each second, then they wait")      \
	LIMIT(HTTP_PACE_BYTES, 16384, "bytes", "of a body count as one request more")              \
	LIMIT(HTTP_PACE_REQUEST_MS, 5000, "ms", "that a request waits for its turn, then 429")     \
	LIMIT(HTTP_PACE_REFUSED, 20, "requests", "that a 429 counts for: who goes on waits more")  \
	LIMIT(HTTP_PACE_CONNECT_MS, 2000, "ms", "an address behind by more is not let in")         \
	LIMIT(HTTP_PACE_TLS, 10, "requests", "that one TLS handshake counts for: a millisecond")   \
	LIMIT(WS_TURN_MESSAGES, 8, "messages", "of one socket in one turn: a flood holds nobody")  \
	LIMIT(WS_PACE_BURST, 200, "messages", "of one stranger's socket at once")                  \
	LIMIT(WS_PACE_PER_S, 50, "messages", "of it each second, then it is not read for a while") \
	LIMIT(WS_PACE_BYTES, 1024, "bytes", "of it count as one message more")                     \
	LIMIT(WS_PACE_INPUT, 16384, "bytes", "of it unread: the rest waits on its side")           \
	LIMIT(WS_FLYING_MAX, 8, "messages", "of it on their way to disk, then it is not read")     \
	LIMIT(WS_PING_MS, 25000, "ms", "proxies forget silent connections after 30 s or more")     \
	LIMIT(WS_CLOSE_MS, 2000, "ms", "for the peer's answer to a close frame")                   \
	LIMIT(STATIC_FILE_MAX, 16777216, "bytes", "one built web file in memory")                  \
	LIMIT(STATIC_FILES_MAX, 4096, "files", "of one built web directory")                       \
	/* the host */                                                                             \
	LIMIT(MESSAGE_HTML_MAX, 1048576, "bytes", "shown in a frame; longer HTML becomes a part")  \
	LIMIT(DELIVERIES_MAX, 10000, "messages", "of a channel, not yet on disk; then: later")     \
	LIMIT(STUBBORN_MAX, 16384, "news", "of a channel, told to nobody, waiting for the store")  \
	LIMIT(STUBBORN_BYTES_MAX, 16777216, "bytes", "of them: each may be a long mail")           \
	LIMIT(RECENT_MAX, 8192, "messages", "a repeat of these is known without asking")           \
	LIMIT(SENDS_MAX, 4096, "messages", "of a channel, taken from the outbox and not done")     \
	LIMIT(SENDS_AT_ONCE_MAX, 64, "messages", "handed to a channel and not answered")           \
	LIMIT(SEND_AGAIN_LEAST_S, 2, "seconds", "after the first failed attempt; then doubled")    \
	LIMIT(SEND_AGAIN_MOST_S, 3600, "seconds", "between two attempts")                          \
	LIMIT(SEND_ORDER_S, 3600, "seconds", "a message that is not taken holds up the next")      \
	LIMIT(SEND_ORDER_ALONE_S, 120, "seconds", "the same, where others are taken meanwhile")    \
	LIMIT(SEND_MARK_KEEP_S, 604800, "seconds", "longer than any message is tried")             \
	LIMIT(SEND_GIVE_UP_S, 172800, "seconds", "a person would have found another way by then")  \
	LIMIT(RATING_MAX, 5, "stars", "what everybody knows how to give")                          \
	LIMIT(RATING_TEXT_MAX, 4096, "bytes", "beside the stars")                                  \
	LIMIT(EXPECTED_MAX, 256, "conversations", "asked about in one go after a restart")         \
	LIMIT(CATCH_UPS_MAX, 10000, "threads", "of a channel, being read back at once")            \
	LIMIT(CATCH_UP_PAGE, 256, "messages", "read back in one go")                               \
	LIMIT(OPTION_TEXT_MAX, 65536, "bytes", "an option's value where the plugin sets no limit") \
	LIMIT(CALLBACK_SLOW_US, 5000, "us", "of a plugin's call: longer ones are reported")        \
	LIMIT(SEND_ANSWER_S, 900, "s", "a plugin has to answer a send: later ones are reported")   \
	LIMIT(HEALTH_MAX, 8192, "bytes", "that a plugin says of itself")

#define LIMIT_ENUM(name, value, unit, why) name = (value),
enum limits { LIMITS(LIMIT_ENUM) };
#undef LIMIT_ENUM

#endif
