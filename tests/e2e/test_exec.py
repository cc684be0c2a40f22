"""Channels in any language: the worked examples both ways, and programs that die, lie, hang, flood or do not listen."""
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from usher import CENTER, ROOT, Node, free_port, main, until

EXAMPLES = os.path.join(ROOT, "channels/exec/examples")

# A program that does what its first word says; each test uses what it needs.
PROGRAM = r'''
import base64, hashlib, json, os, resource, sys, time
given, got = b"", {}
mode = sys.argv[1]
def say(**m):
    print(json.dumps(m), flush=True)
if mode == "die":
    sys.exit("cannot reach the provider")
if mode == "mute":
    time.sleep(600)
if mode == "noise":
    print("Welcome to ACME!", flush=True); time.sleep(600)
for text in sys.stdin:
    m = json.loads(text)
    t = m["t"]
    if t == "hello":
        if mode == "early":
            say(t="in", id="1", text="too early")
        if mode in ("web", "any answer"):
            say(t="ready", routes=["/hook"])
            continue
        if mode == "no":
            say(t="refuse", why="the token is missing")
        say(t="ready")
        if mode == "twice":
            say(t="in", id="one", thread="one", **{"from": {"value": "ann"}}, text="please answer")
        if mode == "utf8":
            sys.stdout.buffer.write(b'{"t":"in","id":"1","text":"caf\xe9"}\n'); sys.stdout.flush()
        if mode == "number":
            say(t="in", id=5, text="the id is none")
        if mode == "nul":
            say(t="health", up=True, place="Oslo")
            say(t="in", id="nul", thread="nul", **{"from": {"value": "ann"}}, text="before\0after \ud83d half")
        if mode == "unknown":
            say(t="sent", id="01J00000000000000000000000", outcome="ok")
        if mode == "chatter":
            while True:
                say(t="log", text="x" * 1000)
        if mode == "hog":
            say(t="in", id="hog", thread="hog", **{"from": {"value": "me"}}, text="before")
            time.sleep(0.5)
            held = bytearray(1 << 30)
        if mode == "bomb":
            made = 0
            try:
                while made < 500:
                    if os.fork() == 0:
                        time.sleep(600)
                    made += 1
            except OSError:
                pass
            say(t="in", id="bomb", thread="bomb", **{"from": {"value": "me"}}, text=f"made {made}")
        if mode == "limits":
            say(t="in", id="limits", thread="limits", **{"from": {"value": "me"}}, text=json.dumps({
                "uid": os.getuid(), "gids": os.getgroups(), "memory": resource.getrlimit(resource.RLIMIT_AS)[0],
                "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0], "fds": len(os.listdir("/proc/self/fd")),
                "env": sorted(os.environ), "directory": os.getcwd(), "settings": m["settings"]}))
        if mode == "long":
            print('{"t":"log","text":"' + "x" * 70000 + '"}', flush=True)
        if mode == "deaf":
            time.sleep(600)
        if mode == "stuffed":
            say(t="in", id="one", thread="one", **{"from": {"value": "ann"}}, text="please answer at length")
            while True:
                say(t="log", text="still here")
                time.sleep(0.3)
        if mode == "flood":
            room = os.path.dirname(sys.argv[0])
            while not os.path.exists(room + "/go"):
                time.sleep(0.05)
            for i in range(600):
                say(t="in", id=f"m{i}", thread="flood", **{"from": {"value": "ann"}}, text=f"number {i} " + "x" * 2000)
                with open(room + "/written", "w") as f:
                    f.write(str(i + 1))
        if mode == "no cursor":
            say(t="remember", key="k", once=True)
            say(t="remember", key="k" * 2000, value="1")
            say(t="recall", key="k" * 2000)
        if mode == "cursor":
            say(t="recall", key="cursor")
        if mode == "files":
            given = bytes(i * 7 % 251 for i in range(3000000))
            for i in range(0, len(given), 300000):
                say(t="file", id="f1", data=base64.b64encode(given[i:i + 300000]).decode(), last=i + 300000 >= len(given))
        if mode == "bad-file":
            say(t="file", id="f1", data="not base64!", last=True)
        if mode == "errors":
            for i in range(5000):
                print("complaint", i, file=sys.stderr)
            time.sleep(1.2)
            print("the end", file=sys.stderr, flush=True)
    elif t == "http" and mode == "any answer":
        say(t="answer", id=m["id"], status=200, **json.loads(m["body"]))
    elif t == "http" and m["body"] == "die":
        os._exit(4)
    elif t == "http":
        asked = m
        say(t="in", id=m["headers"]["x-id"], thread="web", **{"from": {"value": m["peer"]}}, text=m["method"] + " " + m["path"] + "?" + m["query"] + " " + m["body"])
    elif t == "ack" and mode == "web":
        say(t="answer", id=asked["id"], status=201 if m["outcome"] == "ok" else 200, type="application/json", headers={"X-Was": m["outcome"]}, body=json.dumps(m))
    elif t in ("recalled", "remembered") and mode == "no cursor":
        say(t="in", id=f"{t}{len(m['key'])}", thread="c", **{"from": {"value": "c"}}, text=f"{t} {m['outcome']}")
    elif t == "recalled":
        say(t="in", id="at" + (m["value"] or "0"), thread="c", **{"from": {"value": "c"}}, text="cursor " + (m["value"] or "none"))
        say(t="remember", key="cursor", value=str(int(m["value"] or 0) + 1))
    elif t == "filed":
        say(t="in", id="with-a-file", thread="ann", **{"from": {"value": "ann"}}, text=m["outcome"],
            files=[{"file": m["file"], "name": "scan.bin", "type": "application/x-scan", "size": m["size"]}])
    elif t == "file":
        f = got["files"][0]
        got["data"] += base64.b64decode(m["data"])
        if m["last"]:
            same = hashlib.sha256(got["data"]).hexdigest() == hashlib.sha256(given).hexdigest()
            say(t="sent", id=got["id"], outcome="ok" if same else "fail", why="other bytes", remote=f["name"])
    elif t == "send" and m["files"]:
        got = {**m, "data": b""}
        say(t="get", file=m["files"][0]["file"])
    elif t == "send":
        died = os.path.dirname(sys.argv[0]) + "/died"
        if mode == "die-on-send" and not os.path.exists(died):
            open(died, "w").close()
            os._exit(3)
        say(t="sent", id=m["id"], outcome="ok", remote="r-" + m["id"])
        if mode == "twice":
            say(t="sent", id=m["id"], outcome="fail", why="the second time")
    elif t == "ping":
        say(t="pong")
    elif t == "stop":
        break
'''


class Room:
    """A directory that the program's user may read and write, and a node whose configuration has the channels given."""

    def __init__(self, **channels):
        self.dir = tempfile.mkdtemp(prefix="usher-exec.")
        os.chmod(self.dir, 0o777)
        self.program = os.path.join(self.dir, "program.py")
        with open(self.program, "w") as f:
            f.write(PROGRAM)
        with open(CENTER) as f:
            text = f.read()
        text = text.replace("kinds:\n", "kinds:\n  other: {cost: 20, max: 5, offer: 120s}\n")
        declared = "".join(
            f"  {name}: {{plugin: exec, kind: other, queue: general, options: {json.dumps(self.options(o))}}}\n"
            for name, o in channels.items())
        self.config = os.path.join(self.dir, "center.yaml")
        with open(self.config, "w") as f:
            before, rest = text.split("channels:\n", 1)
            rest = rest[rest.index("  contact:"):].replace("      reply_by: support\n", "")  # mail and chat have their own tests
            f.write(before + "channels:\n" + declared + rest)
        self.node = Node(config=self.config, start=False)
        try:
            self.node.start()
        except BaseException as e:
            log = self.node.log()
            self.node.close()
            shutil.rmtree(self.dir, ignore_errors=True)
            raise AssertionError(log) from e

    def options(self, given):
        given = {"user": "nobody", "restart_most_s": 1, **given}
        mode = given.pop("mode", None)
        if mode:
            given["command"] = ["/usr/bin/python3", self.program, mode]
        given = json.loads(json.dumps(given).replace("DIR", self.dir))
        return {k: v for k, v in given.items() if v is not None}

    def channel(self, name):
        return next(c for c in self.node.json("status")["channels"] if c["name"] == name)

    def accepted(self):
        return self.node.json("status")["intake"]["accepted"]

    def up(self, name):
        return until(f"{name} to be up: {self.channel(name)}", lambda: self.channel(name)["up"])

    def down(self, name, why, seconds=20):
        """Waits until its reason has been `why`; a program that is started again may be up in between."""
        return until(f"{name} to be down for {why!r}: {self.node.tail(5)}", lambda: any(
            name in line and why in line for line in self.node.log().splitlines()), seconds)

    def pids(self, what):
        return [int(p) for p in subprocess.run(["pgrep", "-f", what], capture_output=True, text=True, check=False).stdout.split()]

    def form_works(self):
        status, answer = self.node.form(email="ann@x.org", message="the form works")
        assert status == 201, (status, answer)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.node.__exit__(*error)
        shutil.rmtree(self.dir, ignore_errors=True)


def udp_options(port):
    return {"command": ["/usr/bin/python3", os.path.join(EXAMPLES, "udp.py")],
            "settings": [{"name": "address", "value": "127.0.0.1"}, {"name": "port", "value": str(port)}]}


def udp_client():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))
    s.settimeout(15)
    return s


def sent(node, conv):
    return [m for m in node.conv(conv)["messages"] if m["direction"] == "out" and m["delivery"] == "sent"]


def test_python_example_both_ways_killed_and_back():
    port = free_port()
    with Room(udp=udp_options(port)) as room, room.node.desk("bo") as bo, udp_client() as ann:
        bo.available()
        room.up("udp")
        ann.sendto("Где мой заказ?".encode(), ("127.0.0.1", port))
        offer = bo.accept()
        assert offer["channel"] == "udp", offer
        assert room.node.conv(offer["conv"])["messages"][0]["text"] == "Где мой заказ?"
        bo.command("reply", conv=offer["conv"], text="В пути. \"Завтра\"")
        assert ann.recv(65536).decode() == "В пути. \"Завтра\""
        until("sent", lambda: sent(room.node, offer["conv"]))
        bo.command("reply", conv=offer["conv"], text="too long for a datagram " * 5000)
        until("that to be told", lambda: "too long" in room.node.conv(offer["conv"])["messages"][-1]["why"])
        pid = room.pids("examples/udp.py")
        assert len(pid) == 1, pid
        os.kill(pid[0], signal.SIGKILL)
        room.down("udp", "signal 9")
        assert room.node.log().count("udp down why=") == 2, room.node.tail()  # before it began, and now
        room.form_works()
        room.up("udp")
        until("another process", lambda: room.pids("examples/udp.py") not in ([], pid))
        ann.sendto(b"Thank you", ("127.0.0.1", port))
        bo.expect("message", conv=offer["conv"], direction="in", text="Thank you")


def test_shell_example_both_ways():
    spool = {"command": [os.path.join(EXAMPLES, "spool.sh")], "settings": [{"name": "dir", "value": "DIR"}]}
    with Room(spool=spool) as room, room.node.desk("bo") as bo:
        for name in ("in", "out", "done", "failed"):
            os.mkdir(os.path.join(room.dir, name))
            os.chmod(os.path.join(room.dir, name), 0o777)
        bo.available()
        with open(os.path.join(room.dir, "ann.1"), "w") as f:
            f.write("two lines\n\"quoted\" й\n")
        os.rename(os.path.join(room.dir, "ann.1"), os.path.join(room.dir, "in", "ann.1"))
        conv = bo.accept()["conv"]
        assert room.node.conv(conv)["messages"][0]["text"].split() == ["two", "lines", '"quoted"', "й"]
        until("the file to be done", lambda: os.listdir(os.path.join(room.dir, "done")) == ["ann.1"])
        bo.command("reply", conv=conv, text="answer $HOME `id` й")
        out = until("the answer", lambda: os.listdir(os.path.join(room.dir, "out")))[0]
        assert out.startswith("ann."), out
        with open(os.path.join(room.dir, "out", out)) as f:
            until("its text", lambda: f.seek(0) or f.read().strip() == "answer $HOME `id` й")
        until("sent", lambda: sent(room.node, conv))
        assert len(room.node.conv(conv)["messages"]) == 2


def test_examples_are_started_by_one_command():
    spool = tempfile.mkdtemp(prefix="usher-spool.")
    os.chmod(spool, 0o777)
    for name in ("in", "out", "done", "failed"):
        os.mkdir(os.path.join(spool, name))
        os.chmod(os.path.join(spool, name), 0o777)
    port = free_port()
    env = {"USHER_EXAMPLES": EXAMPLES, "USHER_SPOOL": spool, "USHER_UDP_PORT": str(port)}
    with Node(config=os.path.join(ROOT, "conf/examples/exec.yaml"), env=env) as node, node.desk("bo") as bo, udp_client() as ann:
        bo.available()
        until("both to be up", lambda: all(c["up"] for c in node.json("status")["channels"]))
        ann.sendto(b"by UDP", ("127.0.0.1", port))
        by_udp = bo.accept(channel="udp")["conv"]
        with open(os.path.join(spool, "kim.1"), "w") as f:
            f.write("by file")
        os.rename(os.path.join(spool, "kim.1"), os.path.join(spool, "in", "kim.1"))
        by_file = bo.accept(channel="spool")["conv"]
        said = json.dumps({"id": "1", "from": "kim", "text": "by HTTP"})
        assert [node.request("POST", "/hook", said)[0] for _ in range(2)] == [201, 200]
        assert node.request("POST", "/hook", b"[]")[0] == 400
        by_hook = bo.accept(channel="hook")["conv"]
        bo.command("reply", conv=by_hook, text="back by HTTP")
        fetched = []
        until("the answer to be fetched", lambda: (fetched.extend(json.loads(node.request("GET", "/hook?kim")[2])), fetched)[1])
        until("it to be sent", lambda: sent(node, by_hook), 30)
        assert fetched == ["back by HTTP"] and json.loads(node.request("GET", "/hook?kim")[2]) == []
        bo.command("reply", conv=by_udp, text="back")
        assert ann.recv(65536) == b"back"
        # one of them dies: the other does not notice
        pid = int(subprocess.run(["pgrep", "-f", EXAMPLES + "/udp.py"], capture_output=True, text=True, check=True).stdout.split()[0])
        os.kill(pid, signal.SIGKILL)
        bo.command("reply", conv=by_file, text="back")
        until("the file", lambda: os.listdir(os.path.join(spool, "out")))
    shutil.rmtree(spool)


def test_examples_are_short():
    for name in os.listdir(EXAMPLES):
        with open(os.path.join(EXAMPLES, name)) as f:
            assert len(f.readlines()) < 30, name


def test_death_nonsense_and_silence_take_down_that_channel_only():
    with Room(dies={"mode": "die"}, noise={"mode": "noise"}, early={"mode": "early"}, long={"mode": "long", "line_kib": 64},
              mute={"mode": "mute", "ready_s": 1, "stop_s": 1}, missing={"command": ["/nonexistent/program"]},
              good={"mode": "good"}) as room:
        room.down("dies", "ended with status 1")
        room.down("dies", "cannot reach the provider")  # what it wrote to stderr
        room.down("noise", "not one JSON object")
        room.down("early", "in before ready")
        room.down("long", "more than 65536 bytes")
        room.down("mute", "did not say ready within 1 s")
        room.down("missing", "No such file or directory")
        room.up("good")
        assert not room.channel("missing")["up"] and "No such file" in room.channel("missing")["why"], room.channel("missing")
        room.form_works()
        assert room.node.stop() == 0


def test_lies_and_broken_words_take_down_that_channel_only():
    with Room(utf8={"mode": "utf8"}, unknown={"mode": "unknown"}, no={"mode": "no"}, number={"mode": "number"}, good={"mode": "good"}) as room:
        room.down("utf8", "not one JSON object")
        room.down("number", "of in is a whole number, expected a text")
        room.down("unknown", "sent for a message that it does not have")
        room.down("no", "the token is missing")
        until("them to be counted", lambda: all(room.channel(name)["wrong"] for name in ("utf8", "number", "unknown")))
        assert room.channel("no")["wrong"] == room.channel("good")["wrong"] == 0
        room.up("good")
        room.form_works()
        assert room.channel("good")["health"]["restarts"] == 0


def test_what_a_stranger_writes_ends_no_program():
    with Room(nul={"mode": "nul"}, hook={"command": ["/usr/bin/python3", os.path.join(EXAMPLES, "hook.py")]}) as room:
        room.up("hook")
        said = until("it to be acknowledged", lambda: [c for c in room.node.waiting() if c["channel"] == "nul"])
        text = room.node.conv(said[0]["id"])["messages"][0]["text"]
        assert "before" in text and text.endswith("\ufffd half"), text
        whole = {"id": "1", "from": "ann", "text": "x"}
        for change in ({"id": 5}, {"id": ""}, {"from": 7}, {"text": ["x"]}, {"text": "\ud800"}, {"from": {}}):
            assert room.node.request("POST", "/hook", json.dumps({**whole, **change}))[0] == 400, change
        assert room.node.request("POST", "/hook", json.dumps({**whole, "id": "a\0", "from": "\0", "text": "\0"}))[0] in (201, 422)
        assert room.node.request("POST", "/hook", json.dumps(whole))[0] == 201
        assert [room.channel(name)["health"]["restarts"] for name in ("nul", "hook")] == [0, 0]
        assert room.channel("nul")["health"]["program"] == {"place": "Oslo"}, room.channel("nul")


def test_sent_twice_is_sent_once():
    with Room(twice={"mode": "twice"}) as room, room.node.desk("bo") as bo:
        bo.available()
        conv = bo.accept()["conv"]
        bo.command("reply", conv=conv, text="answer")
        room.down("twice", "sent for a message that it does not have")
        until("the first word to count", lambda: sent(room.node, conv))
        room.form_works()


def test_memory_and_processes_are_bounded():
    with Room(hog={"mode": "hog", "memory_mib": 200}, bomb={"mode": "bomb", "processes": 60}) as room, room.node.desk("bo") as bo:
        room.down("hog", "ended with status 1")
        room.down("hog", "MemoryError")
        bo.available()
        texts = [room.node.conv(bo.accept()["conv"])["messages"][0]["text"] for _ in range(2)]
        made = int(next(x for x in texts if x.startswith("made")).split()[1])
        assert made < 60, made
        room.form_works()
        assert room.node.stop() == 0
        assert not room.pids(f"{room.dir}/program.py bomb")  # with all that it made


def test_a_program_that_never_stops_talking_holds_up_nobody():
    with Room(chatter={"mode": "chatter"}, good={"mode": "good"}) as room, room.node.desk("bo") as bo:
        room.up("chatter")
        room.up("good")
        bo.available()
        slow = []
        for i in range(20):
            began = time.monotonic()
            room.form_works()
            slow.append(time.monotonic() - began)
        assert sorted(slow)[10] < 1, slow
        assert room.node.log().count("x" * 1000) < 1000


def test_web_requests():
    with Room(web={"mode": "web"}) as room, room.node.desk("bo") as bo:
        room.up("web")
        bo.available()
        for status, was in ((201, "ok"), (200, "duplicate")):
            got, headers, body = room.node.request("POST", "/hook/in?a=1", "h\u00e9llo".encode(), {"X-Id": "m1"})
            assert (got, headers["x-was"]) == (status, was) and json.loads(body)["outcome"] == was, (got, headers, body)
        assert room.node.conv(bo.accept()["conv"])["messages"][0]["text"] == "POST /hook/in?a=1 h\u00e9llo"
        got, headers, _ = room.node.request("POST", "/hook", b"die")
        assert got == 503 and headers["retry-after"], (got, headers)
        assert room.node.request("POST", "/hook", b"x" * 2000000)[0] in (413, 503)
        room.up("web")
        assert room.node.request("POST", "/hook", b"again", {"X-Id": "m2"})[0] == 201


def test_what_a_program_answers_is_one_answer():
    """Its headers cannot say where the answer ends, nor its policies fill usherd's memory: others share the connection and the process."""
    hidden = "0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    with Room(web={"mode": "any answer"}) as room:
        room.up("web")
        with socket.create_connection(("127.0.0.1", room.node.http), 20) as s:
            for name, value in (("Transfer-Encoding", "chunked"), ("content-length", "5"), ("Connection", "close"), ("Content-Type", "text/html")):
                asked = json.dumps({"body": hidden, "headers": {name: value, "X-Kept": "yes"}}).encode()
                s.sendall(b"POST /hook HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(asked) + asked)
                got = b""
                while hidden.encode() not in got:
                    piece = s.recv(65536)
                    assert piece, got
                    got += piece
                head = got.split(b"\r\n\r\n", 1)[0].decode().lower().splitlines()
                assert f"content-length: {len(hidden)}" in head and "x-kept: yes" in head, head
                assert sum(line.startswith(("content-length", "transfer-encoding", "connection", "content-type")) for line in head) == 2, head
        for i in range(40):
            csp = f"default-src https://{i}.test/{'x' * 50000}" + ("\r\nX-Evil: 1" if i % 2 else "")
            status, headers, _ = room.node.request("POST", "/hook", json.dumps({"file": "index.html", "csp": csp}))
            assert status == 404 and "x-evil" not in headers, (status, headers)
        assert "more than 16 policies" in room.node.log() and room.channel("web")["up"]


def policies(node, **answer):
    """What a page of the program's comes with: its headers, and every policy that holds for it."""
    c = http.client.HTTPConnection("127.0.0.1", node.http, timeout=20)
    with contextlib.closing(c):
        c.request("POST", "/hook", json.dumps(answer))
        r = c.getresponse()
        r.read()
        return {name.lower(): value for name, value in r.getheaders()}, r.msg.get_all("Content-Security-Policy", [])


def test_a_page_of_a_program_can_do_nothing_to_the_desk():
    """It is on the desk's host: it gets an origin of its own, and no header of its that outlasts it."""
    further = {"set-COOKIE": "usher_session=stolen; Path=/", "Clear-Site-Data": '"*"', "Service-Worker-Allowed": "/",
               "Strict-Transport-Security": "max-age=0", "Alt-Svc": 'h2=":1"', "Report-To": "{}", "NEL": "{}"}
    own = {"Content-Security-Policy": "sandbox allow-same-origin allow-scripts", "X-Kept": "yes"}
    for sandbox in ("yes", "no"):
        with Room(web={"mode": "any answer", "sandbox": sandbox}) as room:
            room.up("web")
            for answer in ({"type": "text/html", "body": "<script>alert(1)</script>"}, {"data": ""}, {"problem": "none"}):
                headers, held = policies(room.node, headers={**further, **own}, **answer)
                assert headers["x-kept"] == "yes" and held[-1] == own["Content-Security-Policy"], headers
                kept = {name.lower() for name in further} & set(headers)
                if sandbox == "no":
                    assert len(held) == 1 and kept == {name.lower() for name in further}, (held, headers)
                    continue
                assert len(held) == 2 and held[0].startswith("sandbox ") and "same-origin" not in held[0], held
                assert not kept, kept
                assert policies(room.node, **answer)[1] == held[:1]
            until("the program's author to be told", lambda: sandbox == "no" or "set-COOKIE is left out: sandbox: no allows it" in room.node.log())


def test_hung_program_is_ended_and_started_again():
    port = free_port()
    with Room(udp={**udp_options(port), "ping_s": 1, "silence_s": 2}) as room:
        room.up("udp")
        time.sleep(2.5)  # idle is not silent: it answers pings
        before = room.pids("examples/udp.py")
        assert len(before) == 1 and "silent" not in room.node.log(), room.node.tail()
        os.kill(before[0], signal.SIGSTOP)
        room.down("udp", "silent for 2 s")
        until("another process", lambda: room.pids("examples/udp.py") not in ([], before))
        room.up("udp")


def test_user_limits_and_environment():
    with Room(limits={"mode": "limits", "memory_mib": 300, "files": 40, "directory": "/tmp",
                      "settings": [{"name": "token", "value": "s3cret"}]}) as room, room.node.desk("bo") as bo:
        bo.available()
        said = json.loads(room.node.conv(bo.accept()["conv"])["messages"][0]["text"])
        assert said["uid"] == 65534 and said["gids"] == [65534], said
        assert said["memory"] == 300 << 20 and said["files"] == 40 and said["directory"] == "/tmp", said
        assert said["fds"] <= 4 and said["settings"] == {"token": "s3cret"}, said
        assert not [name for name in said["env"] if name.startswith("USHER_") and name != "USHER_CHANNEL"], said
        assert "s3cret" not in room.node.log()


def refused(why, **options):
    try:
        with Room(refused={"mode": "good", **options}):
            pass
    except AssertionError as e:
        assert why in str(e), e
    else:
        raise AssertionError(f"it was not refused: {options}")


def test_root_is_not_given_away():
    refused("usherd runs as root", user=None)
    refused("there is no user", user="no-such-user")
    refused("a list", mode=None, command=[])


def test_program_dies_with_usherd():
    with Room(deaf={"mode": "deaf"}) as room:  # one that would not notice the end of its input
        room.up("deaf")
        assert room.pids(f"{room.dir}/program.py")
        room.node.kill()
        until("the program to be gone", lambda: not room.pids(f"{room.dir}/program.py"))


def test_flood_is_slowed_and_whole():
    with Room(flood={"mode": "flood", "in_max": 8}) as room:
        room.up("flood")
        redis = room.node.redis_pid()
        os.kill(redis, signal.SIGSTOP)
        try:
            open(os.path.join(room.dir, "go"), "w").close()
            time.sleep(2)
            with open(os.path.join(room.dir, "written")) as f:
                written = int(f.read())
            assert 8 < written < 100, written  # a pipe full and no more: the rest waits in the program
        finally:
            os.kill(redis, signal.SIGCONT)
        until("all of it", lambda: room.accepted() >= 600, 60)
        assert room.accepted() == 600 and room.channel("flood")["up"], room.channel("flood")
        texts = [m["text"].split(" x")[0] for m in room.node.conv(room.node.waiting()[0]["id"])["messages"]]
        assert texts[-1] == "number 599", texts[-1]


def test_a_program_that_complains_does_not_fill_the_log():
    with Room(errors={"mode": "errors"}) as room:
        room.up("errors")
        until("lines to be left out", lambda: "lines of the program left out" in room.node.log())
        room.form_works()
        assert room.node.log().count("complaint") < 1000


def test_reader_that_does_not_read_is_ended():
    with Room(deaf={"mode": "deaf", "ping_s": 1, "silence_s": 3}) as room:
        room.down("deaf", "silent for 3 s")
        room.form_works()


def test_one_that_talks_and_does_not_read_is_ended_and_the_answer_is_kept():
    with Room(stuffed={"mode": "stuffed", "ping_s": 1, "silence_s": 3}) as room, room.node.desk("bo") as bo:
        bo.available()
        conv = bo.accept()["conv"]
        bo.command("reply", conv=conv, text="x" * 200000)
        room.down("stuffed", "did not read what it is told for 3 s")
        out = [m for m in room.node.conv(conv)["messages"] if m["direction"] == "out"]
        assert len(out) == 1 and out[0]["delivery"] not in ("sent", "unsure", "failed"), out[0]["delivery"]
        # the next one reads
        with open(room.program, "w") as f:
            f.write(PROGRAM.replace('mode == "stuffed"', "False"))
        until("the answer to be sent", lambda: sent(room.node, conv))


def test_cursor_outlives_the_program():
    with Room(cursor={"mode": "cursor"}) as room:
        until("the first", lambda: room.accepted() >= 1)
        time.sleep(0.3)
        os.kill(room.pids(f"{room.dir}/program.py cursor")[0], signal.SIGKILL)
        until("the second", lambda: room.accepted() >= 2)
        conv = room.node.waiting()[0]["id"]
        assert [m["text"] for m in room.node.conv(conv)["messages"]][:2] == ["cursor none", "cursor 1"]


def test_what_cannot_be_remembered_is_answered():
    with Room(nothing={"mode": "no cursor"}) as room:
        until("the answers", lambda: room.accepted() >= 3)
        conv = room.node.waiting()[0]["id"]
        assert sorted(m["text"] for m in room.node.conv(conv)["messages"])[:3] == ["recalled fail", "remembered fail", "remembered fail"]


def test_a_send_that_died_is_unsure_or_repeated():
    script = PROGRAM.replace('        if mode == "cursor":', '''        if mode == "die-on-send":
            say(t="in", id="one", thread="one", **{"from": {"value": "ann"}}, text="please answer")
        if mode == "cursor":''')
    for idempotent, fate in (("no", "unsure"), ("yes", "sent")):
        with Room(risky={"mode": "die-on-send", "idempotent": idempotent}) as room, room.node.desk("bo") as bo:
            with open(room.program, "w") as f:
                f.write(script)
            until("the next start", lambda: (
                [os.kill(p, signal.SIGKILL) for p in room.pids(f"{room.dir}/program.py") if not room.accepted()],
                room.accepted())[1])
            bo.available()
            conv = bo.accept()["conv"]
            bo.command("reply", conv=conv, text="answer")
            until(f"the answer to be {fate}", lambda: [
                m for m in room.node.conv(conv)["messages"] if m["direction"] == "out" and m["delivery"] == fate], 90)  # its back-off grows with each kill


def test_files_both_ways():
    with Room(files={"mode": "files", "attachments": "yes"}, none={"mode": "good"}) as room, room.node.desk("bo") as bo:
        bo.available()
        conv = bo.accept()["conv"]
        part = bo.expect("message", conv=conv, direction="in")["parts"][0]
        assert (part["name"], part["type"], part["size"]) == ("scan.bin", "application/x-scan", 3000000), part
        bo.command("reply", conv=conv, text="here it is again", parts=[part])
        until("the file to be sent back whole", lambda: sent(room.node, conv), 30)
        status = {c["name"]: c for c in room.node.json("status")["channels"]}
        assert status["files"]["health"]["sent"] == 1 and status["files"]["wrong"] == 0, status


def test_files_that_are_none():
    with Room(bad={"mode": "bad-file"}, files={"mode": "files"}) as room, room.node.desk("bo") as bo:
        room.down("bad", "not base64")
        bo.available()
        conv = bo.accept()["conv"]
        part = bo.expect("message", conv=conv, direction="in")["parts"][0]
        bo.command("reply", conv=conv, text="here", parts=[part])  # without attachments: yes
        failed = until("a refusal", lambda: [m for m in room.node.conv(conv)["messages"] if m["delivery"] == "failed"])
        assert "carries no files" in json.dumps(failed), failed


def test_reload_replaces_the_program():
    port = free_port()
    with Room(udp=udp_options(port), good={"mode": "good"}) as room:
        room.up("udp")
        room.up("good")
        before, other = room.pids("examples/udp.py"), room.pids(f"{room.dir}/program.py")
        with open(room.config) as f:
            text = f.read()
        with open(room.config, "w") as f:
            f.write(text.replace(str(port), str(free_port())))
        room.node.process.send_signal(signal.SIGHUP)
        until("another process", lambda: room.pids("examples/udp.py") not in ([], before))
        room.up("udp")
        assert len(room.pids("examples/udp.py")) == 1 and room.pids(f"{room.dir}/program.py") == other


def test_stop_is_orderly():
    port = free_port()
    with Room(udp=udp_options(port), good={"mode": "good"}) as room:
        room.up("udp")
        room.up("good")
        assert room.node.stop() == 0
        assert not room.pids("examples/udp.py") and not room.pids(f"{room.dir}/program.py")


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
