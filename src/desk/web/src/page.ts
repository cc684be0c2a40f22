/* Which page is open: the address says it, so that going back and reloading work. */
import { effect, signal } from "@preact/signals";
import { supervises } from "./state";

export type Page = "desk" | "floor";
const fromAddress = (): Page => (location.hash === "#floor" ? "floor" : "desk");
const asked = signal<Page>(fromAddress());
addEventListener("hashchange", () => (asked.value = fromAddress()));

export const page = signal<Page>("desk");
effect(() => {
	page.value = supervises.value ? asked.value : "desk";
});

export function go(to: Page): void {
	location.hash = to === "floor" ? "floor" : "";
}
