"""Plays the stories on a real usherd: real mail, forms, chats and desks, in real time. The language is in README.md.

Time is the machine's: a line never comes before its time; when an expectation took longer than it should, what follows moves with it. SLACK
is what a busy machine may add to a `within`.
"""
import concurrent.futures
import glob
import os
import shlex
import sys
import time

from usher import Node, Sink

HERE = os.path.dirname(os.path.abspath(__file__))
SLACK = 4.0
PARALLEL = 4


def seconds(text):
    unit = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
    for u in ("ms", "s", "m", "h"):
        if text.endswith(u) and text[:-len(u)].replace(".", "", 1).isdigit():
            return float(text[:-len(u)]) * unit[u]
    raise ValueError(f"no time: {text}")


class Line:
    """Words and name=value pairs of a line."""

    def __init__(self, text):
        self.text = text
        self.words, self.pairs = [], {}
        for w in shlex.split(text, comments=False):
            name, eq, value = w.partition("=")
            if eq:
                self.pairs[name] = value
            else:
                self.words.append(w)


class Story:
    def __init__(self, path):
        self.path = path
        with open(path, encoding="utf-8") as f:
            self.lines = [x.strip() for x in f if x.strip() and not x.startswith("#")]
        self.name = os.path.basename(path)[:-4]

    def real(self):
        return "only: engine" not in self.lines


class Play:
    def __init__(self, story):
        self.story = story
        self.node = Node(config=os.path.join(HERE, "center.yaml"), start=False)
        self.sink = Sink(self.node.smtp)
        self.desks, self.visitors, self.mids = {}, {}, {}
        self.answer = None
        self.node.start()
        self.node.user("watcher", role="supervisor")
        self.watcher = self.node.desk("watcher")
        self.watcher.expect("snapshot")
        self.begin = None

    def close(self):
        for d in [*self.desks.values(), self.watcher]:
            d.close()
        for v in self.visitors.values():
            v.close()
        self.node.close()
        self.sink.close()

    # ---- conversations are numbered in the order of their creation ----

    def ids(self):
        seen = []
        for f in list(self.watcher.frames):
            if f.get("t") == "conv" and f["conv"] not in seen:
                seen.append(f["conv"])
        return seen

    def conv(self, number):
        end = time.monotonic() + 10
        while len(self.ids()) < int(number):
            if time.monotonic() > end:
                raise AssertionError(f"there is no conversation {number}")
            time.sleep(0.02)
        return self.ids()[int(number) - 1]

    # ---- time ----

    def at(self, t):
        if self.begin is None:
            self.begin = time.monotonic()
        wait = self.begin + t - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        else:
            self.begin -= wait  # late: the rest of the story moves

    # ---- what people do ----

    def agent(self, name, pairs):
        words = ["user", "add", name, "--role", pairs.get("role", "agent")]
        for s in pairs.get("skills", "").split():
            words += ["--skill", s]
        if "units" in pairs:
            words += ["--units", pairs["units"]]
        self.node.ctl(*words)

    def connect(self, name):
        self.desks[name] = self.node.desk(name)
        self.desks[name].expect("snapshot")

    def person(self, name, pairs):
        self.agent(name, pairs)
        self.connect(name)
        self.desks[name].command("presence", to=pairs.get("presence", "available"))

    def mail(self, p):
        headers = ["Auto-Submitted: auto-replied"] if p.get("auto") == "1" else []
        if "conv" in p:
            headers.append(f"In-Reply-To: {self.mids[p['conv']]}")
        before = len(self.ids())
        mid = self.node.mail(p["text"], sender=p["from"], subject="A story", headers=headers)
        if "conv" not in p:
            number = str(before + 1)
            self.conv(number)
            self.mids[number] = mid

    def form(self, p):
        status, answer = self.node.form(email=p["from"], message=p["text"], topic=p.get("topic", ""))
        assert status == 201, (status, answer)

    def chat(self, p):
        who = p["from"]
        if who not in self.visitors:
            path = f"/{p['queue']}/ws" if "queue" in p else "/chat/ws"
            self.visitors[who] = self.node.chat(path=path)
        self.visitors[who].say(p["text"])

    def offer(self, name, p):
        d = self.desks[name]
        done = {f["offer"] for f in d.frames if f["t"] == "offer_ended"}
        offers = [f for f in d.frames if f["t"] == "offer"]
        if "conv" in p:
            offers = [f for f in offers if f["conv"] == self.conv(p["conv"])]
        still = [f for f in offers if f["offer"] not in done]
        chosen = (still or offers)
        assert chosen, f"{name} has no offer"
        return (still[0] if still else offers[-1])["offer"]

    def own(self, name, p):
        if "conv" in p:
            return self.conv(p["conv"])
        mine = [a for a in self.node.json("agents")["agents"] if a["id"] == name][0]["conversations"]
        if mine:
            return mine[0]
        done = [f for f in self.desks[name].frames if f["t"] == "conv"]
        return done[-1]["conv"]

    def command(self, name, t, **fields):
        try:
            self.desks[name].command(t, **fields)
            self.answer = "ok"
        except AssertionError as e:
            self.answer = str(e)

    def acts(self, name, what, words, p):
        if what == "accept":
            self.command(name, "accept", offer=self.offer(name, p))
        elif what == "decline":
            self.command(name, "decline", offer=self.offer(name, p), reason="not now")
        elif what in ("reply", "note"):
            self.command(name, what, conv=self.own(name, p), text=p["text"])
        elif what in ("transfer", "consult"):
            self.command(name, what, conv=self.own(name, p), to=p["to"], text=p.get("text", ""))
        elif what == "resolve":
            self.command(name, what, conv=self.own(name, p), outcome=p.get("outcome", "solved"))
        elif what in ("wrapup_done", "wrapup_more", "reopen"):
            self.command(name, what, conv=self.own(name, p))
        elif what == "take":
            self.command(name, what, conv=self.own(name, p), **({"agent": p["to"]} if "to" in p else {}))
        elif what == "presence":
            self.command(name, what, to=words[0])
        elif what == "connects":
            self.connect(name)
        elif what == "disconnects":
            self.desks[name].close()
        else:
            raise ValueError(f"nobody can {what}")

    def event(self, words, p):
        who, rest = words[0], words[1:]
        if who in ("mail", "form", "chat"):
            getattr(self, who)(p)
        elif who == "leave":
            self.visitors[p["from"]].close()
        elif who == "end":
            self.visitors[p["from"]].send(t="end")
        elif who == "user":
            self.agent(rest[0], p)
        elif who == "user_off":
            self.node.ctl("user", "off", rest[0])
        elif who in ("pause", "resume"):
            self.watcher.command("queue", queue=rest[0], paused=who == "pause")
        else:
            self.acts(who, rest[0], rest[1:], p)

    # ---- what is expected ----

    def holds(self, what, words, p):
        if what == "offer":
            d = self.desks[p["agent"]]
            done = {f["offer"] for f in d.frames if f["t"] == "offer_ended"}
            return any(f["t"] == "offer" and f["offer"] not in done and ("conv" not in p or f["conv"] == self.conv(p["conv"]))
                       for f in list(d.frames))
        if what == "state":
            return self.node.conv(self.conv(p["conv"]))["state"] == words[0]
        if what == "owner":
            return self.node.conv(self.conv(p["conv"]))["owner"] == words[0]
        if what == "queue":
            found = [c["state"] for c in self.node.json("queue", words[0])["conversations"]]
            return all(found.count(k) == int(v) if k != "active" else
                       self.queue_frame(words[0]).get("active") == int(v) for k, v in p.items())
        if what == "order":
            found = [c["id"] for c in self.node.json("queue", words[0])["conversations"]]
            return found == [self.conv(n) for n in words[1:]]
        if what in ("presence", "used"):
            agent = [a for a in self.node.json("agents")["agents"] if a["id"] == words[0]]
            return bool(agent) and str(agent[0][what]) == words[1]
        if what == "message":
            return self.said(p["to"], p["text~"])
        if what == "answer":
            return self.answered(words[0])
        if what == "why":
            return p["text~"].lower() in self.node.ctl("explain", self.conv(p["conv"]), "--json").stdout.lower()
        raise ValueError(f"nothing to expect: {what}")

    def queue_frame(self, name):
        with self.node.desk("watcher") as d:
            return next(q for q in d.expect("snapshot")["queues"] if q["queue"] == name)

    def said(self, to, text):
        if to in self.visitors:
            return any(text in m["text"] for m in self.visitors[to].messages() if m["from"] != "you")
        return any(to.encode() in m and text.encode() in m for m in self.sink.mails())

    def answered(self, word):
        if word in ("ok", "noop"):  # to a person both are done
            return self.answer == "ok"
        return f"'code': '{word}'" in self.answer

    def expect(self, words, p, text):
        negative = words[0] == "no"
        words = words[1:] if negative else words
        within = for_s = 0.0
        for key in ("within", "for"):
            if key in words:
                i = words.index(key)
                t = seconds(words[i + 1])
                within, for_s = (t, for_s) if key == "within" else (within, t)
                del words[i:i + 2]
        began = time.monotonic()
        while True:
            held = bool(self.holds(words[0], words[1:], p))
            late = time.monotonic() - began
            if negative or for_s:
                if held == negative:
                    if late > within + SLACK or negative:
                        raise AssertionError(f"after {late:.1f} s: {text}")
                elif late >= for_s:
                    return
            elif held:
                return
            elif late > within + SLACK:
                raise AssertionError(f"not within {late:.1f} s: {text}")
            time.sleep(0.05)

    def run(self):
        for text in self.story.lines:
            if text.startswith(("title:", "only:", "start:")):
                continue
            line = Line(text)
            words = line.words
            if words[0] == "agent":
                self.person(words[1], line.pairs)
            elif words[0] == "at":
                self.at(seconds(words[1]))
                self.event(words[2:], line.pairs)
            elif words[0] == "expect":
                self.expect(words[1:], line.pairs, text)
            else:
                raise ValueError(f"what is this: {text}")


def play(story):
    p = None
    try:
        p = Play(story)
        p.run()
        return None
    except Exception as e:  # noqa: BLE001 - any trouble is a failed story
        return f"{type(e).__name__}: {e}" + ("\n" + p.node.tail(15) if p else "")
    finally:
        if p:
            p.close()


def main(only):
    stories = [Story(f) for f in sorted(glob.glob(os.path.join(HERE, "*.scn")))]
    stories = [s for s in stories if s.real() and (not only or s.name in only)]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        for s, why in zip(stories, pool.map(play, stories)):
            if why:
                failed += 1
                for line in why.splitlines():
                    print(f"# {line}")
                print(f"not ok scenarios/real/{s.name}: {why.splitlines()[0]}", flush=True)
            else:
                print(f"ok scenarios/real/{s.name}", flush=True)
    return 1 if failed or not stories else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
