"""Peers that hang: they vanish without a word, never read, or send a byte a second. Each is dropped by a rule, takes bounded memory until then, and
the others notice nothing. All of them hang at once, for what they wait for is time: a WebSocket is looked at every 25 s, pinged when nothing came since
the last look, dropped when nothing came since that."""
import json
import os
import socket
import sys
import threading
import time

from test_flood import HELLO, health, read_until, upgrade
from usher import RELEASE, Node, main, until

def at_desk(node, who="bo"):
    """A desk's WebSocket by hand, logged in, its first frames read."""
    with open(os.path.join(node.data, "first-passwords.txt"), encoding="utf-8") as f:
        password = dict(line.split() for line in f)[who]
    kind = {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{node.http}"}
    _, headers, _ = node.request("POST", "/api/v1/login", json.dumps({"user": who, "password": password}), kind)
    cookie = headers["set-cookie"].split(";")[0]
    status, _, body = node.request("POST", "/api/v1/ticket", "{}", {**kind, "Cookie": cookie})
    assert status == 200, (status, body)
    s = dial(node.http)
    s.sendall(upgrade().replace(b"/chat/ws", b"/desk/ws?ticket=" + json.loads(body)["ticket"].encode()).replace(
        b"Host: x", f"Host: 127.0.0.1:{node.http}\r\nOrigin: http://127.0.0.1:{node.http}".encode()))
    read_until(s, b'"snapshot"')
    return s


def dial(port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.settimeout(10)
    s.connect(("127.0.0.1", port))
    return s


def at_chat(node):
    s = dial(node.http)
    s.sendall(upgrade() + HELLO)
    read_until(s, b"welcome")
    return s


def until_gone(s, limit_s, piece=b""):
    """How long it lives when nothing is read, but whether it has ended; `piece` is sent each second."""
    began = time.monotonic()
    s.settimeout(1)
    while time.monotonic() - began < limit_s:
        try:
            if piece:
                s.sendall(piece)
                time.sleep(1)
            elif not s.recv(65536):
                break
        except TimeoutError:
            pass
        except OSError:
            break
    return time.monotonic() - began


def test_who_vanishes_or_drips_is_dropped():
    """85 s: SLOW=1. What the rules are made of, src/net, is tested in any case."""
    if not os.environ.get("SLOW"):
        print("# skipped: SLOW=1 runs it", flush=True)
        return
    with Node() as node, node.desk("eva") as eva:
        eva.available()
        hanging = {  # what, how often it sends something, how long it may live
            "a visitor who vanished": (at_chat(node), b"", 90),
            "an agent who vanished": (at_desk(node), b"", 90),
            "a visitor's frame that drips": (at_chat(node), b"x", 60),
            "a desk's frame that drips": (at_desk(node), b"x", 60),
            "a header that drips": (dial(node.http), b"x", 15),
            "a poll's body that drips": (dial(node.http), b"x", 36),
        }
        hanging["a visitor's frame that drips"][0].sendall(b"\x81\xfe\x10\x00\0\0\0\0")
        hanging["a desk's frame that drips"][0].sendall(b"\x81\xfe\x10\x00\0\0\0\0")
        hanging["a header that drips"][0].sendall(b"GET /chat/ws HTTP/1.1\r\nHost: x\r\nX: ")
        hanging["a poll's body that drips"][0].sendall(b"POST /chat/poll HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        lived = {}

        def watch(what, s, piece, limit_s):
            lived[what] = until_gone(s, limit_s + 5, piece), limit_s

        threads = [threading.Thread(target=watch, args=(k, s, p, n)) for k, (s, p, n) in hanging.items()]
        for t in threads:
            t.start()
        ann = node.chat()
        conv, n = None, 0
        while any(t.is_alive() for t in threads):
            began = time.monotonic()
            ann.say(f"meanwhile {n}")
            conv = conv or eva.accept()["conv"]
            assert time.monotonic() - began < 5, "others wait for those that hang"
            n += 1
            time.sleep(2)
        print(f"# lived, s: { {k: round(v[0], 1) for k, v in lived.items()} }", flush=True)
        late = {k: round(v[0], 1) for k, v in lived.items() if v[0] > v[1]}
        assert not late, f"kept past the rule: {late}"
        until("nobody but her", lambda: health(node)["visitors"] == 1)
        ann.close()


def test_a_desk_that_does_not_read_takes_bounded_memory():
    with Node(build=RELEASE) as node, node.desk("bo") as bo:
        bo.available()
        ann = node.chat()
        ann.say("send me everything")
        conv = bo.accept()["conv"]
        stuck = at_desk(node)  # he has a second one, which hangs

        def memory():
            with open(f"/proc/{node.process.pid}/statm", encoding="ascii") as f:
                return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        bo.command("reply", conv=conv, text="x" * 64000)
        before = memory()
        for i in range(120):
            bo.command("reply", conv=conv, text=f"{i} " + "x" * 64000)
        ann.expect("msg", text="119 " + "x" * 64000)
        bo.expect("message", conv=conv, text="119 " + "x" * 64000)
        grown = memory() - before
        assert grown < 5e6, grown  # of 8 MB, and there may be many such desks
        # once it reads again it is told that it missed something
        read_until(stuck, b'"resync"')
        stuck.close()
        ann.close()


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
