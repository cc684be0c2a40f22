/*
 * A page that an exec program serves is on the desk's host. Whoever is logged in and opens it gives it nothing: no session, no storage,
 * no script that outlasts it. With `sandbox: no` it could have all of that, which shows that the tries are good ones.
 */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Center } from "./lib/center.mjs";
import { newPage, signIn, slow, startBrowser } from "./lib/desk.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const page = `<!doctype html><title>tries</title><script>
const tries = {
	session: async () => (await (await fetch("/api/v1/me", { credentials: "include" })).text()).match(/"pia"/)[0],
	cookie: () => (document.cookie = "planted=here; path=/", document.cookie.match(/planted/)[0]),
	storage: () => (localStorage.setItem("a", "b"), "kept"),
	desk: () => new Promise((done, fail) => {
		const f = document.body.appendChild(document.createElement("iframe"));
		f.onload = () => { try { done(f.contentDocument.body.textContent.match(/"pia"/)[0]); } catch (e) { fail(e); } };
		f.src = "/api/v1/me";
	}),
	worker: async () => (await navigator.serviceWorker.register(location.pathname + "/sw.js")).scope,
	socket: () => new Promise((done, fail) => {
		const s = new WebSocket(location.origin.replace("http", "ws") + "/desk/ws");
		s.onopen = () => done("open");
		s.onerror = () => fail(new Error("refused"));
	}),
};
onload = async () => {
	const got = {};
	for (const name in tries)
		try { got[name] = String(await tries[name]()); } catch (e) { got[name] = null; }
	window.got = got;
	document.title = "done";
};
</script><body></body>`;
const program = `
import json, sys
for m in map(json.loads, sys.stdin):
    if m["t"] == "hello":
        print(json.dumps({"t": "ready", "routes": [sys.argv[1]]}), flush=True)
    elif m["t"] == "http":
        kind, body = ("text/javascript", "") if m["path"].endswith(".js") else ("text/html", ${JSON.stringify(page)})
        print(json.dumps({"t": "answer", "id": m["id"], "status": 200, "type": kind, "body": body}), flush=True)
    elif m["t"] == "ping":
        print('{"t":"pong"}', flush=True)
`;

let browser;
let center;
let place;

before(async () => {
	place = mkdtempSync(join(tmpdir(), "usher-program."));
	chmodSync(place, 0o755);
	const file = join(place, "program.py");
	writeFileSync(file, program);
	const channel = (path, more) =>
		`  ${path}: {plugin: exec, kind: form, queue: general, options: {command: [/usr/bin/python3, ${file}, /${path}]${process.getuid() === 0 ? ", user: nobody" : ""}${more}}}\n`;
	const config = join(place, "center.yaml");
	const [head, tail] = readFileSync(join(root, "tests/lib/center.yaml"), "utf8").split("channels:\n");
	writeFileSync(config, `${head}channels:\n${channel("program", "")}${channel("trusted", ", sandbox: no")}${tail}`);
	browser = await startBrowser();
	center = await Center.open({ config });
	center.user("pia", "agent", "pia-password");
});
after(async () => {
	await browser?.close();
	await center?.close();
	rmSync(place, { recursive: true, force: true });
});

test("a program's page gets nothing of whoever is logged in at the desk", slow, async () => {
	const tab = await newPage(browser);
	await signIn(tab, center.url, "pia", "pia-password");
	const tried = async (path) => {
		await tab.goto(center.url + path);
		await tab.waitForFunction(() => document.title === "done");
		return tab.evaluate(() => window.got);
	};
	const free = await tried("/trusted");
	for (const [what, got] of Object.entries(free)) assert.notEqual(got, null, `sandbox: no, and no ${what}`);
	for (const [what, got] of Object.entries(await tried("/program"))) assert.equal(got, null, what);
	await tab.context().close();
});
