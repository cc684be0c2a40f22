#!/bin/sh
# Whether clang, with the same warnings, takes all of ours that gcc took. Without clang, or the build's list of commands, the answer is no.
set -u
commands=${USHER_BUILD:-$PWD/build-test}/compile_commands.json
said=$(mktemp)
{ python3 - "$commands" | xargs -0 -P "$(nproc)" -n 1 sh -c; } >"$said" 2>&1 <<'PY'
import json, os, re, sys
root = os.getcwd() + "/"
for c in json.load(open(sys.argv[1])):
    name = c["file"].removeprefix(root)
    if " -w " in c["command"] or name.startswith("/"):
        continue  # another's
    command = re.sub(r"^\S*ccache ", "", c["command"])
    command = re.sub(r"^\S+", "clang -fsyntax-only -Wno-unknown-warning-option", re.sub(r" -(o|MF|MT) \S+| -MD| -ftrivial-auto-var-init=\S+", "", command))
    sys.stdout.write(f"cd {c['directory']} && {command}\0")
PY
status=$?
if [ "$status" != 0 ]; then
	sed 's,^,# ,' "$said"
	echo "not ok check/clang: see above"
else
	echo "ok check/clang"
fi
rm -f "$said"
