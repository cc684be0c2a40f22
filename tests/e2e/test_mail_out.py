"""Mail out: automatic answers, recipients, what is quoted, who signs; against real SMTP servers."""
import contextlib
import email
import email.policy
import os
import sys
import tempfile
import time

from usher import CENTER, Node, Sink, main, until

WORDS = """
templates:
  hello: {title: Hello, text: "{{dear}}! About {{case}}."}
"""


def center(**more):
    """The tests' center with further keys of its queue `general`."""
    with open(CENTER, encoding="utf-8") as f:
        text = f.read()
    keys = "".join(f", {k}: {v}" for k, v in more.items())
    text = text.replace("general: {title: General", "general: {title: General" + keys, 1)
    out = tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False, encoding="utf-8")
    out.write(text + WORDS)
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


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
