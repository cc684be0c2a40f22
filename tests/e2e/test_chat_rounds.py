"""Fifty visitors, cut off and back again and again, by WebSocket and by long poll, while an agent answers and usherd is killed now and then:
nothing lost, nothing doubled, nothing out of order. ROUNDS=500 is the long form; the seed is printed and may be given as SEED."""
import asyncio
import json
import os
import random
import sys
import time

import websockets
from usher import ROOT, Desk, Node, main, until

CENTER = os.path.join(ROOT, "tests/lib/chat.yaml")
ROUNDS = int(os.environ.get("ROUNDS", "25"))
VISITORS = 50
POLLERS = 10
KILLS = max(1, ROUNDS // 50)
SEED = int(os.environ.get("SEED", str(random.getrandbits(32))))


class Visitor:
    def __init__(self, node, number, chance):
        self.node, self.number, self.chance = node, number, chance
        self.session, self.seq = None, 0
        self.said, self.acked, self.shown, self.wrong = [], set(), [], []
        self.by_poll = number < POLLERS

    def frame(self, f):
        t = f["t"]
        if t == "welcome":
            self.session = f["session"]
            if f["fresh"]:
                self.wrong.append("its session was forgotten")
        elif t == "ack":
            self.acked.add(f["id"])
        elif t == "msg":
            if f["seq"] <= self.seq:
                self.wrong.append(f"number {f['seq']} after {self.seq}")
            self.seq = f["seq"]
            if f["from"] != "system":
                self.shown.append((f["seq"], f["from"], f["text"]))
        elif t == "error" and f["code"] != "slow":
            self.wrong.append(f"error {f}")

    def hello(self):
        return {"t": "hello", "session": self.session, "from": self.seq}

    def unacked(self):
        return [{"t": "say", "id": i, "text": text} for i, text in self.said if i not in self.acked]

    def next(self, f):
        """One after the other, as the widget does: so a message that was told to come later stays before those behind it."""
        return self.unacked()[:1] if f["t"] in ("welcome", "ack") else []

    def news(self):
        for _ in range(self.chance.randrange(3) if len(self.unacked()) < 20 else 0):
            n = len(self.said)
            self.said.append((f"m{n}", f"visitor {self.number} says {n}"))

    async def round(self, last=False):
        """Back, say what was not acknowledged and something new, and be cut off at any moment; the last time, stay until all is acknowledged."""
        if not last:
            self.news()
        try:
            self.cut = asyncio.get_running_loop().time() + (60 if last else self.chance.random() * 0.15)
            await (self.poll(last) if self.by_poll else self.talk(last))
        except (OSError, websockets.exceptions.WebSocketException, ValueError, asyncio.IncompleteReadError):
            if last:
                raise

    def cut_at(self, transport):
        """No close frame, no end of the request: at that moment the wire is gone."""
        asyncio.get_running_loop().call_at(self.cut, transport.abort)

    async def talk(self, last):
        ws = await websockets.connect(f"ws://127.0.0.1:{self.node.http}/chat/ws", max_size=2**22, ping_interval=None, close_timeout=1)
        self.cut_at(ws.transport)
        try:
            await ws.send(json.dumps(self.hello()))
            while True:
                f = json.loads(await ws.recv())
                self.frame(f)
                for say in self.next(f):
                    await ws.send(json.dumps(say))
                if last and not self.unacked() and self.done():
                    return
        finally:
            ws.transport.abort()

    async def poll(self, last):
        name, got = None, 0
        frames = [self.hello()]
        while True:
            body = json.dumps({"poll": name, "got": got, "frames": frames}).encode()
            reader, writer = await asyncio.open_connection("127.0.0.1", self.node.http)
            self.cut_at(writer.transport)
            try:
                writer.write(b"POST /chat/poll HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                answer = json.loads((await reader.read()).split(b"\r\n\r\n", 1)[1])
            except IndexError:
                raise OSError("no answer") from None
            finally:
                writer.transport.abort()
            if answer.get("closed"):
                raise OSError(answer["closed"]["why"])
            name, frames = answer["poll"], []
            for i, f in enumerate(answer["frames"]):
                if answer["from"] + i < got:
                    continue
                got += 1
                self.frame(f)
                frames = self.next(f) or frames
            if last and not self.unacked() and self.done():
                return

    def done(self):
        return self.seq >= self.until_seq

    until_seq = 0


class Agent:
    """Answers everybody; knows which answers usher has promised to keep."""

    def __init__(self, node):
        self.node, self.desk, self.serial = node, None, 0
        self.asked, self.promised = {}, {}

    def up(self):
        self.desk = Desk(self.node, "bo")
        self.desk.command("presence", to="available")
        return self

    def accept_all(self):
        for f in [f for f in list(self.desk.frames) if f.get("t") == "offer" and not f.get("taken")]:
            f["taken"] = True
            self.desk.send(id=f"a{f['offer']}", t="accept", offer=f["offer"])

    def answer(self, convs):
        for conv in convs:
            self.serial += 1
            self.asked[f"r{self.serial}"] = (conv, f"answer {self.serial}")
            self.desk.send(id=f"r{self.serial}", t="reply", conv=conv, text=f"answer {self.serial}")

    def collect(self):
        for f in list(self.desk.frames):
            if f.get("id") in self.asked and f["t"] == "ok":
                conv, text = self.asked.pop(f["id"])
                self.promised.setdefault(conv, []).append(text)


async def everybody(visitors, last=False):
    await asyncio.gather(*(v.round(last) for v in visitors))


def history(node, conv):
    return [(m["seq"], "you" if m["direction"] == "in" else "agent", m["text"]) for m in node.conv(conv)["messages"]
            if m["direction"] in ("in", "out")]


def check(node, visitors, agent, convs):
    for v in visitors:
        assert not v.wrong, (v.number, v.wrong[:3])
        stored = history(node, convs[v.number])
        assert [m[2] for m in stored if m[1] == "you"] == [text for _, text in v.said], f"visitor {v.number}: what was said is not what is stored"
        assert v.shown == stored, f"visitor {v.number} was shown {len(v.shown)} of {len(stored)}: {set(v.shown) ^ set(stored)}"
        texts = [m[2] for m in stored if m[1] == "agent"]
        assert len(texts) == len(set(texts)), "an answer twice"
        lost = set(agent.promised.get(convs[v.number], [])) - set(texts)
        assert not lost, f"acknowledged to the agent and lost: {lost}"


def test_nothing_lost_doubled_or_out_of_order():
    chance = random.Random(SEED)
    began = time.monotonic()
    with Node(config=CENTER) as node:
        visitors = [Visitor(node, n, random.Random(chance.random())) for n in range(VISITORS)]
        agent = Agent(node).up()
        for v in visitors:
            v.said.append(("m0", f"visitor {v.number} says 0"))
        asyncio.run(everybody(visitors, last=True))
        convs = {int(m["messages"][0]["text"].split()[1]): m["id"] for m in
                 (node.conv(c["id"]) for c in until("all in", lambda: node.waiting() if len(node.waiting()) == VISITORS else None))}
        until("all accepted", lambda: agent.accept_all() or not node.waiting(), every=0.3)
        kill_at = {ROUNDS * (i + 1) // (KILLS + 1) for i in range(KILLS)}
        for i in range(ROUNDS):
            agent.accept_all()
            agent.answer([convs[v.number] for v in visitors if chance.random() < 0.5])
            if i in kill_at:
                node.kill()
            asyncio.run(everybody(visitors))
            if i in kill_at:
                agent.collect()
                agent.desk.close()
                node.start()
                agent.up()
            agent.collect()
        asyncio.run(everybody(visitors, last=True))
        time.sleep(0.5)
        agent.collect()
        for v in visitors:
            v.until_seq = max(m[0] for m in history(node, convs[v.number]))
        asyncio.run(everybody(visitors, last=True))
        check(node, visitors, agent, convs)
        said, answers = sum(len(v.said) for v in visitors), sum(len(a) for a in agent.promised.values())
        agent.desk.close()
    print(f"# {ROUNDS} rounds, {VISITORS} visitors ({POLLERS} by long poll), {KILLS} kills, {said} said, {answers} answers, "
          f"{time.monotonic() - began:.0f} s, SEED={SEED}", flush=True)


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
