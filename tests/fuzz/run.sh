#!/bin/sh
# Runs every tests/fuzz/fuzz_NAME.c and channels/*/tests/fuzz_NAME.c: first its corpus (tests/fuzz/corpus/NAME), then new inputs for
# FUZZ_SECONDS (10). New finds and crashes stay under build-fuzz/; a dictionary is fuzz/NAME.dict.
set -u
cd "$(dirname "$0")/../.." || exit 1
seconds=${FUZZ_SECONDS:-10}
build=$PWD/build-fuzz
set -- tests/fuzz/fuzz_*.c channels/*/tests/fuzz_*.c
[ -f "$1" ] || exit 77
mkdir -p "$build"
targets=
for file in "$@"; do
	[ -f "$file" ] || continue
	name=$(basename "$file" .c)
	targets="$targets $name"
done
# shellcheck disable=SC2086 # a list of names
{ cmake -S . -B "$build" -G Ninja -DUSHER_FUZZ=ON -DCMAKE_C_COMPILER=clang &&
	ninja -C "$build" $targets; } >"$build/build.log" 2>&1 || {
	tail -n 40 "$build/build.log"
	echo "not ok fuzz build: see build-fuzz/build.log"
	exit 1
}
status=0
for target in $targets; do
	name=${target#fuzz_}
	found=$build/found/$name log=$build/$name.log corpus=tests/fuzz/corpus/$name
	mkdir -p "$found" "$build/crashes"
	set -- "$found"
	[ -d "$corpus" ] && set -- "$@" "$corpus"
	dict=
	[ -f "tests/fuzz/$name.dict" ] && dict=-dict=tests/fuzz/$name.dict
	# shellcheck disable=SC2086
	if timeout --kill-after=10 $((seconds + 120)) "$build/tests/fuzz/$target" -max_total_time="$seconds" \
		-timeout=10 -rss_limit_mb=2048 -print_final_stats=1 $dict \
		-artifact_prefix="$build/crashes/$name-" "$@" >"$log" 2>&1; then
		echo "# $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs"
		echo "ok fuzz/$name"
	else
		tail -n 40 "$log" | sed 's/^/# /'
		echo "not ok fuzz/$name: see build-fuzz/$name.log and build-fuzz/crashes"
		status=1
	fi
done
exit $status
