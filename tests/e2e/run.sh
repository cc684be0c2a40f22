#!/bin/sh
# Whole-system tests: a real usherd, its real Redis, real mail, HTTP and WebSocket peers. Each file is a set of tests on nodes of its own.
cd "$(dirname "$0")" || exit 1
status=0
for f in test_*.py; do
	PYTHONPATH=../lib /usr/bin/python3 "$f" || status=1
done
exit $status
