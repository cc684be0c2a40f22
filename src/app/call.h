/*
 * One request over the control socket while it is answered.
 */
#ifndef USHER_APP_CALL_H
#define USHER_APP_CALL_H

#include <jansson.h>

#include "app/node.h"
#include "base/arena.h"
#include "base/list.h"
#include "model/verb.h"

enum { CALL_REFUSED = 1, CALL_USAGE = 2 };

struct control_call {
	struct node *node;
	struct conn *conn; /* NULL: the asker left */
	bool ended;	   /* nothing more is said */
	struct list_node link;
	unsigned holds;	    /* the connection, and every answer that is owed */
	struct arena arena; /* of the request and of what its verb needs */
	json_t *request;
	struct slice args[4];
	size_t arg_count;
	struct desk_pipe *desk; /* verb desk, once it is open */
	struct str text;	/* what a verb puts together */
	void *state;		/* the verb's own, in the arena */
};

struct control_call *control_hold(struct control_call *c);
void control_release(struct control_call *c);
/* Progress, for people. */
void control_line(struct control_call *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same, of which only the latest matters. */
void control_progress(struct control_call *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Each of these ends the call. */
void control_result(struct control_call *c, struct slice json, int exit_code);
void control_error(struct control_call *c, int exit_code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* An option as text; p NULL when absent. */
struct slice control_option(const struct control_call *c, const char *name);
/* The engine as it is on disk, soon; an error ends the call when this node does not route. */
void control_read(
	struct control_call *c, void (*fn)(struct control_call *c, const struct engine *e));
/* An id, or an error that ends the call. */
bool control_id(struct control_call *c, struct slice text, struct id *out);

/* verbs*.c: begin; each ends the call, now or later. */
void verb_status(struct control_call *c);
void verb_queue(struct control_call *c);
void verb_agents(struct control_call *c);
void verb_explain(struct control_call *c);
void verb_conv(struct control_call *c);
void verb_customer(struct control_call *c);
void verb_export(struct control_call *c);
void verb_user(struct control_call *c);
void verb_merge(struct control_call *c);
void verb_split(struct control_call *c);
void verb_desk(struct control_call *c);
void verb_quarantine(struct control_call *c);
void verb_dead(struct control_call *c);
void verb_replay(struct control_call *c);
void verb_whatif(struct control_call *c);
void verb_verify(struct control_call *c);

/* json.c: pieces of answers. */
/* "ru=80 cards=50" → {"ru":80,"cards":50} */
void json_skills(struct str *out, struct slice skills);
/* `,"name":"text"` */
void json_text(struct str *out, const char *name, struct slice text);
void json_id(struct str *out, const char *name, struct id id);
struct entry;
void json_entry(struct str *out, const struct entry *en, bool whole);

#endif
