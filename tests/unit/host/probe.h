/*
 * A plugin that does what its test says and remembers what the host did. Compiled by the test from probe.c as an out-of-tree plugin
 * would be: against include/ alone.
 */
#ifndef USHER_TESTS_HOST_PROBE_H
#define USHER_TESTS_HOST_PROBE_H

#include <usher/channel.h>

enum { PROBE_MAX = 64, PROBE_TEXT = 96 };

struct probe_send {
	char id[PROBE_TEXT], text[PROBE_TEXT], to[PROBE_TEXT], ref[PROBE_TEXT], part[PROBE_TEXT];
	uint32_t attempt;
};
struct probe_update {
	int what, from;
	uint64_t seq;
	char thread[PROBE_TEXT], text[PROBE_TEXT], name[PROBE_TEXT], dedup[PROBE_TEXT];
};
struct probe_ack {
	uint64_t token;
	int outcome;
	char why[PROBE_TEXT];
};

struct probe {
	struct usher_host *host;
	const struct usher_services *svc;
	int opened, closed, reloaded,
		inside; /* inside: the plugin's code runs; a call meanwhile is a breach by the host */
	int nested;
	int answer; /* outcome to give inside `send`; -1: none */
	struct probe_send sends[PROBE_MAX];
	struct probe_update updates[PROBE_MAX];
	struct probe_ack acks[PROBE_MAX], caught[PROBE_MAX], remembered[PROBE_MAX],
		recalled[PROBE_MAX], blobs[PROBE_MAX];
	size_t send_count, update_count, ack_count, caught_count, remembered_count, recalled_count,
		blob_count;
	char stream[4 * PROBE_TEXT]; /* events of connections: "open hello closed" */
	char stream_why[PROBE_TEXT];
	int fired, posted, has_newer, slow_close; /* slow_close: it says down later */
	const char *health;
};

#endif
