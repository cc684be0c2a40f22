# docs.sh: what people are told of exists and what exists is told: keys in conf/usher.yaml, verbs in README.md, metrics in
# conf/metrics.md, frames and endpoints in PROTOCOL.md, and no link or name of a file in a README leads nowhere.
set -u
build=${USHER_RELEASE:-build}
[ -x "$build/usherd" ] && [ -x "$build/usherctl" ] || { echo "not ok check/docs: no usherd or usherctl in $build"; exit 0; }
say() { # NAME MISSING
	if [ -n "$2" ]; then
		echo "$2" | sed 's/^/# /'
		echo "not ok check/docs/$1: $(echo "$2" | head -n 1)"
	else
		echo "ok check/docs/$1"
	fi
}
say keys "$("$build/usherd" --keys | grep -v '^ ' | while read -r key; do
	name=${key##*.}
	grep -qE "(^|[ {])$name:" conf/usher.yaml || echo "conf/usher.yaml has no $key"
done)"
say verbs "$("$build/usherctl" --help | sed -n 's/^  \([a-z]*\) .*/\1/p' | while read -r verb; do
	grep -q "^| \`$verb" README.md || echo "README.md has no usherctl $verb"
done)"
told=$(sed -n 's/^| `\(usher_[a-z_]*\)` .*/\1/p' conf/metrics.md | sort)
real=$("$build/usherd" --metrics | sed 's/{.*//' | sort)
say metrics "$(echo "$told
$real" | sort | uniq -u | sed 's/^/in conf\/metrics.md and usherd --metrics not alike: /')"
# X(FRAME, "name", ...) and X(handler, "GET", "/path/{id}", ...) of the desk's tables
protocol=src/desk/PROTOCOL.md
say frames "$(sed -n '/define FRAMES(X)/,/^#define FRAME_ENUM/s/.*X([A-Z_]*, "\([a-z_]*\)",.*/\1/p' src/desk/protocol.h | while read -r frame; do
	grep -q "^| \`$frame\` |" $protocol || echo "$protocol has no frame $frame"
done)"
say endpoints "$(sed -n 's/.*X([a-z_]*, "\([A-Z]*\)", "\([^"]*\)",.*/\1 \2/p' src/desk/api.h | sed 's/{id}/ID/; s/{name}/NAME/; s/{seq}/SEQ/' | while read -r method path; do
	grep -qE "\`$method (/api/v1)?$path[\`?]" $protocol || echo "$protocol has no $method $path"
done)"
say links "$(find . -name '*.md' ! -path '*/node_modules/*' ! -path './build*' | while read -r file; do
	grep -oE '\]\([^)#]+' "$file" | sed 's/^](//' | grep -vE '^[a-z]+:' | while read -r link; do
		[ -e "$(dirname "$file")/$link" ] || echo "$file: $link leads nowhere"
	done
done)"
# Names in capitals and foo stand for any; what is made at run time has a folder in front.
names=$(find . -type f ! -path '*/node_modules/*' ! -path './build*' -printf '%f\n' | sort -u)
say files "$(find . -name '*.md' ! -path '*/node_modules/*' ! -path './build*' | while read -r file; do
	grep -oE '`[A-Za-z0-9_.-]+\.(c|h|py|sh|mjs|ts|tsx|css|yaml|dict)`' "$file" | tr -d '`' | grep -vE '[A-Z]{3}|^foo' | while read -r name; do
		echo "$names" | grep -qxF "$name" || echo "$file: there is no $name"
	done
done)"
say demo "$("$build/usherd" -t -c conf/demo.yaml 2>&1 >/dev/null)"
say reference "$("$build/usherd" -t -c conf/usher.yaml 2>&1 >/dev/null)"
