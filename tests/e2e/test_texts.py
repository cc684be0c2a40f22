"""An agent's own texts for replies: kept, changed, deleted, through a kill; nobody else's, and gone with the user."""
import sys

from test_identity import Browser
from usher import Node, main


def own(agent):
    return {t["name"]: (t["title"], t["text"]) for t in agent.ask("GET", "/templates")[2]["templates"] if t.get("own")}


def test_own_texts_are_kept_for_whom_they_are():
    with Node() as node:
        kim, eve = Browser(node, "kim", "agent"), Browser(node, "eve2", "supervisor")
        status, _, made = kim.ask("POST", "/me/texts", {"title": " Thanks ", "text": "Dear {{customer.name|client}},\nthank you.\n"})
        assert status == 200 and made["own"] and made["title"] == "Thanks", (status, made)
        assert own(kim) == {made["name"]: ("Thanks", "Dear {{customer.name|client}},\nthank you.")}
        assert own(eve) == {}
        # another's cannot be changed, taken away or seen to be there
        for path, body in (("POST", {"id": made["name"], "title": "x", "text": "y"}), ("DELETE", None)):
            got = eve.ask(path, "/me/texts" + ("" if body else f"/{made['name']}"), body)
            assert got[0] == 404, got
        node.kill()
        node.start()
        status, _, changed = kim.ask("POST", "/me/texts", {"id": made["name"], "title": "Спасибо", "text": "Благодарим!"})
        assert status == 200 and changed["name"] == made["name"]
        assert own(kim) == {made["name"]: ("Спасибо", "Благодарим!")}
        assert kim.ask("DELETE", f"/me/texts/{made['name']}")[0] == 200
        assert own(kim) == {} and kim.ask("DELETE", f"/me/texts/{made['name']}")[0] == 404
        node.ctl("verify")


def test_what_cannot_be_kept_is_refused_with_the_reason():
    with Node() as node:
        kim, olga = Browser(node, "kim", "agent"), Browser(node, "olga", "auditor")
        assert olga.ask("POST", "/me/texts", {"title": "a", "text": "b"})[0] == 403
        for body, says in (({}, '"title"'), ({"title": "a"}, '"text"'), ({"title": " ", "text": "b"}, '"title"'), ({"title": "a\nb", "text": "b"}, "one line"),
                           ({"title": "a", "text": "x" * 8193}, "8192"), ({"title": "t" * 1025, "text": "b"}, '"title"'), ({"title": "a", "text": ["b"]}, '"text"'),
                           ({"title": "a", "text": "Dear {{customer.nmae}}"}, "customer.nmae"), ({"id": "17", "title": "a", "text": "b"}, '"id"')):
            status, _, answer = kim.ask("POST", "/me/texts", body)
            assert status == 400 and says in answer["detail"], (body, status, answer)
        for i in range(100):
            assert kim.ask("POST", "/me/texts", {"title": f"t{i}", "text": "b"})[0] == 200
        status, _, answer = kim.ask("POST", "/me/texts", {"title": "one more", "text": "b"})
        assert status == 409 and "100" in answer["detail"], (status, answer)
        assert len(own(kim)) == 100
        # gone with the user; whoever has the name next begins with none
        admin = Browser(node, "root2", "admin")
        assert admin.ask("DELETE", "/users/kim")[0] == 200
        assert own(Browser(node, "kim", "agent")) == {}
        node.ctl("verify")


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
