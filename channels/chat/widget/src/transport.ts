// Two ways for the same frames: a WebSocket, and long poll for networks that let none through. Both say once when they are over.
export type Frame = Record<string, unknown>;
export interface Line {
	send(frame: Frame): void;
	close(): void;
}
interface Ends {
	open(): void;
	frame(f: Frame): void;
	closed(): void;
}

export function socketLine(base: string, on: Ends): Line {
	const ws = new WebSocket(`${base.replace(/^http/, "ws")}/ws`);
	ws.onopen = on.open;
	ws.onmessage = (e) => on.frame(JSON.parse(e.data as string) as Frame);
	ws.onclose = on.closed;
	return {
		send(f) {
			if (ws.readyState === 1) ws.send(JSON.stringify(f));
		},
		close() {
			ws.close();
			on.closed(); // a half-open socket would take a minute to say so
		},
	};
}

const GIVE_UP_MS = 45000; // the server answers within 20 s
const POLL_FRAMES = 50; // the server hears no more of one request

/** One request waits at the server; what is said goes with a new one, which releases it. Frames are numbered, so answers may come in any order. */
export function pollLine(base: string, on: Ends): Line {
	let id: string | null = null;
	let got = 0;
	let newest = 0;
	let over = false;
	let asking = false;
	const queue: Frame[] = [];

	const end = () => {
		if (!over) on.closed();
		over = true;
	};
	const ask = async () => {
		const frames = queue.splice(0, POLL_FRAMES);
		const number = ++newest;
		const cancel = new AbortController();
		const timer = setTimeout(() => cancel.abort(), GIVE_UP_MS);
		asking = id === null;
		try {
			const r = await fetch(`${base}/poll`, {
				method: "POST",
				credentials: "omit",
				signal: cancel.signal,
				body: JSON.stringify({ poll: id, got, frames }),
			});
			if (!r.ok) return end();
			const a = (await r.json()) as { poll: string | null; from: number; frames: Frame[]; closed?: object };
			if (over) return;
			id = a.poll || id;
			asking = false;
			a.frames.forEach((f, i) => {
				if (a.from + i < got) return;
				got = a.from + i + 1;
				on.frame(f);
			});
			if (a.closed) return end();
			if (queue.length || number === newest) void ask();
		} catch {
			end();
		} finally {
			clearTimeout(timer);
		}
	};
	queueMicrotask(on.open);
	return {
		send(f) {
			queue.push(f);
			if (!asking && !over) void ask(); // the first request makes the connection: wait for it
		},
		close: end,
	};
}
