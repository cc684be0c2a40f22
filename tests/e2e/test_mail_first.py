"""The first mail is an agent's: written at the desk, sent, answered by LMTP into the same conversation."""
import os
import sys

from test_mail_out import center, house, mails_to
from usher import Desk, Node, main, until


def wrote(desk, to="Kim@X.org", **more):
    """Writes it; the conversation."""
    fields = {"channel": "support", "to": to, "subject": "Your card is ready", "text": "{{dear}}! Come and fetch it.", **more}
    return desk.command("write", **fields)["conv"]


def refused(desk, code, *words, **fields):
    try:
        wrote(desk, **fields)
    except AssertionError as e:
        assert f"'code': '{code}'" in str(e) and all(w in str(e) for w in words), e
        return
    raise AssertionError(f"taken: {fields}")


def test_it_is_sent_and_its_answer_comes_home():
    with house() as (node, sink), node.desk("bo") as bo:
        boxes = bo.expect("snapshot")["mailboxes"]
        assert boxes == [{"channel": "support", "title": "support", "queue": "general"}], boxes
        bo.available()
        conv = wrote(bo, name="Kim Lee", cc=["boss@x.org"], bcc=["file@x.org"])
        sender, _, m = until("the mail", lambda: mails_to(sink, "kim@x.org"))[0]
        until("all copies", lambda: mails_to(sink, "boss@x.org") and mails_to(sink, "file@x.org"))
        assert m["Subject"] == "Your card is ready" and m["To"] == "kim@x.org" and m["Cc"] == "boss@x.org", m.as_string()
        assert m["In-Reply-To"] is None and m["Auto-Submitted"] is None and "file@x.org" not in m.as_string(), m.as_string()
        assert m.get_body(("plain",)).get_content().strip() == "Hello Kim Lee! Come and fetch it.", m.as_string()
        c = node.conv(conv)
        assert (c["state"], c["owner"], c["queue"]) == ("pending", "bo", "general"), c
        assert node.waiting() == [] and bo.expect("message", conv=conv, direction="out")["seq"] == 1
        # He answers, to the signed address and without any header that says to what.
        node.mail("When?", sender="kim@x.org", to=m["Reply-To"], subject="unrelated")
        bo.expect("message", conv=conv, direction="in", text="When?")
        until("the owner's turn", lambda: node.conv(conv)["state"] == "active")
        # The card has one conversation, and the next mail to him is of the same customer.
        other = wrote(bo, subject="Another matter")
        card = node.json("customer", "kim@x.org")
        assert sorted(x["id"] for x in card["conversations"]) == sorted([conv, other]), card
        assert card["name"] == "Kim Lee"
        bo.command("reply", conv=conv, text="Today")
        m = until("the reply", lambda: [x[2] for x in mails_to(sink, "kim@x.org") if "Today" in x[2].as_string()])[0]
        assert m["Subject"] == "Re: Your card is ready" and "> When?" in m.get_body(("plain",)).get_content(), m.as_string()
        # Nobody waited for our first words: the service level does not know of them.
        assert [q["answered"] for q in bo.expect("snapshot")["queues"] if q["queue"] == "general"] == [0]
        assert node.ctl("verify").returncode == 0 and node.ctl("replay").returncode == 0


def test_who_proved_his_address_answers_as_himself():
    with house() as (node, sink), node.desk("bo") as bo:
        bo.available()
        conv = wrote(bo)
        proof = ["Authentication-Results: mx.demo.test; dmarc=pass header.from=x.org"]
        token = until("the sent mail", lambda: mails_to(sink, "kim@x.org"))[0][2]["Reply-To"]
        # A stranger who got hold of the mail has a conversation of his own, whatever he claims to be.
        node.mail("I am somebody else", sender="eve@y.org", to=token)
        until("the stranger's own", lambda: len(node.waiting()) == 1)
        node.mail("It is me", sender="kim@x.org", to=token, headers=proof)
        bo.expect("message", conv=conv, direction="in", text="It is me")
        card = node.json("customer", node.conv(conv)["customer"])
        assert [i["verified"] for i in card["identities"] if i["value"] == "kim@x.org"] == [True], card
        # Written to the one who proved it, and answered without proof: by the signed address he is known all the same.
        second = wrote(bo, subject="Again")
        assert node.conv(second)["customer"] == card["id"]
        token = until("the second mail", lambda: [x[2] for x in mails_to(sink, "kim@x.org") if x[2]["Subject"] == "Again"])[0]["Reply-To"]
        node.mail("No proof today", sender="kim@x.org", to=token)
        bo.expect("message", conv=second, direction="in", text="No proof today")
        assert node.conv(second)["customer"] == card["id"]
        # Another without it is not he.
        node.mail("By name only", sender="kim@x.org")
        until("a conversation of its own", lambda: len(node.waiting()) == 2)


def test_what_cannot_be_written_is_refused_with_a_reason():
    with house() as (node, sink), node.desk("bo") as bo:
        bo.available()
        refused(bo, "invalid", "mail address", to="nobody")
        refused(bo, "invalid", "one line", subject="a\r\nBcc: all@x.org")
        refused(bo, "invalid", "nothing to say", text=" ")
        refused(bo, "unknown", "no channel", channel="chat")
        refused(bo, "unknown", "no such queue", queue="nowhere")
        refused(bo, "invalid", "customer.name", text="Dear {{customer.name}}")
        assert sink.mails() == [] and node.json("status")["active"] == 0


def test_html_is_quoted_as_the_desk_saw_it():
    with house() as (node, sink), node.desk("bo") as bo:
        bo.available()
        node.mail("<p>Where is <b>it</b>?</p>", sender="ann@x.org", headers=["Content-Type: text/html; charset=utf-8"])
        conv = bo.accept()["conv"]
        bo.command("reply", conv=conv, text="Here", seq=1, quoted_html="<p>Where is <b>it</b>?</p>")
        m = until("the answer", lambda: [x[2] for x in mails_to(sink, "ann@x.org")])[0]
        html = m.get_body(("html",)).get_content()
        assert "<p>Where is <b>it</b>?</p></blockquote>" in html, html
        assert "> Where is it?" in m.get_body(("plain",)).get_content(), m.as_string()
        # Another mail has come meanwhile: its words are quoted, not what the desk saw before.
        node.mail("And my pin?", sender="ann@x.org", headers=[f"In-Reply-To: {m['Message-ID']}"])
        bo.expect("message", conv=conv, direction="in", text="And my pin?")
        bo.command("reply", conv=conv, text="There", seq=1, quoted_html="<p>Where is <b>it</b>?</p>")
        m = until("the second", lambda: [x[2] for x in mails_to(sink, "ann@x.org") if "There" in x[2].as_string()])[0]
        assert "And my pin?" in m.as_string() and "<b>it</b>" not in m.as_string(), m.as_string()


def test_a_kill_sends_it_once():
    with house() as (node, sink), node.desk("bo") as bo:
        bo.available()
        conv = wrote(bo)
        node.kill()
        node.start()
        known = until("it is sent, or nobody can know", lambda: [
            x for x in [node.conv(conv)["messages"][0]["delivery"]] if x in ("sent", "unsure")])[0]
        mails = mails_to(sink, "kim@x.org")
        assert len(mails) == 1 if known == "sent" else len(mails) <= 1, (known, mails)
        assert node.conv(conv)["owner"] == "bo"


def test_where_it_is_not_allowed_nobody_may():
    config = center()
    with open(config, encoding="utf-8") as f:
        text = f.read()
    with open(config, "w", encoding="utf-8") as f:
        f.write(text.replace("    write: yes\n", ""))
    try:
        with Node(config=config) as node, Desk(node, "bo") as bo:
            assert bo.expect("snapshot")["mailboxes"] == []
            refused(bo, "unknown", "no channel")
    finally:
        os.unlink(config)


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
