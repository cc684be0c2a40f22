"""What people get wrong in their first hour with a channel: `usherd -t` says where, what was expected and what to do."""
import os
import subprocess
import sys
import tempfile

from usher import BUILD, main

HEAD = """domain: main
node: n1
redis: managed
kinds: {other: {cost: 20}, chat: {cost: 25, live: yes}}
queues: {general: {}}
channels:
"""
FIRST = HEAD.count("\n") + 1


def channel(plugin, options, name="a", kind="other"):
    return f"  {name}: {{plugin: {plugin}, kind: {kind}, queue: general, options: {{{options}}}}}\n"


def program(options):
    return channel("exec", options + ("" if "user" in options else ", user: nobody"))


def hook(options):
    return channel("webhook", f'verify: hmac, keys: [0123456789abcdef], in: {{dedup: "{{id}}", text: "{{t}}"}}, {options}')


def check(channels, env=None, code=None):
    """What is said of them, without the file's name."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
        f.write(HEAD + channels)
        f.flush()
        r = subprocess.run([os.path.join(BUILD, "usherd"), "-t", "-c", f.name], capture_output=True, text=True, timeout=60,
                           env={**os.environ, **(env or {})}, check=False)
        assert r.returncode == (code if code is not None else 78 if r.stderr else 0), r
        return r.stderr.replace(f.name + ":", "")


def says(channels, *words, line=FIRST):
    said = check(channels)
    for word in words:
        assert word in said, (word, said)
    assert said.startswith(f"{line}:"), said


def test_the_shape_of_an_option():
    says(program("command: /bin/cat"), 'option "command" is a list: [one, two]')
    says(program("command: [/bin/cat], settings: {port: 1, host: x}"), 'option "settings" is a list, each item with name, value\n')
    says(program("comand: [/bin/cat]"), 'did you mean "command.*"?')
    says(channel("form", "fields: {email: {type: email}}"), 'option "fields" is a list, each item with name, label')
    says(channel("form", "origins: [https://a.test, https://b.test]"), 'option "origins" is one value')
    says(channel("webhook", "verify: none, in: text"), 'option "in" is a group with dedup')


def test_indentation():
    says("  a:\n    plugin: form\n     kind: other\n", "is it indented as the line above?", line=FIRST + 2)
    says("  a:\n\tplugin: form\n", "not tabs", line=FIRST + 1)
    says("  a:\n    plugin: exec\n    kind: other\n    queue: general\n  options:\n    command: [/bin/cat]\n",
         "unknown key 'command' in channel 'options'; is it, or the line above it, indented right?", line=FIRST + 5)
    says("  a: {plugin: form, kind: other, queue: general}\nqueue: general\n", "unknown key 'queue'", "indented right?", line=FIRST + 1)


def test_what_is_not_there():
    says(channel("exce", ""), "exce.so; there are: chat, email, exec,")
    said = check(channel("form", "") + "plugin_dir: /nonexistent\n")
    assert "plugin_dir /nonexistent: No such file or directory" in said, said
    with tempfile.NamedTemporaryFile(suffix=".py") as f:
        says(program(f"command: [{f.name}]"), f"command.0: {f.name} is not executable: chmod +x", f"[/usr/bin/python3, {f.name}]")
    said = check(program("command: [/usr/bin/env, python3]") + "data: ${USHER_NOWHERE}\n")
    assert "the environment has no USHER_NOWHERE" in said, said
    says("  a: {plugin: form, kind: other, queue: general, isolated: yes, process: {memory: 1}}\n", 'unknown option "memory"')


def test_a_channel_that_is_named():
    """Without it the rest of the center works: it is told, not refused."""
    box = channel("email", "addresses: help@a.test, listen: '127.0.0.1:0'", name="box")
    for channels, why in (
            (channel("form", "reply_by: bix") + box, f'channel=a line={FIRST} option=reply_by why="there is none of that name" channel_named="bix" there_are="box"'),
            (channel("form", "reply_by: b") + channel("form", "form: b2", name="b"), 'why="it sends nothing" channel_named="b" there_are=""'),
            (channel("chat", "transcript: post", kind="chat") + box, 'option=transcript why="there is none of that name" channel_named="post"')):
        said = check(channels, code=0)
        assert "what goes out by another channel cannot leave" in said and why in said, said
    assert check(channel("form", "reply_by: box") + box) == ""
    assert check(channel("chat", 'transcript: ""', kind="chat")) == ""


def test_two_channels_at_one_path():
    for plugin, path in (("form", "form: x"), ("webhook", 'verify: none, in: {dedup: "{id}"}, path: /form/x'), ("chat", "path: /form/x")):
        kind = "chat" if plugin == "chat" else "other"
        says(channel("form", "form: x", name="b") + channel(plugin, path, kind=kind), "channel a: its path /form/x is that of channel b",
             line=FIRST + 1)
    assert not check(channel("form", "") + channel("form", "", name="b"))


def test_origins_that_no_browser_sends():
    for plugin, kind in (("form", "other"), ("chat", "chat")):
        for bad in ("shop.example.org", "https://shop.example.org/", "https://a.test,https://b.test", "https://Shop.example.org"):
            says(channel(plugin, f'origins: "{bad}"', kind=kind), f'origins: "{bad}" is none; expected * or https://')
        for good in ("*", "", "https://a.test http://127.0.0.1:8080  https://[::1]:1"):
            assert not check(channel(plugin, f'origins: "{good}"', kind=kind)), good


def test_templates_that_speak_of_nothing():
    says(hook("url: 'http://x.test/{thred}'"), "url: ", "there are {id} {conv} {thread}")
    says(hook("url: 'http://x.test/', body: '{\"a\": [\"{txet}\"]}'"), "body: ", "there are {id} {conv} {thread}")
    says(hook("url: 'http://x.test/{files}'"), "url: ")
    good = "{{ {id} {conv} {thread} {to} {text} {subject} {in_reply_to} {attempt} {automatic} {$.text}"
    assert not check(hook(f"url: 'http://x.test/{{id}}', body: '{{\"a\": \"{good}\", \"files\": \"{{files}}\"}}'"))


if __name__ == "__main__":
    sys.exit(main(dict(globals()), sys.argv[1:]))
