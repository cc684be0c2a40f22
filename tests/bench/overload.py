"""Ten times as much as can be done: forms are posted open-loop at ten times the rate at which a closed loop gets them stored. Goodput beside that capacity, how
soon a refusal comes, and how the open chats fare meanwhile. Capacity is made small by a Redis at the end of a thin line, so that one process can offer ten
times as much; what is compared is of the same run. `python3 overload.py [SECONDS [BYTES_A_SECOND]]`, with USHER_RELEASE."""
import asyncio
import json
import os
import re
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../lib"), os.path.join(HERE, "../e2e")]
from test_redis_trouble import Redis  # noqa: E402
from usher import CENTER, RELEASE, Node, until  # noqa: E402

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 10
BYTES_S = int(sys.argv[2]) if len(sys.argv) > 2 else 400000
BODY = json.dumps({"email": "ann@x.org", "message": "m" * 500})


class Line:
    """Between usherd and Redis, with so many bytes a second towards Redis for all connections together."""

    def __init__(self, path, back):
        self.path, self.back, self.free_at = path, back, 0.0
        self.ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self.serve()), daemon=True).start()
        self.ready.wait(10)

    async def serve(self):
        server = await asyncio.start_unix_server(self.carry, self.path)
        self.ready.set()
        async with server:
            await server.serve_forever()

    async def carry(self, reader, writer):
        back_reader, back_writer = await asyncio.open_unix_connection(self.back)
        await asyncio.gather(self.pump(reader, back_writer, True), self.pump(back_reader, writer, False), return_exceptions=True)

    async def pump(self, reader, writer, is_thin):
        while data := await reader.read(4096):
            if is_thin:
                self.free_at = max(self.free_at, time.monotonic()) + len(data) / BYTES_S
                await asyncio.sleep(self.free_at - time.monotonic())
            writer.write(data)
            await writer.drain()
        writer.close()


class Posts:
    """Forms on connections that are kept; from addresses of their own, as strangers are."""

    def __init__(self, port):
        self.port, self.idle, self.made = port, [], 0
        self.stored, self.refused_s, self.other = 0, [], {}
        self.request = (f"POST /form/contact HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
                        f"Content-Length: {len(BODY)}\r\n\r\n{BODY}").encode()

    async def post(self):
        if self.idle:
            reader, writer = self.idle.pop()
        else:
            self.made += 1
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(f"127.0.{1 + self.made % 250}.{1 + self.made // 250 % 250}", 0))
        began = time.monotonic()
        writer.write(self.request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = re.search(rb"content-length: (\d+)", head)
        await reader.readexactly(int(length[1]) if length else 0)
        status = int(head.split()[1])
        if status == 201:
            self.stored += 1
        elif status == 503 and b"retry-after" in head:
            self.refused_s.append(time.monotonic() - began)
        else:
            self.other[status] = self.other.get(status, 0) + 1
        if b"connection: close" in head:
            writer.close()
        else:
            self.idle.append((reader, writer))

    async def closed(self, wide, seconds):
        end = time.monotonic() + seconds

        async def one():
            while time.monotonic() < end:
                await self.post()
        await asyncio.gather(*(one() for _ in range(wide)))

    async def open(self, rate, seconds):
        began, n, flying = time.monotonic(), 0, set()
        while (now := time.monotonic()) < began + seconds:
            while n < (now - began) * rate:
                n += 1
                task = asyncio.ensure_future(self.post())
                flying.add(task)
                task.add_done_callback(flying.discard)
            await asyncio.sleep(0.002)
        self.offered = n
        if flying:
            await asyncio.wait(list(flying), timeout=30)


def drained(node):
    """When all that was stored is routed, too."""
    def waits():
        lines = node.request("GET", "/metrics", port=node.admin, timeout=60)[2].decode().splitlines()
        return next(float(x.split()[1]) for x in lines if x.startswith("usher_inbox_entries "))
    until("the inbox to be empty", lambda: waits() == 0, 120, 0.05)
    return time.monotonic()


def main():
    with Redis() as redis, Node(build=RELEASE, start=False) as node:
        thin = os.path.join(node.data, "thin.sock")
        Line(thin, redis.sock)
        with open(CENTER, encoding="utf-8") as f:
            text = f.read()
        node.config = os.path.join(node.data, "own.yaml")
        with open(node.config, "w", encoding="utf-8") as f:
            f.write(text.replace("redis: managed", f"redis: unix:{thin}").replace("reply_by: support", "reply_by: support\n      rate: 0\n      challenge: 0"))
        node.start()
        with node.desk("bo") as bo, node.chat() as visitor:
            bo.available()
            visitor.say("hello")
            conv = bo.accept(60)["conv"]
            bo.command("presence", to="away")
            warm = Posts(node.http)
            began = time.monotonic()
            asyncio.run(warm.closed(64, SECONDS))
            capacity = warm.stored / (drained(node) - began)
            until("it to rest", lambda: node.json("status")["overload"]["level"] == 0, 60)
            flood = Posts(node.http)
            talk, over = [], threading.Event()

            def chat():
                i = 0
                while not over.is_set():
                    at = time.monotonic()
                    visitor.say(f"word {i}")
                    bo.command("reply", 60, conv=conv, text=f"answer {i}")
                    visitor.expect("msg", 60, text=f"answer {i}")
                    talk.append(time.monotonic() - at)
                    i += 1
                    time.sleep(0.2)
            talker = threading.Thread(target=chat, daemon=True)
            talker.start()
            began = time.monotonic()
            asyncio.run(flood.open(10 * capacity, SECONDS))
            took = drained(node) - began
            over.set()
            talker.join(60)
            slow = sorted(flood.refused_s) or [0]
            print(f"capacity {capacity:.0f}/s; offered {flood.offered / SECONDS:.0f}/s; stored {flood.stored / took:.0f}/s in {took:.1f} s: "
                  f"{100 * flood.stored / took / capacity:.0f} % of capacity")
            print(f"refused {len(flood.refused_s)}: half within {slow[len(slow) // 2] * 1000:.1f} ms, 99 % {slow[len(slow) * 99 // 100] * 1000:.1f} ms, "
                  f"all {slow[-1] * 1000:.1f} ms; otherwise answered {flood.other or 'none'}")
            talk.sort()
            print(f"chat meanwhile: {len(talk)} words and answers, half within {talk[len(talk) // 2] * 1000:.0f} ms, the slowest {talk[-1] * 1000:.0f} ms")
            print("\n".join(x for x in node.log().splitlines() if "overload" in x)[-2000:])


if __name__ == "__main__":
    main()
