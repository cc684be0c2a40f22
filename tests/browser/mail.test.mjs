/*
 * Answering mail at the desk: who gets a copy, what became of each, a refusal in words and once more by a click, a text from the
 * configuration, a signature. A real usherd; its mail server is one of some lines here, so that it can refuse one address and then take it.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { Center } from "./lib/center.mjs";
import { axe, closePages, newPage, signIn, slow, startBrowser, until } from "./lib/desk.mjs";

const password = "a long password of ann";
const mails = [];
const gone = new Set();
let browser;
let center;
let server;

/* SMTP as far as it goes: mails are kept, an address in `gone` is refused. */
function listen(port) {
	const s = createServer((c) => {
		let data = null;
		let rcpt = "";
		let held = "";
		c.setEncoding("utf8");
		c.on("error", () => {});
		c.write("220 mx.test\r\n");
		c.on("data", (piece) => {
			held += piece;
			for (let at; (at = held.indexOf("\r\n")) >= 0; held = held.slice(at + 2)) {
				const line = held.slice(0, at);
				if (data !== null) {
					if (line === ".") {
						mails.push({ rcpt, data });
						data = null;
						c.write("250 2.0.0 ok\r\n");
					} else data += `${line}\n`;
				} else if (/^DATA/i.test(line)) {
					if (rcpt) data = "";
					c.write(rcpt ? "354 go\r\n" : "554 5.5.1 no recipients\r\n");
				} else if (/^RCPT/i.test(line)) {
					const to = /<([^>]*)>/.exec(line)[1];
					rcpt = gone.has(to) ? "" : to;
					c.write(rcpt ? "250 2.1.5 ok\r\n" : `550 5.1.1 <${to}>: user unknown\r\n`);
				} else if (/^EHLO/i.test(line)) c.write("250-mx.test\r\n250 PIPELINING\r\n");
				else c.write(/^QUIT/i.test(line) ? "221 bye\r\n" : "250 ok\r\n");
			}
		});
	});
	return new Promise((done) => s.listen(port, "127.0.0.1", () => done(s)));
}

before(async () => {
	browser = await startBrowser();
});
beforeEach(async () => {
	mails.length = 0;
	gone.add("gone@x.org");
	center = await Center.open();
	/* The tests' center, with a text to insert. */
	const config = join(center.data, "center.yaml");
	writeFileSync(config, `${readFileSync(center.config)}\ntemplates:\n  hi: {title: Greeting, text: "{{dear}}, about {{case}}. {{agent.name}}"}\n  by-name: {title: By name, text: "Dear {{customer.name}}, hello"}\n`);
	center.process.kill("SIGTERM");
	await new Promise((done) => center.process.once("exit", done));
	center.config = config;
	await center.start();
	center.user("ann", "agent", password, "en=90");
	server = await listen(center.smtp);
});
afterEach(async () => {
	await closePages(browser);
	await center.close();
	server?.close();
});
after(() => browser?.close());

/* SHOTS=DIR leaves pictures. */
const shot = (desk, name) => process.env.SHOTS && desk.screenshot({ path: join(process.env.SHOTS, `${name}.png`) });

/* By the palette. */
async function command(desk, words) {
	await desk.keyboard.press("Control+k");
	await desk.keyboard.type(words);
	await desk.keyboard.press("Enter");
}

async function accept(desk) {
	await desk.locator(".offer").getByRole("button", { name: /accept/i }).first().click();
}

test("a first mail: written by keys alone, sent, answered", slow, async () => {
	const desk = await newPage(browser);
	await signIn(desk, center.url, "ann", password);
	await desk.locator(".top .segmented .p-available").click();
	await desk.getByRole("button", { name: "New mail" }).waitFor();
	await desk.locator("h1, .top").first().click({ position: { x: 1, y: 1 } });
	await desk.keyboard.press("m");
	const dialog = desk.getByRole("dialog", { name: "New mail" });
	await desk.keyboard.type("kim@x.org");
	await desk.keyboard.press("Tab");
	await desk.keyboard.type("Kim Lee");
	await dialog.getByRole("textbox", { name: "Subject" }).fill("Your card");
	await dialog.getByRole("textbox", { name: "Text" }).fill("{{dear}}, it is ready.");
	await dialog.locator("input[type=file]").setInputFiles({ name: "Карта.txt", mimeType: "text/plain", buffer: Buffer.from("map") });
	await dialog.locator(".chip", { hasText: "Карта.txt" }).waitFor();
	await until(async () => !(await dialog.getByRole("button", { name: /^Send/ }).isDisabled()), "the file to be there");
	assert.deepEqual(await axe(desk), []);
	await shot(desk, "write-en");

	/* What was typed outlives the window. */
	await desk.keyboard.press("Escape");
	await desk.keyboard.press("m");
	assert.equal(await dialog.getByRole("textbox", { name: "Subject" }).inputValue(), "Your card");
	await dialog.getByRole("textbox", { name: "Text" }).press("Control+Enter");
	await until(() => mails.some((m) => m.rcpt === "kim@x.org"), "the mail");
	const mail = mails.find((m) => m.rcpt === "kim@x.org").data;
	assert.match(mail, /Hello Kim Lee, it is ready\./);
	assert.match(mail, /filename\*/);
	const sent = desk.locator(".msg.out").first();
	await sent.getByText("Sent", { exact: false }).first().waitFor();
	assert.deepEqual(await axe(desk), []);
	await shot(desk, "written-en");

	/* An HTML mail is quoted as HTML: what it shows, nothing that runs or calls home. */
	const token = /support\+\w+@demo\.test/.exec(mail)[0];
	center.mail("kim@x.org", "Re", "text/html", '<p style="color:red">When <b>exactly</b>?</p><script>alert(1)</script><img src="https://spy.example/x.png"><p onclick="x()">K</p>', token);
	await desk.locator(".msg.in").first().waitFor();
	const area = desk.locator(".composer textarea").first();
	await area.fill("At five.");
	await area.press("Control+Enter");
	await until(() => mails.some((m) => m.data.includes("At five")), "the answer");
	const answer = mails.find((m) => m.data.includes("At five")).data.replace(/=\n/g, "");
	assert.match(answer, /> When exactly\?/);
	assert.match(answer, /<blockquote[^>]*><p style=(3D)?"color: ?red;?">When <b>exactly<\/b>\?<\/p>/);
	assert.doesNotMatch(answer, /script|spy\.example|onclick/);

	/* The answer comes into it; the window is empty for the next one. */
	center.mail("kim@x.org", "Re", "text/plain", "Thank you", token);
	await desk.locator(".msg.in", { hasText: "Thank you" }).waitFor();
	await desk.getByRole("button", { name: "New mail" }).click();
	assert.equal(await dialog.getByRole("textbox", { name: "Subject" }).inputValue(), "");
	await desk.keyboard.press("Escape");
	await desk.getByRole("button", { name: "Write to kim@x.org" }).click();
	assert.equal(await dialog.getByRole("textbox", { name: "To" }).inputValue(), "kim@x.org");
	await desk.keyboard.press("Escape");
	desk.problems = desk.problems.filter((p) => !/Applying inline style|Executing inline event handler/.test(p)); // reported while sanitizing, never done
	assert.deepEqual(desk.problems, []);
});

test("recipients, refusal, once more, texts and signature", slow, async () => {
	const desk = await newPage(browser);
	await signIn(desk, center.url, "ann", password);
	await desk.locator(".top .segmented .p-available").click();

	center.mail("Dan <dan@x.org>", "Help\nCc: Gone <gone@x.org>", "text/plain", "Where is it?");
	await accept(desk);
	const composer = desk.locator(".composer").first();
	await composer.locator(".recipients .chip", { hasText: "gone@x.org" }).waitFor();
	await composer.getByRole("button", { name: "Add a recipient" }).click();
	await composer.getByRole("textbox", { name: /^Blind copy to/ }).fill("boss@demo.test");
	await composer.getByRole("textbox", { name: /^Blind copy to/ }).press("Enter");

	/* A text of the configuration, filled in. */
	await composer.getByRole("button", { name: "Insert a text" }).click();
	await desk.getByRole("button", { name: "Greeting" }).click();
	const area = composer.locator("textarea");
	await until(async () => /^Hello Dan, about 0\w+\. /.test(await area.inputValue()), "the text filled in");
	assert.deepEqual(await axe(desk), []);
	await area.press("Control+Enter");

	/* Each recipient is told of; the refusal in words, with the code. */
	const sent = desk.locator(".msg.out").first();
	await sent.locator(".recipient-states .bad", { hasText: /gone@x\.org.*there is no such address \(550 5\.1\.1/ }).waitFor();
	await until(() => mails.length === 2, "two copies to arrive");
	assert.deepEqual(mails.map((m) => m.rcpt).sort(), ["boss@demo.test", "dan@x.org"]);
	assert.ok(mails.every((m) => m.data.includes("Cc: gone@x.org") && !m.data.includes("boss@")), "the blind copy is blind");
	assert.deepEqual(await axe(desk), []);

	await shot(desk, "delivery-en");
	await command(desk, "По-русски");
	await sent.locator(".recipient-states .bad", { hasText: /gone@x\.org.*550 5\.1\.1/ }).waitFor();
	await sent.getByRole("button", { name: "Отправить снова" }).waitFor();
	assert.doesNotMatch(await sent.locator(".recipient-states").innerText(), /no such address|sent/i);
	await shot(desk, "delivery-ru");
	await command(desk, "In English");

	/* Once more: only to whom it did not reach. */
	gone.clear();
	await sent.getByRole("button", { name: "Send again" }).click();
	await until(() => mails.length === 3, "the third copy");
	assert.equal(mails[2].rcpt, "gone@x.org");
	await until(async () => (await sent.locator(".recipient-states .bad").count()) === 0, "nothing is wrong any more");

	/* One's own signature, then an answer to the customer only. */
	await desk.keyboard.press("Control+k");
	await desk.keyboard.type("My signature");
	await desk.keyboard.press("Enter");
	const dialog = desk.locator("dialog, [role=dialog]").last();
	await dialog.locator("textarea:not([disabled])").fill("Yours truly, {{agent.name}}");
	await dialog.getByRole("button", { name: "Save" }).click();
	await until(async () => (await dialog.locator("textarea").count()) === 0, "the window to close");
	await composer.getByRole("button", { name: "Answer the customer only" }).click();
	await area.fill("It is here.");
	await area.press("Control+Enter");
	await until(() => mails.length === 4, "the answer");
	assert.equal(mails[3].rcpt, "dan@x.org");
	assert.match(mails[3].data, /Yours truly, ann/);
	assert.doesNotMatch(mails[3].data, /^Cc:/m);

	/* What nobody knows stops the sending. */
	center.mail("nameless@x.org", "Hi", "text/plain", "No name");
	await accept(desk);
	await composer.getByRole("button", { name: "Insert a text" }).click();
	await desk.getByRole("button", { name: "By name" }).click();
	await composer.getByText("Nothing is known for {{customer.name}}").waitFor();
	assert.ok(await composer.getByRole("button", { name: /^Send/ }).isDisabled());
	await area.fill("Dear friend, hello");
	await until(async () => !(await composer.getByRole("button", { name: /^Send/ }).isDisabled()), "sending to be allowed");
	assert.deepEqual(desk.problems, []);
});

for (const narrow of [false, true])
	test(`own texts by keyboard: written, found, changed, deleted${narrow ? ", in Russian, dark, 320 px" : ""}`, { timeout: 90000 }, async () => {
		const words = narrow
			? { find: "Найти текст", mine: "Новый мой текст", title: "Название", text: "Текст", save: "Сохранить", change: /^Изменить: /, gone: "Удалить", open: "Вставить текст" }
			: { find: "Find a text", mine: "New text of mine", title: "Title", text: "Text", save: "Save", change: /^Change /, gone: "Delete", open: "Insert a text" };
		const desk = await newPage(browser, narrow ? { width: 320, height: 700, dark: true } : {});
		await signIn(desk, center.url, "ann", password);
		if (narrow) await command(desk, "По-русски");
		await desk.locator(".top .segmented .p-available").click();
		center.mail("Zoe <zoe@x.org>", "Help", "text/plain", "Is it open?");
		await desk.locator(".offer").first().waitFor({ state: "attached" });
		await desk.keyboard.press("a");
		const area = desk.locator(".composer textarea");
		await area.fill("We are open until six.");
		await area.blur();
		await desk.keyboard.press("i");
		const dialog = desk.locator("dialog");
		await dialog.getByRole("searchbox", { name: words.find }).waitFor();
		assert.deepEqual(await axe(desk), []);
		/* What is in the reply becomes a text; a mistake in a place is said at once. */
		await dialog.getByRole("button", { name: words.mine }).press("Enter");
		await desk.keyboard.type("Hours");
		const text = dialog.getByRole("textbox", { name: words.text, exact: true });
		assert.equal(await text.inputValue(), "We are open until six.");
		await text.fill("{{deer}}, we are open until six.");
		await dialog.getByRole("button", { name: words.save }).press("Enter");
		await dialog.getByRole("alert").filter({ hasText: "deer" }).waitFor();
		assert.deepEqual(await axe(desk), []);
		await text.fill("{{dear}}, we are open until six.");
		await dialog.getByRole("button", { name: words.save }).press("Enter");
		await dialog.getByRole("button", { name: words.change }).waitFor();
		await shot(desk, `texts${narrow ? "-ru-320-dark" : ""}`);
		assert.ok(await desk.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "no scrolling sideways");
		/* Found by a word of it, inserted by Enter. */
		await dialog.getByRole("searchbox").fill("until six");
		await desk.keyboard.press("Enter");
		await until(async () => /Zoe, we are open until six\.$/.test(await area.inputValue()), "the text filled in");
		await area.blur();
		await desk.keyboard.press("i");
		await dialog.getByRole("button", { name: words.change }).press("Enter");
		await dialog.getByRole("button", { name: words.gone }).press("Enter");
		await until(async () => (await dialog.getByRole("button", { name: words.change }).count()) === 0, "none of one's own");
		assert.deepEqual(desk.problems, []);
		await desk.context().close();
	});
