// Builds widget.js (one file, everything in it) and the hosted page into $OUT.
import { build } from "esbuild";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const out = process.env.OUT || "dist";
const SIZE_MAX = 12 * 1024; // gzipped: a guest on somebody else's page is small

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
});
const size = gzipSync(readFileSync(`${out}/widget.js`)).length;
console.log(`widget.js: ${size} bytes gzipped`);
if (size > SIZE_MAX) {
	console.error(`widget.js is larger than ${SIZE_MAX} bytes gzipped`);
	process.exit(1);
}
