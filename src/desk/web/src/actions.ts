/*
 * Everything a person can do without a mouse, once: its key, its words, when it applies. The keyboard, the palette
 * and the help page are made from this table. Single keys are never taken while somebody types, and can be switched off.
 */
import { signal } from "@preact/signals";
import { accept, callComposer, open, presence, wrapupDone } from "./commands";
import { lang, langSet } from "./i18n";
import { go, page } from "./page";
import { dark, singleKeys, theme } from "./settings";
import { convs, mailboxes, mine, offerList, selected, supervises, work } from "./state";
import type { Key } from "./strings";
import type { Shown } from "./ui/picture";

export type DialogKind =
	| { kind: "help" }
	| { kind: "palette" }
	| { kind: "decline"; offer: string }
	| { kind: "transfer"; conv: string }
	| { kind: "assign"; conv: string }
	| { kind: "resolve"; conv: string }
	| { kind: "template"; conv: string }
	| { kind: "write"; to?: string; name?: string }
	| { kind: "signature" }
	| { kind: "explain"; conv: string }
	| { kind: "picture"; picture: Shown }
	| { kind: "merge"; customer: string; into: string; name: string; self: string; why: string }
	| { kind: "split"; customer: string; name: string };
export const dialog = signal<DialogKind | null>(null);

export interface Action {
	label: Key;
	key?: string;
	can: () => boolean;
	run: () => void;
}

const current = () => {
	const c = convs.peek().get(selected.peek() ?? "");
	return mine(c) ? c : undefined;
};
const answerable = () => {
	const s = current()?.state;
	return s === "active" || s === "pending";
};

function step(by: number): void {
	const list = work.peek();
	if (list.length === 0) return;
	const at = list.findIndex((c) => c.conv === selected.peek());
	const to = list[at < 0 ? 0 : (at + by + list.length) % list.length];
	if (!to) return;
	open(to.conv);
	requestAnimationFrame(() =>
		document.querySelector<HTMLElement>(`[data-conv="${to.conv}"]`)?.focus(),
	);
}

function withCurrent(fn: (conv: string) => void): () => void {
	return () => {
		const c = current();
		if (c) fn(c.conv);
	};
}

export const actions: Action[] = [
	{
		label: "act.accept",
		key: "a",
		can: () => offerList.peek().length > 0,
		run: () => {
			const o = offerList.peek()[0];
			if (o) void accept(o.offer);
		},
	},
	{
		label: "act.decline",
		key: "d",
		can: () => offerList.peek().length > 0,
		run: () => {
			const o = offerList.peek()[0];
			if (o) dialog.value = { kind: "decline", offer: o.offer };
		},
	},
	{ label: "act.reply", key: "r", can: answerable, run: () => callComposer("reply") },
	{
		label: "composer.template",
		key: "i",
		can: answerable,
		run: withCurrent((conv) => (dialog.value = { kind: "template", conv })),
	},
	{
		label: "act.write",
		key: "m",
		can: () => mailboxes.peek().length > 0,
		run: () => (dialog.value = { kind: "write" }),
	},
	{ label: "composer.signature", can: () => true, run: () => (dialog.value = { kind: "signature" }) },
	{ label: "act.note", key: "n", can: () => current() !== undefined, run: () => callComposer("note") },
	{
		label: "act.transfer",
		key: "t",
		can: answerable,
		run: withCurrent((conv) => (dialog.value = { kind: "transfer", conv })),
	},
	{
		label: "act.resolve",
		key: "e",
		can: answerable,
		run: withCurrent((conv) => (dialog.value = { kind: "resolve", conv })),
	},
	{
		label: "act.done",
		key: "w",
		can: () => current()?.state === "wrapup",
		run: withCurrent((conv) => void wrapupDone(conv)),
	},
	{ label: "act.next", key: "j", can: () => work.peek().length > 0, run: () => step(1) },
	{ label: "act.previous", key: "k", can: () => work.peek().length > 0, run: () => step(-1) },
	{ label: "act.available", can: () => true, run: () => void presence("available") },
	{ label: "act.away", can: () => true, run: () => void presence("away") },
	{ label: "act.offline", can: () => true, run: () => void presence("offline") },
	{
		label: "act.floor",
		can: () => supervises.peek() && page.peek() !== "floor",
		run: () => go("floor"),
	},
	{ label: "act.desk", can: () => page.peek() !== "desk", run: () => go("desk") },
	{ label: "act.theme", can: () => true, run: () => (theme.value = dark() ? "light" : "dark") },
	{ label: "act.lang", can: () => true, run: () => langSet(lang.peek() === "ru" ? "en" : "ru") },
	{ label: "act.help", key: "?", can: () => true, run: () => (dialog.value = { kind: "help" }) },
];

/** Keys that belong to a place, for the help page only. */
export const fixedKeys: { keys: string; label: Key }[] = [
	{ keys: "Ctrl K", label: "act.palette" },
	{ keys: "Ctrl Enter", label: "act.send" },
	{ keys: "Esc", label: "act.escape" },
];

/* A key is known by its letter or, on a Russian layout, by its place. */
function keyOf(e: KeyboardEvent): string {
	if (e.key === "?" || (e.code === "Slash" && e.shiftKey)) return "?";
	if (/^[a-z]$/i.test(e.key)) return e.key.toLowerCase();
	const place = /^Key([A-Z])$/.exec(e.code);
	return place?.[1]?.toLowerCase() ?? e.key;
}

const typingIn = (el: Element | null) =>
	el instanceof HTMLElement &&
	(el.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName));

export function listen(): void {
	document.addEventListener("keydown", (e) => {
		if (e.defaultPrevented || e.isComposing) return;
		if ((e.ctrlKey || e.metaKey) && !e.altKey && keyOf(e) === "k") {
			e.preventDefault();
			dialog.value = dialog.peek()?.kind === "palette" ? null : { kind: "palette" };
			return;
		}
		if (dialog.peek() || e.ctrlKey || e.metaKey || e.altKey) return;
		if (typingIn(document.activeElement)) {
			if (e.key === "Escape") (document.activeElement as HTMLElement).blur();
			return;
		}
		if (!singleKeys.peek() || (e.repeat && keyOf(e) !== "j" && keyOf(e) !== "k")) return;
		const key = keyOf(e);
		const a = actions.find((x) => x.key === key && x.can());
		if (!a) return;
		if (page.peek() === "floor" && key !== "?" && key !== "a" && key !== "d") return;
		e.preventDefault();
		if (key === "a" && page.peek() === "floor") go("desk");
		a.run();
	});
}
