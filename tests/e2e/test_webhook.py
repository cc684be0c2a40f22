"""The worked examples of conf/examples against recorded payloads and a real HTTP peer; forged, old and repeated posts; what a peer answers."""
import base64
import contextlib
import gzip
import hashlib
import hmac
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from usher import ROOT, Node, main, until

PAYLOADS = os.path.join(ROOT, "channels/webhook/tests/payloads")
SECRETS = {"TELEGRAM_TOKEN": "42:token", "TELEGRAM_SECRET": "hush-hush-hush-hush", "SMS_KEY": "k-old-k-old-k-old", "SMS_KEY_NEXT": "k-new-k-new-k-new", "SMS_AUTH": "QUM6dG9r",
           "REVIEWS_KEY": "k-in-k-in-k-in-k-in", "REVIEWS_OUT_KEY": "k-out-k-out-k-out"}


def payload(name):
    with open(os.path.join(PAYLOADS, name), "rb") as f:
        return f.read().strip()


class Peer:
    """A service out there: keeps what it is sent, answers what it is told to."""

    def __init__(self):
        self.requests, self.answers = [], []
        peer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                peer.requests.append((self.command, self.path, dict((k.lower(), v) for k, v in self.headers.items()), body))
                status, headers, text = peer.answers.pop(0) if peer.answers else (200, {}, b"{}")
                if status == 0:
                    self.close_connection = True
                    return
                self.send_response(status)
                for k, v in headers.items():
                    self.send_header(k, v)
                if callable(text):
                    self.end_headers()
                    self.close_connection = True
                    with contextlib.suppress(OSError):
                        text(self.wfile)
                    return
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_PUT = do_GET = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@contextlib.contextmanager
def center(example, private="yes", change=lambda text: text):
    """A node on conf/examples/NAME.yaml whose service is a peer here."""
    peer = Peer()
    dir = tempfile.mkdtemp(prefix="usher-webhook.")
    config = os.path.join(dir, "center.yaml")
    with open(os.path.join(ROOT, "conf/examples", example + ".yaml")) as f:
        text = f.read()
    text = re.sub(r"\$\{\w+_URL:-[^}]*\}", peer.url, text).replace(re.search(r"\$\{\w+_PRIVATE:-no\}", text)[0], private)
    with open(config, "w") as f:
        f.write(change(text))
    node = Node(config=config, env=SECRETS, start=False)
    try:
        try:
            node.start()
        except AssertionError as e:
            log = node.log()
            node.close()
            raise AssertionError(log) from e
        with node:
            yield node, peer
    finally:
        peer.close()
        shutil.rmtree(dir, ignore_errors=True)


def signed(body, key, at=None):
    at = str(int(time.time()) if at is None else at)
    return {"x-usher-timestamp": at,
            "x-usher-signature": "sha256=" + hmac.new(key.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()}


def post(node, path, body, headers=None, type="application/json"):
    status, _, answer = node.request("POST", path, body, {"Content-Type": type, **(headers or {})})
    return status, json.loads(answer or b"null")


def telegram(node, body=None, secret="hush-hush-hush-hush"):
    return post(node, "/hook/telegram", body or payload("telegram.json"), {"X-Telegram-Bot-Api-Secret-Token": secret})


def out(node, conv):
    return [m for m in node.conv(conv)["messages"] if m["direction"] == "out"]


def delivery(node, conv, want, seconds=20):
    return until(f"an answer to be {want}", lambda: [m for m in out(node, conv) if m["delivery"] == want], seconds)[0]


def test_every_example_is_a_good_configuration():
    for name in sorted(os.listdir(os.path.join(ROOT, "conf/examples"))):
        if name.endswith(".yaml"):
            node = Node(config=os.path.join(ROOT, "conf/examples", name), env=SECRETS, start=False)
            r = subprocess.run([os.path.join(node.build, "usherd"), "-t", "-c", node.config], env=node.env(), capture_output=True,
                               text=True, timeout=60)
            node.close()
            assert r.returncode == 0, f"{name}: {r.stdout}{r.stderr}"


def test_telegram_like_bot_both_ways():
    with center("telegram") as (node, peer), node.desk("bo") as bo:
        bo.available()
        status, answer = telegram(node)
        assert status == 200 and answer["messages"][0]["outcome"] == "ok", (status, answer)
        conv = bo.accept()["conv"]
        assert node.conv(conv)["messages"][0]["text"] == "Where is my card?\nПривет 🙂"
        card = json.dumps(node.json("conv", conv), ensure_ascii=False)
        assert "Ann Lee" in card, card
        # the same update again: known; a group: not for us
        assert telegram(node)[1]["messages"][0]["outcome"] == "duplicate"
        status, answer = telegram(node, payload("telegram-group.json"))
        assert (status, answer) == (200, {"messages": []}), answer
        assert len(node.conv(conv)["messages"]) == 1
        peer.answers.append((200, {}, payload("telegram-sent.json")))
        bo.command("reply", conv=conv, text='In the post: "quoted" \\ {thread} \n😀')
        delivery(node, conv, "sent")
        method, path, headers, body = peer.requests[0]
        assert (method, path) == ("POST", "/bot42:token/sendMessage"), (method, path)
        assert json.loads(body) == {"chat_id": "1111111", "text": 'In the post: "quoted" \\ {thread} \n😀'}, body
        assert headers["content-type"] == "application/json" and len(headers["idempotency-key"]) == 26
        for secret in ("", "wrong", "hush2"):
            assert telegram(node, payload("telegram.json").replace(b"735184201", b"9"), secret)[0] == 401
        assert "42:token" not in node.log()


def test_sms_gateway_both_ways_with_two_keys():
    form = "application/x-www-form-urlencoded"
    with center("sms") as (node, peer), node.desk("bo") as bo:
        bo.available()
        body = payload("sms.form")
        status, answer = post(node, "/hook/sms", body, signed(body, "k-old-k-old-k-old"), form)
        assert status == 200 and answer["messages"][0]["outcome"] == "ok", (status, answer)
        conv = bo.accept()["conv"]
        assert node.conv(conv)["messages"][0]["text"] == "Card blocked, help Привет"
        second = body.replace(b"SM1fae3b7d0a", b"SM2").replace(b"Card+blocked", b"Again")
        assert post(node, "/hook/sms", second, signed(second, "k-new-k-new-k-new"), form)[0] == 200
        bo.expect("message", conv=conv, direction="in", text="Again, help Привет")
        peer.answers.append((201, {}, payload("sms-sent.json")))
        bo.command("reply", conv=conv, text="Done & dusted + 1")
        delivery(node, conv, "sent")
        method, path, headers, sent = peer.requests[0]
        assert path == "/v1/messages" and headers["authorization"] == "Basic QUM6dG9r", headers
        assert dict(urllib.parse.parse_qsl(sent.decode())) == {
            "To": "+4915112345678", "From": "+4930901820", "Body": "Done & dusted + 1"}, sent


def test_review_site_by_rating_and_hashtag():
    with center("reviews") as (node, peer), node.desk("bo") as bo:
        body = payload("reviews.json")
        status, answer = post(node, "/hook/reviews", body, signed(body, "k-in-k-in-k-in-k-in"))
        assert status == 200 and [m["outcome"] for m in answer["messages"]] == ["ok"] * 3, answer
        waiting = until("three to wait", lambda: node.waiting() if len(node.waiting()) == 3 else None)
        assert sorted(c["queue"] for c in waiting) == ["care", "general", "refunds"], waiting
        bo.available()
        conv = bo.accept(queue="care")["conv"]
        assert node.conv(conv)["messages"][0]["text"] == "Two hours in a queue"
        assert '"rating"' in json.dumps(node.json("conv", conv)) or "rating=1" in json.dumps(node.json("conv", conv))
        bo.command("reply", conv=conv, text="We are sorry")
        delivery(node, conv, "sent")
        method, path, headers, sent = peer.requests[0]
        assert (method, path) == ("PUT", "/reviews/r-102/reply"), (method, path)
        want = hmac.new(b"k-out-k-out-k-out", headers["x-usher-timestamp"].encode() + b"." + sent, hashlib.sha256).hexdigest()
        assert headers["x-usher-signature"] == "sha256=" + want, headers
        assert abs(int(headers["x-usher-timestamp"]) - time.time()) < 30


def test_forged_old_and_replayed_posts():
    with center("reviews") as (node, _):
        body = payload("reviews.json")
        good = signed(body, "k-in-k-in-k-in-k-in")
        cases = {"no signature": {}, "another key": signed(body, "k-out-k-out-k-out"), "old": signed(body, "k-in-k-in-k-in-k-in", int(time.time()) - 400),
                 "of the future": signed(body, "k-in-k-in-k-in-k-in", int(time.time()) + 400),
                 "another time": {**good, "x-usher-timestamp": str(int(good["x-usher-timestamp"]) + 1)},
                 "another body": signed(body + b" ", "k-in-k-in-k-in-k-in")}
        for name, headers in cases.items():
            status, answer = post(node, "/hook/reviews", body, headers)
            assert status == 401, (name, status, answer)
        assert node.waiting() == []
        assert post(node, "/hook/reviews", body, good)[0] == 200
        assert post(node, "/hook/reviews", body, good) == (200, {"messages": []})  # a replay does nothing
        intake = node.json("status")["intake"]
        assert intake["accepted"] == 3 and intake["refused"] == len(cases) and intake["duplicate"] == 0, intake


def test_a_replay_after_a_crash_is_stored_once():
    """Who has recorded a good post sends it again within its five minutes, to a usherd that has forgotten it: every message has a name, and
    by that it is known. A mapping that gives none is refused."""
    with center("reviews") as (node, _):
        body = payload("reviews.json")
        good = signed(body, "k-in-k-in-k-in-k-in")
        status, first = post(node, "/hook/reviews", body, good)
        assert status == 200 and len(first["messages"]) == 3, first
        for _ in range(2):
            node.kill_redis()
            node.kill()
            node.start()
            status, again = post(node, "/hook/reviews", body, good)
            assert status == 200 and {m["outcome"] for m in again["messages"]} == {"duplicate"}, again
            assert sorted(m["id"] for m in again["messages"]) == sorted(m["id"] for m in first["messages"]), (first, again)
        assert len(node.waiting()) == 3


def test_store_away_is_come_again_and_no_replay():
    with center("reviews") as (node, _):
        body = payload("reviews.json")
        headers = signed(body, "k-in-k-in-k-in-k-in")
        node.kill_redis()
        seen = []

        def posted():
            seen.append(post(node, "/hook/reviews", body, headers)[0])
            return seen[-1] == 200
        until("the post to be taken", posted, 30, 0.2)
        assert set(seen) <= {200, 503} and 503 in seen, seen
        until("three to wait", lambda: len(node.waiting()) == 3)
        assert node.json("status")["intake"]["accepted"] == 3, node.json("status")["intake"]


def test_what_is_no_post():
    with center("telegram") as (node, _):
        secret = {"X-Telegram-Bot-Api-Secret-Token": "hush-hush-hush-hush"}
        assert node.request("GET", "/hook/telegram")[0] == 405
        assert post(node, "/hook/telegram/more", b"{}", secret)[0] == 404
        assert post(node, "/hook/telegram", b"{}", secret, "text/plain")[0] == 415
        assert post(node, "/hook/telegram", b"{nonsense", secret)[0] == 400
        assert post(node, "/hook/telegram", b"[" * 100000, secret)[0] == 400
        assert post(node, "/hook/telegram", b'"' + b"x" * 600000 + b'"', secret)[0] == 413
        assert post(node, "/hook/telegram", b"[]", secret) == (200, {"messages": []})
        # half an emoji: refused, a service would post it for ever
        half = payload("telegram.json").replace(b'"update_id":735184201,', b'"half":"\\ud83d\\u0000",')
        assert post(node, "/hook/telegram", half, secret)[0] == 422
        no_id = payload("telegram.json").replace(b'"update_id":735184201,', b"")
        status, answer = post(node, "/hook/telegram", no_id, secret)
        assert status == 422 and "dedup" in answer["messages"][0]["why"], (status, answer)
        assert node.waiting() == []


def talk(node, bo, n):
    """A conversation of its own for each answer: back-off is per destination."""
    body = payload("telegram.json").replace(b"735184201", str(n).encode()).replace(b"1111111", str(n).encode())
    assert telegram(node, body)[0] == 200
    conv = bo.accept()["conv"]
    bo.command("reply", conv=conv, text="answer")
    return conv


def test_what_a_peer_answers():
    with center("telegram") as (node, peer), node.desk("bo") as bo:
        bo.available()
        peer.answers = [(400, {}, b"chat not found")]
        conv = talk(node, bo, 1)
        assert "HTTP 400: chat not found" in json.dumps(delivery(node, conv, "failed"))
        bo.command("resolve", conv=conv, outcome="solved")
        peer.answers = [(302, {"Location": peer.url + "/elsewhere"}, b"")]
        conv = talk(node, bo, 2)
        assert "redirects are not followed" in json.dumps(delivery(node, conv, "failed"))
        bo.command("resolve", conv=conv, outcome="solved")
        assert len(peer.requests) == 2, [r[1] for r in peer.requests]
        peer.answers = [(429, {}, b""), (503, {}, b"busy")]
        conv = talk(node, bo, 3)
        late = bo.expect("receipt", conv=conv, delivery="queued", why="HTTP 503: busy", seconds=60)
        assert late["again_ms"] > time.time() * 1000 - 60000, late
        bo.expect("receipt", conv=conv, delivery="sent", why=None, seconds=60)
        sent = delivery(node, conv, "sent", 60)
        assert "again_ms" not in sent and not sent.get("why"), sent
        ids = {r[2]["idempotency-key"] for r in peer.requests[2:]}
        assert len(peer.requests) == 5 and len(ids) == 1, peer.requests
        bo.command("resolve", conv=conv, outcome="solved")
        peer.answers = [(0, {}, b"")]  # took it and hung up: nobody knows
        conv = talk(node, bo, 4)
        delivery(node, conv, "unsure")
        assert node.stop() == 0


def test_an_answer_that_does_not_end_or_swells():
    """Neither holds up the others; what is packed stays so."""
    def drips(wfile):
        while True:
            wfile.write(b" ")
            time.sleep(0.1)

    with center("telegram", change=lambda t: t.replace('      url: "http', '      timeout_s: 2\n      url: "http', 1)) as (node, peer), \
            node.desk("bo") as bo:
        bo.available()
        peer.answers = [(200, {}, drips)]
        slow = talk(node, bo, 1)
        until("it to be under way", lambda: len(peer.requests) == 1, 60)
        quick = talk(node, bo, 2)
        delivery(node, quick, "sent", 60)
        assert "imeout" in delivery(node, slow, "unsure", 60)["why"]
        for conv in (slow, quick):
            bo.command("resolve", conv=conv, outcome="solved")
        bomb = gzip.compress(b"busy " * 20_000_000)
        peer.answers = [(400, {"Content-Encoding": "gzip"}, bomb), (400, {}, lambda w: w.write(b"no such chat " * 1_000_000))]
        for n, says in ((3, "HTTP 400: "), (4, "HTTP 400: no such chat no such chat")):
            conv = talk(node, bo, n)
            why = delivery(node, conv, "failed", 60)["why"]
            assert why.startswith(says) and "busy" not in why and len(why) < 300, why
            bo.command("resolve", conv=conv, outcome="solved")


def test_an_attempt_is_signed_with_the_keys_of_its_time():
    """A key is taken away while what it signed is tried again."""
    with center("reviews") as (node, peer), node.desk("bo") as bo:
        body = payload("reviews.json")
        peer.answers = [(503, {}, b"")] * 100
        assert post(node, "/hook/reviews", body, signed(body, "k-in-k-in-k-in-k-in"))[0] == 200
        bo.available()
        bo.command("reply", conv=bo.accept()["conv"], text="We are sorry")
        until("two attempts", lambda: len(peer.requests) >= 2)
        with open(node.config) as f:
            text = f.read()
        with open(node.config, "w") as f:
            f.write(text.replace('sign_keys: ["${REVIEWS_OUT_KEY}"]', 'sign_keys: ["k-new-k-new-k-new"]'))
        node.process.send_signal(signal.SIGHUP)
        until("the new keys", lambda: "reloaded" in node.log())
        tried = len(peer.requests)
        peer.answers = []
        until("the next", lambda: len(peer.requests) > tried)
        for request, key in ((peer.requests[0], b"k-out-k-out-k-out"), (peer.requests[1], b"k-out-k-out-k-out"), (peer.requests[-1], b"k-new-k-new-k-new")):
            headers, sent = request[2:]
            want = hmac.new(key, headers["x-usher-timestamp"].encode() + b"." + sent, hashlib.sha256).hexdigest()
            assert headers["x-usher-signature"] == "sha256=" + want, (key, headers)
        assert len({r[2]["idempotency-key"] for r in peer.requests}) == 1
        assert peer.requests[-1][2]["x-usher-timestamp"] > peer.requests[0][2]["x-usher-timestamp"]


def files_center():
    """The bot with files: inside the post, by address; and in the answer."""
    def change(text):
        text = text.replace('      url: "http', """      files:
        list: "{message.files}"
        name: "{name}"
        type: "{type}"
        data: "{data}"
        url: "{url}"
      file_kib: 100
      url: "http""", 1).replace('list: "{message.files}"', 'list: message.files')
        return text.replace("\"text\": \"{text}\"}'", "\"text\": \"{text}\", \"files\": \"{files}\"}'")
    return center("telegram", change=change)


def with_files(files):
    update = json.loads(payload("telegram.json"))
    update["message"]["files"] = files
    return json.dumps(update).encode()


def test_files_both_ways():
    with files_center() as (node, peer), node.desk("bo") as bo:
        bo.available()
        picture = bytes(range(256)) * 40
        status, answer = telegram(node, with_files([
            {"name": "../a picture.png", "type": "image/png", "data": base64.b64encode(picture).decode()},
            {"name": "broken", "data": "this is not base64"},
            {"name": "elsewhere.pdf", "url": peer.url + "/file"},  # the post may not name a private address
            {"name": "nothing"}]))
        assert status == 200 and answer["messages"][0]["outcome"] == "ok", (status, answer)
        conv = bo.accept()["conv"]
        part, *more = bo.expect("message", conv=conv, direction="in")["parts"]
        assert not more and (part["name"], part["type"], part["size"]) == ("a picture.png", "image/png", len(picture)), (part, more)
        assert not peer.requests, peer.requests
        text = node.conv(conv)["messages"][0]["text"]
        assert text.endswith("[📎 broken: not base64, elsewhere.pdf: its address is private]"), text
        bo.command("reply", conv=conv, text="and back", parts=[part])
        delivery(node, conv, "sent")
        body = json.loads(peer.requests[0][3])
        assert body["text"] == "and back" and len(body["files"]) == 1, body
        back = body["files"][0]
        assert (back["name"], back["type"], back["size"]) == ("a picture.png", "image/png", len(picture)), back
        assert base64.b64decode(back["data"]) == picture
        bo.command("reply", conv=conv, text="and none")
        until("two", lambda: len(peer.requests) == 2)
        assert json.loads(peer.requests[1][3])["files"] == []


def test_files_are_fetched():
    def change(text):
        return text.replace('      url: "http', """      files: {name: "{message.file}", url: "PEER/files/{message.file}"}
      file_kib: 4
      url: "http""", 1).replace("PEER", text.split('url: "')[1].split("/bot")[0])
    with center("telegram", change=change) as (node, peer), node.desk("bo") as bo:
        bo.available()
        for n, (answer, want) in enumerate([((200, {}, b"the file"), 8), ((404, {}, b""), "HTTP 404"),
                                            ((200, {}, b"x" * 5000), "larger than is taken"),
                                            ((302, {"Location": peer.url + "/secret"}, b""), "HTTP 302")]):
            update = json.loads(payload("telegram.json"))
            update["update_id"] = update["message"]["chat"]["id"] = 100 + n
            update["message"]["file"] = "a b/../c.txt"
            peer.requests.clear()
            peer.answers = [answer]
            assert telegram(node, json.dumps(update).encode())[0] == 200
            conv = bo.accept()["conv"]
            message = bo.expect("message", conv=conv, direction="in")
            assert [r[1] for r in peer.requests] == ["/files/a%20b%2F..%2Fc.txt"], peer.requests
            if isinstance(want, int):
                assert message["parts"][0]["size"] == want, message
            else:
                assert not message["parts"] and message["text"].endswith(f"[📎 a b/../c.txt: {want}]"), message
            bo.command("resolve", conv=conv, outcome="solved")


def test_store_away_with_a_file_is_come_again():
    with files_center() as (node, _):
        body = with_files([{"name": "a", "data": base64.b64encode(b"bytes").decode()}])
        node.kill_redis()
        seen = []

        def posted():
            seen.append(telegram(node, body)[0])
            return seen[-1] == 200
        until("the post to be taken", posted, 30, 0.2)
        assert set(seen) == {200, 503}, seen
        assert node.json("status")["intake"]["accepted"] == 1


def test_dead_letters_are_listed_and_sent_again():
    with center("telegram") as (node, peer), node.desk("bo") as bo:
        bo.available()
        convs = []
        for n, answer in enumerate([(400, {}, b"chat not found"), (403, {}, b"blocked"), (0, {}, b"")], 1):
            peer.answers = [answer]
            convs.append(talk(node, bo, n))
            delivery(node, convs[-1], "unsure" if n == 3 else "failed")
            bo.command("resolve", conv=convs[-1], outcome="solved")
        dead = node.json("dead")
        assert dead["dead"] == 3 and [d["conv"] for d in dead["letters"]] == convs, dead
        assert [d["state"] for d in dead["letters"]] == ["failed", "failed", "unsure"], dead
        assert "chat not found" in dead["letters"][0]["why"] and dead["letters"][0]["channel"] == "telegram", dead
        assert "chat not found" in node.ctl("dead", "list").stdout
        assert node.json("dead", "replay", dead["letters"][1]["id"]) == {"replayed": 1}
        delivery(node, convs[1], "sent")
        assert [d["conv"] for d in node.json("dead")["letters"]] == [convs[0], convs[2]]
        # all that failed; what may have arrived already is nobody's to repeat unseen
        assert node.json("dead", "replay", "--channel", "telegram") == {"replayed": 1}
        delivery(node, convs[0], "sent")
        assert [d["conv"] for d in node.json("dead")["letters"]] == [convs[2]]
        ids = [r[2]["idempotency-key"] for r in peer.requests]
        assert len(ids) == 5 and ids[3] == ids[1] and ids[4] == ids[0], ids  # the same message, not another
        for words, code in ((("replay",), 2), (("replay", "x", "--channel", "telegram"), 2), (("replay", "--channel", "no"), 1),
                            (("replay", dead["letters"][1]["id"]), 1), (("discard",), 2),
                            (("discard", dead["letters"][1]["id"]), 1), (("frob",), 2)):
            assert node.ctl("dead", *words, check=False).returncode == code, words
        node.kill()
        node.start()
        assert node.json("dead")["dead"] == 1
        last = dead["letters"][2]
        assert node.json("dead", "discard", last["id"]) == {"discarded": 1}
        until("it to be gone", lambda: node.json("dead")["dead"] == 0)
        said = [m for m in node.conv(convs[2])["messages"] if m["direction"] == "out"][-1]
        assert said["delivery"] == "unsure" and said["why"].endswith("set aside by usherctl"), said
        assert node.ctl("dead", "discard", last["id"], check=False).returncode == 1
        assert node.json("verify")["violations"] == 0


def test_private_addresses_are_refused():
    for url in (None, "http://localhost:", "http://[::ffff:127.0.0.1]:", "http://2130706433:"):
        def change(text, url=url):
            return text if url is None else text.replace('url: "http://127.0.0.1:', f'url: "{url}')
        with center("telegram", private="no", change=change) as (node, peer), node.desk("bo") as bo:
            bo.available()
            conv = talk(node, bo, 1)
            failed = json.dumps(delivery(node, conv, "failed"))
            assert "allow_private is no" in failed, failed
            assert not peer.requests


def test_a_key_that_can_be_guessed_is_told():
    with center("telegram", change=lambda t: t.replace('"${TELEGRAM_SECRET}"', "hush")) as (node, peer):
        assert telegram(node, secret="hush")[0] == 200
        assert "keys: one has 4 bytes and can be guessed" in node.log()
    with center("telegram") as (node, peer):
        assert "can be guessed" not in node.log()


def test_wrong_configurations_are_told():
    cases = {
        "keys: missing": lambda t: t.replace('keys: ["${TELEGRAM_SECRET}"]', "keys: []"),
        "a { without its }": lambda t: t.replace('dedup: "{update_id}"', 'dedup: "{update_id"'),
        "nothing is filled in before its path": lambda t: t.replace('url: "http://127.0.0.1:', 'url: "http://{thread}.x:'),
        "body: ": lambda t: t.replace('{"chat_id": "{thread}"', '{"chat_id": {thread}'),
    }
    for why, change in cases.items():
        try:
            with center("telegram", change=change):
                pass
        except AssertionError as e:
            assert why in str(e) and re.search(r"center\.yaml:\d+:\d+: channel telegram: ", str(e)), (why, e)
        else:
            raise AssertionError(f"taken: {why}")


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
