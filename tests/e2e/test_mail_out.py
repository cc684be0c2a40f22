"""Mail out: automatic answers, recipients, what is quoted, who signs; against real SMTP servers."""
import base64
import contextlib
import email
import email.policy
import email.utils
import json
import os
import random
import re
import shutil
import signal
import smtplib
import sys
import tempfile
import threading
import time
from email.header import decode_header, make_header
from email.message import EmailMessage

from mailpeers import Postfix, Tokens, certificate
from relay import Pipe
from usher import CENTER, Node, Sink, main, until

WORDS = """
templates:
  hello: {title: Hello, text: "{{dear}}! About {{case}}."}
"""


def center(addresses="support@demo.test", more_options="", smtp_url=None, sections="", sender="Demo", **more):
    """The tests' center with further keys of its queue `general`."""
    with open(CENTER, encoding="utf-8") as f:
        text = f.read()
    keys = "".join(f", {k}: {v}" for k, v in more.items())
    text = text.replace("general: {title: General", "general: {title: General" + keys, 1)
    text = text.replace("support@demo.test", addresses).replace("secret: test-", f"secret: {addresses.split('@')[1]}-")
    text = text.replace("      trust_auth_results: mx.demo.test", "      trust_auth_results: mx.demo.test" + more_options)
    text = text.replace("smtp://127.0.0.1:${USHER_SMTP_PORT}", smtp_url or "smtp://127.0.0.1:${USHER_SMTP_PORT}")
    text = text.replace("Demo <", sender + " <")
    out = tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False, encoding="utf-8")
    out.write(text + WORDS + sections)
    out.close()
    return out.name


@contextlib.contextmanager
def house(sink_options=(), env=None, **more):
    """A node with its mail server and config."""
    config = center(**more)
    node = Node(config=config, start=False, env=env)
    try:
        with contextlib.closing(Sink(node.smtp, options=sink_options)) as sink, node:
            node.start()
            yield node, sink
    finally:
        os.unlink(config)


def read(raw):
    """A file of smtp-sink: (sender, recipients, message)."""
    head, _, rest = raw.partition(b"\nReceived:")
    words = [x.split(b": ", 1) for x in head.splitlines() if b": " in x]
    sender = [v.decode() for k, v in words if k == b"X-Mail-Args"]
    rcpts = [v.decode() for k, v in words if k == b"X-Rcpt-Args"]
    return sender[0], rcpts, email.message_from_bytes(b"Received:" + rest, policy=email.policy.default)


def mails_to(sink, address):
    return [m for m in (read(x) for x in sink.mails()) if any(address in r for r in m[1])]


def api(node, who, method, path, body=None, kind="application/json"):
    """A request as that person, logged in with the first password."""
    with open(os.path.join(node.data, "first-passwords.txt"), encoding="utf-8") as f:
        password = dict(line.split() for line in f)[who]
    _, headers, _ = node.request("POST", "/api/v1/login", json.dumps({"user": who, "password": password}),
                                 {"Content-Type": "application/json"})
    status, _, answer = node.request(method, "/api/v1" + path, body, {
        "Content-Type": kind, "Cookie": headers["set-cookie"].split(";")[0], "Origin": f"http://127.0.0.1:{node.http}"})
    assert status in (200, 201), (status, answer)
    return json.loads(answer)


def test_a_mail_is_acknowledged_once_and_robots_never():
    with house(received='"{{dear}}! We have your letter: {{case}}. {{brand}}"') as (node, sink):
        mid = node.mail("Help me", sender="Evil <b>Name</b> <ann@x.org>", subject="Buy pills")
        sender, _, m = until("the acknowledgement", lambda: mails_to(sink, "ann@x.org"))[0]
        conv = node.waiting()[0]["id"]
        text = m.get_body(("plain",)).get_content()
        assert sender.startswith("<>"), sender
        assert m["Auto-Submitted"] == "auto-replied" and m["In-Reply-To"] == mid, m.as_string()
        assert text.strip() == f"Hello! We have your letter: {conv}. Test", text
        assert "pills" not in m["Subject"] and "Evil" not in m.as_string(), m.as_string()
        until("its delivery to be shown", lambda: [
            x for x in node.conv(conv)["messages"] if x["direction"] == "system" and x["delivery"] == "sent"])
        # Another letter of the same person within the day, a reply in the conversation, and every kind of robot: nothing.
        node.mail("And another thing", sender="ann@x.org")
        node.mail("More", sender="ann@x.org", headers=[f"In-Reply-To: {m['Message-ID']}"])
        for i, headers in enumerate((["Auto-Submitted: auto-replied"], ["Precedence: bulk"], ["List-Id: <l.x.org>"],
                                     ["X-Auto-Response-Suppress: All"])):
            node.mail("I am away", sender=f"robot{i}@r.org", headers=headers)
        node.mail("from nobody", sender="no-reply@shop.org")
        node.mail("and from a person", sender="bob@y.org")
        until("the person's acknowledgement", lambda: mails_to(sink, "bob@y.org"))
        time.sleep(0.5)
        assert len(sink.mails()) == 2, [read(x)[1] for x in sink.mails()]


def test_automatic_mail_can_be_left_and_says_who_writes():
    leave = "<https://demo.test/leave?list=answers&of=support-of-the-demo-center-and-its-many-queues>, <mailto:leave@demo.test?subject=leave>"
    title = "Служба поддержки «Ромашка», отдел доставки"
    with house(received='"We have your letter."', more_options=f'\n      list_unsubscribe: "{leave}"',
               sender=title) as (node, sink), node.desk("bo") as bo:
        bo.available()
        node.mail("Help me")
        first = until("the acknowledgement", lambda: mails_to(sink, "ann@x.org"))[0][2]
        bo.command("reply", conv=bo.accept()["conv"], text="Here you are.")
        reply = until("the reply", lambda: [m for _, _, m in mails_to(sink, "ann@x.org") if "Auto-Submitted" not in m])[0]
        raw = dict(first.raw_items())["List-Unsubscribe"]
        assert raw.strip() == leave, f"a mail program reads it as it stands: {raw!r}"
        assert "List-Unsubscribe" not in reply, reply.as_string()
        for m in (first, reply):
            raw = dict(m.raw_items())["From"]
            name, address = email.utils.parseaddr(raw)
            assert raw.isascii() and address == "support@demo.test", raw
            assert str(make_header(decode_header(name))) == title, raw


def test_a_mail_domain_gets_so_many_automatic_answers():
    with house(received='"We have your letter."') as (node, sink):
        began = time.monotonic()
        for i in range(12):
            node.mail("Help me", sender=f"p{i}@many.org")
        node.mail("Help me", sender="ann@few.org")
        until("the other domain's answer", lambda: mails_to(sink, "ann@few.org"))
        time.sleep(0.3)
        had = len(mails_to(sink, "@many.org"))
        assert had == 10 or time.monotonic() - began > 59, f"{had} answers to one domain within a minute"
        # In the next window it has as many again: here of two seconds, and one.
        with open(node.config, "a", encoding="utf-8") as f:
            f.write("automatic: {most: 1, window: 2s}\n")
        node.process.send_signal(signal.SIGHUP)
        until("the new limit", lambda: "reloaded" in node.log())
        time.sleep(2)
        again = time.monotonic()
        for i in range(3):
            node.mail("Help me", sender=f"later{i}@many.org")
        node.mail("Help me", sender="ann@third.org")
        until("the other domain's answer", lambda: mails_to(sink, "ann@third.org"))
        until("an answer in the next window", lambda: mails_to(sink, "later0@many.org"))
        time.sleep(0.3)
        assert len(mails_to(sink, "@many.org")) == had + 1 or time.monotonic() - again > 2


def test_a_closed_queue_says_so_once_and_never_to_robots():
    day = time.strftime("%a", time.gmtime(time.time() + 3 * 86400)).lower()
    with house(hours="office", away='"We are closed now, {{case}} waits."', received='"We have your letter."',
               sections=f'calendars: {{office: {{hours: {{{day}: "10:00-11:00"}}}}}}\n') as (node, sink):
        mid = node.mail("Help me")
        sender, _, m = until("the answer", lambda: mails_to(sink, "ann@x.org"))[0]
        assert sender.startswith("<>"), sender
        assert m["Auto-Submitted"] == "auto-replied" and m["In-Reply-To"] == mid, m.as_string()
        assert re.fullmatch(r"We are closed now, \w+ waits\.", m.get_body(("plain",)).get_content().strip()), m.as_string()
        node.mail("Are you there?")
        node.mail("Are you there?", headers=[f"In-Reply-To: {m['Message-ID']}"])
        for i, header in enumerate(("Auto-Submitted: auto-generated", "Precedence: list", "List-Id: <l.x.org>", "X-Autoreply: yes")):
            node.mail("I am a robot", sender=f"robot{i}@r.org", headers=[header])
        node.mail("I am one, too", sender="noreply@shop.org")
        node.mail("and a person", sender="bob@y.org")
        until("the person's answer", lambda: mails_to(sink, "bob@y.org"))
        time.sleep(0.5)
        assert len(sink.mails()) == 2, [read(x)[1] for x in sink.mails()]


def out_message(node, conv):
    return [m for m in node.conv(conv)["messages"] if m["direction"] == "out"][-1]


def test_an_answer_is_quoted_signed_and_goes_to_all():
    with house(signature='"{{agent.name}}, {{brand}}"') as (node, sink), node.desk("bo") as bo:
        bo.available()
        node.mail("Где мой заказ?\r\n\r\nЖду.", sender="=?utf-8?B?0JDQvdC90LA=?= <ann@x.org>", subject="=?utf-8?B?0JfQsNC60LDQtw==?=",
                  headers=["Cc: Kim <kim@x.org>"])
        conv = bo.accept()["conv"]
        seen = bo.expect("message", conv=conv, direction="in")
        assert "kim@x.org" in seen["cc"] and seen["mailbox"] == "support@demo.test", seen
        bo.command("reply", conv=conv, text="{{dear}}! Он в пути, номер {{case}}.", cc=["Kim@X.org"], bcc=["boss@demo.org"])
        until("three copies", lambda: len(sink.mails()) == 3)
        until("all to be sent", lambda: out_message(node, conv)["delivery"] == "sent")
        ann, kim, boss = (mails_to(sink, x)[0] for x in ("ann@x.org", "kim@x.org", "boss@demo.org"))
        for _, rcpts, m in (ann, kim, boss):
            assert len(rcpts) == 1 and m["To"] == "ann@x.org" and m["Cc"] == "kim@x.org" and "boss" not in m.as_string(), m.as_string()
            assert m["Subject"] == "Re: Заказ" and m["Message-ID"] == ann[2]["Message-ID"]
        assert len({x[0] for x in (ann, kim, boss)}) == 3, "each copy has a return path of its own"
        assert "NOTIFY=FAILURE,DELAY" in ann[1][0], ann[1]
        plain, rich = (ann[2].get_body((x,)).get_content() for x in ("plain", "html"))
        lines = plain.splitlines()
        assert lines[0] == f"Здравствуйте, Анна! Он в пути, номер {conv}.", plain
        assert lines[2] == "Bo Larsen, Test" and lines[4].endswith("Анна пишет:"), plain
        assert lines[5:] == ["> Где мой заказ?", ">", "> Жду."], plain
        assert "<blockquote" in rich and "Где мой заказ?" in rich, rich
        # What comes back is split again: only the new words are new.
        node.mail("Спасибо!\r\n\r\n" + "\r\n".join(["22.11.2026, 10:00 UTC, Demo пишет:"] + ["> " + x for x in lines]),
                  sender="ann@x.org", headers=[f"In-Reply-To: {ann[2]['Message-ID']}"])
        assert bo.expect("message", conv=conv, direction="in", text="Спасибо!")
        # One's own signature replaces the queue's; what is unknown stops a reply.
        assert api(node, "bo", "GET", "/templates")["templates"][0]["title"] == "Hello"
        assert api(node, "bo", "POST", "/me/signature", json.dumps({"text": "Yours, {{agent.name}}"}))["text"].startswith("Yours")
        assert api(node, "bo", "GET", "/me/signature") == {"text": "Yours, {{agent.name}}"}
        node.mail("Without a name", sender="kim@z.org")
        other = bo.accept()["conv"]
        try:
            bo.command("reply", conv=other, text="Dear {{customer.name}}")
        except AssertionError as e:
            assert "customer.name" in str(e) and "invalid" in str(e), e
        else:
            raise AssertionError("a reply without the name went out")
        bo.command("reply", conv=other, text="Dear {{customer.name|client}}")
        m = until("the answer", lambda: mails_to(sink, "kim@z.org"))[0][2]
        assert m.get_body(("plain",)).get_content().startswith("Dear client\n\nYours, Bo Larsen\n"), m.as_string()


def test_a_refused_recipient_is_shown_and_tried_again_alone():
    with house() as (node, sink), node.desk("bo") as bo:
        bo.available()
        node.mail("hello")
        conv = bo.accept()["conv"]
        bo.command("reply", conv=conv, text="to two", cc=["support@demo.test"])  # our own mailbox: never
        m = until("its failure", lambda: out_message(node, conv) if out_message(node, conv)["delivery"] == "failed" else None)
        assert "support@demo.test" in m["why"] and "mailbox of ours" in m["why"], m
        states = {r["address"]: r["delivery"] for r in m["recipients"]}
        until("the other one", lambda: mails_to(sink, "ann@x.org"))
        until("its state", lambda: {r["address"]: r["delivery"] for r in out_message(node, conv)["recipients"]} == {
            "ann@x.org": "sent", "support@demo.test": "failed"})
        assert states["support@demo.test"] == "failed"
        bo.command("retry", conv=conv, seq=m["seq"])
        bo.expect("receipt", conv=conv, seq=m["seq"], delivery="queued")
        until("its second failure", lambda: out_message(node, conv)["delivery"] == "failed")
        assert len(mails_to(sink, "ann@x.org")) == 1
    with house(sink_options=["-f", "RCPT"]) as (node, sink), node.desk("bo") as bo, node.desk("eva") as eva:
        bo.available()
        node.mail("hello")
        conv = bo.accept()["conv"]
        answer = bo.command("reply", conv=conv, text="refused")
        r = bo.expect("receipt", conv=conv, delivery="failed")
        assert r["why"].startswith("500"), r
        try:
            eva.command("retry", conv=conv, seq=answer["seq"])
        except AssertionError as e:
            assert "forbidden" in str(e), e
        else:
            raise AssertionError("a stranger sent it again")
        sink.stop()
        sink.options = []
        sink.start()
        bo.command("retry", conv=conv, seq=answer["seq"])
        bo.expect("receipt", conv=conv, delivery="sent")
        assert len(mails_to(sink, "ann@x.org")) == 1


PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


def test_pictures_and_files_go_both_ways():
    with house() as (node, sink), node.desk("bo") as bo:
        bo.available()
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"], letter["Message-ID"] = "ann@x.org", "support@demo.test", "Look", "<p1@x.org>"
        letter.set_content("See the picture")
        letter.add_alternative('<p>See <img src="cid:pic1@x.org"></p>', subtype="html")
        letter.get_payload()[1].add_related(PICTURE, "image", "png", cid="<pic1@x.org>", filename="снимок.png")
        node.mail("", raw=letter.as_bytes(policy=letter.policy.clone(linesep="\r\n")))
        conv = bo.accept()["conv"]
        parts = bo.expect("message", conv=conv, direction="in")["parts"]
        assert [p.get("cid") for p in parts] == ["pic1@x.org"], parts
        blob = api(node, "bo", "POST", "/blobs?name=x.pdf&type=application/pdf", b"%PDF-1.4 bytes", "application/octet-stream")["blob"]
        bo.command("reply", conv=conv, text="Seen.", parts=[
            {"name": "Счёт № 7; «ноябрь».pdf", "type": "application/pdf", "size": 14, "blob": blob}])
        m = until("the answer", lambda: mails_to(sink, "ann@x.org"))[0][2]
        files = list(m.iter_attachments())
        assert [f.get_filename() for f in files] == ["Счёт № 7; «ноябрь».pdf"], m.as_string()
        assert files[0].get_content() == b"%PDF-1.4 bytes" and files[0].get_content_type() == "application/pdf"
        images = [p for p in m.walk() if p.get_content_type() == "image/png"]
        assert len(images) == 1 and images[0]["Content-ID"] == "<pic1@x.org>" and images[0].get_content() == PICTURE
        assert images[0].get_filename() == "снимок.png"
        assert 'src="cid:pic1@x.org"' in m.get_body(("html",)).get_content()


def test_two_ushers_fall_silent():
    """Each answers mail automatically; between them a relay, the second time one that removes every sign of a robot."""
    marks = re.compile(rb"^(Auto-Submitted|X-Auto-Response-Suppress|Precedence):[^\r]*\r\n", re.M | re.I)
    for stripped in (False, True):
        passed, nodes = [], {}

        def relay(sender, rcpts, data, stripped=stripped, passed=passed, nodes=nodes):
            passed.append(rcpts[0])
            node = nodes[rcpts[0].split("@")[1]]
            if stripped:
                data, sender = marks.sub(b"", data), "support@" + ("a.test" if rcpts[0].endswith("b.test") else "b.test")
            with smtplib.LMTP("127.0.0.1", node.lmtp) as s:
                s.sendmail(sender, rcpts, data)

        pipe = Pipe(relay)
        configs = [center(received='"We have your letter {{case}}"', addresses=f"support@{d}") for d in ("a.test", "b.test")]
        try:
            with contextlib.ExitStack() as stack:
                for domain, config in zip(("a.test", "b.test"), configs):
                    node = Node(config=config, start=False)
                    node.smtp = pipe.port
                    nodes[domain] = stack.enter_context(node)
                    node.start()
                nodes["a.test"].mail("hello", sender="support@b.test", to="support@a.test")
                until("the first answer", lambda: passed)
                time.sleep(3)
                assert passed == ["support@b.test", "support@a.test"][:2 if stripped else 1], passed
        finally:
            pipe.close()
            for config in configs:
                os.unlink(config)


def test_postfix_relays_answers_and_its_bounce_comes_back():
    if os.geteuid() or not shutil.which("postfix"):
        print("# skipped: postfix needs root")
        return
    taken = []

    def elsewhere(sender, rcpts, data):
        if "gone@x.org" in rcpts:
            return "550 5.1.1 <gone@x.org>: no such user"
        taken.append((sender, rcpts, email.message_from_bytes(data, policy=email.policy.default)))
        return None

    node = Node(start=False)
    with contextlib.closing(Pipe(elsewhere)) as pipe, Postfix(node.lmtp, pipe.port) as postfix, node:
        node.smtp = postfix.port
        node.start()
        with node.desk("bo") as bo:
            bo.available()
            node.mail("Где заказ?", subject="=?utf-8?B?0JfQsNC60LDQtw==?=")
            conv = bo.accept()["conv"]
            answer = bo.command("reply", conv=conv, text="Он в пути.", cc=["gone@x.org"])
            _, rcpts, m = until("the answer to pass postfix", lambda: taken)[0]
            assert rcpts == ["ann@x.org"] and m["Subject"] == "Re: Заказ", m.as_string()
            assert m.get_body(("plain",)).get_content().startswith("Он в пути."), m.as_string()
            # postfix took both; what it could not deliver comes back by LMTP to the return path of that copy.
            f = bo.expect("receipt", conv=conv, seq=answer["seq"], delivery="bounced", seconds=30)
            assert "gone@x.org" in f["why"] and "5.1.1" in f["why"], f
            states = {r["address"]: r["delivery"] for r in f["recipients"]}
            assert states == {"ann@x.org": "sent", "gone@x.org": "bounced"}, states
            assert len(node.conv(conv)["messages"]) == 2, "the report is no message of the customer's"


def test_xoauth2_with_a_token_that_ends_and_one_that_is_renewed():
    taken = []
    with Tokens() as tokens, contextlib.closing(Pipe(lambda *mail: taken.append(mail[1][0]), tokens=tokens)) as pipe:
        config = center(more_options=f"""
      smtp_user: help
      smtp_oauth_url: http://127.0.0.1:{tokens.port}/token
      smtp_oauth_client_id: usher
      smtp_oauth_client_secret: shh
      smtp_oauth_refresh_token: refresh-0
      smtp_connections: 1""")
        node = Node(config=config, start=False)
        node.smtp = pipe.port
        try:
            with node:
                node.start()
                with node.desk("bo") as bo:
                    bo.available()
                    node.mail("hello")
                    conv = bo.accept()["conv"]
                    bo.command("reply", conv=conv, text="one")
                    until("the first answer", lambda: len(taken) == 1)
                    assert tokens.given == ["access-1"] and pipe.logins == [True]
                # Started anew: the refresh token of the configuration is used up, the one that was given then is kept.
                node.stop()
                node.start()
                with node.desk("bo") as bo:
                    bo.command("reply", conv=conv, text="two")
                    until("the second answer", lambda: len(taken) == 2)
                    assert tokens.given[-1] == "access-2" and all(pipe.logins), (tokens.given, pipe.logins)
        finally:
            os.unlink(config)


def test_a_server_that_offers_only_plain_or_only_login():
    for only in ("PLAIN", "LOGIN"):
        taken = []
        with contextlib.closing(Pipe(lambda *mail, taken=taken: taken.append(mail[1][0]), only=only)) as pipe, \
                house(smtp_url=f"smtp://127.0.0.1:{pipe.port}", received='"We have your letter."',
                      more_options="\n      smtp_user: help\n      smtp_password: secret") as (node, _):
            node.mail("hello")
            until(f"the answer by {only}", lambda taken=taken: taken == ["ann@x.org"])
            assert pipe.logins == [True], (only, pipe.logins)


def test_a_certificate_for_another_name_gets_no_mail():
    taken = []
    with tempfile.TemporaryDirectory() as d:
        good = certificate(d)
        with contextlib.closing(Pipe(lambda *mail: taken.append(mail[1][0]), tls=good)) as pipe, \
                contextlib.closing(Pipe(lambda *mail: taken.append(mail[1][0]), tls=good, address="127.0.0.2")) as other:
            for url, ca, arrives in ((f"localhost:{pipe.port}", good[0], True), (f"127.0.0.1:{pipe.port}", good[0], True),
                                     (f"127.0.0.2:{other.port}", good[0], False), (f"localhost:{pipe.port}", "", False)):
                config = center(smtp_url=f"smtps://{url}", more_options=f'\n      ca_file: "{ca}"')
                try:
                    with Node(config=config) as node, node.desk("bo") as bo:
                        bo.available()
                        node.mail("hello")
                        conv = bo.accept()["conv"]
                        bo.command("reply", conv=conv, text="secret")
                        if arrives:
                            bo.expect("receipt", conv=conv, delivery="sent")
                        else:
                            time.sleep(2)
                            assert out_message(node, conv)["delivery"] == "queued"
                finally:
                    os.unlink(config)
    assert len(taken) == 2, taken


def test_kill_9_loses_and_doubles_no_answer():
    """usherd and its Redis are killed while answers go out: each arrives once, or a person is asked."""
    rounds, rng = int(os.environ.get("ROUNDS_OUT", "8")), random.Random(int(os.environ.get("SEED", str(int(time.time())))))
    arrived, lock = [], threading.Lock()

    def take(_, rcpts, data):
        time.sleep(rng.uniform(0, 0.03))
        with lock:
            arrived.append((re.search(rb"answer-\d+-", data).group().decode(), rcpts[0]))

    node, acked = Node(start=False), []
    with contextlib.closing(Pipe(take)) as pipe, node:
        node.smtp = pipe.port
        node.start()
        node.mail("hello")
        with node.desk("bo") as bo:
            bo.available()
            conv = bo.accept()["conv"]
        bo, stop = None, threading.Event()

        def write():
            nonlocal bo
            for i in range(10**6):
                if stop.is_set():
                    return
                with contextlib.suppress(Exception):
                    bo = bo or node.desk("bo")
                    bo.command("reply", seconds=3, conv=conv, text=f"answer-{i}-", cc=["kim@x.org"])
                    acked.append(f"answer-{i}-")
                    continue
                if bo:
                    bo.close()
                bo = None
                time.sleep(0.05)

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        for _ in range(rounds):
            time.sleep(rng.uniform(0.3, 1.5))
            if rng.random() < 0.5:
                node.kill_redis()
            else:
                node.kill()
                node.start()
        time.sleep(1)
        stop.set()
        writer.join(20)
        until("it to serve", node.serves, 30)

        def settled():
            if not node.serves():
                return None
            out = [m for m in node.conv(conv)["messages"] if m["direction"] == "out"]
            return out if all(r["delivery"] != "queued" for m in out for r in m["recipients"]) else None
        out = until("every answer to have an end", settled, 90, 0.5)
        states = {(m["text"], r["address"]): r["delivery"] for m in out for r in m["recipients"]}
        doubled = [x for x in set(arrived) if arrived.count(x) > 1]
        lost = [x for x in ((m, a) for m in acked for a in ("ann@x.org", "kim@x.org"))
                if x not in arrived and states.get(x) != "unsure"]
        unsure = [x for x in states if states[x] == "unsure"]
        print(f"# {rounds} kills, {len(acked)} answers acknowledged, {len(arrived)} copies arrived, {len(unsure)} of which a person is asked",
              flush=True)
        assert not doubled, f"doubled: {doubled[:5]}"
        assert not lost, f"lost: {[(x, states.get(x)) for x in lost[:5]]}"
        assert acked and set(states.values()) <= {"sent", "unsure"}, set(states.values())


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
