/*
 * What the desk makes of a message's text (src/desk/web/src/quote.ts), without a browser: where the repeated part begins, which words are
 * links, and that the longest text a stranger can send holds up nobody who opens it.
 */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";

const web = new URL("../../src/desk/web/", import.meta.url);
const { buildSync } = createRequire(new URL("build.mjs", web))("esbuild");
const built = buildSync({ entryPoints: [fileURLToPath(new URL("src/quote.ts", web))], bundle: true, write: false, format: "iife", globalName: "quote" });
const realm = createContext({});
runInContext(built.outputFiles[0].text, realm);

/* With a bound that holds while it runs: what takes minutes fails, and does not hang. */
function ask(call, text) {
	realm.text = text;
	return JSON.parse(runInContext(`JSON.stringify(quote.${call}(text))`, realm, { timeout: 30000 }));
}
const links = (text) => ask("links", text);
const splitQuote = (text) => ask("splitQuote", text);

test("the repeated part begins where nothing of the writer's own follows", () => {
	const parts = (text) => Object.values(splitQuote(text));
	assert.deepEqual(parts("Yes.\n\n> When?\n> Now?\n"), ["Yes.", "\n> When?\n> Now?\n"].map((s) => s.trimStart()));
	assert.deepEqual(parts("> When?\nNow.\n> Where?\nHere."), ["> When?\nNow.\n> Where?\nHere.", ""]);
	assert.deepEqual(parts("> When?\nNow.\n> Where?"), ["> When?\nNow.", "> Where?"]);
	assert.deepEqual(parts("Yes.\nOn Monday morning Ann wrote:\nWhen?"), ["Yes.", "On Monday morning Ann wrote:\nWhen?"]);
	assert.deepEqual(parts("And then he wrote:"), ["And then he wrote:", ""]);
	assert.deepEqual(parts("> all of it"), ["> all of it", ""]);
});

test("a link ends before the stop and the bracket behind it", () => {
	assert.deepEqual(
		links("See (https://a.test/x?y=(1)), or http://b.test.").filter((l) => l.href).map((l) => l.href),
		["https://a.test/x?y=(1", "http://b.test"],
	);
});

/* Most of them took minutes when the time grew with the square of the length. */
test("the longest text of marks, brackets or addresses is read at once", () => {
	const fill = (what) => what.repeat(262144 / what.length);
	for (const text of [`Hello\n${fill(">\n")}\nbye`, `Hello\n${fill(">\n\n")}\nbye`, fill("On Monday he wrote:\n"), fill("_\n")]) {
		const { body, quote } = splitQuote(text);
		assert.ok(body.length + quote.length >= text.length - 2);
	}
	for (const text of [`http://a${fill(")")}x`, fill("http://a.)")])
		assert.equal(links(text).map((l) => l.text).join(""), text);
});
