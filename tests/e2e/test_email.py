"""Mail against a real usherd: real clients (swaks, smtp-source, raw sockets) in, a real SMTP server out."""
import contextlib
import email
import email.policy
import json
import os
import re
import shutil
import smtplib
import socket
import subprocess
import sys
import time

from usher import Node, Sink, main, until


def letter(text, subject="Help", sender="ann@x.org", headers=()):
    lines = [f"From: {sender}", "To: support@demo.test", f"Subject: {subject}", *headers, "", text]
    return "\r\n".join(lines).encode()


def talk(node, data, wait=b"", seconds=10):
    """Sends raw bytes over one connection; returns everything heard until `wait`, or the end."""
    with socket.create_connection(("127.0.0.1", node.lmtp), seconds) as s:
        s.settimeout(seconds)
        heard = b""
        s.sendall(data)
        while not (wait and wait in heard):
            piece = s.recv(65536)
            if not piece:
                break
            heard += piece
        return heard


def desk(node, name):
    node.start()
    return node.desk(name)


def intake(node):
    return node.json("status")["intake"]


def reconciles(node):
    """seen = accepted + duplicate + quarantined + refused, once nothing is under way."""
    def even():
        i = intake(node)
        return i if i["seen"] == i["accepted"] + i["duplicate"] + i["quarantined"] + i["refused"] else None
    return until("the intake to add up", even)


def message_of(raw):
    """A file of smtp-sink: its own X- lines first, line ends LF."""
    return email.message_from_bytes(raw, policy=email.policy.default)


def test_real_clients_deliver():
    if not shutil.which("swaks"):
        return
    with Node() as node:
        r = subprocess.run(["swaks", "--server", f"127.0.0.1:{node.lmtp}", "--protocol", "LMTP", "--from", "ann@x.org",
                            "--to", "support@demo.test", "--header", "Subject: by swaks", "--body", "hello"],
                           capture_output=True, text=True, timeout=60)
        assert r.returncode == 0, r.stdout
        source = shutil.which("smtp-source") or "/usr/sbin/smtp-source"
        r = subprocess.run([source, "-L", "-s", "20", "-m", "200", "-l", "4096", "-f", "bob@x.org", "-t", "support@demo.test",
                            f"127.0.0.1:{node.lmtp}"], capture_output=True, text=True, timeout=120)
        assert r.returncode == 0, r.stderr
        i = reconciles(node)
        assert i["accepted"] == 201, i


def test_the_same_mail_twice_is_one():
    with Node() as node:
        for _ in range(3):
            node.mail("once", mid="<same@x.org>")
        node.mail("another text under the same id", mid="<same@x.org>")
        i = reconciles(node)
        assert i["seen"] == 4 and i["duplicate"] == 2 and i["accepted"] == 2, i


def test_smuggling_ends_the_session():
    start = b"LHLO me\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<support@demo.test>\r\nDATA\r\n"
    evil = b"MAIL FROM:<evil@x.org>\r\nRCPT TO:<support@demo.test>\r\nDATA\r\nFrom: evil@x.org\r\n\r\nsmuggled\r\n.\r\nQUIT\r\n"
    with Node() as node:
        for end in (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n"):
            heard = talk(node, start + b"From: a@x.org\r\n\r\nfirst" + end + evil)
            assert b"\r\n554 5.6.0 bare CR or LF" in heard, (end, heard)
            assert b"2.6.0" not in heard, (end, heard)
        heard = talk(node, b"LHLO me\nNOOP\r\n")
        assert heard.splitlines()[-1].startswith(b"500 5.5.2"), heard
        assert intake(node)["accepted"] == 0
        assert node.waiting() == []


def test_too_complex_is_kept_and_shown():
    with Node() as node, node.desk("bo") as bo:
        bo.available()
        bomb = letter("--b\r\n\r\n" * 200000, subject="bomb", headers=["Content-Type: multipart/mixed; boundary=b"])
        began = time.monotonic()
        node.mail("", raw=bomb)
        assert time.monotonic() - began < 10
        assert reconciles(node)["quarantined"] == 1
        conv = bo.accept()["conv"]
        assert "too many parts" in str(node.conv(conv)), node.conv(conv)
        node.mail("", raw=b"no headers at all\r\n")
        assert reconciles(node)["quarantined"] == 2


def test_quarantine_is_listed_shown_and_read_again():
    with Node() as node, node.desk("bo") as bo:
        bo.available()
        parts = "".join(f"--b\r\nContent-Type: text/plain; name=f{n}.txt\r\n\r\nfile {n}\r\n" for n in range(199))
        long = "Content-Type: multipart/mixed; boundary=b"
        mail = letter(f"--b\r\n\r\nWhere is my card?\r\n{parts}--b\r\n\r\nlast\r\n--b--\r\n", subject="many files",
                      headers=[long, "Message-ID: <many@x.org>"])
        node.mail("", raw=mail)
        node.mail("", raw=b"no headers at all\x07\r\n")
        assert reconciles(node)["quarantined"] == 2
        held = node.json("quarantine")
        assert held["quarantined"] == 2 and [m["why"][:11] for m in held["messages"]] == ["not a mail:", "too complex"], held
        bad, many = held["messages"]
        assert (many["from"], many["subject"]) == ("ann@x.org", "many files"), many
        assert "Where is my card?" in node.ctl("quarantine", "show", many["id"]).stdout
        assert "no headers at all" in node.ctl("quarantine", "show", bad["id"]).stdout
        r = node.ctl("quarantine", "retry", bad["id"], check=False)
        assert r.returncode == 1 and "still cannot be understood: not a mail" in r.stderr, r
        # One click: limits are wider for what a person has looked at; it joins the conversation where it was seen.
        understood = node.json("quarantine", "retry", many["id"])["understood"]
        messages = until("both", lambda: [m for m in [node.conv(many["conv"])["messages"]] if len(m) == 2])[0]
        assert messages[1]["id"] == understood and "Where is my card?" in messages[1]["text"], messages[1]
        assert len(messages[1]["parts"]) == 199, len(messages[1]["parts"])
        assert [m["id"] for m in node.json("quarantine")["messages"]] == [bad["id"]]
        r = node.ctl("quarantine", "retry", many["id"], check=False)
        assert r.returncode == 1 and "is not in quarantine" in r.stderr, r
        i = reconciles(node)
        assert (i["seen"], i["accepted"], i["quarantined"]) == (3, 1, 2), i
        # The list outlives the process.
        node.kill()
        node.start()
        assert [m["id"] for m in node.json("quarantine")["messages"]] == [bad["id"]]


def test_quarantine_is_for_supervisors():
    with Node() as node:
        node.mail("", raw=b"no headers <script>alert(1)</script>\x07\r\n")
        held = until("it", lambda: node.json("quarantine")["messages"])[0]
        with open(os.path.join(node.data, "first-passwords.txt"), encoding="utf-8") as f:
            passwords = dict(line.split() for line in f)
        json_type = {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{node.http}"}

        def as_user(user):
            login = json.dumps({"user": user, "password": passwords[user]})
            _, headers, _ = node.request("POST", "/api/v1/login", login, json_type)
            return {**json_type, "Cookie": headers["set-cookie"].split(";")[0]}
        path = f"/api/v1/quarantine/{held['id']}"
        bo, sam = as_user("bo"), as_user("sam")
        assert node.request("GET", "/api/v1/quarantine", headers=bo)[0] == 403
        assert node.request("GET", f"{path}/source", headers=bo)[0] == 403
        assert node.request("POST", f"{path}/retry", "{}", bo)[0] == 403
        status, _, body = node.request("GET", "/api/v1/quarantine", headers=sam)
        assert status == 200 and [m["id"] for m in json.loads(body)["messages"]] == [held["id"]], body
        status, headers, body = node.request("GET", f"{path}/source", headers=sam)
        assert status == 200 and headers["content-type"] == "text/plain; charset=utf-8" and b"<script>" in body, (status, headers)
        assert headers["x-content-type-options"] == "nosniff" and "sandbox" in headers["content-security-policy"], headers
        status, headers, body = node.request("GET", f"{path}/source?download=1", headers=sam)
        assert headers["content-disposition"].startswith("attachment") and b"\x07" in body, headers
        status, _, body = node.request("POST", f"{path}/retry", "{}", sam)
        assert status == 409 and b"does not start with headers" in body, body
        assert node.request("GET", "/api/v1/quarantine/01JAAAAAAAAAAAAAAAAAAAAAAA/source", headers=sam)[0] == 404


def test_russian_both_ways():
    node = Node(start=False)
    with contextlib.closing(Sink(node.smtp)) as sink, node, desk(node, "bo") as bo:
        bo.available()
        raw = letter("", subject="=?koi8-r?B?" "+sHLwdo=" "?=", sender="=?utf-8?B?0JDQvdC90LA=?= <ann@x.org>",
                     headers=["Message-ID: <r1@x.org>", "Content-Type: text/plain; charset=windows-1251",
                              "Content-Transfer-Encoding: 8bit"]) + "Где мой заказ?\r\n\r\nОтправлено с iPhone\r\n".encode("cp1251")
        node.mail("", raw=raw)
        offer = bo.accept()
        assert offer["subject"] == "Заказ", offer
        conv = offer["conv"]
        assert node.conv(conv)["messages"][0]["text"] == "Где мой заказ?", node.conv(conv)
        bo.command("reply", conv=conv, text="Он в пути, ждите его в среду.")
        mail = until("the answer", lambda: [m for m in sink.mails() if b"ann@x.org" in m])[0]
        message = message_of(mail[mail.index(b"From:"):])
        assert message["Subject"] == "Re: Заказ", message["Subject"]
        assert "ждите его в среду" in message.get_body(("plain",)).get_content()
        assert message["Reply-To"].addresses[0].addr_spec.startswith("support+c"), message["Reply-To"]
        # An answer to the signed address, from a program that keeps no References, joins.
        node.mail("Спасибо", to=message["Reply-To"].addresses[0].addr_spec, subject="без темы")
        bo.expect("message", conv=conv, direction="in", text="Спасибо")


def test_a_bounce_is_shown_on_the_message():
    node = Node(start=False)
    with contextlib.closing(Sink(node.smtp)) as sink, node, desk(node, "bo") as bo:
        bo.available()
        node.mail("hello")
        conv = bo.accept()["conv"]
        bo.command("reply", conv=conv, text="an answer")
        mail = until("the answer", lambda: [m for m in sink.mails() if b"ann@x.org" in m])[0]
        path = re.search(rb"<(support\+b[^>]*)>|X-Mail-Args: *<?(support\+b[^>\s]*)", mail)
        assert path, mail[:400]
        path = (path.group(1) or path.group(2)).decode()
        until("sent", lambda: [m for m in node.conv(conv)["messages"] if m["delivery"] == "sent"])
        report = ("From: MAILER-DAEMON@mx.test\r\nSubject: Undelivered\r\n"
                  "Content-Type: multipart/report; report-type=delivery-status; boundary=m\r\n\r\n--m\r\n\r\nSorry.\r\n"
                  "--m\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.test\r\n\r\n"
                  "Final-Recipient: rfc822; ann@x.org\r\nAction: %s\r\nStatus: %s\r\n"
                  "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n--m--\r\n")
        for action, status in (("delayed", "4.4.1"), ("failed", "5.1.1")):
            with smtplib.LMTP("127.0.0.1", node.lmtp, local_hostname="mx.test") as s:
                s.sendmail("", [path], (report % (action, status)).encode())
            if action == "delayed":
                time.sleep(0.3)
                assert not [m for m in node.conv(conv)["messages"] if m["delivery"] == "bounced"]
        bounced = until("the bounce on the message", lambda: [m for m in node.conv(conv)["messages"] if m["delivery"] == "bounced"])
        assert bounced[0]["why"] == "5.1.1 no such user", bounced
        assert len(node.conv(conv)["messages"]) == 2 and not node.waiting()
        assert intake(node)["seen"] == 3


def test_a_server_that_is_away_is_tried_again():
    node = Node(start=False)
    node.start()
    with node, node.desk("bo") as bo:
        bo.available()
        node.mail("hello")
        conv = bo.accept()["conv"]
        bo.command("reply", conv=conv, text="an answer that must arrive")
        time.sleep(1)
        with contextlib.closing(Sink(node.smtp)) as sink:
            until("the answer", lambda: [m for m in sink.mails() if b"an answer that must arrive" in m], 60)
            until("sent", lambda: [m for m in node.conv(conv)["messages"] if m["delivery"] == "sent"])
            time.sleep(1)
            assert len([m for m in sink.mails() if b"an answer that must arrive" in m]) == 1


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
