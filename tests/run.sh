#!/bin/sh
# run.sh [KIND ...]: every test under one door. Installs what is missing, builds, runs each kind and ends
# with one line `N passed, N failed`; exit 0 only when something passed and nothing failed.
#
#   check      layers, purity, format, hardening ...      tests/check
#   unit       one program for each source file           tests/unit, channels/*/tests
#   engine     invariants of the pure engine              tests/engine
#   scenarios  stories                                    tests/scenarios
#   e2e        real usherd, Redis, mail, HTTP peers       tests/e2e
#   browser    real Chromium                              tests/browser
#   fuzz       libFuzzer for each parser                  tests/fuzz
#   bench      figures beside their limits; on request    tests/bench
#
# A kind is tests/KIND/run.sh when there is one, else the ctest entries with that label. A runner prints
# `ok NAME` or `not ok NAME: why` for each test (other lines are passed on) and gets
#   USHER_BUILD    the build with ASan and UBSan       USHER_RELEASE   the release build
# both absolute. A runner that ends badly without saying so counts as one failure; one that ends with
# status 77 has nothing to run yet.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$PWD
all="check unit engine scenarios e2e browser fuzz"
kinds=${*:-$all}
for kind in $kinds; do
	case " $all bench " in
	*" $kind "*) ;;
	*) echo "run.sh: no kind '$kind' (one of: $all bench)" >&2; exit 2 ;;
	esac
done

export USHER_BUILD="$root/build-test" USHER_RELEASE="$root/build"
export ASAN_OPTIONS="detect_leaks=1:abort_on_error=1:detect_stack_use_after_return=1:strict_string_checks=1"
export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"
export LSAN_OPTIONS="suppressions=$root/tests/lsan.supp:print_suppressions=0"
export LC_ALL=C.UTF-8
ulimit -c 0
logs=$root/build-test/logs
mkdir -p "$logs" "$USHER_RELEASE"
passed=0 failed=0 broken="" kind_limit_s=1800

# What the failing tests said, once more: it stands far above, and a judge may keep only the end.
repeat() { # KIND...
	for kind; do
		echo "# again: $kind"
		grep '^not ok ' "$logs/$kind.log" | sed 's/^/# /'
		grep -E -B 30 -A 6 -m 4 \
			'^not ok |\[  (ERROR|FAILED) |(Address|Leak)Sanitizer: |runtime error: ' \
			"$logs/$kind.log" | cut -c 1-300 | tail -n 150
	done
}

finish() {
	repeat $broken
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
	exit
}

build() { # DIR CMAKE_OPTIONS...: says only what went wrong
	dir=$1 log=$logs/build-$(basename "$1").log
	shift
	echo "# build $(basename "$dir")"
	{ cmake -S . -B "$dir" -G Ninja "$@" && ninja -C "$dir"; } </dev/null >"$log" 2>&1 && return
	tail -n 60 "$log"
	echo "not ok build $(basename "$dir"): see $log"
	failed=$((failed + 1))
	finish
}

needs() { # KIND...: whether one of them is to run
	for kind in $kinds; do
		case " $* " in *" $kind "*) return 0 ;; esac
	done
	return 1
}

# Lines of ctest to lines of ours; on failure what the failing tests said.
run_ctest() { # KIND
	out=$logs/ctest-$1.out
	ctest --test-dir "$USHER_BUILD" -L "^$1\$" -j 2 --output-on-failure </dev/null >"$out" 2>&1
	awk '
		/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / {
			name = $0; sub(/^[^:]*: /, "", name); sub(/ .*/, "", name)
			if ($0 ~ /   Passed /) { print "ok " name; said = ""; next }
			why = $0; sub(/.*\*\*\*/, "", why); sub(/ +$/, "", why); gsub(/  +/, " ", why)
			bad[++n] = "not ok " name ": " why; next
		}
		/^ +Start +[0-9]+:/ || /^Test project/ { next }
		/^[0-9]+% tests passed/ { exit }
		n { print "# " $0 }
		END { for (i = 1; i <= n; i++) print bad[i] }' "$out"
}

run_kind() { # KIND: its lines on stdout, its exit status in a file
	if [ -f "tests/$1/run.sh" ]; then
		timeout --kill-after=20 "$kind_limit_s" sh "tests/$1/run.sh" </dev/null 2>&1
		echo $? >"$logs/$1.rc"
	else
		run_ctest "$1"
		echo 0 >"$logs/$1.rc"
	fi
}

exists() { # KIND
	[ -f "tests/$1/run.sh" ] && return 0
	[ -f "$USHER_BUILD/CTestTestfile.cmake" ] || return 1
	ctest --test-dir "$USHER_BUILD" -L "^$1\$" -N 2>/dev/null | grep -q 'Test *#'
}

sh conf/install.sh run build test || { echo "not ok install: see above"; failed=1; finish; }
needs check e2e scenarios browser bench && build "$USHER_RELEASE" -DUSHER_SANITIZE=OFF
needs unit engine e2e scenarios browser && build "$USHER_BUILD" -DUSHER_SANITIZE=ON

for kind in $kinds; do
	if ! exists "$kind"; then
		echo "# skip $kind: nothing there yet"
		continue
	fi
	echo "# $kind"
	run_kind "$kind" | tee "$logs/$kind.log"
	ok=$(grep -c '^ok ' "$logs/$kind.log")
	bad=$(grep -c '^not ok ' "$logs/$kind.log")
	rc=$(cat "$logs/$kind.rc" 2>/dev/null || echo lost)
	if [ "$rc" = 77 ] && [ "$((ok + bad))" -eq 0 ]; then
		echo "# skip $kind: nothing there yet"
		continue
	fi
	if [ "$bad" -eq 0 ] && [ "$rc" != 0 ]; then
		[ "$rc" = 124 ] && rc="124, out of its $kind_limit_s seconds"
		echo "not ok $kind: its runner ended with status $rc"
		bad=1
	elif [ "$((ok + bad))" -eq 0 ]; then
		echo "not ok $kind: its runner ran no test"
		bad=1
	fi
	passed=$((passed + ok)) failed=$((failed + bad))
	[ "$bad" -eq 0 ] || broken="$broken $kind"
done
finish
