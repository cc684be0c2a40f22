/*
 * Structured log lines on stderr, one per event, logfmt:
 *   2026-11-22T13:20:00.123Z info store ready durability=always
 * Never message bodies, passwords, tokens or whole addresses: pass ids. Values with blanks or quotes are quoted,
 * controls escaped. Not for the pure layers (engine, text).
 */
#ifndef USHER_BASE_LOG_H
#define USHER_BASE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_set_level(enum log_level least);
/* In a process whose stderr another one logs: "<4>words", the level as in sd-daemon(3); when and where is the reader's to say. */
void log_set_relayed(void);
/* `area` is the room (store, net, router, channel name ...); the format gives "words key=value ...". */
void log_line(enum log_level level, const char *area, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define log_debug(area, ...) log_line(LOG_DEBUG, area, __VA_ARGS__)
#define log_info(area, ...)  log_line(LOG_INFO, area, __VA_ARGS__)
#define log_warn(area, ...)  log_line(LOG_WARN, area, __VA_ARGS__)
#define log_error(area, ...) log_line(LOG_ERROR, area, __VA_ARGS__)

#endif
