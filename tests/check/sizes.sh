# sizes.sh: the ten longest functions and files, for whoever reads. A figure, never a gate.
set -u
files=$(find src include channels -name '*.[ch]' ! -path '*/node_modules/*')
echo "# longest functions (lines)"
# shellcheck disable=SC2086 # a list of names
awk '
	FNR == 1 { head = "" }
	/^[a-zA-Z_].*\(/ { head = $0; start = FNR }
	/^\{/ && head != "" { open = 1 }
	/^\}/ && open { name = head; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name)
		print FNR - start + 1, FILENAME ":" start, name; open = 0; head = "" }' $files |
	sort -rn | head -n 10 | sed 's/^/#   /'
echo "# longest files (lines)"
# shellcheck disable=SC2086
wc -l $files | grep -v ' total$' | sort -rn | head -n 10 | sed 's/^ */#   /'
echo "ok check/sizes"
