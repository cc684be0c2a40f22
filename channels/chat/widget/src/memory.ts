// What survives a reload: the session's token and what was written but not yet acknowledged. Where storage is denied
// it lives as long as the page.
export interface Pending {
	id: string;
	text: string;
}
export interface Memory {
	session: string | null;
	pending: Pending[];
}

export class Keep {
	private readonly key: string;
	value: Memory = { session: null, pending: [] };

	constructor(base: string) {
		this.key = `usher:${base}`;
		this.load();
	}

	private load(): void {
		try {
			const found: unknown = JSON.parse(localStorage.getItem(this.key) || "null");
			if (found && typeof found === "object") this.value = { ...this.value, ...(found as Memory) };
		} catch {
			/* denied or damaged: begin anew */
		}
	}

	save(): void {
		try {
			localStorage.setItem(this.key, JSON.stringify(this.value));
		} catch {
			/* denied: memory only */
		}
	}

	forget(): void {
		this.value = { session: null, pending: [] };
		try {
			localStorage.removeItem(this.key);
		} catch {
			/* denied: nothing was kept */
		}
	}
}
