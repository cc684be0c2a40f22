// Builds widget.js (one file, everything in it) and the hosted page into $OUT.
import { build, transform } from "esbuild";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const out = process.env.OUT || "dist";
const SIZE_MAX = 12000; // gzipped: a guest on somebody else's page is small

// The style is text in a module, which minifying a script leaves as it is.
const style = {
	name: "style",
	setup: (at) => at.onLoad({ filter: /style\.ts$/ }, async ({ path }) => {
		const script = (await transform(readFileSync(path, "utf8"), { loader: "ts", format: "esm" })).code;
		const { css } = await import(`data:text/javascript,${encodeURIComponent(script)}`);
		const small = (await transform(css, { loader: "css", minify: true })).code.trim();
		return { contents: `export const css=${JSON.stringify(small)}`, loader: "js" };
	}),
};

mkdirSync(out, { recursive: true });
cpSync("public", out, { recursive: true });
await build({
	entryPoints: ["src/main.ts"],
	outfile: `${out}/widget.js`,
	bundle: true,
	minify: true,
	format: "iife",
	target: "es2020",
	legalComments: "none",
	// names of our own that neither a page nor a server nor a browser knows
	mangleProps: /^(typingLine|typingTimer|buildAsk|buildEmoji|buildWrite|showEmoji|invitation|askEnd|toEnd|heading|tellSeen|setSession|stopped|acts|launch|badge|mine|unread|flying|told|heard|pump|lost|doubt|beat|again|grow|isOpen|keep|tries|failed|refresh|visible|notTaken|uploading|tooLarge|endSure|endYes|endForget|endNo|forgotten|rateSend|dismiss|unread|joined)$/,
	plugins: [style],
});
const size = gzipSync(readFileSync(`${out}/widget.js`)).length;
console.log(`widget.js: ${size} bytes gzipped`);
if (size > SIZE_MAX) {
	console.error(`widget.js is larger than ${SIZE_MAX} bytes gzipped`);
	process.exit(1);
}
