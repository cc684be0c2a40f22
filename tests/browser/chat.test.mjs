/*
 * The widget where it lives: on a page of somebody else, under the strictest policy that lets it work, in light and dark, on a phone, without
 * storage, without WebSockets, without network, with the server killed in the middle of a sentence.
 */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { axe, closePages, newPage, signIn, slow, startBrowser, until } from "./lib/desk.mjs";
import { Agent, inside, marks, png, received, said, say, Shop, shot, texts } from "./lib/visitor.mjs";

let browser;
let center;
let shop;

before(async () => {
	browser = await startBrowser();
});
beforeEach(async () => {
	shop = await Shop.open();
	center = shop.center;
});
afterEach(async () => {
	await closePages(browser);
	await shop.close();
});
after(() => browser?.close());

test("a whole conversation on somebody else's page, under its policy", slow, async () => {
	const bo = new Agent(center, "bo");
	await bo.command({ t: "presence", to: "available" });
	const page = await newPage(browser, { width: 1280, height: 800 });
	await page.goto(shop.at({ lang: "en" }));
	await inside(page, ".launch").click();
	// the form before: a name, an order, a department
	await inside(page, 'input[name="name"]').fill("Ann");
	await inside(page, 'input[name="order"]').fill("A-17");
	await shot(page, "before");
	await inside(page, ".slot .send").click();
	await say(page, "hello");
	await received(page);
	const conv = await bo.accept();
	await until(async () => (await texts(page, "h2"))[0] === "Bo Larsen", "who answers");
	bo.send({ t: "seen", conv, seq: 1 });
	await until(async () => (await marks(page))[0] === "read", "the read mark");
	bo.send({ t: "typing", conv });
	await inside(page, ".typing").getByText("Bo Larsen is typing").waitFor();
	await bo.command({ t: "reply", conv, text: "Hi Ann" });
	await until(async () => (await said(page)).includes("Hi Ann"), "the answer");
	await until(() => bo.frames.some((f) => f.t === "conv" && f.seen_seq >= 2), "the visitor's read mark");
	// closed, something comes: the button counts it
	await page.keyboard.press("Escape");
	await bo.command({ t: "reply", conv, text: "Are you there?" });
	await inside(page, ".badge").getByText("1").waitFor();
	await inside(page, ".launch").click();
	// emoji and a file, both by keyboard and picker
	await inside(page, 'button[title="Emoji"]').click();
	await inside(page, ".emoji button").nth(8).click();
	await inside(page, ".write textarea").press("Enter");
	await until(() => bo.said(conv).includes("👍"), "the emoji at the desk");
	await inside(page, 'input[type="file"]').setInputFiles({ name: "снимок.png", mimeType: "image/png", buffer: png });
	const part = await until(() => bo.frames.find((f) => f.t === "message" && f.parts?.length)?.parts[0], "the file at the desk");
	assert.equal(part.name, "снимок.png");
	await inside(page, ".file canvas").first().waitFor(); // drawn, not linked
	await bo.command({ t: "reply", conv, text: "", parts: [{ name: "answer.png", type: "image/png", size: part.size, blob: part.blob }] }).catch(() => bo.command({ t: "reply", conv, text: "see the file", parts: [{ name: "answer.png", type: "image/png", size: part.size, blob: part.blob }] }));
	const link = inside(page, ".msg.agent .file button");
	const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
	assert.equal(download.suggestedFilename(), "answer.png");
	await inside(page, 'input[type="file"]').setInputFiles({ name: "virus.exe", mimeType: "application/octet-stream", buffer: png });
	await inside(page, ".system.bad").waitFor();
	await shot(page, "talk");
	// the end, and what it was like
	await inside(page, 'button[title="End the conversation"]').click();
	await inside(page, ".ask button").first().click();
	await inside(page, '.stars input[value="4"]').click();
	await inside(page, '.slot input[name="text"]').fill("quick");
	await shot(page, "rate");
	assert.deepEqual(await axe(page), []);
	await inside(page, ".slot .send").click();
	await until(() => bo.frames.some((f) => f.t === "conv" && f.conv === conv && f.rating === 4), "the rating at the desk");
	await inside(page, 'input[type="email"]').waitFor(); // the transcript is offered
	// a second tab agrees; end and forget in one is forgotten in both
	const tab = await page.context().newPage();
	await tab.goto(shop.at({ lang: "en" }));
	await until(async () => (await said(tab)).length === (await said(page)).length, "the same in both tabs");
	await inside(tab, ".launch").click();
	await inside(tab, 'button[title="End the conversation"]').click();
	await inside(tab, ".ask .danger").click();
	await until(async () => (await said(page)).length === 0, "forgotten in the other tab");
	assert.equal(await page.evaluate(() => Object.keys(localStorage).filter((k) => !k.includes(":o:")).length), 0);
	assert.equal((await page.context().cookies()).length, 0);
	assert.deepEqual(page.problems.filter((p) => !/415|Download/.test(p)), []);
});

test("without WebSockets and without storage it talks all the same", slow, async () => {
	const bo = new Agent(center, "bo");
	await bo.command({ t: "presence", to: "available" });
	const page = await newPage(browser);
	await page.addInitScript(() => {
		window.WebSocket = class {
			constructor() {
				setTimeout(() => this.onclose?.(), 50);
			}
			close() {}
		};
		Object.defineProperty(window, "localStorage", { get() { throw new DOMException("denied", "SecurityError"); } });
	});
	await shop.begin(page);
	await say(page, "by poll");
	await received(page);
	const conv = await bo.accept(bo.frames.filter((f) => f.t === "offer").slice(0, -1).map((f) => f.offer));
	for (let i = 0; i < 5; i++) await bo.command({ t: "reply", conv, text: `answer ${i}` });
	await until(async () => (await said(page)).length === 6, "all answers");
	assert.deepEqual(await said(page), ["by poll", "answer 0", "answer 1", "answer 2", "answer 3", "answer 4"]);
	for (let i = 0; i < 3; i++) await say(page, `more ${i}`);
	await until(() => bo.said(conv).length === 4, "all at the desk");
	assert.deepEqual(bo.said(conv), ["by poll", "more 0", "more 1", "more 2"]);
	assert.deepEqual(page.problems, []);
});

test("offline and back, reloaded, the server killed in the middle of a sentence", slow, async () => {
	const page = await newPage(browser);
	await shop.begin(page);
	await say(page, "one");
	await received(page);
	await inside(page, ".system").getByText("We have not forgotten you.").first().waitFor();
	await page.context().setOffline(true);
	await say(page, "two");
	await say(page, "three");
	assert.equal((await marks(page)).at(-1), "sending…");
	await page.context().setOffline(false);
	await until(async () => (await marks(page)).every((m) => m === "received"), "all received");
	await center.kill();
	await say(page, "four");
	await say(page, "five");
	await page.goto("about:blank"); // closed while nothing could be sent
	await center.start();
	await page.goto(shop.at({ lang: "en", open: true }));
	await until(async () => (await said(page)).length === 5 && (await marks(page)).every((m) => m === "received"), "everything, once", 40000);
	assert.deepEqual(await said(page), ["one", "two", "three", "four", "five"]);
	const waiting = JSON.parse(center.ctl("queue", "--json")).conversations;
	const stored = waiting.map((c) => JSON.parse(center.ctl("conv", c.id, "--json")).messages.filter((m) => m.direction === "in").map((m) => m.text));
	assert.ok(stored.some((s) => s.join() === "one,two,three,four,five"), JSON.stringify(stored));
});

test("when nobody is there the message is taken, and an invitation is shown once", slow, async () => {
	const page = await newPage(browser, { width: 320, height: 640, locale: "ru-RU" });
	await page.goto(shop.at({ lang: "ru", department: "night", name: "Аня" }));
	await inside(page, ".launch").click();
	await inside(page, ".slot .send").click();
	await inside(page, '.slot textarea[name="text"]').fill("Есть кто-нибудь?");
	await inside(page, '.slot input[name="email"]').fill("ann@x.org");
	await shot(page, "closed-320-ru");
	assert.deepEqual(await axe(page), []);
	await inside(page, ".slot .send").click();
	await received(page);
	await inside(page, ".system").getByText("ann@x.org").waitFor();
	await until(() => JSON.parse(center.ctl("queue", "night", "--json")).conversations.length === 1, "it in the queue");
	await page.context().close();

	const shopper = await newPage(browser);
	await shopper.goto(shop.at({ lang: "en" }, "/prices"));
	await inside(shopper, ".invite").getByText("May we help you?").waitFor();
	await shot(shopper, "invite");
	assert.deepEqual(await axe(shopper), []);
	await inside(shopper, ".invite button").last().click();
	await shopper.reload();
	await shopper.waitForTimeout(2000);
	assert.equal(await inside(shopper, ".invite").isVisible(), false);
});

test("who has gone is mailed: the desk says so before and after", slow, async () => {
	const password = "a long password of dee";
	center.user("dee", "agent", password, "en=90");
	const desk = await newPage(browser);
	await signIn(desk, center.url, "dee", password);
	await desk.locator(".top .segmented .p-available").click();
	await desk.locator(".top .segmented .p-available[aria-pressed=true]").waitFor();
	const page = await newPage(browser);
	await page.goto(`${center.url}/chat/`);
	await page.evaluate(async () => {
		const ws = new WebSocket(`${location.origin.replace("http", "ws")}/chat/ws`);
		const heard = (t) => new Promise((done) => ws.addEventListener("message", (m) => JSON.parse(m.data).t === t && done()));
		await new Promise((done) => (ws.onopen = done));
		ws.send(JSON.stringify({ t: "hello", session: null, from: 0, fields: { name: "Ann", email: "ann@x.org" } }));
		await heard("welcome");
		ws.send(JSON.stringify({ t: "say", id: "m1", text: "I have to go" }));
		await heard("ack");
	});
	await page.context().close();
	await desk.locator(".offer").getByRole("button", { name: /accept/i }).first().click();
	const field = desk.locator(".composer textarea").first();
	await field.fill("Here is your answer");
	await field.press("Control+Enter");
	const head = desk.locator(".conv-head");
	await head.getByText(/The visitor has left the chat; what he has not seen goes to ann@x\.org at \d/).waitFor();
	await shot(desk, "away-due");
	await desk.locator(".recipient-states").getByText(/Mailed:\s+ann@x\.org\s+\d.*On its way/).waitFor();
	await head.getByText(/goes to ann@x\.org$/).waitFor();
	await shot(desk, "away-mailed");
	assert.deepEqual(await axe(desk), []);
});

test("two tabs and another device agree: each word once, in one order, whoever says it", slow, async () => {
	const bo = new Agent(center, "bo");
	await bo.command({ t: "presence", to: "available" });
	const jwt = (claims) => {
		const b64 = (v) => Buffer.from(JSON.stringify(v)).toString("base64url");
		const signed = `${b64({ alg: "HS256", typ: "JWT" })}.${b64({ exp: Math.floor(Date.now() / 1000) + 300, jti: String(Math.random()), ...claims })}`;
		return `${signed}.${createHmac("sha256", "test-secret-of-the-site").update(signed).digest("base64url")}`;
	};
	const one = await newPage(browser);
	await shop.begin(one, { identity: jwt({ email: "zoe@x.org" }) });
	await say(one, "from the first tab");
	await received(one);
	const conv = await bo.accept();
	// a second tab has the session; another device proves the same person
	const two = await one.context().newPage();
	two.setDefaultTimeout(60000);
	await two.goto(shop.at({ lang: "en", open: true }));
	const phone = await newPage(browser, { width: 360, height: 640 });
	await shop.begin(phone, { identity: jwt({ email: "zoe@x.org" }) });
	for (const p of [two, phone]) await until(async () => (await said(p)).includes("from the first tab"), "the first word everywhere");
	await bo.command({ t: "reply", conv, text: "answer 1" });
	await Promise.all([say(one, "again from one"), say(two, "at once from two")]);
	await bo.command({ t: "reply", conv, text: "answer 2" });
	await say(phone, "from my telephone");
	for (const p of [one, two, phone]) await until(async () => (await said(p)).length === 6, "everything everywhere");
	assert.deepEqual(await said(one), await said(two));
	assert.deepEqual(await said(one), await said(phone));
	assert.equal(new Set(await said(one)).size, 6);
	assert.deepEqual(bo.said(conv), (await said(one)).filter((t) => !t.startsWith("answer")));
	assert.deepEqual([...one.problems, ...phone.problems], []);
});

test("what the page says later holds: a look, a title, who has logged in", slow, async () => {
	const page = await newPage(browser);
	await shop.begin(page);
	const looks = () => page.locator("#usher-chat").evaluate((h) => [h.className.trim(), getComputedStyle(h.shadowRoot.querySelector(".panel")).backgroundColor, h.shadowRoot.querySelector("h2").textContent]);
	const before = await looks();
	await page.evaluate(() => {
		window.usherSettings = { theme: "dark", side: "left", title: "Another shop", color: "#0a6e4f" };
	});
	const after = await looks();
	assert.equal(after[0], "dark left");
	assert.notEqual(after[1], before[1]);
	assert.equal(after[2], "Another shop");
	assert.deepEqual(await axe(page), []);
	assert.deepEqual(page.problems, []);
});

test("any writing stays in its place: right to left, long words, emoji, markup; nothing of it is run", slow, async () => {
	const page = await newPage(browser, { width: 320, height: 640 });
	await shop.begin(page);
	const words = ["שלום, הכרטיס שלי (17) אבד!", "مرحبا 123, أين بطاقتي?", "x".repeat(500), "👩‍👩‍👧‍👦🏳️‍🌈".repeat(20), "<img src=x onerror=alert(1)> &amp; </script>", "\u202Eexe.gpj evil\u202C after", "line one\nline two"];
	for (const w of words) {
		const field = inside(page, ".write textarea");
		await field.fill(w);
		await field.press("Enter");
	}
	await until(async () => (await marks(page)).every((m) => /received|read/.test(m)) && (await said(page)).length === words.length, "all of it");
	const got = await said(page);
	assert.equal(got[4], words[4]);
	assert.equal(got[6], words[6]);
	const sides = await page.locator("#usher-chat").evaluate((h) => {
		const log = h.shadowRoot.querySelector(".log");
		return { over: log.scrollWidth - log.clientWidth, dir: [...h.shadowRoot.querySelectorAll(".msg.you .text")].map((e) => getComputedStyle(e).unicodeBidi) };
	});
	assert.ok(sides.over <= 0, `something sticks out: ${sides.over}`);
	assert.ok(sides.dir.every((d) => d === "plaintext"), `each message has its own direction: ${sides.dir}`);
	await shot(page, "writing-320");
	assert.deepEqual(await axe(page), []);
	// a keyboard over half of the phone: the line to write in stays in sight
	await page.setViewportSize({ width: 320, height: 300 });
	await inside(page, ".write textarea").focus();
	const box = await inside(page, ".write").boundingBox();
	assert.ok(box.y >= 0 && box.y + box.height <= 300, JSON.stringify(box));
	await shot(page, "keyboard-320");
	assert.deepEqual(page.problems, []);
});

test("axe and reflow of every state: files, refused ones, errors, lost, ended, asked to end", slow, async () => {
	for (const dark of [false, true]) {
		const page = await newPage(browser, { width: 320, height: 640, dark });
		await shop.begin(page);
		const look = async (name) => {
			await shot(page, `${name}-${dark ? "dark" : "light"}`);
			assert.deepEqual(await axe(page), [], `${name} dark=${dark}`);
			assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 320, name);
		};
		await say(page, "hello");
		await received(page);
		await inside(page, 'input[type="file"]').setInputFiles({ name: "a picture with quite a long name that goes on.png", mimeType: "image/png", buffer: png });
		await inside(page, ".file canvas").waitFor();
		await inside(page, 'input[type="file"]').setInputFiles({ name: "virus.exe", mimeType: "application/octet-stream", buffer: png });
		await inside(page, ".system.bad").first().waitFor();
		await look("files");
		await inside(page, 'button[title="Emoji"]').click();
		await look("emoji");
		await page.keyboard.press("Escape");
		await inside(page, 'button[title="End the conversation"]').click();
		await look("end");
		await page.keyboard.press("Escape");
		await page.context().setOffline(true);
		await say(page, "said while nobody hears");
		assert.equal((await marks(page)).at(-1), "sending…");
		await look("offline");
		await page.context().setOffline(false);
		await page.context().close();
	}
});

test("by keyboard alone, in light and dark, in a colour of the site, on a phone", slow, async () => {
	const bo = new Agent(center, "bo"); // somebody is there, but not free: there is a queue to stand in
	await bo.command({ t: "presence", to: "away" });
	for (const [name, look, settings] of [
		["light", {}, {}],
		["dark", { dark: true }, {}],
		["phone-ru", { width: 320, height: 640, locale: "ru-RU" }, { lang: "ru" }],
		["phone-dark-ru", { width: 320, height: 640, dark: true, locale: "ru-RU" }, { lang: "ru" }],
		["colour", {}, { color: "#ffd400", theme: "light", side: "left" }],
		["theme-dark", {}, { color: "#0a6e4f", theme: "dark" }],
	]) {
		const page = await newPage(browser, look);
		await page.goto(shop.at({ lang: "en", department: "general", ...settings }));
		await inside(page, ".launch").waitFor();
		await shot(page, `${name}-button`);
		assert.deepEqual(await axe(page), [], `${name}: the button`);
		await inside(page, ".launch").focus();
		await page.keyboard.press("Enter");
		await inside(page, ".slot .send").waitFor();
		for (let i = 0; i < 6 && !(await page.locator("#usher-chat").evaluate((h) => h.shadowRoot.activeElement?.classList.contains("send"))); i++) await page.keyboard.press("Tab");
		await page.keyboard.press("Enter");
		await inside(page, ".write textarea").focus();
		await page.keyboard.type("a question with a rather long line so that it is broken somewhere, and averylongwordwithoutanyblanksatallinitthatmuststayinside");
		await page.keyboard.press("Enter");
		await received(page);
		await until(async () => (await texts(page, ".status"))[0].length > 5, "the place in the queue");
		await shot(page, name);
		assert.deepEqual(await axe(page), [], name);
		const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
		assert.ok(wide <= 0, `nothing sticks out: ${wide}`);
		await page.keyboard.press("Escape");
		assert.ok(await inside(page, ".launch").isVisible());
		assert.deepEqual(page.problems, []);
		await page.context().close();
	}
});
