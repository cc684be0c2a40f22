/* The small pieces that every page is made of: badges, waits, avatars, empty states, dialogs. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { now_ms } from "../clock";
import { span, t, word } from "../i18n";
import type { Conv } from "../protocol";
import { queues } from "../state";
import { Icon, type IconName, channelIcon } from "./icon";

/* Segments are the configuration's own words: well-known ones have their colour, others get a lasting one. */
function segmentTone(s: string): string {
	if (/^(premier|premium|vip|gold|private|platinum)/i.test(s)) return "gold";
	if (/^(mass|standard|basic|retail|none)/i.test(s)) return "plain";
	const tones = ["teal", "plum", "blue"];
	let h = 0;
	for (const c of s) h = (h * 31 + c.charCodeAt(0)) >>> 0;
	return tones[h % tones.length] ?? "plain";
}

export function Segment({ name }: { name?: string | null }) {
	if (!name) return null;
	const tone = segmentTone(name);
	return (
		<span class={`badge seg-${tone}`}>
			{tone === "gold" && <Icon name="star" size={12} />}
			{name}
		</span>
	);
}

export function Channel({ kind, channel, words }: { kind?: string | null; channel: string; words?: boolean }) {
	return (
		<span class="channel" title={channel}>
			<Icon name={channelIcon(kind, channel)} size={16} />
			<span class={words ? "" : "sr"}>{channel}</span>
		</span>
	);
}

export type Tone = "calm" | "soon" | "late";

/** How a conversation stands against its queue's target: in words and in a tone. */
export function standing(c: Conv): { tone: Tone; text: string; icon: IconName } {
	const now = now_ms.value;
	if (c.state === "wrapup")
		return {
			tone: "calm",
			icon: "check",
			text: c.until_ms ? `${t("work.wrapup")} ${span(c.until_ms - now)}` : t("work.wrapup"),
		};
	if (c.state === "pending") return { tone: "calm", icon: "clock", text: t("work.theirs") };
	if (c.first_reply_ms) return { tone: "soon", icon: "reply", text: t("work.yours") };
	const target_s = queues.value.get(c.queue)?.target_s;
	if (!target_s) return { tone: "calm", icon: "clock", text: span(now - c.arrived_ms) };
	const left = c.arrived_ms + target_s * 1000 - now;
	if (left < 0) return { tone: "late", icon: "alert", text: t("work.late", { time: span(-left) }) };
	return {
		tone: left < Math.max(15000, target_s * 250) ? "soon" : "calm",
		icon: "clock",
		text: t("work.due", { time: span(left) }),
	};
}

export function Standing({ conv }: { conv: Conv }) {
	const s = standing(conv);
	return (
		<span class={`standing tone-${s.tone}`}>
			<Icon name={s.icon} size={14} />
			{s.text}
		</span>
	);
}

export function State({ conv }: { conv: Conv }) {
	const text = word("state", conv.state);
	const how = conv.outcome ? ` · ${outcome(conv.outcome)}` : "";
	return <span class={`badge state-${conv.state}`}>{text + how}</span>;
}

export function outcome(o: string): string {
	const resolved = word("resolve", o);
	return resolved !== o ? resolved : word("outcome", o);
}

export function Avatar({ name, size = 32 }: { name: string; size?: number }) {
	const letters = name
		.split(/\s+/)
		.map((w) => w[0] ?? "")
		.slice(0, 2)
		.join("")
		.toUpperCase();
	return (
		<span class={size > 36 ? "avatar big" : "avatar"} aria-hidden="true" data-letters={letters || "?"} />
	);
}

export function Presence({ presence, online }: { presence: string; online?: boolean }) {
	const p = online === false ? "offline" : presence;
	return (
		<span class={`presence p-${p}`}>
			<span class="dot" aria-hidden="true" />
			{word("presence", p)}
		</span>
	);
}

/** used/limit as a bar; the words beside it say the same. */
export function Load({ used, limit }: { used: number; limit: number }) {
	const full = limit > 0 ? Math.min(1, used / limit) : 0;
	return (
		<span class={used > limit ? "load over" : "load"} title={t(used > limit ? "work.over" : "work.load", { used, limit })}>
			<svg viewBox="0 0 60 6" width="60" height="6" aria-hidden="true" preserveAspectRatio="none">
				<rect class="load-all" width="60" height="6" rx="3" />
				<rect class={full >= 1 ? "load-used full" : "load-used"} width={60 * full} height="6" rx="3" />
			</svg>
			<span class="num">
				{used}/{limit}
				{used > limit && <span class="sr"> {t("work.over", { used, limit })}</span>}
			</span>
		</span>
	);
}

export function Empty({ icon, title, children }: { icon: IconName; title?: string; children: ComponentChildren }) {
	return (
		<div class={title ? "empty large" : "empty"}>
			<span class="empty-icon">
				<Icon name={icon} size={title ? 28 : 20} />
			</span>
			<div>
				{title && <h2>{title}</h2>}
				<p>{children}</p>
			</div>
		</div>
	);
}

export function Kbd({ children }: { children: ComponentChildren }) {
	return <kbd aria-hidden="true">{children}</kbd>;
}

/** A modal window: the browser keeps the focus inside, Esc closes, focus goes back where it was. */
export function Dialog(props: {
	title: string;
	onClose: () => void;
	children: ComponentChildren;
	class?: string;
	hideTitle?: boolean;
}) {
	const ref = useRef<HTMLDialogElement>(null);
	/* Before the next key: who types fast means the window. */
	useLayoutEffect(() => {
		const d = ref.current;
		const before = document.activeElement;
		if (d && !d.open) d.showModal();
		return () => {
			d?.close();
			if (before instanceof HTMLElement && before.isConnected) before.focus();
		};
	}, []);
	return (
		<dialog
			ref={ref}
			class={`dialog ${props.class ?? ""}`}
			aria-label={props.title}
			onCancel={(e) => {
				e.preventDefault();
				props.onClose();
			}}
			onClick={(e) => {
				if (e.target === ref.current) props.onClose();
			}}
		>
			<div class="dialog-body">
				<header class={props.hideTitle ? "sr" : "dialog-head"}>
					<h2>{props.title}</h2>
					<button type="button" class="ghost square" onClick={props.onClose} aria-label={t("app.close")}>
						<Icon name="close" />
					</button>
				</header>
				{props.children}
			</div>
		</dialog>
	);
}
