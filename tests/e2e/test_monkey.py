"""A day of people who press everything: agents, a supervisor, API clients and visitors do random things for some seconds, most of them possible, some of
them nonsense, with ids that exist, that are somebody else's, and that never were. Nobody knows what must happen then; everybody knows what must not:
usherd ends, a sanitizer speaks, an answer of 500, a command without an answer, an invariant broken, a journal that replays to another state, an acknowledged
word that is nowhere or twice.

SECONDS_EACH (8), SEED and KILLS (0: every so many seconds usherd or its Redis is killed; what goes wrong just then is not counted) from the environment; the seed
decides what is tried, not when."""
import asyncio
import contextlib
import json
import os
import random
import sys
import threading
import time
import urllib.parse

import websockets
from usher import Chat, Desk, Loop, Node, Sink, main, until

CENTER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "monkey.yaml")
SECONDS = float(os.environ.get("SECONDS_EACH", "8"))
KILLS = float(os.environ.get("KILLS", "0"))
SEED = int(os.environ.get("SEED", str(int(time.time()))))

# Frames of src/desk/PROTOCOL.md with what each of their fields is.
FRAMES = {
    "presence": {"to": "presence"}, "accept": {"offer": "offer"}, "decline": {"offer": "offer", "reason": "text"},
    "reply": {"conv": "conv", "text": "text", "cc": "addresses", "parts": "parts", "seq": "number", "quoted_html": "text"},
    "write": {"channel": "channel", "to": "address", "subject": "text", "text": "text", "queue": "queue", "name": "text"},
    "note": {"conv": "conv", "text": "text"}, "transfer": {"conv": "conv", "to": "target", "text": "text"},
    "consult": {"conv": "conv", "to": "target", "text": "text"}, "resolve": {"conv": "conv", "outcome": "text"},
    "reopen": {"conv": "conv"}, "take": {"conv": "conv", "agent": "agent"}, "wrapup_done": {"conv": "conv"},
    "wrapup_more": {"conv": "conv"}, "retry": {"conv": "conv", "seq": "number"}, "discard": {"conv": "conv", "seq": "number"},
    "typing": {"conv": "conv"}, "seen": {"conv": "conv", "seq": "number"}, "watch": {"conv": "conv", "on": "flag"},
    "merge": {"customer": "customer", "into": "customer", "reason": "text"}, "split": {"customer": "customer", "reason": "text"},
    "distinct": {"customer": "customer", "into": "customer"}, "undistinct": {"customer": "customer", "into": "customer"},
    "queue": {"queue": "queue", "paused": "flag"}, "resume": {"from": "number"}, "ping": {},
}
UNANSWERED = {"typing", "seen", "watch", "resume", "ping"}
OPTIONAL = {"cc", "parts", "seq", "quoted_html", "queue", "name", "agent", "reason", "text"}
# What an agent does most.
OFTEN = ["accept"] * 12 + ["reply"] * 10 + ["presence"] * 3 + ["resolve"] * 5 + ["wrapup_done"] * 3 + list(FRAMES)

JUNK = [None, True, -1, 0, 1, 2**53, 2**63 - 1, -2**63, 1e308, "", " ", "\0", "\u202e", "ß" * 300, "x" * 70000, "../../etc", "01" + "0" * 24, "Z" * 26,
        "a\r\nBcc: eve@evil.test", "{{agent.name}}", "<script>alert(1)</script>", "queue:", "agent:nobody", "skills:=", "skills:cards=99999999999",
        [], {}, [[[]]], {"a": {"b": []}}, ["x"] * 1000]


class World:
    """Every id that anybody has seen, by kind."""

    def __init__(self, rng):
        self.rng = rng
        self.known = {"offer": [], "conv": [], "customer": [], "blob": []}
        self.lock = threading.Lock()
        self.kills, self.down, self.words, self.callers = 0, False, 0, {}

    def learn(self, value, key=None):
        if isinstance(value, dict):
            for k, v in value.items():
                self.learn(v, k)
        elif isinstance(value, list):
            for v in value:
                self.learn(v, key)
        elif isinstance(value, str) and value:
            kind = "customer" if key in ("id", "into") and len(value) == 26 else key
            if kind in self.known and value not in self.known[kind][-200:]:
                with self.lock:
                    self.known[kind].append(value)

    def one(self, kind):
        r = self.rng
        if kind in self.known:
            known = self.known[kind]
            return r.choice(known[-12:] if r.random() < 0.8 else known) if known else "0" * 26
        return {
            "presence": lambda: r.choice(["available"] * 5 + ["away", "offline"]),
            "text": lambda: r.choice(["Yes, we can.", "Да, можем.", "a" * 3000, "one\ntwo", "👩‍👩‍👧", "{{customer.name}}"]),
            "address": lambda: f"w{r.randrange(5)}@x.org", "addresses": lambda: [f"cc{r.randrange(5)}@x.org"],
            "parts": lambda: [{"name": "a.txt", "type": "text/plain", "size": 5, "blob": self.one("blob")}],
            "channel": lambda: r.choice(["support", "support", "chat", "contact"]), "queue": lambda: r.choice(["general", "cards", "spare"]),
            "agent": lambda: r.choice(["bo", "eva", "sam"]), "number": lambda: r.randrange(12), "flag": lambda: r.random() < 0.3,
            "target": lambda: r.choice(["queue:cards", "queue:general", "agent:bo", "agent:eva", "skills:cards=50 en=10"]),
        }[kind]()

    def frame(self):
        t = self.rng.choice(OFTEN)
        f = {k: self.one(kind) for k, kind in FRAMES[t].items() if k not in OPTIONAL or k == "text" or self.rng.random() < 0.3}
        if f and self.rng.random() < 0.1:
            f[self.rng.choice(list(f))] = self.rng.choice(JUNK)
        if f and self.rng.random() < 0.03:
            f.pop(self.rng.choice(list(f)))
        return t, f


def desk(node, world, over, name):
    """Commands without end; each has its answer."""
    with Desk(node, name) as d:
        d.available()
        learned = 0
        while not over.is_set():
            t, f = world.frame()
            d.serial += 1
            cid = f"c{d.serial}"
            d.send(**{**f, "id": cid, "t": t})
            if t not in UNANSWERED:
                # what is not JSON to usher (a NUL in a text) has no id
                until(f"an answer to {t} {str(f)[:300]}", lambda: any(x.get("id") == cid or (x["t"] == "error" and not x.get("id"))
                                                                      for x in d.frames[learned:]) or d.process.poll() is not None, 20, 0.002)
            assert d.process.poll() is None, f"the desk of {name} was closed after {t} {str(f)[:300]}"
            for x in d.frames[learned:]:
                world.learn(x)
            learned = len(d.frames)


class Api:
    """Somebody logged in who tries each path of openapi.json with each method."""

    def __init__(self, node, name, password):
        self.node = node
        status, headers, body = node.request("POST", "/api/v1/login", json.dumps({"user": name, "password": password}), {"Content-Type": "application/json"})
        assert status == 200, body
        self.cookie = headers["set-cookie"].split(";")[0]
        described = json.loads(node.request("GET", "/api/v1/openapi.json")[2])["paths"]
        self.calls = [(method.upper(), path) for path, methods in described.items() for method in methods if method in ("get", "post", "delete", "put")]
        self.calls = [c for c in self.calls if not c[1].endswith(("/logout", "/login"))]

    def try_one(self, world):
        r = world.rng
        method, path = r.choice(self.calls)
        names = {"{id}": r.choice(["conv", "customer"]) if "/customers/" not in path else "customer", "{seq}": "number", "{name}": "blob" if "blobs" in path else "queue"}
        if "/users" in path and method == "DELETE":
            names["{id}"] = "text"  # those who work here go on
        for hole, kind in names.items():
            value = world.one(kind) if r.random() < 0.9 else r.choice(JUNK)
            path = path.replace(hole, urllib.parse.quote(str(value)[:3000], safe=""))
        if not path.startswith("/api/v1"):
            path = "/api/v1" + path
        query = {k: world.one(kind) if r.random() < 0.8 else str(r.choice(JUNK))[:500] for k, kind in
                 (("conv", "conv"), ("after", "number"), ("limit", "number"), ("side", "number"), ("name", "text"), ("type", "text")) if r.random() < 0.3}
        if query:
            path += "?" + urllib.parse.urlencode(query)
        body = r.choice([None, "{", "[]", json.dumps(r.choice(JUNK)), json.dumps({"into": world.one("customer"), "reason": world.one("text")}),
                         json.dumps({"text": r.choice(JUNK)}), json.dumps({"id": "new" + str(r.randrange(9)), "name": "N", "role": r.choice(["agent", "x"]), "skills": {"en": r.choice([1, 90, 101, "x"])}})])
        headers = {"Cookie": self.cookie, "Content-Type": "application/json", "Origin": f"http://127.0.0.1:{self.node.http}"}
        status, _, answer = self.node.request(method, path, body if method != "GET" else None, headers)
        assert status < 500, f"{status} to {method} {path[:200]} {str(body)[:200]}: {answer[:300]}"
        if status == 200 and answer[:1] == b"{":
            world.learn(json.loads(answer))


def api(node, world, over, name):
    caller = world.callers.get(name) or world.callers.setdefault(name, Api(node, name, f"the password of {name}"))
    while not over.is_set():
        caller.try_one(world)
        time.sleep(0.005)


async def greeted(node, hello):
    """Somebody who says hello in his own way hears something, or is sent away."""
    async with websockets.connect(f"ws://127.0.0.1:{node.http}/chat/ws", ping_interval=None) as ws:
        await ws.send(json.dumps(hello))
        with contextlib.suppress(websockets.ConnectionClosed):
            await asyncio.wait_for(ws.recv(), 15)


def visitors(node, world, over, said):
    """Chats, forms and mails; what was acknowledged is noted."""
    r, chats = world.rng, []
    while not over.is_set():
        world.words += 1
        n = world.words
        what = r.random()
        if what < 0.1 or not chats:
            chats.append(Chat(node, **r.choice([{}, {"fields": {"email": f"w{r.randrange(5)}@x.org"}}, {"name": "Zoë", "lang": "ru"}])))
        elif what < 0.13:
            hello = {k: r.choice(JUNK) for k in ("name", "page", "fields", "lang", "identity", "department") if r.random() < 0.5}
            Loop.run(greeted(node, {"t": "hello", "session": r.choice([None, r.choice(chats).session, "0" * 26]), "from": r.choice([0, 1, 2**63 - 1]), **hello}))
        elif what < 0.2:
            status, answer = node.form(email=f"w{r.randrange(5)}@x.org", message=f"said {n} by form", **r.choice([{}, {"topic": "cards"}, {"tier": "premier"}, {"nobody": "asked"}]))
            assert status < 500, f"{status} to a form: {answer}"
            if status == 201:
                said.append(f"said {n} by form")
        elif what < 0.25:
            node.mail(f"said {n} by mail", sender=f"w{r.randrange(5)}@x.org")
            said.append(f"said {n} by mail")
        elif what < 0.7:
            chat = r.choice(chats)
            id = f"m{n}"
            with contextlib.suppress(websockets.ConnectionClosed):
                chat.say(f"said {n} by chat", id=id, wait=False)
            until(f"an answer to {id}", lambda: chat.closed or any(f.get("id") == id and f["t"] in ("ack", "error") for f in chat.frames), 60, 0.002)
            if any(f.get("id") == id and f["t"] == "ack" for f in chat.frames):
                said.append(f"said {n} by chat")
        elif what < 0.9:
            f = r.choice([{"t": "typing"}, {"t": "seen", "seq": r.randrange(9)}, {"t": "rate", "id": f"r{n}", "score": r.randrange(7)}, {"t": "end"}, {"t": "ping"},
                          {"t": "transcript", "email": "w1@x.org", "id": "t1"}, {"t": "about", "fields": {"name": "Z"}}, {"t": r.choice(JUNK)}, {"t": "say", "id": r.choice(JUNK), "text": r.choice(JUNK)}])
            with contextlib.suppress(websockets.ConnectionClosed):  # a word before was too long
                r.choice(chats).send(**f)
        elif len(chats) > 3:
            chats.pop(r.randrange(len(chats))).close()
        chats = [c for c in chats if not c.closed]
        time.sleep(0.01)
    for c in chats:
        c.close()


def goes_on(fn, node, world, over, faults, what):
    """Until it is over; what ends it early is a fault, unless somebody was killed meanwhile."""
    while not over.is_set():
        if world.down:
            time.sleep(0.05)
            continue
        kills = world.kills
        try:
            fn(node, world, over, what)
        except BaseException as e:  # noqa: BLE001 - whatever ends a thread
            if world.kills == kills and not world.down:
                faults.append(f"{time.strftime('%T', time.gmtime())} {fn.__name__}: {type(e).__name__}: {e}")
                return
            time.sleep(0.2)


def hurt(node, world):
    world.down, world.kills = True, world.kills + 1
    if world.rng.random() < 0.5:
        node.kill_redis()
    else:
        node.kill()
        node.start()
    until("it to serve again", lambda: node.ctl("status", check=False).returncode == 0 and node.serves(), 60)
    world.down = False


def heard(node):
    """What customers said, and where."""
    seen = {}
    for conv in node.conversations():
        for m in node.conv(conv)["messages"]:
            if m["direction"] == "in":
                seen.setdefault(m["text"].strip(), []).append((conv, m["seq"]))
    return seen


def test_whatever_is_pressed_nothing_breaks():
    rng = random.Random(SEED)
    print(f"# SEED={SEED} SECONDS_EACH={SECONDS:g}", flush=True)
    with Node(config=CENTER) as node:
        sink, faults, said, over = Sink(node.smtp), [], [], threading.Event()
        for name, role in (("bo", "agent"), ("eva", "agent"), ("sam", "supervisor"), ("ada", "admin")):
            node.ctl("user", "add", name, "--role", role, "--password-stdin", stdin=f"the password of {name}\n")
        world = World(rng)
        people = [(desk, "bo"), (desk, "eva"), (desk, "sam"), (api, "bo"), (api, "sam"), (api, "ada"), (visitors, said)]
        threads = [threading.Thread(target=goes_on, args=(fn, node, world, over, faults, what)) for fn, what in people]
        for t in threads:
            t.start()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            time.sleep(min(rng.uniform(0, 2 * KILLS) if KILLS else SECONDS, max(0, end - time.monotonic())))
            if KILLS and time.monotonic() < end:
                hurt(node, world)
        over.set()
        for t in threads:
            t.join(60)
        sink.close()
        assert node.process.poll() is None, node.tail()
        assert not faults, "\n".join(faults[:20])
        for word in ("runtime error", "Sanitizer", "assertion failed"):
            assert word not in node.log(), node.tail()
        until("all that came to be routed", lambda: "usher_inbox_entries 0" in node.request("GET", "/metrics", port=node.admin)[2].decode())
        seen = heard(node)
        lost = [x for x in said if x not in seen]
        assert not lost, (len(lost), lost[:10])
        doubled = {x: where for x, where in seen.items() if x in said and len(where) > 1}
        assert not doubled, doubled
        print(f"# {len(said)} words said, {len(seen)} heard; killed {world.kills} times", flush=True)
        replay = node.ctl("replay", check=False)
        assert replay.returncode == 0, replay.stdout + replay.stderr


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
