#!/bin/sh
# embed.sh FILE SYMBOL > out.c: the bytes of FILE as `const unsigned char SYMBOL[]`, followed by a NUL
# that `const size_t SYMBOL_size` does not count. Called by usher_embed() only.
set -eu
file=$1 symbol=$2
[ -r "$file" ] || { echo "embed.sh: cannot read $file" >&2; exit 1; }
printf '#include <stddef.h>\n'
printf 'extern const unsigned char %s[];\nextern const size_t %s_size;\n' "$symbol" "$symbol"
printf 'const unsigned char %s[] = {\n' "$symbol"
od -An -v -tu1 "$file" | sed 's/  */,/g; s/^,//; s/$/,/'
printf '0};\nconst size_t %s_size = sizeof(%s) - 1;\n' "$symbol" "$symbol"
