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

export function splitQuote(text: string): { body: string; quote: string } {
	const lines = text.split("\n");
	let cut = lines.length;
	for (let i = 0; i < lines.length; i++) {
		const line = (lines[i] ?? "").trim();
		if (!line.startsWith(">") && !headers.some((h) => h.test(line))) continue;
		/* A quote between the lines of an answer is part of the answer. */
		const rest = lines.slice(i + 1).filter((l) => l.trim() !== "");
		const quoted = rest.filter((l) => l.trim().startsWith(">")).length;
		const isHeader = !line.startsWith(">");
		if (rest.length === 0 ? !isHeader : isHeader || quoted === rest.length) {
			cut = i;
			break;
		}
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
		const url = m[0].replace(/[).,;:!?\]»”]+$/, "");
		if (m.index > from) out.push({ text: text.slice(from, m.index) });
		out.push({ text: url, href: url });
		from = m.index + url.length;
	}
	if (from < text.length) out.push({ text: text.slice(from) });
	return out;
}
