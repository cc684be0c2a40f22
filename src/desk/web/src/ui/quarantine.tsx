/*
 * What came and could not be understood: each with its reason, its source as text or as a file, and one click to have it read again
 * (with wider limits). A source is opened in a tab of its own, as plain text.
 */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import * as api from "../api";
import { t } from "../i18n";
import type { Quarantined } from "../protocol";
import { commands } from "../state";
import { type Said, Troubles } from "./troubles";

/** `count`: how many there were by the latest figures; the list is read again when it changes. */
export function Quarantine({ count }: { count: number }) {
	const list = useSignal<Quarantined[]>([]);
	const said = useSignal<Said | null>(null);
	const busy = useSignal<string | null>(null);
	const heading = useRef<HTMLHeadingElement>(null);
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
		heading.current?.focus();
		/* The list follows the commit that took it off. */
		setTimeout(() => void read(), 300);
	};
	return (
		<Troubles
			title={t("floor.quarantine")}
			list={list.value}
			count={list.value.length}
			said={said.value}
			heading={heading}
			whose={(q) => q.from}
			why={(q) => q.why ?? ""}
			decisions={(q) => (
				<>
					<a href={api.quarantineHref(q.id)} target="_blank" rel="noopener noreferrer">
						{t("floor.quarantine.look")}
					</a>
					<a href={api.quarantineHref(q.id, true)} download="message.eml">
						{t("floor.quarantine.download")}
					</a>
					{commands.value && (
						<button type="button" class="small" disabled={busy.value === q.id} onClick={() => void retry(q.id)}>
							{t("floor.quarantine.retry")}
						</button>
					)}
				</>
			)}
		/>
	);
}
