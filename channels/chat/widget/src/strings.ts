// Every word the widget says: English here, other languages beside it (public/LANGUAGE.json), fetched by whoever reads them. % stands for a value.
const en = {
	open: "Chat with us",
	unread: "Chat with us, % unread",
	title: "Chat",
	close: "Close the chat window",
	placeholder: "Message…",
	label: "Your message",
	send: "Send",
	you: "You",
	agent: "Our team",
	sending: "sending…",
	sent: "received",
	read: "read",
	refused: "not sent",
	offline: "Connection lost. What you write is kept and sent when it is back.",
	connecting: "Connecting…",
	next: "You are next.",
	ahead: "% before you.",
	upTo: "Usually up to % %.",
	between: "Usually %–% %.",
	min: "min",
	h: "h",
	typing: "% is typing…",
	joined: "% is here for you.",
	end: "End the conversation",
	endSure: "End the conversation?",
	endYes: "End",
	endForget: "End and forget on this device",
	endNo: "Go on",
	ended: "The conversation has ended. Write again if anything is left.",
	forgotten: "This device has forgotten the conversation.",
	hello: "Hello! How can we help?",
	start: "Start the chat",
	before: "Before we start",
	department: "What is it about?",
	required: "required",
	closed: "We are closed now. Leave a message: it is kept and answered.",
	closedTill: "We are closed now and back %. Leave a message: it is kept and answered.",
	email: "Email for our answer",
	name: "Your name",
	leave: "Leave the message",
	left: "Thank you. Your message is in our queue.",
	leftFor: "Thank you. Your message is in our queue; we answer to %.",
	rate: "How was it?",
	stars: "% of 5",
	comment: "Anything to add?",
	rateSend: "Send the rating",
	rated: "Thank you for the rating.",
	mail: "Send me the conversation",
	mailed: "The conversation is on its way to your mailbox.",
	attach: "Attach a file",
	tooLarge: "% is larger than % MB.",
	notTaken: "% could not be sent.",
	notKind: "% is of a kind that is not taken here.",
	again: "Try again",
	uploading: "Sending %…",
	download: "Download %",
	emoji: "Emoji",
	dismiss: "No, thank you",
	more: "New messages",
};
export type Strings = Record<keyof typeof en, string>;
/** A key that is missing there is a type error here. */
export type Russian = typeof import("../public/ru.json") extends Strings ? Strings : never;

/** Where they cannot be had, or are of another version, English is better than nothing. */
export async function strings(base: string, ru: boolean): Promise<Strings> {
	if (!ru) return en;
	try {
		return { ...en, ...((await (await fetch(`${base}/ru.json`, { credentials: "omit" })).json()) as Russian) };
	} catch {
		return en;
	}
}

export function fill(text: string, ...values: unknown[]): string {
	return text.replace(/%/g, () => String(values.shift()));
}

/** How long it usually takes, of seconds. */
export function range(s: Strings, [low, high]: [number, number]): string {
	const unit = high > 5400 ? 3600 : 60;
	const name = unit > 60 ? s.h : s.min;
	const from = Math.floor(low / unit);
	const to = Math.max(1, Math.ceil(high / unit));
	return from < 1 || from === to ? fill(s.upTo, to, name) : fill(s.between, from, to, name);
}
