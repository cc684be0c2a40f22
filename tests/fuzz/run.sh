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

# As many at once as there are processors.
# shellcheck disable=SC2086 # a list of names
printf '%s\n' $targets | xargs -P "$(nproc)" -I{} sh tests/fuzz/one.sh {} "$seconds" "$build"
