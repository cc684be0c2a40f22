"""What an operator does: checks a file, reloads, drains, asks; and what happens to those who ask wrongly."""
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time

from usher import BUILD, CENTER, Node, main, until


def usherd(*words, env=None):
    return subprocess.run([os.path.join(BUILD, "usherd"), *words], capture_output=True, text=True, timeout=30,
                          env={**os.environ, **(env or {})}, check=False)


def own_config(node):
    """A copy of the center that a test may change."""
    node.config = os.path.join(node.data, "center.yaml")
    shutil.copy(CENTER, node.config)


def rewrite(node, old, new):
    with open(node.config) as f:
        text = f.read()
    assert old in text, old
    with open(node.config, "w") as f:
        f.write(text.replace(old, new))


def metric(node, line):
    status, _, body = node.request("GET", "/metrics", port=node.admin)
    assert status == 200
    return [float(x.rsplit(" ", 1)[1]) for x in body.decode().splitlines() if x.startswith(line + " ")]


def test_a_wrong_file_is_refused_with_its_place_and_nothing_is_made():
    node = Node(start=False)
    with node:
        own_config(node)
        rewrite(node, "target: 20s, wrapup: 0s", "targt: 20s, wrapup: 0s")
        before = sorted(os.listdir(node.data))
        for words in (["-t", "-c", node.config], ["-c", node.config]):
            r = usherd(*words, env=node.env())
            assert r.returncode == 78, r
            assert f"{node.config}:14:" in r.stderr and "did you mean 'target'?" in r.stderr, r.stderr
        assert sorted(os.listdir(node.data)) == before
        # what only the plugin can know has a place too
        shutil.copy(CENTER, node.config)
        rewrite(node, "smtp_url:", "smpt_url:")
        with open(node.config, encoding="utf-8") as f:
            place = 1 + next(n for n, line in enumerate(f) if "smpt_url:" in line)
        r = usherd("-t", "-c", node.config, env=node.env())
        assert r.returncode == 78 and f"{node.config}:{place}:" in r.stderr, r.stderr


def test_usage():
    assert usherd().returncode == 2
    assert usherd("--frob").returncode == 2
    assert usherd("-c").returncode == 2
    assert usherd("--version").stdout.startswith("usherd ")
    ctl = os.path.join(BUILD, "usherctl")
    for words, code, says in ((["frob"], 2, "no verb 'frob'"), (["conv"], 2, "usage: usherctl conv"), ([], 2, "which verb"),
                              (["user", "add"], 2, "usage"), (["user", "add", "x", "--rol", "a"], 2, "no option --rol"),
                              (["--socket", "/nonexistent/s", "status"], 3, "cannot reach usherd")):
        r = subprocess.run([ctl, *words], capture_output=True, text=True, timeout=10, check=False)
        assert r.returncode == code and says in r.stderr, (words, r)
        assert not r.stdout


def test_health_and_metrics():
    with Node() as node:
        assert node.request("GET", "/livez", port=node.admin)[0] == 200
        assert node.request("GET", "/readyz", port=node.admin)[0] == 200
        assert node.request("POST", "/readyz", port=node.admin)[0] == 405
        assert node.request("GET", "/frob", port=node.admin)[0] == 404
        node.mail("Help")
        until("the mail to be counted", lambda: metric(node, 'usher_intake_seen_total{channel="support"}') == [1.0])
        status, _, body = node.request("GET", "/metrics", port=node.admin)
        r = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, timeout=30, check=False)
        assert r.returncode == 0 and not r.stdout and not r.stderr, r
        # Redis away: not ready, and says so; alive all the same; then ready again
        os.kill(node.redis_pid(), signal.SIGSTOP)
        pid = node.redis_pid()
        node.kill_redis()
        until("not ready", lambda: node.request("GET", "/readyz", port=node.admin)[0] == 503 or node.redis_pid() != pid)
        assert node.request("GET", "/livez", port=node.admin)[0] == 200
        until("ready again", lambda: node.request("GET", "/readyz", port=node.admin)[0] == 200)
        assert node.json("status")["waiting"] == 1


def test_a_reload_says_which_proxies_are_believed():
    """Whom a log-in is said to come from, before, with and after a proxy that is trusted."""
    with Node(start=False) as node:
        own_config(node)
        node.start()
        client = iter(f"192.0.2.{i}" for i in range(1, 9))

        def peer():
            """Of the log-in that is refused now, and whom it said it came from."""
            said, had = next(client), node.log().count("log-in refused peer=")
            login = json.dumps({"user": "nobody", "password": "wrong"})
            assert node.request("POST", "/api/v1/login", login, {"Content-Type": "application/json", "X-Forwarded-For": said})[0] == 401
            until("it to be logged", lambda: node.log().count("log-in refused peer=") > had)
            return node.log().rsplit("log-in refused peer=", 1)[1].split()[0], said

        def reload():
            had = node.log().count("reloaded hash=")
            node.process.send_signal(signal.SIGHUP)
            until("the reload", lambda: node.log().count("reloaded hash=") > had)
        assert peer()[0] == "127.0.0.1"
        rewrite(node, "public_url:", "trusted_proxies: [127.0.0.1]\npublic_url:")
        reload()
        seen, said = peer()
        assert seen == said
        rewrite(node, "trusted_proxies: [127.0.0.1]\n", "")
        reload()
        assert peer()[0] == "127.0.0.1"


def test_reload_is_all_or_nothing():
    node = Node(start=False)
    with node:
        own_config(node)
        node.start()
        assert node.ctl("queue", "loans", check=False).returncode == 1
        rewrite(node, "segments:", "  loans: {skills: {loans: 1}}\nsegments:")
        node.process.send_signal(signal.SIGHUP)
        until("the new queue", lambda: node.ctl("queue", "loans", check=False).returncode == 0)
        # wrong: the old one stays, with the reason in the log
        rewrite(node, "loans: {skills: {loans: 1}}", "loanz: {skills: {loans: 101}}")
        node.process.send_signal(signal.SIGHUP)
        until("the refusal", lambda: "level of 'loans' in skills of queue 'loanz'" in node.log())
        assert node.ctl("queue", "loans", check=False).returncode == 0
        # what cannot change while it runs
        rewrite(node, "loanz: {skills: {loans: 101}}", "loans: {}")
        rewrite(node, "node: n1", "node: n2")
        node.process.send_signal(signal.SIGHUP)
        until("the refusal", lambda: "node changed: needs a restart" in node.log())
        assert metric(node, 'usher_reloads_total{outcome="done"}') == [1.0]
        assert metric(node, 'usher_reloads_total{outcome="refused"}') == [2.0]
        assert node.json("replay")["same"] is True
        assert node.json("verify")["violations"] == 0


def test_first_passwords_are_made_once_and_work():
    with Node() as node:
        file = os.path.join(node.data, "first-passwords.txt")
        assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
        assert stat.S_IMODE(os.stat(node.socket).st_mode) == 0o600
        with open(file) as f:
            passwords = dict(line.split() for line in f)
        assert set(passwords) == {"bo", "eva", "sam"}
        login = json.dumps({"user": "bo", "password": passwords["bo"]})
        headers = {"Content-Type": "application/json"}
        assert node.request("POST", "/api/v1/login", login, headers)[0] == 200
        node.ctl("user", "add", "bo", "--role", "agent", "--password-stdin", stdin="another long one\n")
        assert node.stop() == 0
        node.start()
        assert passwords["bo"] not in node.log().split("usher ready")[-1]
        assert node.request("POST", "/api/v1/login", login, headers)[0] == 401
        login = json.dumps({"user": "bo", "password": "another long one"})
        assert node.request("POST", "/api/v1/login", login, headers)[0] == 200
        with open(file) as f:
            assert dict(line.split() for line in f) == passwords


def test_people_and_agents():
    with Node() as node:
        made = node.json("user", "add", "kim", "--role", "agent", "--skill", "ru=80", "--name", "Kim Ö")
        assert made["user"] == "kim" and len(made["password"]) >= 16
        kim = next(a for a in node.json("agents")["agents"] if a["id"] == "kim")
        assert kim["skills"] == {"ru": 80} and kim["name"] == "Kim Ö" and kim["presence"] == "offline"
        assert node.ctl("user", "add", "x", "--role", "boss", check=False).returncode == 2
        assert node.ctl("user", "add", "x", "--role", "agent", "--skill", "ru=101", check=False).returncode == 2
        assert node.ctl("user", "off", "nobody", check=False).returncode == 1
        node.ctl("user", "off", "kim")
        r = node.ctl("desk", "kim", check=False, stdin="")
        assert r.returncode == 1, r
        assert node.ctl("desk", "nobody", check=False, stdin="").returncode == 1


def test_answers_of_every_verb():
    with Node() as node, node.desk("bo") as bo:
        node.mail("Hello \x1b[31mred\x1b[0m", sender="ann@premier.test", subject="Card")
        waiting = until("it waits", lambda: node.json("queue"))
        one = until("it waits", lambda: node.waiting())[0]
        assert one["segment"] == "premier" and one["priority"] == -300 and one["channel"] == "support"
        waiting = node.json("queue", "general")
        assert waiting["waiting"] == 1 and waiting["longest_wait_ms"] >= 0
        assert node.json("queue", "cards") == {"waiting": 0, "longest_wait_ms": None, "conversations": []}
        bo.available()
        bo.accept()
        bo.command("reply", conv=one["id"], text="Done")
        conv = node.conv(one["id"])
        assert conv["owner"] == "bo" and [m["seq"] for m in conv["messages"]] == [1, 2]
        assert node.json("explain", one["id"])
        card = node.json("customer", "ann@premier.test")
        assert card == node.json("customer", "email:ann@premier.test") == node.json("customer", conv["customer"])
        assert [(i["kind"], i["value"], i["verified"]) for i in card["identities"]] == [("email", "ann@premier.test", False)]
        assert [c["id"] for c in card["conversations"]] == [one["id"]]
        export = node.json("export", "ann@premier.test")
        assert [m["text"] for m in export["conversations"][0]["messages"]][1] == "Done"
        status = node.json("status")
        assert status["leader"] and status["durability"] == "always" and status["agents_online"] == 1
        assert status["intake"] == {"seen": 1, "accepted": 1, "duplicate": 0, "quarantined": 0, "refused": 0}
        # a customer's text does not reach the operator's terminal raw
        assert "\x1b" not in node.ctl("conv", one["id"]).stdout
        for verb in (["status"], ["queue"], ["agents"], ["customer", "ann@premier.test"], ["explain", one["id"]]):
            assert node.ctl(*verb).stdout
        assert node.ctl("customer", "nobody@x.org", check=False).returncode == 1
        assert node.ctl("conv", "01JAAAAAAAAAAAAAAAAAAAAAAA", check=False).returncode == 1
        assert node.json("replay")["same"] is True
        assert node.json("verify")["violations"] == 0


def test_nonsense_on_the_control_socket_costs_nothing():
    with Node() as node:
        for line in (b"frob\n", b"{}\n", b'{"verb":3}\n', b'{"verb":"conv","args":[1]}\n', b'{"verb":"a","verb":"b"}\n',
                     b'{"verb":"conv","args":["x","x","x","x","x","x"]}\n', b"\xff\xff\n", b"\n", b"x" * 1100000):
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(10)
                s.connect(node.socket)
                try:
                    s.sendall(line)
                except BrokenPipeError:
                    pass
                answer = b""
                while not answer.endswith(b"\n"):
                    piece = s.recv(65536)
                    if not piece:
                        break
                    answer += piece
                assert json.loads(answer)["exit"] == 2, (line[:40], answer)
        assert node.json("status")["leader"]


def test_a_taken_port_is_said_and_nothing_stays():
    with Node() as node:
        other = Node(start=False)
        other.http = node.http
        with other:
            r = usherd("-c", other.config, env=other.env())
            assert r.returncode == 1 and f"127.0.0.1:{node.http}" in r.stderr, r.stderr
            assert "Address already in use" in r.stderr
            assert not other.redis_alive()


def test_drain_and_quick_stop():
    with Node() as node, node.desk("bo") as bo:
        bo.available()
        node.mail("one")
        offer = bo.accept()
        assert node.stop(signal.SIGTERM, 40) == 0
        assert not node.redis_alive()
        node.start()
        assert node.conv(offer["conv"])["owner"] == "bo"
        began = time.monotonic()
        assert node.stop(signal.SIGINT, 20) == 0
        assert time.monotonic() - began < 8


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
