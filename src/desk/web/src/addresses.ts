/*
 * Mail addresses as people write them in To and Cc: who took part in a conversation, and who of them gets a copy of the
 * answer. The server checks every address again.
 */
import type { Message } from "./protocol";

/** The bare addresses of `"Ann, Dr." <ann@x.org>, kim@x.org`, lower case. */
export function addresses(header: string): string[] {
	const found: string[] = [];
	let item = "";
	let quoted = false;
	for (const c of `${header},`) {
		if (c === '"') quoted = !quoted;
		if ((c === "," || c === ";") && !quoted) {
			const inside = /<([^<>]*)>\s*$/.exec(item);
			const a = (inside?.[1] ?? item).trim().toLowerCase();
			if (looksRight(a)) found.push(a);
			item = "";
		} else item += c;
	}
	return found;
}

export function looksRight(address: string): boolean {
	return /^[^\s@<>",;]+@[^\s@<>",;]+$/.test(address) && address.length <= 254;
}

const bare = (a: string) => a.replace(/\+[^@]*@/, "@");

/** Who else was written to in the customer's last mail: they get the answer too, but neither the customer nor we ourselves. */
export function participants(messages: readonly Message[], customer: string): string[] {
	const last = messages.filter((m) => m.direction === "in" && (m.to || m.cc)).at(-1);
	if (!last) return [];
	const own = new Set(messages.map((m) => m.mailbox ?? "").filter(Boolean));
	const all = [...addresses(last.to ?? ""), ...addresses(last.cc ?? "")];
	return [...new Set(all)].filter((a) => a !== customer && !own.has(a) && !own.has(bare(a)));
}
