/*
 * npm's ws, the client that most programs in JavaScript use, against our WebSocket server as an echo: sizes, fragments, pings, closing.
 * The cases of the protocol itself are in tests/e2e/test_websocket.py.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const build = process.env.USHER_BUILD || join(root, "build-test");
let server;
let url;

before(async () => {
	server = spawn(join(build, "tests/unit/net/unit_net_ws_peers"), ["--serve", "0"], { stdio: ["ignore", "pipe", "inherit"] });
	const [line] = await once(server.stdout, "data");
	url = `ws://${/127\.0\.0\.1:\d+/.exec(line)[0]}/`;
});
after(async () => {
	server.kill("SIGTERM");
	const [code] = await once(server, "exit");
	assert.equal(code, 0);
});

const sent = ["", "hello", "ж😀".repeat(9), "x".repeat(126), "y".repeat(65536), Buffer.alloc(300000, 255)];

for (const compress of [false, true])
	test(`npm ws is understood, compression ${compress ? "offered" : "not offered"}`, { timeout: 60000 }, async () => {
		const w = new WebSocket(url, { perMessageDeflate: compress });
		const got = [];
		let pongs = 0;
		w.on("message", (data, binary) => got.push(binary ? data : data.toString()));
		w.on("pong", (data) => {
			pongs += data.toString() === "p" ? 1 : 0;
		});
		await once(w, "open");
		assert.equal(w.extensions, "");
		for (const x of sent) w.send(x);
		w.send("frag", { fin: false });
		w.ping("p");
		w.send("ment", { fin: true });
		while (got.length <= sent.length) await once(w, "message");
		assert.deepEqual(got, [...sent, "fragment"]);
		assert.equal(pongs, 1);
		w.close(4001, "bye");
		const [code] = await once(w, "close");
		assert.equal(code, 4001);
	});
