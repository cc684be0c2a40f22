"""SMTP and LMTP as real clients and hostile ones speak it, on one port that takes both: swaks, openssl s_client, smtp-source, raw sockets."""
import contextlib
import os
import re
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile

from mailpeers import certificate
from usher import CENTER, Node, main, until


class Both(Node):
    """A center whose mail port speaks SMTP and LMTP and offers STARTTLS."""

    def __init__(self, isolated=False):
        self.made = tempfile.mkdtemp(prefix="usher-both.")
        self.cert, key = certificate(self.made)
        config = os.path.join(self.made, "center.yaml")
        with open(CENTER, encoding="utf-8") as f, open(config, "w", encoding="utf-8") as out:
            out.write(f.read().replace("plugin: email", "plugin: email\n    isolated: yes" if isolated else "plugin: email").replace("addresses: support@demo.test",
                                       f"addresses: support@demo.test, sales@demo.test\n      protocol: both\n      tls_cert: {self.cert}\n"
                                       f"      tls_key: {key}\n      size_max: 300000"))
        super().__init__(config=config)

    def close(self):
        super().close()
        shutil.rmtree(self.made, ignore_errors=True)


def talk(node, *pieces, seconds=10):
    """Sends each piece when everything before was answered with a line; returns all that was heard."""
    with socket.create_connection(("127.0.0.1", node.lmtp), seconds) as s:
        s.settimeout(seconds)
        heard = s.recv(4096)
        for piece in pieces:
            s.sendall(piece)
            heard += s.recv(65536)
        s.sendall(b"QUIT\r\n")
        while True:
            more = s.recv(65536)
            if not more:
                return heard
            heard += more


def intake(node):
    return node.json("status")["intake"]


def texts(node):
    return sorted(m["text"] for c in node.waiting() for m in node.conv(c["id"])["messages"])


def test_real_clients():
    with Both() as node:
        base = ["swaks", "--server", f"127.0.0.1:{node.lmtp}", "--from", "ann@x.org", "--to", "support@demo.test,sales@demo.test"]
        for n, extra in enumerate((["--protocol", "ESMTP"], ["--protocol", "LMTP"], ["--protocol", "ESMTP", "--tls"],
                                   ["--protocol", "SMTP"], ["--protocol", "LMTP", "--tls"], ["--protocol", "ESMTP", "--pipeline"])):
            r = subprocess.run([*base, *extra, "--header", "Subject: x", "--body", f"mail {n}"], capture_output=True, text=True, timeout=60)
            assert r.returncode == 0, (extra, r.stdout, r.stderr)
            assert ("TLSv1.3" in r.stdout) == ("--tls" in extra), r.stdout
            stored = len(re.findall(r"250 2.6.0 stored", r.stdout))
            assert stored == (2 if "LMTP" in extra else 1), r.stdout  # LMTP: one reply for each recipient
        assert texts(node) == sorted([f"mail {n}" for n in range(6)] * 2)
        source = shutil.which("smtp-source") or "/usr/sbin/smtp-source"
        r = subprocess.run([source, "-s", "20", "-m", "100", "-l", "4096", "-f", "bob@x.org", "-t", "support@demo.test",
                            f"127.0.0.1:{node.lmtp}"], capture_output=True, text=True, timeout=120)
        assert r.returncode == 0, r.stderr
        until("all of them", lambda: intake(node)["accepted"] == 112)


def test_openssl_checks_the_certificate():
    def checks():
        r = subprocess.run(["openssl", "s_client", "-starttls", "smtp", "-connect", f"127.0.0.1:{node.lmtp}", "-CAfile", node.cert,
                            "-verify_hostname", "localhost", "-verify_return_error", "-brief", "-crlf"], input=b"QUIT\n",
                           capture_output=True, timeout=30)
        return b"Verification: OK" in r.stderr and b"Protocol version: TLSv1.3" in r.stderr
    for isolated in (False, True):
        with Both(isolated) as node, contextlib.ExitStack() as kept:
            until("the mail port", checks)  # another process may still be about to listen
            before = kept.enter_context(socket.create_connection(("127.0.0.1", node.lmtp), 10))
            assert before.recv(4096).startswith(b"220 ")
            certificate(node.made)  # renewed: another key under the same name
            assert not checks()
            node.process.send_signal(signal.SIGHUP)
            until("the renewed certificate", checks)
            before.sendall(b"NOOP\r\n")
            assert before.recv(4096).startswith(b"250 "), "who was there has been cut off"


def test_nothing_said_in_clear_text_survives_starttls():
    with Both() as node:
        context = ssl.create_default_context(cafile=node.cert)
        with socket.create_connection(("127.0.0.1", node.lmtp), 10) as s:
            s.recv(4096)
            s.sendall(b"EHLO me\r\n")
            assert b"STARTTLS" in s.recv(4096)
            # An attacker on the way adds commands behind STARTTLS; they must not be answered inside TLS.
            s.sendall(b"STARTTLS\r\nMAIL FROM:<evil@x.org>\r\nRCPT TO:<support@demo.test>\r\n")
            assert s.recv(4096) == b"220 2.0.0 go ahead\r\n"
            with context.wrap_socket(s, server_hostname="localhost") as t:
                t.sendall(b"RCPT TO:<support@demo.test>\r\n")
                assert t.recv(4096).startswith(b"503 5.5.1"), "MAIL was said in clear text"
                t.sendall(b"EHLO me\r\n")
                heard = t.recv(4096)
                assert b"STARTTLS" not in heard and b"SIZE 300000" in heard, heard


def test_extensions():
    with Both() as node:
        heard = talk(node, b"EHLO me\r\n")
        for word in (b"PIPELINING", b"8BITMIME", b"SMTPUTF8", b"SIZE 300000", b"ENHANCEDSTATUSCODES"):
            assert word in heard, heard
        assert b"CHUNKING" not in heard and b"AUTH" not in heard, heard
        # CHUNKING is refused and its bytes are not taken for commands.
        heard = talk(node, b"EHLO me\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<support@demo.test>\r\nBDAT 26 LAST\r\nRCPT TO:<sales@demo.test>x")
        assert b"502 5.5.1 CHUNKING is not offered: use DATA" in heard and heard.count(b"250 2.1.5") == 1, heard
        # SIZE: told before the mail, or found out after it; the session goes on.
        heard = talk(node, b"EHLO me\r\nMAIL FROM:<a@x.org> SIZE=300001\r\n")
        assert b"552 5.3.4" in heard, heard
        big = b"From: a@x.org\r\n\r\n" + b"x" * 998 + b"\r\n"
        heard = talk(node, b"EHLO me\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<support@demo.test>\r\nDATA\r\n" + big + (b"y" * 998 + b"\r\n") * 310 + b".\r\n",
                     b"NOOP\r\n")
        assert b"552 5.3.4 mail too big" in heard, heard
        # SMTPUTF8 and 8BITMIME.
        with smtplib.SMTP("127.0.0.1", node.lmtp) as s:
            s.sendmail("анна@пример.рф", ["support@demo.test"], "From: анна@пример.рф\r\nSubject: привет\r\n\r\nпо-русски\r\n".encode(),
                       mail_options=["SMTPUTF8", "BODY=8BITMIME"])
        until("it", lambda: [c for c in node.waiting() if node.conv(c["id"])["messages"][0]["address"] == "анна@пример.рф"])
        i = intake(node)
        assert i["seen"] == i["accepted"] + i["refused"], i


def test_recipients_are_answered_one_by_one():
    with Both() as node:
        heard = talk(node, b"LHLO me\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<nobody@demo.test>\r\nRCPT TO:<support@demo.test>\r\n"
                     b"RCPT TO:<sales@demo.test>\r\nRCPT TO:<support+x@demo.test>\r\nDATA\r\n",
                     b"From: a@x.org\r\n\r\nhello\r\n.\r\n")
        assert heard.count(b"550 5.1.1") == 1 and heard.count(b"250 2.6.0 stored") == 3, heard
        # support@ and support+x@ are one mailbox: one message each for support and sales.
        until("both", lambda: intake(node)["accepted"] == 2)


def test_smuggling_by_smtp():
    start = b"EHLO me\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<support@demo.test>\r\nDATA\r\n"
    evil = b"MAIL FROM:<evil@x.org>\r\nRCPT TO:<support@demo.test>\r\nDATA\r\nFrom: evil@x.org\r\n\r\nsmuggled\r\n.\r\nQUIT\r\n"
    with Both() as node:
        for end in (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\r\n\x00.\r\n", b"\n\n.\r\n", b"\r\n.\r\r\n"):
            with socket.create_connection(("127.0.0.1", node.lmtp), 10) as s:
                s.settimeout(10)
                s.sendall(start + b"From: a@x.org\r\n\r\nfirst" + end + evil)
                heard = b""
                while True:
                    more = s.recv(65536)
                    if not more:
                        break
                    heard += more
            # Refused, or (a NUL in front of the dot) the lot of it is one mail: never two.
            assert heard.count(b"250 2.6.0") == (1 if b"\x00" in end else 0), (end, heard)
        assert "smuggled" not in [t for t in texts(node) if not t.startswith("first")], texts(node)


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
