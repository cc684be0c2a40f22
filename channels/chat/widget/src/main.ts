// The widget: one script element on any page. Nothing is loaded or connected until it is opened, unless a conversation is under way.
import { Connection } from "./connection";
import { Keep } from "./memory";
import { readSettings } from "./settings";
import { strings } from "./strings";
import { View } from "./view";

const script = document.currentScript as HTMLScriptElement | null;

function begin(): void {
	const settings = readSettings(script);
	const s = strings(settings.lang);
	const keep = new Keep(settings.base);
	let state: "connecting" | "open" | "lost" = "connecting";
	let queue = "";
	let started = false;
	let typed = 0;

	const refresh = () => view.state(state, queue);
	const connection: Connection = new Connection(settings, keep, {
		state(now) {
			// the first connect of a page is not worth a banner unless it takes long
			state = now === "connecting" && state === "lost" ? "lost" : now;
			refresh();
		},
		message: (m) => view.message(m),
		pending: (id, text) => view.pending(id, text),
		acked: (id) => view.acked(id),
		refused: (id, why) => view.refused(id, why),
		queue(position, wait) {
			const minutes = (x: number) => Math.max(1, Math.round(x / 60));
			queue = position ? s.position(position) + (wait ? ` ${s.wait(minutes(wait[0]), minutes(wait[1]))}` : "") : "";
			refresh();
		},
		typing: (name) => view.typing(name || s.agent),
		ended() {
			queue = "";
			refresh();
			view.note(s.ended);
		},
	});
	const start = () => {
		if (!started) connection.start();
		started = true;
	};
	const view: View = new View(s, settings, {
		say(text) {
			start();
			connection.say(text);
		},
		typing() {
			if (Date.now() - typed < 2000) return;
			typed = Date.now();
			connection.typing();
		},
		end: () => connection.end(),
		forget() {
			connection.forget();
			started = false;
			view.clear();
			view.note(s.forgotten);
		},
		opened: () => queueMicrotask(start),
	});
	if (settings.page) document.documentElement.lang = settings.lang.slice(0, 2);
	if (keep.value.session) start();
}

if (document.body) begin();
else addEventListener("DOMContentLoaded", begin);
