"""The numbers that supervisors and visitors are told: service level of a window, estimated wait, place in the line."""
import sys
import time

from test_operator import metric
from usher import Node, main, until


def level(frame, window="15m"):
    return (frame.get("levels") or {}).get(window, {})


def queue_of(frames, name):
    """The last word on a queue: the snapshot's or a later change."""
    last = None
    for f in list(frames):
        if f.get("t") == "snapshot":
            last = next((q for q in f["queues"] if q["queue"] == name), last)
        if f.get("t") == "queue" and f["queue"] == name:
            last = {**(last or {}), **f}
    return last or {}


def test_service_level_is_pushed_counted_by_segment_and_survives_kill_9():
    with Node() as node:
        with node.desk("sam") as sam, node.desk("bo") as bo:
            sam.expect("snapshot")
            bo.available()
            for sender in ("ann@x.org", "kim@premier.test"):
                node.mail("Help", sender=sender)
                offer = bo.accept()
                bo.command("reply", conv=offer["conv"], text="Here it is")
                bo.command("resolve", conv=offer["conv"], outcome="solved")
            for window in ("15m", "1h", "today"):
                until(f"the push of {window}",
                      lambda w=window: level(queue_of(sam.frames, "general"), w).get("answered") == 2)
            assert level(queue_of(sam.frames, "general")) == {"answered": 2, "within": 2, "abandoned": 0, "missed": 0}
            node.kill()
        node.start()
        with node.desk("sam") as sam:
            general = next(q for q in sam.expect("snapshot")["queues"] if q["queue"] == "general")
            assert level(general)["answered"] == 2 and level(general, "today")["within"] == 2, general
            by = {s["segment"]: s for s in general["by_segment"]}
            assert set(by) == {"premier", "mass"}, by
            assert level(by["premier"])["answered"] == 1 and by["premier"]["longest_ms"] is None, by
        ratio = 'usher_queue_service_level_ratio{queue="general",window="1h"}'
        assert metric(node, ratio) == [1.0]
        ratio = 'usher_segment_service_level_ratio{queue="general",segment="mass",window="today"}'
        assert metric(node, ratio) == [1.0]
        assert metric(node, 'usher_queue_service_level_ratio{queue="cards",window="1h"}') == []


def test_who_waits_has_a_place_in_the_order():
    with Node() as node, node.desk("sam") as sam:
        sam.expect("snapshot")
        node.mail("Help", sender="ann@x.org")
        node.mail("Help", sender="kim@premier.test")
        until("both to wait", lambda: len(node.waiting()) == 2)

        def conv(segment):
            return next((f for f in reversed(sam.frames) if f.get("t") == "conv" and f.get("segment") == segment), None)
        until("both to be told", lambda: conv("mass") and conv("premier"))
        mass, premier = conv("mass"), conv("premier")
        assert abs(premier["key_ms"] - premier["arrived_ms"] + 300000) < 1000, premier
        assert abs(mass["key_ms"] - mass["arrived_ms"]) < 1000 and mass["tier"] == premier["tier"] == 1, mass


def test_a_visitor_hears_a_place_and_an_honest_range():
    with Node() as node, node.desk("bo") as bo:
        bo.available()
        chats = [node.chat() for _ in range(4)]
        for i, chat in enumerate(chats):
            chat.say(f"Hello {i}, how are you doing today?")
            bo.accept(kind="chat")
        with node.chat() as fifth, node.chat() as sixth:
            fifth.say("Hello there, I need some help please")  # bo has no room
            fifth.expect("queue", position=1)
            time.sleep(2)
            for chat in chats[:2]:
                chat.send(t="end")
            bo.accept(kind="chat")
            fifth.expect("queue", position=0)
            with node.chat() as filler:
                filler.say("Hello again, I have a question too")
                bo.accept(kind="chat")
                sixth.say("And here is one more person who waits")
                told = until("a range", lambda: next((f for f in sixth.frames if f.get("t") == "queue"
                                                      and f["position"] == 1 and f["wait_s"]), None))
                low, high = told["wait_s"]
                assert 0 <= low <= high <= 600, told
                # nothing happens, and the range is looked at again as it waits longer than anybody did
                until("another range", lambda: any(f.get("t") == "queue" and f["wait_s"] not in (None, told["wait_s"])
                                                   for f in sixth.frames), 30)
            chats[2].send(t="end")
            bo.accept(kind="chat")
            half = 'usher_queue_wait_seconds{queue="general",quantile="0.5"}'
            until("the wait to be counted", lambda: (metric(node, half) or [0])[0] > 2)
            assert metric(node, 'usher_queue_wait_estimate_bias_seconds{queue="general"}')[0] < 0
        for chat in chats:
            chat.close()


def test_a_visitor_hears_his_place_though_nobody_is_there():
    with Node() as node:
        with node.chat() as first, node.chat() as second:
            first.say("Hello, is anybody there?")
            assert first.expect("queue", position=1)["wait_s"] is None
            second.say("Hello, I am here, too")
            second.expect("queue", position=2)
            first.send(t="end")
            second.expect("queue", position=1)
            with node.desk("bo") as bo:
                bo.available()
                bo.accept(kind="chat")
                second.expect("queue", position=0)


def test_each_decision_and_each_hurdle_is_explained():
    with Node() as node, node.desk("sam") as sam:
        sam.expect("snapshot")
        node.ctl("user", "add", "gus", "--role", "agent", "--skill", "cards=20")
        with node.desk("gus") as gus, node.desk("bo") as bo:
            gus.available()
            node.form(email="kim@premier.test", message="about cards", topic="cards")
            kim = until("it to wait", lambda: node.waiting())[0]["id"]
            told = node.json("explain", kim)
            # cards 50 is asked and gus has 20; nobody else is there
            best = {s["skill"]: s for s in told["asked_and_best"]}
            assert best["cards"] == {"skill": "cards", "level": 50, "best": 20, "agent": "gus"}, told
            assert told["failing"] == {"skills": 1} and told["agents"] == {"gus": "skills"}, told
            assert "gets the skills" in told["would_change"] and "decisions" not in told, told
            node.form(email="ann@x.org", message="about cards too", topic="cards")
            ann = until("both to wait", lambda: len(node.waiting()) == 2 and [c for c in node.waiting() if c["id"] != kim])[0]["id"]
            bo.available()
            first = bo.expect("offer", conv=kim)
            bo.command("decline", offer=first["offer"], reason="busy")
            told = until("the second offer of it", lambda: (lambda e: e if e.get("decisions") else None)(node.json("explain", kim)))
            assert told["first_exclusion_ends_ms"] > 0 and told["failing"]["excluded"] == 1, told
            one = told["decision"]
            assert one == told["decisions"][-1] and one["agent"] == "bo" and one["decided_by"] == "only", one
            assert one["order"]["next"] == ann and one["order"]["decided_by"] == "key", one
            assert one["order"]["next_key_ms"] > one["order"]["key_ms"], one
            sam.command("transfer", conv=kim, to="agent:bo")
            bo.accept(conv=kim)
            bo.command("reply", conv=kim, text="Done")
            bo.command("resolve", conv=kim, outcome="solved")
            told = node.json("explain", kim)
            assert [d["agent"] for d in told["decisions"]] == ["bo", "bo"], told
            assert "decisions" in node.ctl("explain", kim).stdout


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
