/*
 * What could not be sent, on the supervisor's page: the reason, once more, set aside; by keyboard, in both languages, light and dark, and not for agents. A real
 * usherd; its mail server is postfix' smtp-sink, which refuses every recipient until it is replaced.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { Center } from "./lib/center.mjs";
import { axe, closePages, newPage, signIn, slow, startBrowser, until } from "./lib/desk.mjs";

const password = "a long password of sue";
let browser;
let center;
let sink;

async function smtp(...options) {
	sink?.kill();
	sink = spawn("/usr/sbin/smtp-sink", [...options, `127.0.0.1:${center.smtp}`, "16"], { stdio: "ignore" });
	await new Promise((done) => setTimeout(done, 300));
}

before(async () => {
	browser = await startBrowser();
});
beforeEach(async () => {
	center = await Center.open();
	center.user("ann", "agent", password, "en=90");
	center.user("sue", "supervisor", password);
	await smtp("-u", "nobody", "-f", "RCPT");
});
afterEach(async () => {
	await closePages(browser);
	await center.close();
	sink?.kill();
});
after(() => browser?.close());

async function refused(desk, name) {
	center.mail(`${name} <${name}@x.org>`, `from ${name}`, "text/plain", "Where is it?");
	await desk.locator(".offer").getByRole("button", { name: /accept/i }).first().click();
	const field = desk.locator(".composer textarea").first();
	await desk.locator(".msg .bubble").getByText("Where is it?").first().waitFor();
	await field.fill(`Dear ${name}`);
	await field.press("Control+Enter");
	await until(() => JSON.parse(center.ctl("dead", "--json")).letters.some((l) => l.to === `${name}@x.org`), "a dead letter");
}

test("a supervisor sends one again and sets one aside", slow, async () => {
	const desk = await newPage(browser);
	await signIn(desk, center.url, "ann", password);
	await desk.locator(".top .segmented .p-available").click();
	await refused(desk, "dan");
	await refused(desk, "gil");

	const page = await newPage(browser);
	await signIn(page, center.url, "sue", password);
	await page.goto(`${center.url}/desk/#floor`);
	const row = (name) => page.locator(".dead li", { hasText: `${name}@x.org` });
	await row("dan").getByText(/Not sent: .*5\d\d/).waitFor();
	await row("gil").waitFor();
	assert.deepEqual(await axe(page), []);

	/* By keyboard: the row goes, the focus is on the heading. */
	await row("gil").getByRole("button", { name: "Set aside" }).focus();
	await page.keyboard.press("Enter");
	await until(async () => (await row("gil").count()) === 0, "the list without gil");
	await page.getByText("Set aside.", { exact: true }).waitFor();
	assert.equal(await page.evaluate(() => document.activeElement?.tagName), "H3");
	const gil = JSON.parse(center.ctl("queue", "--json"));
	assert.equal(gil.waiting, 0);
	assert.equal(JSON.parse(center.ctl("dead", "--json")).dead, 1);

	await smtp("-u", "nobody");
	await row("dan").getByRole("button", { name: "Send again" }).focus();
	await page.keyboard.press("Enter");
	await page.getByText("It is on its way again.").waitFor();
	await until(() => JSON.parse(center.ctl("dead", "--json")).dead === 0, "nothing left");
	await until(async () => (await row("dan").count()) === 0, "the list without dan");

	/* The agent reads in the conversation who set it aside, and has no such list. */
	await desk.getByText(/set aside by sue/).first().waitFor();
	assert.equal(await desk.evaluate(async () => (await fetch("/api/v1/dead")).status), 403);
	assert.deepEqual(page.problems, []);
});

test("in Russian, dark, on a narrow screen", slow, async () => {
	const desk = await newPage(browser);
	await signIn(desk, center.url, "ann", password);
	await desk.locator(".top .segmented .p-available").click();
	await refused(desk, "eve");
	const page = await newPage(browser, { width: 360, height: 800, dark: true, locale: "ru-RU" });
	await signIn(page, center.url, "sue", password);
	await page.goto(`${center.url}/desk/#floor`);
	await page.locator(".dead li", { hasText: "eve@x.org" }).getByRole("button", { name: /Отложить|Set aside/ }).waitFor();
	assert.deepEqual(await axe(page), []);
	assert.deepEqual(page.problems, []);
});
