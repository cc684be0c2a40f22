#!/bin/sh
# test_sim.sh USHER_SIM [MODELS]: what usher-sim promises to who runs it, beside the results themselves (the ctest entries
# engine/known/* check those). Prints what is wrong; ends with 1 when something was.
set -u
sim=$1
models=$(cd "${2:-$(dirname "$0")/models}" && pwd)
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

wrong() {
	echo "not ok: $*"
	failed=1
}

# refused TEXT_EXPECTED < MODEL: ends with 2, says where and what
refused() {
	cat >"$dir/bad.yaml"
	timeout 20 "$sim" "$dir/bad.yaml" --arrivals 1000 >"$dir/out" 2>"$dir/err"
	rc=$?
	[ "$rc" = 2 ] || wrong "ended with $rc, not 2, for: $1"
	grep -qF "bad.yaml:$1" "$dir/err" || wrong "expected '$1', got: $(cat "$dir/err")"
	[ ! -s "$dir/out" ] || wrong "printed results of a model it refused"
}
agents='agents: [{name: g, count: 1, skills: {}}]'
types='types: [{name: a, rate_per_h: 1}]'

refused "1:34: unknown key 'patience' of a type; did you mean 'patience_s'?" <<-END
	types: [{name: a, rate_per_h: 1, patience: 5}]
	$agents
END
refused "1:9: a type has no 'rate_per_h'" <<-END
	types: [{name: a}]
	$agents
END
refused "1:31: expected a number" <<-END
	types: [{name: a, rate_per_h: often}]
	$agents
END
refused "2:42: unknown key 'skils' of a group of agents; did you mean 'skills'?" <<-END
	$types
	agents: [{name: g, count: 1, skills: {}, skils: {}}]
END
refused "3:20: 'longest' is no strategy" <<-END
	$types
	$agents
	policy: {strategy: longest}
END
refused "1:9: no agent can serve type 'a', and it never leaves" <<-END
	types: [{name: a, rate_per_h: 1, requires: {ru: 50}}]
	agents: [{name: g, count: 1, skills: {ru: 49}}]
END
refused "1:1: a model has 'types' and 'agents'" <<-END
	$types
END
refused "3:13: nothing measures 'wait' of 'a'" <<-END
	$types
	$agents
	known: {a: {wait: 3}}
END
refused "1:35: a second type 'a'" <<-END
	types: [{name: a, rate_per_h: 1}, {name: a, rate_per_h: 2}]
	$agents
END
refused "3:1: did not find expected ',' or '}'" <<-END
	$types
	agents: [{name: g
END
refused "3:34: the pool of hold_back is 'all' agents" <<-END
	$types
	$agents
	policy: {hold_back: {pool: some, a: 1}}
END
refused "3:18: lanes are whole numbers from 1 to 1000, at most 7" <<-END
	$types
	$agents
	policy: {lanes: {a: 1.5}}
END

timeout 20 "$sim" "$dir/there-is-none.yaml" 2>"$dir/err"
[ $? = 2 ] && grep -q 'No such file' "$dir/err" || wrong "a file that is not there: $(cat "$dir/err")"
for options in "--arrivals 3" "--arrivals" "--sede 1" "--seed -1"; do
	# shellcheck disable=SC2086
	timeout 20 "$sim" "$models/n-model.yaml" $options >"$dir/out" 2>"$dir/err"
	[ $? = 2 ] && [ -s "$dir/err" ] || wrong "options not refused: $options"
done

# The same seed gives the same bytes, another seed another course.
run() {
	timeout 60 "$sim" "$models/n-model.yaml" --json --arrivals 2000 --seed "$1"
}
run 7 >"$dir/a" && run 7 >"$dir/b" && run 8 >"$dir/c" || wrong "a run failed"
cmp -s "$dir/a" "$dir/b" || wrong "the same seed gave two results"
cmp -s "$dir/a" "$dir/c" && wrong "two seeds gave the same result"
python3 - "$dir/a" <<'END' || wrong "the JSON is not as promised"
import json, sys
r = json.load(open(sys.argv[1]))
a, g = r["types"]["a"], r["agents"]["ab"]
for key in "arrivals wait_mean_s wait_half p_wait p_wait_half p_within_20s abandoned queue_mean".split():
    assert isinstance(a[key], (int, float)), key
for key in "idle idle_half busy".split():
    assert isinstance(g[key], (int, float)), key
assert sum(t["arrivals"] for t in r["types"].values()) == 2000
assert abs(g["idle"] + g["busy"] - 1) < 1e-6
assert r["steps"] > 3 * 2000 and len(r["hash"]) == 16
END

# Little's law: who waits on average = arrivals a second × mean wait, within what the edges of the run move.
python3 - "$sim" "$models/erlang-c-10.yaml" <<'END' || wrong "Little's law does not hold"
import json, subprocess, sys
r = json.loads(subprocess.run([sys.argv[1], sys.argv[2], "--json", "--arrivals", "20000"], check=True,
    timeout=60, capture_output=True).stdout)["types"]["a"]
assert abs(r["queue_mean"] / (120 / 3600 * r["wait_mean_s"]) - 1) < 0.05, r
END

# A value that is not so is found.
sed 's/p_wait: 0.4091801508/p_wait: 0.5/' "$models/erlang-c-10.yaml" >"$dir/false.yaml"
timeout 60 "$sim" "$dir/false.yaml" --check --arrivals 100000 >"$dir/out" 2>&1
[ $? = 1 ] && grep -q '^WRONG a p_wait' "$dir/out" || wrong "a false value was taken for true"

# More comes in than can be served: no result rather than a false one.
cat >"$dir/flood.yaml" <<-END
	types: [{name: a, rate_per_h: 120, service_mean_s: 60}]
	$agents
END
timeout 60 "$sim" "$dir/flood.yaml" --arrivals 5000 >"$dir/out" 2>"$dir/err"
[ $? = 1 ] && [ ! -s "$dir/out" ] && grep -q '2 times as much comes in as can be served' "$dir/err" ||
	wrong "a flood gave a result: $(cat "$dir/out" "$dir/err")"
exit "$failed"
