"""Who may write into a conversation by mail, sentence by sentence: signed names first, then stored Message-IDs of one's own, nothing else;
strangers, forged names, forged agents; robots; verified senders."""
import contextlib
import re
import sys

from usher import Node, Sink, main, until

ROBOTS = ("Auto-Submitted: auto-replied", "Auto-Submitted: auto-generated (vacation)", "Precedence: bulk", "Precedence: list", "Precedence: junk",
          "Precedence: auto_reply", "List-Id: <news.x.org>", "List-Unsubscribe: <mailto:u@x.org>", "X-Auto-Response-Suppress: All",
          "X-Autoreply: yes", "X-Autorespond: yes", "X-Failed-Recipients: a@x.org")
PEOPLE = ("Auto-Submitted: no", "Precedence: first-class", "X-Auto-Response-Suppress: none", "X-Mailer: something")


@contextlib.contextmanager
def house():
    node = Node(start=False)
    with contextlib.closing(Sink(node.smtp)) as sink, node:
        node.start()
        with node.desk("bo") as bo:
            bo.available()
            yield node, sink, bo


def opened(node, bo, text, **mail):
    """A new conversation of that mail, accepted."""
    mid = node.mail(text, **mail)
    conv = bo.accept()["conv"]
    assert [m["text"] for m in node.conv(conv)["messages"]] == [text]
    return conv, mid


def answered(node, sink, bo, conv, text):
    """The answer as the customer gets it: (reply address, Message-ID)."""
    bo.command("reply", conv=conv, text=text)
    mail = until("the answer", lambda: [m for m in sink.mails() if text.encode() in m])[0].decode()
    return (re.search(r"support\+c[0-9a-z]+@demo\.test", mail).group(0), re.search(r"(?im)^Message-ID:\s*(<[^>]+>)", mail).group(1))


def own(bo, node, text, **mail):
    """The mail opens a conversation of its own; returns what is known of it."""
    node.mail(text, **mail)
    conv = bo.accept()["conv"]
    shown = node.conv(conv)
    assert [m["text"] for m in shown["messages"]] == [text], shown
    return shown


def joins(bo, node, conv, text, **mail):
    node.mail(text, **mail)
    bo.expect("message", conv=conv, direction="in", text=text)


def test_signed_names_join_and_forged_ones_do_not():
    with house() as (node, sink, bo):
        conv, _ = opened(node, bo, "where is my card?")
        address, mid = answered(node, sink, bo, conv, "on its way")
        joins(bo, node, conv, "by the signed address", to=address, subject="something else")
        joins(bo, node, conv, "by the signed address in capitals", to=address.replace("support+", "SUPPORT+").upper().replace("@DEMO.TEST", "@demo.test"))
        joins(bo, node, conv, "by our Message-ID", headers=[f"In-Reply-To: {mid}"])
        joins(bo, node, conv, "by References", headers=[f"References: <other@x.org> {mid} <more@x.org>"])
        # One letter of the token changed: the mail is taken, and opens a conversation of its own.
        last = "0" if address[-11] != "0" else "1"
        forged = f"{address[:-11]}{last}@demo.test"
        shown = own(bo, node, "forged address", to=forged)
        assert shown["id"] != conv
        shown = own(bo, node, "forged id", headers=[f"In-Reply-To: {mid[:20]}{'0' if mid[20] != '0' else '1'}{mid[21:]}"])
        assert shown["id"] != conv


def test_stored_ids_join_only_whoever_takes_part():
    with house() as (node, _, bo):
        conv, mid = opened(node, bo, "first", sender="ann@x.org")
        joins(bo, node, conv, "mine", sender="ann@x.org", headers=[f"In-Reply-To: {mid}"])
        # A stranger who replies into it is a stranger, with a conversation of his own beside it.
        shown = own(bo, node, "I am the husband", sender="max@y.org", headers=[f"In-Reply-To: {mid}", f"References: {mid}"])
        assert shown["id"] != conv and shown["linked"] == conv, shown
        assert shown["messages"][0]["address"] == "max@y.org"
        assert len(node.conv(conv)["messages"]) == 2


def test_a_signed_address_in_foreign_hands():
    with house() as (node, sink, bo):
        conv, _ = opened(node, bo, "first", sender="ann@x.org")
        address, mid = answered(node, sink, bo, conv, "our answer")
        shown = own(bo, node, "forwarded to me", sender="max@y.org", to=address, headers=[f"In-Reply-To: {mid}"])
        assert shown["id"] != conv and shown["linked"] == conv, shown


def test_a_repeated_message_id_does_not_lead_into_it():
    with house() as (node, _, bo):
        conv, mid = opened(node, bo, "first", sender="ann@x.org", mid="<known@x.org>")
        shown = own(bo, node, "with an id that I have seen", sender="eve@evil.test", mid=mid)
        assert shown["id"] != conv, shown
        assert len(node.conv(conv)["messages"]) == 1


def test_never_by_subject():
    with house() as (node, _, bo):
        conv, _ = opened(node, bo, "first", subject="Card 4711", sender="ann@x.org")
        bo.command("resolve", conv=conv, outcome="solved")
        assert own(bo, node, "second", subject="Re: Card 4711", sender="ann@x.org")["id"] != conv
        assert own(bo, node, "third", subject="Re: Card 4711", sender="max@y.org")["id"] != conv


def test_no_header_makes_an_agent():
    with house() as (node, _, bo):
        for sender in ("support@demo.test", "Bo Larsen <support@demo.test>", "bo@demo.test"):
            shown = own(bo, node, f"I am {sender}", sender=sender, headers=["X-Usher-Agent: bo", "Sender: bo@demo.test"])
            assert shown["messages"][0]["direction"] == "in", shown
            assert not shown["messages"][0].get("agent"), shown


def test_verified_by_our_own_server_only():
    results = "Authentication-Results: %s; dmarc=pass header.from=x.org"
    with house() as (node, _, bo):
        verified = own(bo, node, "checked", sender="ann@x.org", headers=[results % "mx.demo.test"])
        for n, header in enumerate((results % "mx.evil.test", "Authentication-Results: mx.demo.test; dmarc=fail header.from=x.org",
                                    "Authentication-Results: mx.demo.test; dmarc=pass header.from=evil.test",
                                    "Authentication-Results: mx.demo.test; dmarc=none\r\n" + results % "mx.demo.test")):
            claimed = own(bo, node, f"not checked {n}", sender="ann@x.org", headers=[header])
            # Claimed and verified are not the same customer, until a person says so.
            assert claimed["customer"] != verified["customer"], header
            bo.command("resolve", conv=claimed["id"], outcome="solved")
        again = own(bo, node, "checked again", sender="ann@x.org", headers=[results % "mx.demo.test"])
        assert again["customer"] == verified["customer"]


def test_robots_are_marked_and_people_are_not():
    with house() as (node, _, bo):
        for n, header in enumerate(ROBOTS + PEOPLE):
            shown = own(bo, node, f"mail {n}", sender=f"a{n}@x.org", headers=[header])
            assert bool(shown["messages"][0].get("automatic")) == (header in ROBOTS), header
            bo.command("resolve", conv=shown["id"], outcome="solved")


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
