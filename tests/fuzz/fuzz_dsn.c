/* Delivery reports: fields for programs, words, senders, subjects, and the copy of the mail. What is said of them is one line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../channels/email/body.h"
#include "../../channels/email/bounce.h"
#include "../../channels/email/robot.h"

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_why(GString *why, enum bounce_kind kind)
{
	must(g_utf8_validate(why->str, (gssize)why->len, NULL));
	must(!strpbrk(why->str, "\r\n") && why->len < 1500);
	must(kind != BOUNCE_NONE || why->len == 0);
	g_string_truncate(why, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	GString *why = g_string_new(NULL);
	char *line = g_strndup(p, size), message[TOKEN_ID_LEN + 1] = "";
	struct token_key key;

	token_key_make(&key, "fuzz", 4);
	check_why(why, bounce_status(p, size, why));
	check_why(why, bounce_words(p, size, why));
	must(bounce_code(p, size) <= size);
	bounce_sender(line);
	must(!bounce_subject(line) || !robot_subject(line));
	body_own_id(p, size, &key, 1, message);
	must(strlen(message) == 0 || strlen(message) == TOKEN_ID_LEN);
	g_free(line);
	g_string_free(why, TRUE);
	return 0;
}
