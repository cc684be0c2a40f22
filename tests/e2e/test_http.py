"""The HTTP edge under hostile clients: requests that two servers could read differently, alone and behind Debian's haproxy and nginx, and
clients that never finish. What is refused is refused with one answer and the end of the connection; what is hidden in it is never done."""
import contextlib
import gzip
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import smuggling
from usher import RELEASE, Node, Timeout, free_port, main, until

CENTER = """
domain: main
node: n1
data: ${USHER_DATA}
redis: managed
listen: {http: "127.0.0.1:${USHER_HTTP_PORT}", admin: "127.0.0.1:${USHER_ADMIN_PORT}"}
public_url: http://127.0.0.1:${USHER_HTTP_PORT}
trusted_proxies: [127.0.0.1]
kinds: {form: {cost: 20, max: 5, offer: 120s}}
queues: {general: {title: General}}
channels:
  chat: {plugin: chat, kind: form, queue: general}
  contact: {plugin: form, kind: form, queue: general}
  secret: {plugin: form, kind: form, queue: general}
"""

NGINX = """
daemon off; master_process off; worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  upstream usher {{ server 127.0.0.1:{back}; keepalive 1; }}
  server {{
    listen 127.0.0.1:{port};
    location /form/secret {{ return 403; }}
    location /chat/ws {{ proxy_pass http://usher; proxy_http_version 1.1; proxy_set_header Host $host;
                         proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }}
    location / {{ proxy_pass http://usher; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; proxy_request_buffering off; }}
  }}
}}
"""

HAPROXY = """
global
  maxconn 256
defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
  http-reuse always
frontend front
  bind 127.0.0.1:{port}
  http-request deny if {{ path_beg /form/secret }}
  default_backend usher
backend usher
  server usher 127.0.0.1:{back} maxconn 1 pool-max-conn 1
"""


class Front:
    """A real reverse proxy that lets nobody to /form/secret and keeps its connections to us."""

    def __init__(self, kind, back):
        self.dir = tempfile.mkdtemp(prefix="usher-front.")
        self.port = free_port()
        path = os.path.join(self.dir, "conf")
        with open(path, "w") as f:
            f.write({"nginx": NGINX, "haproxy": HAPROXY}[kind].format(dir=self.dir, port=self.port, back=back))
        program = shutil.which(kind) or f"/usr/sbin/{kind}"
        words = {"nginx": [program, "-p", self.dir, "-e", os.path.join(self.dir, "error.log"), "-c", path],
                 "haproxy": [program, "-f", path, "-db", "-q"]}[kind]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        until("the proxy to listen", self.listens)
        return self

    def listens(self):
        assert self.process.poll() is None, f"the proxy ended with {self.process.returncode}"
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        return False

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


@contextlib.contextmanager
def center():
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
        f.write(CENTER)
        f.flush()
        with Node(config=f.name) as node:
            yield node


def talk(port, data, seconds=1.5):
    """Sends and reads what comes; (bytes, whether the other side ended the connection)."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), 5) as s:
        s.settimeout(seconds)
        try:
            s.sendall(data)
            while piece := s.recv(65536):
                got += piece
        except TimeoutError:
            return got, False
        except (ConnectionResetError, BrokenPipeError):
            pass
    return got, True


def statuses(got):
    return [int(x) for x in re.findall(rb"(?:^|(?<=\n)|(?<=\}))HTTP/1\.[01] (\d{3})", got)]


def said(node):
    """The texts of everything that was taken in."""
    return [m["text"] for c in node.waiting() for m in node.conv(c["id"])["messages"]]


def nothing_hidden_was_done(node):
    bad = [t for t in said(node) if "smuggled" in t]
    assert not bad, f"a hidden request was done: {bad}"


def closing(request):
    """The same as the last of its connection."""
    return re.sub(rb"\r\nHost: [^\r]*\r\n", lambda host: host[0] + b"Connection: close\r\n", request, count=1, flags=re.I)


def test_smuggling_alone():
    assert len(smuggling.SEVERE) >= 58
    with center() as node:
        wrong = []
        for name, make in {**smuggling.SEVERE, **smuggling.DISGUISED}.items():
            got, ended = talk(node.http, make(smuggling.hidden(name.replace(" ", "+"))), 0.1 if name in smuggling.PLAIN else 1.5)
            answers = statuses(got)
            if len(answers) != 1 or answers[0] < 400 or ended == (name in smuggling.PLAIN):
                wrong.append((name, answers, ended))
        assert not wrong, f"not refused with one answer and the end: {wrong}"
        nothing_hidden_was_done(node)
        for name, (request, status) in smuggling.LEGAL.items():
            got, _ = talk(node.http, closing(request))
            assert statuses(got) == [status], (name, got[:300])
        print(f"# {len(smuggling.SEVERE)} and {len(smuggling.DISGUISED)} refused, {len(smuggling.LEGAL)} taken", flush=True)


def test_bodies_that_nobody_reads():
    """What is answered without a look at its body still ends where it says, also when the body comes behind the answer: it is never the next request."""
    after = b"GET /form/contact/thanks?id=%026d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % 7
    hidden = smuggling.hidden("body")
    framings = (b"Content-Length: %d" % len(hidden), hidden), (b"Transfer-Encoding: chunked", b"%x\r\n%b\r\n0\r\n\r\n" % (len(hidden), hidden))
    with center() as node:
        for line, status in (("GET /form/contact", 200), ("HEAD /form/contact", 200), ("OPTIONS /form/contact", 403), ("PUT /form/contact", 405), ("POST /nothing", 404),
                             ("POST /chat/ws", 426)):
            for framing, body in framings:
                for pause in (0, 0.1):
                    with socket.create_connection(("127.0.0.1", node.http), 15) as s:
                        s.sendall(f"{line} HTTP/1.1\r\nHost: front.test\r\n".encode() + framing + b"\r\n\r\n")
                        time.sleep(pause)
                        with contextlib.suppress(OSError):
                            s.sendall(body + after)
                        got = talk_on(s)
                    assert statuses(got) in ([status], [status, 200]) and (b"%026d" % 7 in got) == (len(statuses(got)) == 2), (line, framing, pause, got[:300])
        nothing_hidden_was_done(node)


def victim(front, serial):
    """Somebody else's request over the same proxy: must get its own answer and nothing else."""
    mine = f"{serial:026d}".encode()
    got, _ = talk(front.port, b"GET /form/contact/thanks?id=" + mine + b" HTTP/1.1\r\nHost: front.test\r\nConnection: close\r\n\r\n", 10)
    return statuses(got) == [200] and mine in got or got[:400]


def behind(kind):
    with center() as node, Front(kind, node.http) as front:
        got, _ = talk(front.port, smuggling.hidden("nobody"))
        assert statuses(got)[:1] == [403], f"the proxy lets through what it must not: {got[:200]}"
        serial, wrong, passed = 0, [], []
        some = list(smuggling.DISGUISED.items())[::1 if os.environ.get("SMUGGLE") == "all" else 97]
        for name, make in [*smuggling.SEVERE.items(), *some]:
            got, _ = talk(front.port, make(smuggling.hidden(name.replace(" ", "+"))), 0.3)
            if any(s < 400 for s in statuses(got)):
                passed.append(name)
            for _ in range(2):
                serial += 1
                answer = victim(front, serial)
                if answer is not True:
                    wrong.append((name, answer))
        assert not wrong, f"others got what was not theirs: {wrong}"
        nothing_hidden_was_done(node)
        for name, (request, status) in smuggling.LEGAL.items():
            got, _ = talk(front.port, closing(request), 10)
            assert statuses(got) == [status], (name, got[:300])
        # What the proxy itself repairs before we see it (a folded line, a bare LF, a blank) is its own reading, and the only one.
        print(f"# {kind} made {len(passed)} of {len(smuggling.SEVERE) + len(some)} well-formed itself: {' '.join(passed)}", flush=True)


def test_smuggling_behind_nginx():
    behind("nginx")


def test_smuggling_behind_haproxy():
    behind("haproxy")


UPGRADE = (b"GET /chat/ws HTTP/1.1\r\nHost: front.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n")


def upgrades(kind):
    """A proxy that takes a refused upgrade for a tunnel would carry what follows past its own rules."""
    refused = {"another version": UPGRADE.replace(b"Version: 13", b"Version: 777"), "no key": UPGRADE.replace(b"Sec-WebSocket-Key", b"X-Key"),
               "with a body": UPGRADE + b"Content-Length: 5\r\n", "posted": UPGRADE.replace(b"GET", b"POST"), "h2c": UPGRADE.replace(b"websocket", b"h2c"),
               "of 1.0": UPGRADE.replace(b"HTTP/1.1", b"HTTP/1.0")}
    with center() as node, Front(kind, node.http) as front:
        for i, (what, request) in enumerate(refused.items()):
            hidden = smuggling.hidden("upgrade")
            got, _ = talk(front.port, request + b"\r\n" + (b"hello" if b"Content-Length" in request else b"") + hidden, 0.5)
            assert not any(s in range(200, 400) for s in statuses(got)), (what, got)
            assert victim(front, i) is True, what
        nothing_hidden_was_done(node)
        for i in range(3):  # and one that is meant, on a connection that carried others before, which nobody gets afterwards
            assert victim(front, 100 + i) is True
            with socket.create_connection(("127.0.0.1", front.port), 5) as s:
                s.settimeout(10)
                s.sendall(UPGRADE + b"\r\n")
                assert s.recv(4096).startswith(b"HTTP/1.1 101 ")
                s.sendall(b"\x89\x80\0\0\0\0")
                assert s.recv(2) == b"\x8a\0", "no answer to a ping"
                s.sendall(b"\x88\x80\0\0\0\0" + smuggling.hidden("frames"))
                assert statuses(talk_on(s)) == []
            assert victim(front, 200 + i) is True
        nothing_hidden_was_done(node)


def talk_on(s):
    got = b""
    with contextlib.suppress(OSError):
        while piece := s.recv(65536):
            got += piece
    return got


def test_upgrades_behind_nginx():
    upgrades("nginx")


def test_upgrades_behind_haproxy():
    upgrades("haproxy")


def test_ten_thousand_requests_ahead():
    """Asked for at once, they are answered one by one and in order; who does not read the answers is not read from, and costs little."""
    def asked(i):
        return b"GET /form/contact/thanks?id=%026d HTTP/1.1\r\nHost: a\r\n\r\n" % i
    everything = b"".join(asked(i) for i in range(10000))
    with center() as node, socket.create_connection(("127.0.0.1", node.http), 5) as s:
        s.settimeout(30)
        sender = threading.Thread(target=s.sendall, args=(everything,))
        sender.start()
        got = b""
        while got.count(b"HTTP/1.1 200") < 10000 or b"%026d" % 9999 not in got[-4096:]:
            got += s.recv(1 << 20)
        sender.join()
        said = [int(n) for n in re.findall(rb"\D(\d{26})\D", got)]
        assert list(dict.fromkeys(said)) == list(range(10000)), said[:20]
    with Node(build=RELEASE) as node, socket.create_connection(("127.0.0.1", node.http), 5) as s:
        before = memory(node)
        s.settimeout(1)
        with contextlib.suppress(TimeoutError):
            for _ in range(200):
                s.sendall(everything)
        assert memory(node) - before < 3e6, memory(node) - before
        assert node.form(email="a@x.org", message="meanwhile")[0] == 201


def memory(node):
    with open(f"/proc/{node.process.pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# ---- what answers must have ----

def test_answers_have_what_the_rfc_demands():
    """RFC 9110: 405 says what is allowed, 426 to what, HEAD is GET without the body, 304 repeats what caches need; all have Date, and the headers
    that browsers heed."""
    with Node() as node:
        def ask(method, path, **headers):
            status, got, body = node.request(method, path, None, headers)
            where = f"{method} {path}: {status} {got}"
            assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", got["date"]), where
            assert got["x-content-type-options"] == "nosniff" and "referrer-policy" in got, where
            if got.get("content-type", "").startswith("text/html"):
                assert "default-src 'none'" in got["content-security-policy"] and "frame-ancestors" in got["content-security-policy"], where
            assert status != 405 or re.fullmatch(r"[A-Z]+(, [A-Z]+)*", got["allow"]), where
            if status == 426:
                assert got["upgrade"] == "websocket" and got["connection"] == "Upgrade" and got["sec-websocket-version"] == "13", where
            return status, got, body

        paths = ("/desk/", "/desk", "/chat/", "/chat/widget.js", "/chat/ws", "/desk/ws", "/chat/poll", "/form/contact", "/api/v1/openapi.json",
                 "/api/v1/login", "/nothing")
        seen = {(path, method): ask(method, path) for path in paths for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH")}
        for path in paths:
            (status, got, body), (also, head, none) = seen[path, "GET"], seen[path, "HEAD"]
            assert (also, none) == (status, b"") and head.get("content-length") == got.get("content-length") == str(len(body)), (path, got, head)
        assert seen["/api/v1/login", "GET"][1]["allow"] == "POST" and seen["/api/v1/openapi.json", "PUT"][1]["allow"] == "GET, HEAD"
        assert seen["/chat/widget.js", "DELETE"][0] == 405 and seen["/chat/ws", "GET"][0] == 426
        packed = ask("GET", "/chat/widget.js", **{"Accept-Encoding": "gzip, br"})
        assert packed[1]["content-encoding"] == "gzip" and gzip.decompress(packed[2]) == seen["/chat/widget.js", "GET"][2]
        assert len(packed[2]) <= 12288, len(packed[2])
        again = ask("GET", "/chat/widget.js", **{"Accept-Encoding": "gzip", "If-None-Match": packed[1]["etag"]})
        assert again[0] == 304 and again[2] == b"" and again[1]["etag"] == packed[1]["etag"], again
        assert {"vary", "cache-control"} <= again[1].keys(), again


# ---- who never finishes ----

def drip(port, first, piece, found, key, limit):
    """One byte a second after `first`; notes after how long the server ended it."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), 5) as s:
        s.settimeout(1)
        with contextlib.suppress(OSError):
            s.sendall(first)
        while time.monotonic() - began < limit:
            with contextlib.suppress(TimeoutError):
                try:
                    if not s.recv(4096):
                        break
                except OSError as e:
                    if isinstance(e, TimeoutError):
                        raise
                    break
            with contextlib.suppress(OSError):
                s.sendall(piece)
    found[key] = time.monotonic() - began


def sip(port, request, found, key, limit):
    """Reads a byte a second of far more than the kernel holds; notes after how long the server reset the connection."""
    began = time.monotonic()
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", port))
        s.sendall(request * 500)
        ended = select.poll()
        ended.register(s, 0)
        while not ended.poll(1000) and time.monotonic() - began < limit:
            s.recv(1)
    found[key] = time.monotonic() - began


def slow(node, cases, limit, readers=()):
    found = {}
    threads = [threading.Thread(target=drip, args=(node.http, first, piece, found, key, limit)) for key, (first, piece) in cases.items()]
    threads += [threading.Thread(target=sip, args=(node.http, request, found, "reader", limit)) for request in readers]
    for t in threads:
        t.start()
    while any(t.is_alive() for t in threads):
        began = time.monotonic()
        assert node.form(email="a@x.org", message="meanwhile")[0] == 201
        if time.monotonic() - began > 5:
            raise Timeout("others wait for the slow ones")
        time.sleep(0.5)
    return found


def test_slow_headers():
    """The header has 10 s in all, however it drips; slowhttptest finds no connection that lives longer."""
    with center() as node:
        tool = shutil.which("slowhttptest")
        assert tool, "slowhttptest is missing"
        attack = subprocess.Popen([tool, "-H", "-c", "200", "-r", "100", "-i", "2", "-l", "14", "-p", "3", "-u",
                                   f"http://127.0.0.1:{node.http}/form/contact"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        found = slow(node, {"nothing": (b"", b""), "header": (b"GET /form/contact HTTP/1.1\r\nHost: a\r\nX-A: ", b"b"),
                            "lines": (b"GET /form/contact HTTP/1.1\r\nHost: a\r\n", b"A: b\r\n"), "line": (b"G", b"E")}, 20)
        out = attack.communicate(timeout=30)[0].decode(errors="replace")
        late = {k: round(v, 1) for k, v in found.items() if v > 13}
        assert not late, f"kept past the deadline of 10 s: {late}"
        plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
        assert re.search(r"service available:\s+YES", plain), plain[-800:]
        assert "No open connections left" in plain or re.search(r"connected:\s+0\b", plain), plain[-800:]


def test_slow_bodies():
    """A body has 30 s in all, an answer as long and a second for each 16 KiB. 45 s: SLOW=1."""
    if not os.environ.get("SLOW"):
        print("# skipped: SLOW=1 runs it", flush=True)
        return
    head = b"POST /form/contact HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    part = b"POST /form/contact HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 9000\r\n\r\n--b\r\n"
    with center() as node:
        attack = subprocess.Popen([shutil.which("slowhttptest"), "-B", "-c", "200", "-r", "100", "-i", "2", "-l", "36", "-p", "3", "-u",
                                   f"http://127.0.0.1:{node.http}/form/contact"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        found = slow(node, {"length": (head + b"Content-Length: 1000\r\n\r\n", b"a"), "chunks": (head + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
                            "multipart": (part, b"x")}, 60, [b"GET /chat/widget.js HTTP/1.1\r\nHost: a\r\n\r\n"])
        plain = re.sub(r"\x1b\[[0-9;]*m", "", attack.communicate(timeout=60)[0].decode(errors="replace"))
        print(f"# lived, s: { {k: round(v, 1) for k, v in found.items()} }", flush=True)
        late = {k: round(v, 1) for k, v in found.items() if v > (40 if k == "reader" else 33)}
        assert not late, f"kept past the deadline of 30 s: {late}"
        assert re.search(r"service available:\s+YES", plain), plain[-800:]


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
