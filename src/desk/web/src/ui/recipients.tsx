/* Whom a reply goes to besides the customer: those who took part, more, or nobody. */
import { useSignal } from "@preact/signals";
import { addresses, looksRight } from "../addresses";
import { t } from "../i18n";
import { Icon } from "./icon";

function Row(props: { label: string; list: string[]; change: (list: string[]) => void }) {
	const { label, list, change } = props;
	const typed = useSignal("");
	const add = () => {
		const more = addresses(typed.value).filter((a) => !list.includes(a));
		if (more.length === 0) return;
		change([...list, ...more]);
		typed.value = "";
	};
	return (
		<div class="recipients-row">
			<span class="muted">{label}</span>
			<ul>
				{list.map((a) => (
					<li key={a} class="chip">
						<span class="clip">{a}</span>
						<button
							type="button"
							class="ghost square tiny"
							aria-label={t("composer.remove", { name: a })}
							onClick={() => change(list.filter((x) => x !== a))}
						>
							<Icon name="close" size={14} />
						</button>
					</li>
				))}
			</ul>
			<input
				type="text"
				inputMode="email"
				aria-label={`${label}: ${t("composer.cc.add")}`}
				placeholder={t("composer.cc.hint")}
				value={typed.value}
				aria-invalid={typed.value !== "" && !looksRight(typed.value.trim())}
				onInput={(e) => (typed.value = e.currentTarget.value)}
				onBlur={add}
				onKeyDown={(e) => {
					if (e.key !== "Enter" && e.key !== ",") return;
					e.preventDefault();
					add();
				}}
			/>
		</div>
	);
}

export function Recipients(props: {
	cc: string[];
	bcc: string[];
	change: (to: { cc?: string[]; bcc?: string[] }) => void;
	/** Of a first mail: it answers nobody. */
	first?: boolean;
}) {
	const { cc, bcc, change } = props;
	const open = useSignal(bcc.length > 0);
	return (
		<div class="recipients">
			{(cc.length > 0 || open.value) && (
				<Row label={t("composer.cc")} list={cc} change={(list) => change({ cc: list })} />
			)}
			{open.value && <Row label={t("composer.bcc")} list={bcc} change={(list) => change({ bcc: list })} />}
			<div class="recipients-more">
				{!open.value && (
					<button type="button" class="link" onClick={() => (open.value = true)}>
						{t("composer.cc.add")}
					</button>
				)}
				{!props.first && cc.length + bcc.length > 0 && (
					<button type="button" class="link" onClick={() => change({ cc: [], bcc: [] })}>
						{t("composer.cc.only")}
					</button>
				)}
			</div>
		</div>
	);
}
