/*
 * All that the desk knows, as signals: frames in (`apply`), what is drawn out. No component keeps a copy.
 *
 *   convs: every conversation heard of ──computed──> work (mine), waiting (supervisors)
 *   threads: conversation → its messages, read once by HTTP and then kept whole by frames
 *   outgoing: replies and notes not yet in their thread
 *
 * Never talks to the network but to read what it finds missing. Called by app.ts (frames) and commands.ts.
 */
import { type Signal, batch, computed, effect, signal } from "@preact/signals";
import * as api from "./api";
import { blip, notify, say } from "./alerts";
import { serverNow_ms } from "./clock";
import { t } from "./i18n";
import type { Agent, Card, Conv, Frame, Mailbox, Me, Message, Offer, Queue, Snapshot } from "./protocol";
import { read, write } from "./settings";

export const account = signal<Me | null>(null);
export const me = signal<Agent | null>(null);
export const durability = signal<string | null>(null);
export const convs = signal(new Map<string, Conv>());
export const offers = signal(new Map<string, Offer & { seen_ms: number }>());
export const queues = signal(new Map<string, Queue>());
export const agents = signal(new Map<string, Agent>());
export const selected = signal<string | null>(null);
export const unread = signal(new Map<string, number>());
export const typing = signal(new Map<string, number>());
export const ready = signal(false);

export interface Thread {
	messages: Message[];
	state: "loading" | "ready" | "failed";
}
const threads = new Map<string, Signal<Thread>>();

export interface Outgoing {
	key: number;
	conv: string;
	direction: "out" | "note";
	text: string;
	at_ms: number;
	/** Known once the server answered; the bubble goes when the thread has it. */
	seq?: number;
}
/** By which I may write a first mail. */
export const mailboxes = signal<Mailbox[]>([]);
export const outgoing = signal<Outgoing[]>([]);

export function put<K, V>(s: Signal<Map<K, V>>, k: K, v: V): void {
	const m = new Map(s.peek());
	m.set(k, v);
	s.value = m;
}
export function drop<K, V>(s: Signal<Map<K, V>>, k: K): void {
	if (!s.peek().has(k)) return;
	const m = new Map(s.peek());
	m.delete(k);
	s.value = m;
}

export const myId = computed(() => me.value?.agent ?? account.value?.user.id ?? "");
export const supervises = computed(() => {
	const role = account.value?.user.role;
	return role === "supervisor" || role === "admin" || role === "auditor";
});
export const commands = computed(() => supervises.value && account.value?.user.role !== "auditor");

const mineStates = new Set(["active", "pending", "wrapup"]);
export const mine = (c: Conv | undefined) =>
	c !== undefined && c.owner === myId.value && mineStates.has(c.state);

export const work = computed(() =>
	[...convs.value.values()].filter(mine).sort((a, b) => a.arrived_ms - b.arrived_ms),
);
const waits = new Set(["waiting", "offered", "parked", "scheduled"]);
/** Places in their queues, as last read from the server: conversation → 1, 2, 3 ... */
export const places = signal(new Map<string, number>());
const key = (c: Conv) => c.key_ms ?? c.arrived_ms;
function before(a: Conv, b: Conv): number {
	const first = (a.tier ?? 0) - (b.tier ?? 0) || key(a) - key(b) || (a.conv < b.conv ? -1 : 1);
	if (a.queue !== b.queue) return first;
	const place = (c: Conv) => places.value.get(c.conv) ?? Infinity;
	const by = place(a) - place(b);
	return Number.isFinite(by) && by !== 0 ? by : first;
}
/* In each queue in its own order; queues merged by the first of each. */
export const waiting = computed(() => {
	const lines = new Map<string, Conv[]>();
	for (const c of convs.value.values())
		if (waits.has(c.state)) {
			const line = lines.get(c.queue);
			if (line) line.push(c);
			else lines.set(c.queue, [c]);
		}
	const heads = [...lines.values()].map((l) => l.sort(before));
	const out: Conv[] = [];
	for (;;) {
		const next = heads
			.filter((l) => l.length > 0)
			.sort((x, y) => (x[0] && y[0] ? before(x[0], y[0]) : 0))[0]
			?.shift();
		if (!next) return out;
		out.push(next);
	}
});
export const offerList = computed(() =>
	[...offers.value.values()].sort((a, b) => a.expires_ms - b.expires_ms),
);

/* ---- threads ---- */

export function thread(conv: string): Signal<Thread> {
	let s = threads.get(conv);
	if (!s) {
		s = signal<Thread>({ messages: [], state: "loading" });
		threads.set(conv, s);
		void refresh(conv);
	}
	return s;
}

function merge(have: Message[], more: Message[]): Message[] {
	const by = new Map(have.map((m) => [m.seq, m]));
	for (const m of more) by.set(m.seq, m);
	return [...by.values()].sort((a, b) => a.seq - b.seq);
}

/* How often a frame or a later reading told of a conversation: an older answer is not newer news. */
const told = new Map<string, number>();
const tell = (conv: string) => {
	const n = (told.get(conv) ?? 0) + 1;
	told.set(conv, n);
	return n;
};

/* What became of messages while a conversation was read: the answer may be of before, or the first to have the message. */
type Receipt = Extract<Frame, { t: "receipt" }>;
const late = new Map<string, { reads: number; receipts: Receipt[] }>();

/** Reads what is missing. Delivery states may have changed while away, so all is read again. */
export async function refresh(conv: string): Promise<void> {
	const s = threads.get(conv);
	if (!s) return;
	const asked = tell(conv);
	const since = late.get(conv) ?? { reads: 0, receipts: [] };
	since.reads++;
	late.set(conv, since);
	try {
		const a = await api.conversation(conv, 0);
		batch(() => {
			const before = convs.peek().get(conv);
			s.value = { messages: since.receipts.reduce(received, merge(s.peek().messages, a.messages)), state: "ready" };
			if (told.get(conv) === asked || !before) put(convs, conv, patch(before, a.conv));
			settle(conv);
		});
	} catch {
		if (s.peek().state === "loading") s.value = { ...s.peek(), state: "failed" };
	}
	if (--since.reads === 0) late.delete(conv);
}

/* Bubbles whose message has arrived are no longer needed. */
function settle(conv: string): void {
	const seqs = new Set(threads.get(conv)?.peek().messages.map((m) => m.seq));
	outgoing.value = outgoing.value.filter(
		(o) => o.conv !== conv || o.seq === undefined || !seqs.has(o.seq),
	);
}

export function outgoingSent(o: Outgoing, seq: number | undefined): void {
	outgoing.value = outgoing.value
		.map((x) => (x.key === o.key ? { ...x, seq } : x))
		.filter((x) => x.key !== o.key || seq !== undefined);
	settle(o.conv);
	/* Its frame should be here within moments; when it is not, read it. */
	setTimeout(() => {
		if (outgoing.value.some((x) => x.key === o.key)) void refresh(o.conv);
	}, 2000);
}

/* ---- cards ---- */

export interface CardState {
	card: Card | null;
	failed: boolean;
}
const cards = new Map<string, Signal<CardState>>();

export function card(id: string): Signal<CardState> {
	let s = cards.get(id);
	if (!s) {
		s = signal<CardState>({ card: null, failed: false });
		cards.set(id, s);
		cardRefresh(id);
	}
	return s;
}

export function cardsRefresh(): void {
	for (const id of [...cards.keys()]) cardRefresh(id);
}

export function cardRefresh(id: string): void {
	const s = cards.get(id);
	if (!s) return;
	api.customer(id).then(
		(c) => (s.value = { card: c, failed: false }),
		() => (s.value = { card: s.peek().card, failed: true }),
	);
}

/* ---- reading marks, shared by the tabs of one person ---- */

const marks = "BroadcastChannel" in window ? new BroadcastChannel("usher-desk") : null;
marks?.addEventListener("message", (e: MessageEvent<{ read?: string }>) => {
	if (e.data.read) drop(unread, e.data.read);
});

export function markRead(conv: string): void {
	drop(unread, conv);
	const seq = convs.peek().get(conv)?.last_seq;
	if (seq) write(`read.${myId.peek()}.${conv}`, String(seq));
	marks?.postMessage({ read: conv });
}

/* After a reload nothing was counted: a conversation with news since the mark shows one. */
function recount(): void {
	const m = new Map<string, number>();
	for (const c of work.peek()) {
		const before = unread.peek().get(c.conv);
		const seen = Number(read(`read.${myId.peek()}.${c.conv}`) ?? 0);
		if (before) m.set(c.conv, before);
		else if (c.state === "active" && (c.last_seq ?? 0) > seen && c.conv !== selected.peek())
			m.set(c.conv, 1);
	}
	unread.value = m;
}

/* ---- frames ---- */

const blank = (v: unknown) =>
	v === null || v === undefined || v === 0 || v === "" || (typeof v === "object" && Object.keys(v).length === 0);

/*
 * A change may leave out what did not change, or send it empty: such fields keep their value. Those that
 * really become empty (owner, until, outcome, offer, asked, when he is mailed) are taken as they come.
 */
const cleared = new Set(["owner", "until_ms", "outcome", "offer", "asked", "why", "state", "mail_at_ms"]);
function patch<T extends object>(before: T | undefined, more: T): T {
	if (!before) return more;
	const out = { ...before } as Record<string, unknown>;
	for (const [k, v] of Object.entries(more)) if (cleared.has(k) || !blank(v)) out[k] = v;
	return out as T;
}

/* Numbers that may become zero again. */
function patchAgent(a: Agent): Agent {
	const before = agents.peek().get(a.agent) ?? (me.peek()?.agent === a.agent ? me.peek() : null);
	const all = patch(before ?? undefined, a);
	const since_ms = a.since_ms ?? (before?.presence === a.presence ? before.since_ms : serverNow_ms());
	return { ...all, used: a.used, limit: a.limit, since_ms };
}

function snapshot(s: Snapshot): void {
	const by = <T>(list: T[] | undefined, id: (x: T) => string) =>
		new Map((list ?? []).map((x) => [id(x), x]));
	const open = selected.peek();
	const openConv = open ? convs.peek().get(open) : undefined;
	const all = by([...(s.waiting ?? []), ...s.work], (c) => c.conv);
	if (open && openConv && !all.has(open)) all.set(open, openConv);
	me.value = s.me;
	durability.value = s.durability ?? null;
	mailboxes.value = s.mailboxes ?? [];
	convs.value = all;
	queues.value = by(s.queues, (q) => q.queue);
	agents.value = by(s.agents, (a) => a.agent);
	const before = offers.peek();
	offers.value = new Map();
	for (const o of s.offers) offer(o, before.get(o.offer)?.seen_ms);
	/* What was read before may have gaps now: only the open one is read at once. */
	for (const id of [...threads.keys()]) if (id !== open) threads.delete(id);
	if (open) void refresh(open);
	cardsRefresh();
	reopen();
	ready.value = true;
	recount();
}

/* What was open before a reload of this tab is open again. */
const openName = () => `usher.desk.open.${myId.peek()}`;
function reopen(): void {
	const id = selected.peek() ? null : sessionStorage.getItem(openName());
	if (id && convs.peek().has(id)) selected.value = id;
}
effect(() => {
	if (ready.value && selected.value) sessionStorage.setItem(openName(), selected.value);
});

function offer(o: Offer, seen_ms?: number): void {
	put(offers, o.offer, { ...o, seen_ms: seen_ms ?? serverNow_ms() });
	if (seen_ms !== undefined) return;
	const what = {
		name: o.name || t("conv.nobody"),
		segment: o.segment ?? "",
		queue: queueTitle(o.queue),
	};
	say(t("offers.said", what));
	blip();
	notify(t("offers.said", what), o.subject || o.text || "", o.offer);
}

/* My own message may come before the answer to the command that made it: then its bubble is known by its text. */
function recognise(m: Message): void {
	if (m.agent !== myId.peek()) return;
	const o = outgoing.peek().find(
		(x) => x.conv === m.conv && x.direction === m.direction && x.seq === undefined && x.text === m.text.trim(),
	);
	if (o) outgoing.value = outgoing.peek().map((x) => (x === o ? { ...x, seq: m.seq } : x));
}

function message(m: Message): void {
	recognise(m);
	const s = threads.get(m.conv);
	if (s) {
		s.value = { ...s.peek(), messages: merge(s.peek().messages, [m]) };
		settle(m.conv);
	}
	const c = convs.peek().get(m.conv);
	if (c && m.seq > (c.last_seq ?? 0)) put(convs, m.conv, { ...c, last_seq: m.seq });
	const answered = convs.peek().get(m.conv);
	if (m.direction === "out" && answered && !answered.first_reply_ms)
		put(convs, m.conv, { ...answered, first_reply_ms: m.at_ms });
	if (m.direction !== "in") return;
	drop(typing, m.conv);
	const watched = selected.peek() === m.conv && !document.hidden;
	if (watched) markRead(m.conv);
	else if (mine(c)) put(unread, m.conv, (unread.peek().get(m.conv) ?? 0) + 1);
	if (mine(c) || selected.peek() === m.conv)
		say(t("conv.new", { name: m.name || t("msg.customer"), text: m.text.slice(0, 120) }));
}

function conv(c: Conv): void {
	tell(c.conv);
	const before = convs.peek().get(c.conv);
	const wasMine = mine(before);
	const over = c.state === "closed" || c.state === "resolved";
	const keep = mine(c) || waits.has(c.state) || selected.peek() === c.conv || !over;
	if (keep) put(convs, c.conv, patch(before, c));
	else drop(convs, c.conv);
	/* Left my hands: go on with the next, unless it was only being looked at. */
	if (wasMine && !mine(c) && selected.peek() === c.conv) {
		if (over || c.owner !== myId.peek()) selected.value = work.peek()[0]?.conv ?? null;
	}
	if (!mine(c)) drop(unread, c.conv);
	const s = threads.get(c.conv)?.peek();
	const lastRead = s?.messages[s.messages.length - 1]?.seq ?? 0;
	if (s?.state === "ready" && (c.last_seq ?? 0) > lastRead)
		setTimeout(() => {
			const now = threads.get(c.conv)?.peek().messages;
			if (now && (now[now.length - 1]?.seq ?? 0) < (c.last_seq ?? 0)) void refresh(c.conv);
		}, 1500);
}

const received = (messages: Message[], f: Receipt) =>
	messages.map((m) => (m.seq === f.seq ? { ...m, delivery: f.delivery, why: f.why, again_ms: f.again_ms, recipients: f.recipients ?? m.recipients } : m));

function receipt(f: Receipt): void {
	const s = threads.get(f.conv);
	if (s) s.value = { ...s.peek(), messages: received(s.peek().messages, f) };
	late.get(f.conv)?.receipts.push(f);
}

function typed(id: string): void {
	const until = Date.now() + 6000;
	put(typing, id, until);
	setTimeout(() => {
		if (typing.peek().get(id) === until) drop(typing, id);
	}, 6000);
}

export function apply(f: Frame): void {
	batch(() => {
		switch (f.t) {
			case "snapshot":
				return snapshot(f);
			case "offer":
				return offer(f);
			case "offer_ended":
				return drop(offers, f.offer);
			case "message":
				return message(f);
			case "conv":
				return conv(f);
			case "receipt":
				return receipt(f);
			case "agent":
				if (f.agent === me.peek()?.agent) me.value = patchAgent(f);
				return put(agents, f.agent, patchAgent(f));
			case "queue":
				return put(queues, f.queue, { ...queues.peek().get(f.queue), ...f });
			case "card":
				return cardRefresh(f.customer);
			case "typing":
				return typed(f.conv);
			default:
				return; // hello, pong, resync: the connection's own business
		}
	});
}

export function forget(): void {
	batch(() => {
		ready.value = false;
		account.value = null;
		me.value = null;
		convs.value = new Map();
		offers.value = new Map();
		agents.value = new Map();
		queues.value = new Map();
		unread.value = new Map();
		outgoing.value = [];
		selected.value = null;
		threads.clear();
		cards.clear();
		told.clear();
	});
}

/** Figures that frames do not carry, read by the supervisor's page now and then. */
export function figures(list: Queue[]): void {
	const m = new Map(queues.peek());
	for (const q of list) m.set(q.queue, { ...m.get(q.queue), ...q });
	queues.value = m;
}

/* ---- names ---- */

/** The kind of a channel, as far as any conversation told it. */
export function kindOf(channel: string): string | null {
	for (const c of convs.value.values()) if (c.channel === channel && c.kind) return c.kind;
	return null;
}

export const queueTitle = (q: string) => queues.value.get(q)?.title || q;
export const agentName = (a: string) => agents.value.get(a)?.name || a;
export const convName = (c: { name?: string | null }) => c.name || t("conv.nobody");

export function skillsText(s: string | Record<string, number> | null | undefined): string {
	if (!s) return "";
	if (typeof s === "string") return s;
	return Object.entries(s)
		.map(([k, v]) => `${k}=${v}`)
		.join(" ");
}
