/*
 * The desk in real Chromium against the fake desk server: what an agent and a supervisor see and can do, what
 * survives a lost connection, and that hostile mail neither runs nor fetches anything.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { axe, newPage, signIn, startBrowser, until } from "./lib/desk.mjs";
import { startFake } from "./lib/fake_desk.mjs";
import { hostile, pictures } from "./lib/hostile_mail.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const web =
	process.env.USHER_DESK_WEB ??
	[process.env.USHER_BUILD && join(process.env.USHER_BUILD, "web/desk"), join(root, "src/desk/web/dist")].find(
		(d) => d && existsSync(join(d, "index.html")),
	);
const limit = { timeout: 60000 };
let browser;

before(async () => {
	assert.ok(web, "the desk is not built: USHER_BUILD/web/desk or src/desk/web/dist");
	browser = await startBrowser();
});
after(() => browser?.close());

/** A fresh center and a signed-in page for each test; script errors and policy violations fail it. */
function desk(name, { user = "bo", ...options }, body) {
	test(name, limit, async () => {
		const fake = await startFake({ web });
		fake.agents.get("bo").presence = "available";
		const page = await newPage(browser, options);
		try {
			if (user) await signIn(page, fake.url, user, "demo");
			await body({ page, fake, s: fake.seed });
			assert.deepEqual(page.problems, []);
		} finally {
			await page.context().close();
			await fake.close();
		}
	});
}

const open = (page, conv) => page.locator(`[data-conv="${conv.conv}"]`).click();
const field = (page) => page.locator(".composer textarea");
const bubbles = (page, text) => page.locator(".msg .bubble", { hasText: text });
const commands = (fake, t) => fake.commands.filter((c) => c.t === t);

function lostCard(fake, user = "bo", left_ms = 30000) {
	const customer = fake.customer({ name: "Walter Grün", segment: "premier" });
	const conv = fake.conv(customer, {
		subject: "Lost card",
		kind: "chat",
		channel: "site",
		skills: "en=50",
		arrived_ms: Date.now() - 35000,
	});
	fake.say(conv, { text: "I lost my card on the train.", at_ms: conv.arrived_ms });
	return { conv, offer: fake.offer(conv, user, left_ms) };
}

/* ---- the way in ---- */

desk("sign-in says what is wrong and lets in", { user: null }, async ({ page, fake }) => {
	await page.goto(`${fake.url}/desk/`);
	await page.getByLabel("User name").fill("bo");
	await page.getByLabel("Password").fill("wrong");
	await page.getByRole("button", { name: "Sign in" }).click();
	await page.getByText("The name or the password is not right.").waitFor();
	for (let i = 0; i < 5; i++) {
		const answered = page.waitForResponse("**/login");
		await page.getByRole("button", { name: "Sign in" }).click();
		await answered;
	}
	await page.getByText("Too many tries. Wait 12 seconds and try again.").waitFor();
	fake.tries.clear();
	await page.getByLabel("Password").fill("demo");
	await page.keyboard.press("Enter");
	await page.getByRole("heading", { name: "My work" }).waitFor();
});

desk("the page has nothing inline and asks only its own server", { user: null }, async ({ page, fake }) => {
	const hosts = new Set();
	page.on("request", (r) => hosts.add(new URL(r.url()).host));
	await signIn(page, fake.url, "bo", "demo");
	const html = await readFile(join(web, "index.html"), "utf8");
	assert.doesNotMatch(html, /<style|<script(?![^>]*src=)|\son\w+=|style=/);
	assert.deepEqual([...hosts], [new URL(fake.url).host]);
});

/* ---- a shift ---- */

desk("a shift by keyboard alone: accept, reply, note, transfer, resolve, wrap-up", {}, async ({ page, fake, s }) => {
	const press = (key) => page.keyboard.press(key);
	const { conv } = lostCard(fake);
	const offer = page.locator(".offer");
	await offer.waitFor();
	for (const words of ["Walter Grün", "premier", "site", "Lost card", "I lost my card", "Cards", "en=50"])
		await offer.getByText(words).first().waitFor();
	assert.match(await offer.getByRole("timer").getAttribute("aria-label"), /^\d+ seconds left$/);
	assert.match(await page.title(), /^\(\d\) /);

	await press("a");
	await page.getByRole("heading", { name: "Walter Grün" }).first().waitFor();
	await until(() => field(page).evaluate((e) => e === document.activeElement), "the composer has the focus");
	assert.equal(await offer.count(), 0);
	await page.keyboard.type("Your card is blocked now.");
	await press("Control+Enter");
	await bubbles(page, "Your card is blocked now.").waitFor();
	await page.locator(".msg.out .delivery", { hasText: "Sent" }).waitFor();

	await press("Escape");
	await press("n");
	await page.keyboard.type("Blocked by phone rules.");
	await press("Control+Enter");
	await page.locator(".msg.note", { hasText: "Blocked by phone rules." }).waitFor();

	await press("Escape");
	await press("e");
	await press("1"); // at once, as fast fingers do
	await until(() => commands(fake, "resolve").length, "resolve reached the server");
	assert.equal(commands(fake, "resolve")[0].outcome, "solved");
	await page.getByText("Resolved. Finish your notes").waitFor();
	await press("w");
	await until(() => conv.state === "resolved", "wrap-up is over");

	/* The next one: j goes there, t hands it on. */
	await press("Escape");
	await open(page, s.fee);
	await press("t");
	const dialog = page.getByRole("dialog", { name: "Transfer this conversation" });
	await dialog.waitFor();
	await page.keyboard.type("loans");
	await press("Tab");
	await press("Tab");
	await page.keyboard.type("Please look at the fee.");
	await press("Control+Enter");
	await page.getByText("Transferred.").waitFor();
	assert.deepEqual(commands(fake, "transfer").map((c) => [c.conv, c.to, c.text]), [
		[s.fee.conv, "queue:loans", "Please look at the fee."],
	]);
	assert.equal(await page.locator(`[data-conv="${s.fee.conv}"]`).count(), 0);
	await press("j");
	await until(async () => (await page.locator(".work-row[aria-current]").count()) === 1, "one is selected");
	assert.deepEqual(commands(fake, "reply").map((c) => c.text), ["Your card is blocked now."]);
});

desk("a colleague is asked first, skills can be named, wrap-up takes longer", {}, async ({ page, fake, s }) => {
	await open(page, s.fee);
	await page.keyboard.press("t");
	const dialog = page.getByRole("dialog", { name: "Transfer this conversation" });
	await dialog.waitFor();
	await page.keyboard.type("Kim");
	await dialog.getByRole("button", { name: "Ask first" }).click();
	await page.getByText("Kim Tran is asked to take it over").waitFor();
	assert.deepEqual(commands(fake, "consult").map((c) => [c.conv, c.to]), [[s.fee.conv, "agent:kim"]]);
	await field(page).waitFor(); // it is still mine to answer
	s.fee.asked = null;
	fake.changed(s.fee);
	await page.getByText("Kim Tran is asked to take it over").waitFor({ state: "detached" });

	await page.getByRole("button", { name: /^Transfer/ }).first().click();
	await dialog.waitFor();
	await page.keyboard.type("loans=50 en=80");
	await dialog.getByText("Whoever has these skills").waitFor();
	await page.keyboard.press("Control+Enter");
	await until(() => commands(fake, "transfer").length, "transfer reached the server");
	assert.equal(commands(fake, "transfer")[0].to, "skills:loans=50 en=80");

	await open(page, s.app);
	await page.getByRole("button", { name: "More time" }).click();
	await until(() => commands(fake, "wrapup_more").length, "more wrap-up reached the server");
});

desk("who is asked to take over sees who asks", {}, async ({ page, fake, s }) => {
	const { conv } = lostCard(fake);
	await page.locator(".offer").waitFor();
	fake.push({ t: "offer", ...[...fake.offers.values()][0], offer: "01HZZZZZZZZZZZZZZZZZZZZZZZ", conv: conv.conv, asked: "kim" }, (u) => u === "bo");
	await page.getByText("Kim Tran asks you to take it over").waitFor();
	assert.ok(s);
});

desk("an offer can be declined, and an answer that comes too late is told", {}, async ({ page, fake }) => {
	const { offer } = lostCard(fake);
	await page.locator(".offer").waitFor();
	await page.keyboard.press("d");
	await page.getByRole("dialog", { name: "Decline this offer" }).waitFor();
	await page.keyboard.press("2");
	await until(() => commands(fake, "decline").length, "decline reached the server");
	assert.deepEqual([commands(fake, "decline")[0].offer, commands(fake, "decline")[0].reason], [offer.offer, "skill"]);
	await page.locator(".offer").waitFor({ state: "detached" });
	lostCard(fake);
	await page.locator(".offer").waitFor();
	fake.refuse.set("accept", { code: "state", message: "the offer is over" });
	await page.getByRole("button", { name: "Accept" }).click();
	await page.locator(".toast.bad", { hasText: "the offer is over" }).waitFor();
});

desk("an answer that is older than the news changes nothing", {}, async ({ page, fake }) => {
	const { conv } = lostCard(fake);
	await page.locator(".offer").waitFor();
	fake.read_ms = [1200, 0]; // read while it was offered, answered when it is long accepted
	await page.keyboard.press("a");
	await until(() => field(page).evaluate((e) => e === document.activeElement), "the composer has the focus");
	await page.waitForTimeout(1500);
	await bubbles(page, "I lost my card").waitFor();
	assert.equal(await page.locator(`[data-conv="${conv.conv}"]`).count(), 1);
	assert.ok(await field(page).isVisible());
});

desk("what became of a message while it was read is not forgotten", {}, async ({ page, fake, s }) => {
	const m = fake.say(s.fee, { direction: "out", text: "the fee is gone", agent: "bo", name: "Bo", parts: [], delivery: "queued" });
	fake.read_ms = [1200];
	await open(page, s.fee);
	await until(() => fake.read_ms.length === 0, "it to be read");
	fake.push({ t: "receipt", conv: s.fee.conv, seq: m.seq, delivery: "sent", why: "" }, () => true);
	const said = page.locator(".msg.out", { hasText: "the fee is gone" });
	await bubbles(page, "I wrote you a mail").waitFor(); // the answer is there
	await said.getByText("Sent").waitFor();
	assert.equal(await said.getByText("On its way").count(), 0);
});

desk("a message that is tried again says why and when", {}, async ({ page, fake, s }) => {
	const m = fake.say(s.fee, { direction: "out", text: "the fee is gone", agent: "bo", name: "Bo", parts: [], delivery: "queued" });
	const news = (f) => fake.push({ t: "receipt", conv: s.fee.conv, seq: m.seq, ...Object.assign(m, f) }, () => true);
	await open(page, s.fee);
	const said = page.locator(".msg.out", { hasText: "the fee is gone" });
	await said.getByText("On its way").waitFor();
	const at = new Date();
	at.setHours(2, 7);
	news({ delivery: "queued", why: "HTTP 503: full", again_ms: at.getTime() });
	await said.locator(".delivery", { hasText: /Not delivered yet: HTTP 503: full\. Next attempt: .*2:07/ }).waitFor();
	await page.reload();
	await open(page, s.fee);
	await said.getByText("Not delivered yet").waitFor();
	news({ delivery: "sent", why: "", again_ms: undefined });
	await said.getByText("Sent").waitFor();
	assert.equal(await said.getByText("Next attempt").count(), 0);
});

desk("a reload opens what was open", {}, async ({ page, s }) => {
	await open(page, s.fee);
	await bubbles(page, "I wrote you a mail").waitFor();
	await page.reload();
	await bubbles(page, "I wrote you a mail").waitFor();
});

desk("a missed offer pauses, and one button ends it", {}, async ({ page, fake }) => {
	lostCard(fake, "bo", 900);
	await page.getByText("You missed an offer, so new ones are paused.").waitFor();
	await page.getByRole("button", { name: "I'm back" }).click();
	await until(() => fake.agents.get("bo").presence === "available", "available again");
	await page.getByText("You missed an offer").waitFor({ state: "detached" });
});

desk("the thread shows days, notes, channels, quotes folded, and a failed message is sent again", {}, async ({ page, fake, s }) => {
	await open(page, s.fee);
	await page.getByText("Yesterday").or(page.getByText("yesterday")).first().waitFor();
	await page.locator(".msg.note").getByText("Note, for employees only").waitFor();
	assert.equal(await page.getByText("your monthly statement is ready").count(), 0);
	await page.getByRole("button", { name: "Show quoted text" }).click();
	await page.getByText("your monthly statement is ready").waitFor();
	await open(page, s.card);
	await page.locator(".delivery.bad", { hasText: "550 mailbox unavailable" }).waitFor();
	await page.getByRole("button", { name: "Send again" }).click();
	await page.locator(".delivery.bad").waitFor({ state: "detached" });
	assert.equal(commands(fake, "retry")[0].seq, 4);
});

desk("the card shows who it is, how sure that is, and past conversations", {}, async ({ page, s }) => {
	await open(page, s.fee);
	const card = page.getByRole("region", { name: "Customer", exact: true });
	await card.getByText("anna.petrova@example.org").waitFor();
	assert.equal(await card.getByText("Verified", { exact: true }).count(), 2);
	assert.equal(await card.getByText("Not verified").count(), 1);
	await card.getByRole("button", { name: /Travel notice/ }).click();
	await bubbles(page, "I fly to Lisbon on Monday.").waitFor();
	await page.getByText("Earlier conversation, read only").waitFor();
	assert.equal(await page.locator(".composer").count(), 0);
	await open(page, s.card);
	await card.getByText("This customer proved to own jonas@lindqvist.test.").waitFor();
	await card.getByText("Jonas E. Lindqvist").waitFor();
});

desk("two cards are merged with a reason and split again, by keys, and both are on the card", {}, async ({ page, fake, s }) => {
	await open(page, s.card);
	const card = page.getByRole("region", { name: "Customer", exact: true });
	await card.getByRole("button", { name: "Same person" }).focus();
	await page.keyboard.press("Enter");
	const window_ = page.getByRole("dialog", { name: "The same person?" });
	await window_.getByLabel("How do you know?").waitFor();
	assert.deepEqual(await axe(page), []);
	await page.keyboard.type("named his first school");
	await page.keyboard.press("Enter");
	await card.getByText("named his first school").waitFor();
	const [merge] = commands(fake, "merge");
	assert.equal(merge.reason, "named his first school");
	assert.equal(merge.into, "C2");
	await card.getByRole("button", { name: "Split" }).click();
	await page.getByRole("dialog", { name: "Not the same person?" }).getByRole("button", { name: "Split" }).click();
	await card.getByText("bo split").waitFor();
	await card.getByText("Wrote into this customer's conversation.").waitFor();
	assert.equal(commands(fake, "split")[0].customer, merge.customer);
});

desk("a file is uploaded, sent and can be downloaded", {}, async ({ page, fake, s }) => {
	await open(page, s.fee);
	await page.locator('input[type="file"]').setInputFiles({ name: "fees.txt", mimeType: "text/plain", buffer: Buffer.from("0.00") });
	await page.locator(".chip", { hasText: "fees.txt" }).getByRole("button", { name: "Remove fees.txt" }).waitFor();
	await field(page).fill("The list is attached.");
	await page.getByRole("button", { name: "Send" }).click();
	const file = page.locator(".msg.out .files a", { hasText: "fees.txt" });
	await file.waitFor();
	const [download] = await Promise.all([page.waitForEvent("download"), file.click()]);
	assert.equal(await readFile(await download.path(), "utf8"), "0.00");
	assert.equal(commands(fake, "reply")[0].parts[0].name, "fees.txt");
});

desk("an upload shows how far it is and can be stopped; the next one arrives", {}, async ({ page, fake, s }) => {
	await open(page, s.fee);
	const wire = await page.context().newCDPSession(page);
	const slow = (bytes_s) =>
		wire.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytes_s });
	await wire.send("Network.enable");
	await slow(200_000);
	await page.locator('input[type="file"]').setInputFiles([
		{ name: "film.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc(5_000_000) },
		{ name: "fees.txt", mimeType: "text/plain", buffer: Buffer.from("0.00") },
	]);
	const bar = page.getByRole("progressbar", { name: "Uploading film.bin" });
	await until(() => bar.evaluate((e) => e.value > 0), "it to be seen to go on", 30_000);
	assert.deepEqual(await axe(page), []);
	await page.getByRole("button", { name: "Stop uploading film.bin" }).focus();
	await page.keyboard.press("Enter");
	await bar.waitFor({ state: "detached" });
	await slow(-1);
	await page.getByRole("button", { name: "Remove fees.txt" }).waitFor();
	assert.equal(await page.locator(".chip", { hasText: "film.bin" }).count(), 0);
	await field(page).fill("Without the film.");
	await page.getByRole("button", { name: "Send" }).click();
	await until(() => commands(fake, "reply").length === 1, "the reply");
	assert.deepEqual(commands(fake, "reply")[0].parts.map((p) => p.name), ["fees.txt"]);
});

/* ---- nothing is lost ---- */

desk("what is typed outlives a reload and the end of the session", {}, async ({ page, fake, s }) => {
	await open(page, s.fee);
	await field(page).fill("Half a sentence");
	await page.reload();
	await open(page, s.fee);
	assert.equal(await field(page).inputValue(), "Half a sentence");
	fake.sessions.clear();
	fake.cut();
	await page.getByText("Your session has ended. What you typed is kept.").waitFor();
	await signIn(page, fake.url, "bo", "demo");
	await open(page, s.fee);
	assert.equal(await field(page).inputValue(), "Half a sentence");
});

desk("a lost connection is told at once, resumed without a gap and without a double", {}, async ({ page, fake, s }) => {
	await open(page, s.fee);
	await bubbles(page, "I wrote you a mail").waitFor();
	fake.cut(true);
	await page.getByText("Connection lost. What you type is kept.").waitFor();
	await field(page).fill("Written while away");
	await page.keyboard.press("Control+Enter");
	await page.locator(".msg.sending", { hasText: "Written while away" }).waitFor();
	fake.say(s.fee, { text: "Are you there?" });
	fake.up();
	await page.getByRole("button", { name: "Try now" }).click().catch(() => {});
	await page.locator('[data-test="lost"]').waitFor({ state: "detached" });
	await bubbles(page, "Are you there?").waitFor();
	await page.locator(".msg.out:not(.sending)", { hasText: "Written while away" }).waitFor();
	assert.equal(await bubbles(page, "Written while away").count(), 1);
	assert.equal(await bubbles(page, "Are you there?").count(), 1);
	assert.equal(commands(fake, "reply").length, 1);
});

desk("an answer that was lost on the way does not make a second reply", {}, async ({ page, fake, s }) => {
	await open(page, s.fee);
	const carryOut = fake.carryOut.bind(fake);
	fake.carryOut = (socket, f) => {
		const answer = carryOut(socket, f);
		if (f.t === "reply") socket.terminate();
		return answer;
	};
	await field(page).fill("Only once, please");
	await page.keyboard.press("Control+Enter");
	await until(() => [...fake.sockets].length === 1 && commands(fake, "reply").length, "connected again");
	await page.locator(".msg.out:not(.sending)", { hasText: "Only once, please" }).waitFor();
	await until(async () => (await page.locator(".msg.sending").count()) === 0, "nothing is under way");
	assert.equal(await bubbles(page, "Only once, please").count(), 1);
	assert.equal(fake.messages.get(s.fee.conv).filter((m) => m.text === "Only once, please").length, 1);
});

desk("a reload before the answer repeats the command under its id", {}, async ({ page, fake, s }) => {
	await open(page, s.fee);
	fake.delay_ms = 1200;
	await field(page).fill("Sent and reloaded");
	await page.keyboard.press("Control+Enter");
	await page.locator(".msg.sending").waitFor();
	await page.reload();
	await open(page, s.fee);
	await page.locator(".msg.out", { hasText: "Sent and reloaded" }).waitFor();
	await new Promise((r) => setTimeout(r, 1500));
	assert.equal(await bubbles(page, "Sent and reloaded").count(), 1);
	assert.equal(fake.messages.get(s.fee.conv).filter((m) => m.text === "Sent and reloaded").length, 1);
});

desk("too much missed: a snapshot repairs the list and the open thread", {}, async ({ page, fake, s }) => {
	await open(page, s.fee);
	await bubbles(page, "I wrote you a mail").waitFor();
	fake.cut(true);
	fake.say(s.fee, { text: "Said while the log was lost" });
	fake.log = [];
	fake.n = 5; // a server that knows nothing of our number
	fake.convs.get(s.app.conv).state = "resolved";
	fake.up();
	await bubbles(page, "Said while the log was lost").waitFor();
	assert.equal(await page.locator(`[data-conv="${s.app.conv}"]`).count(), 0);
});

desk("a refused reply comes back into the field with the reason", {}, async ({ page, fake, s }) => {
	await open(page, s.fee);
	fake.refuse.set("reply", { code: "forbidden", message: "the conversation is not yours" });
	await field(page).fill("Will be refused");
	await page.keyboard.press("Control+Enter");
	await page.locator(".toast.bad", { hasText: "the conversation is not yours" }).waitFor();
	await until(async () => (await field(page).inputValue()) === "Will be refused", "the text is back");
	assert.equal(await bubbles(page, "Will be refused").count(), 0);
});

desk("two tabs of one person agree", {}, async ({ page, fake, s }) => {
	const other = await page.context().newPage();
	await other.goto(`${fake.url}/desk/`);
	await other.locator(`[data-conv="${s.card.conv}"]`).waitFor();
	await open(page, s.fee);
	await field(page).fill("From the first tab");
	await page.keyboard.press("Control+Enter");
	await other.locator(`[data-conv="${s.fee.conv}"]`).click();
	await other.locator(".msg.out", { hasText: "From the first tab" }).waitFor();
	await page.getByRole("button", { name: /Settings/ }).click();
	await page.getByRole("button", { name: "Sign out" }).click();
	await other.getByRole("heading", { name: "Sign in to your desk" }).waitFor();
});

/* ---- hostile mail ---- */

for (const [name, html] of Object.entries(hostile))
	test(`hostile mail runs nothing and fetches nothing: ${name}`, limit, async () => {
		const fake = await startFake({ web });
		const page = await newPage(browser);
		const fetched = [];
		const alarms = [];
		try {
			await page.exposeFunction("pwned", (why) => alarms.push(why));
			page.on("dialog", (d) => (alarms.push(d.message()), d.dismiss()));
			page.context().on("page", (p) => alarms.push(`opened ${p.url()}`));
			await page.context().route(
				(u) => u.origin !== fake.url,
				(r) => (fetched.push(r.request().url()), r.abort()),
			);
			fake.say(fake.seed.fee, { text: "Please read the formatted form.", html_body: `<p>before</p>${html}<p>the end of it</p>` });
			await signIn(page, fake.url, "bo", "demo");
			await open(page, fake.seed.fee);
			await page.locator(".identities").waitFor();
			fake.requests.length = 0;
			const message = page.locator(".msg.in", { hasText: "Please read the formatted form." });
			await message.getByRole("button", { name: "Show formatted" }).click();
			const frame = page.frameLocator(".msg.formatted iframe");
			await frame.getByText("before", { exact: true }).waitFor();
			await page.waitForTimeout(400);
			/* A person clicks into it, too. */
			await frame.locator("body").click({ position: { x: 5, y: 5 } });
			await page.waitForTimeout(200);
			assert.deepEqual(alarms, []);
			assert.deepEqual(fetched, []);
			assert.deepEqual(fake.requests.filter((p) => !p.endsWith("/html")), []);
			assert.equal(new URL(page.url()).pathname, "/desk/");
			assert.ok(await page.locator(".top").isVisible(), "the desk is still there");
			const bad = await frame.locator("script,form,input,svg,iframe,object,embed,link,meta[http-equiv=refresh],base,math").count();
			assert.equal(bad, 0);
			const sandbox = await page.locator(".msg.formatted iframe").getAttribute("sandbox");
			assert.equal(sandbox, "allow-same-origin");
		} finally {
			await page.context().close();
			await fake.close();
		}
	});

desk("pictures from the internet load on a click only, and only pictures", {}, async ({ page, fake, s }) => {
	const fetched = [];
	await page.context().route(
		(u) => u.origin !== fake.url,
		(r) => {
			fetched.push(`${r.request().resourceType()} ${r.request().url()} ${r.request().headers()["referer"] ?? ""}`);
			return r.fulfill({ contentType: "image/png", body: pictures.png });
		},
	);
	fake.blobs.set("cidblob", { body: pictures.png, type: "image/png" });
	fake.say(s.fee, {
		text: "Look at the picture.",
		html_body: pictures.mail,
		parts: [{ name: "own.png", type: "image/png", size: 68, blob: "cidblob", cid: "own@mail" }],
	});
	await open(page, s.fee);
	const message = page.locator(".msg.in", { hasText: "Look at the picture." });
	await message.getByRole("button", { name: "Show formatted" }).click();
	await page.getByText("1 picture from the internet is not loaded.").waitFor();
	const frame = page.frameLocator(".msg.formatted iframe");
	await until(() => frame.locator("img[data-cid]").evaluate((i) => i.naturalWidth > 0), "the mail's own picture is shown");
	assert.equal(await frame.locator(".green").evaluate((e) => getComputedStyle(e).color), "rgb(0, 128, 0)");
	assert.deepEqual(fetched, []);
	await page.getByRole("button", { name: "Load pictures" }).click();
	await until(() => frame.locator("img[alt=remote]").evaluate((i) => i.naturalWidth > 0), "the remote picture is shown");
	assert.deepEqual(fetched, ["image https://pictures.example/a.png "]);
	const height = await page.locator(".msg.formatted iframe").evaluate((e) => e.clientHeight);
	assert.ok(height > 300, `the frame is as high as the mail (${height})`);
	page.problems = page.problems.filter((p) => !/Applying inline style/.test(p)); // reported while sanitizing, never applied
});

/* ---- supervision ---- */

desk("a supervisor sees waits, people and intake, and acts", { user: "eva", height: 1300 }, async ({ page, fake }) => {
	await page.getByRole("link", { name: "Supervision" }).click();
	const panel = (name) => page.getByRole("region", { name, exact: true }).first();
	const cards = panel("Waiting now").getByRole("row", { name: /^Cards/ });
	await cards.waitFor();
	assert.match(await cards.innerText(), /Cards\s+2\s+4:\d\d/);
	assert.match(await panel("Service level").getByRole("row", { name: /^Cards/ }).innerText(), /86%/);
	assert.match(await panel("Service level").getByRole("row", { name: /^General/ }).innerText(), /General questions\s+–/);
	await panel("Intake").getByText("Every message seen is accounted for.").waitFor();
	await panel("Intake").getByText(/down: the listener's port is taken/).waitFor();
	await panel("People").getByRole("row", { name: /Kim Tran Available/ }).waitFor();

	const list = panel("Waiting conversations, in order");
	assert.match(await list.getByRole("row").nth(1).innerText(), /Piotr Zielinski/);
	await list.getByRole("row", { name: /Sara Haddad/ }).getByRole("button", { name: "Explain" }).click();
	const drawer = page.getByRole("dialog", { name: "Why it waits" });
	for (const words of ["Place 1 in Cards", "Stage 1: needs ru=50 cards=20", "lacks a skill", "2 colleagues", "Kim Tran", "A colleague finishes something."])
		await drawer.getByText(words).first().waitFor();
	await page.keyboard.press("Escape");
	await drawer.waitFor({ state: "detached" });

	await page.getByRole("button", { name: "Pause: Cards" }).click();
	await page.getByRole("button", { name: "Resume: Cards" }).waitFor();
	await list.getByRole("row", { name: /Chen Li/ }).getByRole("button", { name: "Assign" }).click();
	await page.getByRole("dialog", { name: "Assign to a colleague" }).getByText("Kim Tran").click();
	await page.getByRole("dialog").getByRole("button", { name: "Assign" }).click();
	await until(() => commands(fake, "take").length === 1, "assigned");
	assert.equal(commands(fake, "take")[0].agent, "kim");
	await list.getByRole("row", { name: /Chen Li/ }).waitFor({ state: "detached" });
	await list.getByRole("row", { name: /Oleg/ }).getByRole("button", { name: "Take" }).click();
	await page.getByRole("link", { name: "My desk" }).click();
	await page.locator(".work-row", { hasText: "Oleg Smirnov" }).waitFor();

	/* Live: a new one appears without a reload. */
	await page.getByRole("link", { name: "Supervision" }).click();
	const c = fake.conv(fake.customer({ name: "Nadia Brand" }), { subject: "New", arrived_ms: Date.now() });
	fake.changed(c);
	await list.getByRole("row", { name: /Nadia Brand/ }).waitFor();
});

desk("an agent has no supervision", {}, async ({ page, fake }) => {
	assert.equal(await page.getByRole("link", { name: "Supervision" }).count(), 0);
	await page.goto(`${fake.url}/desk/#floor`);
	await page.getByRole("heading", { name: "My work" }).waitFor();
});

/* ---- for everybody ---- */

desk("language, colours and single keys are chosen and kept", {}, async ({ page, fake }) => {
	await page.getByRole("button", { name: /Settings/ }).click();
	await page.getByLabel("Language").selectOption("ru");
	await page.getByRole("heading", { name: "В работе" }).waitFor();
	assert.equal(await page.getAttribute("html", "lang"), "ru");
	await page.getByLabel("Оформление").selectOption("dark");
	await page.getByLabel("Клавиши без Ctrl").uncheck();
	await page.reload();
	await page.getByRole("heading", { name: "В работе" }).waitFor();
	assert.equal(await page.getAttribute("html", "data-theme"), "dark");
	lostCard(fake);
	await page.locator(".offer").waitFor();
	await page.keyboard.press("a");
	await page.waitForTimeout(300);
	assert.equal(commands(fake, "accept").length, 0);
	await page.keyboard.press("Control+k");
	await page.keyboard.type("принять");
	await page.keyboard.press("Enter");
	await until(() => commands(fake, "accept").length === 1, "accepted from the palette");
});

desk("no word is missing in either language", { user: null }, async () => {
	const source = await readFile(join(root, "src/desk/web/src/strings.ts"), "utf8");
	const rows = [...source.matchAll(/^\t"([\w.-]+)": \[\s*(?:"([^"]*)"|\{[^}]*\}),\s*(?:"([^"]*)"|\{([^}]*)\})/gm)];
	assert.ok(rows.length > 200, `rows are read (${rows.length})`);
	for (const [, key, en, ru, plural] of rows) {
		if (key === "app.none" || key === "act.lang" || /^menu\.theme$/.test(key)) continue;
		assert.match(ru ?? plural, /[а-яё]/i, `${key} has no Russian words`);
		if (en) assert.doesNotMatch(en, /[а-яё]/i, `${key} has Russian words in English`);
	}
});

desk("news is announced politely", {}, async ({ page, fake, s }) => {
	const said = page.locator('[data-test="said"]');
	assert.equal(await said.getAttribute("aria-live"), "polite");
	lostCard(fake);
	await until(async () => /Offer: Walter Grün, premier, Cards/.test(await said.innerText()), "the offer is announced");
	await open(page, s.fee);
	fake.say(s.fee, { text: "One more thing" });
	await until(async () => /New message from Anna Petrova: One more thing/.test(await said.innerText()), "the message is announced");
});

for (const dark of [false, true])
	for (const locale of ["en-GB", "ru-RU"])
		for (const width of [320, 1440]) {
			const how = `${dark ? "dark" : "light"} ${locale.slice(0, 2)} ${width}px`;
			const look = { dark, locale, width, height: 900 };
			const fits = (page) => page.evaluate(() => document.scrollingElement.scrollWidth - window.innerWidth);
			desk(`axe finds nothing and nothing overflows, agent, ${how}`, look, async ({ page, fake, s }) => {
				lostCard(fake);
				await page.locator(".offer").waitFor();
				assert.deepEqual(await axe(page), []);
				assert.ok((await fits(page)) <= 0, "sideways scrolling");
				await open(page, s.card);
				await page.locator(".delivery.bad").waitFor();
				assert.deepEqual(await axe(page), []);
				assert.ok((await fits(page)) <= 0, "sideways scrolling");
				for (const key of ["?", "t", "e", "Control+k"]) {
					await page.keyboard.press(key);
					await page.locator("dialog[open]").waitFor();
					assert.deepEqual(await axe(page), [], `window of ${key}`);
					await page.keyboard.press("Escape");
					await page.locator("dialog").waitFor({ state: "detached" });
				}
				fake.cut(true);
				await page.locator('[data-test="lost"]').waitFor();
				assert.deepEqual(await axe(page), [], "with the banner");
			});
			desk(`axe finds nothing and nothing overflows, supervisor, ${how}`, { user: "eva", ...look }, async ({ page, fake }) => {
				await page.goto(`${fake.url}/desk/#floor`);
				await page.locator(".figures").waitFor();
				await page.locator(".channels li").nth(2).waitFor();
				assert.deepEqual(await axe(page), []);
				assert.ok((await fits(page)) <= 0, "sideways scrolling");
				await page.locator("td.do button").last().scrollIntoViewIfNeeded();
				await page.locator("td.do").last().getByRole("button").first().click();
				await page.locator(".explain-agents").waitFor();
				assert.deepEqual(await axe(page), []);
			});
		}

test("axe finds nothing at sign-in", limit, async () => {
	const fake = await startFake({ web });
	try {
		for (const options of [{}, { dark: true, locale: "ru-RU", width: 320 }]) {
			const page = await newPage(browser, options);
			await page.goto(`${fake.url}/desk/`);
			await page.locator("form").waitFor();
			assert.deepEqual(await axe(page), []);
			await page.context().close();
		}
	} finally {
		await fake.close();
	}
});
