/*
 * A small desk server that speaks src/desk/PROTOCOL.md over a seeded center, so that the browser half can be
 * seen and tested alone: lost connections, late answers, and hostile mail at will. It routes nothing cleverly
 * and keeps nothing. Tests that need a real center use usherd instead (desk.mjs takes a base URL).
 *
 *   const fake = await startFake({ web: "build/web/desk" });   fake.url, fake.offer(...), fake.say(...), fake.cut()
 *   node fake_desk.mjs WEB_DIR [PORT]                           to look at it by hand (users bo, eva; password "demo")
 */
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { extname, join, normalize } from "node:path";
import { WebSocketServer } from "ws";

const csp =
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
	"font-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const mailCsp =
	"default-src 'none'; style-src 'unsafe-inline'; img-src data: blob: https: http:; base-uri 'none'; " +
	"form-action 'none'; frame-ancestors 'self'";
const types = {
	".html": "text/html; charset=utf-8",
	".js": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml",
};
const owned = new Set(["active", "pending", "wrapup"]);
const waits = new Set(["waiting", "offered", "parked"]);

const keys = new Map(); // conversation → place in the order: premier has a head start
let made = 0;
export const id = () => `0FAKE${String(++made).padStart(6, "0")}${randomBytes(8).toString("hex").toUpperCase().slice(0, 15)}`;

export class FakeDesk {
	constructor(web) {
		this.web = web;
		this.n = 100;
		this.log = []; // every numbered frame with whom it goes to
		this.sessions = new Map(); // cookie → user id
		this.tickets = new Map();
		this.sockets = new Set();
		this.done = new Map(); // session + command id → answer
		this.commands = []; // all commands that were carried out, for tests
		this.convs = new Map();
		this.messages = new Map();
		this.html = new Map();
		this.cards = new Map();
		this.blobs = new Map();
		this.agents = new Map();
		this.queues = new Map();
		this.offers = new Map();
		this.users = new Map();
		this.refuse = new Map(); // command type → {code, message}: refused once
		this.delay_ms = 0; // before a command is carried out
		this.wrapup_ms = 30000;
		this.down = false;
		this.tries = new Map();
		this.read_ms = []; // how late the next conversations are answered
		this.requests = []; // paths that were asked for
	}

	/* ---- the center ---- */

	user(name, agent) {
		this.users.set(name, { password: "demo", lang: agent.lang });
		this.agents.set(name, {
			agent: name,
			name: agent.name,
			role: agent.role ?? "agent",
			presence: agent.presence ?? "offline",
			used: 0,
			limit: agent.limit ?? 6,
			online: agent.online ?? false,
			skills: agent.skills ?? {},
			since_ms: Date.now() - (agent.for_ms ?? 60000),
			conversations: [],
		});
	}
	queue(name, more) {
		this.queues.set(name, {
			queue: name,
			title: name,
			parked: 0,
			open: true,
			paused: false,
			target_s: 120,
			answered: 0,
			within: 0,
			abandoned: 0,
			...more,
		});
	}
	customer(more) {
		const c = { id: id(), name: null, segment: "mass", lang: "en", suggestions: [], identities: [], ...more };
		this.cards.set(c.id, c);
		return c;
	}
	conv(customer, more) {
		const c = {
			conv: id(),
			state: "waiting",
			owner: null,
			queue: "cards",
			segment: customer.segment,
			channel: "support",
			kind: "email",
			customer: customer.id,
			name: customer.name,
			subject: null,
			arrived_ms: Date.now(),
			until_ms: null,
			outcome: null,
			last_seq: 0,
			first_reply_ms: null,
			skills: "",
			stage: 0,
			...more,
		};
		keys.set(c.conv, c.arrived_ms - (c.segment === "premier" ? 120000 : 0));
		this.convs.set(c.conv, c);
		this.messages.set(c.conv, []);
		return c;
	}
	/** Adds a message; pushes it to whoever owns the conversation. */
	say(conv, more) {
		const list = this.messages.get(conv.conv);
		const m = {
			conv: conv.conv,
			seq: list.length + 1,
			id: id(),
			direction: "in",
			at_ms: Date.now(),
			text: "",
			name: conv.name,
			agent: null,
			channel: conv.channel,
			subject: null,
			parts: [],
			delivery: null,
			html: false,
			...more,
		};
		if (more.html_body !== undefined) {
			this.html.set(`${conv.conv}/${m.seq}`, more.html_body);
			m.html = true;
			delete m.html_body;
		}
		list.push(m);
		conv.last_seq = m.seq;
		this.push({ t: "message", ...m }, (u) => u === conv.owner || this.watching(u, conv.conv));
		if (m.direction === "in" && conv.state === "pending") {
			conv.state = "active";
			this.changed(conv);
		}
		return m;
	}
	watching(user, conv) {
		return [...this.sockets].some((s) => s.user === user && s.watch.has(conv));
	}
	offer(conv, user, left_ms = 20000) {
		const o = {
			offer: id(),
			conv: conv.conv,
			expires_ms: Date.now() + left_ms,
			queue: conv.queue,
			segment: conv.segment,
			channel: conv.channel,
			kind: conv.kind,
			customer: conv.customer,
			name: conv.name,
			subject: conv.subject,
			text: this.messages.get(conv.conv).find((m) => m.direction === "in")?.text ?? "",
			arrived_ms: conv.arrived_ms,
			skills: conv.skills,
		};
		this.offers.set(o.offer, { ...o, user });
		conv.state = "offered";
		conv.offer = o.offer;
		this.push({ t: "offer", ...o }, (u) => u === user);
		this.changed(conv);
		setTimeout(() => this.offers.has(o.offer) && this.endOffer(o.offer, "missed"), left_ms).unref();
		return o;
	}
	endOffer(offer, why) {
		const o = this.offers.get(offer);
		this.offers.delete(offer);
		const conv = this.convs.get(o.conv);
		conv.offer = null;
		this.push({ t: "offer_ended", offer, conv: o.conv, why, detail: "" }, (u) => u === o.user);
		if (why === "accepted") return;
		conv.state = "waiting";
		this.changed(conv);
		if (why === "missed") {
			const a = this.agents.get(o.user);
			a.presence = "not-responding";
			this.push({ t: "agent", ...a }, () => true);
		}
	}
	supervisor(u) {
		return this.agents.get(u)?.role !== "agent";
	}
	changed(conv, before) {
		this.push({ t: "conv", ...conv }, (u) => u === conv.owner || u === before || this.supervisor(u));
		const q = this.queueView(conv.queue);
		if (q) this.push({ t: "queue", ...q }, () => true);
		for (const who of new Set([conv.owner, before]))
			if (who) this.push({ t: "agent", ...this.agentView(who) }, () => true);
	}
	agentView(name) {
		const a = this.agents.get(name);
		const mine = [...this.convs.values()].filter((c) => c.owner === name && owned.has(c.state));
		a.used = mine.length;
		a.conversations = mine.map((c) => c.conv);
		return a;
	}
	queueView(name) {
		const q = this.queues.get(name);
		if (!q) return null;
		const here = [...this.convs.values()].filter((c) => c.queue === name);
		const w = here.filter((c) => waits.has(c.state));
		const longest = (list) => (list.length ? Date.now() - Math.min(...list.map((c) => c.arrived_ms)) : null);
		const segments = [...new Set(w.map((c) => c.segment))];
		return Object.assign(q, {
			waiting: w.length,
			longest_ms: longest(w),
			active: here.filter((c) => owned.has(c.state)).length,
			parked: w.filter((c) => c.state === "parked").length,
			by_segment: segments.map((segment) => {
				const of = w.filter((c) => c.segment === segment);
				return { segment, waiting: of.length, longest_ms: longest(of) };
			}),
		});
	}

	/* ---- frames ---- */

	push(frame, to) {
		const n = ++this.n;
		const text = JSON.stringify({ n, ...frame });
		this.log.push({ n, text, to });
		for (const s of this.sockets) if (s.live && to(s.user)) s.send(text);
	}
	snapshot(user, why) {
		const all = [...this.convs.values()];
		return JSON.stringify({
			t: "snapshot",
			n: this.n,
			me: this.agentView(user),
			offers: [...this.offers.values()].filter((o) => o.user === user).map(({ user: _, ...o }) => o),
			work: all.filter((c) => c.owner === user && owned.has(c.state)),
			queues: [...this.queues.keys()].map((q) => this.queueView(q)),
			agents: [...this.agents.keys()].map((a) => this.agentView(a)),
			...(this.supervisor(user) ? { waiting: all.filter((c) => waits.has(c.state)) } : {}),
			kinds: ["email", "chat", "form"],
			durability: "always",
			...(why ? { why } : {}),
		});
	}
	connect(socket, user, session) {
		socket.user = user;
		socket.session = session;
		socket.watch = new Set();
		socket.live = false;
		this.sockets.add(socket);
		const a = this.agents.get(user);
		a.online = true;
		const begin = (why) => {
			if (socket.live) return;
			socket.live = true;
			socket.send(this.snapshot(user, why));
		};
		const timer = setTimeout(begin, 100);
		socket.on("close", () => {
			clearTimeout(timer);
			this.sockets.delete(socket);
			a.online = [...this.sockets].some((s) => s.user === user);
		});
		socket.on("message", (data) => {
			const f = JSON.parse(data.toString());
			if (f.t === "resume" && !socket.live) {
				clearTimeout(timer);
				if (f.from < 100 || f.from > this.n) return begin("resync");
				socket.live = true;
				for (const e of this.log) if (e.n > f.from && e.to(user)) socket.send(e.text);
				return;
			}
			if (!socket.live) {
				clearTimeout(timer);
				begin();
			}
			if (f.t === "ping") return socket.send('{"t":"pong"}');
			if (!f.id) return;
			setTimeout(() => this.command(socket, f), this.delay_ms);
		});
		socket.send(JSON.stringify({ t: "hello", protocol: "usher-desk", version: 1, server_ms: Date.now() }));
	}
	command(socket, f) {
		const key = `${socket.session}/${f.id}`;
		let answer = this.done.get(key);
		if (!answer) {
			const refused = this.refuse.get(f.t);
			this.refuse.delete(f.t);
			answer = refused ? { t: "error", ...refused } : this.carryOut(socket, f);
			this.done.set(key, answer);
			if (answer.t === "ok") this.commands.push(f);
		}
		if (socket.readyState === socket.OPEN) socket.send(JSON.stringify({ ...answer, id: f.id }));
	}
	carryOut(socket, f) {
		const no = (code, message) => ({ t: "error", code, message });
		const user = socket.user;
		const conv = this.convs.get(f.conv);
		const mine = conv?.owner === user;
		switch (f.t) {
			case "presence": {
				const a = this.agents.get(user);
				a.presence = f.to;
				a.since_ms = Date.now();
				this.push({ t: "agent", ...this.agentView(user) }, () => true);
				return { t: "ok" };
			}
			case "accept": {
				const o = this.offers.get(f.offer);
				if (!o || o.user !== user) return no("state", "the offer is over");
				const c = this.convs.get(o.conv);
				c.state = "active";
				c.owner = user;
				this.endOffer(f.offer, "accepted");
				this.changed(c);
				return { t: "ok", conv: c.conv };
			}
			case "decline":
				if (!this.offers.has(f.offer)) return no("state", "the offer is over");
				this.endOffer(f.offer, "declined");
				return { t: "ok" };
			case "reply":
			case "note": {
				if (!mine) return no("forbidden", "the conversation is not yours");
				const out = f.t === "reply";
				const m = this.say(conv, {
					direction: out ? "out" : "note",
					text: f.text,
					agent: user,
					name: this.agents.get(user).name,
					parts: f.parts ?? [],
					delivery: out ? "queued" : null,
				});
				if (out) {
					conv.first_reply_ms ??= Date.now();
					conv.state = "pending";
					this.changed(conv);
					setTimeout(() => {
						m.delivery = "sent";
						this.push({ t: "receipt", conv: conv.conv, seq: m.seq, delivery: "sent", why: "" }, (u) => u === conv.owner);
					}, 150).unref();
				}
				return { t: "ok", conv: conv.conv, seq: m.seq };
			}
			case "retry": {
				const m = this.messages.get(f.conv)?.find((x) => x.seq === f.seq);
				if (!m) return no("unknown", "no such message");
				m.delivery = "sent";
				this.push({ t: "receipt", conv: f.conv, seq: f.seq, delivery: "sent", why: "" }, (u) => u === conv.owner);
				return { t: "ok" };
			}
			case "transfer": {
				if (!mine) return no("forbidden", "the conversation is not yours");
				if (f.text) this.say(conv, { direction: "note", text: f.text, agent: user });
				const [kind, name] = f.to.split(":");
				conv.owner = null;
				conv.state = "waiting";
				if (kind === "queue") conv.queue = name;
				this.changed(conv, user);
				if (kind === "agent") this.offer(conv, name);
				return { t: "ok", conv: conv.conv };
			}
			case "consult": {
				if (!mine) return no("forbidden", "the conversation is not yours");
				if (f.text) this.say(conv, { direction: "note", text: f.text, agent: user });
				conv.asked = f.to.split(":")[1];
				this.changed(conv);
				return { t: "ok", conv: conv.conv };
			}
			case "resolve":
				if (!mine) return no("forbidden", "the conversation is not yours");
				conv.state = "wrapup";
				conv.outcome = f.outcome;
				conv.until_ms = Date.now() + this.wrapup_ms;
				this.changed(conv);
				return { t: "ok", conv: conv.conv };
			case "wrapup_more":
				conv.until_ms += 60000;
				this.changed(conv);
				return { t: "ok" };
			case "wrapup_done":
				conv.state = "resolved";
				conv.until_ms = null;
				this.changed(conv, user);
				return { t: "ok" };
			case "reopen":
			case "take": {
				if (!conv) return no("unknown", "no such conversation");
				const before = conv.owner;
				if (conv.offer) this.endOffer(conv.offer, "revoked");
				conv.owner = f.agent ?? user;
				conv.state = "active";
				conv.outcome = null;
				this.changed(conv, before);
				return { t: "ok", conv: conv.conv };
			}
			case "watch":
				if (f.on) socket.watch.add(f.conv);
				else socket.watch.delete(f.conv);
				return { t: "ok" };
			case "merge":
			case "split": {
				const into = f.t === "merge" ? f.into : this.linked;
				const to = this.cards.get(into) ?? {};
				const from = this.cards.get(f.customer);
				if (!from) return no("unknown", "there is no such customer");
				this.linked = into;
				const line = { at_ms: Date.now(), customer: f.customer, into, agent: user, reason: f.reason ?? "" };
				to.merged = f.t === "merge" ? [{ id: f.customer, name: from.name }] : [];
				to.links = [...(to.links ?? []), { what: f.t === "merge" ? "merged" : "split", ...line }];
				from.merged = to.merged;
				from.links = to.links;
				from.suggestions = f.t === "merge" ? [] : [{ id: into, name: to.name, reason: "thread", verified: false }];
				return { t: "ok" };
			}
			case "queue":
				this.queues.get(f.queue).paused = f.paused;
				this.push({ t: "queue", ...this.queueView(f.queue) }, () => true);
				return { t: "ok" };
			default:
				return no("invalid", `no command '${f.t}'`);
		}
	}

	/* ---- HTTP ---- */

	async http(req, res) {
		const url = new URL(req.url, "http://fake");
		const json = (status, body, headers = {}) => {
			const problem = status >= 400;
			res.writeHead(status, { "Content-Type": problem ? "application/problem+json" : "application/json", ...headers });
			res.end(JSON.stringify(body));
		};
		if (this.down) return req.socket.destroy();
		this.requests.push(url.pathname);
		if (url.pathname === "/desk") return res.writeHead(301, { Location: "/desk/" }).end();
		if (url.pathname.startsWith("/desk/")) return this.file(url.pathname.slice(6) || "index.html", res);
		if (!url.pathname.startsWith("/api/v1/")) return json(404, { title: "Not found" });
		const body = await new Promise((done) => {
			const parts = [];
			req.on("data", (d) => parts.push(d));
			req.on("end", () => done(Buffer.concat(parts)));
		});
		const path = url.pathname.slice(8).split("/").map(decodeURIComponent);
		if (path[0] === "login") {
			const { user, password } = JSON.parse(body.toString());
			const tries = (this.tries.get(user) ?? 0) + 1;
			this.tries.set(user, tries);
			if (tries > 5) return json(429, { title: "Too many tries" }, { "Retry-After": "12" });
			if (this.users.get(user)?.password !== password) return json(401, { title: "Wrong name or password" });
			this.tries.delete(user);
			const session = randomBytes(16).toString("hex");
			this.sessions.set(session, user);
			return json(200, { user: { id: user } }, {
				"Set-Cookie": `usher_session=${session}; HttpOnly; SameSite=Strict; Path=/`,
			});
		}
		const session = /usher_session=(\w+)/.exec(req.headers.cookie ?? "")?.[1];
		const user = this.sessions.get(session);
		if (!user) return json(401, { title: "Log in first" });
		const agent = this.agents.get(user);
		const conv = path[0] === "conversations" ? this.convs.get(path[1]) : undefined;
		if (path[0] === "conversations" && !conv) return json(404, { title: "No such conversation" });
		switch (path[0]) {
			case "me":
				return json(200, {
					user: { id: user, name: agent.name, role: agent.role, rights: agent.role === "auditor" ? [] : ["merge"] },
					lang: this.users.get(user).lang ?? null,
					brand: "Northbank",
					durability: "always",
				});
			case "logout":
				this.sessions.delete(session);
				return json(200, {});
			case "ticket": {
				const ticket = randomBytes(12).toString("hex");
				this.tickets.set(ticket, { user, session });
				return json(200, { ticket });
			}
			case "conversations": {
				if (path[2] === "explain") return json(200, this.explain(conv));
				if (path[2] === "messages") {
					res.writeHead(200, { "Content-Type": "text/plain; charset=utf-8" });
					return res.end(this.html.get(`${conv.conv}/${path[3]}`) ?? "");
				}
				const after = Number(url.searchParams.get("after") ?? 0);
				const limit = Number(url.searchParams.get("limit") ?? 100);
				const messages = this.messages.get(conv.conv).filter((m) => m.seq > after).slice(0, limit);
				const answer = structuredClone({ conv, messages });
				await new Promise((done) => setTimeout(done, this.read_ms.shift() ?? 0));
				return json(200, answer);
			}
			case "customers": {
				const card = this.cards.get(path[1]);
				if (!card) return json(404, { title: "No such customer" });
				const conversations = [...this.convs.values()].filter((c) => c.customer === card.id);
				return json(200, { ...card, conversations });
			}
			case "blobs": {
				if (req.method === "POST") {
					const blob = randomBytes(16).toString("hex");
					this.blobs.set(blob, { body, type: url.searchParams.get("type") });
					return json(201, { blob, size: body.length });
				}
				const b = this.blobs.get(path[1]);
				if (!b) return json(404, { title: "No such file" });
				res.writeHead(200, {
					"Content-Type": b.type,
					"Content-Disposition": "attachment",
					"X-Content-Type-Options": "nosniff",
					"Content-Security-Policy": "sandbox",
				});
				return res.end(b.body);
			}
			case "queues": {
				const line = [...this.convs.values()]
					.filter((c) => c.queue === path[1] && waits.has(c.state))
					.sort((a, b) => keys.get(a.conv) - keys.get(b.conv));
				return json(200, { waiting: line.length, conversations: line.map((c, i) => ({ id: c.conv, position: i + 1 })) });
			}
			case "stats":
				return json(200, {
					queues: [...this.queues.keys()].map((q) => this.queueView(q)),
					status: {
						intake: { seen: 412, accepted: 398, duplicate: 9, quarantined: 1, refused: 4 },
						channels: [
							{ name: "support", plugin: "email", up: true },
							{ name: "site", plugin: "chat", up: true },
							{ name: "contact", plugin: "form", up: false, why: "the listener's port is taken" },
						],
					},
				});
			default:
				return json(404, { title: "Not found" });
		}
	}
	explain(conv) {
		return {
			conv: conv.conv,
			state: conv.state,
			queue: conv.queue,
			rank: 1 + [...this.convs.values()].filter((c) => c.queue === conv.queue && waits.has(c.state) && keys.get(c.conv) < keys.get(conv.conv)).length,
			stage: 0,
			stages: 2,
			requires: "ru=50 cards=20",
			next_stage_ms: Date.now() + 95000,
			agents: { bo: "capacity", kim: "skills", lea: "presence", max: "skills" },
			failing: { skills: 2, capacity: 1, presence: 1 },
			would_change: "the agent finishes something",
			waited_ms: Date.now() - conv.arrived_ms,
		};
	}
	async file(name, res) {
		const path = normalize(join(this.web, name));
		try {
			if (!path.startsWith(normalize(this.web))) throw new Error("outside");
			const body = await readFile(path);
			const type = types[extname(path)] ?? "application/octet-stream";
			const policy = name === "mail.html" ? mailCsp : csp;
			res.writeHead(200, {
				"Content-Type": type,
				"X-Content-Type-Options": "nosniff",
				...(type.startsWith("text/html") ? { "Content-Security-Policy": policy } : {}),
			});
			res.end(body);
		} catch {
			res.writeHead(404).end();
		}
	}

	/* ---- faults ---- */

	/** Every desk loses its connection; `down`: and cannot come back until up(). */
	cut(down = false) {
		this.down = down;
		for (const s of this.sockets) s.terminate();
	}
	up() {
		this.down = false;
	}

	listen(port = 0) {
		const wss = new WebSocketServer({ noServer: true });
		this.server = createServer((req, res) => void this.http(req, res));
		this.server.on("upgrade", (req, socket, head) => {
			if (this.down) return socket.destroy();
			const url = new URL(req.url, "http://fake");
			const ticket = this.tickets.get(url.searchParams.get("ticket"));
			this.tickets.delete(url.searchParams.get("ticket"));
			wss.handleUpgrade(req, socket, head, (ws) => {
				if (!ticket) return ws.close(4401, "no ticket");
				this.connect(ws, ticket.user, ticket.session);
			});
		});
		return new Promise((done) =>
			this.server.listen(port, "127.0.0.1", () => {
				this.url = `http://127.0.0.1:${this.server.address().port}`;
				done(this);
			}),
		);
	}
	close() {
		this.cut();
		this.server.closeAllConnections?.();
		return new Promise((done) => this.server.close(done));
	}
}

/** A small bank with a morning's work. */
export function seed(f) {
	const now = Date.now();
	const min = 60000;
	f.user("bo", { name: "Bo Larsen", skills: { en: 80, cards: 60 }, for_ms: 42 * min });
	f.user("eva", { name: "Eva Stern", role: "supervisor", skills: { en: 90, ru: 70 }, for_ms: 90 * min });
	f.user("kim", { name: "Kim Tran", presence: "available", online: true, skills: { en: 70, ru: 20, loans: 50 }, for_ms: 12 * min });
	f.user("lea", { name: "Lea Orlova", presence: "away", online: true, skills: { ru: 95, cards: 80 }, for_ms: 6 * min });
	f.user("max", { name: "Max Weber", presence: "not-responding", online: true, skills: { en: 60 }, for_ms: 2 * min });
	f.user("tom", { name: "Tom Adeyemi", skills: { en: 75, loans: 80 } });
	f.queue("cards", { title: "Cards", answered: 214, within: 189, abandoned: 6, target_s: 120 });
	f.queue("loans", { title: "Loans", answered: 61, within: 40, abandoned: 9, target_s: 300 });
	f.queue("general", { title: "General questions", target_s: 600 });
	f.queue("night", { title: "Night desk", open: false, target_s: null });

	const anna = f.customer({
		name: "Anna Petrova",
		segment: "premier",
		lang: "ru",
		identities: [
			{ kind: "email", value: "anna.petrova@example.org", verified: true },
			{ kind: "phone", value: "+7 916 555-01-42", verified: true },
			{ kind: "phone", value: "+351 21 000 0000", verified: false },
		],
	});
	const past = f.conv(anna, { state: "closed", outcome: "solved", subject: "Travel notice for March", arrived_ms: now - 12 * 24 * 60 * min, first_reply_ms: now - 12 * 24 * 60 * min + 4 * min });
	f.say(past, { text: "I fly to Lisbon on Monday. Please note that on my card.", at_ms: past.arrived_ms, subject: past.subject });
	f.say(past, { direction: "out", text: "Done. Have a good flight!", agent: "kim", name: "Kim Tran", at_ms: past.first_reply_ms, delivery: "sent" });
	const old = f.conv(anna, { state: "closed", outcome: "solved", kind: "chat", channel: "site", queue: "general", arrived_ms: now - 40 * 24 * 60 * min });
	f.say(old, { text: "Hi! Which branch is open on Saturday?", at_ms: old.arrived_ms });

	const fee = f.conv(anna, { state: "active", owner: "bo", subject: "A fee I do not understand", arrived_ms: now - 3 * min - 20000, skills: "cards=20 en=50" });
	f.say(fee, { direction: "system", text: "Arrived by support, segment premier, queue Cards", at_ms: fee.arrived_ms - 26 * 60 * min });
	f.say(fee, {
		at_ms: fee.arrived_ms - 26 * 60 * min,
		subject: fee.subject,
		text:
			"Hello,\n\nyesterday 14.90 were taken from my card ending 4021, marked “SRV FEE”. I have no idea what this is for, my package should be free. " +
			"Could you look into it and give it back if it was a mistake?\n\nThe statement is attached. See also https://bank.example/fees for what I read.\n\nKind regards,\nAnna Petrova\n\n" +
			"On Mon, 2 Nov 2026 at 10:11, Northbank <support@northbank.example> wrote:\n> Dear customer,\n> your monthly statement is ready.\n> Northbank",
		html_body: demoMail,
		parts: [{ name: "statement-october.pdf", type: "application/pdf", size: 182344, blob: "a1b2", cid: null }],
	});
	f.say(fee, { direction: "note", agent: "kim", name: "Kim Tran", text: "She called last month about the same fee. The package was changed on 1 October, see the product page.", at_ms: fee.arrived_ms - 60000 });
	f.say(fee, { at_ms: fee.arrived_ms, channel: "site", text: "I wrote you a mail about a fee, is somebody looking at it?" });

	const jon = f.customer({
		name: "Jonas Lindqvist",
		segment: "mass",
		identities: [{ kind: "chat", value: "visitor 90ab", verified: false }],
		suggestions: [
			{ id: "C2", name: "Jonas E. Lindqvist", segment: "premier", reason: "identity", kind: "email", value: "jonas@lindqvist.test", verified: true },
		],
	});
	const card = f.conv(jon, { state: "pending", owner: "bo", kind: "chat", channel: "site", subject: "Card blocked abroad", arrived_ms: now - 11 * min, first_reply_ms: now - 10 * min });
	f.say(card, { text: "my card does not work here", at_ms: now - 11 * min });
	f.say(card, { text: "i am in Oslo, need to pay the hotel", at_ms: now - 11 * min + 20000 });
	f.say(card, { direction: "out", text: "Hello Jonas, I am looking at it now. Did you get a message with a code?", agent: "bo", at_ms: now - 10 * min, delivery: "read" });
	f.say(card, { direction: "out", text: "I sent the form by mail as well.", agent: "bo", at_ms: now - 9 * min, delivery: "failed", why: "550 mailbox unavailable", channel: "support" });
	card.state = "pending";

	const mira = f.customer({ name: "Mira Novak", segment: "youth", identities: [{ kind: "email", value: "mira@example.net", verified: true }] });
	const app = f.conv(mira, { state: "wrapup", owner: "bo", kind: "form", channel: "contact", queue: "general", subject: "Student account", arrived_ms: now - 21 * min, first_reply_ms: now - 15 * min, outcome: "solved", until_ms: now + 600000 });
	f.say(app, { text: "How do I turn my youth account into a student account?", at_ms: app.arrived_ms });
	f.say(app, { direction: "out", text: "Here is how: open Settings, choose Account type, then Student.", agent: "bo", at_ms: app.first_reply_ms, delivery: "sent" });

	const names = [
		["Piotr Zielinski", "premier", "loans", "email", "Early repayment of my mortgage", 8],
		["Sara Haddad", "mass", "cards", "chat", "PIN forgotten", 4],
		["Oleg Smirnov", "mass", "cards", "email", "Кэшбэк не начислен", 3],
		["Chen Li", "youth", "general", "form", "Opening hours", 2],
		[null, "mass", "loans", "chat", "Loan for a used car", 1],
	];
	for (const [name, segment, queue, kind, subject, ago] of names) {
		const c = f.customer({ name, segment });
		const channel = kind === "email" ? "support" : kind === "chat" ? "site" : "contact";
		const v = f.conv(c, { queue, kind, channel, subject, arrived_ms: now - ago * min, state: name ? "waiting" : "parked", skills: "ru=50" });
		f.say(v, { text: `${subject}. Could you help me with this?`, at_ms: v.arrived_ms });
	}
	return { anna, fee, past, jon, card, mira, app };
}

const demoMail =
	'<html><head><style>.box{border:1px solid #ccd;border-radius:8px;padding:12px;background:#f6f7fb}</style></head><body bgcolor="#ffffff">' +
	'<p style="color:#334">Hello,</p><p>yesterday <b style="color:#a00">14.90</b> were taken from my card ending 4021, marked “SRV FEE”.</p>' +
	'<div class="box">I have <i>no idea</i> what this is for, my package should be free.</div>' +
	'<p><img src="https://pictures.example/logo.png" alt="logo" width="80"> Kind regards,<br>Anna Petrova</p></body></html>';

export async function startFake({ web, port = 0, seeded = true }) {
	const f = new FakeDesk(web);
	f.seed = seeded ? seed(f) : null;
	return f.listen(port);
}

if (process.argv[1]?.endsWith("fake_desk.mjs")) {
	const f = await startFake({ web: process.argv[2] ?? "dist", port: Number(process.argv[3] ?? 0) });
	console.log(`fake desk: ${f.url}/desk/ (bo or eva, password demo)`);
}
