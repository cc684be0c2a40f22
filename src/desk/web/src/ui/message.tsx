/* One message: who, when, on which channel, what became of it; text first, the formatted form on request. */
import { useSignal } from "@preact/signals";
import { blobHref } from "../api";
import { meaning } from "../bounce";
import { retry } from "../commands";
import { bytes, dateTime, moment, t, timeOfDay, word } from "../i18n";
import type { Message } from "../protocol";
import { links, splitQuote } from "../quote";
import { type Outgoing, agentName, commands, convs, kindOf, mine, myId } from "../state";
import { Channel } from "./bits";
import { Icon, type IconName } from "./icon";
import { MailFrame } from "./mailframe";
import { Thumbnail, isPicture } from "./picture";

function Text({ text }: { text: string }) {
	return (
		<p class="text">
			{links(text).map((l, i) =>
				l.href ? (
					<a key={i} href={l.href} target="_blank" rel="noopener noreferrer">
						{l.text}
					</a>
				) : (
					l.text
				),
			)}
		</p>
	);
}

function Quoted({ message }: { message: Message }) {
	const shown = useSignal(false);
	const { body, quote } = message.quoted
		? { body: message.text, quote: message.quoted }
		: splitQuote(message.text);
	return (
		<>
			<Text text={body} />
			{quote && (
				<>
					<button type="button" class="link quote-switch" aria-expanded={shown.value} onClick={() => (shown.value = !shown.value)}>
						{t(shown.value ? "msg.quote.hide" : "msg.quote.show")}
					</button>
					{shown.value && (
						<blockquote>
							<Text text={quote} />
						</blockquote>
					)}
				</>
			)}
		</>
	);
}

const deliveryIcon: Record<string, IconName> = {
	queued: "clock",
	sent: "check",
	delivered: "check",
	read: "check",
	bounced: "alert",
	failed: "alert",
	unsure: "alert",
};

/* In a person's words where the code is known, and in the server's. */
function Why({ why }: { why: string }) {
	const words = why && meaning(why);
	return why ? (
		<span class="why">
			: {words}
			{words ? ` (${why})` : why}
		</span>
	) : null;
}

/* Each recipient of a message that went to several. */
function RecipientStates({ message }: { message: Message }) {
	const list = message.recipients ?? [];
	if (list.length === 0) return null;
	return (
		<ul class="recipient-states">
			{list.map((r) => (
				<li key={r.role + r.address} class={r.why && r.delivery !== "queued" ? "bad" : ""}>
					<Icon name={deliveryIcon[r.delivery] ?? "clock"} size={14} />
					<span class="muted">{word("msg", r.role)}:</span> {r.address} <span class="muted">{r.at_ms ? moment(r.at_ms) : ""} {word("msg", r.delivery)}</span>
					{r.why && <Why why={r.why} />}
				</li>
			))}
		</ul>
	);
}

function DeliveryState({ message }: { message: Message }) {
	const read = message.seq <= (convs.value.get(message.conv)?.seen_seq ?? 0);
	const d = read && (message.delivery === "sent" || message.delivery === "delivered") ? "read" : message.delivery;
	if (!d || (message.direction !== "out" && message.direction !== "system")) return null;
	const bad = d === "failed" || d === "bounced" || d === "unsure";
	const again = d === "queued" && message.again_ms;
	const may = commands.value || mine(convs.value.get(message.conv));
	return (
		<span class={bad ? "delivery bad" : "delivery"}>
			<Icon name={deliveryIcon[d] ?? "clock"} size={14} />
			<span>
				{word("msg", again ? "late" : d)}
				{(bad || again) && <Why why={message.why ?? ""} />}
				{again && <span class="why">. {t("msg.again", { at: moment(again) })}</span>}
				{d === "unsure" && <span class="why">. {t("msg.unsure.ask")}</span>}
			</span>
			{bad && may && (
				<button type="button" class="small" onClick={() => void retry(message.conv, message.seq)}>
					<Icon name="retry" size={14} /> {t("msg.retry")}
				</button>
			)}
		</span>
	);
}

function Files({ message }: { message: Message }) {
	const parts = message.parts ?? [];
	if (parts.length === 0) return null;
	return (
		<ul class="files">
			{parts.map((p) => (
				<li key={p.blob + p.name}>
					{isPicture(p.type) && <Thumbnail picture={{ conv: message.conv, blob: p.blob, name: p.name, size: p.size }} />}
					<a
						href={blobHref(p.blob, p.name, message.conv)}
						download={p.name}
					>
						<Icon name="file" />
						<span class="sr">{t("msg.file")} </span>
						<span class="clip">{p.name}</span>
						<span class="muted num">{bytes(p.size)}</span>
					</a>
				</li>
			))}
		</ul>
	);
}

/* A mail's headers are shown elsewhere; the rating stands in its note. */
const elsewhere = new Set(["to", "cc", "rating"]);

function Hints({ message }: { message: Message }) {
	const known = Object.entries(message.hints ?? {}).filter(([k, v]) => v && !elsewhere.has(k));
	if (message.direction !== "in" || known.length === 0) return null;
	return (
		<ul class="hints muted">
			{known.map(([k, v]) => (
				<li key={k}>
					{k}: {v}
				</li>
			))}
		</ul>
	);
}

export function author(m: Message): string {
	if (m.direction === "in") return m.name || t("msg.customer");
	if (m.agent && m.agent === myId.value) return t("msg.you");
	return m.agent ? agentName(m.agent) : m.name || "";
}

export function MessageView(props: { message: Message; same: boolean; channel: string; subject: string }) {
	const { message: m, same } = props;
	const formatted = useSignal(false);
	if (m.direction === "system")
		return (
			<div class="system" data-seq={m.seq}>
				<span>{m.text}</span> <time dateTime={new Date(m.at_ms).toISOString()}>{timeOfDay(m.at_ms)}</time>{" "}
				<DeliveryState message={m} />
			</div>
		);
	const kind = m.direction === "in" ? "in" : m.direction === "note" ? "note" : "out";
	const other = m.channel && m.channel !== props.channel;
	const subject = m.subject && m.subject !== props.subject ? m.subject : "";
	return (
		<article class={`msg ${kind}${same ? " same" : ""}${formatted.value ? " formatted" : ""}`} data-seq={m.seq}>
			<header class={same ? "sr" : ""}>
				<b>{author(m)}</b>
				{kind === "note" && (
					<span class="note-mark">
						<Icon name="note" size={14} /> {t("msg.note")}
					</span>
				)}
				{other && m.channel && <Channel kind={kindOf(m.channel)} channel={m.channel} words />}
			</header>
			<div class="bubble">
				{m.direction === "in" && m.cc && (
					<p class="msg-cc muted">
						{t("msg.cc")}: {m.cc}
					</p>
				)}
				{subject && <p class="msg-subject">{subject}</p>}
				{m.quarantine && (
					<p class="wrong">
						<Icon name="alert" size={16} /> {t("msg.quarantine", { why: m.quarantine })}
					</p>
				)}
				{formatted.value ? <MailFrame message={m} /> : <Quoted message={m} />}
				<Files message={m} />
				{!same && <Hints message={m} />}
			</div>
			<footer>
				<time dateTime={new Date(m.at_ms).toISOString()} title={dateTime(m.at_ms)}>
					{timeOfDay(m.at_ms)}
				</time>
				<DeliveryState message={m} />
				<RecipientStates message={m} />
				{m.html && (
					<button type="button" class="link" onClick={() => (formatted.value = !formatted.value)}>
						{t(formatted.value ? "msg.html.hide" : "msg.html.show")}
					</button>
				)}
			</footer>
		</article>
	);
}

/** What was sent and is not yet known to be on disk. */
export function OutgoingView({ out }: { out: Outgoing }) {
	return (
		<article class={`msg sending ${out.direction === "note" ? "note" : "out"}`}>
			<header class="sr">
				<b>{t("msg.you")}</b>
			</header>
			<div class="bubble">
				<Text text={out.text} />
			</div>
			<footer>
				<span class="delivery">
					<Icon name="clock" size={14} />
					{t("msg.sending")}
				</span>
			</footer>
		</article>
	);
}
