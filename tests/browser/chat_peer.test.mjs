/*
 * npm's ws against the chat's protocol, frame by frame: what a program that is not our widget relies on. (tests/e2e/test_chat.py does the same with
 * python3-websockets.)
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { Center } from "./lib/center.mjs";
import { slow, until } from "./lib/desk.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
let center;
let desk; // somebody is logged in, so there is a queue to stand in

before(async () => {
	center = await Center.open({ config: join(root, "tests/lib/chat.yaml") });
	desk = spawn(join(process.env.USHER_RELEASE || join(root, "build"), "usherctl"), ["desk", "bo"], { env: center.env(), stdio: ["pipe", "pipe", "inherit"] });
	desk.stdin.write('{"id":"c1","t":"presence","to":"away"}\n');
	let said = "";
	desk.stdout.on("data", (d) => (said += d));
	await until(() => said.includes('"id":"c1"'), "the desk to be there");
});
after(async () => {
	desk?.kill();
	await center?.close();
});

class Visitor {
	constructor(options = {}) {
		this.frames = [];
		this.ws = new WebSocket(`${center.url.replace("http", "ws")}/chat/ws`, options);
		this.ws.on("message", (d) => this.frames.push(JSON.parse(d)));
		this.ws.on("close", (code) => (this.code = code));
	}
	async open(hello = {}) {
		await once(this.ws, "open");
		this.send({ t: "hello", session: null, from: 0, ...hello });
		this.session = (await this.got("welcome")).session;
		return this;
	}
	send(frame) {
		this.ws.send(typeof frame === "string" ? frame : JSON.stringify(frame));
	}
	got(t, fields = {}) {
		const fits = (f) => f.t === t && Object.entries(fields).every(([k, v]) => f[k] === v);
		return until(() => this.frames.find(fits), `${t} ${JSON.stringify(fields)} among ${JSON.stringify(this.frames.slice(-4))}`);
	}
	msgs() {
		return this.frames.filter((f) => f.t === "msg");
	}
}

test("say, acknowledged, read back, said twice, cut and resumed", slow, async () => {
	const ann = await new Visitor({ perMessageDeflate: true }).open({ name: "Ann" });
	assert.match(ann.session, /^[0-9a-z]{26}$/);
	ann.send({ t: "say", id: "m1", text: "привет 😀" });
	await ann.got("ack", { id: "m1" });
	const own = await ann.got("msg", { id: "m1" });
	assert.deepEqual([own.seq, own.from, own.text], [1, "you", "привет 😀"]);
	await ann.got("queue", { position: 1 });
	ann.send({ t: "say", id: "m1", text: "привет 😀" });
	await until(() => ann.frames.filter((f) => f.t === "ack").length === 2, "acknowledged again");
	ann.send({ t: "say", id: "m2", text: "two" });
	await ann.got("ack", { id: "m2" });
	ann.ws.terminate();
	const back = await new Visitor().open({ session: ann.session, from: 1 });
	await back.got("msg", { id: "m2" });
	assert.deepEqual(back.msgs().map((m) => m.seq), [2]);
	back.send({ t: "ping" });
	await back.got("pong");
	back.send({ t: "end" });
	await back.got("ended");
	back.send({ t: "rate", id: "r1", score: 5 });
	await back.got("rated", { score: 5 });
	back.ws.close();
	await until(() => back.code === 1005 || back.code === 1000, "closed");
});

test("what is wrong is said, and costs nothing else", slow, async () => {
	const ann = new Visitor();
	await once(ann.ws, "open");
	const wrong = async (frame, code, word) => {
		const before = ann.frames.length;
		ann.send(frame);
		const f = await until(() => ann.frames.slice(before).find((x) => x.t === "error"), `an error for ${JSON.stringify(frame).slice(0, 60)}`);
		assert.equal(f.code, code, f.message);
		assert.match(f.message, word);
	};
	await wrong("{", "invalid", /JSON/);
	await wrong("[]", "invalid", /object/);
	await wrong('{"t":"hello","t":"hello"}', "invalid", /JSON/);
	await wrong({}, "invalid", /needs t/);
	await wrong({ t: "say", id: "x", text: "early" }, "state", /hello first/);
	await wrong({ t: "hello", session: "short" }, "invalid", /session/);
	await wrong({ t: "hello", session: null, from: -1 }, "invalid", /from/);
	await wrong({ t: "hello", session: null, identity: "a.b.c" }, "identity", /token/);
	ann.send({ t: "hello", session: null });
	await ann.got("welcome");
	await wrong({ t: "hello", session: null }, "state", /already/);
	await wrong({ t: "say", text: "no id" }, "invalid", /id/);
	await wrong({ t: "say", id: "a", text: "" }, "invalid", /text/);
	await wrong({ t: "say", id: "a", text: "x".repeat(16385) }, "too_large", /16384/);
	await wrong({ t: "say", id: "a", text: "x", files: [{ name: "a" }] }, "invalid", /upload/);
	await wrong({ t: "seen" }, "invalid", /seq/);
	await wrong({ t: "rate", id: "r", score: 6 }, "invalid", /1 to 5/);
	await wrong({ t: "rate", id: "r", score: 5 }, "state", /nothing to rate/);
	await wrong({ t: "transcript", email: "x" }, "invalid", /email/);
	await wrong({ t: "dance" }, "invalid", /one of/);
	ann.send({ t: "say", id: "ok", text: "still here" });
	await ann.got("ack", { id: "ok" });
	ann.send("x".repeat(70000));
	await until(() => ann.code === 1009, "a frame beyond the limit");
});

test("two tabs agree, a binary message does not", slow, async () => {
	const one = await new Visitor().open();
	one.send({ t: "say", id: "a", text: "from one" });
	await one.got("ack", { id: "a" });
	const two = await new Visitor().open({ session: one.session });
	two.send({ t: "say", id: "b", text: "from two" });
	await one.got("msg", { id: "b" });
	await two.got("msg", { id: "b" });
	assert.deepEqual(one.msgs().map((m) => [m.seq, m.id]), two.msgs().map((m) => [m.seq, m.id]));
	two.send({ t: "end" });
	await one.got("ended");
	two.ws.send(Buffer.from([1, 2, 3]));
	await until(() => two.code === 1003, "binary refused");
	one.ws.close();
});
