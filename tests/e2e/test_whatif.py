"""What if: the past of a real center again, with another configuration and other people; and replay beside it."""
import json
import os
import shutil
import sys
import time

from usher import CENTER, Node, main


def rows(answer):
    return {(r["queue"], r["segment"]): r for r in answer["rows"]}


def test_the_past_again_with_another_configuration_and_other_people():
    with Node() as node, node.desk("bo") as bo:
        bo.available()
        for i in range(8):
            # five mails fill bo (5 of a kind at most); the others wait until one is resolved
            node.mail("Help", sender=f"ann{i}@x.org" if i % 4 else f"kim{i}@premier.test")
        done = []
        for i in range(8):
            offer = bo.accept()
            bo.command("reply", conv=offer["conv"], text="Here it is")
            done.append(offer["conv"])
            if i >= 4:
                time.sleep(0.3)
                bo.command("resolve", conv=done[i - 4], outcome="solved")
        for conv in done[4:]:
            bo.command("resolve", conv=conv, outcome="solved")
        assert node.json("replay")["same"]

        other = os.path.join(node.data, "other.yaml")
        shutil.copy(CENTER, other)
        same = node.json("whatif", "--config", other, "--since", "1h")
        for key, row in rows(same).items():
            assert row["real"]["answered"] == row["whatif"]["answered"] > 0, (key, row)
            assert abs(row["real"]["wait_mean_ms"] - row["whatif"]["wait_mean_ms"]) < 200, (key, row)
        mass = rows(same)["general", "mass"]
        assert mass["real"]["wait_p90_ms"] > 300, mass

        roomy = node.json("whatif", "--agents", "+1=bo")
        now = rows(roomy)["general", "mass"]
        assert now["whatif"]["wait_mean_ms"] < now["real"]["wait_mean_ms"], now
        assert roomy["occupancy"]["real"] is None or roomy["occupancy"]["whatif"] <= roomy["occupancy"]["real"], roomy

        nobody = rows(node.json("whatif", "--agents", "-bo"))["general", "mass"]
        assert nobody["whatif"]["answered"] == 0 and nobody["real"]["answered"] == 6, nobody

        # nothing of it has touched what really is
        assert node.json("replay")["same"]
        text = node.ctl("whatif", "--config", other).stdout
        assert "occupancy" in text and "QUEUE" in text and "premier" in text, text


def test_a_wrong_question_is_refused_with_what_was_expected():
    with Node() as node:
        wrong = os.path.join(node.data, "wrong.yaml")
        with open(CENTER) as f:
            text = f.read().replace("queue: general", "queue: nowhere")
        with open(wrong, "w") as f:
            f.write(text)
        for words, code, says in ((["--config", wrong], 1, "--config:"), (["--config", "/nonexistent"], 2, "cannot read"),
                                  ([], 2, "what should be different?"), (["--agents", "bo"], 2, "expected -NAME or +N=NAME"),
                                  (["--agents", "-bo", "--since", "yesterday"], 2, "expected a span before now")):
            r = node.ctl("whatif", *words, check=False)
            assert r.returncode == code and says in r.stderr, (words, r)
        r = node.ctl("whatif", "--agents", "-bo", "--since", "2020-01-01", "--json")
        assert json.loads(r.stdout)["rows"] == [], r.stdout


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
