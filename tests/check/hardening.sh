# hardening.sh: what we ship was built with the flags of the OpenSSF guide: seen in the release binaries
# (readelf) and, flag by flag, in how every file of ours was compiled.
set -u
build=${USHER_RELEASE:-build}
elf() { # FILE: what is missing, one a line
	head=$(readelf -hW "$1") dynamic=$(readelf -dW "$1") segments=$(readelf -lW "$1")
	symbols=$(readelf --dyn-syms -W "$1")
	echo "$head" | grep -q 'Type: *DYN' || echo "not position independent"
	echo "$segments" | grep -q GNU_RELRO || echo "no RELRO"
	echo "$dynamic" | grep -qE 'BIND_NOW|FLAGS_1.*NOW' || echo "no BIND_NOW"
	echo "$segments" | grep -E 'GNU_STACK' | grep -q 'RW ' || echo "executable stack"
	echo "$segments" | grep -q 'RWE' && echo "a segment writable and executable"
	echo "$dynamic" | grep -qE 'RPATH|RUNPATH' && echo "a run path"
	case $1 in
	*.so) echo "$dynamic" | grep -q NOOPEN && echo "nodlopen on a plugin" ;;
	*)
		echo "$dynamic" | grep -q 'FLAGS_1.*PIE' || echo "not PIE"
		echo "$symbols" | grep -q __stack_chk_fail || echo "no stack protector"
		echo "$symbols" | grep -qE '__[a-z]+_chk' || echo "no fortified call"
		;;
	esac
}
for file in "$build"/usherd "$build"/usherctl "$build"/usher-picture "$build"/usher-sim "$build"/channels/*.so; do
	[ -f "$file" ] || continue
	name=${file#"$build"/}
	missing=$(elf "$file")
	if [ -n "$missing" ]; then
		echo "not ok check/hardening/$name: $(echo "$missing" | paste -sd, | sed 's/,/, /g')"
	else
		echo "ok check/hardening/$name"
	fi
done
flags="-O2 -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fno-delete-null-pointer-checks
	-fno-strict-overflow -ftrivial-auto-var-init=zero -Wformat=2 -Wconversion -Werror"
[ "$(uname -m)" = x86_64 ] && flags="$flags -fcf-protection"
wrong=$(for flag in $flags; do
	grep '"command"' "$build/compile_commands.json" | grep -F "$PWD/" | grep -vF -- " $flag " |
		sed "s|.* -c \([^ ]*\)\".*|\1 is compiled without $flag|"
done)
if [ -n "$wrong" ]; then
	echo "$wrong" | sed 's/^/# /'
	echo "not ok check/hardening/flags: $(echo "$wrong" | head -n 1)"
else
	echo "ok check/hardening/flags"
fi
