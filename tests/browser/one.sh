#!/bin/sh
# one.sh FILE: one *.test.mjs; Node's report as lines of ours. Called by run.sh, from this folder.
set -u
# Older Node prints TAP of its own accord, newer only when asked.
case $(node --help) in
*--test-reporter*) reporter=--test-reporter=tap ;;
*) reporter= ;;
esac
name=$(basename "$1" .test.mjs)
out=$(mktemp)
# shellcheck disable=SC2086 # none or one option
timeout --kill-after=10 900 node $reporter "$1" >"$out" 2>&1 </dev/null
rc=$?
esc=$(printf '\033')
sed "s/$esc\[[0-9;]*m//g" "$out" | awk -v file="$name" '
	function flush() { if (held != "") { print held ": " (why == "" ? "no reason given" : why); held = "" } }
	/^ok [0-9]+ - / { flush(); sub(/^ok [0-9]+ - /, ""); print "ok " file ": " $0; next }
	/^not ok [0-9]+ - / { flush(); sub(/^not ok [0-9]+ - /, ""); held = "not ok " file ": " $0; why = ""; more = 0; next }
	held != "" && /^  error: / {
		why = $0; sub(/^  error: /, "", why); gsub(/^\x27|\x27$/, "", why)
		if (why ~ /^\|-?$/) { why = ""; more = 6 }
		next
	}
	held != "" && more > 0 && /^    / { sub(/^ +/, ""); why = why (why == "" ? "" : " ") $0; more--; next }
	{ more = 0 }
	END { flush() }'
if [ "$rc" != 0 ]; then
	grep -q '^not ok [0-9]' "$out" || {
		echo "not ok $name: ended with status $rc"
		tail -n 20 "$out" | sed 's/^/# /'
	}
fi
rm -f "$out"
exit "$rc"
