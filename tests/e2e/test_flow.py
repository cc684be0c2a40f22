"""A day in small: a mail, a form and a chat come in, are offered by skill and segment, answered, and are one history."""
import base64
import email
import email.policy
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time

from usher import ROOT, Node, Sink, main, until

SECRET = b"test-secret-of-the-site"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def identity(secret=SECRET, **claims):
    """A JWT as the site would make it."""
    claims = {"exp": int(time.time()) + 300, "jti": "n1", **claims}
    signed = b64(b'{"alg":"HS256","typ":"JWT"}') + "." + b64(json.dumps(claims).encode())
    return signed + "." + b64(hmac.new(secret, signed.encode(), hashlib.sha256).digest())


def parse(mail):
    return email.message_from_bytes(mail.split(b"\n\n", 1)[0] + b"\n\n" + mail.split(b"\n\n", 1)[1],
                                    policy=email.policy.default)


def test_mail_is_offered_answered_and_threaded():
    node = Node(start=False)
    sink = Sink(node.smtp)
    node.start()
    with node, node.desk("bo") as bo:
        bo.available()
        mid = node.mail("My card is blocked.\r\nPlease help.", sender="Ann Lee <ann@x.org>", subject="Card blocked")
        offer = bo.accept()
        assert offer["subject"] == "Card blocked" and offer["channel"] == "support", offer
        conv = offer["conv"]
        bo.command("reply", conv=conv, text="It works again. Привет!")
        mail = until("the answer at the SMTP server", lambda: [m for m in sink.mails() if b"ann@x.org" in m])[0]
        message = parse(mail)
        assert message["In-Reply-To"] == mid, message["In-Reply-To"]
        assert mid in message["References"]
        assert message["Subject"] == "Re: Card blocked"
        assert "ann@x.org" in message["To"]
        assert "Привет!" in message.get_body(("plain",)).get_content()
        until("delivery sent", lambda: [m for m in node.conv(conv)["messages"] if m["direction"] == "out" and m["delivery"] == "sent"])
        # the customer's answer comes back into the same conversation
        node.mail("Thank you!", sender="Ann Lee <ann@x.org>", subject="Re: Card blocked",
                  headers=[f"In-Reply-To: {message['Message-ID']}", f"References: {mid} {message['Message-ID']}"])
        bo.expect("message", conv=conv, direction="in", text="Thank you!")
        texts = [m["text"] for m in node.conv(conv)["messages"]]
        assert len(texts) == 3 and texts[2] == "Thank you!", texts
        # a stranger who answers into the thread gets his own conversation
        node.mail("Me too", sender="eve@evil.test", headers=[f"In-Reply-To: {message['Message-ID']}"])
        other = bo.accept()
        assert other["conv"] != conv
        assert len(node.conv(conv)["messages"]) == 3
        bo.command("resolve", conv=conv, outcome="solved")
        assert node.conv(conv)["state"] in ("resolved", "wrapup")
    sink.close()


def test_chat_both_ways_resume_and_end():
    with Node() as node, node.desk("bo") as bo:
        bo.available()
        ann = node.chat(name="Ann")
        first = ann.say("hello there")
        offer = bo.accept()
        conv = offer["conv"]
        bo.expect("message", conv=conv, text="hello there")
        bo.command("reply", conv=conv, text="Hi Ann")
        got = ann.expect("msg", **{"from": "agent"})
        assert got["text"] == "Hi Ann" and got["name"] == "Bo Larsen", got
        assert ann.expect("msg", id=first)["from"] == "you"
        # said twice with one id: acknowledged twice, stored once
        ann.say("again", id="same")
        ann.frames = [f for f in ann.frames if f["t"] != "ack"]
        ann.say("again", id="same")
        # cut, and back with the number seen last
        ann.cut()
        bo.command("reply", conv=conv, text="while you were away")
        bo.command("note", conv=conv, text="secret note")
        back = node.chat(session=ann.session, seq=ann.seq)
        back.expect("msg", text="while you were away")
        assert [m["text"] for m in back.messages()] == ["while you were away"], back.messages()
        all_of_it = node.chat(session=ann.session)
        texts = [m["text"] for m in all_of_it.messages()]
        assert texts == ["hello there", "Hi Ann", "again", "while you were away"], texts
        back.send(t="typing")
        bo.expect("typing", conv=conv)
        bo.send(t="typing", conv=conv)
        back.expect("typing")
        back.send(t="end")
        back.expect("ended")
        bo.expect("conv", conv=conv, state="resolved")
        for v in (back, all_of_it):
            v.close()


def test_form_is_a_conversation_named_in_the_answer():
    with Node() as node, node.desk("bo") as bo:
        status, answer = node.form(key="k1", name="Ann", email="ann@x.org", subject="Limit", message="Raise my limit", topic="cards")
        assert status == 201 and len(answer["id"]) == 26, (status, answer)
        again, same = node.form(key="k1", name="Ann", email="ann@x.org", subject="Limit", message="Raise my limit", topic="cards")
        assert again in (200, 201) and same["id"] == answer["id"], (again, same)
        bo.available()
        offer = bo.accept()
        assert offer["queue"] == "cards" and offer["conv"] == answer["id"], offer
        assert len(node.conv(answer["id"])["messages"]) == 1
        assert node.json("explain", answer["id"])["decision"]["agent"] == "bo"
        bo.command("resolve", conv=answer["id"], outcome="solved")
        assert node.json("explain", answer["id"])["decision"]["decided_by"]


def test_premier_before_mass_and_only_to_the_skilled():
    with Node() as node, node.desk("eva") as eva, node.desk("bo") as bo:
        node.form(email="one@mass.test", message="first in time")
        node.form(email="two@premier.test", message="premier, second in time")
        node.form(email="three@mass.test", message="about cards", topic="cards")
        waiting = until("three to wait", lambda: [c for c in node.waiting()] if len(node.waiting()) == 3 else None)
        assert {c["segment"] for c in waiting} == {"premier", "mass"}
        bo.available()
        first = bo.accept()
        assert first["segment"] == "premier", first
        until("bo to be offered the others", lambda: len([f for f in bo.frames if f["t"] == "offer"]) >= 2)
        # eva speaks Russian only and knows no cards: English mail with no language is hers, cards never
        eva.available()
        time.sleep(0.5)
        assert not [f for f in eva.frames if f["t"] == "offer" and f["queue"] == "cards"]
        explained = node.ctl("explain", waiting[-1]["id"], "--json").stdout
        assert json.loads(explained)


def test_second_contact_with_a_proof_shows_the_first():
    with Node() as node, node.desk("bo") as bo:
        bo.available()
        node.mail("First, by mail", sender="Ann Lee <ann@x.org>",
                  headers=["Authentication-Results: mx.demo.test; dmarc=pass header.from=x.org"])
        bo.accept()
        ann = node.chat(identity=identity(email="ann@x.org", name="Ann Lee"))
        assert ann.expect("welcome")["verified"] is True
        ann.say("Second, by chat")
        bo.accept()
        card = node.json("customer", "ann@x.org")
        assert len(card["conversations"]) == 2, card
        assert {"kind": "email", "value": "ann@x.org", "verified": True} in [
            {k: i[k] for k in ("kind", "value", "verified")} for i in card["identities"]], card
        # a claim alone does not join her: a form that merely names her address
        status, answer = node.form(email="ann@x.org", message="I say I am Ann")
        assert status == 201
        claimed = node.conv(answer["id"])
        assert claimed["customer"] != card["id"], claimed
        ann.close()


def test_forged_or_expired_identity_is_refused():
    with Node() as node:
        for token in (identity(b"wrong", email="a@x.org"), identity(email="a@x.org", exp=1), identity(email="a@x.org", jti=None),
                      "a.b", b64(b'{"alg":"none"}') + "." + b64(b'{"email":"a@x.org"}') + "."):
            visitor = None
            try:
                visitor = node.chat(identity=token, expect="error")
                assert visitor.frames[0]["code"] == "identity", visitor.frames
            finally:
                if visitor:
                    visitor.close()


def test_a_chat_is_greeted_by_its_queue():
    with Node(config=os.path.join(ROOT, "conf/demo.yaml")) as node:
        ann = node.chat(lang="en")
        ann.say("my card is lost")
        greeting = ann.expect("msg", **{"from": "system"})
        assert "line for cards" in greeting["text"] and greeting["seq"] == 2, greeting
        again = node.chat(session=ann.session)
        assert [m["from"] for m in again.messages()] == ["you", "system"], again.messages()
        ann.close()
        again.close()


def test_swaks_delivers():
    with Node() as node:
        r = subprocess.run(["swaks", "--server", f"127.0.0.1:{node.lmtp}", "--protocol", "LMTP", "--to", "support@demo.test",
                            "--from", "ann@x.org", "--body", "by swaks"], capture_output=True, text=True, timeout=60)
        assert r.returncode == 0, r.stdout + r.stderr
        assert len(node.waiting()) == 1
        r = subprocess.run(["swaks", "--server", f"127.0.0.1:{node.lmtp}", "--protocol", "LMTP", "--to", "nobody@demo.test",
                            "--from", "ann@x.org"], capture_output=True, text=True, timeout=60)
        assert r.returncode != 0


def test_bounce_turns_the_message():
    node = Node(start=False)
    sink = Sink(node.smtp)
    node.start()
    with node, node.desk("bo") as bo:
        bo.available()
        node.mail("hello", sender="gone@x.org")
        conv = bo.accept()["conv"]
        bo.command("reply", conv=conv, text="answer")
        sent = until("the answer", lambda: sink.mails())[0]
        sender = next(line for line in sent.decode().splitlines() if line.lower().startswith("x-mail-args") or "MAIL FROM" in line.upper())
        verp = sender[sender.index("<") + 1:sender.index(">")]
        until("sent", lambda: [m for m in node.conv(conv)["messages"] if m["delivery"] == "sent"])
        report = "\r\n".join([
            "From: MAILER-DAEMON@mx.test", f"To: {verp}", "Subject: Undelivered", "Message-ID: <dsn1@mx.test>", "MIME-Version: 1.0",
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', "", "--b", "Content-Type: text/plain", "",
            "It failed.", "--b", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.test", "",
            "Final-Recipient: rfc822; gone@x.org", "Action: failed", "Status: 5.1.1", "Diagnostic-Code: smtp; 550 5.1.1 no such user",
            "", "--b--", ""]).encode()
        node.mail("", sender="<>", to=verp, raw=report)
        bounced = until("bounced", lambda: [m for m in node.conv(conv)["messages"] if m["delivery"] == "bounced"])
        assert bounced[0]["direction"] == "out"
        assert len(node.conv(conv)["messages"]) == 2
    sink.close()


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
