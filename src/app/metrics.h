/*
 * The one table of metrics: what /metrics says, what `usherd --metrics` lists and what the docs are held to.
 */
#ifndef USHER_APP_METRICS_H
#define USHER_APP_METRICS_H

#include "app/node.h"

/* X(enum, name without usher_, type, labels, help, what metrics.c does to write it) */
#define METRICS(X)                                                                                 \
	X(METRIC_BUILD_INFO, "build_info", "gauge", "version",                                     \
		"Always 1; the labels say what runs.",                                             \
		one(s, "version", slice_of(USHER_VERSION), 1))                                     \
	X(METRIC_UPTIME, "uptime_seconds", "gauge", "", "Since this process began.",               \
		timed(s, loop_monotonic_us(s->n->loop) - s->n->started_us))                        \
	X(METRIC_ROUTING, "routing", "gauge", "", "1 when this node routes.",                      \
		plain(s, node_routes(s->n)))                                                       \
	X(METRIC_REDIS_UP, "redis_up", "gauge", "", "1 when Redis is connected.",                  \
		plain(s, store_is_up(s->n->store)))                                                \
	X(METRIC_CONVERSATIONS, "conversations", "gauge", "queue, state",                          \
		"Open conversations by queue and state.", queues(s, on_queue))                     \
	X(METRIC_LONGEST, "queue_longest_wait_seconds", "gauge", "queue",                          \
		"Wait of the conversation that waits longest; no sample when nobody waits.",       \
		queues(s, on_queue))                                                               \
	X(METRIC_OPEN, "queue_open", "gauge", "queue", "1 within business hours.",                 \
		queues(s, on_queue))                                                               \
	X(METRIC_ANSWERED, "queue_answered_total", "counter", "queue",                             \
		"Conversations that got a first reply.", queues(s, on_queue))                      \
	X(METRIC_WITHIN, "queue_answered_within_target_total", "counter", "queue",                 \
		"Those of them within the target of the service level.", queues(s, on_queue))      \
	X(METRIC_ABANDONED, "queue_abandoned_total", "counter", "queue",                           \
		"Conversations whose customer left before a reply.", queues(s, on_queue))          \
	X(METRIC_LEVEL, "queue_service_level_ratio", "gauge", "queue, window",                     \
		"Answered within the target, of answered and abandoned; no sample when none.",     \
		queues(s, on_level))                                                               \
	X(METRIC_LEVEL_SEGMENT, "segment_service_level_ratio", "gauge", "queue, segment, window",  \
		"The same of each segment of a queue.", queues(s, on_level))                       \
	X(METRIC_WAIT, "queue_wait_seconds", "gauge", "queue, quantile",                           \
		"Waits of the last 128 who did not get an agent at once: 0.5, 0.9.",               \
		queues(s, on_wait))                                                                \
	X(METRIC_WAIT_BIAS, "queue_wait_estimate_bias_seconds", "gauge", "queue",                  \
		"How much longer (or, below 0, shorter) their waits were told on average.",        \
		queues(s, on_wait))                                                                \
	X(METRIC_WAIT_ERROR, "queue_wait_estimate_mean_square_seconds", "gauge", "queue",          \
		"Mean square of the error of what they were told, in square seconds.",             \
		queues(s, on_wait))                                                                \
	X(METRIC_AGENTS, "agents", "gauge", "presence", "People with a desk, by presence.",        \
		agents(s))                                                                         \
	X(METRIC_DESKS, "desks_connected", "gauge", "", "Desks connected to this node.",           \
		plain(s, desk_count(s->n->desk)))                                                  \
	X(METRIC_SEEN, "intake_seen_total", "counter", "channel",                                  \
		"Messages that reached a channel.", channels(s))                                   \
	X(METRIC_INTAKE, "intake_total", "counter", "channel, outcome",                            \
		"What became of them: accepted, refused, quarantined.", channels(s))               \
	X(METRIC_MESSAGES, "messages_total", "counter", "outcome",                                 \
		"Messages routed: accepted, duplicate, quarantined.", messages(s))                 \
	X(METRIC_TURNED_AWAY, "conversations_turned_away_total", "counter", "",                    \
		"Conversations refused because their queue was full.",                             \
		plain(s, s->counts.turned_away))                                                   \
	X(METRIC_SENDS, "sends_total", "counter", "channel, outcome",                              \
		"Messages handed to a channel: sent, failed, retried.", channels(s))               \
	X(METRIC_OUTBOX, "outbox_pending", "gauge", "channel", "Messages still to be sent.",       \
		channels(s))                                                                       \
	X(METRIC_PLUGIN, "plugin_faults_total", "counter", "channel, what",                        \
		"slow: calls that held up the loop, an isolated plugin its own; wrong: breaches "  \
		"of the contract.",                                                                \
		channels(s))                                                                       \
	X(METRIC_CHANNEL_UP, "channel_up", "gauge", "channel, plugin", "1 when a channel works.",  \
		channels(s))                                                                       \
	X(METRIC_COMMANDS, "commands_total", "counter", "", "Commands taken from the inbox.",      \
		plain(s, s->counts.commands))                                                      \
	X(METRIC_EVENTS, "events_total", "counter", "", "Events written to the journal.",          \
		plain(s, s->counts.events))                                                        \
	X(METRIC_COMMITS, "commits_total", "counter", "", "Transactions committed.",               \
		plain(s, s->counts.commits))                                                       \
	X(METRIC_BATCH, "batch_commands", "gauge", "", "Commands in the last commit.",             \
		plain(s, s->counts.batch_last))                                                    \
	X(METRIC_COMMIT, "commit_seconds", "gauge", "", "How long the last commit took.",          \
		timed(s, s->counts.commit_us_last))                                                \
	X(METRIC_RECOVERIES, "recoveries_total", "counter", "",                                    \
		"Times the state was rebuilt from snapshot and journal.",                          \
		plain(s, s->counts.recoveries))                                                    \
	X(METRIC_DAMAGED, "damaged_entries_total", "counter", "",                                  \
		"Inbox entries that could not be read.", plain(s, s->counts.damaged))              \
	X(METRIC_AWAY, "away_mails_total", "counter", "",                                          \
		"Mails to chat visitors who had left, with what they had not seen.",               \
		plain(s, s->counts.away_mailed))                                                   \
	X(METRIC_INBOX, "inbox_entries", "gauge", "", "Commands on disk and not yet applied.",     \
		plain(s, inbox_length(s->n->store)))                                               \
	X(METRIC_INFLIGHT, "store_inflight", "gauge", "", "Writes Redis has not answered yet.",    \
		plain(s, store_inflight(s->n->store)))                                             \
	X(METRIC_PROBES, "engine_probes_total", "counter", "",                                     \
		"Matches the engine has looked at.", probes(s))                                    \
	X(METRIC_OVERLOAD, "overload_level", "gauge", "",                                          \
		"What is refused of new work: 0 nothing, 1 exports, 2 anonymous chats and forms, " \
		"3 low webhooks, 4 mail, 5 log-ins.",                                              \
		plain(s, s->n->strain.level))                                                      \
	X(METRIC_SHED, "overload_refused_total", "counter", "",                                    \
		"New work that channels refused for overload.",                                    \
		plain(s, host_shed_count(s->n->host)))                                             \
	X(METRIC_LAG, "loop_lag_seconds", "gauge", "",                                             \
		"How late the loop's last beat was; there is one a second.",                       \
		timed(s, s->n->lag_us))                                                            \
	X(METRIC_TURN, "loop_longest_turn_seconds", "gauge", "",                                   \
		"Most processor time that one turn of the loop took in the last 15 to 30 s.",      \
		timed(s, loop_longest_turn_us(s->n->loop)))                                        \
	X(METRIC_HTTP, "http_connections", "gauge", "", "Open connections, WebSockets included.",  \
		plain(s, http_server_count(s->n->http)))                                           \
	X(METRIC_MEMORY, "resident_memory_bytes", "gauge", "", "Memory of this process.",          \
		plain(s, resident_bytes()))                                                        \
	X(METRIC_UNSENT_FILES, "unsent_files_total", "counter", "",                                \
		"Files taken away because no message named them in time.",                         \
		plain(s, blobs_collected(s->n->store).files))                                      \
	X(METRIC_UNSENT_BYTES, "unsent_files_bytes_total", "counter", "", "Bytes of these.",       \
		plain(s, blobs_collected(s->n->store).bytes))                                      \
	X(METRIC_PICTURES, "pictures_total", "counter", "outcome",                                 \
		"Pictures to be shown, drawn anew in a process of their own: drawn, failed.",      \
		pictures(s))                                                                       \
	X(METRIC_RELOADS, "reloads_total", "counter", "outcome", "Reloads: done, refused.",        \
		reloads(s))

#define METRIC_ENUM(id, name, type, labels, help, write) id,
enum metric { METRICS(METRIC_ENUM) METRIC_COUNT };
#undef METRIC_ENUM

/* The whole answer in the Prometheus text format; e NULL: this node does not route, queues have no samples. */
void metrics_write(struct node *n, const struct engine *e, struct str *out);
/* The list for people. */
void metrics_print(struct str *out);

#endif
