#!/bin/sh
# Every story twice: on the bare engine in virtual time, and on a real usherd in real time.
cd "$(dirname "$0")/../.." || exit 1
status=0
if [ -d "$USHER_BUILD" ]; then
	ctest --test-dir "$USHER_BUILD" -L '^scenarios$' --output-on-failure >"$USHER_BUILD/logs/scenarios-engine.out" 2>&1 || status=1
	if [ "$status" = 0 ]; then
		echo "ok scenarios/engine"
	else
		sed 's/^/# /' "$USHER_BUILD/logs/scenarios-engine.out"
		echo "not ok scenarios/engine: see above"
	fi
fi
PYTHONPATH=tests/lib /usr/bin/python3 tests/scenarios/real.py "$@" || status=1
exit $status
