#!/bin/bash
# A channel of files. DIR/in/ann.1 comes in from "ann"; answers to her become files DIR/out/ann.ID. Needs jq.
rest=
while true; do
	part=
	if IFS= read -r -t 0.5 part; then
		line=$rest$part rest=
		case $(jq -r .t <<<"$line") in
		hello) dir=$(jq -r .settings.dir <<<"$line") && echo '{"t":"ready"}' ;;
		ack) # on disk: not read again
			case $(jq -r .outcome <<<"$line") in
			ok | duplicate) mv "$dir/in/$(jq -r .id <<<"$line")" "$dir/done/" 2>/dev/null ;;
			fail) mv "$dir/in/$(jq -r .id <<<"$line")" "$dir/failed/" ;;
			esac ;;
		send)
			jq -r .text <<<"$line" >"$dir/out/$(jq -r '((if .thread == "" then .to else .thread end) | gsub("/"; "_")) + "." + .id' <<<"$line")" && outcome=ok || outcome=retry
			jq -c --arg o $outcome '{t: "sent", id, outcome: $o}' <<<"$line" ;;
		ping) echo '{"t":"pong"}' ;;
		stop) exit 0 ;;
		esac
	elif [ $? -gt 128 ]; then # nothing was said for half a second
		rest=$rest$part
		for f in "${dir:-/nonexistent}"/in/*; do
			[ ! -f "$f" ] || jq -Rsc --arg id "${f##*/}" '{t: "in", id: $id, from: {value: ($id | split(".")[0])}, text: .}' "$f"
		done
	else exit 0; fi # usher has gone
done
