/*
 * A customer's HTML, made harmless before it is shown, in three layers that each suffice:
 *
 *   1. DOMPurify, in an inert document: no script, no handler, no form, no frame, no SVG;
 *   2. a frame sandboxed without scripts;
 *   3. a content security policy in that frame: nothing from anywhere but pictures in the mail itself.
 *
 * Style is taken out here and put in by CSSOM after loading (dress): the desk's own policy forbids inline
 * style, and the frame inherits it. Pictures from the internet are counted, and loaded only on a click.
 */
import createPurify from "dompurify";

export interface Mail {
	/** Sanitized body. Inline style is in data-s, remote addresses in data-src, cid: in data-cid. */
	body: string;
	styles: string[];
	remote: number;
	background: string;
}

const purify = createPurify(window);
const forbidden =
	"form input button select option textarea label fieldset output datalist iframe frame frameset object embed applet link meta base " +
	"audio video source track picture canvas dialog template slot marquee map area svg math noscript";

purify.addHook("afterSanitizeAttributes", (node) => {
	const href = node.getAttribute("href");
	if (href !== null && !/^(https?:|mailto:|tel:)/i.test(href.trim())) node.removeAttribute("href");
});

export function sanitize(html: string): Mail {
	const body = purify.sanitize(html, {
		WHOLE_DOCUMENT: true,
		RETURN_DOM: true,
		USE_PROFILES: { html: true },
		FORBID_TAGS: forbidden.split(" "),
		FORBID_ATTR: ["srcset", "background", "action", "formaction", "poster", "ping", "usemap", "id", "name"],
		ALLOW_DATA_ATTR: false,
		ALLOW_ARIA_ATTR: false,
		ADD_ATTR: ["target"],
		ALLOWED_URI_REGEXP: /^(?:https?|mailto|tel|cid|data):/i,
	}) as HTMLElement;
	const root = body.ownerDocument === document ? inert(body) : body;
	const styles: string[] = [];
	root.querySelectorAll("style").forEach((s) => {
		styles.push(s.textContent ?? "");
		s.remove();
	});
	let remote = 0;
	for (const node of root.querySelectorAll<HTMLElement>("*")) {
		const style = node.getAttribute("style");
		if (style !== null) {
			node.removeAttribute("style");
			node.setAttribute("data-s", style);
		}
		if (node.tagName === "IMG" && image(node)) remote++;
		else if (node.tagName !== "IMG") node.removeAttribute("src");
		if (node.tagName === "A") {
			node.removeAttribute("target");
			node.setAttribute("rel", "noopener noreferrer");
			const href = node.getAttribute("href");
			if (href) node.setAttribute("title", href);
		}
	}
	const inner = root.tagName === "BODY" ? root : (root.querySelector("body") ?? root);
	return {
		body: inner.innerHTML,
		styles,
		remote,
		background: inner.getAttribute("bgcolor") ?? "",
	};
}

/* The purifier may give nodes of this document, where a picture would start loading: copy them to one that is dead. */
function inert(node: HTMLElement): HTMLElement {
	const dead = document.implementation.createHTMLDocument("");
	return dead.importNode(node, true);
}

/* Whether the picture is on the internet. */
function image(img: HTMLElement): boolean {
	const src = (img.getAttribute("src") ?? "").trim();
	if (/^data:image\/(png|jpe?g|gif|webp|bmp|x-icon)/i.test(src)) return false;
	img.removeAttribute("src");
	if (/^cid:/i.test(src)) img.setAttribute("data-cid", src.slice(4));
	else if (/^https?:/i.test(src)) {
		img.setAttribute("data-src", src);
		return true;
	}
	return false;
}

/** The frame's document without pictures from elsewhere; mail.html is the one with them. */
export function frameDocument(mail: Mail, lang: string): string {
	const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:";
	return (
		`<!doctype html><html lang="${lang}"><head><meta charset="utf-8">` +
		`<meta http-equiv="Content-Security-Policy" content="${policy}">` +
		`<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light"><title>mail</title></head>` +
		`<body>${mail.body}</body></html>`
	);
}

/* What a value may be made of. Of var(), if() and the like the browser gives the text, in which an address can be spelled as one does not look for. */
const functions = /^(|rgba?|hsla?|color-mix|calc|min|max|clamp|(repeating-)?(linear|radial|conic)-gradient|rotate|scale[xy]?|translate[xy]?|rect)$/i;

/*
 * A style may fetch, and tell whoever it fetches from where the desk is: what could hold an address goes, but for pictures in the style itself.
 * A value that is not known before others are (of a shorthand with var() in it) is empty.
 */
function harmless(style: CSSStyleDeclaration): void {
	for (const name of [...style]) {
		const value = style.getPropertyValue(name);
		const calls = value.replace(/url\("?data:image\/[^)]*\)/gi, "").matchAll(/([\w-]*)\(/g);
		if (name.startsWith("--") || value === "" || value.includes("\\") || [...calls].some((c) => !functions.test(c[1] ?? ""))) style.removeProperty(name);
	}
}

const base =
	"html{overflow:hidden}body{margin:0;padding:14px 16px;font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;" +
	"color:#1d1f24;background:#fff;overflow-wrap:anywhere}img{max-width:100%;height:auto}img[data-src]{display:none}" +
	"table{max-width:100%}pre{white-space:pre-wrap}";

/* By the browser's own reading of the style, so that no spelling hides an address. What is not known goes: @font-face, @import, @keyframes ... */
function harmlessRules(sheet: CSSStyleSheet | CSSGroupingRule): void {
	for (let i = sheet.cssRules.length - 1; i >= 0; i--) {
		const rule = sheet.cssRules[i] as CSSRule & Partial<CSSStyleRule & CSSGroupingRule>;
		if (!/^CSS(Style|Media|Supports|Container|LayerBlock|Scope)Rule$/.test(rule.constructor.name)) sheet.deleteRule(i);
		else {
			if (rule.style) harmless(rule.style);
			if (rule.cssRules) harmlessRules(rule as CSSGroupingRule);
		}
	}
}

/** Puts the mail's own style into its frame, once it is loaded. */
export function dress(doc: Document, mail: Mail): void {
	const view = doc.defaultView;
	if (!view) return;
	for (const css of [base, ...mail.styles]) {
		try {
			const sheet = new (view as Window & typeof globalThis).CSSStyleSheet();
			sheet.replaceSync(css);
			harmlessRules(sheet);
			doc.adoptedStyleSheets = [...doc.adoptedStyleSheets, sheet];
		} catch {
			/* a style the browser does not understand: plainer, not wrong */
		}
	}
	doc.querySelectorAll<HTMLElement>("[data-s]").forEach((n) => {
		n.style.cssText = n.getAttribute("data-s") ?? "";
		harmless(n.style);
		n.removeAttribute("data-s");
	});
	if (mail.background) doc.body.style.backgroundColor = mail.background;
}

/* As QUOTED_HTML_MAX: what is larger is quoted as words, by the server. */
const quoted_max = 128 * 1024;

/**
 * The same mail to be quoted in an answer: its own pictures stay as cid:, those on the internet go, so that nobody learns of the answer.
 * Empty when it is too large.
 */
export function quotable(html: string): string {
	const doc = document.implementation.createHTMLDocument("");
	doc.body.innerHTML = sanitize(html).body;
	doc.body.querySelectorAll("img[data-src]").forEach((n) => n.remove());
	doc.body.querySelectorAll("img[data-cid]").forEach((n) => {
		n.setAttribute("src", `cid:${n.getAttribute("data-cid") ?? ""}`);
		n.removeAttribute("data-cid");
	});
	doc.body.querySelectorAll<HTMLElement>("[data-s]").forEach((n) => {
		n.style.cssText = n.getAttribute("data-s") ?? "";
		harmless(n.style);
		n.style.removeProperty("position");
		n.removeAttribute("data-s");
	});
	doc.body.querySelectorAll("a[title]").forEach((n) => n.removeAttribute("title"));
	const quoted = doc.body.innerHTML.trim();
	return new TextEncoder().encode(quoted).length <= quoted_max ? quoted : "";
}
