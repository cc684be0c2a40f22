"""Ann has proved who she is, on four channels. Everybody who only says that he is Ann, on every channel and by every trick, is somebody else: nothing shows
her history to whoever serves him, whatever was merged, split or dismissed before."""
import json
import os
import shutil
import sys
import tempfile

from test_identity import PASSED, Browser, signed, texts
from usher import CENTER, Node, main, until

SECRET = "my balance is 17"
ANN = "ann@x.org"
PROGRAM = r'''
import json, os, sys, time
print(json.dumps({"t": "ready"}), flush=True)
while True:
    for name in os.listdir(sys.argv[1]):
        if name.endswith(".json"):
            with open(os.path.join(sys.argv[1], name)) as f:
                print(json.dumps({"t": "in", "id": name, **json.load(f)}), flush=True)
            os.rename(os.path.join(sys.argv[1], name), os.path.join(sys.argv[1], name + ".said"))
    time.sleep(0.05)
'''


class Center:
    """Every channel: mail, form, chat, two webhooks of which one vouches for who writes, a program."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="usher-claims.")
        os.chmod(self.dir, 0o777)
        program, hook = os.path.join(self.dir, "program.py"), "{verify: token, keys: [k], signature_header: x-key"
        with open(program, "w") as f:
            f.write(PROGRAM)
        with open(CENTER) as f:
            text = f.read()
        text = text.replace("  chat: {cost: 25, max: 4,", "  chat: {cost: 1, max: 100,").replace("max: 5", "max: 100").replace("cost: 20", "cost: 1")
        text = text.replace("options: {identity_secret: test-secret-of-the-site, grace: 5}", "options: {identity_secret: test-secret-of-the-site, "
                            "grace: 5, per_address: 1000, fields: [{name: email, label: Email, type: email}]}")
        more = json.dumps({"command": ["/usr/bin/python3", program, self.dir], "user": "nobody"})
        text = text.replace("channels:\n", f"channels:\n  program: {{plugin: exec, kind: form, queue: general, options: {more}}}\n")
        for name, verified in (("told", "no"), ("vouched", "yes")):
            text = text.replace("channels:\n", f"channels:\n  {name}: {{plugin: webhook, kind: form, queue: general, options: {hook}, path: /hook/{name}, verified: {verified}, "
                                "in: {dedup: \"{id}\", thread: \"{thread}\", text: \"{text}\", identity_kind: email, identity: \"{from}\"}}}\n")
        self.config = os.path.join(self.dir, "center.yaml")
        with open(self.config, "w") as f:
            f.write(text)
        self.node = Node(config=self.config)
        self.serial = 0
        self.tabs = []

    def __enter__(self):
        self.node.__enter__()
        return self

    def __exit__(self, *why):
        for tab in self.tabs:
            tab.close()
        self.node.__exit__(*why)
        shutil.rmtree(self.dir, ignore_errors=True)

    # ---- one message by each channel; what it says of its writer is the caller's ----

    def mail(self, text, sender=ANN, headers=(), raw=None):
        self.node.mail(text, sender=sender, headers=headers, raw=raw, subject=f"Mail {self.serial}")

    def raw(self, text, *head):
        lines = ["To: support@demo.test", f"Subject: Mail {self.serial}", f"Message-ID: <{self.serial}@z.org>", "MIME-Version: 1.0"]
        self.node.mail("", raw="\r\n".join([*head, *lines, "", text]).encode())

    def form(self, text, **fields):
        status, _ = self.node.form(**{"email": ANN, "message": text, **fields})
        assert status == 201, status

    def chat(self, text, say=True, session=None, **hello):
        tab = self.node.chat(session=session, **hello)
        self.tabs.append(tab)
        if say:
            tab.say(text)
        return tab

    def hook(self, text, name="told", sender=ANN, thread=None):
        body = json.dumps({"id": f"{name}{self.serial}", "thread": thread or f"{name}{self.serial}", "from": sender, "text": text})
        status, _, answer = self.node.request("POST", f"/hook/{name}", body, {"Content-Type": "application/json", "x-key": "k"})
        assert status == 200, (status, answer)

    def program(self, text, **who):
        path = os.path.join(self.dir, f"{self.serial}")
        with open(path, "w") as f:
            json.dump({"thread": f"p{self.serial}", "from": {"kind": "email", "value": ANN, **who}, "text": text}, f)
        os.chmod(path, 0o666)
        os.rename(path, path + ".json")

    def say(self, how, text=None):
        """By `how`, a new conversation: (conversation, customer)."""
        self.serial += 1
        text = text or f"number {self.serial}"
        before = {c["id"] for c in self.node.waiting()}
        how(self, text)
        new = until(f"the conversation of {text}", lambda: [c["id"] for c in self.node.waiting() if c["id"] not in before])[0]
        return new, self.node.conv(new)["customer"]


def auth(*results):
    return [f"Authentication-Results: {r}" for r in results]


PROVED = {
    "mail with DMARC passed": lambda c, t: c.mail(t, headers=PASSED),
    "chat with the site's word": lambda c, t: c.chat(t, identity=signed(email=ANN, name="Ann"), nonce=t),
    "a service that vouches": lambda c, t: c.hook(t, "vouched"),
    "a program that vouches": lambda c, t: c.program(t, verified=True),
}
CLAIMED = {
    "mail": lambda c, t: c.mail(t),
    "mail, DMARC failed": lambda c, t: c.mail(t, headers=auth("mx.demo.test; dmarc=fail header.from=x.org")),
    "mail, a forged result below": lambda c, t: c.mail(t, headers=auth("mx.demo.test; dmarc=none header.from=x.org", "mx.demo.test; dmarc=pass header.from=x.org")),
    "mail, another server's result": lambda c, t: c.mail(t, headers=auth("mx.evil.org; dmarc=pass header.from=x.org")),
    "mail, a result in a comment": lambda c, t: c.mail(t, headers=auth("mx.demo.test (x; dmarc=pass header.from=x.org); dmarc=fail")),
    "mail, a result in the envelope's address": lambda c, t: c.mail(t, headers=auth('mx.demo.test; spf=pass smtp.mailfrom="a; dmarc=pass header.from=x.org "@evil.org')),
    "mail, another domain passed": lambda c, t: c.mail(t, headers=auth("mx.demo.test; dmarc=pass header.from=evil.org")),
    "mail, only SPF and DKIM": lambda c, t: c.mail(t, headers=auth("mx.demo.test; spf=pass smtp.mailfrom=x.org; dkim=pass header.d=x.org")),
    "mail of two authors": lambda c, t: c.raw(t, *PASSED, f"From: {ANN}, evil@evil.org"),
    "form": lambda c, t: c.form(t),
    "form, otherwise written": lambda c, t: c.form(t, email=" Ann@X.ORG ".strip()),
    "a service": lambda c, t: c.hook(t),
    "a program": lambda c, t: c.program(t),
    "a program, a word for yes": lambda c, t: c.program(t, verified="true"),
}
# Nobody, who typed the address into a field.
TYPED = {
    "chat, asked before": lambda c, t: c.chat(t, fields={"email": ANN}),
    "chat, otherwise written": lambda c, t: c.chat(t, fields={"email": " Ann@X.org "}),
}
# Proved, but of somebody else; or nobody at all.
OTHERS = {
    "mail, answers to Ann": lambda c, t: c.mail(t, sender="evil@evil.org", headers=[*auth("mx.demo.test; dmarc=pass header.from=evil.org"), f"Reply-To: {ANN}"]),
    "mail, named as Ann": lambda c, t: c.mail(t, sender=f'"{ANN}" <evil2@evil.org>', headers=auth("mx.demo.test; dmarc=pass header.from=evil.org")),
    "mail, sent for Ann": lambda c, t: c.mail(t, sender="evil3@evil.org", headers=[*auth("mx.demo.test; dmarc=pass header.from=evil.org"), f"Sender: {ANN}"]),
    "chat, named as Ann": lambda c, t: c.chat(t, name=ANN),
    "chat, an account of that name": lambda c, t: c.chat(t, identity=signed(sub=ANN), nonce=t),
}
ALL = {**CLAIMED, **TYPED, **OTHERS}


class Watch:
    """An agent who serves claimants only: whatever is shown or told to her is looked through for what Ann said."""

    def __init__(self, center, ann, convs):
        self.center, self.node, self.ann, self.convs = center, center.node, ann, convs
        self.kim, self.sam = Browser(self.node, "kim", "agent", "en=80", "ru=80"), Browser(self.node, "sue", "supervisor")
        self.sit()

    def sit(self):
        """Not available: what she has she is given by hand."""
        self.desk, self.sam_desk = self.node.desk("kim"), self.node.desk("sue")
        self.desk.command("presence", to="away")

    def close(self):
        self.desk.close()
        self.sam_desk.close()

    def serve(self, conv):
        self.sam_desk.command("take", conv=conv, agent="kim")
        self.desk.expect("conv", conv=conv, owner="kim")

    def sees_nothing(self, what, conv, customer):
        node, card = self.node, self.sam.card(customer)
        assert customer != self.ann, f"{what}: taken for Ann"
        assert self.ann not in {card["id"], *(m["id"] for m in card["merged"])}, (what, card)
        shown = [card, node.json("customer", customer), node.json("export", customer), node.json("explain", conv), node.conv(conv)]
        for path in (f"/customers/{customer}", f"/conversations/{conv}", f"/conversations/{conv}/explain"):
            status, _, body = self.kim.ask("GET", path)
            assert status == 200, (what, path, status)
            shown.append(body)
        for one in (*shown, *self.desk.frames):
            said = json.dumps(one)
            assert SECRET not in said, f"{what}: Ann's words in {said[:400]}"
            for mine in self.convs:
                assert mine not in said, f"{what}: Ann's conversation in {said[:400]}"
        for path in (f"/customers/{self.ann}", *(f"/conversations/{c}{more}" for c in self.convs for more in ("", "/explain", "/messages/1/html"))):
            assert self.kim.ask("GET", path)[0] == 403, (what, path)
        return card


def test_no_claim_opens_what_was_proved():
    with Center() as c:
        anns = {what: c.say(how, f"{SECRET} ({what})") for what, how in PROVED.items()}
        assert len({who for _, who in anns.values()}) == 1, f"one proved address is one customer: {anns}"
        ann, convs = anns["a program that vouches"][1], [conv for conv, _ in anns.values()]
        w = Watch(c, ann, convs)
        claimants = set()
        for what, how in ALL.items():
            conv, who = c.say(how)
            w.serve(conv)
            card = w.sees_nothing(what, conv, who)
            suggested = {(s["id"], s["reason"], s["verified"]) for s in card["suggestions"]}
            reason = "identity" if what in CLAIMED else "typed" if what in TYPED else None
            assert suggested == ({(ann, reason, True)} if reason else set()), (what, suggested)
            if what in CLAIMED:
                claimants.add(who)
        assert len(claimants) == 1, "they claim the same"
        liar, = claimants
        again = ("mail", "form", "chat, asked before", "a service", "a program")

        def still_nothing(when):
            for what in again:
                conv, who = c.say(ALL[what])
                w.serve(conv)
                w.sees_nothing(f"{what}, {when}", conv, who)
            return c.say(CLAIMED["mail"])[1]
        # An agent says that they are one, and then they are, for what was written so far only.
        w.desk.command("merge", customer=liar, into=ann, reason="asked her first school")
        assert any(SECRET in t for t in texts(c.node, w.kim.card(liar)))
        w.desk.frames.clear()
        _, second = c.say(CLAIMED["form"])
        assert second not in (liar, ann) and SECRET not in json.dumps(c.node.json("export", second))
        # Split; dismissed; merged with other claims, those with Ann, and split in the middle; replayed.
        w.desk.command("split", customer=liar)
        second = still_nothing("after a split")
        w.desk.command("distinct", customer=second, into=ann)
        still_nothing("after it was said that they are two")
        w.desk.command("undistinct", customer=second, into=ann)
        other = c.say(lambda c, t: c.mail(t, sender="zoe@y.org"))[1]
        for one, into in ((liar, other), (other, second)):
            assert w.sam.ask("POST", f"/customers/{one}/merge", {"into": into})[2]["changed"]
        still_nothing("after claims were merged")
        assert w.sam.ask("POST", f"/customers/{ann}/merge", {"into": liar})[2]["changed"]
        assert any(SECRET in t for t in texts(c.node, w.sam.card(other)))
        assert w.sam.ask("POST", f"/customers/{ann}/split", {"reason": "a mistake"})[2]["changed"]
        still_nothing("after the group was left again")
        c.node.kill()
        c.node.start()
        c.node.ctl("replay")
        w.close()
        w.sit()
        still_nothing("after a restart")
        # The other way: Ann is still Ann, and her card has what she said.
        assert {m for m in texts(c.node, w.sam.card(ann)) if SECRET in m} == {f"{SECRET} ({what})" for what in PROVED}
        w.close()


def test_who_proves_himself_takes_the_conversation_along():
    """Ann types her address, and logs in while she writes. Who types it later does not find what she said; who serves her has her card."""
    with Center() as c:
        _, ann = c.say(PROVED["mail with DMARC passed"], SECRET)
        conv, claimed = c.say(TYPED["chat, asked before"])
        anonymous = c.tabs[-1]
        tab = c.chat("", say=False, session=anonymous.session, identity=signed(email=ANN, name="Ann"), nonce="n")
        w = Watch(c, ann, [conv])
        w.serve(conv)
        assert w.kim.ask("GET", f"/customers/{ann}")[0] == 403, "she has not said it yet"
        tab.say(f"and {SECRET}")
        until("her card", lambda: c.node.conv(conv)["customer"] == ann)
        assert w.desk.expect("conv", conv=conv, customer=ann)["name"] == "Ann"
        assert f"and {SECRET}" in texts(c.node, w.kim.card(ann))
        assert w.kim.ask("GET", f"/customers/{claimed}")[0] == 403, "of whoever she had claimed to be, nothing"
        for one in (w.sam.card(claimed), c.node.json("customer", claimed), c.node.json("export", claimed)):
            assert SECRET not in json.dumps(one) and conv not in json.dumps(one), one
        c.node.ctl("verify")
        w.desk.command("resolve", conv=conv, outcome="solved")
        later, who = c.say(TYPED["chat, asked before"])
        w.desk.frames.clear()
        w.serve(later)
        w.convs.clear()  # that one was hers to serve
        assert conv not in json.dumps(w.sees_nothing("who types it later", later, who))
        w.close()


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
