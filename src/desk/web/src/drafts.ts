/*
 * What is being typed, per user and conversation, in localStorage from the first letter: it outlives
 * reloads, lost connections and the end of a session, and is forgotten when it was sent.
 */
import type { Part } from "./protocol";
import { read, write } from "./settings";

export type Mode = "reply" | "note";
export interface Draft {
	mode: Mode;
	reply: string;
	note: string;
	parts: Part[];
	/** Further recipients of the reply; null: not touched, so whoever took part gets it. */
	cc: string[] | null;
	bcc: string[];
}

const name = (user: string, conv: string) => `draft.${user}.${conv}`;
const empty = (): Draft => ({ mode: "reply", reply: "", note: "", parts: [], cc: null, bcc: [] });

/** A first mail that is being written: one at a time. */
export interface Letter {
	channel: string;
	queue: string;
	to: string;
	name: string;
	cc: string[];
	bcc: string[];
	subject: string;
	text: string;
	parts: Part[];
}
const blank = (): Letter => ({ channel: "", queue: "", to: "", name: "", cc: [], bcc: [], subject: "", text: "", parts: [] });

export function letterRead(user: string): Letter {
	try {
		return { ...blank(), ...(JSON.parse(read(name(user, "new")) ?? "{}") as Partial<Letter>) };
	} catch {
		return blank();
	}
}

/** null: it was sent. */
export function letterWrite(user: string, l: Letter | null): void {
	write(name(user, "new"), l && JSON.stringify(l));
}

export function draftRead(user: string, conv: string): Draft {
	try {
		return { ...empty(), ...(JSON.parse(read(name(user, conv)) ?? "{}") as Partial<Draft>) };
	} catch {
		return empty();
	}
}

export function draftWrite(user: string, conv: string, d: Draft): void {
	const blank = d.reply === "" && d.note === "" && d.parts.length === 0 && d.mode === "reply" && d.cc === null && d.bcc.length === 0;
	write(name(user, conv), blank ? null : JSON.stringify(d));
}
