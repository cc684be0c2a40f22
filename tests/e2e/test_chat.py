"""The chat's protocol as a client of it sees it: WebSocket and long poll, files, sessions, limits, and what survives."""
import base64
import hashlib
import hmac
import json
import os
import random
import signal
import socket
import struct
import sys
import threading
import time
import zlib

from usher import ROOT, Chat, Loop, Node, Sink, main, until

SECRET = b"test-secret-of-the-site"
CENTER = os.path.join(ROOT, "tests/lib/chat.yaml")
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def identity(**claims):
    claims = {"exp": int(time.time()) + 300, "jti": f"{random.getrandbits(64):x}", **claims}
    signed = b64(b'{"alg":"HS256","typ":"JWT"}') + "." + b64(json.dumps(claims).encode())
    return signed + "." + b64(hmac.new(SECRET, signed.encode(), hashlib.sha256).digest())


class Poll(Chat):
    """The same visitor by long poll: what connect, send and cut mean there."""

    async def connect(self):
        self.id, self.got, self.stopped = None, 0, False
        self.lock = threading.Lock()
        self.ask([{"t": "hello", "session": self.session, "from": self.seq, **self.hello}])
        threading.Thread(target=self.loop, daemon=True).start()

    def ask(self, frames):
        status, _, body = self.node.request("POST", "/chat/poll", json.dumps({"poll": self.id, "got": self.got, "frames": frames}),
                                            {"Content-Type": "text/plain"}, timeout=40)
        assert status == 200, (status, body)
        answer = json.loads(body)
        with self.lock:
            if answer["poll"]:
                self.id = answer["poll"]
            for i, f in enumerate(answer["frames"]):
                if answer["from"] + i < self.got:
                    continue
                self.got = answer["from"] + i + 1
                if f["t"] == "welcome":
                    self.session = f["session"]
                if f["t"] == "msg":
                    self.seq = max(self.seq, f["seq"])
                self.frames.append(f)
        if "closed" in answer:
            self.closed, self.stopped = answer["closed"], True
        return answer

    def loop(self):
        while not self.stopped:
            try:
                self.ask([])
            except Exception as e:  # noqa: BLE001 - a lost connection is what this is about
                self.closed = e
                return

    def send(self, **frame):
        threading.Thread(target=self.ask, args=([frame],), daemon=True).start()

    def cut(self):
        self.stopped = True

    close = cut


def test_long_poll_says_the_same():
    with Node(config=CENTER) as node, node.desk("bo") as bo:
        bo.available()
        ann = Poll(node, name="Ann")
        first = ann.say("by poll")
        conv = bo.accept()["conv"]
        assert ann.expect("msg", id=first)["from"] == "you"
        for i in range(5):
            bo.command("reply", conv=conv, text=f"answer {i}")
        ann.expect("msg", text="answer 4")
        assert [m["text"] for m in ann.messages()] == ["by poll", *(f"answer {i}" for i in range(5))]
        ann.say("twice", id="same")
        ann.say("twice", id="same")
        # another tab of the same visitor, by WebSocket, sees the same; what is said there comes here
        tab = node.chat(session=ann.session)
        assert [m["seq"] for m in tab.messages()] == [m["seq"] for m in ann.messages()]
        tab.say("from the other tab")
        ann.expect("msg", text="from the other tab")
        bo.command("resolve", conv=conv, outcome="solved")
        ann.expect("ended")
        tab.expect("ended")
        texts = [m["text"] for m in node.conv(conv)["messages"] if m["direction"] == "in"]
        assert texts == ["by poll", "twice", "from the other tab"], texts
        tab.close()
        ann.close()


def test_a_lost_answer_of_a_poll_is_given_again():
    with Node(config=CENTER) as node:
        def ask(**body):
            return json.loads(node.request("POST", "/chat/poll", json.dumps(body))[2])
        hello = ask(poll=None, got=0, frames=[{"t": "hello", "session": None}])
        assert hello["frames"][0]["t"] == "welcome", hello
        again = ask(poll=hello["poll"], got=0, frames=[{"t": "ping"}])  # as if nothing had arrived
        assert again["from"] == 0 and again["frames"][0]["t"] == "welcome", again
        after = ask(poll=hello["poll"], got=2, frames=[{"t": "ping"}])
        assert after["from"] == 2 and [f["t"] for f in after["frames"]] == ["pong"], after
        gone = ask(poll="0" * 26, got=0, frames=[])
        assert gone["closed"]["code"] == 4404, gone
        assert node.request("GET", "/chat/poll")[0] == 405


def test_half_an_emoji_and_haste_hold_up_nothing():
    with Node(config=CENTER) as node:
        # cut by a script in the middle of a pair, with a byte that is none: said all the same, by either way
        for way in (Chat, Poll):
            ann = way(node, name="Ann \ud83d")
            ann.say("a\x00b \ud83d c \U0001f600")
            ann.expect("msg", text="a\ufffdb \ufffd c \U0001f600")
            ann.close()
        # said in one breath with a hello whose session has to be looked up: asked for again, by name
        one = json.dumps({"poll": None, "got": 0, "frames": [
            {"t": "hello", "session": ann.session, "from": 0}, {"t": "say", "id": "hasty", "text": "me again"}]})
        answer = json.loads(node.request("POST", "/chat/poll", one)[2])["frames"][0]
        assert (answer["t"], answer["code"], answer["id"]) == ("error", "busy", "hasty"), answer


def test_a_proof_moves_the_session():
    with Node(config=CENTER) as node, node.desk("bo") as bo:
        bo.available()
        ann = node.chat(name="Ann")
        ann.say("before I signed in")
        conv = bo.accept()["conv"]
        old = ann.session
        token = identity(email="ann@x.org", name="Ann Lee")
        signed = node.chat(session=old, identity=token, nonce="page-1")
        assert signed.expect("welcome")["verified"] is True and signed.session != old
        assert [m["text"] for m in signed.messages()] == ["before I signed in"]
        until("the old tab to be sent away", lambda: ann.closed)
        # the conversation goes on; it is a verified person now
        signed.say("after I signed in")
        bo.expect("message", conv=conv, text="after I signed in")
        assert any(i["verified"] and i["value"] == "ann@x.org" for i in node.json("customer", "ann@x.org")["identities"])
        # whoever knows the old token sees nothing
        thief = node.chat(session=old)
        assert thief.expect("welcome")["fresh"] is True and thief.session != old and not thief.messages()
        # a reconnect needs no new proof, and survives a restart
        node.stop()
        node.start()
        back = node.chat(session=signed.session)
        assert back.expect("welcome")["verified"] is True
        assert [m["text"] for m in back.messages()] == ["before I signed in", "after I signed in"]
        # the proof was used, before the restart: nobody else can use it, the same page may repeat itself
        replay = node.chat(identity=token, expect="error")
        assert replay.frames[0]["code"] == "identity" and "used" in replay.frames[0]["message"], replay.frames
        same = node.chat(session=old, identity=token, nonce="page-1")
        assert same.expect("welcome")["verified"] is True
        assert len(same.messages()) == 2
        # another person on the same computer gets a conversation of his own
        other = node.chat(session=same.session, identity=identity(email="eve@x.org"))
        assert other.expect("welcome")["fresh"] is True and not other.messages()
        for v in (signed, thief, back, replay, same, other):
            v.close()


def upload(node, pas, name, data, path="/chat/file"):
    head = json.dumps({"pass": pas, "name": name}).encode() + b"\n"
    status, headers, body = node.request("POST", path, head + data, {"Content-Type": "text/plain"})
    return status, json.loads(body or b"null")


def test_a_file_on_its_way_arrives_before_usherd_ends():
    with Node(config=CENTER) as node:
        ann = node.chat()
        body = json.dumps({"pass": until("a pass", lambda: ann.expect("welcome").get("pass")), "name": "a.txt"}).encode() + b"\n" + b"x" * 50000
        with socket.create_connection(("127.0.0.1", node.http), 30) as s:
            s.sendall(b"POST /chat/file HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:30000])
            until("it to be read", lambda: node.request("GET", "/chat/widget.js")[0] == 200)
            node.process.send_signal(signal.SIGTERM)
            until("visitors to be sent away", lambda: ann.closed)
            s.sendall(body[30000:])
            assert s.recv(65536).startswith(b"HTTP/1.1 201 ")
        assert node.process.wait(60) == 0, node.tail()
        ann.close()


def test_files_both_ways():
    with Node(config=CENTER) as node, node.desk("bo") as bo:
        bo.available()
        ann, eve = node.chat(), node.chat()
        pas = until("a pass", lambda: ann.expect("welcome").get("pass"))
        status, file = upload(node, pas, "снимок 1.png", PNG)
        assert status == 201 and file["type"] == "image/png" and file["size"] == len(PNG), (status, file)
        ann.send(t="say", id="f1", text="", files=[file])
        ann.expect("ack", id="f1")
        conv = bo.accept()["conv"]
        got = until("the file at the desk", lambda: [m for m in bo.frames if m.get("t") == "message" and m.get("parts")])[0]
        assert got["parts"][0]["name"] == "снимок 1.png" and got["parts"][0]["blob"] == file["blob"], got
        shown = ann.expect("msg", id="f1")["files"][0]
        fetch = {"pass": pas, **shown}
        status, headers, body = node.request("POST", "/chat/fetch", json.dumps(fetch))
        assert status == 200 and body == PNG, status
        assert headers["content-disposition"].startswith("attachment") and headers["x-content-type-options"] == "nosniff", headers
        assert "sandbox" in headers["content-security-policy"]
        # the agent sends one back
        bo.command("reply", conv=conv, text="and yours", parts=[{"name": "a.png", "type": "image/png", "size": len(PNG), "blob": file["blob"]}])
        back = ann.expect("msg", text="and yours")["files"][0]
        assert node.request("POST", "/chat/fetch", json.dumps({"pass": pas, **back}))[2] == PNG
        # what is refused: another's file, no pass, a wrong kind, a lie, too much, nothing
        theirs = eve.expect("welcome")["pass"]
        assert node.request("POST", "/chat/fetch", json.dumps({"pass": theirs, **shown}))[0] == 403
        eve.send(t="say", id="f2", text="", files=[file])
        assert eve.expect("error", id="f2")["code"] == "invalid"
        assert upload(node, "x" * 65, "a.png", PNG)[0] == 403
        assert upload(node, pas, "a.exe", b"MZ")[0] == 415
        assert upload(node, pas, "a.png", b"MZ\x90 not a picture")[0] == 415
        assert upload(node, pas, "a.txt", b"x" * 200001)[0] == 413
        assert upload(node, pas, "a.txt", b"")[0] == 400
        assert upload(node, pas, "a.png", PNG, path="/strict/file")[0] == 403
        ann.close()
        eve.close()


def bomb(kind):
    """A file that says it is enormous, of some kilobytes."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    if kind == "png":
        head = chunk(b"IHDR", struct.pack(">IIBBBBB", 65535, 65535, 8, 2, 0, 0, 0))
        return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(20_000_000), 9)) + chunk(b"IEND", b"")
    return b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(6) + b"\x2c\0\0\0\0\xff\xff\xff\xff\0\x02" + b"\xff" * 100000


def test_pictures_are_drawn_anew():
    """Visitor and agent see the picture, never the file: its pixels and nothing else of it; what is none, or a bomb, is only a download."""
    secret = b"tEXt" + b"GPS\0at home"
    marked = PNG[:33] + struct.pack(">I", len(secret) - 4) + secret + struct.pack(">I", zlib.crc32(secret)) + PNG[33:]
    with Node(config=CENTER) as node, node.desk("bo") as bo:
        bo.available()
        ann, eve = node.chat(), node.chat()
        pas = until("a pass", lambda: ann.expect("welcome").get("pass"))
        files = [upload(node, pas, name, data)[1] for name, data in
                 [("a.png", marked), ("b.png", bomb("png")), ("c.gif", bomb("gif")), ("d.webp", b"RIFF" + b"<script>" * 9)]]
        ann.send(t="say", id="f1", text="look", files=files)
        ann.expect("ack", id="f1")
        bo.accept()
        shown = ann.expect("msg", id="f1")["files"]

        def ask(file, **more):
            return node.request("POST", "/chat/fetch", json.dumps({"pass": pas, **file, **more}), {"Content-Type": "text/plain"})
        status, headers, body = ask(shown[0], picture=240)
        assert status == 200 and body != marked and b"GPS" not in body, (status, body[:200])
        assert (headers["content-type"], body[:4]) in [("image/png", b"\x89PNG"), ("image/jpeg", b"\xff\xd8\xff\xe0")], (headers, body[:8])
        assert headers["x-content-type-options"] == "nosniff" and "sandbox" in headers["content-security-policy"], headers
        assert b"GPS" in ask(shown[0])[2]  # saved, it is the file
        before = time.monotonic()
        for file in shown[1:]:
            status, headers, body = ask(file, picture=240)
            assert status == 404 and headers["content-type"] == "application/problem+json", (file["name"], status, body[:80])
        assert time.monotonic() - before < 10
        for side in (-1, 1, 15, 2049, 1 << 40):
            assert ask(shown[0], picture=side)[0] == 400, side
        # nobody else's, by whatever way
        theirs = eve.expect("welcome")["pass"]
        assert ask(shown[0], **{"pass": theirs, "picture": 240})[0] == 403
        assert ask({**shown[0], "blob": shown[1]["blob"]}, picture=240)[0] == 403
        # usherd lives, and says so
        assert node.serves()
        ann.close()
        eve.close()


def test_rating_read_marks_and_leaving():
    with Node(config=CENTER) as node, node.desk("bo") as bo:
        bo.available()
        ann = node.chat()
        ann.say("hello")
        conv = bo.accept()["conv"]
        bo.expect("message", conv=conv, text="hello")
        bo.send(t="seen", conv=conv, seq=1)
        assert ann.expect("seen")["seq"] == 1
        bo.command("reply", conv=conv, text="hi")
        ann.send(t="seen", seq=ann.expect("msg", text="hi")["seq"])
        bo.expect("conv", conv=conv, seen_seq=2)
        tab = node.chat(session=ann.session)
        assert tab.expect("agent")["name"] == "Bo Larsen"
        ann.close()
        tab.close()
        bo.expect("conv", conv=conv, visitor_left=True)  # after the grace of 3 s
        ann = node.chat(session=ann.session)
        bo.expect("conv", conv=conv, visitor_left=False, skip=len(bo.frames) - 2)
        ann.send(t="end")
        ann.expect("ended")
        ann.send(t="rate", id="r1", score=4, text="Quick & kind")
        ann.expect("rated", score=4)
        note = bo.expect("message", conv=conv, direction="note")
        assert note["text"] == "★★★★☆ 4/5\nQuick & kind", note
        bo.expect("conv", conv=conv, rating=4)
        assert node.conv(conv)["rating"] == "4" and node.conv(conv)["state"] == "resolved"
        assert not [m for m in ann.messages() if "★" in m["text"]]
        ann.send(t="rate", id="r1", score=4, text="Quick & kind")
        ann.send(t="rate", id="r2", score=9)
        assert ann.expect("error", id="r2")["code"] == "invalid"
        assert len([m for m in node.conv(conv)["messages"] if m["direction"] == "note"]) == 1
        late = node.chat(session=ann.session)
        late.expect("ended")
        exported = node.ctl("export", node.conv(conv)["customer"]).stdout
        assert "Quick & kind" in exported
        ann.close()
        late.close()


def test_a_rating_of_long_ago_is_kept_as_any():
    """The engine has closed the conversation and knows it no more: its history takes what the visitor says of it, once, also over a restart."""
    with Node(config=CENTER, env={"USHER_TEST_CLOSE": "1s"}) as node, node.desk("bo") as bo:
        bo.available()
        ann = node.chat()
        ann.say("hello")
        conv = bo.accept()["conv"]
        bo.command("reply", conv=conv, text="hi")
        ann.send(t="end")
        ann.expect("ended")
        until("it to be closed", lambda: node.conv(conv)["state"] == "closed")
        for _ in range(2):
            ann.send(t="rate", id="r1", score=2, text="Too slow")
            ann.expect("rated", score=2)
        until("the rating", lambda: node.conv(conv).get("rating") == "2")
        notes = [m["text"] for m in node.conv(conv)["messages"] if m["direction"] == "note"]
        assert notes == ["★★☆☆☆ 2/5\nToo slow"], notes
        assert not node.waiting()  # nobody's turn because of it
        node.ctl("verify")
        node.kill()
        node.start()
        assert node.conv(conv)["rating"] == "2" and node.conv(conv)["state"] == "closed"
        ann.close()
        again = node.chat(session=ann.session)
        again.say("another matter")
        assert until("a new conversation", node.waiting)[0]["id"] != conv
        again.close()


def test_the_conversation_by_mail():
    node = Node(config=CENTER, start=False)
    sink = Sink(node.smtp)
    node.start()
    with node, node.desk("bo") as bo:
        bo.available()
        ann = node.chat(lang="ru")
        ann.say("Где моя карта?")
        ann.send(t="transcript", email="ann@x.org")
        assert ann.expect("error")["code"] == "state"  # nobody has answered: this is no way to write to strangers
        conv = bo.accept()["conv"]
        bo.command("reply", conv=conv, text="В пути")
        ann.expect("msg", text="В пути")
        ann.send(t="transcript", email="ann@x.org")
        assert ann.expect("error", code="slow")
        bob = node.chat()
        bob.say("Where is mine?")
        bo.command("reply", conv=bo.accept()["conv"], text="On its way")
        bob.expect("msg", text="On its way")
        bob.send(t="transcript", email="not an address")
        bob.expect("error", code="invalid")
        bob.send(t="transcript", email="bob@x.org")
        bob.expect("mailed")
        mail = until("the mail", lambda: [m for m in sink.mails() if b"bob@x.org" in m])[0].decode()
        assert "Where is mine?" in mail and "Bo Larsen" in mail and "On its way" in mail, mail
        assert "Auto-Submitted: auto" in mail, mail
        ann.close()
        bob.close()
    sink.close()


def test_who_left_during_a_restart_has_left():
    with Node(config=CENTER) as node:
        ann, bob = node.chat(), node.chat()
        ann.say("I wait")
        bob.say("I wait too")
        assert len(until("two to wait", lambda: node.waiting() if len(node.waiting()) == 2 else None)) == 2
        node.kill()
        node.start()
        back = node.chat(session=bob.session)
        left = until("the one who did not come back to have left", lambda: node.waiting() if len(node.waiting()) == 1 else None)
        assert node.conv(left[0]["id"])["messages"][0]["text"] == "I wait too"
        time.sleep(1)
        assert len(node.waiting()) == 1
        back.close()


def test_fields_departments_and_closed_hours():
    with Node(config=CENTER) as node, node.desk("sam") as sam:
        settings = json.loads(node.request("GET", "/chat/settings.json")[2])
        assert settings["title_ru"] == "Помощь" and settings["departments"][1]["name"] == "night", settings
        assert settings["fields"][1]["name"] == "order" and settings["invite"][0]["page"] == "/prices"
        ann = node.chat(department="night", fields={"name": "Ann", "order": "A-17", "unknown": "dropped"}, page="https://shop.test/prices",
                        referrer="https://search.test/")
        welcome = ann.expect("welcome")
        assert welcome["open"] is False and welcome["opens_ms"] > time.time() * 1000, welcome
        ann.send(t="about", fields={"name": "Ann", "email": "ann@x.org", "order": "A-17"}, department="night", page="https://shop.test/prices")
        ann.say("Is anybody there?")
        assert "closed" in ann.expect("msg", **{"from": "system"})["text"]
        conv = until("it in the queue", lambda: node.json("queue", "night")["conversations"])[0]["id"]
        first = json.loads(node.ctl("export", node.conv(conv)["customer"]).stdout)["conversations"][0]["messages"][0]
        assert first["from"] == "Ann", first
        hints = dict(p.split("=", 1) for p in first["hints"].split("&"))
        assert hints["order"] == "A-17" and hints["email"] == "ann%40x.org" and "unknown" not in hints, hints
        # it never vanishes, also when the visitor goes
        ann.close()
        time.sleep(4)
        assert node.json("queue", "night")["conversations"], "the message to a closed chat is gone"
        assert node.chat().expect("welcome")["open"] is True
        refused = Chat(node, path="/strict/ws", expect="error")
        assert refused.frames[0]["code"] == "fields", refused.frames
        Chat(node, path="/strict/ws", fields={"email": "a@x.org"}).close()


def test_a_token_is_not_what_was_asked_for():
    """What is required is asked of whoever begins a conversation, with any token; of nobody who comes back to his."""
    with Node(config=CENTER) as node:
        hasty = json.dumps({"poll": None, "got": 0, "frames": [{"t": "hello", "session": "q" * 26, "from": 0}, {"t": "say", "id": "m1", "text": "let me in"}]})
        status, _, answer = node.request("POST", "/strict/poll", hasty, {"Content-Type": "text/plain"})
        assert status == 200 and [f["code"] for f in json.loads(answer)["frames"]][:1] == ["busy"], answer
        for token, seen in (("0" * 26, 0), ("z" * 26, 1000)):
            stranger = Chat(node, session=token, seq=seen, path="/strict/ws", expect="error")
            assert stranger.frames[0]["code"] == "fields" and "email" in stranger.frames[0]["message"], stranger.frames
            stranger.send(t="say", id="m1", text="let me in")
            stranger.expect("error", id="m1")
            stranger.send(t="hello", session=token, **{"from": 0}, fields={"email": "a@x.org"})
            assert stranger.expect("welcome")["session"] == token
            stranger.say("I am a")
            conv = stranger.expect("msg", text="I am a")
            stranger.close()
            for since in (0, conv["seq"]):
                again = Chat(node, session=token, seq=since, path="/strict/ws")
                again.say("and back")
                again.close()
        node.kill()
        node.start()
        Chat(node, session=token, seq=conv["seq"], path="/strict/ws").close()
        early = Chat(node, path="/strict/ws", fields={"email": "b@x.org"})
        early.close()
        again = Chat(node, session=early.session, path="/strict/ws", expect="error")  # he had said nothing
        assert again.frames[0]["code"] == "fields", again.frames
        again.close()


def test_whom_an_agent_has_is_not_told_that_nobody_is_there():
    with Node(config=CENTER) as node, node.desk("bo") as bo, node.desk("sam") as sam:
        ann = node.chat(department="night")
        assert ann.expect("welcome")["open"] is False
        ann.say("Is anybody there?")
        conv = until("it in the queue", lambda: node.json("queue", "night")["conversations"])[0]["id"]
        sam.command("take", conv=conv, agent="bo")
        ann.expect("agent", name="Bo Larsen")
        again = node.chat(session=ann.session, department="night")
        assert again.expect("welcome")["open"] is True
        ann.close()
        again.close()


def test_only_allowed_sites_and_only_so_many():
    with Node(config=CENTER) as node:
        for path in ("/chat/ws", "/chat/poll", "/chat/settings.json", "/chat/fetch", "/chat/file"):
            assert node.request("GET", path, headers={"Origin": "http://evil.test"})[0] == 403, path
        node.chat(identity="not.a.token", expect="error").close()
        health = next(c for c in node.json("status")["channels"] if c["name"] == "chat")["health"]
        assert health["refused_origin"] == "http://evil.test" and "HS256" in health["refused_identity"], health
        status, headers, _ = node.request("GET", "/chat/settings.json", headers={"Origin": "http://127.0.0.1:1"})
        assert status == 200 and headers["access-control-allow-origin"] == "http://127.0.0.1:1" and headers["vary"] == "Origin"
        three = [Chat(node, path="/strict/ws", fields={"email": "a@x.org"}) for _ in range(3)]
        try:
            Chat(node, path="/strict/ws", fields={"email": "a@x.org"})
            raise RuntimeError("a fourth connection from one address")
        except Exception as e:  # noqa: BLE001
            assert "503" in str(e), e
        three.pop().close()
        until("room again", lambda: opens(node))
        for v in three:
            v.close()


def opens(node):
    try:
        Chat(node, path="/strict/ws", fields={"email": "a@x.org"}).close()
        return True
    except Exception:  # noqa: BLE001
        return False


def test_a_flood_is_slowed_and_others_are_not():
    with Node(config=CENTER) as node, node.desk("bo") as bo:
        bo.available()
        ann, eve = node.chat(), node.chat()
        ann.say("hello")
        bo.accept()
        for i in range(400):
            Loop.run(eve.ws.send(json.dumps({"t": "say", "id": f"e{i}", "text": "spam"})))
        assert eve.expect("error", code="slow")
        began = time.monotonic()
        ann.say("a calm word")
        assert time.monotonic() - began < 2
        acked = len([f for f in eve.frames if f["t"] == "ack"])
        assert acked <= 150, acked
        ann.close()


def test_who_does_not_read_is_dropped_and_resumes():
    with Node(config=CENTER) as node, node.desk("bo") as bo:
        bo.available()
        ann = node.chat()
        ann.say("send me everything")
        conv = bo.accept()["conv"]
        ann.expect("agent")
        # the same visitor in another tab, which says hello and then reads nothing
        with socket.create_connection(("127.0.0.1", node.http), 10) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            key = base64.b64encode(os.urandom(16)).decode()
            s.sendall(f"GET /chat/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                      f"Sec-WebSocket-Key: {key}\r\n\r\n".encode())
            hello = json.dumps({"t": "hello", "session": ann.session, "from": ann.seq}).encode()
            s.sendall(bytes([0x81, 0xfe]) + len(hello).to_bytes(2, "big") + b"\0\0\0\0" + hello)
            until("two connections", lambda: visitors(node) == 2)
            for i in range(110):
                bo.command("reply", conv=conv, text=f"{i} " + "x" * 64000)
            until("the one who does not read to be dropped", lambda: visitors(node) == 1)
        ann.expect("msg", text="109 " + "x" * 64000)  # the other tab has all of it
        assert len(ann.messages()) == 111
        back = node.chat(session=ann.session, seq=ann.seq - 1)
        assert [m["seq"] for m in back.messages()] == [ann.seq]
        ann.close()
        back.close()


def visitors(node):
    """From the channel's own numbers."""
    return next(c for c in node.json("status")["channels"] if c["name"] == "chat").get("health", {}).get("visitors")


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
