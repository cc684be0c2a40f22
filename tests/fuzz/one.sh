#!/bin/sh
# one.sh TARGET SECONDS BUILD: one target; its corpus first, then new inputs. Called by run.sh, from the root.
set -u
target=$1 seconds=$2 build=$3
name=${target#fuzz_}
found=$build/found/$name log=$build/$name.log corpus=tests/fuzz/corpus/$name
mkdir -p "$found" "$build/crashes"
set -- "$found"
[ -d "$corpus" ] && set -- "$@" "$corpus"
dict=
[ -f "tests/fuzz/$name.dict" ] && dict=-dict=tests/fuzz/$name.dict
# shellcheck disable=SC2086
timeout --kill-after=10 $((seconds + 120)) "$build/tests/fuzz/$target" -max_total_time="$seconds" \
	-timeout=10 -rss_limit_mb=2048 -print_final_stats=1 $dict \
	-artifact_prefix="$build/crashes/$name-" "$@" >"$log" 2>&1
rc=$?
if [ "$rc" = 0 ]; then
	echo "ok fuzz/$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs"
else
	tail -n 40 "$log" | sed "s,^,# ,"
	echo "not ok fuzz/$name: see build-fuzz/$name.log and build-fuzz/crashes"
fi
exit "$rc"
