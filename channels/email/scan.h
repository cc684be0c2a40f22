/*
 * Before a mail is parsed: is it within limits that keep the parser cheap? One pass over the raw bytes, no
 * memory to speak of, linear time; decides nothing else. Pure.
 */
#ifndef USHER_EMAIL_SCAN_H
#define USHER_EMAIL_SCAN_H

#include <stdbool.h>
#include <stddef.h>

enum {
	SCAN_PARTS_MAX = 200,
	SCAN_DEPTH_MAX = 32,
	SCAN_HEADER_LINES_MAX = 1000,
	SCAN_HEADER_BYTES_MAX = 262144,
	SCAN_ADDRESSES_MAX = 2000,
	SCAN_BOUNDARY_MAX = 256,
	SCAN_COMPARISONS_MAX =
		500000, /* of lines with boundaries: "--" at their start, times the depth */
	SCAN_WIDER = 8	/* times, but for the depth, for a mail that a person has looked at */
};

/* NULL when it may be parsed; else why not (a literal). `n` bytes as they came, CR LF or LF. */
const char *scan_refusal(const char *raw, size_t n, bool wide);
/* Where the body starts (behind the blank line), or n. */
size_t scan_body(const char *raw, size_t n);

#endif
