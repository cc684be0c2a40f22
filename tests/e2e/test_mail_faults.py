"""Mail through a real site: Postfix delivers by LMTP and relays the answers, Dovecot is polled, and any of them, usherd and Redis too, is killed
at any moment. Nothing is lost, nothing is doubled. ROUNDS=200 is the long form."""
import contextlib
import os
import random
import re
import smtplib
import sys
import time

from mailpeers import Dovecot, Postfix
from usher import ROOT, Node, Sink, free_port, main, until

ROUNDS = int(os.environ.get("ROUNDS", "12"))
SEED = int(os.environ.get("SEED", "0")) or random.randrange(1 << 32)
CONFIG = os.path.join(ROOT, "tests/lib/imap.yaml")


class Site:
    """usherd between Postfix (in by LMTP, out by SMTP to a sink) and Dovecot (polled)."""

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            lmtp = free_port()
            self.sink = Sink()
            self.dovecot = stack.enter_context(Dovecot())
            self.postfix = stack.enter_context(Postfix(lmtp, self.sink.port))
            url = f"imap://127.0.0.1:{self.dovecot.port}"
            self.node = Node(config=CONFIG, start=False, env={
                "IMAP_URL": url, "IMAP_URL2": url, "IMAP_PASSWORD": "secret", "IMAP_AFTER": "move", "IMAP_MOVE_TO": "Done",
                "IMAP_LISTEN": f"127.0.0.1:{lmtp}", "USHER_SMTP_PORT": str(self.postfix.port)})
            self.node.start()
            stack.enter_context(self.node)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *error):
        return self.stack.__exit__(*error)

    def markers(self):
        """Of all that usher has, by conversation; once each is what it should be."""
        found = []
        for c in self.node.waiting():
            found += [m["text"] for m in self.node.conv(c["id"])["messages"] if m["direction"] == "in"]
        return sorted(found)


def test_postfix_delivers_and_relays():
    if os.geteuid() != 0:
        print("# left out: Postfix needs root")
        return
    with Site() as site, site.node.desk("bo") as bo:
        bo.available()
        site.postfix.put("Where is my card?", subject="card", mid="<card@x.org>")
        conv = bo.accept()["conv"]
        assert site.node.conv(conv)["messages"][0]["text"] == "Where is my card?"
        bo.command("reply", conv=conv, text="On its way.")
        mail = until("the answer behind Postfix", lambda: [m for m in site.sink.mails() if b"On its way." in m])[0].decode()
        reply_to = re.search(r"support\+c[0-9a-z]+@demo\.test", mail).group(0)
        # The customer's answer goes by Postfix to the signed address: recipient_delimiter lets it through.
        site.postfix.put("Thank you!", to=reply_to, subject="no Re, no References")
        bo.expect("message", conv=conv, direction="in", text="Thank you!")
        # Refused by us for good, Postfix tells its sender; nothing is left in its queue.
        site.postfix.put("to nobody", to="nobody@demo.test")
        until("Postfix to have nothing left", lambda: site.postfix.waiting() == 0, 30)
        assert "550 5.1.1 no such mailbox here" in site.postfix.log()


def again(fn, seconds=60):
    """Until it is taken: what a mail client does."""
    end = time.monotonic() + seconds
    while True:
        try:
            return fn()
        except (OSError, smtplib.SMTPException, AssertionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def kill_one(site, rng):
    """Kills one of them, brings it back; says who."""
    who = rng.choice(["usherd", "redis", "dovecot", "postfix"])
    if who == "usherd":
        site.node.kill()
        time.sleep(rng.random() * 0.3)
        site.node.start()
    elif who == "redis":
        site.node.kill_redis()
    elif who == "dovecot":
        site.dovecot.kill()
        site.dovecot.start()
    else:
        site.postfix.kill()
        site.postfix.start()
    return who


def test_nothing_is_lost_or_doubled():
    if os.geteuid() != 0:
        print("# left out: Postfix needs root")
        return
    rng = random.Random(SEED)
    print(f"# seed {SEED}, {ROUNDS} rounds")
    killed = {}
    with Site() as site:
        sent = []
        for n in range(ROUNDS):
            for k in range(2):
                smtp, imap = f"smtp {n}.{k}", f"imap {n}.{k}"
                # A client that was cut off sends again, with the same Message-ID.
                again(lambda t=smtp: site.postfix.put(t, subject=t, mid=f"<{t.replace(' ', '.')}@x.org>"))
                again(lambda t=imap: site.dovecot.put("help", t, subject=t, mid=f"<{t.replace(' ', '.')}@x.org>"))
                sent += [smtp, imap]
            time.sleep(rng.random() * 0.6)
            who = kill_one(site, rng)
            killed[who] = killed.get(who, 0) + 1
        until("Postfix to have delivered all", lambda: site.postfix.waiting() == 0, 90, 0.2)
        until("the mailbox to be empty", lambda: not site.dovecot.flags("help"), 90, 0.2)
        want = sorted(sent)
        until("all of them", lambda: len(site.markers()) >= len(want), 60, 0.5)
        got = site.markers()
        print(f"# killed {killed}; {len(sent)} mails")
        assert got == want, {"lost": sorted(set(want) - set(got)), "doubled": sorted({t for t in got if got.count(t) > 1})}


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
