/* Ctrl+K: find a conversation or an action by a few letters; and `?`: all keys. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { actions, dialog, fixedKeys } from "../actions";
import { open } from "../commands";
import { t } from "../i18n";
import { go } from "../page";
import { singleKeys } from "../settings";
import { convName, queueTitle, supervises, waiting, work } from "../state";
import { Channel, Dialog, Segment } from "./bits";
import { Icon } from "./icon";
import type { ComponentChildren } from "preact";

interface Entry {
	id: string;
	words: string;
	view: ComponentChildren;
	run: () => void;
}
const shown_max = 12;

function entries(): Entry[] {
	const all = supervises.value ? [...work.value, ...waiting.value] : work.value;
	const convs = all.map((c) => ({
		id: c.conv,
		words: `${convName(c)} ${c.subject ?? ""} ${queueTitle(c.queue)} ${c.segment ?? ""}`,
		view: (
			<>
				<Channel kind={c.kind} channel={c.channel} />
				<span class="clip grow">
					{convName(c)} <span class="muted">{c.subject}</span>
				</span>
				<Segment name={c.segment} />
			</>
		),
		run: () => {
			go("desk");
			open(c.conv);
		},
	}));
	const acts = actions
		.filter((a) => a.can())
		.map((a) => ({
			id: a.label,
			words: t(a.label),
			view: (
				<>
					<Icon name="gear" size={16} />
					<span class="clip grow">{t(a.label)}</span>
					{a.key && <kbd aria-hidden="true">{a.key.toUpperCase()}</kbd>}
				</>
			),
			run: a.run,
		}));
	return [...convs, ...acts];
}

export function Palette() {
	const find = useSignal("");
	const at = useSignal(0);
	const list = useRef<HTMLUListElement>(null);
	const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
	const found = entries()
		.filter((e) => words.every((w) => e.words.toLowerCase().includes(w)))
		.slice(0, shown_max);
	const index = Math.min(at.value, Math.max(0, found.length - 1));
	const close = () => (dialog.value = null);
	const choose = (e: Entry | undefined) => {
		if (!e) return;
		close();
		/* After the window gave the focus back. */
		setTimeout(e.run, 0);
	};
	useEffect(() => {
		list.current?.children[index]?.scrollIntoView({ block: "nearest" });
	}, [index]);
	return (
		<Dialog title={t("palette.title")} onClose={close} class="palette" hideTitle>
			<input
				type="search"
				autofocus
				role="combobox"
				aria-expanded="true"
				aria-controls="palette-list"
				aria-activedescendant={found.length ? `palette-${index}` : undefined}
				aria-label={t("palette.title")}
				placeholder={t("palette.find")}
				value={find.value}
				onInput={(e) => {
					find.value = e.currentTarget.value;
					at.value = 0;
				}}
				onKeyDown={(e) => {
					if (e.key === "ArrowDown") at.value = (index + 1) % Math.max(1, found.length);
					else if (e.key === "ArrowUp") at.value = (index - 1 + found.length) % Math.max(1, found.length);
					else if (e.key === "Enter") choose(found[index]);
					else return;
					e.preventDefault();
				}}
			/>
			{found.length === 0 ? (
				<p class="muted pad">{t("palette.none")}</p>
			) : null}
			<ul id="palette-list" role="listbox" aria-label={t("palette.actions")} ref={list}>
				{found.map((e, i) => (
					<li
						key={e.id}
						id={`palette-${i}`}
						role="option"
						aria-selected={i === index}
						onPointerMove={() => (at.value = i)}
						onClick={() => choose(e)}
					>
						{e.view}
					</li>
				))}
			</ul>
		</Dialog>
	);
}

export function Help() {
	return (
		<Dialog title={t("help.title")} onClose={() => (dialog.value = null)}>
			<p class="muted">
				{t("help.single")} {!singleKeys.value && <b>{t("help.off")}</b>}
			</p>
			<dl class="keys">
				{actions
					.filter((a) => a.key)
					.map((a) => (
						<div key={a.label}>
							<dt>
								<kbd>{(a.key ?? "").toUpperCase()}</kbd>
							</dt>
							<dd>{t(a.label)}</dd>
						</div>
					))}
				{fixedKeys.map((k) => (
					<div key={k.keys}>
						<dt>
							{k.keys.split(" ").map((x) => (
								<kbd key={x}>{x}</kbd>
							))}
						</dt>
						<dd>{t(k.label)}</dd>
					</div>
				))}
			</dl>
			<label class="check">
				<input
					type="checkbox"
					checked={singleKeys.value}
					onChange={(e) => (singleKeys.value = e.currentTarget.checked)}
				/>
				{t("menu.keys")}
			</label>
		</Dialog>
	);
}
