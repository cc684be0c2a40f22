// Builds widget.js (one file, everything in it) and the hosted page into $OUT.
import { build, transform } from "esbuild";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { minify } from "terser";

const out = process.env.OUT || "dist";
const SIZE_MAX = 12000; // gzipped: a guest on somebody else's page is small
// Names of our own that neither a page nor a server, a browser or a file of words knows: they become letters.
const OWN = `
	about acked acts ask askEnd badge beat buildAsk buildDrop buildEmoji buildWrite connect count date denied done doubt draft error failed file flying
	follow form forget frame grow heading heard host input invitation isOpen item keep launch line locale log look lost mark mine near note opened owe
	owed panel pending pump queue ready refresh repay reset say seen setSession settings show showEmoji shownDay slot state stop stopped tell tellSeen time timer
	toEnd told tries try typed typingLine typingTimer unsent upload visible welcome write wrote
`;

// The style is text in a module, which minifying a script leaves as it is.
const style = {
	name: "style",
	setup: (at) => at.onLoad({ filter: /style\.ts$/ }, async ({ path }) => {
		const script = (await transform(readFileSync(path, "utf8"), { loader: "ts", format: "esm" })).code;
		const { css } = await import(`data:text/javascript,${encodeURIComponent(script)}`);
		// Colours have names of their own to read here; only --accent and --on-accent are set from a script.
		const letters = css.replace(/--(paper|ink|soft|line|mine|theirs|warn-bg|warn)\b/g, (_, name) => `--${name[0]}${name.length}`);
		const small = (await transform(letters, { loader: "css", minify: true })).code.trim();
		return { contents: `export const css=${JSON.stringify(small)}`, loader: "js" };
	}),
};

mkdirSync(out, { recursive: true });
cpSync("public", out, { recursive: true });
const { outputFiles } = await build({
	entryPoints: ["src/main.ts"],
	write: false,
	bundle: true,
	format: "iife",
	target: "es2020",
	charset: "utf8",
	legalComments: "none",
	mangleProps: new RegExp(`^(${OWN.trim().split(/\s+/).join("|")})$`),
	plugins: [style],
});
// terser, not esbuild, makes it small: 2 % less
const { code } = await minify(outputFiles[0].text, { ecma: 2020, compress: { passes: 3, unsafe_arrows: true } });
const size = gzipSync(code, { level: 9 }).length; // as usherd serves it
writeFileSync(`${out}/widget.js`, code);
console.log(`widget.js: ${size} bytes gzipped`);
if (size > SIZE_MAX) {
	console.error(`widget.js is larger than ${SIZE_MAX} bytes gzipped`);
	process.exit(1);
}
