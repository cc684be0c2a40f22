#!/bin/sh
# test_model.sh NODE_SIM: the model Redis of the node simulator answers as a real redis-server does.
set -eu
dir=$(mktemp -d /tmp/usher-model-XXXXXX)
redis-server --port 0 --unixsocket "$dir/r.sock" --save '' --dir "$dir" --logfile "$dir/redis.log" &
pid=$!
trap 'kill $pid; wait $pid 2>/dev/null || true; rm -rf "$dir"' EXIT
for _ in $(seq 500); do
	[ -S "$dir/r.sock" ] && break
	sleep 0.02
done
"$1" --model "$dir/r.sock"
