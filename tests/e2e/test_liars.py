"""Plugins that break their contract, all in one usherd: each is named with its channel and the call or the reason, counted, and the others go on."""
import os
import sys

from test_isolated import CONFIG
from test_kit import room, run
from usher import BUILD, RELEASE, ROOT, Node, main, until

SENT = 'h->usher->sent(h->host, m->id, USHER_OK, m->id, TEXT(""));'
READ = "\th->usher->http_read(request, sizeof(p->text));"
DELIVER = "\th->usher->deliver(h->host, &m, (uint64_t)(uintptr_t)p);"
ANSWER = '\t\th->usher->http_answer(p->request, 201, "text/plain; charset=utf-8", why);'
HEALTH = """
static void hello_health(void *self, void (*put)(void *arg, struct usher_str json), void *arg)
{
	put(arg, TEXT("fine, thank you"));
}
"""

# What of hello.c becomes what, what the log has to say, and whether an answer has to be sent first.
LIARS = {
    "slow": (READ, "\tusleep(20000);\n" + READ, "the plugin held up the loop plugin=slow call=http us=", False),
    "nap": (READ, "\th->usher->post(h->host, nap, NULL);\n" + READ, "the plugin held up the loop plugin=nap call=post us=", False),
    "twice": (ANSWER, "\t{\n" + ANSWER + ANSWER + "\t}\n", "a second answer to one HTTP request", False),
    "header": (ANSWER, '\t{\n\t\th->usher->http_set(p->request, "X-Id", TEXT("1\\r\\nSet-Cookie: a=b"));\n' + ANSWER + "\t}\n", "a line end in the HTTP header X-Id", False),
    "status": (ANSWER, ANSWER.replace("201", "20"), "an HTTP answer with the status 20", False),
    "counter": (READ, '\th->usher->count(h->host, "frob", 1);\n' + READ, "there is no counter frob", False),
    "thread": (READ, "\tpthread_t t;\n\tpthread_create(&t, NULL, elsewhere, h);\n\tpthread_join(t, NULL);\n" + READ, "it called count from a thread of its own", False),
    "cursor": (READ, '\th->usher->recall(h->host, TEXT(""), 1);\n' + READ, "recall: a key has 1 to 1024 bytes, not 0", False),
    "keyless": (DELIVER, '\tm.dedup = TEXT("");\n' + DELIVER, "delivery refused", False),
    "again": (SENT, SENT + SENT, "sent a second time for", True),
    "stranger": (SENT, SENT + SENT.replace("m->id", 'TEXT("01J00000000000000000000000")', 1), "it was not given", True),
    "outcome": (SENT, SENT.replace("USHER_OK", "(enum usher_outcome)9"), "sent with the outcome 9, which there is not", True),
    "ill": ("\t.check = hello_check,\n", "\t.check = hello_check,\n\t.health = hello_health,\n", "health is not one JSON object", False),
}


def build(dir, name, old, new, before="", how="-O1"):
    with open(os.path.join(ROOT, "channels/hello/hello.c")) as f:
        good = f.read()
    assert good.count(old) == 1, (name, old)
    text = "#include <pthread.h>\n#include <string.h>\n#include <unistd.h>\nstatic void *elsewhere(void *arg);\nstatic void nap(void *arg) { usleep(20000); }\n" + before + good.replace(old, new)
    text = text.replace("__attribute__((visibility", HEALTH + "__attribute__((visibility", 1)
    text += '\nstatic void *elsewhere(void *arg)\n{\n\tstruct hello *h = arg;\n\th->usher->count(h->host, "seen", 1);\n\treturn NULL;\n}\nvoid *keep = (void *)elsewhere;\n'
    with open(f"{dir}/{name}.c", "w") as f:
        f.write(text)
    run("cc", how, "-w", "-D_GNU_SOURCE", "-shared", "-fPIC", "-I" + ROOT + "/include", "-o", f"{dir}/{name}.so", f"{dir}/{name}.c")


def node(dir, names, build_dir=BUILD, isolated="no", **more):
    declared = "".join(f"  {n}: {{plugin: {n}, isolated: {isolated}, kind: messenger, queue: general, options: {{path: /{n}}}}}\n" for n in names)
    with open(os.path.join(dir, "center.yaml"), "w") as f:
        f.write(CONFIG.replace("PLUGINS", dir).replace("CHANNELS\n", declared))
    return Node(config=os.path.join(dir, "center.yaml"), build=build_dir, **more)


def test_each_lie_has_a_name():
    lie("no")


def test_each_lie_in_a_process_of_its_own_has_a_name():
    lie("yes")


def lie(isolated):
    with room() as dir:
        for name, (old, new, _, _) in LIARS.items():
            build(dir, name, old, new)
        build(dir, "honest", READ, READ)
        with node(dir, [*LIARS, "honest"], isolated=isolated) as usher, usher.desk("bo") as bo:
            bo.available()
            until("all to be up", lambda: all(c["up"] for c in usher.json("status")["channels"]), 60)
            for name, (_, _, _, sends) in LIARS.items():
                status = usher.request("POST", f"/{name}", b"hello there")[0]
                assert status == {"keyless": 422, "status": 500}.get(name, 201), (name, status)
                if sends:
                    bo.command("reply", conv=bo.accept(channel=name)["conv"], text="yourself")
            assert usher.request("POST", "/honest", b"hello there")[0] == 201

            def told(name, says):
                return [x for x in usher.log().splitlines() if f" {name} " in x and f"plugin={name}" in x and says in x]

            def counts():
                return {c["name"]: (c["wrong"], c["slow"]) for c in usher.json("status")["channels"]}
            for name, (_, _, says, _) in LIARS.items():
                until(f"{name} to be named", lambda name=name, says=says: (usher.json("status"), told(name, says))[1])
            # nothing of the channel may be touched from another thread, so this one is only in the log
            until(f"them to be counted: {counts()}", lambda: all(
                n[name in ("slow", "nap")] for name, n in counts().items() if name not in ("honest", "thread")))
            status = usher.json("status")["channels"]
            assert counts()["honest"][0] == 0 and all(c["up"] and not c.get("health", {}).get("restarts") for c in status), status
            metrics = usher.request("GET", "/metrics", port=usher.admin)[2].decode()
            assert 'channel="again",what="wrong"} 1' in metrics, metrics


def test_a_full_stack_says_whose_it_was():
    deeper = "static int deeper(int n) { volatile char room[4096]; room[0] = (char)n; return deeper(n + 1) + room[0]; }\n"
    with room() as dir:
        build(dir, "deep", READ, READ + "\n\tdeeper(1);", deeper, "-O0")
        with node(dir, ["deep"], RELEASE) as usher:
            try:
                usher.request("POST", "/deep", b"hello")
            except OSError:
                pass
            until("usherd to end", lambda: usher.process.poll() is not None)
            assert "fatal signal inside the plugin plugin=deep channel=deep call=http" in usher.log(), usher.tail(5)


def test_a_crash_in_a_thread_of_its_own_says_whose_it_was():
    crash = "static void *crash(void *p) { usleep(100000); size_t (*volatile length)(const char *) = strlen; return (void *)(length(p) + 1); }\n"  # in libc
    with room() as dir:
        build(dir, "threads", READ, '\tpthread_t t;\n\tpthread_create(&t, NULL, crash, (void *)8);\n\tpthread_setname_np(t, "poller");\n' + READ, crash)
        with node(dir, ["threads"], RELEASE) as usher:
            usher.request("POST", "/threads", b"hello")
            until("usherd to end", lambda: usher.process.poll() is not None)
            assert usher.process.returncode == -11, usher.process.returncode
            assert "fatal signal in a thread of a plugin plugin=threads thread=poller" in usher.log(), usher.tail(5)


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
