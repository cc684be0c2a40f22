/*
 * Cuts what a mail repeats (“> …”, “On … wrote:”, “-----Original Message-----”) from what it says, so that
 * the repeated part can be folded. Never loses a letter: body + quote is the text.
 */
const headers = [
	/^-{2,}\s*(original message|forwarded message|исходное сообщение|пересылаемое сообщение)\s*-{2,}$/i,
	/^(on|le|am)\b.{5,200}\b(wrote|schrieb|écrit)\s*:$/i,
	/^.{5,200}\b(wrote|пишет|написал|написала|писал|писала)\s*:$/i,
	/^(\d{1,2}[./]\d{1,2}[./]\d{2,4}|пн|вт|ср|чт|пт|сб|вс).{5,200}:$/i,
	/^_{10,}$/,
];

/* In one pass from the end: a stranger can send as many marks as fit into a mail. */
export function splitQuote(text: string): { body: string; quote: string } {
	const lines = text.split("\n");
	let cut = lines.length;
	let more = false; // a line behind this one says something,
	let own = false; // and one of them is not quoted
	for (let i = lines.length - 1; i >= 0; i--) {
		const line = (lines[i] ?? "").trim();
		const marked = line.startsWith(">");
		const header = !marked && headers.some((h) => h.test(line));
		/* A quote between the lines of an answer is part of the answer. */
		if (more ? header || (marked && !own) : marked) cut = i;
		more ||= line !== "";
		own ||= line !== "" && !marked;
	}
	const body = lines.slice(0, cut).join("\n").trimEnd();
	if (body === "" || cut === lines.length) return { body: text, quote: "" };
	return { body, quote: text.slice(body.length).replace(/^\s*\n/, "") };
}

/** Text and the links in it, in order. Only http(s); a trailing bracket or stop is not part of a link. */
export function links(text: string): { text: string; href?: string }[] {
	const out: { text: string; href?: string }[] = [];
	const pattern = /https?:\/\/[^\s<>"']+/gi;
	let from = 0;
	for (const m of text.matchAll(pattern)) {
		let end = m[0].length;
		while (").,;:!?]»”".includes(m[0].charAt(end - 1))) end--;
		const url = m[0].slice(0, end);
		if (m.index > from) out.push({ text: text.slice(from, m.index) });
		out.push({ text: url, href: url });
		from = m.index + url.length;
	}
	if (from < text.length) out.push({ text: text.slice(from) });
	return out;
}
