/*
 * One way out for both kinds of connection: whoever says something does not know whether it is a WebSocket or a poll.
 */
#include "chat.h"

void tab_send(struct tab *t, struct usher_str frame)
{
	if (t->ws)
		t->chat->svc->ws_send(t->ws, frame);
	else
		poll_send(t->poll, frame);
}

size_t tab_output(const struct tab *t)
{
	return t->ws ? t->chat->svc->ws_output(t->ws) : poll_output(t->poll);
}

void tab_close(struct tab *t, int code, const char *why)
{
	if (t->ws)
		t->chat->svc->ws_close(t->ws, code, why);
	else
		poll_close(t->poll, code, why);
}
