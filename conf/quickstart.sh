#!/bin/sh
# quickstart.sh: from a fresh Debian machine to a running demo center. Installs what is missing, builds
# into ./build and runs usherd in the foreground; ^C drains and stops it, its Redis too. A second
# start on the same data directory goes on where it stopped.
set -eu

usage() {
	cat <<'TEXT'
usage: sh conf/quickstart.sh [options]
  --data DIR      everything it keeps (./data)
  --http PORT     desk, chat, form and API on 127.0.0.1 (8080)
  --lmtp PORT     mail by LMTP on 127.0.0.1 (2424)
  --admin PORT    metrics and health on 127.0.0.1 (9180)
  --config FILE   configuration (conf/demo.yaml)
  --build-only    install and build, start nothing
TEXT
}
refuse() {
	echo "quickstart: $1" >&2
	usage >&2
	exit 2
}
port() { # OPTION VALUE
	case $2 in '' | *[!0-9]*) refuse "$1 wants a port number, not '$2'" ;; esac
	[ "$2" -ge 1 ] && [ "$2" -le 65535 ] || refuse "$1 wants a port from 1 to 65535, not '$2'"
}
path() { # relative to where the caller stands
	case $1 in /*) echo "$1" ;; *) echo "$from/$1" ;; esac
}

from=$PWD
root=$(cd "$(dirname "$0")/.." && pwd)
data=$from/data http=8080 lmtp=2424 admin=9180 config=$root/conf/demo.yaml build_only=
while [ $# -gt 0 ]; do
	case $1 in
	--build-only) build_only=1; shift; continue ;;
	--help | -h) usage; exit 0 ;;
	--data | --http | --lmtp | --admin | --config) [ $# -ge 2 ] || refuse "$1 wants a value" ;;
	*) refuse "no option '$1'" ;;
	esac
	case $1 in
	--data) data=$(path "$2") ;;
	--http) port "$1" "$2"; http=$2 ;;
	--lmtp) port "$1" "$2"; lmtp=$2 ;;
	--admin) port "$1" "$2"; admin=$2 ;;
	--config) config=$(path "$2") ;;
	esac
	shift 2
done
[ -n "$build_only" ] || [ -r "$config" ] || refuse "cannot read $config"
cd "$root"

echo "quickstart: 1/3 packages"
sh conf/install.sh run build

echo "quickstart: 2/3 build (log: build/quickstart.log)"
mkdir -p build
{
	{ [ -f build/build.ninja ] || cmake -S . -B build -G Ninja; } && ninja -C build
} </dev/null >build/quickstart.log 2>&1 || {
	tail -n 40 build/quickstart.log >&2
	echo "quickstart: the build failed; the whole log is build/quickstart.log" >&2
	exit 1
}
[ -x build/usherd ] || { echo "quickstart: the build made no build/usherd" >&2; exit 1; }
[ -z "$build_only" ] || { echo "quickstart: built build/usherd"; exit 0; }

echo "quickstart: 3/3 start with $config, data in $data"
mkdir -p "$data"
export USHER_DATA="$data" USHER_HTTP_PORT="$http" USHER_LMTP_PORT="$lmtp" USHER_ADMIN_PORT="$admin"
exec build/usherd -c "$config"
