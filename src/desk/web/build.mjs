/*
 * Builds the desk into $OUT (default dist): index.html, mail.html, icon.svg and one hashed script and style, each
 * small enough for a slow line. `npm run build`; called by CMake through cmake/web.sh.
 */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const out = process.env.OUT || "dist";
const size_max = 80 * 1024; // gzipped, script and style together

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const result = await build({
	entryPoints: { desk: "src/main.tsx" },
	outdir: out,
	entryNames: "[name]-[hash]",
	bundle: true,
	minify: true,
	format: "esm",
	target: ["es2021", "chrome100", "firefox100", "safari15.4"],
	jsx: "automatic",
	jsxImportSource: "preact",
	legalComments: "none",
	charset: "utf8",
	metafile: true,
	logLevel: "warning",
});

const files = Object.keys(result.metafile.outputs);
const named = (end) => basename(files.find((f) => f.endsWith(end)) ?? "");
const page = (await readFile("index.html", "utf8"))
	.replace("{{css}}", named(".css"))
	.replace("{{js}}", named(".js"));
await writeFile(join(out, "index.html"), page);
for (const name of ["mail.html", "icon.svg"])
	await writeFile(join(out, name), await readFile(name));

let size = 0;
for (const f of files) size += gzipSync(await readFile(f)).length;
console.log(`desk: ${named(".js")} ${named(".css")} ${(size / 1024).toFixed(1)} kB gzipped`);
if (size > size_max) {
	console.error(`desk: larger than ${size_max / 1024} kB gzipped`);
	process.exit(1);
}
