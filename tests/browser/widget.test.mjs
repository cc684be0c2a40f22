/*
 * What a visitor expects of any chat and sees only when it is missing: what is written stays, what was read is not counted again, times and days,
 * links, files by paste and drop and once more, a long history. And that nothing is lost in it, whatever happens to the server, the network or the page.
 * ROUNDS=20 for the long form of the last.
 */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { axe, closePages, newPage, slow, startBrowser, until } from "./lib/desk.mjs";
import { Agent, inside, marks, png, received, said, say, Shop, shot, texts } from "./lib/visitor.mjs";

const rounds = Number(process.env.ROUNDS || 3);
let browser;
let shop;

before(async () => {
	browser = await startBrowser();
});
beforeEach(async () => {
	shop = await Shop.open();
});
afterEach(async () => {
	await closePages(browser);
	await shop.close();
});
after(() => browser?.close());

/** An agent who talks with that visitor already. */
async function talk(page, first) {
	const bo = new Agent(shop.center, "bo");
	await bo.command({ t: "presence", to: "available" });
	await shop.begin(page);
	await say(page, first);
	await received(page);
	return [bo, await bo.accept()];
}
const field = (page) => inside(page, ".write textarea");
const log = (page, what) => page.locator("#usher-chat").evaluate((h, f) => new Function("log", `return ${f}`)(h.shadowRoot.querySelector(".log")), what);

/** As a person would: files onto the panel, or from the clipboard. */
function bring(page, how, files, text = "") {
	return page.locator("#usher-chat").evaluate(
		(host, [kind, list, words]) => {
			const data = new DataTransfer();
			for (const [name, bytes] of list) data.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, { type: "image/png" }));
			if (words) data.setData("text/plain", words);
			const at = host.shadowRoot.querySelector(kind === "paste" ? ".write textarea" : ".log");
			const say = (type) => at.dispatchEvent(type === "paste" ? new ClipboardEvent(type, { clipboardData: data, bubbles: true, cancelable: true }) : new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true, composed: true }));
			if (kind === "paste") say("paste");
			else say("dragover"), say("drop");
		},
		[how, files, text],
	);
}

test("what is being written outlives a reload; what was read is not counted again", slow, async () => {
	const page = await newPage(browser);
	const [bo, conv] = await talk(page, "hello");
	await bo.command({ t: "reply", conv, text: "read at once" });
	await until(async () => (await said(page)).includes("read at once"), "the answer");
	await field(page).fill("half a sent");
	await page.goto(shop.at({ lang: "en" }, "/another-page"));
	await until(async () => (await said(page)).length === 2, "the history");
	assert.equal(await inside(page, ".badge").isVisible(), false);
	await bo.command({ t: "reply", conv, text: "this one is new" });
	await inside(page, ".badge").getByText("1").waitFor();
	await page.reload();
	await inside(page, ".badge").getByText("1").waitFor();
	await inside(page, ".launch").click();
	assert.equal(await field(page).inputValue(), "half a sent");
	await field(page).press("Enter");
	await received(page);
	await page.reload();
	await inside(page, ".launch").click();
	assert.equal(await field(page).inputValue(), "");
	assert.deepEqual(page.problems, []);
});

test("what must be said before the first word is asked for until there is one", slow, async () => {
	const page = await newPage(browser);
	const email = inside(page, ".slot input[type=email]");
	await page.goto(`${shop.center.url}/strict/`);
	await email.waitFor();
	await email.fill("ann@x.org");
	await inside(page, ".slot .send").click();
	await field(page).waitFor();
	await until(() => page.evaluate(() => localStorage.getItem("usher:" + location.origin + "/strict")), "a session");
	await page.reload(); // nothing was said yet, and nothing of the form is kept here
	await email.fill("ann@x.org");
	await inside(page, ".slot .send").click();
	await say(page, "hello");
	await received(page);
	await page.reload();
	await until(async () => (await said(page)).includes("hello"), "the history");
	assert.equal(await email.count(), 0);
	assert.ok(await field(page).isVisible());
	assert.deepEqual(page.problems, []);
});

test("what must be said and cannot be asked for is not tried again and again", slow, async () => {
	const page = await newPage(browser);
	let lines = 0;
	page.on("websocket", () => lines++);
	await page.route("**/settings.json", (route) => route.abort());
	await page.goto(`${shop.center.url}/strict/`);
	await until(() => lines > 0, "a hello");
	await page.waitForTimeout(3000);
	assert.ok(lines <= 2, `${lines} connections`);
});

test("what is not sent yet stays below what was said before and since", slow, async () => {
	const page = await newPage(browser);
	const [bo, conv] = await talk(page, "one");
	await page.context().setOffline(true);
	await say(page, "three");
	await say(page, "four");
	await page.goto("about:blank");
	await page.context().setOffline(false);
	let held = []; // what the page says does not get out until it may
	let server = null;
	await page.routeWebSocket(/\/chat\/ws$/, (ws) => {
		server = ws.connectToServer();
		ws.onMessage((m) => (held && JSON.parse(m).t === "say" ? held.push(m) : server.send(m)));
	});
	await page.goto(shop.at({ lang: "en", open: true }));
	await until(() => held.length === 1, "it was said again");
	assert.deepEqual(await said(page), ["one", "three", "four"]);
	await bo.command({ t: "reply", conv, text: "two" });
	await until(async () => (await said(page)).length === 4, "the answer");
	assert.deepEqual(await said(page), ["one", "two", "three", "four"]);
	const late = held;
	held = null;
	late.forEach((m) => server.send(m));
	await until(async () => (await marks(page)).at(-1) === "received", "all received");
	assert.deepEqual(await said(page), ["one", "two", "three", "four"]);
	assert.deepEqual(page.problems, []);
});

test("twice as large, in a low window: every form can be reached, the head stays, the focus is never lost", slow, async () => {
	const page = await newPage(browser, { width: 640, height: 360, deviceScaleFactor: 2, dark: true });
	const whole = async (what) => {
		const [panel, head] = [await inside(page, ".panel").boundingBox(), await inside(page, ".head").boundingBox()];
		assert.ok(head.y >= panel.y && head.height > 40, `${what}: the head is gone: ${JSON.stringify([panel, head])}`);
		const focus = await page.locator("#usher-chat").evaluate((h) => h.shadowRoot.activeElement?.tagName);
		assert.ok(focus, `${what}: the focus is lost`);
		await shot(page, `low-${what}`);
		assert.deepEqual(await axe(page), [], what);
	};
	await page.goto(shop.at({ lang: "en" }));
	await inside(page, ".launch").click();
	await inside(page, ".slot .send").focus();
	await whole("before");
	const [bo, conv] = await talk(page, "hello");
	await bo.command({ t: "reply", conv, text: "Hi" });
	await until(async () => (await said(page)).length === 2, "the answer");
	await inside(page, 'button[title="End the conversation"]').click();
	await inside(page, ".ask button").last().focus();
	await whole("end");
	await inside(page, ".ask button").first().click();
	await inside(page, '.stars input[value="4"]').click();
	await inside(page, ".slot .send").click();
	await inside(page, '.slot input[type="email"]').waitFor();
	await whole("mail");
	await inside(page, ".slot button").last().click(); // no, thank you
	await whole("over");
});

test("names once, times, days, links that are links and nothing else", slow, async () => {
	const page = await newPage(browser, { width: 390, height: 844 });
	const [bo, conv] = await talk(page, "hello");
	const words = "See https://shop.example/a_(b)?q=1&r=<2>, http://x.org. javascript:alert(1) https://evil.example/\u202Egpj.exe";
	await bo.command({ t: "reply", conv, text: words });
	await bo.command({ t: "reply", conv, text: "one more" });
	await until(async () => (await said(page)).length === 3, "both answers");
	assert.equal((await said(page))[1], words); // not a letter is changed
	const links = await page.locator("#usher-chat").evaluate((h) => [...h.shadowRoot.querySelectorAll(".text a")].map((a) => [a.href, a.textContent, a.target, a.rel]));
	assert.deepEqual(links.map((l) => l[1]), ["https://shop.example/a_(b)?q=1&r=", "http://x.org", "https://evil.example/"]);
	assert.ok(links.every((l) => l[2] === "_blank" && l[3].includes("noopener") && l[0].startsWith("http")));
	const heads = await texts(page, ".who");
	assert.equal(heads.length, 2, `one head for each who speaks: ${heads}`);
	assert.match(heads[1], /^Bo Larsen, \d\d:\d\d$/);
	// tomorrow the same history says of which day it was
	await page.clock.install({ time: Date.now() + 86400000 });
	await page.reload();
	await inside(page, ".launch").click();
	await until(async () => (await said(page)).length === 3, "the history");
	const day = new Intl.DateTimeFormat("en-GB", { weekday: "long" }).format();
	assert.ok((await texts(page, ".system")).some((t) => t.includes(day)), `no ${day}: ${await texts(page, ".system")}`);
	await shot(page, "times");
	assert.deepEqual(await axe(page), []);
});

test("files by paste and by drop, refused ones, one that fails and goes again", slow, async () => {
	const page = await newPage(browser);
	const [bo] = await talk(page, "hello");
	const files = () => texts(page, ".file button");
	const bytes = png.toString("base64");
	await bring(page, "paste", [["image.png", bytes]]);
	await until(async () => (await files()).length === 1, "the pasted picture");
	await bring(page, "paste", [["table.png", bytes]], "a\tb"); // a table from a spreadsheet is text
	await bring(page, "drop", [["one.png", bytes], ["two.png", bytes], ["run.exe", bytes], ["much.png", Buffer.alloc(200001).toString("base64")]]);
	await until(async () => (await files()).length === 3, "the dropped pictures");
	assert.deepEqual(await texts(page, ".bad .text"), ["run.exe is of a kind that is not taken here.", "much.png is larger than 0.2 MB."]);
	await page.route("**/chat/file", (r) => r.abort());
	await bring(page, "drop", [["late.png", bytes]]);
	const again = inside(page, ".again");
	await again.waitFor();
	await shot(page, "again");
	assert.deepEqual(await axe(page), []);
	await page.unroute("**/chat/file");
	await again.click();
	await until(async () => (await files()).some((f) => f.startsWith("late.png")), "the file, once more");
	assert.equal(await again.count(), 0);
});

test("five hundred messages: quickly there, nobody who reads above is moved, the newest is a press away", slow, async () => {
	const page = await newPage(browser, { width: 390, height: 844 });
	const [bo, conv] = await talk(page, "m0");
	for (let i = 1; i < 500; i++)
		if (i % 10) bo.send({ id: `m${i}`, t: "reply", conv, text: `m${i}` });
		else await say(page, `m${i}`);
	const all = Array.from({ length: 500 }, (_, i) => `m${i}`);
	await until(async () => (await said(page)).length === 500, "all of it", 60000);
	await page.reload();
	const from = Date.now();
	await inside(page, ".launch").click();
	await until(async () => (await said(page)).length === 500, "the history");
	console.log(`# 500 messages shown in ${Date.now() - from} ms`);
	assert.deepEqual((await said(page)).sort(), all.sort());
	assert.ok(await log(page, "log.scrollHeight - log.scrollTop - log.clientHeight < 60"), "at the end");
	await log(page, "log.scrollTop = 1000");
	await bo.command({ t: "reply", conv, text: "the newest" });
	await inside(page, ".more").waitFor();
	assert.equal(await log(page, "log.scrollTop"), 1000);
	await shot(page, "more");
	assert.deepEqual(await axe(page), []);
	await inside(page, ".more").click();
	await inside(page, ".text").getByText("the newest").waitFor();
	assert.ok(await log(page, "log.scrollHeight - log.scrollTop - log.clientHeight < 60"), "at the end again");
	await inside(page, ".more").waitFor({ state: "hidden" });
});

test("a server that says nothing more is found out by what it does not answer, and nothing is said twice", slow, async () => {
	const page = await newPage(browser);
	const [bo, conv] = await talk(page, "hello");
	shop.center.process.kill("SIGSTOP");
	try {
		await say(page, "is anybody there?");
		await inside(page, ".status.warn").waitFor();
	} finally {
		shop.center.process.kill("SIGCONT");
	}
	await received(page);
	await until(() => bo.said(conv).length === 2, "it at the desk");
	assert.deepEqual(await said(page), ["hello", "is anybody there?"]);
	await inside(page, ".status.warn").waitFor({ state: "hidden", timeout: 60000 });
});

test("nothing is lost, doubled or moved: server killed in mid-sentence, network away, page frozen, reloaded", { timeout: 120000 + rounds * 60000 }, async () => {
	const page = await newPage(browser);
	const [bo, conv] = await talk(page, "begin");
	const client = await page.context().newCDPSession(page);
	const sent = ["begin"];
	const both = async (name) => {
		for (let i = 0; i < 3; i++) {
			sent.push(`${name} ${i}`);
			await say(page, `${name} ${i}`);
		}
	};
	const answer = async (text) => {
		await bo.command({ t: "reply", conv, text });
		sent.push(text);
	};
	for (let round = 0; round < rounds; round++) {
		await both(`r${round} before`);
		await shop.center.kill();
		await both(`r${round} while it is dead`);
		const left = round % 3 === 2;
		if (left) await page.goto("about:blank");
		await shop.center.start();
		if (left) await page.goto(shop.at({ lang: "en", open: true }));
		bo.start();
		await bo.command({ t: "presence", to: "available" });
		await answer(`r${round} back again`);
		await page.context().setOffline(true);
		await both(`r${round} without network`);
		await answer(`r${round} nobody hears this yet`);
		await page.context().setOffline(false);
		await both(`r${round} before sleep`);
		await client.send("Page.setWebLifecycleState", { state: "frozen" });
		await answer(`r${round} while it sleeps`);
		await new Promise((done) => setTimeout(done, 1500));
		await client.send("Page.setWebLifecycleState", { state: "active" });
	}
	await until(async () => (await said(page)).length >= sent.length && (await marks(page)).every((m) => /received|read/.test(m)), "everything", 60000);
	const shown = await said(page);
	assert.deepEqual([...shown].sort(), [...sent].sort());
	const own = (list) => list.filter((t) => !/back again|hears|sleeps/.test(t));
	assert.deepEqual(own(shown), own(sent)); // in the order of writing
	const stored = JSON.parse(shop.center.ctl("conv", conv, "--json")).messages.filter((m) => m.direction !== "note").map((m) => m.text);
	assert.deepEqual(shown, stored); // and as the agent has it
});
