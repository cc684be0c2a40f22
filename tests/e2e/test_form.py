"""Forms: what other sites' scripts may do, what is asked when too much comes at once, what a confirmation says, what a field becomes."""
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse

from usher import ROOT, Node, Sink, main, until

CENTER = os.path.join(ROOT, "tests/lib/forms.yaml")


def center():
    return Node(config=CENTER)


def post(node, fields, peer="192.0.2.1", accept="application/json", **headers):
    status, got, body = node.request("POST", "/form/contact", urllib.parse.urlencode(fields), {
        "Content-Type": "application/x-www-form-urlencoded", "Accept": accept, "X-Forwarded-For": peer, **headers})
    return status, got, json.loads(body) if "json" in got.get("content-type", "") else body.decode()


def fields(**more):
    return {"mail": "ann@x.org", "words": "hello", **more}


def solve(stamp, bits):
    n = 0
    while int.from_bytes(hashlib.sha256(f"{stamp}:{n}".encode()).digest()[:4], "big") >> (32 - bits):
        n += 1
    return str(n)


def flood(node, n=12):
    """From here and there, until the form asks."""
    for i in range(n):
        if post(node, fields(words=f"flood {i}"), peer=f"192.0.2.{10 + i}")[0] == 428:
            return
    raise AssertionError("it never asked")


def test_other_sites():
    with center() as node:
        def ask(method, path, origin, body=None):
            return node.request(method, path, body, {"Origin": origin, "Content-Type": "application/json", "Accept": "application/json",
                                                     "Access-Control-Request-Method": "POST"})
        status, headers, _ = ask("OPTIONS", "/form/contact", "https://shop.test")
        assert status == 204 and headers["access-control-allow-origin"] == "https://shop.test", (status, headers)
        assert "POST" in headers["access-control-allow-methods"] and "Idempotency-Key" in headers["access-control-allow-headers"]
        assert "access-control-allow-credentials" not in headers
        status, headers, body = ask("OPTIONS", "/form/contact", "https://evil.test")
        assert status == 403 and "access-control-allow-origin" not in headers and "origins" in json.loads(body)["detail"]
        for origin, allowed in (("https://shop.test", True), ("https://evil.test", False), ("https://shop.test.evil.test", False), ("null", False)):
            for content, want in ((fields(), 201), ({"mail": "nobody"}, 422)):
                status, headers, _ = ask("POST", "/form/contact", origin, json.dumps(content))
                assert status == want, (origin, status)
                assert ("access-control-allow-origin" in headers) == allowed, (origin, headers)
        status, headers, body = ask("GET", "/form/contact/stamp", "https://shop.test")
        assert status == 200 and headers["access-control-allow-origin"] == "https://shop.test" and len(json.loads(body)["stamp"]) == 48
        # the snippet stands alone: a plain post from anywhere is thanked on our page
        _, _, snippet = node.request("GET", "/form/contact/snippet.html")
        for piece in (f'action="http://127.0.0.1:{node.http}/form/contact"', 'name="words"', 'name="_website"', "/form/contact/form.js"):
            assert piece in snippet.decode(), piece
        status, headers, _ = node.request("POST", "/form/contact", urllib.parse.urlencode(fields()), {
            "Content-Type": "application/x-www-form-urlencoded", "Origin": "https://anywhere.test"})
        assert status == 303 and headers["location"].startswith("/form/contact/thanks?id=")


def test_challenge_for_programs():
    with center() as node:
        flood(node)
        status, _, problem = post(node, fields(words="no answer"))
        assert status == 428 and problem["challenge"]["bits"] >= 16, problem
        stamp, bits = problem["challenge"]["stamp"], problem["challenge"]["bits"]
        time.sleep(2.1)  # nobody fills in a form faster
        assert post(node, fields(words="guessed", _stamp=stamp, _work="0"))[0] == 428
        work = solve(stamp, bits)
        status, _, made = post(node, fields(words="worked", _stamp=stamp, _work=work))
        assert status == 201, made
        again = post(node, fields(words="worked", _stamp=stamp, _work=work))
        assert again[0] == 201 and again[2]["id"] == made["id"], "pressed twice is one message"
        status, _, problem = post(node, fields(words="another with the same work", _stamp=stamp, _work=work))
        assert status == 428 and problem["challenge"]["stamp"] != stamp
        forged = "0" * 48
        assert post(node, fields(words="forged", _stamp=forged, _work=solve(forged, bits)))[0] == 428
        # nothing goes to the disk before the answer, and this machine itself is not asked
        boundary = "b0undary"
        body = (f'--{boundary}\r\nContent-Disposition: form-data; name="photo"; filename="a.bin"\r\n\r\n{"x" * 500000}\r\n'
                f'--{boundary}\r\nContent-Disposition: form-data; name="mail"\r\n\r\na@x.org\r\n'
                f'--{boundary}\r\nContent-Disposition: form-data; name="words"\r\n\r\nwith file\r\n--{boundary}--\r\n')
        status, _, _ = node.request("POST", "/form/contact", body, {
            "Content-Type": f"multipart/form-data; boundary={boundary}", "Accept": "application/json", "X-Forwarded-For": "192.0.2.99"})
        assert status == 428, status
        assert node.request("POST", "/form/contact", json.dumps(fields()), {"Content-Type": "application/json"})[0] == 201
        texts = [m["text"] for c in node.waiting() for m in node.conv(c["id"])["messages"]]
        assert texts.count("worked") == 1 and not {"guessed", "forged", "no answer", "with file"} & set(texts), texts


def test_challenge_without_script():
    """A person without JavaScript gets what he typed back with a small sum."""
    with center() as node:
        flood(node)
        typed = fields(words="my <card> & all", about="a \"subject\"")
        status, _, page = post(node, typed, accept="text/html")
        assert status == 428, status
        assert "my &lt;card&gt; &amp; all" in page and 'value="a &quot;subject&quot;"' in page, page
        a, b = re.search(r"(\d+) \+ (\d+)\?", page).groups()
        stamp = re.search(r'name="_stamp" value="(\w+)"', page)[1]
        time.sleep(2.1)
        assert post(node, {**typed, "_stamp": stamp, "_answer": "1"}, accept="text/html")[0] == 428
        status, headers, _ = post(node, {**typed, "_stamp": stamp, "_answer": str(int(a) + int(b))}, accept="text/html")
        assert status == 303 and "thanks?id=" in headers["location"], (status, headers)
        # the page opened now asks at once
        _, _, page = node.request("GET", "/form/contact", headers={"X-Forwarded-For": "192.0.2.50"})
        assert b"data-question" in page and b"form.js" in page


def test_confirmation_is_no_cannon():
    """The mail goes to whatever address was typed in, so it has nothing that was typed in, and there are few of them."""
    with center() as node:
        sink = Sink(node.smtp)
        mean = fields(mail="victim@third.test", words="BUY PILLS http://evil.test", about="PILLS-SUBJECT", who="PILLS-NAME")
        status, _, made = post(node, mean, peer="127.0.0.1")
        assert status == 201
        mail = until("the confirmation", lambda: [m for m in sink.mails() if b"victim@third.test" in m])[0]
        assert b"PILLS" not in mail and b"evil.test" not in mail, mail
        assert b"auto-replied" in mail.lower() and made["id"].encode() in mail.replace(b"=\n", b""), mail
        for i in range(30):
            assert post(node, {**mean, "words": f"PILLS {i}"}, peer="127.0.0.1")[0] == 201
        time.sleep(2)
        sent = [m for m in sink.mails() if b"victim@third.test" in m]
        assert 1 <= len(sent) <= 10, f"{len(sent)} mails to one address"
        assert not any(b"PILLS" in m for m in sent)
        print(f"# 31 posts, {len(sent)} confirmations", flush=True)


def test_a_guessed_key_swallows_nothing():
    """Programs name their posts; whoever uses such a name first must not have what they say taken for his repeat."""
    with center() as node:
        ids = [post(node, fields(words=words), **{"Idempotency-Key": "order-1"})[2]["id"] for words in ("I was first", "my card is lost", "my card is lost")]
        assert ids[0] != ids[1] == ids[2], ids
        until("both", lambda: {node.conv(c["id"])["messages"][0]["text"] for c in node.waiting()} == {"I was first", "my card is lost"})


def test_files_at_the_limit():
    """The largest file is taken, a byte more is an error of its field; the same page sent twice is one message."""
    def send(node, size, stamp="", lang="en", accept="application/json"):
        body = b"".join(b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % p for p in (
            (b"_stamp", b"", stamp.encode()), (b"mail", b"", b"ann@x.org"), (b"words", b"", b"hello"),
            (b"photo", b'; filename="photo.jpg"', b"x" * size))) + b"--b--\r\n"
        status, headers, answer = node.request("POST", f"/form/contact?lang={lang}", body, {
            "Content-Type": "multipart/form-data; boundary=b", "Accept": accept, "X-Forwarded-For": "192.0.2.50"})
        return status, headers, answer.decode()

    with center() as node:
        page = node.request("GET", "/form/contact?lang=en")[2].decode()
        largest = int(re.search(r'name="photo"[^>]* data-max="(\d+)"', page)[1])
        stamp = re.search(r'name="_stamp" value="(\w+)"', page)[1]
        time.sleep(2.1)
        status, _, first = send(node, largest, stamp)
        assert (status, send(node, largest, stamp)[2]) == (201, first)
        assert node.conv(json.loads(first)["id"])["messages"][0]["parts"][0]["size"] == largest
        status, headers, answer = send(node, largest + 1, lang="ru")
        assert status == 422 and headers["content-type"] == "application/problem+json", (status, answer)
        assert json.loads(answer)["errors"] == [{"field": "photo", "message": "Файл слишком большой."}], answer
        status, _, answer = send(node, largest + 1, accept="text/html")
        assert status == 422 and '<html lang="en">' in answer and "This file is too large." in answer and "\nhello</textarea>" in answer


def test_fields_become():
    with center() as node:
        status, _, made = post(node, fields(topic="cards", plan="gold", who="Ann Lee", about="Lost"), peer="127.0.0.1")
        assert status == 201
        entry = until("it to wait", lambda: next((c for c in node.waiting() if c["id"] == made["id"]), None))
        assert (entry["queue"], entry["segment"], entry["skills"]) == ("cards", "gold", {"cards": 50}), entry
        conv = node.conv(made["id"])
        assert conv["subject"] == "Lost" and conv["messages"][0]["text"] == "hello" and conv["messages"][0]["from"] == "Ann Lee", conv
        card = node.json("customer", "email:ann@x.org")
        assert card["name"] == "Ann Lee" and card["identities"][0]["verified"] is False, card
        whole = json.dumps(node.json("export", conv["customer"]))
        assert "plan" in whole and "gold" in whole, "attributes are kept with the message"


def test_refused_declarations():
    for change, says in ((("      reply_by: support\n", ""), "reply_by"), (("      challenge: 5\n", "      challenge: many\n"), "challenge"),
                         (("map: identity", "map: text"), "exactly one"),
                         (("choices: cards|other", "choices: cards|other, choice_labels_ru: Карты"), "as many choice_labels")):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
            text = open(CENTER).read()
            assert change[0] in text
            f.write(text.replace(*change))
            f.flush()
            node = Node(config=f.name, start=False)
            r = subprocess.run([os.path.join(node.build, "usherd"), "-t", "-c", f.name], env=node.env(), capture_output=True, text=True, timeout=30)
            node.close()
            assert r.returncode == 78 and says in r.stdout + r.stderr, (change, r.returncode, r.stdout, r.stderr)


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
