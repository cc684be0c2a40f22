/*
 * What could not be sent: each with its reason, sent again or set aside by whoever leads. The list is read again with the figures and after each
 * decision; the focus goes to its heading then, since the row with the button is gone.
 */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import * as api from "../api";
import { discard, retry } from "../commands";
import { t } from "../i18n";
import type { DeadLetter, Stats } from "../protocol";
import { commands } from "../state";
import { type Said, Troubles } from "./troubles";

/** `news`: the latest figures; the list is read again when they change. */
export function Dead({ news }: { news: Stats | null }) {
	const list = useSignal<DeadLetter[]>([]);
	const all = useSignal(0);
	const said = useSignal<Said | null>(null);
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
	return (
		<Troubles
			title={t("floor.dead")}
			class="dead"
			list={list.value}
			count={all.value}
			said={said.value}
			heading={heading}
			whose={(d) => d.to}
			why={(d) => t(`msg.${d.delivery}`) + (d.why ? `: ${d.why}` : "")}
			decisions={(d) =>
				commands.value && (
					<>
						<button type="button" class="small" disabled={busy.value === d.id} onClick={() => void decide(d, "again")}>
							{t("floor.dead.retry")}
						</button>
						<button
							type="button"
							class="small"
							disabled={busy.value === d.id}
							title={t("floor.dead.discard.help")}
							onClick={() => void decide(d, "gone")}
						>
							{t("floor.dead.discard")}
						</button>
					</>
				)
			}
		/>
	);
}
