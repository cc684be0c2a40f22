/*
 * What the desk makes of a customer's HTML (src/desk/web/src/mail.ts), case by case from a public suite for sanitizers, the Debian package
 * golang-github-microcosm-cc-bluemonday-dev, and from STYLES. Only the first of the three layers is there: the frame may run scripts and has no
 * policy, so whatever got through would run or fetch. What the suite keeps as harmless is kept here, too, but for what KEPT_OUT names.
 */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { hostile } from "./lib/hostile_mail.mjs";
import { newPage, slow, startBrowser } from "./lib/desk.mjs";

const suite = "/usr/share/gocode/src/github.com/microcosm-cc/bluemonday/";
const web = new URL("../../src/desk/web/", import.meta.url);
const far = "https://evil.example";

/* Ways to an address that a reader of style could miss. */
const STYLES = [
	`<style>p{--a:url(${far}/var);background:var(--a)}</style><p>x</p>`,
	`<style>p{--a:u\\72l(${far}/escaped);background:var(--a)}</style><p>x</p>`,
	`<style>p{--a:/*url(data:image/*/ url(${far}/comment);background:var(--a)}</style><p>x</p>`,
	`<p style="--a:u\\72l(${far}/inline);background:var(--a)">x</p>`,
	`<p style="background:var(--a,url(${far}/fallback))">x</p><style>i{background:var(--a,u\\72l(${far}/fallback2))}</style><i>x</i>`,
	`<style>p{background:if(style(--a:1):url(${far}/if);else:url(${far}/else))}i{background-image:if(else:u\\72l(${far}/else2))}</style><p>x</p><i>x</i>`,
	`<style>@function --f(){result:url(${far}/function)}p{background:--f()}i{background:env(none,u\\72l(${far}/env))}</style><p>x</p><i>x</i>`,
	`<style>@counter-style c{system:cyclic;symbols:url(${far}/symbols)}li{list-style:c}</style><ul><li>x</ul>`,
	`<style>@keyframes k{from,to{background-image:url(${far}/frames)}}p{animation:k 9s infinite}</style><p>x</p>`,
	`<style>p{&{background:url(${far}/nested)} i{background:url(${far}/deep)} color:red; background:url(${far}/after)}</style><p><i>x</i></p>`,
	`<style>@media all{@supports (color:red){@layer a{p{background:url(${far}/grouped)}}}}</style><p>x</p>`,
	`<style>@layer b{@import url(${far}/import);}@import "${far}/import2" layer(c);@namespace url(${far}/ns);</style><p>x</p>`,
	`<style>@property --b{syntax:"<image>";inherits:false;initial-value:url(${far}/property)}p{background:var(--b)}</style><p>x</p>`,
	`<style>@scope (p){:scope{background:url(${far}/scope)}}@starting-style{p{background:url(${far}/starting)}}</style><p>x</p>`,
	`<style>@container (min-width:1px){p{background:url(${far}/container)}}body{container-type:inline-size}</style><p>x</p>`,
	`<style>p{background:image-set("${far}/set" 1x);mask:-webkit-image-set(url(${far}/wset) 1x);border-image-source:-webkit-cross-fade(url(${far}/f),url(${far}/g),5%)}</style><p>x</p>`,
	`<style>p{background:url(data:image/png,x),url(${far}/second);cursor:url(data:image/png,")"),url(${far}/cur),auto;filter:url(${far}/f.svg#f)}</style><p>x</p>`,
	`<style>li{list-style:url(${far}/li)}p::before{content:url(${far}/before)}p::first-letter{background:url(${far}/first)}</style><ul><li>x</li></ul><p>x</p>`,
	`<style>@font-face{font-family:f;src:url(${far}/font)}@font-face{font-family:g;src:local("none"),url(${far}/font2)}p{font-family:f,g}</style><p>x</p>`,
	`<style>p{shape-outside:url(${far}/shape);float:left;clip-path:url(${far}/clip#a);offset-path:url(${far}/path#a);d:path("M0 0")}</style><p>x</p>`,
	`<style>p{color:red}</style></style><style media="print" onload="alert(1)">p{background:url(${far}/print)}</style><p>x</p>`,
];

/* What the suite's own policy keeps of these and the desk does not: words inside a frame and a script, an address written otherwise. */
const KEPT_OUT = /^<(iframe|script)\b[^>]*>[^<]*<\/\1>$|^http:\/\/abc\.com\?/;

/* A Go string: raw, quoted, or several of them added up. */
const goString = /(?:`[^`]*`|"(?:[^"\\]|\\.)*")(?:\s*\+\s*(?:`[^`]*`|"(?:[^"\\]|\\.)*"))*/.source;
const read = (literal) => literal.replace(/(`[^`]*`|"(?:[^"\\]|\\.)*")(?:\s*\+\s*)?/g, (_, s) => (s[0] === "`" ? s.slice(1, -1) : JSON.parse(s.replace(/\\x(..)/g, "\\u00$1"))));

function bluemonday() {
	const found = [];
	for (const file of readdirSync(suite).filter((f) => f.endsWith("_test.go")))
		for (const [, input, expected] of readFileSync(suite + file, "utf8").matchAll(new RegExp(`\\bin:\\s*(${goString}),\\s*expected:\\s*(${goString})`, "g")))
			found.push({ name: `${file} ${found.length}`, input: read(input), expected: read(expected) });
	return found;
}

/* In the page: what is wrong with what became of one case, and the words that are shown. */
async function look({ input, expected }) {
	const made = window.mail.sanitize(input);
	const frame = document.createElement("iframe");
	const loaded = new Promise((done) => (frame.onload = done));
	frame.srcdoc = `<!doctype html><body>${made.body}</body>`;
	document.body.append(frame);
	await loaded;
	const doc = frame.contentDocument;
	window.mail.dress(doc, made);
	const quote = document.implementation.createHTMLDocument("");
	quote.body.innerHTML = window.mail.quotable(input);
	const wrong = [];
	const known = "script,form,input,button,select,textarea,svg,math,iframe,frame,object,embed,link,meta,base,template,audio,video,source,style,noscript,canvas,dialog,marquee";
	for (const half of [doc.body, quote.body]) {
		wrong.push(...[...half.querySelectorAll(known)].map((n) => `a ${n.tagName}`));
		for (const n of half.querySelectorAll("*"))
			for (const name of Element.prototype.getAttributeNames.call(n)) {
				const value = n.getAttribute(name);
				if (/^on|^(srcset|action|formaction|background|ping|id|name|target)$/.test(name) || (name === "src" && !/^(data:image\/(?!svg)|cid:)/.test(value)) || (name === "href" && !/^(https?|mailto|tel):$/.test(n.protocol)))
					wrong.push(`${n.tagName} ${name}=${value}`);
			}
	}
	await new Promise((done) => frame.contentWindow.requestAnimationFrame(() => frame.contentWindow.requestAnimationFrame(done)));
	const words = doc.body.textContent;
	frame.remove();
	const kept = new DOMParser().parseFromString(expected ?? "", "text/html").body.textContent;
	return { wrong, words, kept };
}

let browser;
before(async () => {
	browser = await startBrowser();
});
after(() => browser?.close());

/* Letters and digits: what blanks become is a matter of taste. */
const letters = (html) => html.replace(/[^\p{L}\p{N}]+/gu, "");

test("nothing runs, nothing is fetched, what is harmless is kept", slow, async () => {
	const { buildSync } = createRequire(new URL("build.mjs", web))("esbuild");
	const built = buildSync({ entryPoints: [fileURLToPath(new URL("src/mail.ts", web))], bundle: true, write: false, format: "iife", globalName: "mail" });
	const page = await newPage(browser);
	const happened = [];
	page.on("dialog", (d) => (happened.push(`said ${d.message()}`), d.dismiss()));
	await page.context().route("**/*", (r) => (/^https:\/\/desk\.test\/(after)?$/.test(r.request().url()) ? r.fulfill({ contentType: "text/html", body: "<!doctype html><body>" }) : (happened.push(r.request().url()), r.abort())));
	await page.exposeFunction("pwned", (why) => happened.push(why));
	await page.goto("https://desk.test/");
	await page.addScriptTag({ content: `${built.outputFiles[0].text}; window.mail = mail; ${look}` });
	const cases = [...bluemonday(), ...Object.entries(hostile).map(([name, input]) => ({ name, input })), ...STYLES.map((input) => ({ name: input, input }))];
	assert.ok(cases.length > 500, `${cases.length} cases`);
	const bad = [];
	for (let i = 0; i < cases.length; i += 96) {
		const some = cases.slice(i, i + 96);
		if ((await problems(some)).length) for (const one of some) for (const problem of await problems([one])) bad.push(`${one.name}: ${one.input}\n\t${problem}`);
	}
	console.log(`# ${cases.length} cases`);
	assert.equal(bad.join("\n"), "");

	async function problems(some) {
		const found = await page.evaluate((list) => Promise.all(list.map(look)), some);
		await page.evaluate(() => fetch("/after")); // what was asked for before has been told of
		const lost = found.filter((f, i) => !KEPT_OUT.test(some[i].input) && !letters(f.words).includes(letters(f.kept))).map((f) => `${f.words} is not ${f.kept}`);
		return [...found.flatMap((f) => f.wrong), ...lost, ...happened.splice(0)];
	}
});
