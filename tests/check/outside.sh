# outside.sh: the project stands alone: no tracked file points to a neighbour folder or to where it was made.
set -u
pattern='[.][.]/share[d]|/wor[k]/'
if git rev-parse --git-dir >/dev/null 2>&1; then
	found=$(git grep -nIE "$pattern" -- .)
else
	found=$(grep -rnIE "$pattern" . --exclude-dir=node_modules --exclude-dir='build*' --exclude-dir=.git)
fi
if [ -n "$found" ]; then
	echo "$found" | cut -c1-200 | sed 's/^/# /'
	echo "not ok check/outside: $(echo "$found" | head -n 1 | cut -d: -f1,2)"
else
	echo "ok check/outside"
fi
