"""Requests, frames and files that were damaged on their way: bytes, words and pieces of good ones changed, moved and cut at random, sent in random steps to every door of
one usherd. It answers or ends the connection, always goes on, and the sanitizers say nothing.

SECONDS_EACH (5) and SEED from the environment."""
import contextlib
import json
import os
import random
import socket
import sys
import threading
import time

from test_websocket import CLOSE, CONT, PING, TEXT, frame
from usher import BUILD, Node, main

HOST = b"Host: 127.0.0.1\r\n"
FIELDS = (b"Accept-Encoding: gzip;q=0.5, *\r\nAccept-Language: ru;q=0.9,en\r\nCookie: usher=abc; a=b\r\nIf-None-Match: \"x\", W/\"y\"\r\n"
          b"X-Forwarded-For: 1.2.3.4, ::1\r\nOrigin: http://127.0.0.1\r\n")
UPGRADE = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
HELLO = {"t": "hello", "session": None, "from": 0}
PARTS = b"".join(b"--b\r\nContent-Disposition: form-data; name=\"%b\"%b\r\n\r\n%b\r\n" % part for part in (
    (b"email", b"", b"a@x.org"), (b"message", b"", b"hello"), (b"attachment", b"; filename=\"a.txt\"\r\nContent-Type: text/plain", b"file"))) + b"--b--\r\n"
WORDS = [b"\r\n", b"\n", b"\0", b"chunked", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"Expect: 100-continue\r\n", b"Connection: close\r\n",
         b"HTTP/1.0", b"0\r\n\r\n", b"%00", b"%2f..%2f", b"\xff\xfe", b"{", b"}", b'"', b"--b", b"--b--", b"99999999999", b"-1", b"[" * 500, b"\\u0000",
         b"\\ud800", b"*", b"OPTIONS * HTTP/1.1\r\n", b"Upgrade: websocket\r\n", b"a" * 5000]


def post(path, body, kind="application/json", more=b""):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    return (b"POST %b HTTP/1.1\r\n" % path.encode() + HOST + b"Content-Type: %b\r\nAccept: application/json\r\n" % kind.encode() + more +
            b"Content-Length: %d\r\n\r\n" % len(body) + body)


def visitor(*frames):
    return b"GET /chat/ws HTTP/1.1\r\n" + HOST + UPGRADE + b"\r\n" + b"".join(f if isinstance(f, bytes) else frame(TEXT, json.dumps(f)) for f in (HELLO, *frames))


GOOD = [b"GET %b HTTP/1.1\r\n" % path + HOST + FIELDS + b"\r\n" for path in (
    b"/desk/", b"/chat/?lang=ru", b"/chat/widget.js", b"/form/contact?lang=ru&email=a", b"/form/contact/thanks?id=1", b"/api/v1/openapi.json",
    b"/api/v1/queue?x=%20", b"/nothing/..//a%2f", b"/chat/poll", b"/chat/file/x", b"/desk/ws?ticket=x")] + [
    post("/form/contact", b"email=a%40x.org&message=h+i", "application/x-www-form-urlencoded"),
    post("/form/contact", PARTS, "multipart/form-data; boundary=b"),
    post("/form/contact", {"email": "a@x.org", "message": "hi"}, more=b"Idempotency-Key: 1\r\nExpect: 100-continue\r\n"),
    post("/api/v1/login", {"user": "bo", "password": "x"}, more=b"Origin: http://127.0.0.1\r\n"), post("/api/v1/ticket", {}),
    post("/chat/poll", {"session": None, "from": 0, "frames": [HELLO, {"t": "say", "id": "m", "text": "hi"}]}),
    b"POST /form/contact HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;a=b\r\n{\"ema\r\nc\r\nil\":\"a@b.c\"}\r\n0\r\nX: y\r\n\r\n",
    visitor(frame(TEXT, '{"t":"say","id":"m1",', fin=False), frame(PING, b"p"), frame(CONT, '"text":"hi"}'), {"t": "typing"}, {"t": "end"}, frame(CLOSE, b"\x03\xe8")),
    visitor({"t": "rate", "score": 5, "text": "x"}, {"t": "transcript", "email": "a@b.c"}, {"t": "read", "seq": 3})]


def damaged(r):
    data = b"".join(r.choices(GOOD, k=r.choice((1, 1, 1, 2, 3))))
    for _ in range(r.choice((0, 1, 1, 2, 4, 10))):
        at, other = r.randrange(len(data) + 1), r.randrange(len(data) + 1)
        data = r.choice((
            data[:at] + bytes([r.randrange(256)]) + data[at + 1:], data[:at] + r.choice(WORDS) + data[at:], data[:at] + data[at + r.randrange(20):],
            data[:at] + data[other:other + r.randrange(60)] + data[at:], data[:at]))
    return data


def send(port, data, r):
    step = r.choice((len(data) + 1, len(data) + 1, 1 + r.randrange(40)))
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as s:
        s.settimeout(0.05)
        for i in range(0, len(data), step):
            s.sendall(data[i:i + step])
        if r.random() < 0.3:
            s.shutdown(socket.SHUT_WR)
        while s.recv(65536):
            pass


def test_damage_is_survived():
    seconds, seed, sent = float(os.environ.get("SECONDS_EACH", "5")), int(os.environ.get("SEED", "1")), []

    def noise(serial):
        r = random.Random(seed * 1000 + serial)
        while time.monotonic() < end:
            send(node.http, damaged(r), r)
            sent.append(1)
    with Node(build=BUILD) as node:
        end = time.monotonic() + seconds
        threads = [threading.Thread(target=noise, args=(i,)) for i in range(8)]
        for t in threads:
            t.start()
        while any(t.is_alive() for t in threads):
            assert node.process.poll() is None, "usherd has ended"
            assert node.request("GET", "/livez", port=node.admin, timeout=10)[0] == 200
            time.sleep(0.2)
        assert node.form(email="a@x.org", message="after all")[0] == 201
    print(f"# {len(sent)} inputs", flush=True)


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
