// The protocol: a connection that comes back, resumes after the last number seen, and sends again what was not acknowledged, one after the
// other, so that order holds. A message is shown once however often it is sent or read: ids from here, numbers from the server.
import { newId, type FileRef, type Keep, type Pending } from "./memory";
import { reaches, type Settings } from "./settings";
import { pollLine, socketLine, type Frame, type Line } from "./transport";

export interface Message {
	seq: number;
	from: "agent" | "you" | "system";
	text: string;
	name?: string;
	id?: string;
	at_ms?: number;
	files?: FileRef[];
}
export interface Events {
	state(state: "connecting" | "open" | "lost"): void;
	welcome(open: boolean, opens_ms: number | undefined): void;
	message(m: Message): void;
	pending(p: Pending): void;
	acked(id: string): void;
	denied(id: string, why: string): void;
	queue(position: number, wait: [number, number] | null): void;
	typing(name: string): void;
	agent(name: string): void;
	seen(seq: number): void;
	ended(why: string): void;
	rated(): void;
	mailed(): void;
	fields(why: string): void;
	/** Another conversation than before: what is shown is not of it. */
	fresh(): void;
}

const BACKOFF_MS = [300, 700, 1500, 3000, 6000, 10000];
const PING_MS = 25000;
const SILENT_MS = 60000; // longer than two pings: half-open
const WELCOME_MS = 10000;
const AGAIN_MS = 1500;
const ANSWER_MS = 8000; // so soon anything that is said has an answer
const TRY_SOCKET = 2;
const PIECE = /.{1,4000}(?=\s|$)|.{1,4000}/gsu; // the server takes 16 KiB of UTF-8; what is longer goes in several

export class Connection {
	private line: Line | null = null;
	private seq = 0;
	private tries = 0;
	private opened = false; // this line was
	private failed = 0; // WebSockets that said nothing though the server is there, in a row
	private ready = false;
	private heard = 0;
	private timer = 0;
	private stopped = true;
	private flying = ""; // id of the message that waits for its acknowledgement
	private readonly nonce = newId();
	private told = 0;
	pass = "";
	about: Record<string, string> = {};

	constructor(
		private readonly settings: Settings,
		private readonly keep: Keep,
		private readonly on: Events,
	) {
		setInterval(() => this.beat(), PING_MS);
		addEventListener("online", () => this.now());
		document.addEventListener("visibilitychange", () => document.hidden || (this.now(), this.tellSeen()));
	}

	start(): void {
		if (!this.stopped) return;
		this.stopped = false;
		for (const p of this.keep.pending) this.on.pending(p);
		this.connect();
	}

	private connect(): void {
		if (this.line || this.stopped) return;
		this.on.state("connecting");
		this.opened = false;
		const way = this.failed >= TRY_SOCKET ? pollLine : socketLine;
		let over = false;
		const line: Line = way(this.settings.base, {
			open: () => this.hello(line),
			frame: (f) => {
				this.opened = true;
				if (line === this.line) this.frame(f);
			},
			closed: () => {
				if (!over && line === this.line) this.lost();
				over = true;
			},
		});
		this.line = line;
		clearTimeout(this.timer);
		this.timer = setTimeout(() => line.close(), WELCOME_MS);
	}

	private hello(line: Line): void {
		const { name, identity, department, lang } = this.settings;
		this.keep.refresh();
		this.heard = Date.now();
		line.send({
			t: "hello",
			session: this.keep.session,
			from: this.seq,
			nonce: this.nonce,
			name,
			identity,
			department,
			fields: this.about,
			lang: lang.slice(0, 2),
			page: location.href.slice(0, 500),
			referrer: document.referrer.slice(0, 500),
		});
	}

	private lost(): void {
		this.line = null;
		this.ready = false;
		this.flying = "";
		if (!this.opened) void this.doubt();
		clearTimeout(this.timer);
		if (this.stopped) return;
		this.on.state("lost");
		const base = BACKOFF_MS[Math.min(this.tries++, BACKOFF_MS.length - 1)] as number;
		this.timer = setTimeout(() => this.connect(), base * (0.7 + 0.6 * Math.random()));
	}

	/** Only where the server answers and its socket does not, the socket is to blame. */
	private async doubt(): Promise<void> {
		if (this.failed >= TRY_SOCKET) this.failed = 0;
		else if (await reaches(this.settings.base)) this.failed++;
	}

	/** The network or the person is back: do not wait for the timer. */
	private now(): void {
		if (this.stopped) return;
		if (this.line) return this.ask({ t: "ping" });
		clearTimeout(this.timer);
		this.connect();
	}

	/** A line that was cut without a word, by sleep or another network, is found out by what nobody answers. */
	private ask(frame: Frame): void {
		const { line } = this;
		const at = Date.now();
		this.send(frame);
		setTimeout(() => this.ready && line === this.line && this.heard < at && line?.close(), ANSWER_MS);
	}

	/** Another tab has another session: this one follows. */
	again(): void {
		if (this.stopped) return;
		this.line?.close();
		this.now();
	}

	private beat(): void {
		if (!this.line || !this.ready) return;
		if (Date.now() - this.heard > SILENT_MS) this.line.close();
		else this.send({ t: "ping" });
	}

	private send(frame: Frame): void {
		if (this.ready) this.line?.send(frame);
	}

	/** Said again until it is answered: "kept" is told only of what is. */
	private owed = new Map<unknown, Frame>();
	private owe(frame: Frame): void {
		this.owed.set(frame.t, frame);
		this.send(frame);
	}
	private repay(): void {
		this.owed.forEach((f) => this.send(f));
	}

	private pump(): void {
		const p = this.keep.pending[0];
		if (!this.ready || !p || this.flying === p.id) return;
		this.flying = p.id;
		this.ask({ t: "say", id: p.id, text: p.text, files: p.files });
	}

	private frame(f: Frame): void {
		this.heard = Date.now();
		switch (f.t) {
			case "welcome":
				this.welcome(f);
				break;
			case "ack":
				this.on.acked(f.id as string);
				this.done(f.id as string);
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
			case "agent":
				this.on.agent(f.name as string);
				break;
			case "seen":
				this.on.seen(f.seq as number);
				break;
			case "ended":
				this.owed.delete("end");
				this.on.ended(f.why as string);
				break;
			case "rated":
				this.owed.delete("rate");
				this.on.rated();
				break;
			case "mailed":
				this.owed.delete("transcript");
				this.on.mailed();
				break;
			case "error":
				this.error(f);
				break;
		}
	}

	private welcome(f: Frame): void {
		clearTimeout(this.timer);
		this.tries = 0;
		if (this.failed < TRY_SOCKET) this.failed = 0;
		if (f.fresh) {
			this.seq = 0;
			this.owed.clear();
			this.keep.reset();
			this.on.fresh();
		}
		if (f.verified) this.settings.identity = undefined; // the session knows it from here on
		this.keep.setSession(f.session as string);
		this.pass = (f.pass as string) || "";
		this.ready = true;
		this.on.state("open");
		this.on.welcome(f.open !== false, f.opens_ms as number | undefined);
		this.pump();
		this.repay();
		this.told = 0;
		this.tellSeen();
	}

	private message(m: Message): void {
		if (m.seq <= this.seq) return;
		this.seq = m.seq;
		this.on.message(m);
		if (m.id) this.done(m.id);
		if (m.from === "agent") this.tellSeen();
	}

	/** Read is what is before somebody's eyes. */
	visible = () => true;
	tellSeen(): void {
		if (document.hidden || !this.visible() || this.told >= this.seq) return;
		this.told = this.seq;
		this.keep.mark("s", this.seq);
		this.send({ t: "seen", seq: this.seq });
	}

	private error(f: Frame): void {
		const id = f.id as string | undefined;
		const later = f.code === "busy" || f.code === "slow";
		if (f.code === "identity") this.settings.identity = undefined; // used or expired: go on as a visitor
		if (f.code === "fields") {
			this.stop();
			this.on.fields(f.message as string);
		} else if (later) {
			setTimeout(() => {
				this.flying = "";
				this.pump();
				this.repay();
			}, AGAIN_MS);
		} else if (id) {
			this.owed.forEach((f, t) => f.id === id && this.owed.delete(t));
			this.on.denied(id, f.message as string);
			this.done(id);
		} else if (!this.ready) this.line?.close();
	}

	private done(id: string): void {
		this.keep.done(id);
		this.pump();
	}

	say(text: string, files?: FileRef[]): void {
		for (const piece of text.match(PIECE) || [""]) this.on.pending(this.keep.add(piece.trim(), files));
		this.pump();
	}

	typing(): void {
		this.send({ t: "typing" });
	}

	end(): void {
		this.owe({ t: "end" });
	}

	rate(score: number, text: string): void {
		this.owe({ t: "rate", id: newId(), score, text });
	}

	mail(email: string): void {
		this.owe({ t: "transcript", id: newId(), email });
	}

	/** What was asked in a form. */
	tell(fields: Record<string, string>): void {
		this.about = { ...this.about, ...fields };
		this.send({ t: "about", fields: this.about, department: this.settings.department, page: location.href.slice(0, 500) });
	}

	private stop(): void {
		const line = this.line;
		this.stopped = true;
		this.line = null;
		this.ready = false;
		clearTimeout(this.timer);
		setTimeout(() => line?.close(), 300); // let what was said go out first
	}

	/** Shared computer: nothing of the conversation stays here. */
	forget(ends: boolean): void {
		if (ends) this.end();
		this.stop();
		this.keep.forget();
		this.seq = this.told = 0;
		this.about = {};
	}

	async upload(file: File): Promise<FileRef> {
		const head = JSON.stringify({ pass: this.pass, name: file.name });
		const r = await fetch(`${this.settings.base}/file`, {
			method: "POST",
			credentials: "omit",
			body: new Blob([head, "\n", file]),
		});
		if (!r.ok) throw r.status;
		return (await r.json()) as FileRef;
	}

	/** With `picture` what can be shown of it, so many pixels on its longest side. */
	async fetch(file: FileRef, picture?: number): Promise<Blob> {
		const r = await fetch(`${this.settings.base}/fetch`, {
			method: "POST",
			credentials: "omit",
			body: JSON.stringify({ pass: this.pass, ...file, picture }),
		});
		if (!r.ok) throw r.status;
		return r.blob();
	}
}
