# purity.sh: the engine, the texts and the nouns reach nothing impure. By the linker's own tables, in the
# release build: undefined symbols against purity.allow, no writable data, no floating point instruction.
set -u
build=${USHER_RELEASE:-build}
allow=$(sed 's/#.*//; s/[[:space:]]//g; /^$/d' tests/check/purity.allow | paste -sd'|')
found=0
# What the pure archives define, they may call among themselves downward (layers.sh says which).
own=$(for lib in model engine text; do
	[ -f "$build/libusher_$lib.a" ] && nm -g --defined-only "$build/libusher_$lib.a" 2>/dev/null
done | awk 'NF == 3 { print $3 }' | sort -u)
for lib in model engine text; do
	archive=$build/libusher_$lib.a
	[ -f "$archive" ] || { echo "# skip check/purity/$lib: no code there yet"; continue; }
	found=1
	calls=$(nm -u -A "$archive" 2>/dev/null | awk '{ print $NF, $1 }' | sort -u | while read -r symbol where; do
		echo "$symbol" | grep -qE "^($allow)\$" && continue
		echo "$own" | grep -qxF "$symbol" && continue
		where=${where%:}
		echo "${where##*:} calls $symbol"
	done)
	# Constant tables that hold pointers are in .data.rel.ro: read-only once loaded.
	state=$(objdump -t "$archive" 2>/dev/null | awk '
		/file format/ { file = $1; sub(/:$/, "", file) }
		$2 ~ /^[gul!]$/ || $3 == "O" {
			for (i = 2; i < NF; i++)
				if ($i ~ /^(\.(data|bss|tdata|tbss)(\.|$)|\*COM\*)/ && $i !~ /^\.data\.rel\.ro/ && $NF != $i)
					print file " keeps state in " $NF }' | sort -u)
	floats=$(objdump -d --no-show-raw-insn "$archive" 2>/dev/null | awk '
		/file format/ { file = $1; sub(/:$/, "", file) }
		/^[0-9a-f]+ </ { fn = $2 }
		$2 ~ /^v?(add|sub|mul|div|sqrt|max|min|u?comi|round)[sp][sd]$/ || $2 ~ /^v?cvt/ || $2 ~ /^f(ild|ld|add|sub|mul|div|istp|stp)/ {
			print file " " fn " uses " $2 }' | sort -u)
	wrong=$(printf '%s\n%s\n%s\n' "$calls" "$state" "$floats" | sed '/^$/d')
	if [ -n "$wrong" ]; then
		echo "$wrong" | sed 's/^/# /'
		echo "not ok check/purity/$lib: $(echo "$wrong" | head -n 1)"
	else
		echo "ok check/purity/$lib"
	fi
done
[ "$found" = 1 ] || echo "not ok check/purity: no archive in $build"
