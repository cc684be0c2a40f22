"""Redis that refuses: usherd goes on by itself as soon as it can."""
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from usher import CENTER, Node, main, until


class Redis:
    """Somebody else's redis-server on a unix socket; it outlives the node, whose data is verified at the end."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="usher-redis.")
        self.sock = os.path.join(self.dir, "own.sock")
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.sock, "--dir", self.dir, "--appendonly", "yes",
             "--appendfsync", "always", "--save", "", "--logfile", os.path.join(self.dir, "own.log")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("redis to listen", lambda: os.path.exists(self.sock))

    def call(self, *words):
        return subprocess.run(["redis-cli", "-s", self.sock, *words], capture_output=True, text=True, timeout=20,
                              check=True).stdout.strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def on_redis(node, redis):
    with open(CENTER) as f:
        text = f.read()
    node.config = os.path.join(node.data, "own.yaml")
    with open(node.config, "w") as f:
        f.write(text.replace("redis: managed", f"redis: unix:{redis.sock}"))


def taken(node, key):
    return node.form(key=key, email="ann@x.org", message=key)[0] in (200, 201)


def test_it_starts_on_a_full_redis_and_serves_when_there_is_room():
    with Redis() as redis, Node(start=False) as node:
        on_redis(node, redis)
        redis.call("config", "set", "maxmemory", "1")
        starting = threading.Thread(target=node.start, daemon=True)
        starting.start()
        until("the refusal", lambda: "OOM" in node.log())
        time.sleep(1.5)  # several tries
        assert "usher ready" not in node.log()
        redis.call("config", "set", "maxmemory", "0")
        until("usherd to be ready", lambda: "usher ready" in node.log())
        starting.join(10)
        assert taken(node, "after-full")


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
