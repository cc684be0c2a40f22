"""Plugins in a process of their own (`isolated: yes`): both ways, a crash takes down only its channel, and nothing that was acknowledged is lost."""
import contextlib
import os
import re
import signal
import subprocess
import sys

from test_kit import CONFIG as SMALL, Caller, room, run
from usher import BUILD, CENTER, RELEASE, ROOT, Node, Sink, free_port, main, until

CONFIG = SMALL.replace("cost: 25, max: 4", "cost: 5, max: 20")  # bo takes a crowd

# hello with a text that crashes it, one that hangs it, and one that makes it slow.
FRAGILE = """	if (piece.n == 5 && !memcmp(piece.p, "crash", 5))
		*(volatile int *)8 = 1;
	if (piece.n == 4 && !memcmp(piece.p, "hang", 4))
		for (volatile int forever = 1; forever;)
			;
	if (piece.n == 4 && !memcmp(piece.p, "slow", 4))
		usleep(50000);
	if (!last)
		return;"""


def build(dir):
    with open(os.path.join(ROOT, "channels/hello/hello.c")) as f:
        good = f.read()
    with open(dir + "/fragile.c", "w") as f:
        f.write("#include <unistd.h>\n" + good.replace("\tif (!last)\n\t\treturn;", FRAGILE, 1))
    include = "-I" + ROOT + "/include"
    run("cc", "-D_GNU_SOURCE", "-shared", "-fPIC", include, "-o", dir + "/fragile.so", dir + "/fragile.c")
    run("cc", "-shared", "-fPIC", include, "-o", dir + "/line.so", os.path.join(ROOT, "conf/examples/channel/line.c"))
    run("cc", "-shared", "-fPIC", include, "-o", dir + "/hello.so", os.path.join(ROOT, "channels/hello/hello.c"))


def node(dir, build=BUILD, start=True, **channels):
    build_dir = os.path.join(dir, "center.yaml")
    declared = "".join(f"  {name}: {{kind: messenger, queue: general, {rest}}}\n" for name, rest in channels.items())
    with open(build_dir, "w") as f:
        f.write(CONFIG.replace("PLUGINS", dir).replace("CHANNELS\n", declared))
    return Node(config=build_dir, build=build, start=start)


def channel(usher, name):
    return next(c for c in usher.json("status")["channels"] if c["name"] == name)


def up(usher, name):
    return until(f"{name} to be up", lambda: channel(usher, name)["up"])


def process_of(usher, plugin):
    out = subprocess.run(["pgrep", "-P", str(usher.process.pid), "-f", plugin], capture_output=True, text=True, check=False)
    return [int(p) for p in out.stdout.split()]


def post(usher, path, text):
    with contextlib.suppress(OSError):
        return usher.request("POST", path, text)
    return (0, {}, b"")


def test_crash_takes_down_only_itself():
    with room() as dir:
        build(dir)
        with node(dir, RELEASE, fragile="plugin: fragile, isolated: yes, options: {path: /fragile}", hello="plugin: hello") as usher, usher.desk("bo") as bo:
            bo.available()
            up(usher, "fragile")
            acked = []
            status, _, body = post(usher, "/fragile", b"first")
            assert status == 201, (status, body)
            acked.append(body.decode())
            conv = bo.accept(channel="fragile")["conv"]
            assert usher.conv(conv)["messages"][0]["id"] == acked[0]
            bo.command("reply", conv=conv, text="yourself")
            until("it to be sent", lambda: [m for m in usher.conv(conv)["messages"] if m["delivery"] == "sent"])
            before = process_of(usher, "fragile.so")
            assert len(before) == 1, before
            for crash in range(3):
                assert post(usher, "/fragile", b"crash")[0] == 503
                assert post(usher, "/hello", b"the other one")[0] == 201  # nobody else notices
                why = channel(usher, "fragile")
                assert why["up"] or "signal 11" in why["why"], why
                up(usher, "fragile")
                status, _, body = post(usher, "/fragile", b"again %d" % crash)
                assert status == 201, (status, body)
                acked.append(body.decode())
            assert usher.process.poll() is None and process_of(usher, "fragile.so") != before
            assert "fatal signal inside the plugin plugin=fragile channel=fragile call=http_body" in usher.log(), usher.tail(5)
            waits = [int(m) for m in re.findall(r"signal 11 \(Segmentation fault\).*; again in (\d+) ms", usher.log())]
            assert len(waits) == 3 and waits[2] > 900, waits  # each time twice as long
            stored = {m["id"] for c in [conv, *(c["id"] for c in usher.waiting())] for m in usher.conv(c)["messages"]}
            found = stored | {m["id"] for c in usher.json("agents")["agents"][0]["conversations"] for m in usher.conv(c)["messages"]}
            assert set(acked) <= found, (acked, found)


def test_hang_is_ended_and_slow_is_named():
    with room() as dir:
        build(dir)
        with node(dir, fragile="plugin: fragile, isolated: yes, options: {path: /fragile}, process: {ping_s: 1, silence_s: 2}",
                  hello="plugin: hello") as usher:
            up(usher, "fragile")
            assert post(usher, "/fragile", b"slow")[0] == 201
            until("the slow call to be named", lambda: "the plugin held up the loop plugin=fragile call=http_body" in usher.log())
            until("it to be counted", lambda: channel(usher, "fragile")["slow"])
            assert post(usher, "/fragile", b"hang")[0] == 503
            assert "silent for 2 s" in usher.log()
            assert post(usher, "/hello", b"the other one")[0] == 201
            up(usher, "fragile")
            assert post(usher, "/fragile", b"again")[0] == 201
            assert usher.stop() == 0
            assert not process_of(usher, "fragile.so")


def test_listener_both_ways_and_killed_under_load():
    with room() as dir:
        build(dir)
        port = free_port()
        with node(dir, line=f'plugin: line, isolated: yes, options: {{listen: "127.0.0.1:{port}"}}') as usher, usher.desk("bo") as bo:
            bo.available()
            ann = Caller(port, "ann")
            ann.say("Где моя карта? \"да\"")
            taken = ann.hear()
            conv = bo.accept()["conv"]
            assert taken.startswith("+ ") and usher.conv(conv)["messages"][0]["id"] == taken[2:], taken
            bo.command("reply", conv=conv, text="В пути")
            assert ann.hear() == "В пути"
            acked = [taken[2:]]
            for n in range(3):
                for i in range(20):
                    ann.say(f"line {n} {i}")
                    if i < 15:
                        acked.append(ann.hear()[2:])
                before = process_of(usher, "line.so")
                os.kill(before[0], signal.SIGKILL)
                ann.close()
                until("another process", lambda: process_of(usher, "line.so") not in ([], before), 30)
                ann = Caller(port, "ann")
            stored = {m["id"] for m in usher.conv(conv)["messages"]}
            assert len(acked) == 46 and set(acked) <= stored, set(acked) - stored
            bo.command("reply", conv=conv, text="to the new one")
            ann.socket.settimeout(40)
            assert ann.hear() == "to the new one"
            ann.close()
            assert usher.stop() == 0


def center(dir, *names):
    """The tests' center with these plugins isolated."""
    with open(CENTER) as f:
        text = f.read()
    for name in names:
        assert text.count(f"plugin: {name}") == 1, name
        between = ", " if f"{{plugin: {name}" in text else "\n    "
        text = text.replace(f"plugin: {name}", f"plugin: {name}{between}isolated: yes")
    path = os.path.join(dir, "center.yaml")
    with open(path, "w") as f:
        f.write(text)
    return path


def test_email_and_form_isolated():
    with room() as dir:
        usher = Node(config=center(dir, "email", "form"), start=False)
        sink = Sink(port=usher.smtp)
        usher.start()
        try:
            with usher, usher.desk("bo") as bo:
                bo.available()
                up(usher, "support")
                up(usher, "contact")
                usher.mail("The card \u00ab\u043c\u043e\u044f\u00bb is lost", sender="Ann <ann@x.org>", subject="Card")
                conv = bo.accept(channel="support")["conv"]
                assert "\u043c\u043e\u044f" in usher.conv(conv)["messages"][0]["text"]
                bo.command("reply", conv=conv, text="It is on its way")
                until("the answer at the next hop", lambda: any(b"on its way" in m for m in sink.mails()))
                boundary = b"----x"
                body = b"".join(b"--" + boundary + b"\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + value + b"\r\n" for head, value in [
                    (b'name="name"', b"Kim"), (b'name="email"', b"kim@x.org"), (b'name="message"', b"with a file"),
                    (b'name="attachment"; filename="a.bin"\r\nContent-Type: application/octet-stream', bytes(range(256)) * 4000)]) + b"--" + boundary + b"--\r\n"
                status, _, answer = usher.request("POST", "/form/contact", body, {"Content-Type": "multipart/form-data; boundary=----x", "Accept": "application/json"})
                assert status in (200, 201), (status, answer)
                conv = bo.accept(channel="contact")["conv"]
                assert usher.conv(conv)["messages"][0]["text"], usher.conv(conv)
                part = bo.expect("message", conv=conv, direction="in")["parts"][0]
                assert (part["name"], part["size"]) == ("a.bin", 1024000), part
                assert usher.request("GET", "/form/contact")[0] == 200
                mail = process_of(usher, "email.so")[0]
                os.kill(mail, signal.SIGSEGV)
                until("another process", lambda: process_of(usher, "email.so") not in ([], [mail]))
                up(usher, "support")
                until("LMTP again", lambda: try_mail(usher))
                assert usher.stop() == 0
        finally:
            sink.close()


def try_mail(usher):
    try:
        usher.mail("once more")
        return True
    except OSError:
        return False


def test_what_cannot_be_isolated_is_said_so():
    with room() as dir:
        usher = Node(config=center(dir, "chat"), start=False)
        try:
            said = run(os.path.join(BUILD, "usherd"), "-t", "-c", usher.config, env=usher.env(), code=78)
            assert "channel chat: isolated: the plugin chat has USHER_CAP_LIVE, which cannot leave usherd's process" in said, said
        finally:
            usher.close()
        build(dir)
        usher = node(dir, start=False, hello="plugin: hello, isolated: yes, options: {path: /a, frob: 1}, process: {memory_mb: 5}")
        try:
            said = run(os.path.join(BUILD, "usherd"), "-t", "-c", usher.config, env=usher.env(), code=78)
            assert 'unknown option "frob"' in said, said
        finally:
            usher.close()


def test_refusal_of_the_plugin_is_the_reason():
    with room() as dir:
        build(dir)
        with node(dir, hello="plugin: hello, isolated: yes, options: {path: nowhere}") as usher:
            until("the reason", lambda: channel(usher, "hello")["why"] == "path: it begins with /")


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
