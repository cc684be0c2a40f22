#!/bin/sh
# run.sh [--json] [NAME ...]: builds release binaries and measures, each figure beside its limit or peer in the same run, in turn (A B A B ...).
# Prints `NAME ours=... beside=... (WHAT) ratio=... n=...` with medians. Names: lmtp form chat life route engine memory idle.
cd "$(dirname "$0")/../.." || exit 1
root=$PWD
export USHER_RELEASE="${USHER_RELEASE:-$root/build}"
sh conf/install.sh run build test bench >&2 || exit 1
{ cmake -S . -B "$USHER_RELEASE" -G Ninja -DUSHER_SANITIZE=OFF && ninja -C "$USHER_RELEASE" all bench_life bench_engine; } >"$USHER_RELEASE.log" 2>&1 || {
	tail -n 40 "$USHER_RELEASE.log" >&2
	exit 1
}
[ -d tests/bench/node_modules ] || (cd tests/bench && npm ci --no-audit --no-fund >/dev/null 2>&1) || exit 1
PYTHONPATH=tests/lib exec /usr/bin/python3 tests/bench/run.py "$@"
