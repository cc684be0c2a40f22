#!/bin/sh
# run.sh [FILE ...]: every *.test.mjs here in real Chromium, as many at once as there are processors, each on nodes of its own;
# one line `ok NAME` or `not ok NAME: why` for each test, a file's together when it ends.
# USHER_RELEASE: the build whose programs are used; USHER_BUILD: whose desk, by itself. Packages are fetched when they are missing.
set -u
cd "$(dirname "$0")" || exit 1
if ! cmp -s package-lock.json node_modules/.usher-lock; then
	npm ci --no-audit --no-fund --loglevel=error >/dev/null || {
		echo "not ok browser packages: npm ci failed"
		exit 1
	}
	cp package-lock.json node_modules/.usher-lock
fi
# The longest first.
[ $# -gt 0 ] || set -- desk_ui.test.mjs $(ls ./*.test.mjs | grep -v /desk_ui)
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
# shellcheck disable=SC2016 # for the inner shell
printf '%s\n' "$@" | xargs --process-slot-var=USHER_TEST_LANE -P "$(nproc)" -n 1 sh -c '
	log=$0/$(basename "$1")
	sh one.sh "$1" >"$log"
	rc=$?
	flock "$0" cat "$log"
	exit $rc' "$logs"
