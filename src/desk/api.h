/*
 * The HTTP API: one table of endpoints, from which routing, rights and the OpenAPI description come. A call is one request on its way: it
 * outlives the request while answers from the store are awaited, and is answered once.
 *
 *   request ─▶ endpoint ─▶ origin ─▶ session ─▶ policy ─▶ [body] ─▶ handler ─▶ call_answer
 */
#ifndef USHER_DESK_API_H
#define USHER_DESK_API_H

#include <jansson.h>

#include "desk/private.h"
#include "store/lookup.h"

enum body_kind { BODY_NONE, BODY_JSON, BODY_STREAM };

/* X(handler, method, path below /api/v1, ACTION_*, body, status when it went well, summary). ACTION_NONE: for everybody, not logged in. */
#define ENDPOINTS(X)                                                                               \
	X(login, "POST", "/login", NONE, BODY_JSON, 200, "Log in: sets the session cookie")        \
	X(logout, "POST", "/logout", CONNECT, BODY_NONE, 200, "End the session everywhere")        \
	X(ticket, "POST", "/ticket", CONNECT, BODY_NONE, 200,                                      \
		"A ticket for the desk's WebSocket: once, within 30 s")                            \
	X(me, "GET", "/me", CONNECT, BODY_NONE, 200, "Who is logged in and what they may do")      \
	X(conversation, "GET", "/conversations/{id}", READ_CONV, BODY_NONE, 200,                   \
		"A conversation with its messages in order; query: after, limit")                  \
	X(message_html, "GET", "/conversations/{id}/messages/{seq}/html", READ_CONV, BODY_NONE,    \
		200, "The raw HTML form of a message, as plain text")                              \
	X(explain, "GET", "/conversations/{id}/explain", EXPLAIN, BODY_NONE, 200,                  \
		"Why a conversation waits, or who got it and why")                                 \
	X(customer, "GET", "/customers/{id}", READ_CUSTOMER, BODY_NONE, 200,                       \
		"A customer's card: identities, conversations, who was merged, who it may be")     \
	X(merge, "POST", "/customers/{id}/merge", MERGE, BODY_JSON, 200,                           \
		"This customer is the same person as another: into, reason")                       \
	X(split, "POST", "/customers/{id}/split", MERGE, BODY_JSON, 200,                           \
		"Takes a merge back: reason")                                                      \
	X(distinct, "POST", "/customers/{id}/distinct", MERGE, BODY_JSON, 200,                     \
		"This customer and another are two: not suggested any more; into, reason")         \
	X(undistinct, "POST", "/customers/{id}/undistinct", MERGE, BODY_JSON, 200,                 \
		"Takes that back: into, reason")                                                   \
	X(blob_put, "POST", "/blobs", WRITE_BLOB, BODY_STREAM, 201, "Store a file to send")        \
	X(blob_get, "GET", "/blobs/{name}", READ_BLOB, BODY_NONE, 200,                             \
		"An attachment of a conversation; query: conv")                                    \
	X(picture, "GET", "/blobs/{name}/picture", READ_BLOB, BODY_NONE, 200,                      \
		"A picture of a conversation, drawn anew to be shown; query: conv, side")          \
	X(queue, "GET", "/queues/{name}", READ_QUEUE, BODY_NONE, 200,                              \
		"The conversations that wait in a queue, in order")                                \
	X(agents, "GET", "/agents", READ_AGENTS, BODY_NONE, 200, "All agents and their work")      \
	X(templates, "GET", "/templates", REPLY, BODY_NONE, 200,                                   \
		"Texts that may be put into a reply: everybody's, and one's own")                  \
	X(own_text_put, "POST", "/me/texts", OWN_TEXT, BODY_JSON, 200,                             \
		"Keep a text for one's own replies: title, text; id changes that one")             \
	X(own_text_delete, "DELETE", "/me/texts/{id}", OWN_TEXT, BODY_NONE, 200,                   \
		"Keep it no longer")                                                               \
	X(signature, "GET", "/me/signature", REPLY, BODY_NONE, 200,                                \
		"What stands below one's replies by mail")                                         \
	X(signature_put, "POST", "/me/signature", REPLY, BODY_JSON, 200,                           \
		"Change it; {{agent.name}} and the like are filled in, empty: the queue's")        \
	X(user_put, "POST", "/users", WRITE_USER, BODY_JSON, 201, "Make or change a user")         \
	X(user_off, "DELETE", "/users/{id}", WRITE_USER, BODY_NONE, 200,                           \
		"A user may no longer log in; work is returned")                                   \
	X(stats, "GET", "/stats", READ_STATS, BODY_NONE, 200,                                      \
		"Service level of the queues, intake, channels")                                   \
	X(quarantine, "GET", "/quarantine", READ_QUARANTINE, BODY_NONE, 200,                       \
		"What came and could not be understood, newest first")                             \
	X(quarantine_source, "GET", "/quarantine/{id}/source", READ_QUARANTINE, BODY_NONE, 200,    \
		"The source of such a message as plain text; query: download")                     \
	X(quarantine_retry, "POST", "/quarantine/{id}/retry", REREAD, BODY_NONE, 200,              \
		"Read it again, with wider limits; 409 when it still is not understood")           \
	X(dead, "GET", "/dead", READ_DEAD, BODY_NONE, 200,                                         \
		"What could not be sent, the oldest first; frames retry and discard decide")       \
	X(openapi, "GET", "/openapi.json", NONE, BODY_NONE, 200, "This description")

struct call;
struct endpoint {
	const char *name, *method, *path;
	enum action action;
	enum body_kind body;
	int status;
	const char *summary;
	void (*handle)(struct call *c);
};
extern const struct endpoint api_endpoints[];
extern const size_t api_endpoint_count;

struct call {
	struct desk *d;
	struct http_request *r; /* NULL: the client has gone */
	size_t refs;
	bool answered;
	struct arena arena;
	const struct endpoint *endpoint;
	struct slice args[2];
	struct who who; /* in the arena */
	enum scope scope;
	struct slice body;
	struct pairs_found conv; /* what access_conv found */
	void *state;		 /* the handler's own, freed by `drop` */
	void (*drop)(void *state);
};

void call_hold(struct call *c);
void call_release(struct call *c);
/* True while it makes sense to go on. */
bool call_lives(const struct call *c);
void call_json(struct call *c, int status, const struct str *o);
void call_problem(struct call *c, int status, const char *detail);
/* A negative status of the store as a problem: 404 or 503. */
void call_failed(struct call *c, int status);
/* A query parameter in the arena; p NULL when absent. */
struct slice call_query(struct call *c, const char *name);
/* An id from the path; 404 was answered when it is none. */
bool call_id(struct call *c, size_t arg, struct id *out);

#define CALL_DECLARE(handler, method, path, action, body, status, summary)                         \
	void call_##handler(struct call *c);
ENDPOINTS(CALL_DECLARE)
#undef CALL_DECLARE

/* What the router answered a command that was asked for this call, when it was not done. */
void call_refused(struct call *c, int status, enum answer answer, const char *why);

/* access.c: whether this call may read it; fn is called when it may, else it was answered. */
void access_conv(struct call *c, struct id conv, void (*fn)(struct call *c));
void access_customer(struct call *c, struct id customer, void (*fn)(struct call *c));

#endif
