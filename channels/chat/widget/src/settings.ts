// What the page says about the widget (window.usherSettings, attributes of the script element), and what the center says about the channel.
export interface Settings {
	base: string; // where the channel is, e.g. https://help.example/chat
	lang: string;
	ru: boolean; // what is said here is in Russian, else in English,
	locale: string; // and days and times are written so
	title?: string;
	color?: string;
	theme?: "light" | "dark";
	side?: "left";
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
	const page = script?.dataset.open === "page";
	const lang = given.lang || (page && document.documentElement.lang) || navigator.language || "en";
	const ru = /^ru/i.test(lang);
	const browser = navigator.language; // knows how its person writes a time in that language
	const locale = browser.startsWith(ru ? "ru" : "en") ? browser : ru ? "ru" : "en-GB";
	return { ...given, base: given.base || src.replace(/\/[^/]*$/, ""), lang, page, ru, locale };
}

export interface Field {
	name: string;
	label: string;
	label_ru?: string;
	type?: string;
	required?: string;
}
/** settings.json of the channel; all of it may be missing. */
export interface Center {
	title?: string;
	title_ru?: string;
	color?: string;
	rating?: string;
	transcript?: string;
	away_mail?: string;
	comfort?: string;
	comfort_ru?: string;
	comfort_after?: string;
	file_types?: string;
	file_max?: string;
	open?: boolean;
	fields?: Field[];
	departments?: Field[];
	invite?: { text: string; text_ru?: string; page?: string; referrer?: string; after?: string }[];
}

export async function askCenter(base: string): Promise<Center> {
	try {
		const r = await fetch(`${base}/settings.json`, { credentials: "omit" });
		return r.ok ? ((await r.json()) as Center) : {};
	} catch {
		return {}; // the chat itself may still work
	}
}

export async function reaches(base: string): Promise<boolean> {
	try {
		return (await fetch(`${base}/settings.json`, { credentials: "omit", cache: "no-store" })).ok;
	} catch {
		return false;
	}
}

/** `key` in the visitor's language. */
export function local<T extends object>(o: T, key: keyof T & string, ru: boolean): string {
	const all = o as Record<string, string | undefined>;
	return (ru && all[`${key}_ru`]) || all[key] || "";
}
