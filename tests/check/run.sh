#!/bin/sh
# Runs each check beside it. Each prints `ok NAME` or `not ok NAME: why` lines; `# ` lines are for readers.
# Needs the release build: USHER_RELEASE, or build/.
set -u
cd "$(dirname "$0")/../.." || exit 1
export USHER_RELEASE="${USHER_RELEASE:-$PWD/build}"
for check in layers purity clang format hardening outside docs sizes planted; do
	sh "tests/check/$check.sh" || echo "not ok check/$check: ended with status $?"
done
