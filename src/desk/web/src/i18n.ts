/*
 * The chosen language: words, plurals, times. `t("work.late", { time })` is a signal read, so that a
 * component that calls it is drawn again when the language changes.
 */
import { effect, signal } from "@preact/signals";
import { type Key, type Lang, type Text, languages, strings } from "./strings";
import { read, write } from "./settings";

function initial(): Lang {
	const kept = read("lang");
	const wanted = kept ?? navigator.language.slice(0, 2);
	return languages.find((l) => l === wanted) ?? "en";
}

export const lang = signal<Lang>(initial());
export const langChosen = () => read("lang") !== null;

export function langSet(l: Lang): void {
	lang.value = l;
	write("lang", l);
}

effect(() => {
	document.documentElement.lang = lang.value;
});

/* The browser's region, when it is of the chosen language: 14:05 for en-GB, 2:05 PM for en-US. */
const locale = () => (navigator.language.startsWith(lang.value) ? navigator.language : lang.value);

type Args = Record<string, string | number>;

/** Whether a word from the server (a state, an outcome, a reason) has a translation. */
export function known(key: string): key is Key {
	return Object.prototype.hasOwnProperty.call(strings, key);
}

export function t(key: Key, args: Args = {}): string {
	const text: Text = strings[key][lang.value === "ru" ? 1 : 0];
	const chosen =
		typeof text === "string"
			? text
			: (text[new Intl.PluralRules(lang.value).select(Number(args["n"]))] ?? text.other);
	return chosen.replace(/\{(\w+)\}/g, (whole, name: string) => String(args[name] ?? whole));
}

/** A word of the server in the chosen language, or as it came. */
export function word(prefix: string, value: string): string {
	const key = `${prefix}.${value}`;
	return known(key) ? t(key) : value;
}

export function timeOfDay(at_ms: number): string {
	return new Intl.DateTimeFormat(locale(), { hour: "numeric", minute: "2-digit" }).format(at_ms);
}

export function day(at_ms: number, now_ms: number): string {
	const one_ms = 86400000;
	const start = (ms: number) => new Date(ms).setHours(0, 0, 0, 0);
	const ago = Math.round((start(now_ms) - start(at_ms)) / one_ms);
	if (ago === 0 || ago === 1)
		return new Intl.RelativeTimeFormat(lang.value, { numeric: "auto" }).format(-ago, "day");
	const sameYear = new Date(at_ms).getFullYear() === new Date(now_ms).getFullYear();
	return new Intl.DateTimeFormat(locale(), {
		day: "numeric",
		month: "long",
		...(sameYear ? {} : { year: "numeric" }),
	}).format(at_ms);
}

/** 10 Nov, 14:12; with the year when it is another one. */
export function moment(at_ms: number): string {
	const sameYear = new Date(at_ms).getFullYear() === new Date().getFullYear();
	return new Intl.DateTimeFormat(locale(), {
		day: "numeric",
		month: "short",
		hour: "numeric",
		minute: "2-digit",
		...(sameYear ? {} : { year: "numeric" }),
	}).format(at_ms);
}

export function dateTime(at_ms: number): string {
	return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(at_ms);
}

/** 75000 → "1:15"; an hour and more → "1 h 05 min"; a day and more → "2 d 3 h". */
export function span(ms: number): string {
	const s = Math.max(0, Math.floor(ms / 1000));
	const two = (n: number) => String(n).padStart(2, "0");
	if (s < 3600) return `${Math.floor(s / 60)}:${two(s % 60)}`;
	const [d, h, min] = lang.value === "ru" ? ["д", "ч", "мин"] : ["d", "h", "min"];
	const hours = Math.floor(s / 3600);
	if (hours < 24) return `${hours} ${h} ${two(Math.floor(s / 60) % 60)} ${min}`;
	return `${Math.floor(hours / 24)} ${d} ${hours % 24} ${h}`;
}

export function bytes(n: number): string {
	const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
	let i = 0;
	let v = n;
	while (v >= 1024 && i < units.length - 1) {
		v /= 1024;
		i++;
	}
	return new Intl.NumberFormat(locale(), {
		style: "unit",
		unit: units[i],
		unitDisplay: "short",
		maximumFractionDigits: v < 10 && i > 0 ? 1 : 0,
	}).format(v);
}

export function number(n: number): string {
	return new Intl.NumberFormat(locale()).format(n);
}

export function percent(part: number, whole: number): string {
	if (whole <= 0) return t("app.none");
	return new Intl.NumberFormat(locale(), { style: "percent", maximumFractionDigits: 0 }).format(
		part / whole,
	);
}
