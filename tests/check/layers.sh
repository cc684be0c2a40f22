# layers.sh: a folder includes only what its .may_include lists, and .may_include lists only what lies on a
# lower layer (host, desk and router may list store; plugins see the plugin ABI and channels/kit alone). No exceptions.
set -u
layer() { # FOLDER → its height
	case $1 in
	base | usher) echo 0 ;; model) echo 1 ;; engine | text | net) echo 2 ;; store) echo 3 ;;
	host | desk | router) echo 4 ;; app | ctl | picture) echo 5 ;; *) echo none ;;
	esac
}
check_list() { # FOLDER NAME: the list itself
	while read -r allowed; do
		[ "$allowed" = "$2" ] || [ "$allowed" = usher ] && continue
		case $1/$allowed in
		channels/*/kit) continue ;; # compiled into each of them
		channels/*) echo "$1/.may_include: a plugin may not include '$allowed'"; continue ;;
		esac
		height=$(layer "$allowed")
		if [ "$height" = none ] || [ "$height" -ge "$(layer "$2")" ]; then
			echo "$1/.may_include: '$allowed' is not below '$2'"
		fi
	done <"$1/.may_include"
}
check_files() { # FOLDER NAME
	find "$1" -name '*.[ch]' ! -path '*/node_modules/*' ! -path '*/tests/*' | sort | while read -r file; do
		grep -nE '^[[:space:]]*#[[:space:]]*include' "$file" | while IFS=: read -r line text; do
			path=$(echo "$text" | sed 's/[^"<]*["<]\([^">]*\)[">].*/\1/')
			case $path in
			../* | */../*) echo "$file:$line: '$path' climbs out of its folder"; continue ;;
			*/*) of=${path%%/*} ;;
			*) # a bare name: a system header, or a plugin's own
				case $text in
				*\"*) case $1 in channels/*) [ -f "$1/$path" ] && continue ;; esac
					echo "$file:$line: write \"$path\" from src/" ;;
				esac
				continue ;;
			esac
			# Headers of the system in folders (sys/socket.h) are no business of ours.
			[ -d "src/$of" ] || [ -d "include/$of" ] || [ -d "channels/$of" ] || continue
			case $text in *\<usher/*) ;; *\<*) [ -f "src/$path" ] || continue ;; esac
			grep -qx "$of" "$1/.may_include" ||
				echo "$file:$line: $2 may not include '$path'"
		done
	done
}
for dir in src/* include/usher channels/*; do
	[ -d "$dir" ] || continue
	name=$(basename "$dir")
	if [ ! -f "$dir/.may_include" ]; then
		echo "not ok check/layers/$dir: no .may_include"
		continue
	fi
	wrong=$(check_list "$dir" "$name"; check_files "$dir" "$name")
	if [ -n "$wrong" ]; then
		echo "$wrong" | sed 's/^/# /'
		echo "not ok check/layers/$dir: $(echo "$wrong" | head -n 1)"
	else
		echo "ok check/layers/$dir"
	fi
done
