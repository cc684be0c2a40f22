/* A person's own signature, below what he writes by mail. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { dialog } from "../actions";
import { toast } from "../alerts";
import * as api from "../api";
import { t } from "../i18n";
import { Dialog } from "./bits";

const close = () => (dialog.value = null);

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
			<div class="buttons end">
				<button type="button" class="primary" disabled={text.value === null} onClick={() => void save()}>
					{t("composer.signature.save")}
				</button>
			</div>
		</Dialog>
	);
}
