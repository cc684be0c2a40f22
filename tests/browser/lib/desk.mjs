/*
 * A real Chromium at a desk: starts the browser once, opens pages, signs in. Knows the page by what a person sees (roles and names),
 * so it works against any server: give it the base URL, a user and a password.
 */
import { chromium } from "playwright-core";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const wait_ms = 60000; // for a slow machine; what comes, comes sooner
export const slow = { timeout: 300000 }; // for a whole test

export function startBrowser() {
	return chromium.launch({
		executablePath: process.env.USHER_CHROMIUM || "/usr/bin/chromium",
		args: [
			"--no-sandbox",
			"--disable-gpu",
			"--disable-quic",
			"--no-first-run",
			"--disable-background-networking",
			"--disable-component-update",
			"--disable-sync",
			"--mute-audio",
		],
	});
}

/** A new person: own cookies and storage. `problems` collects script errors and policy violations. */
export async function newPage(browser, { width = 1440, height = 900, dark = false, locale = "en-GB", ...more } = {}) {
	const context = await browser.newContext({
		viewport: { width, height },
		colorScheme: dark ? "dark" : "light",
		locale,
		reducedMotion: "reduce",
		...more,
	});
	const page = await context.newPage();
	page.setDefaultTimeout(wait_ms);
	page.problems = [];
	page.on("pageerror", (e) => page.problems.push(String(e)));
	page.on("console", (m) => {
		if (m.type() === "error" && !/Failed to load resource|WebSocket connection/.test(m.text())) page.problems.push(m.text());
	});
	return page;
}

/** After each test, passed or not: nobody of it stays. */
export const closePages = (browser) => Promise.all(browser.contexts().map((c) => c.close()));

export async function signIn(page, url, user, password) {
	await page.goto(`${url}/desk/`);
	await page.locator('input[name="user"]').fill(user);
	await page.locator('input[name="password"]').fill(password);
	await page.keyboard.press("Enter");
	await page.locator(".top").waitFor();
	await page.locator(".columns, .floor").first().waitFor();
}

/** Violations of WCAG 2.1 A and AA and axe's best practices, as lines; frames of customers are not ours. */
export async function axe(page) {
	await page.evaluate(await readFile(axePath, "utf8"));
	const found = await page.evaluate(() =>
		window.axe.run({ exclude: [["iframe"]] }, { resultTypes: ["violations"], iframes: false }),
	);
	return found.violations.map(
		(v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => `${n.target.join(" ")} ${n.any[0]?.message ?? ""}`).join(" | ")}`,
	);
}

/** Waits until `fn` gives something true; says what it waited for when it does not come. */
export async function until(fn, what, limit_ms = wait_ms) {
	const end = Date.now() + limit_ms;
	for (;;) {
		const v = await fn();
		if (v) return v;
		if (Date.now() > end) throw new Error(`not in time: ${what}`);
		await new Promise((r) => setTimeout(r, 40));
	}
}
