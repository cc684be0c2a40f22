/*
 * The one WebSocket. Gets a ticket, connects, resumes after the last number seen, and keeps every
 * command until it is answered: a lost connection, a reload or a restarted server repeats it under the
 * same id, and the server does it once. Knows frames by number and id only; what they mean is state.ts.
 *
 *   idle ── start ──> connecting ── hello + (resume | snapshot) ──> online
 *                        ^   |                                        |
 *                        |   └── no ticket, closed ──> waiting <──────┘ closed, silent
 *                        └───────── back-off over ────────┘
 */
import { signal } from "@preact/signals";
import { ApiError, ticket } from "./api";
import type { Answer, Command, Frame } from "./protocol";

export type Phase = "idle" | "connecting" | "online" | "waiting";
export const phase = signal<Phase>("idle");
/** When the next try is due, by Date.now(). */
export const retryAt = signal(0);
/** Server's clock minus ours. */
export const skew_ms = signal(0);

const ping_ms = 20000;
const silence_ms = 35000;
const backoff_ms = { first: 500, most: 15000 };

interface Waiting {
	frame: Command & { id: string };
	answer: (a: Answer) => void;
}

let socket: WebSocket | null = null;
let last = 0; // the highest number seen
let tries = 0;
let heard = 0;
let timer = 0;
let wanted = false;
let generation = 0; // a connection attempt that was overtaken says nothing
let receive: (f: Frame) => void = () => {};
const waiting = new Map<string, Waiting>();

/* Ids are unique over tabs and reloads of one session. */
const origin = Array.from(crypto.getRandomValues(new Uint8Array(6)), (b) =>
	b.toString(16).padStart(2, "0"),
).join("");
let counter = 0;
let keptName = "";

function keep(): void {
	try {
		sessionStorage.setItem(keptName, JSON.stringify([...waiting.values()].map((w) => w.frame)));
	} catch {
		/* full: the commands are still in memory */
	}
}

/** Commands are kept for the person who gave them. */
export function owner(user: string): void {
	keptName = `usher.desk.outbox.${user}`;
}

/** Commands that a reload or the session's end interrupted; each is handed on once, to be watched like a new one. */
export function recover(answered: (c: Command, a: Answer) => void): void {
	try {
		const frames = JSON.parse(sessionStorage.getItem(keptName) ?? "[]") as Waiting["frame"][];
		for (const frame of frames)
			waiting.set(frame.id, { frame, answer: (a) => answered(frame, a) });
	} catch {
		/* damaged: nothing to repeat */
	}
}

export function send(command: Command): Promise<Answer> {
	return new Promise((answer) => {
		const frame = { id: `${origin}-${++counter}`, ...command };
		waiting.set(frame.id, { frame, answer });
		keep();
		transmit(frame);
	});
}

/** Not worth repeating: typing, ping. */
export function hint(frame: { t: "typing"; conv: string } | { t: "seen"; conv: string; seq: number } | { t: "ping" }): void {
	transmit(frame);
}

function transmit(frame: object): void {
	if (phase.value === "online" && socket?.readyState === WebSocket.OPEN)
		socket.send(JSON.stringify(frame));
}

export function start(fn: (f: Frame) => void): void {
	receive = fn;
	wanted = true;
	last = 0;
	tries = 0;
	void connect();
}

/** `forget`: what is unanswered was given up; else it waits for the person's return. */
export function stop(forget: boolean): void {
	wanted = false;
	generation++;
	clearTimeout(timer);
	waiting.clear();
	if (forget) keep();
	socket?.close(1000);
	socket = null;
	phase.value = "idle";
}

export function retryNow(): void {
	if (wanted && phase.value === "waiting") void connect();
}

async function connect(): Promise<void> {
	const mine = ++generation;
	clearTimeout(timer);
	phase.value = "connecting";
	let pass: string;
	try {
		pass = await ticket();
	} catch (e) {
		if (mine !== generation) return;
		if (e instanceof ApiError && e.status === 401) return; // the sign-in page takes over
		return later();
	}
	if (mine !== generation) return;
	const scheme = location.protocol === "https:" ? "wss:" : "ws:";
	const ws = new WebSocket(`${scheme}//${location.host}/desk/ws?ticket=${encodeURIComponent(pass)}`);
	socket = ws;
	heard = Date.now();
	ws.onmessage = (e) => {
		if (mine === generation && typeof e.data === "string") frame(ws, e.data);
	};
	ws.onclose = () => {
		if (mine === generation) later();
	};
	watch(ws, mine);
}

function later(): void {
	socket = null;
	const full = Math.min(backoff_ms.most, backoff_ms.first * 2 ** Math.min(tries++, 6));
	const wait_ms = full * (0.7 + 0.6 * Math.random());
	generation++;
	phase.value = "waiting";
	retryAt.value = Date.now() + wait_ms;
	timer = window.setTimeout(() => void connect(), wait_ms);
}

/* Half-open connections are silent: ask, and leave when nothing comes back. */
function watch(ws: WebSocket, mine: number): void {
	const id = window.setInterval(() => {
		if (mine !== generation) return clearInterval(id);
		if (Date.now() - heard > silence_ms) {
			clearInterval(id);
			ws.close();
			later();
		} else if (Date.now() - heard > ping_ms / 2 && ws.readyState === WebSocket.OPEN)
			ws.send('{"t":"ping"}');
	}, ping_ms / 2);
}

function online(): void {
	tries = 0;
	if (phase.value === "online") return;
	phase.value = "online";
	for (const w of waiting.values()) transmit(w.frame);
}

function frame(ws: WebSocket, text: string): void {
	heard = Date.now();
	const f = JSON.parse(text) as Frame;
	switch (f.t) {
		case "hello":
			skew_ms.value = f.server_ms - Date.now();
			if (last > 0) {
				ws.send(JSON.stringify({ id: `${origin}-r${++counter}`, t: "resume", from: last }));
				online();
			}
			return;
		case "ok":
		case "error": {
			const w = f.id === undefined ? undefined : waiting.get(f.id);
			if (!w || f.id === undefined) return;
			waiting.delete(f.id);
			keep();
			w.answer(
				f.t === "ok"
					? { ok: true, conv: f.conv, seq: f.seq }
					: { ok: false, code: f.code, message: f.message },
			);
			return;
		}
		case "snapshot":
			last = f.n;
			receive(f);
			online();
			return;
		default:
			if ("n" in f) {
				if (f.n <= last) return; // seen before the connection was lost
				last = f.n;
			}
			receive(f);
	}
}

addEventListener("online", retryNow);
document.addEventListener("visibilitychange", () => {
	if (!document.hidden) retryNow();
});
