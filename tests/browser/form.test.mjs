/*
 * The hosted form in a real browser without JavaScript: a person makes a mistake, corrects it, and is thanked when the message is
 * on disk. No axe violation and no sideways scrolling, in both languages, light and dark, narrow and wide.
 */
import assert from "node:assert/strict";
import { dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Center } from "./lib/center.mjs";
import { axe, newPage, startBrowser } from "./lib/desk.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
let browser;
let center;

before(async () => {
	browser = await startBrowser();
	center = await Center.open({ config: join(root, "conf/demo.yaml") });
});
after(async () => {
	await browser?.close();
	await center?.close();
});

const form = () => `${center.url}/form/contact`;

test("a mistake is told beside its field, nothing typed is lost, then the message is taken in", { timeout: 60000 }, async () => {
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

test("axe and reflow: both languages, light and dark, 320 and 1200 px", { timeout: 120000 }, async () => {
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
