/* Signed in or not: asks the server who we are, starts and ends the connection. What was typed outlives it. */
import { signal } from "@preact/signals";
import { ApiError } from "./api";
import * as api from "./api";
import { recoverCommands } from "./commands";
import { owner, start, stop } from "./connection";
import { langChosen, langSet } from "./i18n";
import { account, apply, forget } from "./state";
import { languages } from "./strings";

export type Session = "asking" | "in" | "out" | "ended" | "unreachable";
export const session = signal<Session>("asking");

/* Other tabs of this person leave together. */
const tabs = "BroadcastChannel" in window ? new BroadcastChannel("usher-session") : null;
tabs?.addEventListener("message", () => end("out"));

function end(how: "out" | "ended"): void {
	stop(how === "out");
	forget();
	session.value = how;
}

export function signedIn(): void {
	session.value = "asking";
	api.me().then(
		(me) => {
			account.value = me;
			const l = languages.find((x) => x === me.lang);
			if (l && !langChosen()) langSet(l);
			session.value = "in";
			owner(me.user.id);
			recoverCommands();
			start(apply);
		},
		(e: unknown) => {
			if (e instanceof ApiError && e.status === 401) session.value = "out";
			else session.value = "unreachable";
		},
	);
}

export async function signOut(): Promise<void> {
	await api.logout().catch(() => undefined);
	tabs?.postMessage("out");
	end("out");
}

api.onUnauthorized(() => {
	if (session.value === "in") end("ended");
});
