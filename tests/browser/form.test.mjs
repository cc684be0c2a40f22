/*
 * The hosted form in a real browser without JavaScript: a person makes a mistake, corrects it, and is thanked when the message is
 * on disk. No axe violation and no sideways scrolling, in both languages, light and dark, narrow and wide.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Center } from "./lib/center.mjs";
import { axe, newPage, slow, startBrowser, until } from "./lib/desk.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
let browser;
let center;
let strict; // asks a challenge after five messages a minute
let site; // somebody's shop, on another origin
let shopPage = "";

before(async () => {
	browser = await startBrowser();
	center = await Center.open({ config: join(root, "conf/demo.yaml") });
	site = createServer((request, response) => {
		const usher = new URL(strict.url).origin;
		response.setHeader("Content-Type", "text/html; charset=utf-8");
		response.setHeader("Content-Security-Policy", `default-src 'none'; script-src ${usher}; connect-src ${usher}; form-action ${usher}`);
		response.end(shopPage);
	});
	await new Promise((done) => site.listen(0, "127.0.0.1", done));
	process.env.USHER_SITE = `http://127.0.0.1:${site.address().port}`;
	strict = await Center.open({ config: join(root, "tests/lib/forms.yaml") });
});
after(async () => {
	await browser?.close();
	await center?.close();
	await strict?.close();
	site?.close();
});

let strangers = 0;
const stranger = () => `198.51.100.${++strangers}`;

/* From here and there, until the form asks. */
async function flood() {
	for (let i = 0; i < 12; i++) {
		const answer = await fetch(`${strict.url}/form/contact`, {
			method: "POST",
			headers: { "Content-Type": "application/json", "X-Forwarded-For": stranger() },
			body: JSON.stringify({ mail: "a@x.org", words: `flood ${i}` }),
		});
		if (answer.status === 428) return;
	}
	throw new Error("it never asked");
}
const textOf = (id) => JSON.parse(strict.ctl("conv", id, "--json")).messages[0].text;

const form = () => `${center.url}/form/contact`;

test("a mistake is told beside its field, nothing typed is lost, then the message is taken in", slow, async () => {
	const page = await newPage(browser, { javaScriptEnabled: false });
	await page.goto(form());
	await page.getByLabel("Your email").fill("ann@nowhere"); // good enough for the browser's own check
	await page.getByLabel("Your message").fill("My card <b>is</b> lost");
	await page.getByRole("button", { name: "Send" }).click();
	await page.getByRole("alert").waitFor();
	assert.equal(await page.getByLabel("Your email").getAttribute("aria-invalid"), "true");
	assert.equal(await page.getByLabel("Your message").inputValue(), "My card <b>is</b> lost");
	await page.getByLabel("Your email").fill("ann@example.test");
	await page.getByLabel(/A file/).setInputFiles({ name: "счёт.txt", mimeType: "text/plain", buffer: Buffer.from("17") });
	await page.waitForTimeout(2100); // a person takes this long
	await page.getByRole("button", { name: "Send" }).click();
	await page.waitForURL(/thanks\?id=/);
	const id = new URL(page.url()).searchParams.get("id");
	const conv = JSON.parse(center.ctl("conv", id, "--json"));
	assert.equal(conv.messages[0].text, "My card <b>is</b> lost");
	assert.deepEqual(page.problems, []);
	await page.context().close();
});

test("axe and reflow: both languages, light and dark, 320 and 1200 px", slow, async () => {
	for (const locale of ["en-GB", "ru-RU"])
		for (const dark of [false, true])
			for (const width of [320, 1200]) {
				const page = await newPage(browser, { width, dark, locale });
				const where = `${locale} dark=${dark} ${width}`;
				const look = async (what) => {
					assert.deepEqual(await axe(page), [], `${what} ${where}`);
					assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `${what} scrolls sideways ${where}`);
				};
				await page.goto(form());
				assert.equal(await page.locator("html").getAttribute("lang"), locale.slice(0, 2));
				assert.equal(await page.locator("select option").nth(1).textContent(), locale === "ru-RU" ? "Карты" : "Cards");
				assert.equal(await page.locator("select option").nth(1).getAttribute("value"), "cards");
				await look("form");
				await page.evaluate(() => {
					document.querySelector("form").noValidate = true;
				});
				await page.locator("button").click();
				await page.getByRole("alert").waitFor();
				await look("form with errors");
				await page.goto(`${form()}/thanks`);
				await look("thanks");
				assert.deepEqual(page.problems, [], where);
				await page.context().close();
			}
});

test("with JavaScript: a chosen file stays chosen, one too large is told at once, how far it is, once however often it is pressed", slow, async () => {
	const page = await newPage(browser);
	const send = page.getByRole("button", { name: "Send" });
	const photo = join(center.data, "photo.bin");
	const file = (size) => {
		writeFileSync(photo, Buffer.alloc(size));
		return page.getByLabel(/A file/).setInputFiles(photo);
	};
	await page.goto(form());
	const max = Number(await page.getByLabel(/A file/).getAttribute("data-max"));
	await page.locator(".usher-status").waitFor({ state: "attached" });
	await page.getByLabel("Your email").fill("ann@nowhere");
	await page.getByLabel("Your message").fill("with a file");
	await file(max + 1);
	await send.click();
	await page.getByText("This file is too large.").waitFor();
	assert.match(await page.getByLabel(/A file/).getAttribute("aria-describedby"), /^e-\S+ h-\S+$/);
	await file(max);
	await page.waitForTimeout(2100); // a person takes this long
	await send.click();
	await page.getByText("This is not an email address").waitFor();
	assert.equal(await page.getByText("This file is too large.").count(), 0);
	assert.equal(await page.evaluate(() => document.activeElement.type), "email");
	assert.deepEqual(await axe(page), []);
	await page.getByLabel("Your email").fill("ann@example.test");
	const cdp = await page.context().newCDPSession(page);
	await cdp.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: max / 2 });
	await send.dblclick();
	await page.getByRole("progressbar", { name: "Sending…" }).waitFor();
	assert.deepEqual(await axe(page), []);
	await page.waitForURL(/thanks\?id=/, { timeout: 60000 });
	await cdp.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
	const id = new URL(page.url()).searchParams.get("id");
	const [message, ...more] = JSON.parse(center.ctl("conv", id, "--json")).messages.filter((m) => m.direction === "in");
	assert.deepEqual([message.parts[0].size, more], [max, []]);
	// back: what was typed is there; with other words it is another message
	await page.goBack();
	assert.equal(await page.getByLabel("Your message").inputValue(), "with a file");
	await page.locator(".usher-status").waitFor({ state: "attached" });
	await page.getByLabel("Your message").fill("and a word more");
	await page.getByLabel("Your email").fill("ann@example.test");
	await page.waitForTimeout(2100);
	await send.click();
	await page.waitForURL((u) => u.pathname.endsWith("/thanks") && u.searchParams.get("id") !== id);
	assert.deepEqual(page.problems, []);
	await page.context().close();
});

test("on a site's own page, under its strict policy: errors beside the fields, thanks in place, nothing leaves the page", slow, async () => {
	const snippet = await (await fetch(`${strict.url}/form/contact/snippet.html?lang=en`)).text();
	shopPage = `<!doctype html><html lang="en"><title>Shop</title><main><h1>Shop</h1>${snippet}</main></html>`;
	const page = await newPage(browser);
	await page.goto(process.env.USHER_SITE);
	await page.waitForFunction(() => document.querySelector("[name=_stamp]").value);
	assert.deepEqual(await axe(page), []);
	await page.getByLabel("Your email").fill("ann@nowhere");
	await page.getByLabel("Your message").fill("from the shop");
	await page.waitForTimeout(2100);
	await page.getByRole("button", { name: "Send" }).click();
	await page.getByText("This is not an email address").waitFor();
	assert.equal(await page.evaluate(() => document.activeElement.name), "mail");
	assert.deepEqual(await axe(page), []);
	await page.getByLabel("Your email").fill("ann@example.test");
	await page.getByRole("button", { name: "Send" }).click();
	const thanks = page.locator(".usher-thanks");
	await thanks.waitFor();
	const id = /[0-9A-Z]{26}/.exec(await thanks.textContent())[0];
	assert.equal(textOf(id), "from the shop");
	assert.equal(new URL(page.url()).origin, process.env.USHER_SITE);
	await page.context().close();
});

test("when too much comes the page works by itself, and without JavaScript it asks a sum", slow, async () => {
	await flood();
	for (const javaScriptEnabled of [true, false]) {
		const page = await newPage(browser, { javaScriptEnabled, locale: "en-GB" });
		await page.setExtraHTTPHeaders({ "X-Forwarded-For": stranger() });
		await page.goto(`${strict.url}/form/contact`);
		const sum = page.getByLabel("how much is");
		await until(async () => (await sum.count()) === (javaScriptEnabled ? 0 : 1), "the question, or none");
		await page.getByLabel("Your email").fill("ann@example.test");
		await page.getByLabel("Your message").fill(`script ${javaScriptEnabled}`);
		await page.waitForTimeout(2100);
		if (!javaScriptEnabled) {
			const [, a, b] = /(\d+) \+ (\d+)/.exec(await page.getByText("how much is").textContent());
			await sum.fill(String(Number(a) + Number(b)));
		}
		await page.getByRole("button", { name: "Send" }).click();
		await page.waitForURL(/thanks\?id=/);
		assert.equal(textOf(new URL(page.url()).searchParams.get("id")), `script ${javaScriptEnabled}`);
		assert.deepEqual(page.problems, []);
		await page.context().close();
	}
});

test("axe and reflow of the asking page: both languages, light and dark, 320 px", slow, async () => {
	await flood();
	for (const locale of ["en-GB", "ru-RU"])
		for (const dark of [false, true]) {
			const page = await newPage(browser, { width: 320, dark, locale });
			await page.setExtraHTTPHeaders({ "X-Forwarded-For": stranger() });
			await page.route("**/form.js", (route) => route.abort()); // so that the question stays
			await page.goto(`${strict.url}/form/contact`);
			assert.equal(await page.locator("[data-question]").count(), 1);
			assert.deepEqual(await axe(page), [], `${locale} dark=${dark}`);
			assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 320, `${locale} scrolls sideways`);
			await page.context().close();
		}
});
