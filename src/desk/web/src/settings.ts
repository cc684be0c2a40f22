/*
 * What a person chose on this machine: language, colours, sound, single keys. Kept in localStorage,
 * which may be forbidden or full: then the choice lasts as long as the page.
 */
import { effect, signal } from "@preact/signals";

const prefix = "usher.desk.";

export function read(name: string): string | null {
	try {
		return localStorage.getItem(prefix + name);
	} catch {
		return null;
	}
}

export function write(name: string, value: string | null): void {
	try {
		if (value === null) localStorage.removeItem(prefix + name);
		else localStorage.setItem(prefix + name, value);
	} catch {
		/* full or forbidden: nothing is lost but the memory of it */
	}
}

export type Theme = "auto" | "light" | "dark";
const kept = read("theme");
export const theme = signal<Theme>(kept === "light" || kept === "dark" ? kept : "auto");
export const sound = signal(read("sound") !== "off");
export const singleKeys = signal(read("keys") !== "off");

const system = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(system.matches);
system.addEventListener("change", () => (systemDark.value = system.matches));

export function dark(): boolean {
	return theme.value === "dark" || (theme.value === "auto" && systemDark.value);
}

effect(() => {
	document.documentElement.dataset["theme"] = dark() ? "dark" : "light";
	write("theme", theme.value === "auto" ? null : theme.value);
});
effect(() => write("sound", sound.value ? null : "off"));
effect(() => write("keys", singleKeys.value ? null : "off"));
