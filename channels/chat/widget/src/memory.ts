// What survives a reload: the session's token and what was written but not yet acknowledged, each under a name of its own, so that two tabs
// never write over each other's. Where storage is denied it lives as long as the page.
export interface FileRef {
	name: string;
	type: string;
	size: number;
	blob?: string;
	ref?: string;
}
export interface Pending {
	id: string;
	text: string;
	at: number;
	files?: FileRef[];
}

export const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");

export class Keep {
	private readonly key: string;
	session: string | null = null;
	pending: Pending[] = [];

	/** `changed`: another tab of this site has another session now, or has forgotten it (null). */
	constructor(base: string, changed: (session: string | null) => void) {
		this.key = `usher:${base}`;
		this.refresh();
		this.try((s) => {
			for (let i = 0; i < s.length; i++) {
				const k = s.key(i) as string;
				if (k.startsWith(`${this.key}:m:`)) this.pending.push(JSON.parse(s.getItem(k) as string) as Pending);
			}
		});
		this.pending.sort((a, b) => a.at - b.at);
		addEventListener("storage", (e) => {
			if (e.key !== this.key || e.newValue === this.session) return;
			this.session = e.newValue;
			changed(e.newValue);
		});
	}

	private try(fn: (s: Storage) => void): void {
		try {
			fn(localStorage);
		} catch {
			/* denied or damaged: memory only */
		}
	}

	/** Another tab may have got a newer token. */
	refresh(): void {
		this.try((s) => (this.session = s.getItem(this.key) || this.session));
	}

	setSession(session: string): void {
		this.session = session;
		this.try((s) => s.setItem(this.key, session));
	}

	add(text: string, files?: FileRef[]): Pending {
		const p = { id: newId(), text, at: Math.max(Date.now(), (this.pending[this.pending.length - 1]?.at || 0) + 1), files };
		this.pending.push(p);
		this.try((s) => s.setItem(`${this.key}:m:${p.id}`, JSON.stringify(p)));
		return p;
	}

	done(id: string): void {
		this.pending = this.pending.filter((p) => p.id !== id);
		this.try((s) => s.removeItem(`${this.key}:m:${id}`));
	}

	/** A small thing by its name; with a value it is written first, "" takes it away. */
	item(name: string, value?: string): string {
		const key = `${this.key}:${name}`;
		this.try((s) => value !== undefined && (value ? s.setItem(key, value) : s.removeItem(key)));
		let found = "";
		this.try((s) => (found = s.getItem(key) || ""));
		return found;
	}

	/** The number of a message, written when it is a later one: "r" what was rated, "s" what was seen. The next is asked about, or counted, anew. */
	mark(name: "r" | "s", seq = 0): number {
		const old = Number(this.item(name));
		return seq > old ? Number(this.item(name, String(seq))) : old;
	}

	/** Of this conversation nothing more is known. */
	reset(): void {
		for (const name of "rsp") this.item(name, "");
	}

	forget(): void {
		this.reset();
		this.item("d", "");
		for (const p of this.pending) this.done(p.id);
		this.session = null;
		this.try((s) => s.removeItem(this.key));
	}
}
