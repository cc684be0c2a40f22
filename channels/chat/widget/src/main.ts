// The widget: one script element on any page. Nothing but the channel's settings is asked for until it is opened, unless a conversation is under way.
// There is one of it on a page: what it knows are the variables of this file.
import { Connection, type Events } from "./connection";
import { beforeForm, closedForm, mailForm, rateForm } from "./forms";
import { Keep } from "./memory";
import { askCenter, local, readSettings, type Center, type Settings } from "./settings";
import { fill, range, strings, type Strings } from "./strings";
import { View, type Acts } from "./view";

const script = document.currentScript as HTMLScriptElement | null;
const COMFORTS_MAX = 5;

let s: Strings;
let settings: Settings;
let center: Center = {};
let asked: Promise<void>; // the center has been asked for its settings
let keep: Keep;
let connection: Connection;
let view: View;

let state: "connecting" | "open" | "lost" = "connecting";
let queue = "";
let started = false;
let typed = 0;
let answered = 0; // number of the agent's newest message: there is something to rate
let over = false;
let agent = "";
let comfort = 0;
let comforts = 0;

const refresh = () => view.state(state, queue);

/** Whoever waits for a word hears now and then that he is not forgotten. */
function startComfort(): void {
	const words = local(center, "comfort", settings.ru);
	if (comfort || agent || !words) return;
	comfort = setInterval(() => {
		if (state === "open" && comforts++ < COMFORTS_MAX) view.note(words);
	}, Number(center.comfort_after || 60) * 1000);
}

function stopComfort(): void {
	clearInterval(comfort);
	comfort = 0;
}

/** What the server looked at and did not want is not sent again. */
function upload(file: File): void {
	const line = view.note(fill(s.uploading, file.name));
	connection
		.upload(file)
		.then((f) => connection.say("", [f]))
		.catch((status) => view.note(fill(s.notTaken, file.name), true, status >= 400 && status < 429 ? undefined : () => upload(file)))
		.finally(() => line.remove());
}

const away = () => view.form(null);

function start(): void {
	if (started) return;
	started = true;
	connection.start();
}

/** What need not be asked for. */
const known = () => [Object.keys(connection.about), settings.name && "name", settings.identity && ["name", "email"], settings.department && "department"].flat();

/** The form before the first word, where there is one. */
function enter(must?: unknown): void {
	if (started) return;
	const form = keep.session && !must ? null : beforeForm(center, s, settings.ru, known(), (v) => {
		if (v.department) keep.item("p", (settings.department = v.department));
		delete v.department;
		connection.about = v;
		view.form(null);
		start();
	});
	view.form(form, true);
	if (!form && !must) start(); // what is missing and cannot be asked for is not sent again and again
}

/** Also when another tab said so: then this one has nothing to end. */
function forget(ends: boolean): void {
	stopComfort();
	connection.forget(ends);
	started = over = false;
	answered = 0;
	queue = "";
	view.clear();
	view.note(s.forgotten);
}

/** Asks somebody who only looks, where the center has a rule for that. */
function invite(): void {
	const rule = (center.invite || []).find(
		(i) => location.href.includes(i.page || "") && document.referrer.includes(i.referrer || ""),
	);
	if (!rule || started || center.open === false) return;
	setTimeout(
		() => {
			if (started || view.isOpen() || keep.item(`o:${rule.text}`)) return;
			keep.item(`o:${rule.text}`, "1");
			view.invite(local(rule, "text", settings.ru));
		},
		Number(rule.after || 0) * 1000,
	);
}

/** What comes from the server. */
const events: Events = {
	state(now) {
		// the first connect of a page is not worth a banner unless it takes long
		state = now === "connecting" && state === "lost" ? "lost" : now;
		refresh();
	},
	welcome(open, opens_ms) {
		if (open) return;
		const when = opens_ms ? new Date(opens_ms).toLocaleString(settings.locale, { weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" }) : "";
		view.form(
			closedForm(s, when, settings.identity ? ["email", "name"] : [], (v) => {
				const text = v.text || "";
				delete v.text;
				connection.tell(v);
				connection.say(text);
				view.form(null);
				view.note(center.away_mail && v.email ? fill(s.leftFor, v.email) : s.left);
			}),
			true,
		);
	},
	message(m) {
		if (m.from === "agent") {
			answered = m.seq;
			agent = m.name || agent;
			stopComfort();
		} else if (m.from === "you") startComfort();
		over = false;
		view.message(m, m.seq > keep.mark("s"));
	},
	pending: (p) => view.pending(p),
	acked: (id) => view.acked(id),
	denied: (id, why) => view.denied(id, why),
	queue(position, wait) {
		queue = position ? (position > 1 ? fill(s.ahead, position - 1) : s.next) + (wait ? ` ${range(s, wait)}` : "") : "";
		refresh();
		if (position) startComfort();
	},
	typing: (name) => view.typing(name || s.agent),
	agent(name) {
		stopComfort();
		over = false;
		if (name === agent) return;
		agent = name;
		view.title(name);
		view.note(fill(s.joined, name));
	},
	seen: (seq) => view.seen(seq),
	ended() {
		if (over) return;
		over = true;
		queue = agent = "";
		view.typing("");
		stopComfort();
		refresh();
		view.note(s.ended);
		void asked.then(() => {
			if (answered > keep.mark("r") && center.rating === "yes") view.form(rateForm(s, away, (v) => connection.rate(Number(v.score), v.text || "")));
		});
	},
	rated() {
		keep.mark("r", answered);
		view.note(s.rated);
		view.form(center.transcript ? mailForm(s, away, (v) => connection.mail(v.email || "")) : null);
	},
	mailed() {
		view.note(s.mailed);
		view.form(null);
	},
	fields() {
		started = false;
		void asked.then(() => enter(true));
	},
	fresh() {
		answered = 0;
		view.clear();
		for (const p of keep.pending) view.pending(p);
	},
};

/** What the visitor does. */
const acts: Acts = {
	say(text) {
		start();
		if (over) view.form(null); // a rating that nobody wanted to give
		connection.say(text);
	},
	typing() {
		if (Date.now() - typed < 2000) return;
		typed = Date.now();
		connection.typing();
	},
	end: () => connection.end(),
	forget: () => forget(true),
	opened: () =>
		queueMicrotask(() => {
			void asked.then(enter);
			connection.tellSeen();
		}),
	attach(file) {
		const max = Number(center.file_max || 0);
		if (!` ${center.file_types} `.includes(` ${file.name.replace(/.*\./, "").toLowerCase()} `)) view.note(fill(s.notKind, file.name), true);
		else if (file.size > max) view.note(fill(s.tooLarge, file.name, +(max / 1e6).toFixed(1)), true);
		else upload(file);
	},
	draft: (text) => keep.item("d", text),
	fetch: (f, picture) => connection.fetch(f, picture),
};

/** The page may say something else later: who has logged in, that it is dark now. The language is what it was. */
function follow(): void {
	Object.defineProperty(window, "usherSettings", {
		get: () => settings,
		set(v: Partial<Settings>) {
			Object.assign(settings, v, { base: settings.base, page: settings.page });
			view.look();
			if (v.open) view.show(true, false);
			if (v.identity) connection.again();
		},
	});
}

async function begin(): Promise<void> {
	settings = readSettings(script);
	s = await strings(settings.base, settings.ru);
	settings = readSettings(script);
	keep = new Keep(settings.base, (session) => (session ? connection.again() : forget(false)));
	settings.department ||= keep.item("p");
	connection = new Connection(settings, keep, events);
	view = new View(s, settings, acts);
	connection.visible = () => view.isOpen();
	follow();
	asked = askCenter(settings.base).then((c) => {
		center = c;
		const title = local(c, "title", settings.ru);
		if (title && !settings.title) view.title((settings.title = title));
		if (c.color && !settings.color) view.color(c.color);
		view.files(c.file_types);
		invite();
	});
	if (keep.session) start();
}

if (document.body) void begin();
else addEventListener("DOMContentLoaded", begin);
