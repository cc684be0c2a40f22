"""Mailboxes polled by IMAP: a real usherd, a real Dovecot, and a provider of tokens."""
import os
import socket
import sys
import threading
import time

from mailpeers import Dovecot, Tokens
from usher import ROOT, Node, main, until

CONFIG = os.path.join(ROOT, "tests/lib/imap.yaml")


def node_of(dovecot, start=True, **env):
    """Polls help@ as `env` says, and sales@ of the same server unless IMAP_URL2 names another."""
    url = f"imap://127.0.0.1:{dovecot.port}"
    return Node(config=CONFIG, start=start, env={"IMAP_URL": url, "IMAP_URL2": url, "IMAP_PASSWORD": "secret", **env})


def intake(node):
    return node.json("status")["intake"]


def channel(node):
    return node.json("status")["channels"][0]


def accepted(node, n, seconds=20):
    until(f"{n} mails accepted", lambda: intake(node)["accepted"] == n, seconds)
    i = intake(node)
    assert i["seen"] == i["accepted"] + i["duplicate"] + i["quarantined"] + i["refused"], i
    return i


def texts(node):
    """Of all that waits, each mail's text."""
    return sorted(m["text"] for c in node.waiting() for m in node.conv(c["id"])["messages"])


def test_mails_are_taken_and_marked():
    with Dovecot() as dovecot, node_of(dovecot) as node:
        for n in range(3):
            dovecot.put("help", f"text {n}", subject=f"mail {n}", mid=f"<{n}@x.org>")
        dovecot.put("sales", "to sales", subject="an offer")
        accepted(node, 4)
        seen = until("the marks", lambda: [x for x in [dovecot.flags("help")] if all("\\Seen" in f for _, f, _ in x)])[0]
        assert len(seen) == 3, seen
        assert texts(node) == ["text 0", "text 1", "text 2", "to sales"]
        # A restart goes on behind the cursor: no mail is fetched again, and what came meanwhile is taken.
        node.stop()
        dovecot.put("help", "later", subject="mail 3")
        node.start()
        i = accepted(node, 1)
        assert i["seen"] == 1, i
        assert len(node.waiting()) == 5


def test_moved_after_the_store():
    with Dovecot() as dovecot, node_of(dovecot, IMAP_AFTER="move", IMAP_MOVE_TO="Done") as node:
        dovecot.put("help", "one", subject="mail 1", raw=None)
        dovecot.put("help", "two", subject="mail 2")
        accepted(node, 2)
        until("both in Done", lambda: [s for _, _, s in dovecot.flags("help", "Done")] == ["mail 1", "mail 2"])
        assert dovecot.flags("help") == []
        assert channel(node)["up"], channel(node)


def test_a_wrong_folder_is_told_and_holds_up_nothing():
    with Dovecot() as dovecot, node_of(dovecot, IMAP_AFTER="move", IMAP_MOVE_TO="No such % \"folder\"") as node:
        dovecot.put("help", "one", subject="mail 1")
        dovecot.put("help", "two", subject="mail 2")
        accepted(node, 2)
        until("the reason", lambda: not channel(node)["up"] and "doesn't exist" in channel(node)["why"])
        assert intake(node)["seen"] == 2


def test_a_broken_mailbox_stops_no_other():
    with Dovecot() as dovecot, node_of(dovecot, IMAP_PASSWORD="wrong") as node:
        until("the alarm", lambda: not channel(node)["up"])
        assert "imap help INBOX: Login denied" in channel(node)["why"], channel(node)
        dovecot.put("sales", "to sales", subject="an offer")
        accepted(node, 1)
    # A server that takes the connection and then says nothing.
    with Dovecot() as silent, Dovecot() as dovecot:
        silent.pause()
        with node_of(silent, IMAP_URL2=f"imap://127.0.0.1:{dovecot.port}") as node:
            dovecot.put("sales", "to sales", subject="an offer")
            accepted(node, 1)
            began = time.monotonic()
            assert node.stop() == 0
            assert time.monotonic() - began < 8, "a mailbox that hangs holds up the stop"


def test_a_server_that_dies_and_comes_back():
    with Dovecot() as dovecot, node_of(dovecot) as node:
        dovecot.put("help", "one", subject="mail 1")
        accepted(node, 1)
        dovecot.kill()
        until("the alarm", lambda: not channel(node)["up"])
        dovecot.start()
        dovecot.put("help", "two", subject="mail 2")
        accepted(node, 2, 30)
        until("up again", lambda: channel(node)["up"])
        assert intake(node)["seen"] == 2


def test_another_uidvalidity_doubles_nothing():
    with Dovecot() as dovecot, node_of(dovecot) as node:
        for n in range(3):
            dovecot.put("help", f"text {n}", subject=f"mail {n}")
        accepted(node, 3)
        dovecot.renew("help")
        dovecot.put("help", "new", subject="mail 3")
        until("all read again", lambda: intake(node)["seen"] == 7, 30)
        i = accepted(node, 4)
        assert i["duplicate"] == 3, i
        assert texts(node) == ["new", "text 0", "text 1", "text 2"]


def test_kill_in_the_middle_loses_and_doubles_nothing():
    with Dovecot() as dovecot, node_of(dovecot, start=False) as node:
        for n in range(40):
            dovecot.put("help", f"text {n:02}")
        for wait in (0.1, 0.3, 0.2):
            node.start()
            time.sleep(wait)
            node.kill()
        node.start()
        until("all marked", lambda: all("\\Seen" in f for _, f, _ in dovecot.flags("help")), 30)
        until("all there", lambda: len(node.waiting()) == 40, 30)
        time.sleep(1.2)
        assert texts(node) == [f"text {n:02}" for n in range(40)]


def test_too_large_is_shown_with_its_headers():
    with Dovecot() as dovecot, node_of(dovecot) as node, node.desk("bo") as bo:
        bo.available()
        dovecot.put("help", "x" * 300000, subject="a large one")
        until("quarantined", lambda: intake(node)["quarantined"] == 1)
        offer = bo.accept()
        assert offer["subject"] == "a large one", offer
        assert "at most 200000" in node.conv(offer["conv"])["messages"][0]["quarantine"]


class Liar:
    """An IMAP server that has `mails` {uid: bytes}, says of each that it has 50 bytes, and never gives the whole of one in `stuck`."""

    def __init__(self, mails, stuck=()):
        self.mails, self.stuck, self.stop, self.heard = mails, set(stuck), threading.Event(), []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            print("# heard and said:", *self.heard, sep="\n#   ", flush=True)
        self.stop.set()
        self.socket.close()

    def accept(self):
        try:
            while True:
                threading.Thread(target=self.serve, args=(self.socket.accept()[0],), daemon=True).start()
        except OSError:
            pass  # closed: the test is over

    def serve(self, peer):
        try:
            with peer, peer.makefile("rwb") as f:
                f.write(b"* OK [CAPABILITY IMAP4rev1] here\r\n")
                f.flush()
                for line in f:
                    tag, _, command = line.decode().strip().partition(" ")
                    self.heard.append((round(time.time(), 3), peer.getpeername()[1], line))
                    for piece in self.answer(command.upper()):
                        self.heard.append((round(time.time(), 3), peer.getpeername()[1], piece[:100]))
                        f.write(piece)
                    f.write(f"{tag} OK done\r\n".encode())
                    f.flush()
        except OSError:
            pass  # cut off, as it deserves

    def answer(self, command):
        if command.startswith("CAPABILITY"):
            yield b"* CAPABILITY IMAP4rev1\r\n"
        elif command.startswith("SELECT"):
            yield b"* 2 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n"
        elif command.startswith("UID FETCH") and "RFC822.SIZE" in command:
            above = int(command.split()[2].split(":")[0])
            assert 0 < above < 2**32, command
            yield b"* 1 FETCH (FLAGS (\\Seen) UID 1)\r\n* 1 FETCH (UID 77777777777 RFC822.SIZE 50)\r\n"
            for n, uid in enumerate(sorted(self.mails, reverse=True)):  # in no order, as it may
                if uid >= above or n == 0:
                    yield f"* {n + 1} FETCH (UID {uid} RFC822.SIZE 50)\r\n".encode()
        elif command.startswith("UID FETCH"):
            uid = int(command.split()[2])
            mail = self.mails[uid]
            if "HEADER" in command:
                mail = mail.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            elif uid in self.stuck:
                yield f"* {uid} FETCH (UID {uid} BODY[] {{{len(mail)}}}\r\n".encode() + mail[:5]
                self.stop.wait(20)
                raise OSError("it hung")
            yield f"* {uid} FETCH (UID {uid} BODY[] {{{len(mail)}}}\r\n".encode() + mail + b")\r\n"


def test_a_mail_larger_than_was_said_holds_up_nothing():
    mails = {1: b"Subject: a lie\r\n\r\n" + b"x" * 300000, 2: b"From: a@x.example\r\nSubject: behind it\r\n\r\nhello\r\n"}
    with Dovecot() as dovecot, Liar(mails) as liar, node_of(dovecot, IMAP_URL2=f"imap://127.0.0.1:{liar.port}") as node:
        accepted(node, 1)
        assert intake(node)["quarantined"] == 1, intake(node)
        assert "hello" in "".join(texts(node))


def test_a_mail_that_never_comes_holds_up_nothing():
    mails = {1: b"From: a@x.example\r\nSubject: never\r\nMessage-ID: <1@x>\r\n\r\nat last\r\n",
             2**32 - 1: b"From: b@x.example\r\nSubject: behind it\r\n\r\nhello\r\n"}
    with Dovecot() as dovecot, Liar(mails, stuck=[1]) as liar:
        with node_of(dovecot, IMAP_URL2=f"imap://127.0.0.1:{liar.port}", IMAP_TIMEOUT2="1") as node:
            until("the alarm", lambda: "imap sales INBOX" in channel(node)["why"])
            accepted(node, 1)
            assert intake(node)["quarantined"] == 1, intake(node)
            assert "hello" in "".join(texts(node))
            # Its headers are here, so that somebody may ask; the mail itself still does not come.
            held = node.json("quarantine")["messages"]
            assert [m["subject"] for m in held] == ["never"] and "in 3 tries" in held[0]["why"], held
            r = node.ctl("quarantine", "retry", held[0]["id"], check=False)
            assert r.returncode == 1, r
            liar.stuck.clear()
            node.ctl("quarantine", "retry", held[0]["id"])
            i = accepted(node, 2)
            assert i["quarantined"] == 1 and not node.json("quarantine")["messages"], i
            assert "at last" in "".join(texts(node))
            # The last number there is: said, and asked for nothing above it.
            until("the alarm", lambda: "UID 4294967295" in channel(node)["why"])


def test_an_answer_finds_its_conversation():
    with Dovecot() as dovecot, node_of(dovecot) as node, node.desk("bo") as bo:
        bo.available()
        dovecot.put("help", "where is my card?", subject="card", mid="<card@x.org>")
        conv = bo.accept()["conv"]
        dovecot.put("help", "and my pin?", subject="unrelated", headers=["In-Reply-To: <card@x.org>"])
        bo.expect("message", conv=conv, direction="in", text="and my pin?")
        # An empty return path is a robot's.
        dovecot.put("help", "out of office", subject="away", sender="", headers=["In-Reply-To: <card@x.org>", "X-Real: 1"],
                    raw=b"Return-Path: <>\r\nFrom: ann@x.org\r\nTo: support@demo.test\r\nIn-Reply-To: <card@x.org>\r\n\r\naway\r\n")
        until("the robot's mail", lambda: any(m["text"] == "away" and m.get("automatic") for m in node.conv(conv)["messages"]))


def test_xoauth2_is_refreshed_before_it_ends():
    with Tokens(life=2) as tokens, Dovecot(tokens) as dovecot:
        env = {"IMAP_PASSWORD": "", "OAUTH_URL": f"http://127.0.0.1:{tokens.port}/token", "OAUTH_CLIENT": "usher",
               "OAUTH_SECRET": "shh", "OAUTH_REFRESH": "refresh-0"}
        with node_of(dovecot, **env) as node:
            dovecot.put("help", "by token", subject="mail 1")
            accepted(node, 1)
            until("a second token, fetched before the first had ended", lambda: len(tokens.given) >= 2)
            assert channel(node)["up"], channel(node)
            # The provider gives a new refresh token each time: the latest outlives a restart.
            node.stop()
            node.start()
            dovecot.put("help", "again", subject="mail 2")
            accepted(node, 1)
            # Revoked, and the connection lost: refused once, fetched anew.
            tokens.life = 3600
            until("a long token", lambda: len(tokens.given) >= 4)
            tokens.revoke()
            dovecot.kill()
            dovecot.start()
            dovecot.put("help", "third", subject="mail 3")
            accepted(node, 2, 30)
            # The provider refuses: told with its word.
            tokens.broken = True
            tokens.revoke()
            dovecot.kill()
            dovecot.start()
            until("the reason", lambda: "invalid_client" in channel(node)["why"], 30)


def test_tls_is_checked():
    with Dovecot(tls=True) as dovecot:
        url = f"imap://localhost:{dovecot.port}"
        with node_of(dovecot, IMAP_URL=url, IMAP_URL2=url, IMAP_STARTTLS="require") as node:
            until("the alarm", lambda: "certificate" in channel(node)["why"])
        with node_of(dovecot, IMAP_URL=url, IMAP_URL2=url, IMAP_STARTTLS="require", IMAP_CA=dovecot.ca) as node:
            dovecot.put("help", "behind TLS")
            accepted(node, 1)
            assert channel(node)["up"], channel(node)


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
