"""The wall clock is put forward and back by an hour while a center works, and passes the two changes of a year in a zone with summer time. Offers end,
what failed is sent again, visitors and agents go on, nobody is passed by, queues open when the wall says so, and nothing happens a thousand times."""
import calendar
import json
import os
import struct
import subprocess
import sys
import time

from test_identity import signed
from usher import CENTER, RELEASE, ROOT, Node, Sink, main, until

HOUR = 3600


class Clock:
    """What usherd and its Redis take for the time: ours and so many seconds."""

    def __init__(self, node):
        self.path, library = os.path.join(node.data, "clock"), os.path.join(node.data, "clock.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, os.path.join(ROOT, "tests/lib/clock.c")], check=True)
        self.put(0)
        node.extra = {"LD_PRELOAD": library, "TEST_CLOCK": self.path}

    def put(self, seconds):
        with open(self.path, "r+b" if os.path.exists(self.path) else "w+b", buffering=0) as f:
            f.write(struct.pack("=q", seconds))
        self.ahead = seconds

    def put_to(self, utc):
        """UTC as 2027-03-28T00:59:57."""
        self.put(int(calendar.timegm(time.strptime(utc, "%Y-%m-%dT%H:%M:%S")) - time.time()))

    def now(self):
        return time.time() + self.ahead


def clocked(config=CENTER, **changes):
    node = Node(build=RELEASE, start=False)
    with open(config, encoding="utf-8") as f:
        text = f.read()
    for old, new in changes.values():
        assert old in text, old
        text = text.replace(old, new)
    node.config = os.path.join(node.data, "own.yaml")
    with open(node.config, "w", encoding="utf-8") as f:
        f.write(text)
    return node, Clock(node)


def cpu_s(node):
    """Processor seconds of usherd."""
    with open(f"/proc/{node.process.pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def counter(node, name):
    body = node.request("GET", "/metrics", port=node.admin)[2].decode()
    return sum(float(x.split()[-1]) for x in body.splitlines() if x.startswith(name) and not x.startswith("#"))


def it_rests(node):
    """No timer fires again and again: two seconds in which nothing happens cost next to nothing."""
    began, commits = cpu_s(node), counter(node, "usher_commits_total")
    time.sleep(2)
    assert cpu_s(node) - began < 0.5, f"{cpu_s(node) - began:.2f} s of processor time in two seconds of rest"
    assert counter(node, "usher_commits_total") - commits < 60


def log_in(node):
    status, headers, body = node.request("POST", "/api/v1/login", json.dumps({"user": "sue", "password": "correct horse battery"}),
                                         {"Content-Type": "application/json"})
    assert status == 200, (status, body)
    return headers["set-cookie"].split(";")[0]


def jumped(by):
    short = {"offer": ("chat: {cost: 25, max: 4, offer: 20s", "chat: {cost: 25, max: 4, offer: 3s")}
    node, clock = clocked(**short)
    sink = Sink(node.smtp)
    node.start()
    try:
        with node, node.desk("bo") as bo, node.chat() as visitor:
            node.ctl("user", "add", "sue", "--role", "supervisor", "--password-stdin", stdin="correct horse battery\n")
            cookie = log_in(node)
            bo.available()
            visitor.say("hello")
            chat = bo.accept()["conv"]
            for i in range(25):  # half of what a visitor may say at once
                visitor.say(f"before {i}", wait=False)
            visitor.expect("msg", text="before 24")
            node.mail("question", sender="ann@x.org", subject="question")
            mail = bo.accept()["conv"]
            sink.stop()
            bo.command("reply", conv=mail, text="answer-of-the-mail")
            until("a first try", lambda: counter(node, 'usher_sends_total{channel="support",outcome="retried"}'))
            bo.command("presence", to="away")
            node.mail("who came first", sender="first@x.org")
            first = until("the first to wait", node.waiting)[0]["id"]

            clock.put(by)
            # who talks goes on, and does not pay for what he said at another time
            for i in range(30):
                visitor.say(f"after {i}", wait=False)
            visitor.expect("msg", text="after 29")
            bo.command("reply", conv=chat, text="yes")
            visitor.expect("msg", text="yes")
            assert node.request("GET", "/api/v1/me", headers={"Cookie": cookie})[0] == 200
            # who came before comes first
            node.mail("who came second", sender="second@x.org")
            second = until("the second to wait", lambda: [c["id"] for c in node.waiting() if c["id"] != first])[0]
            bo.available()
            assert [bo.accept()["conv"], bo.accept()["conv"]] == [first, second]
            for conv in (mail, first, second):
                bo.command("resolve", conv=conv, outcome="solved")
            # an offer that nobody takes goes to the next one, soon
            with node.chat(lang="ru") as other, node.desk("eva") as eva:
                eva.available()
                other.say("is anybody there?")
                two = [bo, eva]
                until("one to be asked", lambda: any(f["t"] == "offer" and f["kind"] == "chat" for d in two for f in d.frames), 30)
                late = eva if any(f["t"] == "offer" and f["kind"] == "chat" for f in bo.frames) else bo
                late.accept(30, kind="chat")
                other.say("thanks")
            # what failed is sent again
            sink.start()
            until("the answer to be sent", lambda: any(b"answer-of-the-mail" in m for m in sink.mails()))
            # a signed visitor is known as long as the clock on the wall says
            with node.chat(identity=signed(email="ann@x.org", exp=int(clock.now()) + 60), nonce="n1") as ann:
                assert ann.expect("welcome")["verified"]
            with node.chat(identity=signed(email="ann@x.org", exp=int(clock.now()) - 60), nonce="n2", expect="error") as ann:
                assert ann.expect("error")["code"] == "identity"
            dates = [m for m in sink.mails() if b"answer-of-the-mail" in m]
            assert len(dates) == 1, "sent twice"
            it_rests(node)
            # and once more with what is on disk
            node.kill()
            node.start()
            with node.desk("bo") as again, node.chat() as late:
                again.available()
                late.say("after the restart")
                again.accept(30, kind="chat")
            said = [m["text"] for m in node.conv(chat)["messages"] if m["direction"] == "in"]
            assert said == ["hello"] + [f"before {i}" for i in range(25)] + [f"after {i}" for i in range(30)], said
            assert node.ctl("replay", check=False).returncode == 0
    finally:
        sink.close()


def test_an_hour_back():
    jumped(-HOUR)


def test_an_hour_forward():
    jumped(HOUR)


def opens(before, opening):
    """A queue that opens at three in the morning in Berlin, three seconds after `before`, a time in UTC."""
    node, clock = clocked(hours=("target: 20s, wrapup: 0s, sticky: 1h, close: 72h}\n  cards", "target: 20s, wrapup: 0s, sticky: 1h, close: 72h, hours: early}\n  cards"),
                          zone=("queues:", 'calendars:\n  early: {zone: Europe/Berlin, hours: {daily: "03:00-20:00"}}\nqueues:'))
    clock.put_to(before)
    node.start()
    with node, node.desk("bo") as bo:
        bo.available()
        node.mail("good morning")
        waits = until("it to wait", node.waiting)[0]["id"]
        offer = bo.accept(30)
        assert offer["conv"] == waits
        took = clock.now() - calendar.timegm(time.strptime(opening, "%Y-%m-%dT%H:%M:%S"))
        assert -0.5 < took < 25, f"offered {took:.1f} s after it opened"


def test_it_opens_when_summer_time_begins():
    opens("2027-03-28T00:59:53", "2027-03-28T01:00:00")  # 01:59:53 in winter time; at two it is three


def test_it_opens_when_summer_time_ends():
    opens("2027-10-31T01:59:53", "2027-10-31T02:00:00")  # 02:59:53 for the second time


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
