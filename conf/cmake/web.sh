#!/bin/sh
# web.sh SOURCE OUT: builds a browser half (package.json with a "build" script that writes to $OUT).
# Packages are fetched only when the lock file changed; several build folders may share one source
# folder, so it is locked. Called by usher_web() only.
set -eu
source=$1 out=$2
command -v npm >/dev/null || { echo "web.sh: npm is missing (sh conf/install.sh build)" >&2; exit 1; }
cd "$source"
exec 9>node_modules.lock
flock 9
if [ -f package-lock.json ]; then
	if ! cmp -s package-lock.json node_modules/.usher-lock; then
		npm ci --no-audit --no-fund --loglevel=error
		mkdir -p node_modules # npm makes none where there are no packages
		cp package-lock.json node_modules/.usher-lock
	fi
elif [ ! -f node_modules/.usher-lock ]; then
	npm install --no-audit --no-fund --no-package-lock --loglevel=error
	mkdir -p node_modules && : >node_modules/.usher-lock
fi
rm -rf "$out"
mkdir -p "$out"
OUT=$out npm run --silent build
