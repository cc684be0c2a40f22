/*
 * What could not be sent: each with its reason, sent again or set aside by whoever leads. The list is read again with the figures and after each
 * decision; the focus goes to its heading then, since the row with the button is gone.
 */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import * as api from "../api";
import { discard, open, retry } from "../commands";
import { dateTime, t } from "../i18n";
import { go } from "../page";
import type { DeadLetter, Stats } from "../protocol";
import { commands } from "../state";
import { Channel } from "./bits";
import { Icon } from "./icon";

/** `news`: the latest figures; the list is read again when they change. */
export function Dead({ news }: { news: Stats | null }) {
	const list = useSignal<DeadLetter[]>([]);
	const all = useSignal(0);
	const said = useSignal<{ good: boolean; text: string } | null>(null);
	const busy = useSignal<string | null>(null);
	const heading = useRef<HTMLHeadingElement>(null);
	const read = () =>
		api.dead().then(
			(a) => {
				list.value = a.letters;
				all.value = a.dead;
			},
			() => {},
		);
	useEffect(() => void read(), [news]);
	const decide = async (d: DeadLetter, what: "again" | "gone") => {
		busy.value = d.id;
		const a = await (what === "again" ? retry : discard)(d.conv, d.seq);
		said.value = a.ok
			? { good: true, text: t(`floor.dead.${what}`) }
			: { good: false, text: t("floor.dead.bad", { why: a.message }) };
		busy.value = null;
		await read();
		heading.current?.focus();
	};
	if (list.value.length === 0 && !said.value) return null;
	return (
		<>
			<h3 ref={heading} tabIndex={-1}>
				{t("floor.dead")} <span class="count">{all.value}</span>
			</h3>
			<p role="status" class={said.value?.good ? "tone-good" : "tone-late"}>
				{said.value && (
					<>
						<Icon name={said.value.good ? "check" : "alert"} size={16} /> {said.value.text}
					</>
				)}
			</p>
			<ul class="quarantine dead">
				{list.value.map((d) => (
					<Row key={d.id} d={d} busy={busy.value === d.id} decide={(what) => void decide(d, what)} />
				))}
			</ul>
			{all.value > list.value.length && (
				<p class="muted">{t("floor.dead.more", { n: all.value - list.value.length })}</p>
			)}
		</>
	);
}

function Row({ d, busy, decide }: { d: DeadLetter; busy: boolean; decide: (what: "again" | "gone") => void }) {
	const name = d.to || t("floor.quarantine.nobody");
	return (
		<li>
			<button
				type="button"
				class="link name"
				aria-label={t("floor.quarantine.open", { name })}
				onClick={() => {
					go("desk");
					open(d.conv);
				}}
			>
				{name}
			</button>
			<span class="muted clip sub-line">{d.subject}</span>
			<span class="muted">
				<Channel kind="email" channel={d.channel ?? ""} words /> {dateTime(d.at_ms)}
			</span>
			<p>
				{t(`msg.${d.delivery}`)}
				{d.why ? `: ${d.why}` : ""}
			</p>
			{commands.value && (
				<p class="do">
					<button type="button" class="small" disabled={busy} onClick={() => decide("again")}>
						{t("floor.dead.retry")}
					</button>
					<button
						type="button"
						class="small"
						disabled={busy}
						title={t("floor.dead.discard.help")}
						onClick={() => decide("gone")}
					>
						{t("floor.dead.discard")}
					</button>
				</p>
			)}
		</li>
	);
}
