/*
 * The desk protocol (../PROTOCOL.md) as types. Nothing here runs. Fields that a server may leave out
 * are optional; null means "nothing applies" and is shown as a dash, never as zero.
 */
export type ConvState =
	| "scheduled"
	| "waiting"
	| "offered"
	| "active"
	| "pending"
	| "wrapup"
	| "resolved"
	| "closed"
	| "parked";
export type Presence = "available" | "away" | "offline" | "not-responding";
export type Role = "agent" | "supervisor" | "admin" | "auditor";
export type Delivery = "queued" | "sent" | "delivered" | "read" | "bounced" | "failed" | "unsure";

export interface Conv {
	conv: string;
	state: ConvState;
	owner?: string | null;
	queue: string;
	segment?: string | null;
	channel: string;
	kind?: string | null;
	customer?: string | null;
	name?: string | null;
	subject?: string | null;
	arrived_ms: number;
	/** Place in the order: arrival moved by segment and priority. Absent: arrived_ms. */
	key_ms?: number | null;
	tier?: number | null;
	until_ms?: number | null;
	outcome?: string | null;
	why?: string | null;
	last_seq?: number | null;
	first_reply_ms?: number | null;
	skills?: string | Record<string, number> | null;
	stage?: number | null;
	offer?: string | null;
	/** Of a live conversation: how far the visitor has read, whether he is connected, what he thought of it. */
	seen_seq?: number | null;
	visitor_left?: boolean | null;
	/** Where he can be mailed, and when he will be what he has not seen. */
	mail_to?: string | null;
	mail_at_ms?: number | null;
	rating?: number | null;
	/** Who is asked to take it over from me. */
	asked?: string | null;
}

export interface Offer {
	offer: string;
	conv: string;
	expires_ms: number;
	queue: string;
	segment?: string | null;
	channel: string;
	kind?: string | null;
	customer?: string | null;
	name?: string | null;
	subject?: string | null;
	text?: string | null;
	arrived_ms: number;
	skills?: string | Record<string, number> | null;
	/** Its owner, who asks me to take it over. */
	asked?: string | null;
}

export interface Agent {
	agent: string;
	name?: string | null;
	role: Role;
	presence: Presence;
	used: number;
	limit: number;
	online?: boolean;
	skills?: string | Record<string, number> | null;
	since_ms?: number | null;
	conversations?: string[];
}

export interface Level {
	answered: number;
	within: number;
	abandoned?: number;
	/** Offers that nobody answered. */
	missed?: number;
}

export interface SegmentRow {
	segment: string | null;
	waiting: number;
	longest_ms: number | null;
	levels?: Record<string, Level>;
}

export interface Queue {
	queue: string;
	title?: string | null;
	waiting: number;
	longest_ms: number | null;
	parked?: number;
	active?: number;
	open?: boolean;
	paused?: boolean;
	target_s?: number | null;
	answered?: number;
	within?: number;
	abandoned?: number;
	by_segment?: SegmentRow[];
	levels?: Record<string, Level>;
	/** The last waits, and how far off their estimates were. */
	waits?: { seen: number; p50_ms: number; p90_ms: number; bias_ms: number; mse_s2: number };
}

export interface Part {
	name: string;
	type: string;
	size: number;
	blob: string;
	cid?: string | null;
}

/** Whom a copy of a message went to, and what became of it. */
export interface Recipient {
	address: string;
	/** mail: a chat visitor who had left, mailed at at_ms. */
	role: "to" | "cc" | "bcc" | "mail";
	delivery: Delivery | "";
	why?: string | null;
	at_ms?: number;
}

/** A text of the configuration that may be put into a reply. */
export interface Template {
	name: string;
	title: string;
	text: string;
	queue?: string | null;
	language?: string | null;
	/** Kept by whoever is logged in, for himself. */
	own?: boolean;
}

export interface Message {
	conv: string;
	seq: number;
	direction: "in" | "out" | "note" | "system";
	id?: string;
	at_ms: number;
	text: string;
	/** What the channel knows beside the text: page, fields of a form ... */
	hints?: Record<string, string>;
	name?: string | null;
	agent?: string | null;
	channel?: string | null;
	subject?: string | null;
	parts?: Part[] | null;
	delivery?: Delivery | "" | null;
	why?: string | null;
	/** Queued, tried in vain: when it is tried again. */
	again_ms?: number | null;
	html?: boolean;
	/** What the text repeats of earlier mail, cut off by the server. */
	quoted?: string | null;
	/** Why the message could not be read in full. */
	quarantine?: string | null;
	/** Of a message that came in: its To and Cc as written, and our own address that it came to. */
	to?: string | null;
	cc?: string | null;
	mailbox?: string | null;
	/** Of one that went to several. */
	recipients?: Recipient[] | null;
}

export interface Suggestion {
	id: string;
	name?: string | null;
	segment?: string | null;
	/** The same address or number; wrote into the other's conversation; wrote from the address before. */
	reason: "identity" | "thread" | "typed" | "address";
	kind?: string | null;
	value?: string | null;
	verified?: boolean;
}

export interface Card {
	id: string;
	name?: string | null;
	segment?: string | null;
	lang?: string | null;
	/** Who it may be as well, and why: never what they said. */
	suggestions?: Suggestion[];
	/** Who was suggested until somebody said that it is another person. */
	dismissed?: { id: string; name?: string | null }[];
	/** Who was merged into this card, and every merge and split with who said so. */
	merged?: { id: string; name?: string | null }[];
	links?: {
		what: "merged" | "split" | "distinct" | "undistinct";
		at_ms: number;
		customer: string;
		into: string;
		agent?: string | null;
		reason?: string | null;
	}[];
	identities?: { kind: string; value: string; verified?: boolean; customer?: string }[];
	conversations?: Conv[];
}

export interface Me {
	user: { id: string; name?: string | null; role: Role; rights?: string[] };
	lang?: string | null;
	brand?: string | null;
	durability?: string | null;
}

/** What came and could not be understood. */
export interface Quarantined {
	id: string;
	conv: string;
	seq: number;
	at_ms: number;
	channel: string | null;
	from: string | null;
	subject: string | null;
	why: string;
}

/** What could not be sent. */
export interface DeadLetter {
	id: string;
	conv: string;
	seq: number;
	at_ms: number;
	channel: string | null;
	to: string | null;
	subject: string | null;
	delivery: "failed" | "bounced" | "unsure";
	why: string | null;
}

/** A channel by which a first message may be written. */
export interface Mailbox {
	channel: string;
	title: string;
	queue: string;
}

export interface Stats {
	queues?: Queue[];
	status?: {
		overload?: { level: number; refused: string[]; why: string };
		channels?: { name: string; plugin?: string; up: boolean; why?: string | null }[];
		intake?: Partial<Record<"seen" | "accepted" | "duplicate" | "quarantined" | "refused", number>>;
	};
}

export interface Snapshot {
	t: "snapshot";
	n: number;
	me: Agent;
	offers: Offer[];
	work: Conv[];
	queues: Queue[];
	agents?: Agent[];
	waiting?: Conv[];
	mailboxes?: Mailbox[];
	durability?: string | null;
	why?: string;
}

export type Frame =
	| { t: "hello"; protocol: string; version: number; server_ms: number }
	| Snapshot
	| ({ t: "offer"; n: number } & Offer)
	| { t: "offer_ended"; n: number; offer: string; conv: string; why: string; detail?: string }
	| ({ t: "message"; n: number } & Message)
	| ({ t: "conv"; n: number } & Conv)
	| { t: "receipt"; n: number; conv: string; seq: number; delivery: Delivery; why?: string | null; again_ms?: number; recipients?: Recipient[] | null }
	| ({ t: "agent"; n: number } & Agent)
	| ({ t: "queue"; n: number } & Queue)
	| { t: "card"; n: number; customer: string; conv?: string }
	| { t: "typing"; conv: string }
	| { t: "seen"; conv: string; seq: number }
	| { t: "ok"; id: string; conv?: string; seq?: number }
	| { t: "error"; id?: string; code: string; message: string }
	| { t: "resync"; why?: string }
	| { t: "pong" };

export type Command =
	| { t: "presence"; to: Presence }
	| { t: "accept"; offer: string }
	| { t: "decline"; offer: string; reason: string }
	| {
			t: "reply";
			conv: string;
			text: string;
			parts?: Omit<Part, "cid">[];
			cc?: string[];
			bcc?: string[];
			seq?: number;
			quoted_html?: string;
	  }
	| {
			t: "write";
			channel: string;
			queue: string;
			to: string;
			subject: string;
			text: string;
			name?: string;
			parts?: Omit<Part, "cid">[];
			cc?: string[];
			bcc?: string[];
	  }
	| { t: "note"; conv: string; text: string }
	| { t: "transfer"; conv: string; to: string; text?: string }
	| { t: "consult"; conv: string; to: string; text?: string }
	| { t: "resolve"; conv: string; outcome: string }
	| { t: "reopen"; conv: string }
	| { t: "take"; conv: string; agent?: string }
	| { t: "wrapup_done"; conv: string }
	| { t: "wrapup_more"; conv: string }
	| { t: "retry" | "discard"; conv: string; seq: number }
	| { t: "watch"; conv: string; on: boolean }
	| { t: "queue"; queue: string; paused: boolean }
	| { t: "merge"; customer: string; into: string; reason?: string }
	| { t: "split"; customer: string; reason?: string }
	| { t: "distinct" | "undistinct"; customer: string; into: string; reason?: string };

export type Answer =
	| { ok: true; conv?: string; seq?: number }
	| { ok: false; code: string; message: string };
