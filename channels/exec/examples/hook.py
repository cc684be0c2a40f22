#!/usr/bin/env python3
"""A channel over HTTP: POST /hook {"id", "from", "text"} is a message; GET /hook?ann fetches the answers to ann, each once."""
import json, sys
waiting, answers, fetched = {}, {}, set()  # requests that are told when their message is on disk; a name: id, text; ids
def say(**line): print(json.dumps(line), flush=True)
for m in map(json.loads, sys.stdin):
    if m["t"] == "hello":
        say(t="ready", routes=["/hook"])
    elif m["t"] == "http" and m["method"] == "GET":
        ours = answers.pop(m["query"], {})
        fetched.update(ours)
        say(t="answer", id=m["id"], status=200, type="application/json", body=json.dumps(list(ours.values())))
    elif m["t"] == "http":
        try:
            said = json.loads(m["body"])
            "".join([said["from"], said["text"], said["id"] or 0]).encode()  # an error unless all are texts and there is an id
            waiting.setdefault(said["id"], []).append(m["id"])
            say(t="in", id=said["id"], **{"from": {"value": said["from"]}}, text=said["text"])
        except (ValueError, KeyError, TypeError):
            say(t="answer", id=m["id"], status=400, problem="expected a JSON object with the texts id, from and text")
    elif m["t"] == "ack":
        for request in waiting.pop(m["id"], []):
            say(t="answer", id=request, status={"ok": 201, "duplicate": 200, "retry": 503}.get(m["outcome"], 422), body=m.get("message", ""))
    elif m["t"] == "send":
        if m["id"] not in fetched:  # usher asks again later, with the same id
            answers.setdefault(m["thread"] or m["to"], {})[m["id"]] = m["text"]
        say(t="sent", id=m["id"], outcome="ok" if m["id"] in fetched else "retry", why="nobody has fetched it yet")
    elif m["t"] == "ping":
        say(t="pong")
