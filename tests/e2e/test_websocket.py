"""RFC 6455 from the wire beyond the Autobahn cases, against our server as an echo (`unit_net_ws_peers --serve`), and what of it shows at a
visitor's socket of a running usherd.

A case is bytes to send and what must come back; each ends with a clean end of the connection, never with a hang."""
import contextlib
import multiprocessing
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time

from usher import BUILD, Node, free_port, main, until

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MASK = b"\x37\xfa\x21\x3d"


def frame(opcode, payload=b"", fin=True, rsv=0, mask=MASK, length=None):
    if isinstance(payload, str):
        payload = payload.encode()
    n = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    size = bytes([0x80 | n]) if n < 126 else b"\xfe" + struct.pack(">H", n) if n < 65536 else b"\xff" + struct.pack(">Q", n)
    if mask is None:
        return head + bytes([size[0] & 0x7f]) + size[1:] + payload
    key = (mask * (len(payload) // 4 + 1))[:len(payload)]
    return head + size + mask + (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(len(payload), "big")


def closing(code=1000, reason=b""):
    return frame(CLOSE, b"" if code is None else struct.pack(">H", code) + reason)


class Peer:
    """A client that says exactly the bytes it is given."""

    def __init__(self, port, path="/", headers=()):
        self.s = socket.create_connection(("127.0.0.1", port), 10)
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.s.settimeout(10)
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", *headers, "", ""]
        self.s.sendall("\r\n".join(lines).encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 101"), head
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head, head
        assert b"extensions" not in head.lower(), "an extension was agreed that was not offered"

    def more(self):
        piece = self.s.recv(65536)
        if not piece:
            raise EOFError
        self.buffer += piece

    def send(self, *frames, chop=0):
        data = b"".join(frames)
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            if not chop:
                self.s.sendall(data)
            for i in range(0, len(data) if chop else 0, chop or 1):
                self.s.sendall(data[i:i + chop])

    def take(self, n):
        while len(self.buffer) < n:
            self.more()
        out, self.buffer = self.buffer[:n], self.buffer[n:]
        return out

    def read(self):
        """(opcode, payload) of the next frame; None at the end of the connection."""
        try:
            first, second = self.take(2)
            assert first & 0x70 == 0, "a reserved bit is set in what the server sends"
            assert second & 0x80 == 0, "the server masks"
            n = second & 0x7f
            if n == 126:
                n = struct.unpack(">H", self.take(2))[0]
            elif n == 127:
                n = struct.unpack(">Q", self.take(8))[0]
            return first & 0x8f, self.take(n)
        except (EOFError, ConnectionResetError):
            return None

    def rest(self):
        """Everything until the end: frames, with the close frame's code in place of its payload."""
        out = []
        while (f := self.read()) is not None:
            opcode, payload = f[0] & 0x0f, f[1]
            out.append((CLOSE, struct.unpack(">H", payload[:2])[0] if payload else None) if opcode == CLOSE else (opcode, payload))
        return out

    def close(self):
        self.s.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@contextlib.contextmanager
def echo():
    port = free_port()
    program = os.path.join(BUILD, "tests/unit/net/unit_net_ws_peers")
    process = subprocess.Popen([program, "--serve", str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert process.stdout.readline().startswith(b"echo on"), process.stderr.read()
        yield port
        assert process.poll() is None, "the server is gone"
    finally:
        process.terminate()
        out, err = process.communicate(timeout=30)
        assert process.returncode == 0, (process.returncode, err.decode()[-2000:])


def t(text):
    return (TEXT, text.encode() if isinstance(text, str) else text)


GOOD = [(CLOSE, 1000)]
FAIL = [(CLOSE, 1002)]
BYE = closing()
BYE = closing()


def cases():
    """(name, frames, what must come, bytes a write or 0): what the Autobahn cases (test_autobahn.py) leave out."""
    for rsv in range(1, 8):
        for opcode in (TEXT, BINARY, CONT, CLOSE, PING, PONG):
            yield f"rsv {rsv} opcode {opcode}", [frame(TEXT, b"Hello"), frame(opcode, b"", rsv=rsv), frame(PING)], [t("Hello"), *FAIL], 0
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        for payload in (b"", b"reserved opcode payload"):
            yield f"opcode {opcode} {len(payload)}", [frame(TEXT, b"Hello"), frame(opcode, payload), frame(PING)], [t("Hello"), *FAIL], 0
        yield f"opcode {opcode} first", [frame(opcode)], FAIL, 1
    yield "close in fragments", [frame(CLOSE, b"frag", fin=False), frame(CONT, b"ment")], FAIL, 0
    yield "begins with a continuation", [frame(CONT, b"f1", fin=False), frame(TEXT, b"f2", fin=False), frame(CONT, b"f3")], FAIL, 0
    yield "binary inside text", [frame(TEXT, b"f1", fin=False), frame(BINARY, b"f2")], FAIL, 0
    yield "binary fragments", [frame(BINARY, b"\xff", fin=False), frame(CONT, b"\xfe"), BYE], [(BINARY, b"\xff\xfe"), *GOOD], 0
    yield "fails at the head, without its payload", [b"\xc1\xfe"], FAIL, 0
    yield "fails in a frame that is not whole", [frame(TEXT, b"\xce\xba\xf4\x90", length=60)], [(CLOSE, 1007)], 0
    for code in (1012, 1013, 1014):
        yield f"code {code}", [closing(code)], [(CLOSE, code)], 0
    yield "code 1015", [closing(1015)], FAIL, 0
    yield "no mask", [frame(TEXT, b"Hello", mask=None)], FAIL, 0
    yield "mask of zeros", [frame(TEXT, b"Hello", mask=b"\0\0\0\0"), BYE], [t("Hello"), *GOOD], 0
    yield "length not shortest 16", [b"\x81\xfe\x00\x05" + MASK + b"....."], FAIL, 0
    yield "length not shortest 64", [b"\x81\xff" + struct.pack(">Q", 5) + MASK + b"....."], FAIL, 0
    yield "length negative", [b"\x82\xff" + b"\xff" * 8 + MASK], FAIL, 0
    yield "length huge", [frame(BINARY, b"", length=1 << 62)], [(CLOSE, 1009)], 0
    yield "longer in its second fragment", [frame(BINARY, b"", fin=False), frame(CONT, b"", length=(64 << 20) + 1)], [(CLOSE, 1009)], 0


def run(port, name, frames, want, chop):
    with Peer(port) as p:
        p.send(*frames, chop=chop)
        try:
            got = p.rest()
        except TimeoutError:
            got = "no end of the connection in 10 s"
        short = lambda x: [(o, v if not isinstance(v, bytes) or len(v) < 40 else f"{len(v)} bytes") for o, v in x] if isinstance(x, list) else x
        return None if got == want else f"{name}: {short(got)}, not {short(want)}"


def test_what_the_suite_leaves_out():
    with echo() as port:
        all_cases = list(cases())
        wrong = [w for c in all_cases if (w := run(port, *c))]
        assert not wrong, "\n".join(wrong)
        print(f"# {len(all_cases)} cases", flush=True)


def test_handshakes():
    with echo() as port:
        good = {"Host": "x", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13"}
        cases_of = [({}, 101), ({"Connection": "keep-alive, Upgrade"}, 101), ({"Upgrade": "WebSocket"}, 101),
                    ({"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}, 101),
                    ({"Sec-WebSocket-Version": "8"}, 426), ({"Sec-WebSocket-Version": None}, 426), ({"Sec-WebSocket-Key": None}, 426),
                    ({"Sec-WebSocket-Key": "short"}, 426), ({"Upgrade": "h2c"}, 426), ({"Connection": "close"}, 426), ({"Upgrade": None}, 426)]
        for change, status in cases_of:
            headers = {k: v for k, v in {**good, **change}.items() if v is not None}
            with socket.create_connection(("127.0.0.1", port), 10) as s:
                s.sendall(("GET / HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n").encode())
                s.settimeout(10)
                head = s.recv(4096).decode()
                assert re.match(rf"HTTP/1.1 ({status}|400)" if status == 426 else rf"HTTP/1.1 {status}", head), (change, head)
                assert "permessage-deflate" not in head, head
                if status == 426 and " 426" in head.split("\r\n")[0]:
                    assert "sec-websocket-version: 13" in head.lower(), head


def flood(port):
    """Tiny messages as fast as they are taken, in a process of its own; what comes back is read."""
    p = Peer(port)
    p.s.settimeout(None)
    data = frame(TEXT, b"xx") * 32768
    threading.Thread(target=lambda: [None for _ in iter(lambda: p.s.recv(1 << 20), b"")], daemon=True).start()
    while True:
        p.s.sendall(data)


def round_trips(port, seconds):
    peers, taken = [Peer(port) for _ in range(20)], []
    hello, end = frame(TEXT, b"hello"), time.monotonic() + seconds
    while time.monotonic() < end:
        for p in peers:
            began = time.perf_counter()
            p.send(hello)
            assert p.read() == (0x80 | TEXT, b"hello")
            taken.append(time.perf_counter() - began)
            time.sleep(0.001)
    for p in peers:
        p.close()
    return sorted(taken)


def test_one_flood_and_twenty_others():
    """Everybody is served while one floods. The figures need a quiet machine; FLOOD_SECONDS=20 makes them steadier."""
    seconds = float(os.environ.get("FLOOD_SECONDS", "1"))
    with echo() as port:
        quiet = round_trips(port, seconds)
        flooder = multiprocessing.get_context("fork").Process(target=flood, args=(port,), daemon=True)
        flooder.start()
        time.sleep(0.3)
        try:
            loud = round_trips(port, seconds)
        finally:
            flooder.kill()
            flooder.join()
        figures = [f"{1000 * t[int(len(t) * q)]:.2f}" for t in (quiet, loud) for q in (0.5, 0.99)]
        print(f"# ms: quiet p50 {figures[0]} p99 {figures[1]}, beside a flood p50 {figures[2]} p99 {figures[3]}", flush=True)
        # held by whole buffers of tiny messages, the middle one would wait for thousands of them
        assert loud[len(loud) // 2] < quiet[len(quiet) // 2] + 0.02, figures


def test_visitors_socket():
    """The same codec behind a channel: what is broken ends that socket with its code, and the next visitor notices nothing."""
    hello = frame(TEXT, '{"t":"hello","session":null,"from":0}')
    with Node() as node:
        for name, frames, code in (
            ("reserved bit", [frame(TEXT, b"{}", rsv=2)], 1002), ("no mask", [frame(TEXT, b"{}", mask=None)], 1002),
            ("not UTF-8", [frame(TEXT, b'{"t":"\xff"}')], 1007), ("binary", [frame(BINARY, b"{}")], 1003),
            ("too long", [frame(TEXT, b"", length=1 << 40)], 1009), ("close code", [closing(1005)], 1002),
        ):
            with Peer(node.http, "/chat/ws") as p:
                p.send(hello, *frames)
                got = p.rest()
                assert got and got[-1] == (CLOSE, code), (name, got)
        with Peer(node.http, "/chat/ws") as p:
            p.send(hello[:3])
            time.sleep(0.2)
            p.send(hello[3:], frame(TEXT, '{"t":"say","id":"a","te', fin=False), frame(PING, b"!"), frame(CONT, 'xt":"caf\u00e9 \U0001f600"}'), chop=1)
            seen = []
            until("the acknowledgement", lambda: seen.append(p.read()) or any(x and b'"ack"' in x[1] for x in seen))
            assert (0x80 | PONG, b"!") in seen, seen
            p.send(BYE)
            assert p.rest()[-1:] == GOOD


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
