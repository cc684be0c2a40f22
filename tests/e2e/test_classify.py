"""What is said decides where a conversation goes; an operator can see by which rule; segments know the customer's card."""
import os
import subprocess
import sys

from usher import CENTER, ROOT, Node, main, until

DEMO = os.path.join(ROOT, "conf/demo.yaml")


def own_config(node, *changes):
    """A copy of the center with changes."""
    node.config = os.path.join(node.data, "center.yaml")
    with open(CENTER) as f:
        text = f.read()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    with open(node.config, "w") as f:
        f.write(text)


def conv_of(node, subject):
    found = lambda: [c["id"] for c in node.waiting() if node.conv(c["id"])["subject"] == subject]
    return until(f"'{subject}' waits", found)[0]


def test_the_demo_sorts_its_mail_and_says_why():
    with Node(config=DEMO) as node:
        node.mail("Третий раз пишу, это безобразие!", subject="one")
        node.mail("My CARDS do not work", subject="two", sender="bob@x.org")
        node.mail("When do you open?", subject="three", sender="eve@x.org")
        status, _ = node.form(email="kim@x.org", topic="loans", message="About my card", subject="four")
        assert status == 201, status
        want = {"one": ("complaint", "complaints", "said 'безобразие'"), "two": ("cards", "cards", "word 'card', said 'CARDS'"),
                "three": ("", "general", ""), "four": ("loans", "loans", "field topic=loans")}
        for subject, (topic, queue, why) in want.items():
            conv = node.conv(conv_of(node, subject))
            assert (conv["topic"], conv["queue"]) == (topic, queue), (subject, conv)
            assert why in conv["rule"] and (why or not conv["rule"]), (subject, conv["rule"])
            told = node.json("explain", conv["id"])
            assert (told["topic"], told["rule"]) == (conv["topic"], conv["rule"]), told
        first = conv_of(node, "one")
        assert "topic: complaint\n" in node.ctl("conv", first).stdout
        assert "topic: complaint\n" in node.ctl("explain", first).stdout
        one = next(c for c in node.waiting() if c["id"] == first)
        assert one["priority"] == -60, one


def test_a_wrong_rule_is_refused_with_its_place():
    with Node(start=False) as node:
        own_config(node, ("  - {channel: contact, field: {topic: cards}, queue: cards}\n",
                          "  - {pattern: 'INV-(', kind: invoice}\n"))
        r = subprocess.run([os.path.join(node.build, "usherd"), "-t", "-c", node.config], env=node.env(),
                           capture_output=True, text=True, timeout=30, check=False)
        assert r.returncode == 78, r
        assert "pattern in rules[0]: missing closing parenthesis at byte 6" in r.stderr, r.stderr


class Redis:
    """One of the test's own, so that it may write what another system would: fields of a customer's card."""

    def __init__(self, dir):
        self.sock = os.path.join(dir, "own.sock")
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.sock, "--dir", dir, "--appendonly", "yes",
             "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("redis to listen", lambda: os.path.exists(self.sock))

    def call(self, *words):
        return subprocess.run(["redis-cli", "-s", self.sock, *words], capture_output=True, text=True, timeout=20,
                              check=True).stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def test_a_segment_by_the_card_and_its_own_sticky_time():
    with Node(start=False) as node, Redis(node.data) as redis:
        own_config(node, ("sticky: 1h", "sticky: 0"), ("redis: managed", f"redis: unix:{redis.sock}"),
                   ("  mass: {title: Mass}", "  youth: {sticky: 1h, match: {attribute: {age_group: youth, account: basic}}}\n"
                                             "  mass: {title: Mass}"))
        node.start()
        node.user("kim", en=80)
        with node.desk("bo") as bo, node.desk("kim") as kim:
            bo.available()
            for sender, segment, again in (("ann@x.org", "youth", bo), ("bob@x.org", "mass", kim)):
                node.mail("Hello, please help me", sender=sender, subject="before")
                customer = node.conv(bo.accept()["conv"])["customer"]
                key = redis.call("--scan", "--pattern", f"*:cust:{customer}").split()[0]
                redis.call("hset", key, "age_group", "Youth", *(["account", "basic"] if segment == "youth" else []))
                mid = node.mail("Hello, it is about the other thing", sender=sender, subject="now")
                conv = bo.accept()["conv"]
                assert node.conv(conv)["segment"] == segment
                kim.available()
                bo.command("resolve", conv=conv, outcome="solved")  # so kim is the one who idles longest
                node.mail("Hello, it is still not done", sender=sender, headers=(f"In-Reply-To: {mid}",))
                again.accept(conv=conv)
                kim.command("presence", to="away")


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
