/*
 * usherctl's other end: the socket DATA/usherctl.sock (0600: who may open it is trusted). One request a connection,
 * one JSON object a line:
 *
 *   {"verb":"conv","args":["01J..."],"options":{"role":"agent","skill":["ru=80"]}}
 *   ◀ {"line":"text for people"} ...
 *   ◀ {"progress":"how far"} ...       each says all that the one before said
 *   ◀ {"result":{...}}                 what was asked for
 *   ◀ {"error":"why","exit":1}         or {"done":true}; then the connection is closed
 *
 * After {"desk":true} (verb desk) both sides send frames of the desk protocol, one a line.
 */
#ifndef USHER_APP_CONTROL_H
#define USHER_APP_CONTROL_H

#include "base/err.h"

struct node;
struct control;

/* NULL with the reason when the socket cannot be made. */
struct control *control_new(struct node *n, struct err *err);
void control_free(struct control **c);

#endif
