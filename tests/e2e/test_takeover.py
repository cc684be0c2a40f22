"""Two usherd on one Redis: one leads, the other waits. The leader is killed, or stopped and woken too late, while answers go out to a mail server and to a
webhook: each is sent once, or an agent is asked; the one that wakes does no harm; visitors and agents go on at the other node."""
import contextlib
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

from test_redis_trouble import Redis
from usher import CENTER, Node, Sink, main, until

EACH = int(os.environ.get("EACH", "12"))  # answers on each channel before the leader goes
HOOK = """
  hook:
    plugin: webhook
    kind: hook
    queue: general
    options:
      verify: none
      in: {dedup: "{id}", thread: "{from}", identity: "{from}", identity_kind: phone, text: "{text}"}
      allow_private: yes
      url: "%s/out"
      body: '{"id": "{id}", "text": "{text}"}'
rules:"""


class Service:
    """Takes a while for each post and remembers them."""

    def __init__(self):
        self.got, got = [], []
        self.got = got

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                time.sleep(0.3)
                with contextlib.suppress(OSError):
                    self.send_response(200)
                    self.send_header("Content-Length", "2")
                    self.end_headers()
                    self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Pair:
    """Two nodes, their Redis, the mail server and the service. `first` leads."""

    def __init__(self, stack):
        self.redis = stack.enter_context(Redis())
        self.service = stack.enter_context(contextlib.closing(Service()))
        self.first, self.second = Node(start=False), Node(start=False)
        self.second.smtp = self.first.smtp
        self.sink = stack.enter_context(contextlib.closing(Sink(self.first.smtp, options=["-w", "1"])))
        for name, node in (("n1", self.first), ("n2", self.second)):
            stack.callback(node.close)
            self.configure(name, node)
        self.first.start()
        self.start_waiting(self.second)

    def configure(self, name, node):
        with open(CENTER, encoding="utf-8") as f:
            text = f.read()
        text = text.replace("redis: managed", f"redis: unix:{self.redis.sock}").replace("node: n1", f"node: {name}")
        text = re.sub(r"cost: \d+, max: \d+", "cost: 1, max: 500", text)
        text = text.replace("  form: {cost", "  hook: {cost: 1, max: 500, offer: 120s}\n  form: {cost")
        text = text.replace("\nrules:", HOOK % self.service.url)
        node.config = os.path.join(node.data, "own.yaml")
        with open(node.config, "w", encoding="utf-8") as f:
            f.write(text)

    def start_waiting(self, node):
        with open(node.log_path, "ab") as log:
            node.process = subprocess.Popen([os.path.join(node.build, "usherd"), "-c", node.config], env=node.env(),
                                            stdout=log, stderr=log, start_new_session=True)
        until("it to wait", lambda: "another node routes, waiting" in node.log())

    def mails(self):
        return [m for raw in self.sink.mails() for m in re.findall(rb"answer-\d+-(?:mail|hook)", raw)[:1]]


@contextlib.contextmanager
def pair():
    with contextlib.ExitStack() as stack:
        p = Pair(stack)
        try:
            yield p
        except BaseException:
            for node in (p.first, p.second):
                print("\n".join("# " + x for x in node.tail(25).splitlines()) + "\n#", flush=True)
            raise


def post(node, i):
    body = json.dumps({"id": f"in-{i}", "from": f"+49{i:06}", "text": f"question {i}"}).encode()
    status, _, answer = node.request("POST", "/hook/hook", body, {"Content-Type": "application/json"})
    assert status in (200, 202), (status, answer)


def ask(node, desk, serial, count):
    """Questions by mail and webhook, accepted by the desk: marker of the answer → conversation."""
    for i in range(serial, serial + count):
        node.mail(f"question {i}", sender=f"c{i}@x.org")
        post(node, i)
    convs = {}
    for _ in range(2 * count):
        conv = desk.accept()["conv"]
        m = node.conv(conv)["messages"][0]
        convs[f"answer-{m['text'].split()[1]}-{'hook' if m['channel'] == 'hook' else 'mail'}"] = conv
    return convs


def state(node, conv, marker):
    return next((m["delivery"] for m in node.conv(conv)["messages"] if m["direction"] == "out" and marker in m["text"]), "lost")


def settled(node, convs):
    states = {m: state(node, conv, m) for m, conv in convs.items()}
    return states if all(s in ("sent", "unsure") for s in states.values()) else None


def judge(p, states):
    came = [m.decode() for m in p.mails()] + [g["text"] for g in p.service.got]
    for marker, s in states.items():
        n = came.count(marker)
        assert n == 1 or (n == 0 and s == "unsure"), f"{marker}, which is {s}, came {n} times"
    print(f"# {len(states)} answers, {sum(s == 'unsure' for s in states.values())} to be decided by an agent", flush=True)


def lead_is_lost(p, how):
    """Answers are under way; the leader goes; a visitor and the agent go on at the other."""
    with p.first.desk("bo") as bo, p.first.chat() as visitor:
        bo.available()
        visitor.say("hello")
        chat = bo.accept()["conv"]
        bo.command("reply", conv=chat, text="welcome")
        visitor.expect("msg", text="welcome")
        convs = ask(p.first, bo, 0, EACH)
        for marker, conv in convs.items():
            bo.command("reply", conv=conv, text=marker)
        until("some to be sent", lambda: p.mails() and p.service.got)
        how(p.first)
        session, seq = visitor.session, visitor.seq
    until("the other to lead", lambda: "usher ready" in p.second.log(), 30)
    bo = p.second.desk("bo")
    bo.available()
    visitor = p.second.chat(session=session, seq=seq)
    visitor.say("are you still there?")
    bo.command("reply", conv=chat, text="yes")
    visitor.expect("msg", text="yes")
    return bo, visitor, convs


def test_a_leader_that_dies_while_it_sends():
    with pair() as p:
        bo, visitor, convs = lead_is_lost(p, Node.kill)
        judge(p, until("all to be settled", lambda: settled(p.second, convs), 60))
        assert p.second.ctl("verify", check=False).returncode == 0
        bo.close()
        visitor.close()


def test_a_leader_that_wakes_too_late_does_no_harm_and_keeps_nothing():
    with pair() as p:
        bo, visitor, convs = lead_is_lost(p, lambda node: node.process.send_signal(signal.SIGSTOP))
        p.first.process.send_signal(signal.SIGCONT)
        until("it to see", lambda: "has taken over" in p.first.log() or "not routing" in p.first.log())
        status, _, _ = p.first.request("GET", "/readyz", port=p.first.admin)
        assert status == 503
        # What is said from now on is sent, too, though the one that woke dies with whatever it has taken.
        more = ask(p.second, bo, 1000, 4)
        for marker, conv in more.items():
            bo.command("reply", conv=conv, text=marker)
        time.sleep(0.2)
        p.first.kill()
        convs.update(more)
        judge(p, until("all to be settled", lambda: settled(p.second, convs), 60))
        assert p.second.ctl("verify", check=False).returncode == 0
        bo.close()
        visitor.close()


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
