/*
 * The desk room: agents and supervisors. Log-in and sessions, the desk protocol over WebSocket, the HTTP API under /api/v1, pushes.
 *
 * It reads the engine's state only through `read` (which waits until no commit is in flight, so that nothing unsaved is shown),
 * and changes it only by commands into the inbox.
 */
#ifndef USHER_DESK_DESK_H
#define USHER_DESK_DESK_H

#include "engine/engine.h"
#include "model/config.h"
#include "model/effect.h"
#include "model/shed.h"
#include "net/http_server.h"
#include "store/store.h"

struct desk;

/* What the app connects it to. */
struct desk_ports {
	/* Calls fn soon with the engine as of what is on disk and the push number of that state; engine NULL: this node does not route (yet). */
	void (*read)(void *app, void (*fn)(void *arg, const struct engine *e, uint64_t push_n),
		void *arg);
	/* An agent is typing in a live conversation. */
	void (*typing)(void *app, struct slice channel, struct slice thread, struct slice name);
	/* An agent has seen a live conversation up to `seq`. */
	void (*seen)(void *app, struct slice channel, struct slice thread, uint64_t seq);
	/* One JSON object with intake, channels and system numbers for /stats and the supervisor. */
	void (*status)(void *app, void (*fn)(void *arg, struct slice json), void *arg);
	/* Has the channel read a quarantined message again; status 0: `why` is the id of what it was understood as. */
	void (*reread)(void *app, struct slice channel, struct slice raw, struct slice place,
		void (*fn)(void *arg, int status, struct slice why), void *arg);
};

struct desk *desk_new(struct loop *loop, struct store *store, struct http_server *http,
	const struct config *config, const struct desk_ports *ports, void *app);
void desk_configure(struct desk *d, const struct config *config);
/* Committed effects, in order. */
void desk_push(struct desk *d, const struct effect *effects, size_t count);
/* A customer is typing. */
void desk_typing(struct desk *d, struct slice channel, struct slice thread);

/* A desk without HTTP: usherctl desk NAME. Frames out by `line`, frames in by desk_pipe_line. The caller is trusted (control socket). */
struct desk_pipe;
struct desk_pipe *desk_pipe_open(struct desk *d, struct slice agent,
	void (*line)(void *arg, struct slice json), void (*closed)(void *arg, const char *why),
	void *arg);
void desk_pipe_line(struct desk_pipe *p, struct slice json);
void desk_pipe_close(struct desk_pipe **p);

/* Puts the command with a session of its own. fn: status 0 and the router's answer; -ETIMEDOUT: it is on disk, nobody has answered yet;
 * else as inbox_put. */
void desk_ask(struct desk *d, struct command *c,
	void (*fn)(void *arg, int status, enum answer answer, const char *why), void *arg);
/* A new user's credentials and command: used by usherctl and the administrator's page. password empty: one is generated into *password_out. */
void desk_user_add(struct desk *d, struct slice id, struct slice name, enum role role,
	struct slice skills, uint64_t units, struct slice password,
	void (*fn)(void *arg, int status, const char *password, const char *why), void *arg);

/* Overload: from SHED_LOGINS on nobody logs in; who is in works on. */
void desk_shed(struct desk *d, enum shed level);
size_t desk_count(const struct desk *d); /* connected desks */
/* Drain: tells every desk, closes them, done when all are gone. */
void desk_close(struct desk *d, void (*done)(void *arg), void *arg);
void desk_free(struct desk **d);

#endif
