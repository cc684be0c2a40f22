"""Whatever the outside was told is kept, is kept: directly after the 250 of a bounce report, after "rated", "mailed" and the 201 of a form with a
confirmation, usherd and its Redis are killed. `ROUNDS=n` for each kind."""
import contextlib
import json
import os
import re
import signal
import socket
import sys
import tempfile
import threading
import time

from usher import ROOT, Node, Sink, main, until

ROUNDS = int(os.environ.get("ROUNDS", "2"))
FORM = """
  contact:
    plugin: form
    kind: email
    queue: general
    options:
      reply_by: support
      confirm: yes
      fill_time: 0
      rate: 0
      challenge: 0
      fields:
        - {name: mail, label: Mail, type: email, required: yes, map: identity}
        - {name: words, label: Message, type: long, required: yes, map: text}
rules:"""


@contextlib.contextmanager
def house(isolated=False):
    """A node with its mail server; a chat, a mailbox (in a process of its own) and a form that confirms."""
    with open(os.path.join(ROOT, "tests/lib/chat.yaml"), encoding="utf-8") as f:
        text = f.read().replace("\nrules:", FORM, 1)
    if isolated:
        text = text.replace("    plugin: email\n", "    plugin: email\n    isolated: yes\n", 1)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as config:
        config.write(text)
        config.flush()
        node = Node(config=config.name, start=False)
        with contextlib.closing(Sink(node.smtp)) as sink, node:
            node.start()
            yield node, sink


def crash(node):
    """Both at once, without a word, and back."""
    redis = node.redis_pid()
    node.process.send_signal(signal.SIGKILL)
    if redis:
        with contextlib.suppress(ProcessLookupError):
            os.kill(redis, signal.SIGKILL)
    node.process.wait()
    node.start()


def rounds(kind):
    began = time.monotonic()
    yield from range(ROUNDS)
    print(f"# {ROUNDS} x {kind}, killed, back: nothing lost or doubled in {time.monotonic() - began:.0f} s", flush=True)


def report(path):
    return ("From: MAILER-DAEMON@mx.test\r\nSubject: Undelivered\r\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=m\r\n\r\n--m\r\n\r\nSorry.\r\n"
            "--m\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.test\r\n\r\n"
            "Final-Recipient: rfc822; ann@x.org\r\nAction: failed\r\nStatus: 5.1.1\r\n"
            "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n--m--\r\n").encode(), path


def mails(sink, word):
    return [m for m in sink.mails() if word.encode() in m]


def return_path(mail):
    return re.search(rb"support\+b[^>\s]*", mail).group(0).decode()


def test_a_bounce_report_that_got_250():
    bounces(False)


def test_a_bounce_report_to_an_isolated_mailbox():
    bounces(True)


def listens(node):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", node.lmtp), 1).close()
        return True
    return False


def bounces(isolated):
    with house(isolated) as (node, sink):
        until("the mailbox to listen", lambda: listens(node))  # an isolated one begins after usherd is ready
        node.mail("hello")
        with node.desk("bo") as bo:
            bo.available()
            conv = bo.accept()["conv"]
        for i in rounds("bounce report"):
            with node.desk("bo") as bo:
                bo.command("reply", conv=conv, text=f"answer-{i}-")
                mail = until("the answer", lambda: mails(sink, f"answer-{i}-"))[0]
                until("sent", lambda: node.conv(conv)["messages"][-1]["delivery"] == "sent")
            raw, path = report(return_path(mail))
            until("the mailbox to listen", lambda: listens(node))
            node.mail("", sender="<>", to=path, raw=raw)
            crash(node)
            last = until("the bounce", lambda: node.serves() and [
                m for m in node.conv(conv)["messages"] if m["text"] == f"answer-{i}-" and m["delivery"] == "bounced"])
            assert last[0]["why"] == "5.1.1 no such user", last


def test_a_rating_that_was_thanked_for():
    with house() as (node, _):
        ann = node.chat()
        ann.say("hello")
        conv = node.waiting()[0]["id"]
        for i in rounds("rating"):
            score = i % 5 + 1
            ann.send(t="rate", id=f"r{i}", score=score, text=f"round {i}")
            ann.expect("rated", score=score)
            crash(node)
            ann.close()
            ann = node.chat(session=ann.session, seq=ann.seq)
            ann.send(t="rate", id=f"r{i}", score=score, text=f"round {i}")  # said again, as by a visitor who heard nothing
            ann.expect("rated", score=score)
            notes = until("the rating", lambda: [
                m["text"] for m in node.conv(conv)["messages"] if m["direction"] == "note" and m["text"].endswith(f"round {i}")])
            assert len(notes) == 1 and notes[0].startswith("★" * score), notes
            assert node.conv(conv)["rating"] == str(score)
        ann.close()


def test_a_transcript_that_is_on_its_way():
    with house() as (node, sink):
        ann = node.chat()
        ann.say("where is my card?")
        with node.desk("bo") as bo:
            bo.available()
            bo.command("reply", conv=bo.accept()["conv"], text="on its way")
            ann.expect("msg", text="on its way")
        for i in rounds("transcript"):
            ann.send(t="transcript", id=f"t{i}", email=f"ann{i}@x.org")
            ann.expect("mailed")
            crash(node)
            ann.close()
            ann = node.chat(session=ann.session, seq=ann.seq)
            ann.send(t="transcript", id=f"t{i}", email=f"ann{i}@x.org")
            ann.expect("mailed")
            one_mail(sink, f"ann{i}@x.org")
        ann.close()


def one_mail(sink, address):
    until(f"the mail to {address}", lambda: mails(sink, address), 30)
    time.sleep(0.3)
    ids = [re.search(rb"\nMessage-ID: *(\S+)", m, re.I).group(1) for m in mails(sink, address)]
    assert len(set(ids)) == 1, f"two mails to {address}: {ids}"


def test_a_form_that_was_taken_and_its_confirmation():
    with house() as (node, sink):
        for i in rounds("form with a confirmation"):
            post = {"mail": f"kim{i}@x.org", "words": f"round {i}"}
            status, first = node.form(key=f"k{i}", **post)
            assert status == 201, (status, first)
            crash(node)
            status, again = node.form(key=f"k{i}", **post)
            assert status in (200, 201) and again["id"] == first["id"], (first, again)
            kept = until("it to wait", lambda: node.serves() and [c for c in node.waiting() if c["id"] == first["id"]])
            assert [m["text"] for m in node.conv(kept[0]["id"])["messages"] if m["direction"] == "in"] == [f"round {i}"]
            one_mail(sink, f"kim{i}@x.org")


def test_nothing_is_told_while_the_disk_is_away():
    """Redis stands still: a bounce report, a rating and a transcript are answered after it goes on, or refused for now."""
    with house() as (node, sink):
        ann = node.chat()
        ann.say("hello")
        node.mail("hello")
        with node.desk("bo") as bo:
            bo.available()
            for _ in range(2):
                bo.command("reply", conv=bo.accept()["conv"], text="an answer")
        ann.expect("msg", text="an answer")
        path = return_path(until("the answer", lambda: mails(sink, "ann@x.org"))[0])
        conv = until("sent", lambda: [c for c in json.loads(node.ctl("customer", "email:ann@x.org", "--json").stdout)["conversations"]])[0]["id"]
        until("sent", lambda: node.conv(conv)["messages"][-1]["delivery"] == "sent")
        redis = node.redis_pid()
        os.kill(redis, signal.SIGSTOP)
        answers = []

        def bounce():
            with contextlib.suppress(Exception):
                raw, to = report(path)
                node.mail("", sender="<>", to=to, raw=raw)
                answers.append("250")
        mta = threading.Thread(target=bounce, daemon=True)
        mta.start()
        ann.send(t="rate", id="r1", score=5)
        ann.send(t="transcript", email="ann@x.org")
        time.sleep(1)
        assert not answers and not [f for f in ann.frames if f["t"] in ("rated", "mailed")], (answers, ann.frames[-3:])
        os.kill(redis, signal.SIGCONT)
        ann.expect("rated")
        ann.expect("mailed")
        mta.join(20)
        assert answers == ["250"]
        until("the bounce", lambda: [m for m in node.conv(conv)["messages"] if m["delivery"] == "bounced"])
        ann.close()


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
