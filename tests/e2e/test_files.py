"""Files: one that a message names is there for ever, one that none names is taken away, one that is another's is not sent.
`ROUNDS=n SEED=n` change how often everything is killed in the middle of it, and when."""
import contextlib
import glob
import hashlib
import json
import os
import random
import sys
import threading
import time

from usher import ROOT, Chat, Node, main, until

CENTER = os.path.join(ROOT, "tests/lib/chat.yaml")
ROUNDS = int(os.environ.get("ROUNDS", "4"))
SEED = int(os.environ.get("SEED", str(int(time.time()))))
LARGE = 70000  # larger ones are files


def upload(node, pas, data):
    head = json.dumps({"pass": pas, "name": "a.txt"}).encode() + b"\n"
    status, _, body = node.request("POST", "/chat/file", head + data, {"Content-Type": "text/plain"})
    assert status == 201, (status, body)
    return json.loads(body)


def named(data):
    return hashlib.sha256(data).hexdigest()


def on_disk(node):
    return {path[-65:].replace("/", "") for path in glob.glob(os.path.join(node.data, "blobs/??/*"))}


def desk_upload(node, who, data):
    with open(os.path.join(node.data, "first-passwords.txt"), encoding="utf-8") as f:
        password = dict(line.split() for line in f)[who]
    _, headers, _ = node.request("POST", "/api/v1/login", json.dumps({"user": who, "password": password}), {"Content-Type": "application/json"})
    status, _, body = node.request("POST", "/api/v1/blobs?name=a.txt", data, {
        "Content-Type": "application/octet-stream", "Cookie": headers["set-cookie"].split(";")[0], "Origin": f"http://127.0.0.1:{node.http}"})
    assert status == 201, (status, body)
    return json.loads(body)["blob"]


def metric(node, name):
    body = node.request("GET", "/metrics", port=node.admin)[2].decode()
    return next(float(line.split()[1]) for line in body.splitlines() if line.startswith(name + " "))


def test_an_agent_sends_only_what_is_his():
    with Node(config=CENTER) as node, node.desk("bo") as bo:
        bo.available()
        ann, eve = node.chat(), node.chat()
        hers, anns = b"of eve" + b"e" * LARGE, b"of ann" + b"a" * LARGE
        for visitor, data in ((ann, anns), (eve, hers)):
            file = upload(node, until("a pass", lambda v=visitor: v.expect("welcome").get("pass")), data)
            visitor.send(t="say", id="f", text="", files=[file])
            visitor.expect("ack", id="f")
        convs = [bo.accept()["conv"], bo.accept()["conv"]]
        conv = next(c for c in convs if named(anns) in json.dumps(node.conv(c)))

        def part(data):
            return [{"name": "a.txt", "type": "text/plain", "size": len(data), "blob": named(data)}]
        sams, bos = b"of sam" + b"s" * LARGE, b"of bo"
        desk_upload(node, "sam", sams)
        for data in (sams, hers, b"nobody ever had this"):
            bo.send(t="reply", id=named(data), conv=conv, text="not to be seen", parts=part(data))
            assert bo.expect("error", id=named(data))["code"] == "forbidden"
        desk_upload(node, "bo", bos)
        desk_upload(node, "bo", sams)  # he has those bytes himself now
        for text, data in (("one", bos), ("two", sams), ("three", anns)):
            bo.command("reply", conv=conv, text=text, parts=part(data))
        # What is said behind a reply with files is behind it.
        for i in range(5):
            bo.send(t="reply", id=f"q{i}", conv=conv, text=f"with a file {i}", parts=part(anns))
            bo.send(t="reply", id=f"r{i}", conv=conv, text=f"after it {i}")
        ann.expect("msg", text="after it 4")
        said = [m["text"] for m in ann.messages() if m.get("from") == "agent" or m["text"][:4] in ("with", "afte")]
        assert [t for t in said if t[-1].isdigit()] == [x for i in range(5) for x in (f"with a file {i}", f"after it {i}")], said
        assert not any("not to be seen" in m["text"] for m in ann.messages())
        ann.close()
        eve.close()


def test_what_nobody_says_is_taken_away():
    with Node(config=CENTER, env={"USHER_TEST_UNSENT": "2s"}) as node:
        with node.chat() as ann:
            pas = until("a pass", lambda: ann.expect("welcome").get("pass"))
            said, unsaid, small = b"said" + b"s" * LARGE, b"unsaid" + b"u" * LARGE, b"small"

            def say():
                """Again when this machine is so slow that the file is gone before it is said."""
                i = f"f{random.getrandbits(40):x}"
                ann.send(t="say", id=i, text="", files=[upload(node, pas, said)])
                return until("an answer", lambda: next((f["t"] for f in list(ann.frames) if f.get("id") == i and f["t"] in ("ack", "nak", "error")), None)) == "ack"
            files = [upload(node, pas, unsaid), upload(node, pas, small)]
            until("the file to be said", say)
            until("it to be taken away", lambda: on_disk(node) == {named(said)}, 60)
            until("the count", lambda: metric(node, "usher_unsent_files_total") >= 1)
            assert metric(node, "usher_unsent_files_bytes_total") >= len(unsaid)
            until("the small one, too", lambda: not node.redis("--scan", "--pattern", f"usher:*:blob:{named(small)}").split(), 60)
            # He says them now: they are not there, and he is told.
            ann.send(t="say", id="late", text="", files=files)
            refused = until("a refusal", lambda: next((f for f in list(ann.frames) if f.get("id") == "late"), None))
            assert refused["t"] != "ack" and "upload it again" in json.dumps(refused), refused
        # A second node's life later what was said is there.
        node.stop()
        node.start()
        assert on_disk(node) == {named(said)}


class Visitor(threading.Thread):
    """Uploads, and says half of it; remembers what was acknowledged."""

    def __init__(self, node, seed):
        super().__init__(daemon=True)
        self.node, self.chance, self.stop = node, random.Random(seed), threading.Event()
        self.tried, self.acked, self.uploads = set(), {}, 0

    def run(self):
        while not self.stop.is_set():
            with contextlib.suppress(Exception), Chat(self.node) as chat:
                pas = chat.expect("welcome")["pass"]
                while not self.stop.is_set() and not chat.closed:
                    self.once(chat, pas)
            time.sleep(0.05)

    def once(self, chat, pas):
        # Some are everybody's: uploaded again while others have said them, or never will.
        which = self.chance.randrange(12)
        data = f"{which if which < 8 else self.chance.getrandbits(60)} ".encode() * (LARGE // 2)
        data = data[:LARGE if which % 2 else 1000]
        file = upload(self.node, pas, data)
        self.uploads += 1
        if which % 3:
            return
        i = f"f{self.chance.getrandbits(60):x}"
        self.tried.add(named(data))
        chat.send(t="say", id=i, text="", files=[file])
        end = time.monotonic() + 10
        while time.monotonic() < end and not chat.closed:
            got = [f["t"] for f in list(chat.frames) if f.get("id") == i and f["t"] in ("ack", "nak", "error")]
            if got and got[0] != "ack":
                return
            shown = [f for f in list(chat.frames) if f["t"] == "msg" and f.get("id") == i]
            if got and shown:
                self.acked[named(data)] = (pas, shown[0]["files"][0], data)
                return
            time.sleep(0.01)


def test_killed_between_any_two_steps():
    """Files that grow old after 1 s, under visitors who upload and say them; usherd or its Redis is killed again and again."""
    print(f"# SEED={SEED} ROUNDS={ROUNDS}", flush=True)
    chance = random.Random(SEED)
    with Node(config=CENTER, env={"USHER_TEST_UNSENT": "1s"}) as node:
        visitors = [Visitor(node, SEED + i) for i in range(4)]
        for v in visitors:
            v.start()
        for _ in range(ROUNDS):
            before = sum(len(v.acked) for v in visitors), sum(v.uploads for v in visitors)
            with contextlib.suppress(AssertionError):
                until("work", lambda b=before: sum(v.uploads for v in visitors) >= b[1] + 10)
            time.sleep(chance.random() * 1.5)
            if chance.randrange(3):
                node.kill()
                until("redis to be gone", lambda: not node.redis_alive())
                node.start()
            else:
                node.kill_redis()
        for v in visitors:
            v.stop.set()
        for v in visitors:
            v.join(60)
        until("the node to serve", node.serves, 60)
        acked = {name: how for v in visitors for name, how in v.acked.items()}
        tried = {name for v in visitors for name in v.tried}
        print(f"# {sum(v.uploads for v in visitors)} uploads, {len(acked)} files acknowledged, {metric(node, 'usher_unsent_files_total'):.0f} taken away since the last start", flush=True)
        assert acked
        until("what nobody said to be gone", lambda: on_disk(node) <= tried, 60)
        until("nothing to be left half done", lambda: not glob.glob(os.path.join(node.data, "blobs/tmp/*~aside~*")), 60)
        time.sleep(2)  # for whatever should not be taken
        for name, (pas, file, data) in acked.items():
            status, _, body = node.request("POST", "/chat/fetch", json.dumps({"pass": pas, **file}))
            assert status == 200 and body == data, (name, status, len(body), len(data))


if __name__ == "__main__":
    sys.exit(main(globals(), sys.argv[1:]))
