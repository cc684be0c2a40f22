/*
 * What a person does, as commands: each says what went wrong in the person's language and puts back
 * what was typed. Nothing is shown as done before the server says that it is on disk.
 */
import { toast } from "./alerts";
import * as api from "./api";
import { recover, send } from "./connection";
import { serverNow_ms } from "./clock";
import { type Draft, type Letter, type Mode, draftRead, draftWrite, letterWrite } from "./drafts";
import { t, word } from "./i18n";
import { quotable } from "./mail";
import type { Answer, Command, Part } from "./protocol";
import {
	type Outgoing,
	cardsRefresh,
	commands as mayCommand,
	convs,
	drop,
	markRead,
	mine,
	myId,
	offers,
	outgoing,
	outgoingSent,
	refresh,
	selected,
	thread,
} from "./state";
import { signal } from "@preact/signals";

/** Raised when the composer should take the focus, and in which mode. */
export const composerCall = signal<{ mode: Mode; n: number }>({ mode: "reply", n: 0 });
/** Narrow screens show one column at a time. */
export const pane = signal<"work" | "conv" | "card">("work");
/** Raised when a draft was changed by other hands than the composer's. */
export const draftChanged = signal(0);

export function callComposer(mode: Mode): void {
	pane.value = "conv";
	composerCall.value = { mode, n: composerCall.peek().n + 1 };
}

function complain(a: Extract<Answer, { ok: false }>, more = ""): void {
	const own = word("error", a.code);
	const text = own === `error.${a.code}` || own === a.code ? a.message : own;
	/* The server's words name the case; ours are in the person's language. */
	const detail = a.message && a.message !== text ? ` (${a.message})` : "";
	toast(`${text}${detail}${more ? ` ${more}` : ""}`, true);
}

async function run(c: Command): Promise<Answer> {
	const a = await send(c);
	if (!a.ok) complain(a);
	return a;
}

export function open(conv: string, focus = true): void {
	const before = selected.peek();
	if (before !== conv) {
		if (before) watching(before, false);
		selected.value = conv;
		watching(conv, true);
	}
	markRead(conv);
	if (focus) pane.value = "conv";
}

/* Supervisors see conversations of others as they go on. */
function watching(conv: string, on: boolean): void {
	const c = convs.peek().get(conv);
	if (mayCommand.peek() && c && !mine(c) && c.state !== "closed") void send({ t: "watch", conv, on });
}

export async function accept(offer: string): Promise<void> {
	const o = offers.peek().get(offer);
	if (!o) return;
	/* The conversation opens at once; it may be answered when the server has said yes. */
	open(o.conv);
	const a = await run({ t: "accept", offer });
	drop(offers, offer);
	if (!a.ok) return;
	void refresh(o.conv); // reading may have been refused before it was ours
	callComposer("reply");
}

export async function decline(offer: string, reason: string): Promise<void> {
	const a = await run({ t: "decline", offer, reason });
	if (a.ok || a.code !== "busy") drop(offers, offer);
}

let outgoingKey = 0;

/* Puts back what could not be sent, before whatever was typed meanwhile. */
function giveBack(conv: string, mode: Mode, text: string, parts: Part[], to?: Copies): void {
	const d: Draft = draftRead(myId.peek(), conv);
	d[mode] = d[mode] ? `${text}\n${d[mode]}` : text;
	d.mode = mode;
	d.parts = [...parts, ...d.parts];
	if (to) d.cc = to.cc;
	if (to) d.bcc = to.bcc;
	draftWrite(myId.peek(), conv, d);
	draftChanged.value++;
}

/** Puts a text at the end of the reply being written. */
export function insertText(conv: string, text: string): void {
	const d = draftRead(myId.peek(), conv);
	d.mode = "reply";
	d.reply = d.reply ? `${d.reply.trimEnd()}\n\n${text}` : text;
	draftWrite(myId.peek(), conv, d);
	draftChanged.value++;
}

/** Whom else a reply goes to. */
export interface Copies {
	cc: string[];
	bcc: string[];
}

/* What a reply answers, as HTML when it came as that: sanitized as it is shown. The server quotes the words when there is none. */
async function quotation(conv: string): Promise<{ seq?: number; quoted_html?: string }> {
	const last = thread(conv).peek().messages.filter((m) => m.direction === "in").at(-1);
	if (!last?.html || last.quarantine) return {};
	try {
		const quoted_html = quotable(await api.html(conv, last.seq));
		return quoted_html ? { seq: last.seq, quoted_html } : {};
	} catch {
		return {};
	}
}

/* What is said first is sent first, whatever had to be read for it. */
let said: Promise<{ seq?: number; quoted_html?: string }> = Promise.resolve({});

export async function say(
	conv: string,
	mode: Mode,
	text: string,
	parts: Part[],
	to: Copies = { cc: [], bcc: [] },
): Promise<void> {
	const o: Outgoing = {
		key: ++outgoingKey,
		conv,
		direction: mode === "note" ? "note" : "out",
		text,
		at_ms: serverNow_ms(),
	};
	outgoing.value = [...outgoing.value, o];
	said = said.then(() => (mode === "reply" ? quotation(conv) : {}));
	const quoted = await said;
	const a = await send(
		mode === "note"
			? { t: "note", conv, text }
			: {
					t: "reply",
					conv,
					text,
					...(parts.length
						? { parts: bare(parts) }
						: {}),
					...(to.cc.length ? { cc: to.cc } : {}),
					...(to.bcc.length ? { bcc: to.bcc } : {}),
					...quoted,
				},
	);
	if (a.ok) return outgoingSent(o, a.seq);
	outgoing.value = outgoing.value.filter((x) => x.key !== o.key);
	giveBack(conv, mode, text, parts, to);
	complain(a, t("error.kept"));
}

const bare = (parts: Part[]) => parts.map(({ name, type, size, blob }) => ({ name, type, size, blob }));

/** A first mail: the conversation that it begins opens. False: it was refused, and why was said. */
export async function write(l: Letter): Promise<boolean> {
	const a = await run({
		t: "write",
		channel: l.channel,
		queue: l.queue,
		to: l.to,
		subject: l.subject.trim(),
		text: l.text.trim(),
		...(l.name.trim() ? { name: l.name.trim() } : {}),
		...(l.parts.length ? { parts: bare(l.parts) } : {}),
		...(l.cc.length ? { cc: l.cc } : {}),
		...(l.bcc.length ? { bcc: l.bcc } : {}),
	});
	if (!a.ok) return false;
	letterWrite(myId.peek(), null);
	if (a.conv) open(a.conv);
	return true;
}

export const presence = (to: "available" | "away" | "offline") => run({ t: "presence", to });
export const resolve = (conv: string, outcome: string) => run({ t: "resolve", conv, outcome });
export const reopen = (conv: string) => run({ t: "reopen", conv });
export const wrapupDone = (conv: string) => run({ t: "wrapup_done", conv });
export const wrapupMore = (conv: string) => run({ t: "wrapup_more", conv });
export const discard = (conv: string, seq: number) => run({ t: "discard", conv, seq });
export const retry = (conv: string, seq: number) => run({ t: "retry", conv, seq });
export const pauseQueue = (queue: string, paused: boolean) => run({ t: "queue", queue, paused });
export const take = (conv: string, agent?: string) =>
	run({ t: "take", conv, ...(agent ? { agent } : {}) });

/** Says that two cards are one person; without `into` takes that back. */
export async function link(customer: string, into: string | undefined, reason: string): Promise<void> {
	const why = reason ? { reason } : {};
	const a = await run(into ? { t: "merge", customer, into, ...why } : { t: "split", customer, ...why });
	if (!a.ok) return;
	toast(t(into ? "merge.done" : "split.done"));
	cardsRefresh();
}

/** Says that a suggestion is wrong, or may be right after all. */
export async function distinct(customer: string, into: string, yes: boolean): Promise<void> {
	const a = await run({ t: yes ? "distinct" : "undistinct", customer, into });
	if (!a.ok) return;
	toast(t(yes ? "distinct.done" : "undistinct.done"));
	cardsRefresh();
}

export async function transfer(conv: string, to: string, text: string): Promise<boolean> {
	const a = await run({ t: "transfer", conv, to, ...(text ? { text } : {}) });
	if (a.ok) toast(t("transfer.done"));
	return a.ok;
}

/** Asks somebody to take over; until that is accepted it stays mine. */
export async function consult(conv: string, to: string, text: string): Promise<boolean> {
	const a = await run({ t: "consult", conv, to, ...(text ? { text } : {}) });
	if (a.ok) toast(t("consult.asked"));
	return a.ok;
}

/** Commands that a reload interrupted: repeated by the connection; only a refusal is worth a word. */
export function recoverCommands(): void {
	recover((c, a) => {
		if (a.ok && c.t === "write") letterWrite(myId.peek(), null);
		if (a.ok) return;
		if (c.t === "reply" || c.t === "note") {
			giveBack(c.conv, c.t, c.text, c.t === "reply" ? (c.parts ?? []) : [], c.t === "reply" ? { cc: c.cc ?? [], bcc: c.bcc ?? [] } : undefined);
			complain(a, t("error.kept"));
		} else if (c.t !== "watch") complain(a);
	});
}
