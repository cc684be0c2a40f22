"""kill -9 of usherd and of its Redis at random moments under load. Every acknowledged mail, form, chat message and agent's reply is there
exactly once; usherctl verify finds nothing. `ROUNDS=n SEED=n` change how often and when."""
import contextlib
import os
import random
import sys
import threading
import time

from usher import RELEASE, Node, main, until

ROUNDS = int(os.environ.get("ROUNDS", "200"))
SEED = int(os.environ.get("SEED", str(int(time.time()))))


class Load:
    """Strangers who send until they are told it is kept, and remember what they were told."""

    def __init__(self, node, pause_s=0.01):
        self.node, self.pause_s = node, pause_s
        self.stop = threading.Event()
        self.acked, self.lock = {}, threading.Lock()
        self.tried = 0
        self.threads = []

    def note(self, marker, how):
        with self.lock:
            self.acked[marker] = how

    def again(self, send):
        """The same thing until it is taken; whatever goes wrong in between is what this test is about."""
        while not self.stop.is_set():
            self.tried += 1
            with contextlib.suppress(Exception):
                if send():
                    return True
            time.sleep(0.03)
        return False

    def mails(self, who):
        for i in range(10**6):
            marker, mid = f"mail-{who}-{i}", f"<mail-{who}-{i}@x.org>"
            if not self.again(lambda: self.node.mail(marker, sender=f"m{who}@x.org", subject=marker, mid=mid)):
                return
            self.note(marker, "mail")
            time.sleep(self.pause_s)

    def forms(self, who, path="/form/contact"):
        for i in range(10**6):
            marker = f"form-{who}-{i}"
            if not self.again(lambda: self.node.form(key=marker, path=path, email=f"f{who}@x.org", message=marker)[0] in (200, 201)):
                return
            self.note(marker, "form")
            time.sleep(self.pause_s)

    def chats(self, who):
        visitor, session, seq = None, None, 0
        for i in range(10**6):
            marker = f"chat-{who}-{i}"

            def say():
                nonlocal visitor, session, seq
                if visitor is None or visitor.closed:
                    if visitor:
                        session, seq = visitor.session, visitor.seq
                        visitor.close()
                        visitor = None
                    visitor = self.node.chat(session=session, seq=seq)
                visitor.send(t="say", id=marker, text=marker)
                until("ack", lambda: visitor.closed or any(
                    f.get("id") == marker and f["t"] == "ack" for f in visitor.frames[-50:]), 5)
                return any(f.get("id") == marker and f["t"] == "ack" for f in visitor.frames[-50:])
            if not self.again(say):
                return
            self.note(marker, "chat")
            time.sleep(self.pause_s)

    def run(self):
        for kind, n in ((self.mails, 3), (self.forms, 2), (self.chats, 3)):
            for who in range(n):
                t = threading.Thread(target=kind, args=(who,), daemon=True)
                t.start()
                self.threads.append(t)

    def end(self):
        self.stop.set()
        for t in self.threads:
            t.join(20)


def everything(node):
    """marker → where it is seen: conversation, number, time; the same place twice is a conversation listed twice. A visitor who was away for long has given
    up: his conversation is kept and waits no more."""
    seen = {}
    listed = [c["id"] for c in node.waiting()]
    for c in listed + [c for c in node.conversations() if c not in set(listed)]:
        for m in node.conv(c)["messages"]:
            if m["direction"] == "in":
                seen.setdefault(m["text"].strip(), []).append((c, m["seq"], m["at_ms"]))
    return seen


def hurt(node, rng):
    """One round: wait a random while, kill one of the two, and see it come back."""
    time.sleep(rng.uniform(0.02, 0.5))
    if rng.random() < 0.5:
        node.kill_redis()
        if rng.random() < 0.3:
            time.sleep(rng.uniform(0, 0.2))
            node.kill_redis()
    else:
        node.kill()
        node.start()


def test_kill_9_loses_and_doubles_nothing():
    rng = random.Random(SEED)
    print(f"# SEED={SEED} ROUNDS={ROUNDS}", flush=True)
    with Node(build=RELEASE) as node:
        load = Load(node)
        load.run()
        began = time.monotonic()
        for i in range(ROUNDS):
            hurt(node, rng)
            if i % 50 == 49:
                print(f"# round {i + 1}: {len(load.acked)} acknowledged, {time.monotonic() - began:.0f} s", flush=True)
        until("it to serve again", lambda: node.ctl("status", check=False).returncode == 0, 30)
        time.sleep(1)
        load.end()
        time.sleep(1)
        until("Redis to be up", lambda: node.request("GET", "/readyz", port=node.admin)[0] == 200, 30)
        seen = everything(node)
        lost = [m for m in load.acked if m not in seen]
        doubled = [(m, where) for m, where in seen.items() if len(where) > 1]
        if doubled:
            print("\n".join(f"# {x}" for x in node.log().splitlines() if " warn " in x or " error " in x), flush=True)
        assert not lost, f"{len(lost)} of {len(load.acked)} acknowledged are lost: {lost[:5]}"
        assert not doubled, f"{len(doubled)} are doubled: {doubled[:5]}"
        assert len(load.acked) > ROUNDS, f"the load was no load: {len(load.acked)}"
        kinds = {k: sum(1 for x in load.acked.values() if x == k) for k in ("mail", "form", "chat")}
        assert all(kinds.values()), kinds
        print(f"# acknowledged {kinds}, tried {load.tried}", flush=True)
        r = node.ctl("verify", check=False)
        assert r.returncode == 0, r.stdout + r.stderr
        replay = node.ctl("replay", check=False)
        assert replay.returncode == 0, replay.stdout + replay.stderr


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
