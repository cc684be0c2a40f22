/* The centre: one matter, all its messages on every channel, and what can be done with it now. */
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { dialog } from "../actions";
import { now_ms } from "../clock";
import { hint } from "../connection";
import { pane, open, reopen, take, wrapupDone, wrapupMore } from "../commands";
import { day, moment, span, t } from "../i18n";
import type { Conv, Message } from "../protocol";
import {
	agentName,
	commands,
	convName,
	convs,
	mine,
	outgoing,
	queueTitle,
	refresh,
	selected,
	supervises,
	thread,
	typing,
	work,
} from "../state";
import { Channel, Empty, Kbd, Segment, Standing, State } from "./bits";
import { Composer } from "./composer";
import { Icon } from "./icon";
import { MessageView, OutgoingView } from "./message";

const together_ms = 5 * 60000;

function sameAuthor(a: Message | undefined, b: Message): boolean {
	return (
		a !== undefined &&
		a.direction === b.direction &&
		a.direction !== "system" &&
		a.direction !== "note" &&
		a.agent === b.agent &&
		a.channel === b.channel &&
		b.at_ms - a.at_ms < together_ms
	);
}

function Messages({ conv }: { conv: Conv | undefined; id: string }) {
	const id = selected.value ?? "";
	const s = thread(id).value;
	const box = useRef<HTMLDivElement>(null);
	const below = useSignal(false);
	const mineOut = outgoing.value.filter((o) => o.conv === id);
	const count = s.messages.length + mineOut.length;
	const atEnd = useRef(true);
	const toEnd = () => {
		if (box.current) box.current.scrollTop = box.current.scrollHeight;
		below.value = false;
	};
	useEffect(() => {
		atEnd.current = true;
		toEnd();
	}, [id]);
	useLayoutEffect(() => {
		if (atEnd.current || mineOut.length > 0) toEnd();
		else below.value = true;
	}, [count]);
	/* A live customer is told that he was read: once for each message, by its owner, when it is before his eyes. */
	const last = s.messages[s.messages.length - 1]?.seq ?? 0;
	const seen = useRef(0);
	useEffect(() => {
		const tell = () => {
			if (document.hidden || last <= seen.current || !mine(conv)) return;
			seen.current = last;
			hint({ t: "seen", conv: id, seq: last });
		};
		tell();
		document.addEventListener("visibilitychange", tell);
		return () => document.removeEventListener("visibilitychange", tell);
	}, [id, last, conv?.owner]);
	/* Stay at the end while what is above grows (a formatted mail) or the room shrinks (the composer). */
	useEffect(() => {
		const b = box.current;
		if (!b) return;
		const o = new ResizeObserver(() => atEnd.current && toEnd());
		o.observe(b);
		for (const c of b.children) o.observe(c);
		return () => o.disconnect();
	}, [id, s.state]);

	if (s.state === "failed")
		return (
			<div class="messages">
				<Empty icon="alert">
					{t("conv.failed")}{" "}
					<button type="button" class="small" onClick={() => void refresh(id)}>
						{t("app.again")}
					</button>
				</Empty>
			</div>
		);
	const first = s.messages.find((m) => m.subject)?.subject ?? "";
	return (
		<div
			class="messages"
			ref={box}
			tabIndex={0}
			role="region"
			aria-label={t("conv.messages")}
			onScroll={(e) => {
				const b = e.currentTarget;
				atEnd.current = b.scrollHeight - b.scrollTop - b.clientHeight < 60;
				if (atEnd.current) below.value = false;
			}}
		>
			<div class="messages-in">
				{s.state === "loading" && <p class="muted center">{t("conv.loading")}</p>}
				{s.state === "ready" && count === 0 && <p class="muted center">{t("conv.empty")}</p>}
				{s.messages.map((m, i) => {
					const before = s.messages[i - 1];
					const newDay = !before || new Date(before.at_ms).toDateString() !== new Date(m.at_ms).toDateString();
					return (
						<div key={m.seq} class="msg-row">
							{newDay && (
								<div class="day">
									<span>{day(m.at_ms, now_ms.peek())}</span>
								</div>
							)}
							<MessageView
								message={m}
								same={!newDay && sameAuthor(before, m)}
								channel={before?.channel ?? conv?.channel ?? ""}
								subject={conv?.subject ?? first}
							/>
						</div>
					);
				})}
				{mineOut.map((o) => (
					<div key={`o${o.key}`} class="msg-row">
						<OutgoingView out={o} />
					</div>
				))}
				{typing.value.has(id) && conv && (
					<p class="typing">
						<span class="dots" aria-hidden="true">
							<i />
							<i />
							<i />
						</span>
						{t("conv.typing", { name: convName(conv) })}
					</p>
				)}
			</div>
			{below.value && (
				<button type="button" class="newest" onClick={toEnd}>
					<Icon name="down" size={16} /> {t("conv.newest")}
				</button>
			)}
		</div>
	);
}

/* What becomes of an answer to somebody who is not there. */
function leftWords(conv: Conv): string {
	if (!conv.mail_to) return t("conv.left");
	return conv.mail_at_ms ? t("conv.left.at", { to: conv.mail_to, time: moment(conv.mail_at_ms) }) : t("conv.left.mail", { to: conv.mail_to });
}

function Head({ conv }: { conv: Conv }) {
	const isMine = mine(conv);
	const open = isMine && conv.state !== "wrapup";
	return (
		<header class="conv-head">
			<div class="conv-title">
				<h2>
					<span class="clip">{convName(conv)}</span>
					<Segment name={conv.segment} />
				</h2>
				<p class="meta">
					<Channel kind={conv.kind} channel={conv.channel} words />
					<span>{queueTitle(conv.queue)}</span>
					{conv.subject && <span class="conv-subject">{conv.subject}</span>}
					{open ? <Standing conv={conv} /> : <State conv={conv} />}
					{open && conv.visitor_left && (
						<span class="tone-warn">
							<Icon name="alert" size={14} /> {leftWords(conv)}
						</span>
					)}
					{conv.rating ? <span>{t("conv.rating", { n: conv.rating })}</span> : null}
				</p>
			</div>
			<div class="buttons">
				<button type="button" class="card-switch" onClick={() => (pane.value = pane.value === "card" ? "conv" : "card")}>
					<Icon name="user" /> {t("conv.card")}
				</button>
				{supervises.value && (
					<button type="button" onClick={() => (dialog.value = { kind: "explain", conv: conv.conv })}>
						<Icon name="question" /> {t("conv.explain")}
					</button>
				)}
				{open && (
					<>
						<button type="button" onClick={() => (dialog.value = { kind: "transfer", conv: conv.conv })}>
							<Icon name="transfer" /> {t("conv.transfer")} <Kbd>T</Kbd>
						</button>
						<button type="button" class="accent" onClick={() => (dialog.value = { kind: "resolve", conv: conv.conv })}>
							<Icon name="check" /> {t("conv.resolve")} <Kbd>E</Kbd>
						</button>
					</>
				)}
			</div>
		</header>
	);
}

function WrapUp({ conv }: { conv: Conv }) {
	const left = conv.until_ms ? span(conv.until_ms - now_ms.value) : "";
	return (
		<div class="strip good" role="status">
			<Icon name="check" />
			<p>{t("conv.wrapup")}</p>
			<span class="num" role="timer">
				{left}
			</span>
			<button type="button" onClick={() => void wrapupMore(conv.conv)}>
				{t("conv.more")}
			</button>
			<button type="button" class="primary" onClick={() => void wrapupDone(conv.conv)}>
				{t("conv.done")} <Kbd>W</Kbd>
			</button>
		</div>
	);
}

/* A colleague is asked to take it over: it stays mine until that is accepted. */
function Asked({ conv }: { conv: Conv }) {
	return (
		<div class="strip" role="status">
			<Icon name="transfer" />
			<p>{t("consult.waits", { name: agentName(conv.asked ?? "") })}</p>
		</div>
	);
}

/* Somebody else's, waiting, or over: say so, and what may be done. */
function ReadOnly({ conv }: { conv: Conv }) {
	const over = conv.state === "resolved" || conv.state === "closed";
	const current = work.value[0];
	return (
		<div class="strip">
			<Icon name={over ? "clock" : "user"} />
			<p>
				{t(over ? "conv.past" : "conv.readonly")}
				{conv.owner && <span class="muted"> · {t("conv.owner", { name: agentName(conv.owner) })}</span>}
			</p>
			{current && (
				<button type="button" onClick={() => open(current.conv)}>
					<Icon name="left" size={16} /> {t("app.back")}
				</button>
			)}
			{conv.state === "resolved" && (
				<button type="button" onClick={() => void reopen(conv.conv)}>
					<Icon name="retry" size={16} /> {t("conv.reopen")}
				</button>
			)}
			{commands.value && !over && (
				<>
					<button type="button" onClick={() => (dialog.value = { kind: "assign", conv: conv.conv })}>
						{t("conv.assign")}
					</button>
					<button type="button" class="primary" onClick={() => void take(conv.conv)}>
						{t("conv.take")}
					</button>
				</>
			)}
		</div>
	);
}

export function Conversation() {
	const id = selected.value;
	const conv = id ? convs.value.get(id) : undefined;
	if (!id)
		return (
			<section class="centre" id="conversation" tabIndex={-1} aria-label={t("conv.label")}>
				<Empty icon="chat" title={t("conv.none.title")}>
					{t("conv.none.text")}
				</Empty>
			</section>
		);
	const isMine = mine(conv);
	return (
		<section class="centre" id="conversation" tabIndex={-1} aria-label={t("conv.label")}>
			{conv && <Head conv={conv} />}
			<Messages key={id} id={id} conv={conv} />
			{conv && isMine && conv.asked && <Asked conv={conv} />}
			{conv && isMine && conv.state === "wrapup" && <WrapUp conv={conv} />}
			{conv && isMine && <Composer key={id} conv={conv} noteOnly={conv.state === "wrapup"} />}
			{conv && !isMine && <ReadOnly conv={conv} />}
		</section>
	);
}
