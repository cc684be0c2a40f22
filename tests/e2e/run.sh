#!/bin/sh
# Whole-system tests: a real usherd, its real Redis, real mail, HTTP and WebSocket peers. Each file is a set of tests on nodes of its own,
# which mostly wait; so as many files as there are processors run at once, the longest first, and each says what it did when it ends. What
# looks at how long things take runs alone.
cd "$(dirname "$0")" || exit 1
export PYTHONPATH=../lib
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
# shellcheck disable=SC2016 # for the inner shell
{ echo test_kill.py; ls test_*.py | grep -v -e '^test_kill\.py$' -e '^test_mail_bombs\.py$'; } | xargs -P "$(nproc)" -n 1 sh -c '
	/usr/bin/python3 "$1" </dev/null >"$0/$1" 2>&1
	rc=$?
	flock "$0" cat "$0/$1"
	exit $rc' "$logs"
status=$?
/usr/bin/python3 test_mail_bombs.py </dev/null || status=1
exit $status
