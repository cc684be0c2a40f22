"""The plugin kit as somebody outside has it: installed files only, the examples built from them and carrying messages both ways, plugins on trial."""
import concurrent.futures
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

from usher import BUILD, RELEASE, ROOT, Node, free_port, main, until

CONFIG = """
domain: main
node: n1
data: ${USHER_DATA}
redis: managed
listen: {http: "127.0.0.1:${USHER_HTTP_PORT}", admin: "127.0.0.1:${USHER_ADMIN_PORT}"}
public_url: http://127.0.0.1:${USHER_HTTP_PORT}
plugin_dir: PLUGINS
kinds:
  messenger: {cost: 25, max: 4, offer: 60s}
queues:
  general: {title: General}
channels:
CHANNELS
people:
  bo: {name: Bo, role: agent, skills: {}}
"""


def run(*words, cwd=None, env=None, code=0):
    r = subprocess.run(words, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, timeout=120, check=False)
    assert r.returncode == code, f"{' '.join(words)}: exit {r.returncode}\n{r.stdout}{r.stderr}"
    return r.stdout + r.stderr


@contextlib.contextmanager
def room():
    dir = tempfile.mkdtemp(prefix="usher-kit.")
    try:
        yield dir
    finally:
        shutil.rmtree(dir, ignore_errors=True)


def install(dir):
    run("cmake", "--install", RELEASE, "--component", "channel-dev", "--prefix", dir + "/opt")
    return dir + "/opt"


def node(dir, plugins, build=BUILD, **channels):
    path = os.path.join(dir, "center.yaml")
    declared = "".join(f"  {name}: {{plugin: {name}, kind: messenger, queue: general, options: {options}}}\n" for name, options in channels.items())
    with open(path, "w") as f:
        f.write(CONFIG.replace("PLUGINS", plugins).replace("CHANNELS\n", declared))
    return Node(config=path, build=build)


class Caller:
    def __init__(self, port, name):
        self.socket = until("the listener", lambda: self.dial(port))
        self.file = self.socket.makefile("rb")
        self.say(name)

    def dial(self, port):
        with contextlib.suppress(OSError):
            return socket.create_connection(("127.0.0.1", port), 15)
        return None

    def say(self, text):
        self.socket.sendall(text.encode() + b"\n")

    def hear(self):
        return self.file.readline().decode().rstrip("\n")

    def close(self):
        self.file.close()
        self.socket.close()


def test_example_outside_the_tree_both_ways():
    with room() as dir:
        prefix = install(dir)
        source = dir + "/mychannel"
        shutil.copytree(prefix + "/share/usher/examples/channel", source)
        run("cmake", "-B", "build", "-DCMAKE_PREFIX_PATH=" + prefix, cwd=source)
        run("cmake", "--build", "build", cwd=source)
        run("cmake", "--install", "build", cwd=source)  # to where the installed usherd looks
        plugins = prefix + "/lib/usher/channels"
        assert os.listdir(plugins) == ["line.so"], os.listdir(plugins)
        out = run(os.path.join(BUILD, "usherctl"), "channel", "check", plugins + "/line.so", "life", "disk", "streams", "sends")
        assert "0 failed" in out, out
        port = free_port()
        with node(dir, plugins, line=f'{{listen: "127.0.0.1:{port}"}}') as usher, usher.desk("bo") as bo:
            bo.available()
            ann = Caller(port, "ann")
            ann.say("Где моя карта?")
            taken = ann.hear()
            offer = bo.accept()
            assert taken.startswith("+ ") and usher.conv(offer["conv"])["messages"][0]["id"] == taken[2:], taken
            assert usher.conv(offer["conv"])["messages"][0]["text"] == "Где моя карта?"
            bo.command("reply", conv=offer["conv"], text="В пути")
            assert ann.hear() == "В пути"
            ann.close()
            bo.command("reply", conv=offer["conv"], text="Ещё что-нибудь?")  # nobody is there: it waits
            until("a retry", lambda: any(c["outbox"] == 1 for c in usher.json("status")["channels"]))
            ann = Caller(port, "ann")
            ann.socket.settimeout(40)
            assert ann.hear() == "Ещё что-нибудь?"
            ann.say("Нет, спасибо")
            bo.expect("message", conv=offer["conv"], direction="in", text="Нет, спасибо")
            assert usher.json("status")["channels"][0]["wrong"] == 0
            ann.close()
            assert usher.stop() == 0


def test_pkg_config_and_a_compiler_are_enough():
    with room() as dir:
        prefix = install(dir)
        env = {"PKG_CONFIG_PATH": prefix + "/lib/pkgconfig"}
        for compiler in ("cc", "c++ -x c++ -fsyntax-only"):  # the header is C++, too
            flags = run("pkg-config", "--cflags", "usher-channel", env=env).split()
            if compiler == "cc":
                run("cc", "-std=c17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-shared", "-fPIC", *flags, "-o", dir + "/hello.so",
                    prefix + "/share/usher/examples/channel/hello.c")
            else:
                with open(dir + "/x.cc", "w") as f:
                    f.write("#include <usher/channel.h>\n")
                run(*compiler.split(), *flags, dir + "/x.cc")
        with open(os.path.join(ROOT, "include/usher/channel.h")) as f:
            major = re.search(r"USHER_ABI_MAJOR (\d+)", f.read()).group(1)
        assert run("pkg-config", "--modversion", "usher-channel", env=env).startswith(major + ".")
        with node(dir, dir, hello="{}") as usher, usher.desk("bo") as bo:
            bo.available()
            assert usher.request("POST", "/hello", b"hello there")[0] == 201
            conv = bo.accept()["conv"]
            bo.command("reply", conv=conv, text="hello yourself")
            until("it to be sent", lambda: [m for m in usher.conv(conv)["messages"] if m["delivery"] == "sent"])


OURS = {
    "hello": [],
    "form": ["fields.0.name=message", "fields.0.map=text"],
    "webhook": ["verify=none", "in.dedup={id}", "in.text={text}", "url=http://127.0.0.1:9/"],
    "chat": [],
    "email": ["addresses=support@demo.test", "listen=127.0.0.1:0", "smtp_url=smtp://127.0.0.1:9"],
    "exec": ["command.0=/usr/bin/python3", "command.1=-c", "command.2=PROGRAM", "user=nobody"],
}

# A program that brings a message of its own, again until it is taken, and answers what it is asked.
PROGRAM = """
import json, sys, time
def say(**m): print(json.dumps(m), flush=True)
message = {"t": "in", "id": "1", "thread": "ann", "from": {"value": "ann"}, "text": "Where is my card?"}
for line in sys.stdin:
    m = json.loads(line)
    if m["t"] == "hello": say(t="ready"); say(**message)
    elif m["t"] == "ack" and m["outcome"] == "retry": time.sleep(0.1); say(**message)
    elif m["t"] == "send": say(t="sent", id=m["id"], outcome="ok")
    elif m["t"] == "ping": say(t="pong")
"""
WAYS = {"hello": "text/plain", "form": "application/x-www-form-urlencoded", "webhook": "application/json", "chat": "WebSocket", "email": "LMTP", "exec": "by itself"}


def trial(plugin, *words, code=0):
    return run(os.path.join(BUILD, "usherctl"), "channel", "check", plugin, *words, code=code,
               env={"ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1"})  # a child that is ended leaves everything lying


def test_our_own_plugins_pass_their_trial():
    def one(name):
        words = [w for o in OURS[name] for w in ("--option", o.replace("PROGRAM", PROGRAM))]
        return trial(os.path.join(BUILD, "channels", name + ".so"), *words)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:  # it mostly waits
        for name, out in zip(OURS, pool.map(one, OURS)):
            assert "FAILED" not in out and f"a message came in ({WAYS[name]}" in out, out
            skipped = {line.split()[1] for line in out.splitlines() if line.startswith("skipped")}
            assert not skipped & {"intake", "disk", "duplicates", "away", "refused", "slow-host", "left"}, out


# What a plugin may do wrong: a change of hello.c, what the trial has to say, and in which case.
WRONG = {
    "h->usher->sent(h->host, m->id, USHER_OK, m->id, TEXT(\"\"));": [
        ("h->usher->sent(h->host, m->id, USHER_OK, m->id, TEXT(\"\")); h->usher->sent(h->host, m->id, USHER_OK, m->id, TEXT(\"\"));", "a second sent for", "sends"),
        ("(void)line;", "no sent for", "sends-closing"),
        ("h->usher->sent(h->host, TEXT(\"x\"), USHER_OK, m->id, TEXT(\"\"));", "which it was not given", "sends"),
        ("usleep(300000); h->usher->sent(h->host, m->id, USHER_OK, m->id, TEXT(\"\"));", "send blocked the loop", "sends"),
        ("*(volatile int *)8 = 1;", "it crashed in send: signal", "sends"),
        ("exit(3);", "it ended the process in send with status 3", "sends"),
        ("pthread_t t; pthread_create(&t, NULL, elsewhere, h); pthread_join(t, NULL); h->usher->sent(h->host, m->id, USHER_OK, m->id, TEXT(\"\"));",
         "log called from a thread of the plugin's own", "sends"),
    ],
    "\th->usher->deliver(h->host, &m, (uint64_t)(uintptr_t)p);": [
        ("\th->usher->http_answer(request, 201, \"text/plain\", TEXT(\"\")); p->request = NULL; h->usher->deliver(h->host, &m, (uint64_t)(uintptr_t)p);",
         "before the message was on disk", "disk"),
        ("\tm.dedup = TEXT(\"\"); h->usher->deliver(h->host, &m, (uint64_t)(uintptr_t)p);", "dedup is empty", "disk"),
    ],
    "outcome == USHER_RETRY ? 503 : 422": [("200", "it is lost", "away")],
    "\th->usher->down(h->host, \"closed\");\n\tfree(h);": [("\t", "did not say that it is down", "life")],
    "\tif (usher->option(host, \"path\").p[0] == '/')\n\t\treturn 0;": [
        ("\treturn 0;", "a path begins with /", "options"), ("\tif (why_size)\n\t\treturn 1;", "open refused", "life")],
    "\tp->request = NULL;\n\tif (!p->delivered)": [("\tif (!p->delivered)", "for a request that is over", "left")],
}


PREAMBLE = "#include <pthread.h>\n#include <unistd.h>\nstatic void *elsewhere(void *arg);\n"
ELSEWHERE = """
static void *elsewhere(void *arg)
{
	struct hello *h = arg;
	h->usher->log(h->host, USHER_INFO, "x");
	return NULL;
}
void *keep = (void *)elsewhere;
"""


def found(dir, name, source, case, says):
    """What the trial says of a plugin with that source."""
    with open(f"{dir}/{name}.c", "w") as f:
        f.write(source)
    run("cc", "-w", "-D_GNU_SOURCE", "-shared", "-fPIC", "-I" + ROOT + "/include", "-o", f"{dir}/{name}.so", f"{dir}/{name}.c")
    out = trial(f"{dir}/{name}.so", *case.split(), "--patience", "1", code=1)
    assert says in out and "FAILED" in out, f"{name}: {says}\n{out}"


def source(path):
    with open(os.path.join(ROOT, path)) as f:
        return f.read()


def test_the_trial_finds_what_is_wrong():
    good = source("channels/hello/hello.c")
    with room() as dir:
        for n, (old, changes) in enumerate(WRONG.items()):
            assert good.count(old) == 1, old
            for i, (new, says, case) in enumerate(changes):
                found(dir, f"wrong{n}{i}", PREAMBLE + good.replace(old, new) + ELSEWHERE, case, says)


def test_the_trial_finds_early_and_false_promises_on_a_connection():
    good = source("conf/examples/channel/line.c")
    deliver, answer = "\tl->usher->deliver(l->host, &m, (uint64_t)(uintptr_t)c);", 'outcome == USHER_OK || outcome == USHER_DUPLICATE ? "+ " : "- "'
    said = "\tsay(l, c, outcome"
    assert good.count(deliver) == 1 and good.count(answer) == 1 and good.count(said) == 1
    early = good.replace(deliver, '\tsay(l, c, "+ ok", none_of_it);\n' + deliver).replace(said, "\tif (0)\n\t\tsay(l, c, outcome")
    early = early.replace("static const struct usher_option", "static const struct usher_str none_of_it;\nstatic const struct usher_option", 1)
    with room() as dir:
        found(dir, "early", early, "disk", "before the message was on disk, and nothing after")
        found(dir, "always", good.replace(answer, '"+ stored as "'), "disk away", "as for success")
        found(dir, "refused", good.replace(answer, '"+ stored as "'), "disk refused", "refused it for good, yet the sender was told")


def test_a_crash_in_each_callback_is_named():
    good = source("channels/hello/hello.c")
    calls = {"open": "life", "close": "life", "check": "options", "http": "requests", "http_body": "requests", "http_gone": "left", "ack": "disk", "send": "sends"}
    with room() as dir:
        for call, case in calls.items():
            name = {"http_body": "body", "http_gone": "gone"}.get(call, call)
            head = re.search(r"\nstatic [a-z *]+\bhello_%s\([^{;]*\)\n\{\n" % name, good)
            assert head, call
            crash = "\t*(volatile int *)8 = 1;\n" if call != "check" else "\tif (!usher->deliver)\n\t\t*(volatile int *)8 = 1;\n"
            found(dir, "crash_" + call, good[:head.end()] + crash + good[head.end():], case, f"it crashed in {call}: signal")


def test_usage_of_the_trial():
    trial("/nonexistent.so", code=1)
    assert "there is no case" in trial("x.so", "frob", code=2)
    assert "usage" in run(os.path.join(BUILD, "usherctl"), "channel", code=2)
    out = trial(os.path.join(BUILD, "channels", "webhook.so"), code=1)  # without the options that it needs: said once
    assert out.count("FAILED") == 1 and 'option "verify" is missing' in out and "--option KEY=VALUE" in out, out
    with room() as dir:
        run("cc", "-shared", "-fPIC", "-xc", "/dev/null", "-o", dir + "/empty.so")
        assert "has no symbol usher_channel_v" in trial(dir + "/empty.so", code=1)


def test_a_crash_says_whose_it_was_and_loses_nothing():
    with open(os.path.join(ROOT, "channels/hello/hello.c")) as f:
        good = f.read()
    with room() as dir:
        with open(dir + "/fragile.c", "w") as f:
            f.write(good.replace("\tif (!last)\n\t\treturn;", "\tif (piece.n == 5 && !memcmp(piece.p, \"crash\", 5))\n\t\t*(volatile int *)8 = 1;\n\tif (!last)\n\t\treturn;", 1))
        run("cc", "-shared", "-fPIC", "-I" + ROOT + "/include", "-o", dir + "/fragile.so", dir + "/fragile.c")
        with node(dir, dir, build=RELEASE, fragile="{}") as usher:
            assert usher.request("POST", "/hello", b"before")[0] == 201
            with contextlib.suppress(OSError):
                usher.request("POST", "/hello", b"crash")
            until("usherd to end", lambda: usher.process.poll() is not None)
            assert usher.process.returncode == -11, usher.process.returncode
            assert "fatal signal inside the plugin plugin=fragile channel=fragile call=http_body" in usher.log(), usher.tail(5)
            usher.start()
            until("what was acknowledged", lambda: len(usher.waiting()) == 1)


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
