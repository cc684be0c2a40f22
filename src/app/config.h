/*
 * The configuration from its file. Loading has no side effects. Everything that is wrong is reported, not only the first.
 */
#ifndef USHER_APP_CONFIG_H
#define USHER_APP_CONFIG_H

#include "base/str.h"
#include "model/config.h"

/* NULL: `problems` got lines `file:line:col: message`, at most 20 and then how many more. */
struct config *config_load(const char *file, struct str *problems);
/* The same from text, with business hours expanded from `now_us` on; file is its name in messages. */
struct config *config_parse(
	const char *file, struct slice text, uint64_t now_us, struct str *problems);
void config_free(struct config **c);
/* The file as text; false and a line in problems when it cannot be read or is too large. */
bool config_read(const char *file, struct str *text, struct str *problems);

#endif
