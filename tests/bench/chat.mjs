// Round trips. node chat.mjs echo PORT OPEN TRIPS | node chat.mjs usher PORT OPEN TRIPS USER PASSWORD
//
// usher: OPEN visitors have a chat with an agent; again and again one of them says something, the agent's desk gets it and answers, the visitor gets
// the answer: that is one trip, two messages on disk. echo: the same client and number of sockets against a bare echo. Prints JSON.
import WebSocket from "ws";

const [what, port, open, trips, user, password] = process.argv.slice(2);
const OPEN = Number(open);
const TRIPS = Number(trips);
const CONCURRENT = 20;
const opts = { perMessageDeflate: false };

const opened = (ws) => new Promise((resolve, reject) => (ws.once("open", resolve), ws.once("error", reject)));
const percentile = (xs, p) => xs[Math.min(xs.length - 1, Math.floor(xs.length * p))];

async function many(n, width, fn) {
	let next = 0;
	await Promise.all(Array.from({ length: width }, async () => {
		while (next < n) await fn(next++);
	}));
}

function report(times) {
	times.sort((a, b) => a - b);
	console.log(JSON.stringify({ n: times.length, p50: percentile(times, 0.5), p99: percentile(times, 0.99) }));
	process.exit(0);
}

async function echo() {
	const sockets = [];
	await many(OPEN, 50, async () => {
		const ws = new WebSocket(`ws://127.0.0.1:${port}/`, opts);
		await opened(ws);
		sockets.push(ws);
	});
	const times = [];
	await many(TRIPS, CONCURRENT, async (i) => {
		const ws = sockets[i % OPEN];
		const began = performance.now();
		await new Promise((resolve) => {
			ws.once("message", resolve);
			ws.send(`message ${i} of a customer who waits`);
		});
		times.push(performance.now() - began);
	});
	report(times);
}

async function desk() {
	const base = `http://127.0.0.1:${port}`;
	const json = { "Content-Type": "application/json", Origin: base };
	const login = await fetch(`${base}/api/v1/login`, { method: "POST", headers: json, body: JSON.stringify({ user, password }) });
	if (login.status !== 200) throw new Error(`login: ${login.status} ${await login.text()}`);
	const cookie = login.headers.get("set-cookie").split(";")[0];
	const ticket = await (await fetch(`${base}/api/v1/ticket`, { method: "POST", headers: { ...json, Cookie: cookie }, body: "{}" })).json();
	const ws = new WebSocket(`ws://127.0.0.1:${port}/desk/ws?ticket=${ticket.ticket}`, { ...opts, origin: base });
	let serial = 0;
	ws.on("message", (data) => {
		const f = JSON.parse(data);
		if (f.t === "offer") ws.send(JSON.stringify({ id: `c${++serial}`, t: "accept", offer: f.offer }));
		if (f.t === "message" && f.direction === "in" && f.text.startsWith("trip "))
			ws.send(JSON.stringify({ id: `c${++serial}`, t: "reply", conv: f.conv, text: f.text }));
		if (f.t === "error") console.error("desk:", JSON.stringify(f));
	});
	await opened(ws);
	ws.send(JSON.stringify({ id: "p", t: "presence", to: "available" }));
}

async function visitor(i, waiting) {
	const ws = new WebSocket(`ws://127.0.0.1:${port}/chat/ws`, opts);
	await opened(ws);
	ws.on("message", (data) => {
		const f = JSON.parse(data);
		if (f.t === "ack" && f.id === "first") waiting.get(`first ${i}`)?.();
		if (f.t === "msg" && f.from === "agent") waiting.get(f.text)?.();
	});
	ws.send(JSON.stringify({ t: "hello", session: null, from: 0 }));
	await new Promise((resolve) => {
		waiting.set(`first ${i}`, resolve);
		ws.send(JSON.stringify({ t: "say", id: "first", text: "hello" }));
	});
	return ws;
}

async function usher() {
	const waiting = new Map();
	await desk();
	const sockets = [];
	await many(OPEN, 50, async (i) => sockets.push(await visitor(i, waiting)));
	await new Promise((resolve) => setTimeout(resolve, 2000)); // all are offered and accepted
	const times = [];
	await many(TRIPS, CONCURRENT, async (i) => {
		const ws = sockets[i % OPEN];
		const text = `trip ${i}`;
		const began = performance.now();
		await new Promise((resolve) => {
			waiting.set(text, resolve);
			ws.send(JSON.stringify({ t: "say", id: `m${i}`, text }));
		});
		waiting.delete(text);
		times.push(performance.now() - began);
	});
	report(times);
}

await (what === "echo" ? echo() : usher());
