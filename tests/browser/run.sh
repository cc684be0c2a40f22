#!/bin/sh
# run.sh [FILE ...]: every *.test.mjs here in real Chromium, one line `ok NAME` or `not ok NAME: why` for each test.
# USHER_BUILD: the build whose web/ and programs are used. Packages are fetched when they are missing.
set -u
cd "$(dirname "$0")" || exit 1
if ! cmp -s package-lock.json node_modules/.usher-lock; then
	npm ci --no-audit --no-fund --loglevel=error >/dev/null || {
		echo "not ok browser packages: npm ci failed"
		exit 1
	}
	cp package-lock.json node_modules/.usher-lock
fi
# Older Node prints TAP of its own accord, newer only when asked.
case $(node --help) in
*--test-reporter*) reporter=--test-reporter=tap ;;
*) reporter= ;;
esac
bad=0
for file in ${*:-*.test.mjs}; do
	name=$(basename "$file" .test.mjs)
	out=$(mktemp)
	# shellcheck disable=SC2086 # none or one option
	timeout --kill-after=10 900 node $reporter "$file" >"$out" 2>&1 </dev/null
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
		bad=1
		grep -q '^not ok [0-9]' "$out" || {
			echo "not ok $name: ended with status $rc"
			tail -n 20 "$out" | sed 's/^/# /'
		}
	fi
	rm -f "$out"
done
exit $bad
