"""What is malformed gets an error that says what was expected, and costs nothing else: the next good thing on the same connection works."""
import asyncio
import json
import sys

import websockets

from usher import Loop, Node, main


def talk(node, frames, path="/chat/ws"):
    """Sends each and returns the answers, until one answer came for each."""
    async def go():
        async with websockets.connect(f"ws://127.0.0.1:{node.http}{path}", max_size=2**22) as ws:
            answers = []
            for f in frames:
                await ws.send(f if isinstance(f, str) else json.dumps(f))
                answers.append(json.loads(await asyncio.wait_for(ws.recv(), 10)))
            return answers
    return Loop.run(go(), 60)


def test_chat_frames():
    hello = {"t": "hello", "session": None, "from": 0}
    bad = [
        ("{", "invalid", "not a JSON object"),
        ("[1]", "invalid", "another kind of value"),
        ('{"t":"say","t":"say"}', "invalid", "duplicate"),
        ({"x": 1}, "invalid", "hello, say, typing"),
        ({"t": "say", "id": "1", "text": "x"}, "state", "say hello first"),
        ({"t": "hello", "session": "short"}, "invalid", "token of an earlier welcome"),
        ({"t": "hello", "session": None, "from": -1}, "invalid", "a number from 0"),
        ({"t": "hello", "session": None, "identity": "x.y.z"}, "identity", "HS256"),
    ]
    after = [
        (hello, "state", "hello was said already"),
        ({"t": "say", "text": "x"}, "invalid", "needs an id"),
        ({"t": "say", "id": "a b", "text": "x"}, "invalid", "visible characters"),
        ({"t": "say", "id": "1"}, "invalid", "needs a text"),
        ({"t": "say", "id": "1", "text": "x" * 20000}, "too_large", "16384"),
        ({"t": "seen"}, "invalid", "seq of a message"),
        ({"t": "nonsense"}, "invalid", "one of hello"),
    ]
    with Node() as node:
        answers = talk(node, [f for f, _, _ in bad] + [hello] + [f for f, _, _ in after] + [{"t": "say", "id": "good", "text": "still here"}])
        welcome = answers.pop(len(bad))
        assert welcome["t"] == "welcome", welcome
        good = answers.pop()
        assert good == {"t": "ack", "id": "good"}, good
        for (frame, code, words), got in zip(bad + after, answers):
            assert got["t"] == "error" and got["code"] == code and words in got["message"], (frame, got)


def test_sockets_from_elsewhere():
    with Node() as node:
        for headers, status in (({"Origin": "http://evil.test"}, 403), ({}, 426)):
            base = {"Host": f"127.0.0.1:{node.http}"}
            if status == 403:
                base |= {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                         "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
            got, _, body = node.request("GET", "/chat/ws", headers={**base, **headers})
            assert got == status, (got, body)
            assert json.loads(body)["detail"], body


def test_forms_and_json():
    with Node() as node:
        cases = [
            ("application/json", "{", 400), ("application/json", "[]", 400), ("application/json", '{"email":"a@x.org"}', 422),
            ("application/json", '{"email":"nobody","message":"x"}', 422), ("text/plain", "x", 415),
            ("application/x-www-form-urlencoded", "email=%zz&message=x", 422), ("multipart/form-data", "x", 400),
        ]
        for kind, body, status in cases:
            got, headers, answer = node.request("POST", "/form/contact", body, {"Content-Type": kind, "Accept": "application/json"})
            assert got == status, (kind, body, got, answer)
            assert headers["content-type"].startswith("application/problem+json"), headers
            problem = json.loads(answer)
            assert problem.get("detail") or problem.get("errors"), problem
        got, _, answer = node.request("POST", "/api/v1/login", "{", {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{node.http}"})
        assert got == 400 and json.loads(answer)["detail"], (got, answer)
        assert node.form(email="a@x.org", message="good")[0] == 201


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
