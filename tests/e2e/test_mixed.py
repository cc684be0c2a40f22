"""Whatever goes wrong in a data center, at random and up to three things at once: usherd, its Redis or the process of an isolated channel is killed or stopped
for a while, the disk is full, visitors and agents are cut off, the mail server is away, the clock jumps. Meanwhile strangers write and agents answer. Then
all is well again, and every acknowledged word is stored once and in order, `usherctl verify` and `replay` find nothing, whatever waits is offered to an
agent, and the outbox is empty: each answer was sent once, or an agent is asked.

SEED, ROUNDS (1) and SECONDS_EACH (8) from the environment; each round is a center of its own, with the seed after the one before."""
import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

from test_clock import Clock
from test_kill import Load, everything
from test_overload import small_disk
from usher import CENTER, RELEASE, Node, Sink, Timeout, main, until

SEED = int(os.environ.get("SEED", str(int(time.time()))))
ROUNDS = int(os.environ.get("ROUNDS", "1"))
SECONDS = float(os.environ.get("SECONDS_EACH", "8"))
DISK_MIB = 400
APART = """  apart:
    plugin: form
    kind: form
    queue: general
    isolated: yes
    options: {reply_by: support, fields: [{name: email, type: email, required: yes, map: identity}, {name: message, type: long, required: yes, map: text}]}
rules:"""


class Agent:
    """Accepts whatever is offered, answers it once, ends it. Comes back when he is cut off."""

    def __init__(self, center, name):
        self.center, self.name = center, name
        self.desk, self.tried, self.done = None, {}, set()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        while not self.over.is_set():
            with contextlib.suppress(Exception):
                with self.center.node.desk(self.name) as self.desk:
                    self.desk.command("presence", 3, to="available")
                    while not self.over.is_set() and self.desk.process.poll() is None:
                        self.serve()
            self.over.wait(0.3)

    def serve(self):
        try:
            conv = self.desk.accept(1)["conv"]
        except Timeout:
            self.desk.available()  # who misses three in a row is away
            return
        text = f"answer-{self.name}-{conv}-{self.tried.get(conv, 0)}"
        self.tried[conv] = self.tried.get(conv, 0) + 1
        self.desk.command("reply", 5, conv=conv, text=text)
        self.done.add(text)
        self.desk.command("resolve", 5, conv=conv, outcome="solved")

    def cut(self):
        if self.desk:
            self.desk.process.kill()

    def end(self):
        self.over.set()
        self.cut()
        self.thread.join(20)


class Center:
    """One round's world."""

    def __init__(self, stack, rng):
        self.rng = rng
        self.disk = stack.enter_context(small_disk(DISK_MIB))
        self.node = Node(build=RELEASE, start=False)
        stack.callback(self.close)
        if self.disk:
            os.rmdir(self.node.data)
            os.mkdir(os.path.join(self.disk, "data"), 0o700)
            os.symlink(os.path.join(self.disk, "data"), self.node.data)
        self.node.log_path = os.path.join(tempfile.gettempdir(), os.path.basename(self.node.data) + ".log")
        self.clock = Clock(self.node)
        with open(CENTER, encoding="utf-8") as f:
            text = f.read().replace("\nrules:", "\n" + APART).replace("target: 20s, wrapup: 0s, sticky: 1h", "target: 20s, wrapup: 0s, sticky: 0s")
        self.node.config = os.path.join(self.node.data, "own.yaml")
        with open(self.node.config, "w", encoding="utf-8") as f:
            f.write(text.replace("offer: 20s", "offer: 5s").replace("offer: 120s", "offer: 5s").replace("cooldown: 60s", "cooldown: 5s"))
        self.sink = Sink(self.node.smtp)
        stack.callback(self.sink.close)
        self.node.start()
        self.load = Load(self.node, pause_s=0.5)
        self.load.run()
        self.load.threads.append(threading.Thread(target=self.load.forms, args=("apart", "/form/apart"), daemon=True))
        self.load.threads[-1].start()
        self.agents = [Agent(self, name) for name in ("bo", "eva")]

    def close(self):
        self.node.stop(signal.SIGKILL)
        until("redis to be gone", lambda: not self.node.redis_alive())
        if self.disk:
            os.unlink(self.node.data)
            os.mkdir(self.node.data)
        self.node.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.node.log_path)

    # ---- what goes wrong, and what ends it ----

    def signal(self, pid, how):
        with contextlib.suppress(ProcessLookupError, TypeError):
            os.kill(pid, how)

    def usherd_dies(self):
        self.node.kill()
        return self.node.start

    def usherd_hangs(self):
        pid = self.node.process.pid
        self.signal(pid, signal.SIGSTOP)
        return lambda: self.signal(pid, signal.SIGCONT)

    def redis_dies(self):
        self.signal(self.node.redis_pid(), signal.SIGKILL)

    def redis_hangs(self):
        pid = self.node.redis_pid()
        self.signal(pid, signal.SIGSTOP)
        return lambda: self.signal(pid, signal.SIGCONT)

    def apart_pid(self):
        out = subprocess.run(["pgrep", "-P", str(self.node.process.pid), "-f", "apart"], capture_output=True, text=True, check=False).stdout.split()
        return int(out[0]) if out else None

    def apart_dies(self):
        self.signal(self.apart_pid(), signal.SIGKILL)

    def apart_hangs(self):
        pid = self.apart_pid()
        self.signal(pid, signal.SIGSTOP)
        return lambda: self.signal(pid, signal.SIGCONT)

    def disk_is_full(self):
        if not self.disk:
            return None
        ballast = os.path.join(self.disk, "ballast")
        with contextlib.suppress(OSError), open(ballast, "wb", buffering=0) as f:
            for size in (2**20, 4096, 1):  # to the last byte
                with contextlib.suppress(OSError):
                    while f.write(b"x" * size) == size:
                        pass
        return lambda: os.unlink(ballast)

    def wires_are_cut(self):
        subprocess.run(["ss", "-K", "dst", "127.0.0.1", "sport", "=", str(self.node.http)], capture_output=True, check=False)
        self.rng.choice(self.agents).cut()

    def mail_server_is_away(self):
        self.sink.stop()
        return self.sink.start

    def clock_jumps(self):
        self.clock.put(self.rng.choice([-3600, -1800, -60, -5, 0, 5, 60, 1800, 3600]))

    FAULTS = (usherd_dies, usherd_dies, usherd_hangs, redis_dies, redis_dies, redis_hangs, apart_dies, apart_hangs, disk_is_full, wires_are_cut,
              mail_server_is_away, clock_jumps)

    def suffer(self):
        rng = self.rng
        what = rng.sample(self.FAULTS, rng.choice([1, 1, 2, 3]))
        ends = []
        for fault in dict.fromkeys(what):
            ends.append((fault is Center.usherd_dies, fault(self)))
            time.sleep(rng.uniform(0, 0.3))
        time.sleep(rng.choice([0, 0.2, 0.5, 1, 3]))
        for _, end in sorted((x for x in ends if x[1]), key=lambda x: x[0]):
            end()
        if self.node.process.poll() is not None:
            raise AssertionError(f"usherd ended by itself after {[f.__name__ for f in what]}")
        time.sleep(rng.uniform(0, 1))

    # ---- afterwards ----

    def is_well(self):
        with contextlib.suppress(OSError):
            return self.node.request("GET", "/readyz", port=self.node.admin)[0] == 200
        return False

    def judge(self):
        until("usherd to be well again", self.is_well, 60)
        had = len(self.load.acked)
        until("everybody to be served again", lambda: len(self.load.acked) > had + 10, 60)
        self.load.end()
        until("all to be offered and answered", lambda: not self.node.waiting(), 120, 0.5)
        for agent in self.agents:
            agent.end()
        until("the outbox to be empty", lambda: all(not c.get("pending") for c in self.node.json("status")["channels"]), 90, 0.5)
        seen = everything(self.node)
        lost = [m for m in self.load.acked if m not in seen]
        doubled = [(m, where) for m, where in seen.items() if len(where) > 1]
        assert not lost, f"{len(lost)} of {len(self.load.acked)} acknowledged are lost: {lost[:5]}"
        assert not doubled, f"{len(doubled)} are doubled: {doubled[:5]}"
        for who in range(3):
            said = sorted((where[0][0], where[0][1], int(m.rsplit("-", 1)[1])) for m, where in seen.items() if m.startswith(f"chat-{who}-"))
            by_conv = {}
            for conv, _, i in said:
                by_conv.setdefault(conv, []).append(i)
            assert all(x == sorted(x) for x in by_conv.values()), f"chat-{who} is out of order: {by_conv}"
        self.judge_answers()
        for word in ("verify", "replay"):
            r = self.node.ctl(word, check=False)
            assert r.returncode == 0, r.stdout + r.stderr

    def judge_answers(self):
        kept = {}
        for conv in self.node.conversations():
            for m in self.node.conv(conv)["messages"]:
                if m["direction"] == "out":
                    kept.setdefault(m["text"].strip(), []).append(m["delivery"])
        acked = set().union(*(a.done for a in self.agents))
        wrong = {t: kept.get(t) for t in acked if len(kept.get(t, [])) != 1}
        assert not wrong, f"answers that were acknowledged: {wrong}"
        mailed = {}
        for mail in self.sink.mails():
            for text in set(re.findall(rb"answer-\w+-\w{26}-\d+", mail)):
                mailed[text.decode()] = mailed.get(text.decode(), 0) + 1
        for text, (delivery, *_) in kept.items():
            n = mailed.get(text, 0)
            assert delivery != "queued" and n <= 1, f"{text} is {delivery} and was mailed {n} times"
        print(f"# {len(self.load.acked)} words and {len(acked)} answers acknowledged, {sum(d[0] == 'unsure' for d in kept.values())} to be decided by an agent", flush=True)


def round_of(seed):
    with contextlib.ExitStack() as stack:
        center = Center(stack, random.Random(seed))
        n, end = 0, time.monotonic() + SECONDS
        try:
            while time.monotonic() < end:
                center.suffer()
                n += 1
            center.judge()
        except BaseException:
            print("\n".join("# " + x for x in center.node.tail(60).splitlines()), flush=True)
            with contextlib.suppress(Exception):
                for conv in center.node.waiting()[:2]:
                    print("# " + center.node.ctl("explain", conv["id"]).stdout.replace("\n", "\n# "), flush=True)
            raise
        print(f"# seed {seed}: {n} times something went wrong", flush=True)


def test_whatever_goes_wrong_nothing_acknowledged_is_lost():
    print(f"# SEED={SEED} ROUNDS={ROUNDS} SECONDS_EACH={SECONDS:g}", flush=True)
    for seed in range(SEED, SEED + ROUNDS):
        round_of(seed)


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
