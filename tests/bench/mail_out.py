"""Answers out by mail: what smtp-source pushes into smtp-sink over as many connections, beside replies that an agent sends as fast as the desk takes them,
each decided, on disk, built as a mail with quotation and HTML form, handed to the same sink and its receipt on disk again.
`python3 tests/bench/mail_out.py [COUNT]` with the release build; three rounds in turn (ROUNDS), medians."""
import os
import re
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from usher import RELEASE, Node, free_port, until  # noqa: E402

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
ROUNDS = int(os.environ.get("ROUNDS", "3"))
CONNECTIONS = 2  # smtp_connections of the channel


def program(name):
    return shutil.which(name) or f"/usr/sbin/{name}"


def sink(port):
    return subprocess.Popen([program("smtp-sink"), "-u", "nobody", f"127.0.0.1:{port}", "100"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def listens(port):
    import socket
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def source_rate(size):
    port = free_port()
    p = sink(port)
    try:
        until("smtp-sink", lambda: listens(port))
        began = time.monotonic()
        subprocess.run([program("smtp-source"), "-s", str(CONNECTIONS), "-m", str(COUNT), "-l", str(size), "-f", "a@x.org", "-t", "b@x.org",
                        f"inet:127.0.0.1:{port}"], check=True, capture_output=True)
        return COUNT / (time.monotonic() - began)
    finally:
        p.kill()
        p.wait()


def sent(node):
    _, _, body = node.request("GET", "/metrics", port=node.admin)
    found = re.search(rb'usher_sends_total\{channel="support",outcome="sent"\} (\d+)', body)
    return int(found.group(1)) if found else 0


def ours_rate():
    """From the agent's first command to the last receipt."""
    with Node(build=RELEASE, start=False) as node:
        p = sink(node.smtp)
        try:
            node.start()
            node.mail("Where is my order?")
            with node.desk("bo") as bo:
                bo.available()
                conv = bo.accept()["conv"]
                began = time.monotonic()
                for i in range(COUNT):
                    bo.send(id=f"b{i}", t="reply", conv=conv, text="It is on its way. " * 40)
                    if i >= 200 and i % 50 == 0:
                        until("answers", lambda n=i - 150: sum(f.get("t") == "ok" for f in list(bo.frames)) >= n, 60, 0.002)
                until("all sent", lambda: sent(node) >= COUNT, 300, 0.01)
                return COUNT / (time.monotonic() - began)
        finally:
            p.kill()
            p.wait()


def main():
    ours, beside = [], []
    for _ in range(ROUNDS):
        beside.append(source_rate(1000))
        ours.append(ours_rate())
    a, b = statistics.median(ours), statistics.median(beside)
    print(f"mail-out ours={a:.4g} beside={b:.4g} (smtp-source into smtp-sink, {CONNECTIONS} connections, keeps nothing; mails a second, more is better) "
          f"ratio={a / b:.3g} n={COUNT}")


main()
