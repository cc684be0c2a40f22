"""The fuzzing client of the Autobahn test suite, case by case under its own numbers, against our server as an echo (`unit_net_ws_peers --serve`).

A case is what is sent, step by step, and what must come back before the next step; it ends with our close frame answered (1000) or with the
server failing the connection with a code at once. Of 517 cases 301 are here; the 216 of sections 12 and 13 are about compression, which is
offered and must be declined."""
import struct
import sys

from test_websocket import BINARY, CLOSE, CONT, PING, PONG, TEXT, Peer, closing, echo, frame
from usher import Node, main

HELLO = b"Hello, world!"
GREEK = bytes.fromhex("cebae1bdb9cf83cebcceb5")
MIXED = "Hello-µ@ßöäüàá-UTF-8!!".encode()
SURROGATE = GREEK + b"\xed\xa0\x80edited"
TOO_HIGH = (GREEK, b"\xf4\x90\x80\x80", b"edited")


def text(payload, **more):
    return frame(TEXT, payload, **more)


def fragments(opcode, pieces):
    return [frame(opcode if i == 0 else CONT, p, fin=i == len(pieces) - 1) for i, p in enumerate(pieces)]


def octets(data):
    return [data[i:i + 1] for i in range(len(data))]


def pieces(data, size):
    return [data[i:i + size] for i in range(0, len(data), size)]


# ---- the rows: number, steps of (frames, what must come, bytes a write or 0), the close code at the end ----

def case(number, frames, want=(), end=1000, chop=0):
    return number, [(frames, list(want), chop)], end


def framing():
    for section, opcode, byte in ((1, TEXT, b"*"), (2, BINARY, b"\xfe")):
        for i, n in enumerate((0, 125, 126, 127, 128, 65535, 65536, 65536)):
            yield case(f"1.{section}.{i + 1}", [frame(opcode, byte * n)], [(opcode, byte * n)], chop=997 if i == 7 else 0)


def pings():
    long, ten = b"\xfe" * 125, [b"payload-%d" % i for i in range(10)]
    for i, payload in enumerate((b"", HELLO, b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", long)):
        yield case(f"2.{i + 1}", [frame(PING, payload)], [(PONG, payload)])
    yield case("2.5", [frame(PING, b"\xfe" * 126)], end=1002)
    yield case("2.6", [frame(PING, long)], [(PONG, long)], chop=1)
    yield case("2.7", [frame(PONG)])
    yield case("2.8", [frame(PONG, b"unsolicited")])
    yield case("2.9", [frame(PONG, b"unsolicited"), frame(PING, b"ping")], [(PONG, b"ping")])
    for number, chop in (("2.10", 0), ("2.11", 1)):
        yield case(number, [frame(PING, p) for p in ten], [(PONG, p) for p in ten], chop=chop)


def reserved_bits():
    hello = [(TEXT, HELLO)]
    yield case("3.1", [text(HELLO, rsv=1)], end=1002)
    yield case("3.2", [text(HELLO), text(HELLO, rsv=2), frame(PING)], hello, 1002)
    yield "3.3", [([text(HELLO)], hello, 0), ([text(HELLO, rsv=3)], [], 0), ([frame(PING)], [], 0)], 1002
    yield case("3.4", [text(HELLO), text(HELLO, rsv=4), frame(PING)], hello, 1002, 1)
    yield case("3.5", [frame(BINARY, b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", rsv=5)], end=1002)
    yield case("3.6", [frame(PING, HELLO, rsv=6)], end=1002)
    yield case("3.7", [frame(CLOSE, b"", rsv=7)], end=1002)


def opcodes():
    for section, first in ((1, 3), (2, 11)):
        for i in range(5):
            unknown = frame(first + i, b"" if i in (0, 2) else b"reserved opcode payload")
            before, after = ([text(HELLO)], [frame(PING)]) if i > 1 else ([], [])
            yield case(f"4.{section}.{i + 1}", before + [unknown] + after, [(TEXT, HELLO)] * len(before), 1002, 1 if i == 4 else 0)


def fragmentation():
    one, two = b"fragment1", b"fragment2"
    both, whole = fragments(TEXT, [one, two]), (TEXT, one + two)
    yield case("5.1", fragments(PING, [one, two]), end=1002)
    yield case("5.2", fragments(PONG, [one, two]), end=1002)
    between = [both[0], frame(PING, b"ping"), both[1]]
    for first, frames, want in ((3, both, [whole]), (6, between, [(PONG, b"ping"), whole])):
        yield case(f"5.{first}", frames, want)
        yield f"5.{first + 1}", [([f], want[:-1] if i == 1 and len(frames) == 3 else want[-1:] if i == len(frames) - 1 else [], 0)
                                 for i, f in enumerate(frames)], 1000
        yield case(f"5.{first + 2}", frames, want, chop=1)
    for first, fin in ((9, True), (12, False)):
        alone = frame(CONT, b"non-continuation payload", fin=fin)
        yield f"5.{first}", [([alone], [], 0), ([text(HELLO)], [], 0)], 1002
        yield case(f"5.{first + 1}", [alone, text(HELLO)], end=1002)
        yield case(f"5.{first + 2}", [alone, text(HELLO)], end=1002, chop=1)
    yield case("5.15", [*both, frame(CONT, b"fragment3", fin=False), text(b"fragment4")], [whole], 1002)
    for number, fin in (("5.16", False), ("5.17", True)):
        yield case(number, [frame(CONT, one, fin=fin), *fragments(TEXT, [two, b"fragment3"])] * 2, end=1002)
    yield case("5.18", [text(one, fin=False), text(two)], end=1002)
    five = [b"fragment%d" % i for i in range(1, 6)]
    f = fragments(TEXT, five)
    for number in ("5.19", "5.20"):  # the first ping is answered before the rest is sent
        yield number, [([f[0], f[1], frame(PING, b"1")], [(PONG, b"1")], 0),
                       ([f[2], f[3], frame(PING, b"2"), f[4]], [(PONG, b"2"), (TEXT, b"".join(five))], 0)], 1000


def utf8():
    yield case("6.1.1", [text(b"")], [(TEXT, b"")])
    yield case("6.1.2", fragments(TEXT, [b"", b"", b""]), [(TEXT, b"")])
    yield case("6.1.3", fragments(TEXT, [b"", b"middle", b""]), [(TEXT, b"middle")])
    yield case("6.2.1", [text(MIXED)], [(TEXT, MIXED)])
    yield case("6.2.2", fragments(TEXT, [MIXED[:16], MIXED[16:]]), [(TEXT, MIXED)])
    yield case("6.2.3", fragments(TEXT, octets(MIXED)), [(TEXT, MIXED)])
    yield case("6.2.4", fragments(TEXT, octets(GREEK)), [(TEXT, GREEK)])
    yield case("6.3.1", [text(SURROGATE)], end=1007)
    yield case("6.3.2", fragments(TEXT, octets(SURROGATE)), end=1007)
    # The third part is never sent: the second makes the text invalid.
    first, second, third = TOO_HIGH
    yield "6.4.1", [([text(first, fin=False)], [], 0), ([frame(CONT, second, fin=False)], [], 0)], 1007
    yield "6.4.2", [([text(first + second[:1], fin=False)], [], 0), ([frame(CONT, second[1:2], fin=False)], [], 0)], 1007
    whole = text(first + second + third)
    head = len(whole) - len(first + second + third)
    for number, cuts in (("6.4.3", (len(first), len(first + second))), ("6.4.4", (len(first) + 1, len(first) + 2))):
        yield number, [([whole[:head + cuts[0]]], [], 0), ([whole[head + cuts[0]:head + cuts[1]]], [], 0)], 1007
    for number, data in SEQUENCES:
        yield case(number, [text(data)], [(TEXT, data)] if is_utf8(data) else [], 1000 if is_utf8(data) else 1007)


def is_utf8(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def sequences():
    """Markus Kuhn's UTF-8 stress test as sections 6.5 to 6.23."""
    cut = [b"\xc0", b"\xe0\x80", b"\xf0\x80\x80", b"\xf8\x80\x80\x80", b"\xfc\x80\x80\x80\x80",
           b"\xdf", b"\xef\xbf", b"\xf7\xbf\xbf", b"\xfb\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf"]
    planes = [bytes([a, b, 0xbf, c]) for a in range(0xf0, 0xf5) for b in (0x8f, 0x9f, 0xaf, 0xbf) for c in (0xbe, 0xbf)]
    high, low = ("eda080", "edadbf", "edae80", "edafbf"), ("edb080", "edbfbf")
    words = [
        [f"hello{c}world".encode() for c in "$¢€𤭢"] + [GREEK],
        [GREEK[:i] for i in range(1, len(GREEK) + 1)],
        "00 c280 e0a080 f0908080", "f888808080 fc8480808080", "7f dfbf efbfbf f48fbfbf", "f7bfbfbf fbbfbfbfbf fdbfbfbfbfbf",
        "ed9fbf ee8080 efbfbd f48fbfbf f4908080",
        [b"\x80", *(b"\xbf" * (n == 1) or (b"\x80\xbf" * n)[:n] for n in range(1, 7)), bytes(range(0x80, 0xbf))],
        [b"".join(bytes([c, 0x20]) for c in range(a, b)) for a, b in ((0xc0, 0xdf), (0xe0, 0xef), (0xf0, 0xf7), (0xf8, 0xfb), (0xfc, 0xfd))],
        cut, [b"".join(cut)], "fe ff fefeffff",
        "c0af e080af f08080af f8808080af fc80808080af", "c1bf e09fbf f08fbfbf f887bfbfbf fc83bfbfbfbf", "c080 e08080 f0808080 f880808080 fc8080808080",
        " ".join(high) + " edb080 edbe80 edbfbf", " ".join(h + l for h in high for l in low),
        [b"\xef\xbf\xbe", b"\xef\xbf\xbf", *(p for p in planes if is_utf8(p))],
        "efbfb9 efbfba efbfbb efbfbc efbfbd efbfbe efbfbf",
    ]
    for section, group in enumerate(words, 5):
        for i, data in enumerate([bytes.fromhex(w) for w in group.split()] if isinstance(group, str) else group, 1):
            yield f"6.{section}.{i}", data


SEQUENCES = list(sequences())


def ending():
    hello, bye = text(HELLO), closing()
    yield case("7.1.1", [hello], [(TEXT, HELLO)])
    for number, late in (("7.1.2", bye), ("7.1.3", frame(PING)), ("7.1.4", hello)):
        yield number, [([bye, late], [], 0)], (1000,)
    yield "7.1.5", [([text(b"fragment1", fin=False), bye, frame(CONT, b"fragment2")], [], 0)], (1000,)
    big = b"BAsd7&jh23" * 26215
    yield "7.1.6", [([text(big), hello, bye, frame(PING)], [(TEXT, big), (TEXT, HELLO)], 0)], (1000,)
    yield "7.3.1", [([closing(None)], [], 0)], (None,)
    yield case("7.3.2", [frame(CLOSE, b"a")], end=1002)
    for number, reason in (("7.3.3", b""), ("7.3.4", b"Hello World!"), ("7.3.5", b"*" * 123)):
        yield number, [([closing(1000, reason)], [], 0)], (1000,)
    yield case("7.3.6", [closing(1000, b"*" * 124)], end=1002)
    yield case("7.5.1", [closing(1000, SURROGATE)], end=1007)
    for i, code in enumerate((1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999), 1):
        yield f"7.7.{i}", [([closing(code)], [], 0)], (code,)
    for i, code in enumerate((0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999), 1):
        yield case(f"7.9.{i}", [closing(code)], end=1002)
    yield case("7.13.1", [closing(5000)], end=1002)
    yield case("7.13.2", [closing(65535)], end=1002)


def sizes():
    def payload(n):
        return (b"BAsd7&jh23" * (n // 10 + 1))[:n]
    for section, opcode in ((1, TEXT), (2, BINARY)):
        for i, kib in enumerate((64, 256, 1024, 4096, 8192, 16384), 1):
            data = payload(kib * 1024)
            yield case(f"9.{section}.{i}", [frame(opcode, data)], [(opcode, data)])
    for section, opcode in ((3, TEXT), (4, BINARY)):
        data = payload(4194304)
        for i in range(9):
            yield case(f"9.{section}.{i + 1}", fragments(opcode, pieces(data, 64 << 2 * i)), [(opcode, data)])
    for section, opcode in ((5, TEXT), (6, BINARY)):
        data = payload(1048576)
        for i in range(6):
            yield case(f"9.{section}.{i + 1}", [frame(opcode, data)], [(opcode, data)], chop=64 << i)
    for section, opcode in ((7, TEXT), (8, BINARY)):
        for i, n in enumerate((0, 16, 64, 256, 1024, 4096), 1):
            yield f"9.{section}.{i}", [([frame(opcode, b"*" * n)], [(opcode, b"*" * n)], 0)] * 1000, 1000
    data = b"*" * 65536
    yield case("10.1.1", fragments(TEXT, pieces(data, 1300)), [(TEXT, data)])


ROWS = [row for section in (framing, pings, reserved_bits, opcodes, fragmentation, utf8, ending, sizes) for row in section()]


def is_open(p):
    """A server that wanted to end the connection would have by then."""
    p.s.settimeout(0.02)
    try:
        p.more()
    except TimeoutError:
        return True
    finally:
        p.s.settimeout(60)
    return False


def run(port, steps, end):
    with Peer(port) as p:
        p.s.settimeout(60)
        for i, (frames, want, chop) in enumerate(steps):
            p.send(*frames, chop=chop)
            for opcode, payload in want:
                got = p.read()
                if got != (0x80 | opcode, payload):
                    return f"{str(got)[:80]}, not opcode {opcode} with {len(payload)} bytes"
            if end == 1007 and i + 1 < len(steps) and not is_open(p):
                return "failed before anything was wrong"
        if end == 1000:
            p.send(closing())
        got, want = p.rest(), [(CLOSE, end[0] if isinstance(end, tuple) else end)]
        return None if got == want else f"ended with {str(got)[:80]}, not {want}"


def test_the_suite():
    numbers = [number for number, _, _ in ROWS]
    assert len(set(numbers)) == len(numbers) == 301, len(numbers)
    with echo() as port:
        wrong = {number: why for number, steps, end in ROWS if (why := run(port, steps, end))}
        assert not wrong, wrong
    print(f"# {len(ROWS)} cases", flush=True)


def of_its_own(port, path, steps, end):
    """The pings that are answered and the close code, from a socket that answers words with its own."""
    with Peer(port, path) as p:
        for frames, _, chop in steps:
            p.send(*frames, chop=chop)
        if end == 1000:
            p.send(closing())
        return [f for f in p.rest() if f[0] not in (TEXT, BINARY)]


def test_a_visitors_socket():
    """Sections 1 to 7 at the chat of a running usherd: pings, fragments, bad text and close codes as the suite wants them. Words that are none of
    its protocol are answered with an error; binary is not taken, nor words longer than it allows."""
    refused = {**{f"1.2.{i}": 1003 for i in range(1, 9)}, "7.1.6": 1009}
    with Node() as node:
        wrong = {}
        for number, steps, end in ROWS:
            code = refused.get(number, end[0] if isinstance(end, tuple) else end)
            want = [(PONG, payload) for _, answers, _ in steps for opcode, payload in answers if opcode == PONG] + [(CLOSE, code)]
            if int(number.split(".")[0]) < 8 and (got := of_its_own(node.http, "/chat/ws", steps, end)) != want:
                wrong[number] = got, want
        assert not wrong, wrong


def test_valid_and_invalid_text_however_it_is_cut():
    """6.5 to 6.23 once more: an octet a write, an octet a fragment, and as binary, where everything is valid."""
    with echo() as port:
        for number, data in SEQUENCES:
            want, end = ([(TEXT, data)], 1000) if is_utf8(data) else ([], 1007)
            for what, step, code in (("octet by octet", ([text(data)], want, 1), end), ("in fragments", (fragments(TEXT, octets(data)), want, 0), end),
                                     ("as binary", ([frame(BINARY, data)], [(BINARY, data)], 0), 1000)):
                assert not (why := run(port, [step], code)), (number, what, why)


def test_compression_is_declined():
    """12 and 13: what is offered is declined, and the connection works without it, which the suite calls unimplemented."""
    offers = ["", "; client_max_window_bits", "; client_no_context_takeover; client_max_window_bits", "; server_no_context_takeover",
              "; server_max_window_bits=8", "; server_max_window_bits=15", "; server_no_context_takeover; server_max_window_bits=8"]
    lists = [f"permessage-deflate{o}" for o in offers] + [", ".join(f"permessage-deflate{o}" for o in offers), "permessage-bzip2, x-webkit-deflate-frame"]
    with echo() as port:
        for offer in lists:
            with Peer(port, headers=[f"Sec-WebSocket-Extensions: {offer}"]) as p:  # which fails when one is agreed
                p.send(text(HELLO), text(struct.pack(">H", 0x4865), rsv=4))
                assert p.rest() == [(TEXT, HELLO), (CLOSE, 1002)], offer


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
