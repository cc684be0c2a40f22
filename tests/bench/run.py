"""The figures, each beside its peer in the same run. See run.sh; README.md has the results and the machine."""
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from usher import RELEASE, Node, free_port, until

HERE = os.path.dirname(os.path.abspath(__file__))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
CENTER = os.path.join(HERE, "center.yaml")
JSON = False


def report(name, ours, beside, what, n, unit, better="more"):
    ours, beside = statistics.median(ours), statistics.median(beside)
    row = {"name": name, "ours": round(ours, 3), "beside": round(beside, 3), "what": what, "unit": unit,
           "ratio": round(ours / beside, 3) if beside else None, "better": better, "n": n}
    print(json.dumps(row) if JSON else
          f"{name} ours={ours:.4g} beside={beside:.4g} ({what}; {unit}, {better} is better) ratio={ours / beside:.3g} n={n}", flush=True)


def node(**env):
    return Node(config=CENTER, build=RELEASE, env=env)


def run(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, timeout=600, check=True, **more).stdout


def rss_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        text = f.read()
    return {k: int(re.search(rf"^{k}:\s+(\d+)", text, re.M).group(1)) for k in ("Rss", "Pss", "Private_Dirty")}


def listens(port):
    import socket
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


# ---- intake by LMTP ----

def lmtp_rate(port, count, size, rcpt):
    program = shutil.which("smtp-source") or "/usr/sbin/smtp-source"
    began = time.monotonic()
    run(program, "-L", "-s", "20", "-m", str(count), "-l", str(size), "-f", "ann@x.org", "-t", rcpt, f"inet:127.0.0.1:{port}")
    return count / (time.monotonic() - began)


def bench_lmtp():
    """Small mails, and mails with a picture in them."""
    for name, size, count in (("lmtp", 4096, 3000), ("lmtp_100k", 102400, 600)):
        bench_lmtp_of(name, size, count)


def bench_lmtp_of(name, size, count):
    sink_port = free_port()
    sink = subprocess.Popen([shutil.which("smtp-sink") or "/usr/sbin/smtp-sink", "-L", "-u", "nobody", f"127.0.0.1:{sink_port}", "100"],
                            stderr=subprocess.DEVNULL)
    try:
        until("smtp-sink", lambda: listens(sink_port))
        with node() as n:
            ours, beside = [], []
            for _ in range(ROUNDS):
                ours.append(lmtp_rate(n.lmtp, count, size, "support@demo.test"))
                beside.append(lmtp_rate(sink_port, count, size, "support@demo.test"))
    finally:
        sink.kill()
        sink.wait()
    report(name, ours, beside, "smtp-sink, same generator, keeps nothing", count, f"mails of {size // 1024} KiB a second, 20 sessions")


# ---- forms ----

def form_rate(port, path, body, count):
    out = run("ab", "-q", "-k", "-n", str(count), "-c", "50", "-p", body, "-T", "application/x-www-form-urlencoded",
              "-H", "Accept: application/json", f"http://127.0.0.1:{port}{path}")
    bad = re.search(r"Non-2xx responses:\s+(\d+)", out)
    assert not bad, f"{bad.group(0)}"
    return float(re.search(r"Requests per second:\s+([\d.]+)", out).group(1))


def bench_form():
    count, d = 10000, tempfile.mkdtemp(prefix="usher-bench.")
    body = os.path.join(d, "body")
    with open(body, "w", encoding="ascii") as f:
        f.write("name=Ann&email=ann%40x.org&subject=Card&message=" + "x" * 550)
    nginx_port, node_port = free_port(), free_port()
    with open(os.path.join(d, "nginx.conf"), "w", encoding="ascii") as f:
        f.write(f"daemon off; pid {d}/pid; error_log {d}/error.log; worker_processes 1; events {{ worker_connections 1000; }}\n"
                f"http {{ access_log off; client_body_temp_path {d}; keepalive_requests 1000000;"
                f" server {{ listen 127.0.0.1:{nginx_port}; location / {{ return 201; }} }} }}\n")
    nginx = subprocess.Popen(["nginx", "-p", d, "-c", os.path.join(d, "nginx.conf")],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    js = subprocess.Popen(["node", os.path.join(HERE, "echo.mjs"), str(node_port)], stdout=subprocess.DEVNULL)
    try:
        until("nginx and node", lambda: listens(nginx_port) and listens(node_port))
        with node() as n:
            ours, a, b = [], [], []
            for _ in range(ROUNDS):
                ours.append(form_rate(n.http, "/form/contact", body, count))
                a.append(form_rate(nginx_port, "/", body, count))
                b.append(form_rate(node_port, "/", body, count))
    finally:
        for p in (nginx, js):
            p.terminate()  # nginx ends its worker only when asked
            p.wait()
        shutil.rmtree(d, ignore_errors=True)
    report("form/nginx", ours, a, "nginx return 201, keeps nothing", count, "POSTs of 600 B a second, 50 connections")
    report("form/node", ours, b, "Node http server, keeps nothing", count, "POSTs of 600 B a second, 50 connections")


# ---- chat ----

def bench_chat():
    open_chats, trips = 1000, 6000
    port = free_port()
    js = subprocess.Popen(["node", os.path.join(HERE, "echo.mjs"), str(port)], stdout=subprocess.DEVNULL)
    try:
        until("node", lambda: listens(port))
        ours, beside = [], []
        for _ in range(ROUNDS):
            with node() as n:
                password = "bench-password-of-ann"
                n.ctl("user", "add", "ann", "--role", "agent", "--skill", "en=90", "--password-stdin", stdin=password + "\n")
                ours.append(json.loads(run("node", os.path.join(HERE, "chat.mjs"), "usher", str(n.http), str(open_chats), str(trips), "ann", password)))
            beside.append(json.loads(run("node", os.path.join(HERE, "chat.mjs"), "echo", str(port), str(open_chats), str(trips))))
    finally:
        js.kill()
        js.wait()
    for p in ("p50", "p99"):
        report(f"chat/{p}", [x[p] for x in ours], [x[p] for x in beside], "bare echo of npm ws, one way there and back, nothing kept",
               trips, f"ms visitor→agent→visitor, both messages on disk, {open_chats} open chats, 20 at once", "less")


# ---- whole lives ----

class Redis:
    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="usher-bench.")
        self.socket = os.path.join(self.dir, "r.sock")
        self.process = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", self.socket, "--appendonly", "yes",
                                         "--appendfsync", "always", "--save", "", "--dir", self.dir], stdout=subprocess.DEVNULL)
        until("redis", lambda: os.path.exists(self.socket))
        time.sleep(0.3)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def bench_life():
    count, program = 5000, os.path.join(RELEASE, "tests/bench/life")
    ours, beside = [], []
    for _ in range(ROUNDS):
        with Redis() as r:
            os.mkdir(os.path.join(r.dir, "data"))
            rate, writes, size = run(program, r.socket, os.path.join(r.dir, "data"), str(count)).split()
            ours.append(float(rate))
        with Redis() as r:
            bare = float(run(program, r.socket, "bare", writes, size))
            beside.append(bare / (int(writes) / count))
    report("life", ours, beside, f"bare hiredis: the same {int(writes) / count:.0f} commands and {int(size) / count / 1000:.1f} kB each, pipelined",
           count, "conversations (in, offer, accept, reply, resolve) a second, appendfsync always")


def bench_route():
    agents, waiting, count, program = 4000, 100000, 20000, os.path.join(RELEASE, "tests/bench/life")
    ours, beside = [], []
    for _ in range(ROUNDS):
        with Redis() as r:
            os.mkdir(os.path.join(r.dir, "data"))
            rate, writes, size = run(program, r.socket, os.path.join(r.dir, "data"), str(count), str(agents), str(waiting)).split()
            ours.append(float(rate))
        with Redis() as r:
            bare = float(run(program, r.socket, "bare", writes, size))
            beside.append(bare / (int(writes) / count))
    report("route", ours, beside, f"bare hiredis: the same {int(writes) / count:.0f} commands and {int(size) / count / 1000:.1f} kB each, pipelined",
           count, f"conversations (offer, accept, reply, resolve) a second, {agents} agents, {waiting} waiting")


# ---- the bare engine ----

def engine_run(waiting, agents, skills, turns):
    return json.loads(run(os.path.join(RELEASE, "tests/bench/engine"), *map(str, (waiting, agents, skills, turns))))


def instructions(waiting, agents, skills, turns, snapshot):
    """callgrind over a few turns, from a snapshot so that only they are slow."""
    program, words = os.path.join(RELEASE, "tests/bench/engine"), [str(x) for x in (waiting, agents, skills, turns)]
    if not os.path.exists(snapshot):
        run(program, *words, snapshot)
    with tempfile.TemporaryDirectory(prefix="usher-bench.") as d:
        out = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={d}/out", "--collect-atstart=no",
                              "--toggle-collect=measured", program, *words, snapshot], capture_output=True, text=True, timeout=3000, check=True)
    total = int(re.search(r"Collected : (\d+)", out.stderr).group(1))
    return total / json.loads(out.stdout)["all_offers"]


def bench_engine():
    """Steps a second and memory, small and large (ENGINE_LARGE=WAITING,AGENTS,SKILLS)."""
    large = [int(x) for x in os.environ.get("ENGINE_LARGE", "1000000,100000,1000").split(",")]
    small = engine_run(1000, 100, 50, 200000)
    big = engine_run(*large, 100000)
    report("engine/steps", [small["steps_per_s"]], [500000], "the figure to reach", 800000, "steps a second of one processor: 1,000 waiting, 100 agents, 50 skills")
    report("engine/steps-large", [big["steps_per_s"]], [small["steps_per_s"]], "the same, small", 400000, f"steps a second: {large[0]} waiting, {large[1]} agents, {large[2]} skills")
    report("engine/waiting", [big["bytes_waiting"]], [200], "the limit", large[0], "bytes for each waiting conversation", "less")
    report("engine/agent", [big["bytes_agent"]], [2048], "the limit", large[1], "bytes for each agent, of profiles all different", "less")
    report("engine/load", [big["load_s"]], [3], "the limit", large[0], "s of processor time to load them from a snapshot", "less")
    with tempfile.TemporaryDirectory(prefix="usher-bench.") as d:
        few = instructions(1000, 100, 50, 3000, os.path.join(d, "small"))
        many = instructions(*large, 3000, os.path.join(d, "large"))
    report("engine/decision", [many], [few], "the same, small; at most 3 times", 3000, "instructions for each whole life with its decision", "less")


# ---- memory ----

def idle_cost(port, path, pid, count, hello):
    before = rss_kib(pid)
    visitors = subprocess.Popen(["node", os.path.join(HERE, "idle.mjs"), str(port), path, str(count), *hello],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert visitors.stdout.readline().strip() == "ready"
    time.sleep(2)
    after = rss_kib(pid)
    visitors.stdin.close()
    visitors.wait()
    return (after["Private_Dirty"] - before["Private_Dirty"]) * 1024 / count


def bench_memory():
    count, port = 5000, free_port()
    ours, beside = [], []
    for _ in range(ROUNDS):
        with node() as n:
            ours.append(idle_cost(n.http, "/chat/ws", n.process.pid, count, ["hello"]))
        js = subprocess.Popen(["node", os.path.join(HERE, "echo.mjs"), str(port)], stdout=subprocess.DEVNULL)
        try:
            until("node", lambda: listens(port))
            beside.append(idle_cost(port, "/", js.pid, count, []))
        finally:
            js.kill()
            js.wait()
    report("memory/visitor", ours, beside, "npm ws, an echo", count, "bytes of private memory an idle visitor", "less")


def bench_idle():
    with node() as n:
        time.sleep(6)  # usherd lets go of what only the start needed
        m = rss_kib(n.process.pid)
    report("memory/idle", [m["Rss"] / 1024], [16], "the limit", 1, f"MiB resident (private {m['Private_Dirty'] / 1024:.1f}, Redis apart)", "less")


def main(words):
    global JSON
    JSON = "--json" in words
    names = [w for w in words if not w.startswith("-")]
    all_of_them = {k[6:]: v for k, v in globals().items() if k.startswith("bench_")}
    for name in names or all_of_them:
        if name not in all_of_them:
            sys.exit(f"no benchmark {name}; there are: {' '.join(all_of_them)}")
        all_of_them[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
