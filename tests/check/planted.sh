#!/bin/sh
# Are the tests any good? Plants faults of planted.faults in a copy of the code, one at a time; each must be noticed. A few of them,
# others each day; USHER_PLANTED=all: all of them. Needs the release build with its tests.
set -u
cd "$(dirname "$0")/../.." || exit 1
[ -f "$USHER_RELEASE/tests/engine/engine__random" ] || { echo "# planted: no tests in $USHER_RELEASE"; exit 0; }
exec python3 tests/check/planted.py "$USHER_RELEASE"
