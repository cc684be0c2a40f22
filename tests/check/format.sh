# format.sh: every C file is as clang-format 14 with .clang-format writes it.
set -u
files=$(find src include channels tests -name '*.[ch]' ! -path '*/node_modules/*' | sort)
wrong=$(for file in $files; do
	clang-format --dry-run -Werror "$file" >/dev/null 2>&1 || echo "$file"
done)
if [ -n "$wrong" ]; then
	echo "$wrong" | sed 's/^/# clang-format -i /'
	echo "not ok check/format: $(echo "$wrong" | wc -l) files, first $(echo "$wrong" | head -n 1)"
else
	echo "ok check/format"
fi
