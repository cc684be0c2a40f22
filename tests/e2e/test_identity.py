"""Who is who: what somebody merely claims shows nobody's history; an agent says that two are one person, takes it back, and both are on record."""
import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time

from usher import ROOT, Node, main, until

PASSED = ["Authentication-Results: mx.demo.test; dmarc=pass header.from=x.org"]


class Browser:
    """A person at the desk's pages: logs in and asks the API as the browser half does."""

    def __init__(self, node, name, role, *skills):
        self.node, self.origin = node, f"http://127.0.0.1:{node.http}"
        node.ctl("user", "add", name, "--role", role, "--password-stdin", *(w for s in skills for w in ("--skill", s)), stdin="correct horse 9\n")
        status, headers, body = self.ask("POST", "/login", {"user": name, "password": "correct horse 9"})
        assert status == 200, body
        self.cookie = headers["set-cookie"].split(";")[0]

    def ask(self, method, path, body=None):
        headers = {"Origin": self.origin, "Cookie": getattr(self, "cookie", "")}
        if body is not None:
            headers["Content-Type"] = "application/json"
        status, headers, got = self.node.request(method, "/api/v1" + path, None if body is None else json.dumps(body), headers)
        return status, headers, json.loads(got or b"null")

    def card(self, customer):
        status, _, card = self.ask("GET", f"/customers/{customer}")
        assert status == 200, (status, card)
        return card


def write(node, text, headers=(), **more):
    """A mail; returns (conversation, customer)."""
    before = {c["id"] for c in node.waiting()}
    node.mail(text, headers=headers, **more)
    new = until("its conversation", lambda: [c for c in node.waiting() if c["id"] not in before])[0]["id"]
    return new, node.conv(new)["customer"]


def texts(node, card):
    return {m["text"].strip() for c in card["conversations"] for m in node.conv(c.get("id") or c["conv"])["messages"]}


def test_claim_shows_no_history():
    """A form and a mail that only say that they are Ann: the card has nothing that Ann said, only the suggestion and why."""
    with Node() as node:
        _, ann = write(node, "my balance is 17", PASSED)
        liar_conv, liar = write(node, "I am Ann, what is my balance?")
        assert liar != ann
        status, made = node.form(email="ann@x.org", message="and by the form")
        assert status == 201
        until("the form", lambda: made["id"] in {c["id"] for c in node.waiting()})
        by_form = node.conv(made["id"])["customer"]
        assert by_form == liar, "two claims of one address are one card"
        sam = Browser(node, "sam2", "supervisor")
        card = sam.card(liar)
        assert "my balance is 17" not in texts(node, card), card
        assert len(card["conversations"]) == 2
        assert [(s["id"], s["reason"], s["value"], s["verified"]) for s in card["suggestions"]] == [(ann, "identity", "ann@x.org", True)], card
        assert "conversations" not in card["suggestions"][0]
        assert [s["id"] for s in sam.card(ann)["suggestions"]] == [liar]
        # An agent serves the claimant only: knowing the other's number is not enough to read her, until he says that they are one.
        ann_conv = sam.card(ann)["conversations"][0]["conv"]
        kim = Browser(node, "kim", "agent", "en=80")
        with node.desk("bo") as bo, node.desk("kim") as desk:
            bo.available()
            bo.accept(conv=ann_conv)
            for f in [f for f in bo.frames if f["t"] == "offer" and f["conv"] != ann_conv]:
                bo.command("decline", offer=f["offer"], reason="busy")
            bo.command("presence", to="away")
            desk.available()
            desk.accept(conv=liar_conv, seconds=30)
            assert kim.ask("GET", f"/customers/{ann}")[0] == 403
            assert kim.ask("GET", f"/customers/{liar}")[0] == 200
            assert kim.ask("GET", f"/conversations/{ann_conv}")[0] == 403
            desk.command("merge", customer=liar, into=ann, reason="asked her maiden name")
            assert kim.ask("GET", f"/conversations/{ann_conv}")[0] == 200
            assert "my balance is 17" in texts(node, kim.card(liar))
            desk.command("split", customer=liar)
            assert kim.ask("GET", f"/conversations/{ann_conv}")[0] == 403


def test_merge_and_split():
    with Node() as node:
        ann_conv, ann = write(node, "my balance is 17", PASSED)
        liar_conv, liar = write(node, "it is me, from another computer")
        other_conv, other = write(node, "unrelated", sender="zoe@y.org")
        with node.desk("bo") as bo:
            bo.available()
            offered = {f["conv"] for _ in range(3) for f in [bo.accept()]}
            assert {ann_conv, liar_conv} <= offered
            # not suggested to each other: an agent may not
            bo.send(id="m0", t="merge", customer=other, into=ann)
            refusal = bo.expect("error", id="m0")
            assert refusal["code"] == "forbidden" and "supervisor" in refusal["message"], refusal
            bo.send(id="mx", t="merge", customer=liar)
            assert bo.expect("error", id="mx")["code"] == "invalid"
            bo.command("merge", customer=liar, into=ann, reason="she named her first school")
            bo.expect("card", customer=ann)
            bo.expect("card", customer=liar)
        kim = Browser(node, "kim", "supervisor")
        for ask_for in (ann, liar):
            card = kim.card(ask_for)
            assert card["id"] == ann and [m["id"] for m in card["merged"]] == [liar], card
            assert {"my balance is 17", "it is me, from another computer"} <= texts(node, card)
            assert card["suggestions"] == [], card["suggestions"]
            link, = card["links"]
            assert (link["what"], link["agent"], link["reason"], link["customer"], link["into"]) == \
                ("merged", "bo", "she named her first school", liar, ann), link
        # the next one who only knows her address is somebody else again
        third_conv, third = write(node, "hello, Ann again, really", subject="Other")
        assert third not in (ann, liar), "a claim followed the merge"
        card = kim.card(third)
        assert "my balance is 17" not in texts(node, card), "a claim shows a verified customer's history"
        assert [s["id"] for s in card["suggestions"]] == [ann], card
        # and she herself is who she was
        _, again = write(node, "proved once more", PASSED, subject="Third")
        assert again == ann
        # through kill -9, replay and verify
        node.kill()
        node.start()
        node.ctl("replay")
        assert node.json("verify")
        card = node.json("customer", liar)
        assert card["id"] == ann and card["merged"] == [liar] and card["links"][0]["agent"] == "bo", card
        whole = node.json("export", ann)
        assert "it is me, from another computer" in json.dumps(whole), "the export lacks the merged one"
        assert whole["links"][0]["why"] == "she named her first school"
        # taken back: exactly what was
        status, _, body = kim.ask("POST", f"/customers/{liar}/split", {"reason": "it was her sister"})
        assert status == 200 and body["changed"], body
        assert "it is me, from another computer" not in texts(node, kim.card(ann))
        card = kim.card(liar)
        assert texts(node, card) == {"it is me, from another computer"}, card
        assert [(x["what"], x["agent"]) for x in card["links"]] == [("merged", "bo"), ("split", "kim")]
        assert kim.ask("POST", f"/customers/{liar}/split", {})[2]["changed"] is False
        node.ctl("replay")


def signed(secret=b"test-secret-of-the-site", alg="HS256", **claims):
    def b64(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    claims = {"exp": int(time.time()) + 300, "jti": os.urandom(8).hex(), **claims}
    text = b64(json.dumps({"alg": alg, "typ": "JWT"}).encode()) + "." + b64(json.dumps(claims).encode())
    return text + "." + ("" if alg == "none" else b64(hmac.new(secret, text.encode(), hashlib.sha256).digest()))


def test_claims_in_a_chat_open_nothing():
    """Ann has proved who she is in the chat. Whoever types her address, forges her token, or uses it again sees and continues nothing of hers."""
    with Node(config=os.path.join(ROOT, "tests/lib/chat.yaml")) as node:
        token = signed(email="ann@x.org", name="Ann")
        ann = node.chat(identity=token, nonce="a")
        assert ann.expect("welcome")["verified"]
        ann.say("my balance is 17")
        conv = until("it", node.waiting)[0]["id"]
        customer = node.conv(conv)["customer"]
        sam = Browser(node, "sam2", "supervisor")

        def liar(text, path="/chat/ws", **hello):
            v = node.chat(path=path, **hello)
            w = v.expect("welcome")
            assert not w["verified"] and w["seq"] == 0, w
            v.say(text)
            got = until(text, lambda: [c["id"] for c in node.waiting() if node.conv(c["id"])["messages"][-1]["text"] == text])[0]
            assert "my balance is 17" not in {m["text"] for m in v.messages()}, v.messages()
            v.close()
            return node.conv(got)["customer"]

        liars = {liar("typed in a field", path="/strict/ws", fields={"email": "ann@x.org"}),
                 liar("typed as a name", name="ann@x.org"), liar("no field that there is", fields={"email": "ann@x.org", "identity": "ann@x.org"})}
        assert customer not in liars
        for one in liars:
            assert "my balance is 17" not in texts(node, sam.card(one))
        # tokens: forged, unsigned, of another secret, used by somebody else, over
        for bad in (signed(secret=b"guess", email="ann@x.org"), signed(alg="none", email="ann@x.org"), signed(email="ann@x.org", exp=1), token,
                    signed(email="ann@x.org", jti="") , signed(email="ann@x.org")[:-2] + "AA"):
            v = node.chat(identity=bad, nonce="b", expect="error")
            assert v.expect("error")["code"] == "identity"
            v.close()
        # merged by mistake, then split: the claims are where they were, and the next one starts anew
        one = sorted(liars)[0]
        assert sam.ask("POST", f"/customers/{one}/merge", {"into": customer, "reason": "a mistake"})[0] == 200
        assert "my balance is 17" in texts(node, sam.card(one))
        later = liar("typed after the merge", path="/strict/ws", fields={"email": "ann@x.org"})
        assert later != customer and "my balance is 17" not in texts(node, sam.card(later))
        assert sam.ask("POST", f"/customers/{one}/split", {"reason": "it was one"})[0] == 200
        assert "my balance is 17" not in texts(node, sam.card(one))
        # she herself, on another device, with a token of her own
        phone = node.chat(identity=signed(email="ann@x.org"), nonce="c")
        assert phone.expect("welcome")["verified"]
        phone.expect("msg", text="my balance is 17")
        ann.close()
        phone.close()


def test_a_token_is_remembered_as_long_as_it_is_good():
    """A site that makes them for years: none is forgotten before it ends, else whoever finds one in a log is that person then."""
    with Node(config=os.path.join(ROOT, "tests/lib/chat.yaml")) as node:
        for exp, least_s in (time.time() + 400 * 86400, 399 * 86400), (2 ** 62, 100 * 365 * 86400):
            ann = node.chat(identity=signed(email="ann@x.org", exp=int(exp)), nonce="a")
            assert ann.expect("welcome")["verified"]
            ttls = [int(node.redis("TTL", key)) for key in node.redis("--scan", "--pattern", "usher:{main*}:keep:*").split()]
            assert max(ttls) > least_s, ttls
            ann.close()


def test_a_key_that_can_be_guessed_is_refused():
    with Node(config=os.path.join(ROOT, "tests/lib/chat.yaml"), start=False) as node:
        short = os.path.join(node.data, "short.yaml")
        with open(node.config) as f, open(short, "w") as out:
            out.write(f.read().replace("test-secret-of-the-site", "secret"))
        r = subprocess.run([os.path.join(node.build, "usherd"), "-t", "-c", short], env=node.env(), capture_output=True, text=True, timeout=30, check=False)
        assert r.returncode == 78 and "identity_secret: 6 bytes" in r.stderr, (r.returncode, r.stderr)


def test_a_suggestion_is_dismissed_and_comes_back():
    with Node() as node:
        ann_conv, ann = write(node, "my balance is 17", PASSED)
        liar_conv, liar = write(node, "I am Ann, really")
        _, other = write(node, "unrelated", sender="zoe@y.org")
        sam = Browser(node, "sam2", "supervisor")
        with node.desk("bo") as bo:
            bo.available()
            assert liar_conv in {f["conv"] for _ in range(3) for f in [bo.accept()]}
            for words in ({"customer": liar}, {"customer": liar, "into": liar}, {"customer": liar, "into": "0" * 25 + "7"}):
                bo.send(id=f"x{len(words['customer'])}{words.get('into', '')[-1:]}", t="distinct", **words)
                assert bo.expect("error", id=f"x{len(words['customer'])}{words.get('into', '')[-1:]}")["code"] in ("invalid", "unknown"), words
            bo.command("distinct", customer=liar, into=ann, reason="another voice")
            bo.expect("card", customer=ann)
        for one, two in ((liar, ann), (ann, liar)):  # neither suggests the other now; both say why
            card = sam.card(one)
            assert card["suggestions"] == [] and [d["id"] for d in card["dismissed"]] == [two], card
            assert [(x["what"], x["agent"], x["reason"]) for x in card["links"]] == [("distinct", "bo", "another voice")], card
        node.kill()
        node.start()
        assert sam.card(liar)["suggestions"] == []
        assert sam.ask("POST", f"/customers/{ann}/distinct", {"into": liar})[2]["changed"] is False
        assert sam.ask("POST", f"/customers/{ann}/distinct", {})[0] == 400
        # a merge with somebody else keeps it; the two themselves may still be merged, and then there is nothing to dismiss
        assert sam.ask("POST", f"/customers/{other}/merge", {"into": liar})[0] == 200
        assert sam.card(other)["suggestions"] == []
        assert sam.ask("POST", f"/customers/{ann}/merge", {"into": liar})[0] == 200
        assert sam.card(ann)["dismissed"] == []
        assert sam.ask("POST", f"/customers/{ann}/distinct", {"into": liar})[0] == 409
        assert sam.ask("POST", f"/customers/{ann}/split", {})[0] == 200
        # taken back
        status, _, body = sam.ask("POST", f"/customers/{ann}/undistinct", {"into": liar, "reason": "it was her after all"})
        assert status == 200 and body["changed"], body
        assert [s["id"] for s in sam.card(ann)["suggestions"]] == [liar] and sam.card(ann)["dismissed"] == []
        assert [x["what"] for x in sam.card(ann)["links"]] == ["distinct", "merged", "split", "undistinct"]
        node.ctl("replay")
        node.ctl("verify")


def test_merge_refusals_and_operator():
    with Node() as node:
        people = [write(node, f"hello {n}", sender=f"{n}@y.org")[1] for n in ("a", "b", "c", "d")]
        a, b, c, d = people
        kim = Browser(node, "kim", "supervisor")
        audit = Browser(node, "olga", "auditor")
        assert audit.ask("POST", f"/customers/{a}/merge", {"into": b})[0] == 403
        nobody = "0" * 25 + "7"
        for path, body, status in ((f"/customers/{a}/merge", {}, 400), (f"/customers/{a}/merge", {"into": a}, 422),
                                   (f"/customers/{a}/merge", {"into": nobody}, 404), (f"/customers/{nobody}/merge", {"into": a}, 404),
                                   (f"/customers/{nobody}/split", {}, 404), (f"/customers/{a}/merge", {"into": b, "reason": 1}, 400)):
            got, _, answer = kim.ask("POST", path, body)
            assert got == status and answer["detail"], (path, body, got, answer)
        node.ctl("merge", a, b, "--why", "the same telephone")
        assert node.json("customer", a)["links"][0]["agent"] == ""
        assert kim.ask("POST", f"/customers/{a}/merge", {"into": c})[0] == 409  # it is in b already
        assert kim.ask("POST", f"/customers/{a}/merge", {"into": b})[2]["changed"] is False
        assert kim.ask("POST", f"/customers/{b}/merge", {"into": c})[0] == 200  # b has others: c joins b
        assert {m["id"] for m in kim.card(c)["merged"]} == {a, c}
        assert kim.ask("POST", f"/customers/{d}/merge", {"into": a})[0] == 200  # into whom a belongs to
        card = kim.card(d)
        assert card["id"] == b and {m["id"] for m in card["merged"]} == {a, c, d}
        assert len(card["conversations"]) == 4
        # claims among claims: the next letter of a joins a's card
        _, again = write(node, "me again", sender="a@y.org", subject="New")
        assert again == a
        got, _, answer = kim.ask("POST", f"/customers/{b}/split", {})
        assert got == 409 and "split one" in answer["detail"], answer
        for x in (c, a, d):
            node.ctl("split", x)
        assert kim.card(b)["merged"] == [] and len(kim.card(b)["conversations"]) == 1
        node.ctl("replay")


def test_merged_ones_are_merged():
    """Who has others joins who has others: one level for readers; each split takes back exactly what its merge did, in whatever order."""
    with Node() as node:
        names = "abcdefg"
        who = {n: write(node, f"hello {n}", sender=f"{n}@y.org")[1] for n in names}
        kim = Browser(node, "kim", "supervisor")

        def do(what, one, into=None):
            status, _, body = kim.ask("POST", f"/customers/{who[one]}/{what}", {"into": who[into]} if into else {})
            assert status == 200 and body["changed"], (what, one, into, status, body)

        def group(one):
            card = kim.card(who[one])
            ids = [card["id"]] + [m["id"] for m in card["merged"]]
            assert len(card["conversations"]) == len(ids), card
            return "".join(n for n in names if who[n] in ids)
        do("merge", "b", "a")  # a: b
        do("merge", "d", "c")  # c: d
        do("merge", "f", "e")  # e: f
        do("merge", "c", "a")  # one of the two takes in the other, with d
        assert {group(n) for n in "abcd"} == {"abcd"}
        do("merge", "e", "a")
        do("merge", "g", "d")  # into whom d belongs to
        assert {group(n) for n in names} == {names}
        node.kill()
        node.start()
        node.ctl("replay")
        node.ctl("verify")
        assert group("f") == names
        root = kim.card(who["a"])["id"]
        joined = [n for n in "ace" if who[n] != root]
        brought = {"a": "b", "c": "d", "e": "f"}
        for n in joined:  # each leaves with whom it had brought
            do("split", n)
            assert group(n) == n + brought[n] == group(brought[n]), (n, group(n))
        last = next(n for n in "ace" if who[n] == root)
        assert group(last) == "".join(sorted(last + brought[last] + "g"))
        node.ctl("verify")
        do("merge", joined[0], joined[1])
        do("split", brought[joined[0]])  # one of the lower ones by itself
        assert group(brought[joined[0]]) == brought[joined[0]]
        assert len(group(joined[0])) == 3
        node.ctl("replay")
        node.ctl("verify")
        # the limit is told
        for i in range(34):
            got, _, answer = kim.ask("POST", f"/customers/{write(node, 'x', sender=f'z{i}@y.org')[1]}/merge", {"into": who[last]})
            if got != 200:
                break
        assert got == 409 and "33 cards" in answer["detail"], (i, got, answer)


def test_an_agent_may_merge_whoever_wrote_into_a_thread():
    """What the card suggests to an agent is what he may do."""
    with Node() as node, node.desk("bo") as bo:
        mid = node.mail("my balance is 17", headers=PASSED)
        ann = node.conv(until("it", node.waiting)[0]["id"])["customer"]
        other, stranger = write(node, "from my other address", sender="zoe@y.org", subject="Re: Help", headers=[f"In-Reply-To: {mid}"])
        assert stranger != ann
        sam = Browser(node, "sam2", "supervisor")
        assert [(s["id"], s["reason"]) for s in sam.card(stranger)["suggestions"]] == [(ann, "thread")]
        bo.available()
        assert other in {bo.accept()["conv"] for _ in range(2)}
        bo.command("merge", customer=stranger, into=ann, reason="wrote from two addresses")
        assert {m["id"] for m in sam.card(ann)["merged"]} == {stranger}


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
