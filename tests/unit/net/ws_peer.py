# A WebSocket client that is not ours (Debian's python3-websockets) against an echo server:
# sizes, fragments, pings, a burst, both closings. Prints the first difference and exits 1.
import asyncio, sys
import websockets


async def talk(url):
    async with websockets.connect(url, max_size=None, ping_interval=None, compression="deflate") as w:
        for text in ["", "hello", "ä€😀" * 10, "x" * 125, "x" * 126, "y" * 65535, "z" * 65536, "w" * 3000000]:
            await w.send(text)
            assert await asyncio.wait_for(w.recv(), 10) == text, len(text)
        for data in [b"", bytes(range(256)), b"\xff" * 100000]:
            await w.send(data)
            assert await asyncio.wait_for(w.recv(), 10) == data, len(data)
        await w.send(["frag", "men", "", "ted"])
        assert await asyncio.wait_for(w.recv(), 10) == "fragmented"
        await asyncio.wait_for(await w.ping(b"are you there"), 10)
        for i in range(1000):
            await w.send(str(i))
        for i in range(1000):
            assert await asyncio.wait_for(w.recv(), 10) == str(i)
        await w.close(1000, "done")
        assert w.close_code == 1000, w.close_code
    async with websockets.connect(url, ping_interval=None) as w:
        await w.send("close me")
        try:
            while True:
                await asyncio.wait_for(w.recv(), 10)
        except websockets.ConnectionClosed as e:
            assert e.code == 4001 and e.reason == "as you wish", (e.code, e.reason)


try:
    asyncio.run(talk(sys.argv[1]))
except AssertionError as e:
    print("different:", e)
    sys.exit(1)
