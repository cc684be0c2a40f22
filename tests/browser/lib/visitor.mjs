/*
 * A visitor on a page of somebody else, and the agent who answers: the shop with its strict policy, what is seen of the widget, a desk at
 * the control socket.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Center } from "./center.mjs";
import { until } from "./desk.mjs";

const shots = process.env.SHOTS; // a folder: leave pictures there for people to look at
const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

/** A center with the widget, and a shop on another origin that knows nothing but one line. */
export class Shop {
	static async open() {
		const shop = new Shop();
		shop.site = createServer((q, a) => {
			const u = new URL(q.url, "http://shop");
			const help = shop.center.url;
			a.setHeader("Content-Type", "text/html");
			a.setHeader("Content-Security-Policy", `default-src 'none'; script-src ${help} 'nonce-s'; connect-src ${help} ${help.replace("http", "ws")}`);
			a.end(`<!doctype html><html lang="en"><title>A shop</title><meta name="viewport" content="width=device-width"><main><h1>A shop</h1></main>
				<script nonce="s">window.usherSettings = ${u.searchParams.get("s") || "{}"}</script>
				<script async src="${help}/chat/widget.js"></script></html>`);
		});
		await new Promise((done) => shop.site.listen(0, "127.0.0.1", done));
		shop.url = `http://127.0.0.1:${shop.site.address().port}`;
		shop.center = await Center.open({ config: join(root, "tests/lib/chat.yaml"), env: { USHER_TEST_ORIGIN: shop.url } });
		return shop;
	}
	at(settings = {}, path = "/") {
		return `${this.url}${path}?s=${encodeURIComponent(JSON.stringify(settings))}`;
	}
	/** The panel, ready to write in. */
	async begin(page, settings = {}) {
		await page.goto(this.at({ lang: "en", department: "general", ...settings }));
		await inside(page, ".launch").click();
		const start = inside(page, ".slot .send");
		await until(async () => (await start.count()) || (await inside(page, ".write").isVisible()), "the panel");
		if (await start.count()) await start.click();
	}
	async close() {
		for (const agent of Agent.all) agent.close();
		this.site.closeAllConnections();
		this.site.close();
		await this.center.close();
	}
}

/** An agent at the control socket. */
export class Agent {
	static all = new Set();
	constructor(center, name) {
		Agent.all.add(this);
		this.frames = [];
		this.serial = 0;
		this.start = () => {
			this.process = spawn(join(process.env.USHER_RELEASE || join(root, "build"), "usherctl"), ["desk", name], { env: center.env() });
			this.process.stdin.on("error", () => {}); // the server was killed
			let rest = "";
			this.process.stdout.on("data", (d) => {
				const lines = (rest + d).split("\n");
				rest = lines.pop();
				for (const l of lines) if (l) this.frames.push(JSON.parse(l));
			});
		};
		this.start();
	}
	send(frame) {
		this.process.stdin.write(`${JSON.stringify(frame)}\n`);
	}
	async command(frame) {
		const id = `c${++this.serial}`;
		this.send({ id, ...frame });
		const a = await until(() => this.frames.find((f) => f.id === id), `an answer to ${frame.t}`);
		assert.equal(a.t, "ok", JSON.stringify(a));
	}
	async accept() {
		const o = await until(() => this.frames.find((f) => f.t === "offer"), "an offer");
		await this.command({ t: "accept", offer: o.offer });
		return o.conv;
	}
	said(conv) {
		return this.frames.filter((f) => f.t === "message" && f.conv === conv && f.direction === "in").map((f) => f.text);
	}
	close() {
		this.process.kill();
		Agent.all.delete(this);
	}
}

export const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
export const inside = (page, sel) => page.locator(`#usher-chat ${sel}`);
export const texts = (page, sel) => page.locator("#usher-chat").evaluate((h, s) => [...h.shadowRoot.querySelectorAll(s)].map((e) => e.textContent), sel);
export const said = (page) => texts(page, ".msg.you .text, .msg.agent .text");
export const marks = (page) => texts(page, ".mark");

export async function say(page, text) {
	const field = inside(page, ".write textarea");
	await field.fill(text);
	await field.press("Enter");
}
export const received = (page) => until(async () => /received|read|получено|прочитано/.test((await marks(page)).at(-1) ?? ""), "acknowledged");
export async function shot(page, name) {
	if (!shots) return;
	mkdirSync(shots, { recursive: true });
	await page.screenshot({ path: join(shots, `${name}.png`) });
}
