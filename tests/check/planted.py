"""Plants each fault of planted.faults in a copy of one source file, links the fast tests with it and sees that one of them fails.

    planted.py BUILD [NAME ...]      BUILD: a release build with the tests in it; USHER_PLANTED=all: every fault

Without names a part of the faults is tried, the next part the next day. The build's own objects are used: a fault costs the
compilation of one file, a link and the time until the first test fails. A fault whose text the code no longer has is passed over;
fewer than LEAST that can be planted are a failure.
"""
import datetime
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PART = 6
LEAST = 25
# (target of the build, arguments), quickest first; the first that fails is named.
ENGINE = [("engine__random", ["--seeds", "60"]), ("scenarios__engine", []), ("unit_engine_offer", []),
          ("unit_engine_apply", []), ("unit_engine_load", []), ("unit_engine_match", []), ("unit_engine_relax", []),
          ("unit_engine_ask", []), ("unit_engine_consult", []), ("engine__snapshot", []),
          ("unit_engine_window", []), ("engine__wait", [])]
NODE = [("node_sim", ["--schedules", "400"])]
LIMIT_S = 120


def faults():
    found, now = [], None
    for line in (ROOT / "tests/check/planted.faults").read_text().splitlines():
        if line.startswith("== "):
            name, file = line[3:].split()
            now = {"name": name, "file": file, "old": [], "new": []}
            found.append(now)
        elif line[:1] == "-":
            now["old"].append(line[1:])
        elif line[:1] == "+":
            now["new"].append(line[1:])
    return found


def planted_text(fault):
    """The file with the fault in it; None when the code has changed."""
    text = (ROOT / fault["file"]).read_text()
    old = "\n".join(fault["old"])
    return text.replace(old, "\n".join(fault["new"])) if text.count(old) == 1 else None


class Build:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        commands = json.loads((self.path / "compile_commands.json").read_text())
        self.compiled = {c["file"]: c["command"] for c in commands}

    def compile(self, fault, out):
        source = str(ROOT / fault["file"])
        copy = out.with_suffix(".c")
        copy.write_text(planted_text(fault))
        words = [w for w in shlex.split(self.compiled[source]) if "ccache" not in w]
        words[words.index("-o") + 1] = str(out)
        words[words.index("-c") + 1] = str(copy)
        run = subprocess.run(words + ["-w"], cwd=self.path, capture_output=True, text=True)
        if run.returncode:
            raise ValueError("the planted text does not compile: " + run.stderr[-400:])

    def link(self, target, planted, out):
        command = subprocess.run(["ninja", "-t", "commands", target], cwd=self.path, capture_output=True,
                                 text=True, check=True).stdout.splitlines()[-1]
        words = shlex.split(command.removeprefix(": && ").removesuffix(" && :"))
        words[words.index("-o") + 1] = str(out)
        first = next(i for i, w in enumerate(words) if w.endswith(".a"))
        words.insert(first, str(planted))
        subprocess.run(words, cwd=self.path, check=True, capture_output=True)

    def caught_by(self, fault, room):
        planted = room / "planted.o"
        self.compile(fault, planted)
        for target, arguments in ENGINE if "/engine/" in fault["file"] else NODE:
            program = room / target
            self.link(target, planted, program)
            try:
                run = subprocess.run([program, *arguments], cwd=ROOT, capture_output=True, timeout=LIMIT_S,
                                     stdin=subprocess.DEVNULL)
            except subprocess.TimeoutExpired:
                return f"{target} (no end in {LIMIT_S} s)"
            if run.returncode:
                return target
        return None


def chosen(names):
    all_of_them = []
    for fault in faults():
        if planted_text(fault):
            all_of_them.append(fault)
        else:
            print(f"# {fault['name']}: its text is not in {fault['file']} once; write the fault anew")
    if len(all_of_them) < LEAST:
        print(f"not ok check/planted/enough: {len(all_of_them)} faults can be planted, at least {LEAST} are wanted")
    if names:
        return [f for f in all_of_them if f["name"] in names]
    if os.environ.get("USHER_PLANTED") == "all":
        return all_of_them
    first = datetime.date.today().toordinal() * PART
    return [all_of_them[(first + i) % len(all_of_them)] for i in range(PART)]


def main():
    build = Build(sys.argv[1])
    for fault in chosen(sys.argv[2:]):
        name = f"check/planted/{fault['name']}"
        try:
            with tempfile.TemporaryDirectory(prefix="usher-planted-") as room:
                by = build.caught_by(fault, pathlib.Path(room))
            print(f"# {name}: noticed by {by}\nok {name}" if by else f"not ok {name}: no test notices it", flush=True)
        except ValueError as e:
            print(f"not ok {name}: {e}", flush=True)


if __name__ == "__main__":
    main()
