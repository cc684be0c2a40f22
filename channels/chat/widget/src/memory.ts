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

	add(p: Pending): void {
		this.pending.push(p);
		this.try((s) => s.setItem(`${this.key}:m:${p.id}`, JSON.stringify(p)));
	}

	done(id: string): void {
		this.pending = this.pending.filter((p) => p.id !== id);
		this.try((s) => s.removeItem(`${this.key}:m:${id}`));
	}

	/** Something small that is said once, e.g. that an invitation was seen. True when it is new. */
	once(name: string): boolean {
		let fresh = true;
		this.try((s) => {
			fresh = !s.getItem(`${this.key}:o:${name}`);
			s.setItem(`${this.key}:o:${name}`, "1");
		});
		return fresh;
	}

	/** The newest answer that was there when the conversation was rated: the next conversation is asked about anew. */
	rated(seq?: number): number {
		let found = 0;
		this.try((s) => {
			if (seq) s.setItem(`${this.key}:r`, String(seq));
			found = Number(s.getItem(`${this.key}:r`));
		});
		return found;
	}

	forget(): void {
		this.try((s) => s.removeItem(`${this.key}:r`));
		for (const p of this.pending) this.done(p.id);
		this.session = null;
		this.try((s) => s.removeItem(this.key));
	}
}
