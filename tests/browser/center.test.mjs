/*
 * The whole way, seen from two browsers: a visitor in the chat widget, an agent at the desk, a real usherd between them that is killed
 * in the middle. Nothing is missing, nothing is doubled.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { Center } from "./lib/center.mjs";
import { axe, closePages, newPage, signIn, slow, startBrowser, until } from "./lib/desk.mjs";
import { hostile } from "./lib/hostile_mail.mjs";

const password = "a long password of bo";
let browser;
let center;

before(async () => {
	browser = await startBrowser();
});
beforeEach(async () => {
	center = await Center.open();
	center.user("ann", "agent", password, "en=90");
	center.user("sue", "supervisor", password);
});
afterEach(async () => {
	await closePages(browser);
	await center.close();
});
after(() => browser?.close());

const shots = process.env.SHOTS; // a folder: leave pictures there for people to look at
async function shot(page, name) {
	if (!shots) return;
	mkdirSync(shots, { recursive: true });
	await page.screenshot({ path: `${shots}/${name}.png` });
}
const widget = (page) => page.locator("#usher-chat");
const said = (page) =>
	widget(page).evaluate((host) => [...host.shadowRoot.querySelectorAll(".msg.you .text, .msg.agent .text")].map((e) => e.textContent));
const states = (page) => widget(page).evaluate((host) => [...host.shadowRoot.querySelectorAll(".mark")].map((e) => e.textContent));

async function say(page, text) {
	const field = page.locator("#usher-chat textarea");
	await field.fill(text);
	await field.press("Enter");
}

async function answer(desk, text) {
	const field = desk.locator(".composer textarea").first();
	await field.fill(text);
	await field.press("Control+Enter");
}

const bubble = (desk, text) => desk.locator(".msg .bubble").getByText(text, { exact: true });

test("visitor and agent talk both ways through reload and restart", slow, async () => {
	const visitor = await newPage(browser, { width: 420, height: 800 });
	const desk = await newPage(browser);
	await signIn(desk, center.url, "ann", password);
	await setAvailable(desk);

	await visitor.goto(`${center.url}/chat/`);
	await say(visitor, "one: hello");
	await until(async () => /received|read/.test((await states(visitor))[0] ?? ""), "the first message acknowledged");
	await accept(desk);
	await bubble(desk, "one: hello").waitFor();
	await answer(desk, "two: hi, how can I help?");
	await until(async () => (await said(visitor)).includes("two: hi, how can I help?"), "the answer in the widget");

	// the visitor reloads: everything is there once, in order
	await visitor.reload();
	await until(async () => (await said(visitor)).length === 2, "history after reload");
	assert.deepEqual(await said(visitor), ["one: hello", "two: hi, how can I help?"]);

	// the server is killed; both write while it is away
	await center.kill();
	await say(visitor, "three: are you there?");
	await until(async () => (await states(visitor)).at(-1) === "sending…", "it says that it is not sent yet");
	await answer(desk, "four: one moment");
	await center.start();
	await until(async () => (await said(visitor)).includes("four: one moment"), "the agent's words after the restart", 40000);
	await bubble(desk, "three: are you there?").waitFor();
	await until(async () => /received|read/.test((await states(visitor)).at(-1) ?? ""), "the visitor's words acknowledged");

	// the desk reloads too
	await desk.reload();
	await bubble(desk, "one: hello").waitFor();
	const texts = (await said(visitor)).slice().sort();
	assert.deepEqual(texts, ["four: one moment", "one: hello", "three: are you there?", "two: hi, how can I help?"].sort());
	for (const text of texts) {
		assert.equal(await bubble(desk, text).count(), 1, `at the desk: ${text}`);
	}
	assert.deepEqual(visitor.problems, []);
});

test("a picture of a visitor is seen at the desk, drawn anew, small and large, and saved as it was", slow, async () => {
	const visitor = await newPage(browser, { width: 400, height: 700, reducedMotion: "no-preference" });
	await visitor.goto(`${center.url}/chat/`);
	await say(visitor, "look at this");
	// a picture as a telephone's: 900 × 600, made by the browser itself
	const made = await visitor.evaluate(async () => {
		const canvas = new OffscreenCanvas(900, 600);
		const c = canvas.getContext("2d");
		c.fillStyle = "#0a6e4f";
		c.fillRect(0, 0, 900, 600);
		c.fillStyle = "#ffd400";
		c.fillRect(100, 100, 300, 200);
		const blob = await canvas.convertToBlob({ type: "image/webp" });
		return [...new Uint8Array(await blob.arrayBuffer())];
	});
	await until(async () => /received|read/.test((await states(visitor)).at(-1) ?? ""), "the first words on disk");
	const name = "очень длинное имя снимка с телефона 2026-11-22 20.30.15.webp";
	await widget(visitor).locator('input[type="file"]').setInputFiles({ name, mimeType: "image/webp", buffer: Buffer.from(made) });
	await widget(visitor).locator(".file canvas").waitFor();
	const desk = await newPage(browser);
	await signIn(desk, center.url, "ann", password);
	await setAvailable(desk);
	await accept(desk);
	const small = desk.locator(".thumbnail img");
	await until(() => small.evaluate((i) => i.complete && i.naturalWidth), "the picture at the desk");
	assert.equal(await small.evaluate((i) => i.naturalWidth), 480);
	const again = await small.evaluate(async ({ src }) => {
		const first = await fetch(src, { cache: "no-store" });
		const second = await fetch(src, { cache: "no-store", headers: { "If-None-Match": first.headers.get("etag") } });
		return [first.status, first.headers.get("cache-control"), second.status];
	});
	assert.deepEqual(again, [200, "private, max-age=86400, immutable", 304]);
	await shot(desk, "picture-small");
	assert.deepEqual(await axe(desk), []);
	await desk.locator(".thumbnail").focus();
	await desk.keyboard.press("Enter");
	const large = desk.getByRole("dialog").getByRole("img", { name });
	await until(() => large.evaluate((i) => i.complete && i.naturalWidth), "it large");
	assert.equal(await large.evaluate((i) => i.naturalWidth), 900);
	await shot(desk, "picture-large");
	assert.deepEqual(await axe(desk), []);
	const [download] = await Promise.all([desk.waitForEvent("download"), desk.getByRole("dialog").getByRole("link").click()]);
	assert.equal(download.suggestedFilename(), name);
	await desk.keyboard.press("Escape");
	await desk.setViewportSize({ width: 320, height: 640 });
	await shot(desk, "picture-320");
	const wide = await desk.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
	assert.ok(wide <= 0, `nothing sticks out: ${wide}`);
	assert.deepEqual(desk.problems, []);
	await desk.setViewportSize({ width: 1200, height: 800 });
	await desk.getByRole("button", { name: /Resolve/ }).first().click();
	await desk.getByRole("dialog").getByRole("button").nth(1).click();
	await desk.locator(".thumbnail").waitFor({ state: "detached", timeout: 3000 }).catch(() => undefined); // the next ones have room
});

test("hostile HTML mail runs nothing and fetches nothing", slow, async () => {
	const desk = await newPage(browser);
	const foreign = [];
	const ran = [];
	await desk.exposeFunction("pwned", (what) => ran.push(what));
	desk.on("request", (r) => {
		if (!r.url().startsWith(center.url) && !/^(data|blob|about):/.test(r.url())) foreign.push(r.url());
	});
	await signIn(desk, center.url, "ann", password);
	await setAvailable(desk);
	center.mail("eve@evil.test", "All of it", "text/html", `<html><body><p>the visible part</p>${Object.values(hostile).join("\n")}</body></html>`);
	await accept(desk);
	await desk.getByRole("button", { name: /formatted|HTML/i }).first().click();
	const frame = desk.frameLocator("iframe").first();
	await frame.getByText("the visible part").waitFor();
	await desk.waitForTimeout(1500);
	assert.deepEqual(ran, []);
	assert.deepEqual(foreign, []);
});

test("a claim shows nobody's history until an agent says that it is the same person, and again after a split", slow, async () => {
	const page = await newPage(browser);
	await signIn(page, center.url, "ann", password);
	await setAvailable(page);
	center.mail("mia@merge.test", "first matter", "text/plain\nAuthentication-Results: mx.demo.test; dmarc=pass header.from=merge.test", "the balance is 17");
	await accept(page);
	await bubble(page, "the balance is 17").waitFor();
	center.mail("mia@merge.test", "second matter", "text/plain", "it is me again");
	await accept(page);
	await bubble(page, "it is me again").waitFor();
	const card = page.getByRole("region", { name: "Customer", exact: true });
	await card.getByText("This customer proved to own mia@merge.test.").waitFor();
	assert.equal(await card.getByText("first matter").count(), 0);
	await card.getByRole("button", { name: "Somebody else" }).click();
	await card.getByRole("heading", { name: "Not the same person" }).waitFor();
	assert.equal(await card.getByText("This customer proved to own mia@merge.test.").count(), 0);
	await until(() => page.evaluate(() => document.activeElement?.closest(".card-column") !== null), "the focus to stay in the card");
	await shot(page, "card-dismissed");
	assert.deepEqual(await axe(page), []);
	await card.getByRole("button", { name: "Suggest again" }).click();
	await card.getByText("This customer proved to own mia@merge.test.").waitFor();
	await card.getByRole("button", { name: "Same person" }).click();
	/* Whose cards, how far they are known to be true, why it is asked; then by keyboard. */
	const asked = page.getByRole("dialog");
	assert.match(await asked.innerText(), /mia@merge\.test \(not verified\)[\s\S]*This customer proved to own mia@merge\.test/);
	assert.deepEqual(await axe(page), []);
	await shot(page, "merge");
	await page.keyboard.type("called back");
	await page.keyboard.press("Enter");
	await card.getByText("first matter").waitFor();
	await card.getByText("ann merged: called back").waitFor();
	await until(() => page.evaluate(() => document.activeElement?.closest(".card-column") !== null), "the focus to stay in the card");
	assert.deepEqual(await axe(page), []);
	await card.getByRole("button", { name: "Split" }).click();
	await page.getByRole("dialog").getByRole("button", { name: "Split" }).click();
	await card.getByText("ann split").waitFor();
	await until(async () => (await card.getByText("first matter").count()) === 0, "the other's history to go");
	assert.deepEqual(page.problems, []);
});

test("a supervisor looks at a quarantined mail and has it read again", slow, async () => {
	const parts = Array.from({ length: 199 }, (_, i) => `--b\nContent-Type: text/plain; name=f${i}.txt\n\nfile ${i}\n`);
	const body = `--b\n\nPlease find the files.\n${parts.join("")}--b\n\nbye\n--b--\n`;
	center.mail("kim@many.test", "many files", "multipart/mixed; boundary=b", body);

	const page = await newPage(browser);
	await signIn(page, center.url, "sue", password);
	await page.goto(`${center.url}/desk/#floor`);
	const held = page.locator(".quarantine li", { hasText: "many files" });
	await held.getByText("too complex: too many parts").waitFor();
	const [source] = await Promise.all([page.context().waitForEvent("page"), held.getByRole("link", { name: "Look at the source" }).click()]);
	await source.getByText("Please find the files.").waitFor();
	assert.equal(await source.evaluate(() => document.contentType), "text/plain");
	await source.close();
	const [file] = await Promise.all([page.waitForEvent("download"), held.getByRole("link", { name: "Download" }).click()]);
	assert.equal(file.suggestedFilename(), "message.eml");
	assert.deepEqual(await axe(page), []);
	await held.getByRole("button", { name: "Read again" }).click();
	await page.getByText("Understood now: it is in its conversation.").waitFor();
	await until(async () => (await held.count()) === 0, "the list without it");
	assert.deepEqual(page.problems, []);
});

test("the widget and its page have no axe violations", slow, async () => {
	for (const dark of [false, true]) {
		for (const width of [320, 1280]) {
			for (const locale of ["en-GB", "ru-RU"]) {
				const page = await newPage(browser, { width, height: 800, dark, locale });
				await page.goto(`${center.url}/chat/`);
				await say(page, "hello");
				await until(async () => /received|получено/.test((await states(page)).at(-1) ?? ""), "acknowledged");
				assert.deepEqual(await axe(page), [], `dark=${dark} width=${width} ${locale}`);
				const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
				assert.ok(wide <= 0, `nothing sticks out at ${width}: ${wide}`);
				await page.context().close();
			}
		}
	}
});

test("the hosted form works without JavaScript and has no axe violations", slow, async () => {
	for (const [locale, dark] of [["en-GB", false], ["ru-RU", true]]) {
		const page = await newPage(browser, { width: 320, height: 800, dark, locale });
		await page.goto(`${center.url}/form/contact`);
		assert.deepEqual(await axe(page), [], locale);
		await page.context().close();
	}
	const plain = await newPage(browser, { javaScriptEnabled: false });
	await plain.goto(`${center.url}/form/contact`);
	await plain.locator('[name="email"]').fill("ann@x.org");
	await plain.locator('[name="message"]').fill("sent without a script");
	await plain.waitForTimeout(4000); // a person takes a moment; faster is taken for a robot
	await plain.locator("form button[type=submit], form input[type=submit]").first().click();
	await plain.waitForURL(/thanks|id=/);
	await plain.context().close();
	await until(() => center.ctl("queue", "--json").includes("general"), "the form in the queue");
});

async function setAvailable(desk) {
	await desk.locator(".top .segmented .p-available").click();
	await desk.locator(".top .segmented .p-available[aria-pressed=true]").waitFor();
}

async function accept(desk) {
	await desk.locator(".offer").getByRole("button", { name: /accept/i }).first().click();
}
