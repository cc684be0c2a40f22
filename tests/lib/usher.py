"""A real usherd with its own data directory, ports and peers, for tests in Python.

Node starts and kills it; ctl speaks to it as usherctl does; Desk is a person at `usherctl desk`; Chat is a visitor's
WebSocket; lmtp and form send what strangers send; Sink is a real SMTP server that keeps what it is given.
Everything waits with a bound and says what it waited for. Nothing here knows usher's insides.
"""
import asyncio
import contextlib
import http.client
import json
import os
import queue
import random
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import threading
import time

import websockets

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("USHER_BUILD", os.path.join(ROOT, "build-test"))
RELEASE = os.environ.get("USHER_RELEASE", os.path.join(ROOT, "build"))
CENTER = os.path.join(ROOT, "tests/lib/center.yaml")


WAIT_S = 60.0
"""The longest that a test waits for what must come. It only ends what hangs: a shared machine may let a disk or a new process stand still for many seconds."""


class Timeout(AssertionError):
    pass


def until(what, fn, seconds=WAIT_S, every=0.02):
    """fn() until it gives something true; says what was waited for when it does not."""
    end = time.monotonic() + seconds
    while True:
        last = fn()
        if last:
            return last
        if time.monotonic() > end:
            raise Timeout(f"waited {seconds:g} s for {what}; last: {last!r}")
        time.sleep(every)


LANE, LANES = int(os.environ.get("USHER_TEST_LANE", "0")), 32  # of those that run at once
PORTS = iter(random.SystemRandom().sample(ALL := range(10000 + LANE % LANES, 32000, LANES), len(ALL)))


def free_port():
    """Below those that the kernel gives to outgoing connections: a server that is started again finds it free. None is given twice, here or in a
    file that runs beside this one: two listeners are chosen for before either is there."""
    for port in PORTS:
        with contextlib.suppress(OSError), socket.socket() as s:
            s.bind(("127.0.0.1", port))
            return port
    raise OSError("no free port is left")


class Sink:
    """smtp-sink of postfix: a real SMTP server that keeps each mail in a file."""
    open_ones = []

    def __init__(self, port=None, options=()):
        self.dir = tempfile.mkdtemp(prefix="usher-sink.")
        os.chmod(self.dir, 0o777)
        self.port = port or free_port()
        self.options = list(options)
        self.process = None
        Sink.open_ones.append(self)
        self.start()

    def start(self):
        program = shutil.which("smtp-sink") or "/usr/sbin/smtp-sink"
        self.process = subprocess.Popen(
            [program, "-u", "nobody", "-d", os.path.join(self.dir, "mail."), *self.options,
             f"127.0.0.1:{self.port}", "128"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("smtp-sink to listen", self.listens)

    def listens(self):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        return False

    def mails(self):
        found = []
        for name in sorted(os.listdir(self.dir)):
            with open(os.path.join(self.dir, name), "rb") as f:
                data = f.read()
            if data.strip():
                found.append(data)
        return found

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def close(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


class Node:
    """One usherd. The data directory outlives kills and restarts; close() removes it."""

    def __init__(self, config=CENTER, build=BUILD, env=None, start=True):
        self.build = build
        self.config = config
        self.data = tempfile.mkdtemp(prefix="usher-test.")
        self.http, self.lmtp, self.admin, self.smtp = (free_port() for _ in range(4))
        self.extra = env or {}
        self.process = None
        self.log_path = os.path.join(self.data, "usherd.log")
        self.socket = os.path.join(self.data, "usherctl.sock")
        if start:
            self.start()

    def env(self):
        return {**os.environ, "USHER_DATA": self.data, "USHER_HTTP_PORT": str(self.http),
                "USHER_LMTP_PORT": str(self.lmtp), "USHER_ADMIN_PORT": str(self.admin),
                "USHER_SMTP_PORT": str(self.smtp), "USHER_SOCKET": self.socket,
                "USHER_CLOSED_TILL": time.strftime("%a", time.gmtime(time.time() + 3 * 86400)).lower(), **self.extra}

    def start(self, seconds=WAIT_S):
        log = open(self.log_path, "ab")
        mark = log.tell()
        self.process = subprocess.Popen(
            [os.path.join(self.build, "usherd"), "-c", self.config], env=self.env(),
            stdout=log, stderr=log, start_new_session=True)
        log.close()
        until("usherd to be ready", lambda: self.ready_since(mark), seconds)

    def ready_since(self, mark):
        if self.process.poll() is not None:
            raise AssertionError(f"usherd ended with {self.process.returncode}:\n{self.tail()}")
        with open(self.log_path, "rb") as f:
            f.seek(mark)
            return b"usher ready" in f.read()

    def log(self):
        if not os.path.exists(self.log_path):
            return ""  # it was never started
        with open(self.log_path, "rb") as f:
            return f.read().decode(errors="replace")

    def tail(self, lines=40):
        return "\n".join(self.log().splitlines()[-lines:])

    def kill(self):
        """As if the power of this process had been cut."""
        self.process.kill()
        self.process.wait()

    def redis_pid(self):
        with contextlib.suppress(OSError, ValueError):
            out = subprocess.run(["pgrep", "-P", str(self.process.pid), "-f", "redis-server|valkey-server"],
                                 capture_output=True, text=True, check=False).stdout.split()
            return int(out[0]) if out else None
        return None

    def kill_redis(self):
        pid = self.redis_pid()
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return pid

    def stop(self, how=signal.SIGTERM, seconds=60):
        """Drains and returns the exit status."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise Timeout(f"usherd did not stop in {seconds} s:\n{self.tail()}") from None
        return self.process.returncode if self.process else None

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        time.sleep(0.05)
        until("redis to be gone", lambda: not self.redis_alive(), 10)
        shutil.rmtree(self.data, ignore_errors=True)

    def redis_alive(self):
        out = subprocess.run(["pgrep", "-f", self.data], capture_output=True, text=True, check=False)
        return bool(out.stdout.split())

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error:
            print("# usherd said last:\n" + "\n".join("# " + x for x in self.tail().splitlines()), flush=True)
        try:
            if not error and self.process and self.process.poll() is None and self.serves():
                r = self.ctl("verify", check=False)
                if r.returncode:
                    raise AssertionError(f"verify: {r.stdout}{r.stderr}")
        finally:
            self.close()

    def serves(self):
        """False while its Redis is away (some tests bring their own and take it along)."""
        with contextlib.suppress(OSError):
            return self.request("GET", "/readyz", port=self.admin)[0] == 200
        return False

    # ---- usherctl ----

    def ctl(self, *words, check=True, stdin=None):
        r = subprocess.run([os.path.join(self.build, "usherctl"), *words], env=self.env(), input=stdin,
                           capture_output=True, text=True, timeout=120)
        if check and r.returncode:
            raise AssertionError(f"usherctl {' '.join(words)}: exit {r.returncode}: {r.stderr or r.stdout}")
        return r

    def json(self, *words):
        """What usherctl says; while nobody routes (a test has just killed something) it is asked again."""
        def ask():
            r = self.ctl(*words, "--json", check=False)
            return None if r.returncode and "does not route now" in r.stderr else r
        r = until(f"usherctl {words[0]} to be answered", ask)
        if r.returncode:
            raise AssertionError(f"usherctl {' '.join(words)}: exit {r.returncode}: {r.stderr or r.stdout}")
        return json.loads(r.stdout)

    def user(self, name, role="agent", **skills):
        words = ["user", "add", name, "--role", role]
        for skill, level in skills.items():
            words += ["--skill", f"{skill}={level}"]
        return self.ctl(*words)

    def conv(self, conv):
        return self.json("conv", conv)

    def waiting(self):
        return self.json("queue")["conversations"]

    def conversations(self):
        """Ids of all there are in the managed Redis, whatever has become of them."""
        keys = self.redis("--scan", "--pattern", "usher:{main*}:conv:*").split()
        return [k.rsplit(":", 1)[1] for k in keys]

    def redis(self, *words):
        """What the managed Redis answers to redis-cli."""
        with open(os.path.join(self.data, "redis/secret"), encoding="ascii") as f:
            env = {**os.environ, "REDISCLI_AUTH": f.read().strip()}
        return subprocess.run(["redis-cli", "-s", os.path.join(self.data, "redis/redis.sock"), "--user", "usher", *words],
                              env=env, capture_output=True, text=True, timeout=60, check=True).stdout

    # ---- what strangers send ----

    def mail(self, text, sender="ann@x.org", to="support@demo.test", subject="Help", headers=(), raw=None, mid=None):
        """Delivers by LMTP; returns the Message-ID. Raises what smtplib raises when it was not taken."""
        mid = mid or f"<{random.getrandbits(64):x}@x.org>"
        lines = [f"From: {sender}", f"To: {to}", f"Subject: {subject}", f"Message-ID: {mid}",
                 "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit",
                 *headers, "", text]
        body = raw if raw is not None else "\r\n".join(lines).encode()
        with smtplib.LMTP("127.0.0.1", self.lmtp, local_hostname="test") as s:
            s.sock.settimeout(20)
            address = sender.split("<")[-1].rstrip(">")
            refused = s.sendmail(address, [to], body, mail_options=["BODY=8BITMIME"])
            if refused:
                raise smtplib.SMTPRecipientsRefused(refused)
        return mid

    def request(self, method, path, body=None, headers=None, port=None, timeout=WAIT_S):
        c = http.client.HTTPConnection("127.0.0.1", port or self.http, timeout=timeout)
        try:
            c.request(method, path, body=body, headers=headers or {})
            r = c.getresponse()
            return r.status, dict((k.lower(), v) for k, v in r.getheaders()), r.read()
        finally:
            c.close()

    def form(self, key=None, path="/form/contact", **fields):
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        status, _, body = self.request("POST", path, json.dumps(fields), headers)
        return status, json.loads(body or b"null")

    def desk(self, name):
        return Desk(self, name)

    def chat(self, session=None, seq=0, **hello):
        return Chat(self, session, seq, **hello)


class Desk:
    """A person at a desk: `usherctl desk NAME`. Frames are kept; expect() waits for one."""

    def __init__(self, node, name, resume=None):
        self.process = subprocess.Popen([os.path.join(node.build, "usherctl"), "desk", name], env=node.env(),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.name = name
        self.frames = []
        self.fresh = queue.Queue()
        self.serial = 0
        threading.Thread(target=self.read, daemon=True).start()
        if resume is not None:
            self.send(t="resume", **{"from": resume})

    def read(self):
        for line in self.process.stdout:
            if line.strip():
                frame = json.loads(line)
                self.frames.append(frame)
                self.fresh.put(frame)

    def send(self, **frame):
        self.process.stdin.write(json.dumps(frame) + "\n")
        self.process.stdin.flush()

    def command(self, t, seconds=WAIT_S, **fields):
        """Sends and returns the answer: the ok frame; an error frame raises."""
        self.serial += 1
        cid = f"c{self.serial}"
        self.send(id=cid, t=t, **fields)
        answer = until(f"an answer to {t}", lambda: next((f for f in list(self.frames) if f.get("id") == cid), None), seconds)
        if answer["t"] != "ok":
            raise AssertionError(f"{t}: {answer}")
        return answer

    def expect(self, t, seconds=WAIT_S, skip=0, **fields):
        """The first frame of that type with those fields (after the first `skip` frames)."""
        def find():
            for f in list(self.frames)[skip:]:
                if f.get("t") == t and all(f.get(k) == v for k, v in fields.items()):
                    return f
            return None
        return until(f"{self.name} to see {t} {fields or ''} in {[f.get('t') for f in self.frames][-12:]}", find, seconds)

    def available(self):
        self.command("presence", to="available")
        return self

    def accept(self, seconds=WAIT_S, **fields):
        done = {f.get("offer") for f in self.frames if f.get("t") == "offer_ended"}
        offer = until(f"an offer to {self.name} {fields or ''}", lambda: next(
            (f for f in list(self.frames) if f.get("t") == "offer" and f["offer"] not in done and
             all(f.get(k) == v for k, v in fields.items())), None), seconds)
        self.command("accept", offer=offer["offer"])
        self.frames = [f for f in self.frames if f is not offer]
        return offer

    def close(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Loop:
    """One asyncio loop in a thread, for all visitors."""
    loop = None

    @classmethod
    def run(cls, coroutine, timeout=WAIT_S):
        if cls.loop is None:
            cls.loop = asyncio.new_event_loop()
            threading.Thread(target=cls.loop.run_forever, daemon=True).start()
        return asyncio.run_coroutine_threadsafe(coroutine, cls.loop).result(timeout)


class Chat:
    """A visitor: hello, say, and everything that came, in order."""

    def __init__(self, node, session=None, seq=0, path="/chat/ws", expect="welcome", **hello):
        self.path = path
        self.node, self.session, self.seq, self.hello = node, session, seq, hello
        self.frames, self.ws, self.closed = [], None, None
        Loop.run(self.connect())
        self.expect(expect)

    async def connect(self):
        self.ws = await websockets.connect(f"ws://127.0.0.1:{self.node.http}{self.path}", max_size=2**22, ping_interval=None,
                                           open_timeout=WAIT_S, close_timeout=1)
        await self.ws.send(json.dumps({"t": "hello", "session": self.session, "from": self.seq, **self.hello}))
        asyncio.ensure_future(self.read())

    async def read(self):
        try:
            async for text in self.ws:
                f = json.loads(text)
                if f["t"] == "welcome":
                    self.session = f["session"]
                if f["t"] == "msg":
                    self.seq = max(self.seq, f["seq"])
                self.frames.append(f)
        except Exception as e:  # a lost connection is what many tests are about
            self.closed = e
        self.closed = self.closed or "closed"

    def send(self, **frame):
        Loop.run(self.ws.send(json.dumps(frame)))

    def say(self, text, id=None, wait=True):
        id = id or f"m{random.getrandbits(48):x}"
        self.send(t="say", id=id, text=text)
        if wait:
            self.expect("ack", id=id)
        return id

    def expect(self, t, seconds=WAIT_S, **fields):
        def find():
            closed = self.closed  # before the frames: the last of them came before the end
            for f in list(self.frames):
                if f.get("t") == t and all(f.get(k) == v for k, v in fields.items()):
                    return f
            return closed
        f = until(f"the visitor to see {t} {fields or ''}; has {self.frames[-6:]}", find, seconds)
        assert isinstance(f, dict), f"the visitor was cut before {t} {fields or ''}: {f}"
        return f

    def messages(self):
        return [f for f in self.frames if f["t"] == "msg"]

    def close(self):
        with contextlib.suppress(Exception):
            Loop.run(self.ws.close(), 5)

    def cut(self):
        """No close frame: the wire is gone."""
        with contextlib.suppress(Exception):
            self.ws.transport.abort()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# ---- a runner: functions named test_*, one line each ----

def main(tests, only=()):
    failed = 0
    for name, test in tests.items():
        if not name.startswith("test_") or (only and name not in only):
            continue
        title = f"e2e/{os.path.basename(test.__code__.co_filename)[:-3]}/{name[5:]}"
        began = time.monotonic()
        try:
            test()
            print(f"ok {title}", flush=True)
            print(f"# {time.monotonic() - began:.1f} s", flush=True)
        except BaseException as e:  # noqa: BLE001 - every failure is one line and the next test runs
            import traceback
            for line in traceback.format_exc().splitlines():
                print(f"# {line}", flush=True)
            print(f"not ok {title}: {str(e).splitlines()[0] if str(e) else type(e).__name__}", flush=True)
            failed += 1
            if isinstance(e, KeyboardInterrupt):
                break
        while Sink.open_ones:
            Sink.open_ones.pop().close()
    return 1 if failed else 0
