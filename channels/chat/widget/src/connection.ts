// The protocol: one WebSocket that comes back, resumes after the last number seen, and sends again what was not acknowledged.
// A message is shown once however often it is sent or read: ids from here, numbers from the server.
import { Keep } from "./memory";
import type { Settings } from "./settings";

export interface Message {
	seq: number;
	from: "agent" | "you" | "system";
	text: string;
	name?: string;
	id?: string;
	at_ms?: number;
}
export interface Events {
	state(state: "connecting" | "open" | "lost"): void;
	message(m: Message): void;
	pending(id: string, text: string): void;
	acked(id: string): void;
	refused(id: string, why: string): void;
	queue(position: number, wait: [number, number] | null): void;
	typing(name: string): void;
	ended(why: string): void;
}

const BACKOFF_MS = [300, 700, 1500, 3000, 6000, 10000];
const PING_MS = 25000;
const SILENT_MS = 60000; // longer than two pings: the socket is half-open

export class Connection {
	private ws: WebSocket | null = null;
	private seq = 0;
	private tries = 0;
	private ready = false;
	private heard = 0;
	private timer = 0;
	private stopped = false;

	constructor(
		private readonly settings: Settings,
		private readonly keep: Keep,
		private readonly on: Events,
	) {
		setInterval(() => this.beat(), PING_MS);
		addEventListener("online", () => this.now());
		document.addEventListener("visibilitychange", () => document.hidden || this.now());
	}

	start(): void {
		this.stopped = false;
		for (const p of this.keep.value.pending) this.on.pending(p.id, p.text);
		this.connect();
	}

	private connect(): void {
		if (this.ws || this.stopped) return;
		this.on.state("connecting");
		const ws = new WebSocket(this.settings.base.replace(/^http/, "ws") + "/ws");
		this.ws = ws;
		ws.onopen = () => this.hello(ws);
		ws.onmessage = (e) => this.frame(JSON.parse(e.data as string) as Record<string, unknown>);
		ws.onclose = () => this.lost(ws);
	}

	private hello(ws: WebSocket): void {
		const { name, identity, department, lang } = this.settings;
		this.heard = Date.now();
		ws.send(
			JSON.stringify({
				t: "hello",
				session: this.keep.value.session,
				from: this.seq,
				name,
				identity,
				department,
				lang: lang.slice(0, 2),
				page: location.href.slice(0, 500),
			}),
		);
	}

	private lost(ws: WebSocket): void {
		if (this.ws !== ws) return;
		this.ws = null;
		this.ready = false;
		if (this.stopped) return;
		this.on.state("lost");
		const base = BACKOFF_MS[Math.min(this.tries++, BACKOFF_MS.length - 1)] as number;
		clearTimeout(this.timer);
		this.timer = setTimeout(() => this.connect(), base * (0.7 + 0.6 * Math.random()));
	}

	/** The network or the person is back: do not wait for the timer. */
	private now(): void {
		if (this.ws || this.stopped) return;
		clearTimeout(this.timer);
		this.connect();
	}

	private beat(): void {
		if (!this.ws || !this.ready) return;
		if (Date.now() - this.heard > SILENT_MS) this.ws.close();
		else this.send({ t: "ping" });
	}

	private send(frame: object): void {
		if (this.ready) this.ws?.send(JSON.stringify(frame));
	}

	private frame(f: Record<string, unknown>): void {
		this.heard = Date.now();
		switch (f.t) {
			case "welcome":
				this.welcome(f.session as string);
				break;
			case "ack":
				this.done(f.id as string);
				this.on.acked(f.id as string);
				break;
			case "msg":
				this.message(f as unknown as Message);
				break;
			case "queue":
				this.on.queue(f.position as number, f.wait_s as [number, number] | null);
				break;
			case "typing":
				this.on.typing((f.name as string) || "");
				break;
			case "ended":
				this.on.ended(f.why as string);
				break;
			case "error":
				this.error(f);
				break;
		}
	}

	private welcome(session: string): void {
		this.tries = 0;
		this.ready = true;
		this.keep.value.session = session;
		this.keep.save();
		this.on.state("open");
		for (const p of this.keep.value.pending) this.send({ t: "say", ...p });
	}

	private message(m: Message): void {
		if (m.seq <= this.seq) return;
		this.seq = m.seq;
		if (m.id) this.done(m.id);
		this.on.message(m);
		if (m.from === "agent" && !document.hidden) this.send({ t: "seen", seq: m.seq });
	}

	private error(f: Record<string, unknown>): void {
		const id = f.id as string | undefined;
		if (f.code === "identity") this.settings.identity = undefined; // expired: go on as a visitor
		if (!id) {
			if (!this.ready) this.ws?.close();
			return;
		}
		if (f.code === "busy" || f.code === "slow") {
			const p = this.keep.value.pending.find((x) => x.id === id);
			setTimeout(() => p && this.send({ t: "say", ...p }), 1500);
			return;
		}
		this.done(id);
		this.on.refused(id, f.message as string);
	}

	private done(id: string): void {
		this.keep.value.pending = this.keep.value.pending.filter((p) => p.id !== id);
		this.keep.save();
	}

	say(text: string): void {
		const bytes = crypto.getRandomValues(new Uint8Array(12));
		const id = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
		this.keep.value.pending.push({ id, text });
		this.keep.save();
		this.on.pending(id, text);
		this.send({ t: "say", id, text });
	}

	typing(): void {
		this.send({ t: "typing" });
	}

	end(): void {
		this.send({ t: "end" });
	}

	/** Shared computer: nothing of the conversation stays here. */
	forget(): void {
		this.end();
		this.stopped = true;
		const ws = this.ws;
		this.ws = null;
		this.ready = false;
		setTimeout(() => ws?.close(), 300); // let the end go out first
		this.keep.forget();
		this.seq = 0;
	}
}
