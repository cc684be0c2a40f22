#!/bin/sh
# install.sh KIND...: installs the Debian packages that conf/packages.txt lists under [KIND] (run, build,
# test, bench) and that are missing. Fast and silent on the network when nothing is missing. Needs root or
# sudo only when something is. No service is started by it: usher runs private instances.
set -eu
cd "$(dirname "$0")"

[ $# -gt 0 ] || { echo "usage: sh conf/install.sh run|build|test|bench ..." >&2; exit 2; }

packages_of() { # KIND: names without comments; name?command only when the command is missing
	sed 's/#.*//' packages.txt | awk -v kind="[$1]" '
		/^\[/ { on = ($1 == kind); next } on && NF { print $1 }' |
	while IFS='?' read -r name command; do
		if [ -z "$command" ] || ! command -v "$command" >/dev/null 2>&1; then
			echo "$name"
		fi
	done
}

installed() { # NAME: installed, or provided by an installed package of another name
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=
for kind in "$@"; do
	case $kind in run | build | test | bench) ;; *) echo "install.sh: no kind '$kind' (run, build, test, bench)" >&2; exit 2 ;; esac
	for name in $(packages_of "$kind"); do
		installed "$name" || missing="$missing $name"
	done
done
[ -n "$missing" ] || { echo "install: nothing missing for: $*"; exit 0; }

command -v apt-get >/dev/null || {
	echo "install: this script knows Debian only; install these yourself:$missing" >&2
	exit 1
}
echo "install: with apt-get:$missing"
as_root=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || { echo "install: run as root, or install sudo" >&2; exit 1; }
	as_root=sudo
fi

# While packages install, none may start its service (101: "forbidden by policy").
policy=/usr/sbin/policy-rc.d
made_policy=
cleanup() {
	[ -z "$made_policy" ] || $as_root rm -f "$policy"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP
if [ ! -e "$policy" ]; then
	made_policy=1
	printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
	$as_root chmod 755 "$policy"
fi

log=$(mktemp)
apt() {
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
		-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" \
		</dev/null >>"$log" 2>&1
}
failed() {
	tail -n 30 "$log" >&2
	echo "install: apt-get failed; the whole log is $log" >&2
	exit 1
}
# shellcheck disable=SC2086 # a list of names
apt install --no-install-recommends $missing || {
	# Lists may be old or absent: only now ask for new ones.
	apt update || failed
	apt install --no-install-recommends $missing || failed
}
rm -f "$log"

# Nor may a service that came with it start at the next boot; one that was here before is left alone.
if command -v systemctl >/dev/null 2>&1; then
	for name in $missing; do
		case $name in
		redis-server | postfix | prometheus) unit=$name ;;
		nginx-light) unit=nginx ;;
		*) continue ;;
		esac
		$as_root systemctl disable "$unit" >/dev/null 2>&1 || true
	done
fi
echo "install: done"
