"""Mails that others have collected, from their Debian packages: each is accepted or quarantined with a reason, and what usher makes of it
is what Python's email package finds. What differs is named in DIFFERENT, with why."""
import contextlib
import email
import email.policy
import glob
import hashlib
import os
import re
import smtplib
import sys

from usher import Node, main, until

PYTHON = "/usr/lib/python3.11/test/test_email/data/*.txt"
ENMIME = "/usr/share/gocode/src/github.com/jhillyerd/enmime/**/testdata/**/*"

# (file, what) → why it is not as Python's email package has it.
NAMED = "a text with a file name is shown as a file, as mail programs do"
GUESSED = "without a label; Python shows replacement characters, usher recognises the charset"
DIFFERENT = {
    ("msg_04.txt", "text"): NAMED,
    ("msg_44.txt", "text"): NAMED,
    ("msg_35.txt", "text"): "the only line of text stands among the headers, with no blank line in front; it is in the source",
    ("msg_43.txt", "name"): "From: MAILER DAEMON <> has no address: the return path is shown",
    ("testdata/encode/part-quoted-headers.golden", "files"): "GMime ends a name at a quote inside an encoded word",
    ("testdata/encode/part-quoted-printable-headers.golden", "files"): "GMime ends a name at a quote inside an encoded word",
    ("testdata/low-quality/incorrect-charset.raw", "text"): "labelled wrongly; Python shows replacement characters",
    ("testdata/mail/mime-bad-content-transfer-encoding.raw", "text"): "it says base64 and is none: decoded as it says",
    ("testdata/mail/quoted-printable-mime.raw", "subject"): "the same Message-ID and body as qp-utf8-header.raw, which came first",
    ("testdata/parts/chardet-fail.raw", "text"): "a picture labelled as text: NUL and controls are no text",
    ("testdata/parts/chardet-success-big-5.raw", "text"): GUESSED,
    ("testdata/parts/chardet-success-iso-8859-1.raw", "text"): GUESSED,
    ("testdata/parts/empty-ctype-bad-content.raw", "text"): "Content-Type: <html> is no type: it is kept as a file",
}


def files(pattern):
    found = sorted(f for f in glob.glob(pattern, recursive=True) if os.path.isfile(f))
    return {os.path.relpath(f, pattern.split("*")[0]): f for f in found}


def on_the_wire(data):
    """What arrives behind LMTP: every line ends with CR LF, the last one too."""
    data = re.sub(rb"\r\n|\n|\r", b"\r\n", data)
    return data if data.endswith(b"\r\n") else data + b"\r\n"


def words(text):
    """Letters and digits only: blanks, bullets and quote marks are laid out differently."""
    return re.sub(r"\W+", "", (text or "").replace("\ufffd", ""), flags=re.UNICODE)


class Found:
    """What Python's email package finds; a thing that it cannot say is None."""

    def __init__(self, raw):
        self.sender = self.name = self.subject = self.text = None
        self.files = []
        message = email.message_from_bytes(raw, policy=email.policy.default)
        with contextlib.suppress(Exception):
            first = message["From"].addresses[0]
            self.sender, self.name = first.addr_spec.lower(), first.display_name
        with contextlib.suppress(Exception):
            self.subject = str(message["Subject"]) if message["Subject"] else ""
        with contextlib.suppress(Exception):
            body = message.get_body(("plain",))
            self.text = body.get_content() if body else None
        with contextlib.suppress(Exception):
            self.files = sorted(self.file_name(p) for p in message.walk() if not p.is_multipart() and p.get_filename())

    @staticmethod
    def file_name(part):
        name = re.split(r"[/\\]", part.get_filename())[-1]
        return re.sub(r'[:*?"<>|]', "_", name).strip(". ")


def differences(name, want, got):
    """[(what, wanted, got)]; got: the message as usherctl shows it."""
    odd = []
    if want.sender and "@" in want.sender and want.sender != got["address"]:
        odd.append(("sender", want.sender, got["address"]))
    if want.name and words(want.name) != words(got["from"]):
        odd.append(("name", want.name, got["from"]))
    if want.subject is not None and words(want.subject) != words(got["subject"]):
        odd.append(("subject", want.subject, got["subject"]))
    if want.text is not None and words(want.text) not in words((got["text"] or "") + (got["quoted"] or "")) and \
            words(want.text) not in words((got["quoted"] or "") + (got["text"] or "")):
        odd.append(("text", want.text, (got["text"] or "") + (got["quoted"] or "")))
    theirs = sorted(p["name"] for p in got["parts"])
    if [f for f in want.files if f and f not in theirs]:
        odd.append(("files", want.files, theirs))
    return [o for o in odd if (name, o[0]) not in DIFFERENT]


def what_it_is(raw):
    """One mail in the eyes of usher: the same Message-ID and body are the same mail, however it travelled."""
    head, _, body = raw.partition(b"\r\n\r\n")
    mid = re.search(rb"(?im)^message-id:\s*(\S+)", head)
    return (mid.group(1), body) if mid else raw


def deliver(node, mails):
    refused = {}
    with smtplib.LMTP("127.0.0.1", node.lmtp, local_hostname="mx.test") as s:
        for name, raw in mails.items():
            try:
                s.sendmail("bounces@corpus.test", ["support@demo.test"], raw, mail_options=["BODY=8BITMIME"])
            except smtplib.SMTPDataError as e:
                refused[name] = e
    return refused


def by_source(node):
    """sha256 of the source → the message as shown."""
    found = {}
    for conv in node.json("queue")["conversations"]:
        for m in node.conv(conv["id"])["messages"]:
            found[m["raw"]] = m
    return found


def corpus(pattern, least):
    mails = {name: on_the_wire(open(path, "rb").read()) for name, path in files(pattern).items()}
    assert len(mails) >= least, f"{len(mails)} files at {pattern}"
    with Node() as node:
        refused = deliver(node, mails)
        assert not refused, refused
        sources = {name: hashlib.sha256(raw).hexdigest() for name, raw in mails.items()}

        def counted():
            i = node.json("status")["intake"]
            return i if i["seen"] == len(mails) == i["accepted"] + i["duplicate"] + i["quarantined"] + i["refused"] else None
        i = until("all of them counted", counted)
        assert i["refused"] == 0, i
        shown = until("all of them shown", lambda: (lambda s: s if len(s) >= i["accepted"] + i["quarantined"] else None)(by_source(node)))
        once = {what_it_is(mails[n]): h for n, h in sources.items() if h in shown}
        missing = [n for n, h in sources.items() if h not in shown and what_it_is(mails[n]) not in once]
        assert not missing, f"lost: {missing}"
        sources = {n: h if h in shown else once[what_it_is(mails[n])] for n, h in sources.items()}
        odd, quarantined = [], 0
        for name, raw in mails.items():
            got = shown[sources[name]]
            if got["quarantine"]:
                quarantined += 1
                print(f"# quarantined {name}: {got['quarantine']}")
                continue
            odd += [(name, *d) for d in differences(name, Found(raw), got)]
        for o in odd:
            print(f"# {o[0]}: {o[1]}: wanted {o[2]!r:.300} got {o[3]!r:.300}")
        print(f"# {len(mails)} mails, {quarantined} quarantined, {i['duplicate']} the same as another")
        assert not odd, f"{len(odd)} differ, first {odd[0]!r:.200}"


def test_of_python():
    corpus(PYTHON, 46)


def test_of_enmime():
    corpus(ENMIME, 95)


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
