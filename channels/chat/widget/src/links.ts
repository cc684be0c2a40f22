// Addresses in a text become links: only http and https, shown as they were written, told nothing of this page. What turns writing around is no
// part of an address, nor is the punctuation behind it.
import { el } from "./dom";

const ADDRESS =
	/https?:\/\/(?:\([^\s()<>]*\)|[^\s()<>"\u200e\u200f\u202a-\u202e\u2066-\u2069])*(?:\([^\s()<>]*\)|[^\s()<>"\u200e\u200f\u202a-\u202e\u2066-\u2069.,;:!?'»…\]])/gi;

export function linked(box: HTMLElement, text: string): HTMLElement {
	let from = 0;
	for (const { 0: address, index } of text.matchAll(ADDRESS)) {
		const a = el("a", "", address);
		a.href = address;
		a.target = "_blank";
		a.rel = "noopener noreferrer nofollow";
		box.append(text.slice(from, index), a);
		from = (index as number) + address.length;
	}
	box.append(text.slice(from));
	return box;
}
