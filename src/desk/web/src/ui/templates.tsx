/* Texts to put into a reply, with what is known filled in; and a person's own signature. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { dialog } from "../actions";
import { toast } from "../alerts";
import * as api from "../api";
import { insertText } from "../commands";
import { t } from "../i18n";
import type { Conv, Template } from "../protocol";
import { agentName, convs, myId, queues } from "../state";
import { Dialog } from "./bits";

const close = () => (dialog.value = null);

/** The places of a text that nothing is known for: they stay, and stop the sending. */
export function unknownPlaces(text: string): string[] {
	const places = /\{\{\s*(customer\.name|customer\.address|subject|agent\.name)\s*\}\}/g;
	return [...text.matchAll(places)].map((m) => m[0]);
}

/* What this page knows; the server fills in the rest, and refuses what nobody knows. */
function fill(text: string, conv: Conv): string {
	const name = conv.name && !conv.name.includes("@") ? conv.name : "";
	const russian = /[а-яё]/i.test(text);
	const known: Record<string, string> = {
		dear: (russian ? "Здравствуйте" : "Hello") + (name ? `${russian ? "," : ""} ${name}` : ""),
		"customer.name": name,
		subject: conv.subject ?? "",
		case: conv.conv,
		queue: queues.value.get(conv.queue ?? "")?.title ?? conv.queue ?? "",
		"agent.name": agentName(myId.value),
		date: new Date().toISOString().slice(0, 10),
	};
	return text.replace(/\{\{\s*([a-z.]+)\s*(\|[^}]*)?\}\}/g, (whole, n: string) => known[n] || whole);
}

export function TemplateDialog({ conv: id }: { conv: string }) {
	const conv = convs.value.get(id);
	if (!conv) return null;
	return <Texts conv={conv} />;
}

function Texts({ conv }: { conv: Conv }) {
	const list = useSignal<Template[] | null>(null);
	useEffect(() => {
		api.templates().then(
			(all) => (list.value = all.filter((x) => !x.queue || x.queue === conv.queue)),
			() => (list.value = []),
		);
	}, []);
	return (
		<Dialog title={t("composer.template")} onClose={close}>
			{list.value?.length === 0 && <p class="muted">{t("composer.template.none")}</p>}
			<ol class="choices" aria-label={t("composer.template.find")}>
				{(list.value ?? []).map((x, i) => (
					<li key={x.name}>
						<button
							type="button"
							autofocus={i === 0}
							title={x.text}
							onClick={() => {
								close();
								insertText(conv.conv, fill(x.text, conv));
							}}
						>
							{x.title}
						</button>
					</li>
				))}
			</ol>
		</Dialog>
	);
}

export function SignatureDialog() {
	const text = useSignal<string | null>(null);
	useEffect(() => {
		api.signature().then(
			(s) => (text.value = s),
			(e: Error) => toast(e.message, true),
		);
	}, []);
	const save = async () => {
		try {
			await api.signatureSet(text.value ?? "");
			toast(t("composer.signature.saved"));
			close();
		} catch (e) {
			toast((e as Error).message, true);
		}
	};
	return (
		<Dialog title={t("composer.signature")} onClose={close}>
			<p class="muted" id="signature-help">
				{t("composer.signature.help")}
			</p>
			<textarea
				rows={4}
				aria-label={t("composer.signature")}
				aria-describedby="signature-help"
				disabled={text.value === null}
				value={text.value ?? ""}
				onInput={(e) => (text.value = e.currentTarget.value)}
			/>
			<div class="dialog-end">
				<button type="button" class="primary" disabled={text.value === null} onClick={() => void save()}>
					{t("composer.signature.save")}
				</button>
			</div>
		</Dialog>
	);
}
