"""RFC 6455 from the wire: the public conformance cases (the sections of the Autobahn test suite) restated, against our server as an
echo (`unit_net_ws_peers --serve`), and what of them shows at a visitor's socket of a running usherd. Compression is not offered.

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
UTF8 = [(CLOSE, 1007)]
BYE = closing()
UNIT = "Hello-µ@ßöäüàá-UTF-8!!".encode()
BAD = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited"


def cases():
    """(name, frames, what must come, bytes a write or 0)"""
    for opcode, word in ((TEXT, "text"), (BINARY, "binary")):
        for n in (0, 125, 126, 127, 128, 65535, 65536):
            data = b"*" * n if opcode == TEXT else bytes(i * 7 & 255 for i in range(n))
            yield f"1 {word} {n}", [frame(opcode, data), BYE], [(opcode, data), *GOOD], 0
        data = b"*" * 65536
        yield f"1 {word} chopped", [frame(opcode, data), BYE], [(opcode, data), *GOOD], 997

    # 2: pings and pongs
    for payload in (b"", b"Hello, world!", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", b"\xfe" * 125):
        yield f"2 ping {len(payload)}", [frame(PING, payload), BYE], [(PONG, payload), *GOOD], 0
    yield "2 ping 126", [frame(PING, b"\xfe" * 126)], FAIL, 0
    yield "2 ping chopped", [frame(PING, b"\xfe" * 125), BYE], [(PONG, b"\xfe" * 125), *GOOD], 1
    yield "2 pong alone", [frame(PONG), BYE], GOOD, 0
    yield "2 pong with payload", [frame(PONG, b"unsolicited"), BYE], GOOD, 0
    yield "2 pong then ping", [frame(PONG, b"un"), frame(PING, b"asked"), BYE], [(PONG, b"asked"), *GOOD], 0
    for chop in (0, 1):
        pings = [b"payload-%d" % i for i in range(10)]
        yield f"2 ten pings chop {chop}", [*(frame(PING, p) for p in pings), BYE], [*((PONG, p) for p in pings), *GOOD], chop

    # 3: reserved bits
    for rsv in range(1, 8):
        for opcode in (TEXT, BINARY, CONT, CLOSE, PING, PONG):
            yield f"3 rsv {rsv} opcode {opcode}", [frame(TEXT, b"Hello"), frame(opcode, b"", rsv=rsv), frame(PING)], [t("Hello"), *FAIL], 0
    yield "3 rsv chopped", [frame(TEXT, b"Hello"), frame(TEXT, b"x", rsv=4)], [t("Hello"), *FAIL], 1

    # 4: unknown opcodes
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        for payload in (b"", b"reserved opcode payload"):
            yield f"4 opcode {opcode} {len(payload)}", [frame(TEXT, b"Hello"), frame(opcode, payload), frame(PING)], [t("Hello"), *FAIL], 0
        yield f"4 opcode {opcode} first", [frame(opcode)], FAIL, 1

    # 5: fragments
    for opcode in (PING, PONG, CLOSE):
        yield f"5 control {opcode} in fragments", [frame(opcode, b"frag", fin=False), frame(CONT, b"ment")], FAIL, 0
    two = [frame(TEXT, b"frag1", fin=False), frame(CONT, b"frag2")]
    for chop in (0, 1, 3):
        yield f"5 two fragments chop {chop}", [*two, BYE], [t("frag1frag2"), *GOOD], chop
        yield f"5 ping between chop {chop}", [two[0], frame(PING, b"p"), two[1], BYE], [(PONG, b"p"), t("frag1frag2"), *GOOD], chop
    many = [frame(TEXT, b"a", fin=False), frame(CONT, b"b", fin=False), frame(PING, b"1"), frame(CONT, b"c", fin=False),
            frame(CONT, b"d", fin=False), frame(PING, b"2"), frame(CONT, b"e"), BYE]
    yield "5 five fragments, two pings", many, [(PONG, b"1"), (PONG, b"2"), t("abcde"), *GOOD], 0
    for fin in (True, False):
        for chop in (0, 1):
            yield f"5 continuation of nothing fin {fin} chop {chop}", [frame(CONT, b"x", fin=fin), frame(TEXT, b"Hello")], FAIL, chop
        again = [*two, frame(CONT, b"x", fin=fin), frame(TEXT, b"Hello")]
        yield f"5 continuation after the end fin {fin}", again, [t("frag1frag2"), *FAIL], 0
    loop = [frame(CONT, b"f1", fin=False), frame(TEXT, b"f2", fin=False), frame(CONT, b"f3")]
    yield "5 begins with a continuation", loop, FAIL, 0
    yield "5 a message inside another", [frame(TEXT, b"f1", fin=False), frame(TEXT, b"f2")], FAIL, 0
    yield "5 binary inside text", [frame(TEXT, b"f1", fin=False), frame(BINARY, b"f2")], FAIL, 0
    yield "5 binary fragments", [frame(BINARY, b"\xff", fin=False), frame(CONT, b"\xfe"), BYE], [(BINARY, b"\xff\xfe"), *GOOD], 0
    yield "5 close between fragments", [frame(TEXT, b"f1", fin=False), BYE], GOOD, 0

    # 6: UTF-8
    yield "6 empty fragments", [frame(TEXT, b"", fin=False), frame(CONT, b"", fin=False), frame(CONT), BYE], [t(""), *GOOD], 0
    yield "6 empty around", [frame(TEXT, b"", fin=False), frame(CONT, b"mid", fin=False), frame(CONT), BYE], [t("mid"), *GOOD], 0
    yield "6 text", [frame(TEXT, UNIT), BYE], [t(UNIT), *GOOD], 0
    yield "6 cut in a character", [frame(TEXT, UNIT[:7], fin=False), frame(CONT, UNIT[7:]), BYE], [t(UNIT), *GOOD], 0
    bytewise = [frame(TEXT, UNIT[:1], fin=False), *(frame(CONT, UNIT[i:i + 1], fin=False) for i in range(1, len(UNIT))), frame(CONT), BYE]
    yield "6 one byte a fragment", bytewise, [t(UNIT), *GOOD], 0
    yield "6 invalid", [frame(TEXT, BAD)], UTF8, 0
    yield "6 invalid, one byte a fragment", [frame(TEXT, BAD[:1], fin=False), *(frame(CONT, BAD[i:i + 1], fin=False) for i in range(1, len(BAD)))], UTF8, 0
    for text in VALID:
        yield f"6 valid {text.hex()}", [frame(TEXT, text), BYE], [t(text), *GOOD], 0
        yield f"6 valid {text.hex()} chopped", [frame(TEXT, text), BYE], [t(text), *GOOD], 1
    for text in INVALID:
        yield f"6 invalid {text.hex()}", [frame(TEXT, text)], UTF8, 0
        yield f"6 invalid {text.hex()} chopped", [frame(TEXT, text)], UTF8, 1
        yield f"6 invalid {text.hex()} in fragments", [frame(TEXT, b"ok", fin=False), frame(CONT, text)], UTF8, 0
        yield f"6 {text.hex()} is good binary", [frame(BINARY, text), BYE], [(BINARY, text), *GOOD], 0

    # 7: closing
    yield "7 message then close", [frame(TEXT, b"Hello World!"), BYE], [t("Hello World!"), *GOOD], 0
    yield "7 close twice", [BYE, BYE], GOOD, 0
    yield "7 ping after close", [BYE, frame(PING)], GOOD, 0
    yield "7 text after close", [BYE, frame(TEXT, b"late")], GOOD, 0
    big = b"x" * 262144
    yield "7 large then close", [frame(TEXT, big), BYE, frame(PING)], [t(big), *GOOD], 0
    yield "7 no code", [closing(None)], [(CLOSE, None)], 0
    yield "7 half a code", [frame(CLOSE, b"\x03")], FAIL, 0
    yield "7 reason", [closing(1000, b"Hello World!")], GOOD, 0
    yield "7 longest reason", [closing(1000, b"*" * 123)], GOOD, 0
    yield "7 reason too long", [closing(1000, b"*" * 124)], FAIL, 0
    yield "7 reason not UTF-8", [closing(1000, BAD)], UTF8, 0
    for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999):
        yield f"7 code {code}", [closing(code)], [(CLOSE, code)], 0
    for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535):
        yield f"7 code {code}", [closing(code)], FAIL, 0

    # frames that the sections above do not try
    yield "x no mask", [frame(TEXT, b"Hello", mask=None)], FAIL, 0
    yield "x mask of zeros", [frame(TEXT, b"Hello", mask=b"\0\0\0\0"), BYE], [t("Hello"), *GOOD], 0
    yield "x length not shortest 16", [b"\x81\xfe\x00\x05" + MASK + b"....."], FAIL, 0
    yield "x length not shortest 64", [b"\x81\xff" + struct.pack(">Q", 5) + MASK + b"....."], FAIL, 0
    yield "x length negative", [b"\x82\xff" + b"\xff" * 8 + MASK], FAIL, 0
    yield "x length huge", [frame(BINARY, b"", length=1 << 62)], [(CLOSE, 1009)], 0


VALID = [bytes.fromhex(h) for h in (
    "00", "7f", "c280", "dfbf", "e0a080", "efbfbf", "f0908080", "f48fbfbf", "ed9fbf", "ee8080", "efbfbd",
    "cebae1bdb9cf83cebcceb5", "efbfbe", "f09fbfbf", "f0afbfbe", "f3bfbfbf", "68c3a9f09f9880")]
INVALID = [bytes.fromhex(h) for h in (
    # not even begun well
    "80", "bf", "8080", "fe", "ff", "fefeffff", "c0", "c1bf", "f5808080", "f8888080", "fc8480808080",
    # too early an end
    "c2", "e0a0", "e1bd", "f09080", "cebae1", "f0908080c3",
    # longer than needed
    "c0af", "e080af", "f08080af", "f8808080af", "fc80808080af", "c0bf", "c1bf", "e09fbf", "f08fbfbf", "c080", "e08080", "f0808080",
    # surrogates, alone and in pairs; above the last
    "eda080", "edadbf", "edbfbf", "eda080edb080", "edafbfedbfbf", "f4908080", "f7bfbfbf")]


def run(port, name, frames, want, chop):
    with Peer(port) as p:
        p.send(*frames, chop=chop)
        try:
            got = p.rest()
        except TimeoutError:
            got = "no end of the connection in 10 s"
        short = lambda x: [(o, v if not isinstance(v, bytes) or len(v) < 40 else f"{len(v)} bytes") for o, v in x] if isinstance(x, list) else x
        return None if got == want else f"{name}: {short(got)}, not {short(want)}"


def test_conformance():
    with echo() as port:
        all_cases = list(cases())
        wrong = [w for c in all_cases if (w := run(port, *c))]
        assert not wrong, "\n".join(wrong)
        print(f"# {len(all_cases)} cases", flush=True)


def test_invalid_text_fails_at_once():
    """6.4: as soon as a message cannot become valid any more, not when it is whole."""
    with echo() as port:
        for name, frames in {
            "in the first of two fragments": [frame(TEXT, BAD[:-2], fin=False)],
            "above the last character": [frame(TEXT, b"\xce\xba\xf4\x90", fin=False)],
            "in a frame that is not whole": [frame(TEXT, b"\xce\xba\xf4\x90\x80\x80", length=60)],
            "in a reserved bit of a head without its payload": [b"\xc1"[0:1] + b"\xfe"],
        }.items():
            with Peer(port) as p:
                p.s.settimeout(2)
                p.send(*frames)
                assert p.rest() in (UTF8, FAIL), name


def test_sizes_and_fragments():
    """9: large messages, whole and in fragments, in small writes; nothing larger than the limit. LIMIT_MB=16 runs the sizes of the suite."""
    most = int(os.environ.get("LIMIT_MB", "4")) << 20
    with echo() as port:
        size = 65536
        while size <= most:
            data = (b"\xd0\xb6*" * (size // 3 + 1))[:size // 3 * 3]
            for opcode in (TEXT, BINARY):
                for piece in (None, 4096, 65536):
                    with Peer(port) as p:
                        p.s.settimeout(60)
                        parts = [data] if not piece else [data[i:i + piece] for i in range(0, len(data), piece)]
                        p.send(*(frame(opcode if i == 0 else CONT, x, fin=i == len(parts) - 1) for i, x in enumerate(parts)), BYE)
                        got = p.rest()
                        assert got == [(opcode, data), *GOOD], (size, opcode, piece, [(o, len(v) if isinstance(v, bytes) else v) for o, v in got])
            size *= 4
        with Peer(port) as p:
            data = b"x" * 16384
            p.send(frame(TEXT, data), BYE, chop=7)
            assert p.rest() == [(TEXT, data), *GOOD]
        with Peer(port) as p:
            p.send(frame(BINARY, b"", fin=False), frame(CONT, b"", length=(64 << 20) + 1))
            assert p.rest() == [(CLOSE, 1009)]


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
