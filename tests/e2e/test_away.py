"""A chat visitor leaves, the agent answers: one mail with what he has not seen, his answer in the same conversation, nothing twice."""
import contextlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time

from test_chat import identity
from test_identity import Browser, write
from test_mail_out import mails_to
from test_told import report
from usher import CENTER, Node, Sink, main, until

ROUNDS = int(os.environ.get("ROUNDS", "2"))
PROOF = ["Authentication-Results: mx.demo.test; dmarc=pass header.from=x.org"]
CHAT = "  chat: {plugin: chat, kind: chat, queue: general, away_mail: "

# A mailbox in any language: it tells what it is given to carry, and that it went. Each line of another file is an answer to the last letter: who, what.
CARRIER = r'''
import json, os, select, sys
letter, read, rest = {}, 0, b""
def say(**line):
    print(json.dumps(line), flush=True)
while True:
    lines = []
    if select.select([0], [], [], 0.05)[0]:
        *lines, rest = (rest + (os.read(0, 65536) or sys.exit())).split(b"\n")
    else:
        with open(sys.argv[2], encoding="utf-8") as f:
            for who, what, refs in list(map(json.loads, f))[read:]:
                read += 1
                say(t="in", id=f"answer {read}", thread=f"mail {read}", text=what, refs=["conv:" + letter["conv"]] if refs else [], **{"from": {"kind": "email", "value": who}})
    for m in map(json.loads, lines):
        if m["t"] == "hello":
            say(t="ready")
        elif m["t"] == "ping":
            say(t="pong")
        elif m["t"] == "send":
            letter = m
            with open(sys.argv[1], "a", encoding="utf-8") as f:
                f.write(json.dumps(m) + "\n")
            say(t="sent", id=m["id"], outcome="ok")
'''


@contextlib.contextmanager
def configured(away_mail, isolated=False):
    """The tests' center with this away_mail; a visitor has left after a second."""
    with open(CENTER, encoding="utf-8") as f:
        lines = f.read().replace("write: yes", "isolated: yes" if isolated else "write: yes").split("\n")
    at = [i for i, line in enumerate(lines) if line.startswith("  chat: {plugin")][0]
    lines[at] = f"{CHAT}{away_mail}, options: {{identity_secret: test-secret-of-the-site, grace: 1}}}}"
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as out:
        out.write("\n".join(lines))
        out.flush()
        yield out.name, at + 1


@contextlib.contextmanager
def away(after="2s", isolated=False):
    with configured(f"{{mailbox: support, after: {after}}}", isolated) as (config, _):
        node = Node(config=config, start=False)
        with contextlib.closing(Sink(node.smtp)) as sink, node:
            node.start()
            yield node, sink


def visitor(node, email="ann@x.org", **hello):
    return node.chat(fields={"name": "Ann", "email": email}, **hello)


def wrote(node, bo, text="Where is it?", **who):
    """A visitor asks and goes; his conversation, accepted, and his session."""
    ann = visitor(node, **who)
    ann.say("Hello")
    conv = bo.accept()["conv"]
    bo.command("reply", conv=conv, text="I look")
    ann.send(t="seen", seq=ann.expect("msg", text="I look")["seq"])
    ann.say(text)
    ann.close()
    bo.expect("conv", conv=conv, visitor_left=True)
    return conv, ann


def mailed(sink, to="ann@x.org"):
    return [m for _, _, m in mails_to(sink, to)]


def body(m):
    return m.get_body(("plain",)).get_content()


def last(node, conv):
    return node.conv(conv)["messages"][-1]


def test_one_mail_with_what_he_has_not_seen_and_his_answer_comes_home():
    with away() as (node, sink), node.desk("bo") as bo:
        _, known = write(node, "An older letter")  # whoever has that address; it waits, for nobody is available
        bo.available()
        bo.accept()
        conv, ann = wrote(node, bo, "My secret text")
        bo.command("reply", conv=conv, text="It is on its way")
        told = bo.expect("conv", conv=conv, mail_to="ann@x.org", visitor_left=True, skip=0)
        until("the time at the desk", lambda: [f for f in bo.frames if f.get("t") == "conv" and f.get("mail_at_ms")])
        bo.command("reply", conv=conv, text="Tomorrow, I think")
        m = until("the mail", lambda: mailed(sink))[0]
        assert told["conv"] == conv
        text = body(m)
        assert text.index("It is on its way") < text.index("Tomorrow, I think") and "Bo Larsen" in text, text
        assert "I look" not in text and "secret" not in m.as_string() and "Ann" not in m.as_string(), m.as_string()
        assert m["Auto-Submitted"] is None and m["To"] == "ann@x.org" and "support+c" in m["Reply-To"], m.as_string()
        said = until("it at the desk", lambda: [x for x in [last(node, conv)] if x["delivery"] == "sent" and "recipients" in x])[0]
        assert said["text"] == "Tomorrow, I think" and said["recipients"][0]["address"] == "ann@x.org", said
        assert abs(said["recipients"][0]["at_ms"] / 1000 - time.time()) < 60 and said["recipients"][0]["role"] == "mail"
        # He answers by mail: here, though he is not in the chat; nobody's card gets the address.
        node.mail("Thank you!", to=m["Reply-To"], headers=PROOF)
        heard = bo.expect("message", conv=conv, direction="in", text="Thank you!")
        assert heard["channel"] == "support", heard
        card = Browser(node, "sue", "supervisor").card(node.conv(conv)["customer"])
        assert [i["kind"] for i in card["identities"]] == ["chat"], card
        assert [s["id"] for s in card["suggestions"]] == [known], card
        assert last(node, conv)["channel"] == "support"
        # What is said now goes to him as well; his chat has all of it when he is back, but what came by mail: who claims an address reads no letters of its owner.
        bo.command("reply", conv=conv, text="You are welcome")
        second = until("the second mail", lambda: [x for x in mailed(sink) if "welcome" in body(x)])[0]
        assert "on its way" not in body(second) and second["In-Reply-To"], second.as_string()
        back = node.chat(session=ann.session)
        until("all of it", lambda: [x["text"] for x in back.messages()] == [
            "Hello", "I look", "My secret text", "It is on its way", "Tomorrow, I think", "You are welcome"])
        back.close()
        assert "usher_away_mails_total 2" in node.request("GET", "/metrics", port=node.admin)[2].decode()
        assert node.ctl("verify").returncode == 0 and node.ctl("replay").returncode == 0


def test_who_is_back_in_time_or_reads_it_elsewhere_is_not_mailed():
    with away() as (node, sink), node.desk("bo") as bo:
        bo.available()
        conv, ann = wrote(node, bo)
        bo.command("reply", conv=conv, text="First")
        tab = node.chat(session=ann.session)  # another tab, or device, of the same session
        bo.expect("conv", conv=conv, visitor_left=False, mail_at_ms=None)
        tab.send(t="seen", seq=tab.expect("msg", text="First")["seq"])
        tab.close()
        other, bob = wrote(node, bo, email="bob@x.org")
        bo.command("reply", conv=other, text="For Bob")
        until("the mail to who stayed away", lambda: mailed(sink, "bob@x.org"))
        time.sleep(1)
        assert not mailed(sink), mailed(sink)[0].as_string()
        # He is here and looks elsewhere: he has a tab, so he is told there; when he goes without having looked, he is mailed.
        tab = node.chat(session=ann.session)
        bo.command("reply", conv=conv, text="Unread")
        tab.expect("msg", text="Unread")
        time.sleep(2.5)
        assert not mailed(sink)
        tab.close()
        assert "Unread" in body(until("the mail", lambda: mailed(sink))[0])


def test_who_left_while_usher_was_down_and_whom_nobody_can_mail():
    with away() as (node, sink), node.desk("bo") as bo:
        bo.available()
        none = node.chat()
        none.say("I leave no address")
        silent = bo.accept()["conv"]
        robot = visitor(node, email="noreply@x.org")
        robot.say("I am one")
        bot = bo.accept()["conv"]
        ann = visitor(node)
        ann.say("Where is it?")
        conv = bo.accept()["conv"]
        bo.command("resolve", conv=conv, outcome="solved")
        node.kill()
        for tab in (none, robot, ann):
            tab.cut()
        node.start()
        with node.desk("bo") as again:  # the other was of the old process
            for c in (silent, bot, conv):
                again.command("reply", conv=c, text=f"answer to {c}")
                again.expect("conv", conv=c, visitor_left=True)
            m = until("the mail", lambda: mailed(sink))[0]
            assert f"answer to {conv}" in body(m)
            time.sleep(2)
            assert len(sink.mails()) == 1, sink.mails()


def test_who_can_be_mailed_keeps_his_place_in_the_queue():
    with away(after="1s") as (node, sink), node.desk("bo") as bo:
        ann, bob = visitor(node), node.chat()
        ann.say("I leave my address")
        bob.say("I leave none")
        ann.close()
        bob.close()
        waits = until("who left none to be gone", lambda: [w for w in [node.waiting()] if len(w) == 1])[0]
        node.kill()
        node.start()
        time.sleep(2)  # longer than a visitor is waited for
        assert [c["id"] for c in node.waiting()] == [waits[0]["id"]]
        with node.desk("bo") as bo:
            bo.available()
            conv = bo.accept()["conv"]
            bo.command("reply", conv=conv, text="Here you are")
            m = until("the mail", lambda: mailed(sink))[0]
            assert "Here you are" in body(m)
            # He answers when it is resolved: it is open again and waits, though nobody is in the chat, also over a restart.
            bo.command("resolve", conv=conv, outcome="solved")
            bo.command("presence", to="offline")
        node.mail("Not yet", to=m["Reply-To"])
        until("it to wait", lambda: [c["id"] for c in node.waiting()] == [conv])
        node.kill()
        node.start()
        time.sleep(2)
        assert [c["id"] for c in node.waiting()] == [conv]


def test_signed_visitors_in_russian_and_a_bounce_that_is_sent_again():
    with away(after="1s", isolated=True) as (node, sink), node.desk("bo") as bo:
        bo.available()
        ann = node.chat(identity=identity(email="ann@x.org"), lang="ru")
        ann.say("Где оно?")
        conv = bo.accept()["conv"]
        ann.close()
        bo.expect("conv", conv=conv, visitor_left=True)
        bo.command("reply", conv=conv, text="Уже едет")
        path, _, m = until("the mail", lambda: mails_to(sink, "ann@x.org"))[0]
        path = re.search(r"support\+b[^>\s]*", path).group(0)
        assert "Уже едет" in body(m) and "разговор в чате" in body(m) and "обращение в чате" in m["Subject"], m.as_string()
        until("it to be sent", lambda: last(node, conv)["delivery"] == "sent")
        node.mail("", sender="<>", to=path, raw=report(path)[0].decode())
        said = until("the bounce", lambda: [x for x in [last(node, conv)] if x["delivery"] == "bounced"])[0]
        assert [x["to"] for x in node.json("dead")["letters"]] == ["ann@x.org"], node.json("dead")
        assert said["text"] == "Уже едет" and "ann@x.org" in said["why"] and "5." in said["why"], said
        bo.command("retry", conv=conv, seq=said["seq"])
        until("it again", lambda: len(mailed(sink)) == 2)
        until("it to be sent", lambda: last(node, conv)["delivery"] == "sent")
        # With or without a proof, by that name he is who was mailed; a stranger with the same mail is a stranger.
        node.mail("It came", to=m["Reply-To"])
        bo.expect("message", conv=conv, direction="in", text="It came")
        node.mail("I found this mail", sender="eve@y.org", to=m["Reply-To"])
        until("the stranger's own", lambda: len(node.waiting()) == 1 or [f for f in bo.frames if f.get("t") == "offer" and f["conv"] != conv])
        assert len(node.conv(conv)["messages"]) == 3, node.conv(conv)
        assert node.ctl("verify").returncode == 0


def test_it_is_mailed_once_whatever_is_killed():
    with away(after="1s") as (node, sink):
        for i in range(ROUNDS):
            with node.desk("bo") as bo:
                bo.available()
                to = f"ann{i}@x.org"
                conv, _ = wrote(node, bo, email=to)
                bo.command("reply", conv=conv, text=f"answer {i}")
            time.sleep(random.uniform(0, 1.5))
            node.kill()
            node.start()
            state = until("an end", lambda: [x for x in [last(node, conv)["delivery"] if "recipients" in last(node, conv) else ""]
                                             if x in ("sent", "unsure")])[0]
            time.sleep(0.2)
            count = len(mailed(sink, to))
            assert count == 1 if state == "sent" else count <= 1, (i, state, count)
            with node.desk("bo") as bo:
                bo.command("resolve", conv=conv, outcome="solved")
        assert node.ctl("verify").returncode == 0 and node.ctl("replay").returncode == 0


def test_an_address_gets_so_much_and_no_more():
    with away(after="1s") as (node, sink), node.desk("bo") as bo:
        bo.available()
        convs = []
        for i in range(21):
            ann = visitor(node)
            ann.say(f"I am {i}")
            convs.append(bo.accept()["conv"])
            ann.close()
            bo.command("reply", conv=convs[-1], text=f"answer {i}")
            bo.command("resolve", conv=convs[-1], outcome="solved")
        until("twenty mails", lambda: len(mailed(sink)) == 20)
        time.sleep(2)
        assert len(mailed(sink)) == 20
        # It is not dropped: the desk shows when it goes, a day later.
        late = [f for f in bo.frames if f.get("t") == "conv" and (f.get("mail_at_ms") or 0) > (time.time() + 80000) * 1000]
        assert late, [f for f in bo.frames if f.get("t") == "conv"][-3:]


def test_the_mailbox_may_be_a_program():
    with tempfile.TemporaryDirectory() as place, configured("{mailbox: letters, after: 1s}") as (config, line):
        program, heard, answers = (os.path.join(place, name) for name in ("carrier.py", "heard", "answers"))
        os.chmod(place, 0o755)
        for path, text in ((program, CARRIER), (heard, ""), (answers, "")):
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        os.chmod(heard, 0o666)  # the program is nobody
        with open(config, encoding="utf-8") as f:
            lines = f.read().split("\n")
        user = ", user: nobody" if os.geteuid() == 0 else ""
        lines.insert(line, f"  letters: {{plugin: exec, kind: email, queue: general, options: {{command: [{sys.executable}, {program}, {heard}, {answers}]{user}}}}}")
        with open(config, "w", encoding="utf-8") as f:
            f.write("\n".join(lines))
        with Node(config=config) as node, node.desk("bo") as bo:
            bo.available()
            conv, _ = wrote(node, bo, "My secret text")
            bo.command("reply", conv=conv, text="It is on its way")
            # The letter has gone, by the program, when the desk says so.
            until("it at the desk", lambda: [x for x in [last(node, conv)] if [r for r in x.get("recipients", []) if r["delivery"] == "sent"]])
            def letters():
                with open(heard, encoding="utf-8") as f:
                    return [json.loads(text) for text in f]

            def write(*answer):
                with open(answers, "a", encoding="utf-8") as f:
                    f.write(json.dumps(answer) + "\n")
            assert [(m["to"], m["thread"], m["conv"]) for m in letters()] == [("ann@x.org", "", conv)], letters()
            assert "It is on its way" in letters()[0]["text"] and "secret" not in letters()[0]["text"], letters()
            # His answer to it comes home, for the program says to what it is one; and goes on by letter.
            write("ann@x.org", "Thank you!", True)
            assert bo.expect("message", conv=conv, direction="in", text="Thank you!")["channel"] == "letters"
            bo.command("reply", conv=conv, text="You are welcome")
            until("the second letter", lambda: [m for m in letters() if "You are welcome" in m["text"] and m["conv"] == conv and m["to"] == "ann@x.org"])
            # A stranger with the same letter, and the same man about something else, are others' conversations.
            write("eve@y.org", "I found this letter", True)
            write("ann@x.org", "Another thing", False)
            for text in ("I found this letter", "Another thing"):
                offer = bo.accept(channel="letters")
                assert offer["conv"] != conv and node.conv(offer["conv"])["messages"][0]["text"] == text, offer


def refused(away_mail):
    """What usherd -t says of it, and in which line it stands."""
    with configured(away_mail) as (config, line):
        node = Node(config=config, start=False)
        done = subprocess.run([os.path.join(node.build, "usherd"), "-t", "-c", config], env=node.env(), capture_output=True, text=True, check=False)
        node.close()
    assert done.returncode == 78, done
    return done.stdout + done.stderr, line


def test_a_configuration_that_cannot_be_is_refused_where_it_stands():
    said, line = refused("{mailbox: suport}")
    column = len(CHAT + "{mailbox: ") + 1
    assert f":{line}:{column}: mailbox in away_mail of channel 'chat': there is no channel 'suport'; did you mean 'support'?" in said, said
    assert "names no mailbox" in refused("{after: 5m}")[0]
    assert "'contact' (plugin form) sends nothing" in refused("{mailbox: contact}")[0]
    assert "is live, too" in refused("{mailbox: chat}")[0]
    assert "not between" in refused("{mailbox: support, after: 0s}")[0]


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
