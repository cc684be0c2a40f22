// What the page says about the widget: window.usherSettings and attributes of the script element.
export interface Settings {
	base: string; // where the channel is, e.g. https://help.example/chat
	lang: string;
	title?: string;
	color?: string;
	name?: string;
	identity?: string; // a JWT signed by the site
	department?: string;
	open?: boolean;
	page: boolean; // the hosted page: always open, fills it
}

declare global {
	interface Window {
		usherSettings?: Partial<Settings>;
	}
}

export function readSettings(script: HTMLScriptElement | null): Settings {
	const given = window.usherSettings || {};
	const src = script?.src || new URL("widget.js", location.href).href;
	const lang = given.lang || new URLSearchParams(location.search).get("lang") || navigator.language || "en";
	return {
		...given,
		base: given.base || src.replace(/\/[^/]*$/, ""),
		lang,
		page: script?.dataset.open === "page",
	};
}
