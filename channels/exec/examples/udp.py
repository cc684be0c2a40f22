#!/usr/bin/env python3
"""A channel over UDP: a datagram is a message, its sender's address is who wrote it and where the answer goes."""
import json, os, select, socket, time, uuid
udp, owed, rest = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), {}, b""
def say(**line): print(json.dumps(line), flush=True)
while True:
    if udp in select.select([0, udp] if len(owed) < 50 else [0], [], [])[0]:
        data, (host, port) = udp.recvfrom(65536)
        line = {"t": "in", "id": uuid.uuid4().hex, "from": {"value": f"{host}:{port}"}, "text": data.decode(errors="replace")}
        owed[line["id"]] = line  # kept until usher has it on disk
        say(**line)
        continue
    *lines, rest = (rest + (os.read(0, 65536) or exit(0))).split(b"\n")
    for m in map(json.loads, lines):
        if m["t"] == "hello":
            udp.bind((m["settings"]["address"], int(m["settings"]["port"])))
            say(t="ready")
        elif m["t"] == "ack" and m["outcome"] == "retry":
            time.sleep(1)
            say(**owed[m["id"]])
        elif m["t"] == "ack":
            del owed[m["id"]]
        elif m["t"] == "send":
            try:
                udp.sendto(m["text"].encode(), (m["thread"].split(":")[0], int(m["thread"].split(":")[-1])))
                say(t="sent", id=m["id"], outcome="ok")
            except (ValueError, OSError) as e:  # no address, or too long a text for a datagram
                say(t="sent", id=m["id"], outcome="fail", why=str(e))
        elif m["t"] == "ping": say(t="pong")
