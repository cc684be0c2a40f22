/* The way in: name and password, and the reason when it does not open. */
import { useSignal } from "@preact/signals";
import { ApiError } from "../api";
import * as api from "../api";
import { lang, langSet, t } from "../i18n";
import { languages } from "../strings";
import { Icon } from "./icon";

export function SignIn({ ended, onIn }: { ended: boolean; onIn: () => void }) {
	const why = useSignal("");
	const busy = useSignal(false);
	const submit = async (e: SubmitEvent) => {
		e.preventDefault();
		const form = new FormData(e.currentTarget as HTMLFormElement);
		busy.value = true;
		why.value = "";
		try {
			await api.login(String(form.get("user")).trim(), String(form.get("password")));
			onIn();
		} catch (x) {
			if (!(x instanceof ApiError)) why.value = t("app.failed");
			else if (x.status === 429) why.value = t("signin.slow", { n: x.retry_s || 30 });
			else why.value = x.status === 401 ? t("signin.wrong") : x.message;
		} finally {
			busy.value = false;
		}
	};
	return (
		<main class="signin">
			<form onSubmit={(e) => void submit(e as SubmitEvent)}>
				<img src="icon.svg" alt="" width="44" height="44" />
				<h1>{t("signin.title")}</h1>
				{ended && <p class="notice">{t("signin.ended")}</p>}
				<label>
					{t("signin.user")}
					<input name="user" autocomplete="username" autocapitalize="none" spellcheck={false} required autofocus />
				</label>
				<label>
					{t("signin.password")}
					<input name="password" type="password" autocomplete="current-password" required />
				</label>
				<p class="wrong" role="alert">
					{why.value && (
						<>
							<Icon name="alert" size={16} />
							{why.value}
						</>
					)}
				</p>
				<button class="primary wide" disabled={busy.value}>
					{t("signin.submit")}
				</button>
				<div class="langs">
					{languages.map((l) => (
						<button type="button" key={l} class="link" lang={l} aria-pressed={lang.value === l} onClick={() => langSet(l)}>
							{l === "en" ? "English" : "Русский"}
						</button>
					))}
				</div>
			</form>
		</main>
	);
}
