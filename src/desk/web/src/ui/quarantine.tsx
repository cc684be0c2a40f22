/*
 * What came and could not be understood: each with its reason, its source as text or as a file, and one click to have it read again
 * (with wider limits). A source is opened in a tab of its own, as plain text.
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import * as api from "../api";
import { open } from "../commands";
import { dateTime, t } from "../i18n";
import { go } from "../page";
import type { Quarantined } from "../protocol";
import { commands } from "../state";
import { Channel } from "./bits";
import { Icon } from "./icon";

/** `count`: how many there were by the latest figures; the list is read again when it changes. */
export function Quarantine({ count }: { count: number }) {
	const list = useSignal<Quarantined[]>([]);
	const said = useSignal<{ good: boolean; text: string } | null>(null);
	const busy = useSignal<string | null>(null);
	const read = () =>
		api.quarantine().then(
			(a) => (list.value = a.messages),
			() => {},
		);
	useEffect(() => void read(), [count]);
	const retry = async (id: string) => {
		busy.value = id;
		try {
			await api.quarantineRetry(id);
			said.value = { good: true, text: t("floor.quarantine.good") };
		} catch (e) {
			const why = e instanceof Error ? e.message : String(e);
			said.value = { good: false, text: t("floor.quarantine.bad", { why }) };
		}
		busy.value = null;
		/* The list follows the commit that took it off. */
		setTimeout(() => void read(), 300);
	};
	if (list.value.length === 0 && !said.value) return null;
	return (
		<>
			<h3>
				{t("floor.quarantine")} <span class="count">{list.value.length}</span>
			</h3>
			<p role="status" class={said.value?.good ? "tone-good" : "tone-late"}>
				{said.value && (
					<>
						<Icon name={said.value.good ? "check" : "alert"} size={16} /> {said.value.text}
					</>
				)}
			</p>
			<ul class="quarantine">
				{list.value.map((q) => (
					<Row key={q.id} q={q} busy={busy.value === q.id} retry={() => void retry(q.id)} />
				))}
			</ul>
		</>
	);
}

function Row({ q, busy, retry }: { q: Quarantined; busy: boolean; retry: () => void }) {
	const name = q.from ?? t("floor.quarantine.nobody");
	return (
		<li>
			<button
				type="button"
				class="link name"
				aria-label={t("floor.quarantine.open", { name })}
				onClick={() => {
					go("desk");
					open(q.conv);
				}}
			>
				{name}
			</button>
			<span class="muted clip sub-line">{q.subject}</span>
			<span class="muted">
				<Channel kind="email" channel={q.channel ?? ""} words /> {dateTime(q.at_ms)}
			</span>
			<p>{q.why}</p>
			<p class="do">
				<a href={api.quarantineHref(q.id)} target="_blank" rel="noopener noreferrer">
					{t("floor.quarantine.look")}
				</a>
				<a href={api.quarantineHref(q.id, true)} download="message.eml">
					{t("floor.quarantine.download")}
				</a>
				{commands.value && (
					<button type="button" class="small" disabled={busy} onClick={retry}>
						{t("floor.quarantine.retry")}
					</button>
				)}
			</p>
		</li>
	);
}
