#!/bin/sh
# Whole-system tests: a real usherd, its real Redis, real mail, HTTP and WebSocket peers. Each file is a set of tests on nodes of its own,
# which mostly wait; so one file more than there are processors runs at once, the longest first, and each says what it did when it ends.
# What looks at how long things take runs alone.
cd "$(dirname "$0")" || exit 1
export PYTHONPATH=../lib
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
long="test_kill.py test_kit.py test_imap.py test_mail_out.py test_exec.py"
# shellcheck disable=SC2016,SC2086 # for the inner shell; a list of names
{ printf '%s\n' $long; ls test_*.py; } | awk '$0 != "test_mail_bombs.py" && !seen[$0]++' | xargs --process-slot-var=USHER_TEST_LANE -P $(($(nproc) + 1)) -n 1 sh -c '
	/usr/bin/python3 "$1" </dev/null >"$0/$1" 2>&1
	rc=$?
	flock "$0" cat "$0/$1"
	exit $rc' "$logs"
status=$?
/usr/bin/python3 test_mail_bombs.py </dev/null || status=1
exit $status
