/* Who writes: name, segment, how they are reached and how sure that is, and everything said before on any channel. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { dialog } from "../actions";
import { distinct, open } from "../commands";
import { dateTime, moment, span, t } from "../i18n";
import type { Card, Conv, Suggestion } from "../protocol";
import { account, card, convName, convs, mailboxes, queueTitle, selected, skillsText } from "../state";
import { Avatar, Channel, Empty, Segment, State } from "./bits";
import { Icon, channelIcon } from "./icon";

function Identities({ card: c }: { card: Card }) {
	const list = (c.identities ?? []).filter((i) => i.kind !== "chat"); // a chat session names nobody
	if (list.length === 0) return null;
	return (
		<section>
			<h3>{t("card.identities")}</h3>
			<ul class="identities">
				{list.map((i) => (
					<li key={i.kind + i.value}>
						<Icon name={channelIcon(i.kind, i.kind)} size={16} />
						<span class="wrap" title={i.kind}>
							{i.value}
						</span>
						<span class={i.verified ? "sure tone-good" : "sure muted"}>
							{i.verified && <Icon name="verified" size={14} />}
							{t(i.verified ? "card.verified" : "card.unverified")}
						</span>
						{i.kind === "email" && mailboxes.value.length > 0 && (
							<button
								type="button"
								class="ghost square tiny"
								aria-label={t("write.to.this", { address: i.value })}
								title={t("write.to.this", { address: i.value })}
								onClick={() =>
									(dialog.value = { kind: "write", to: i.value, ...(c.name && !c.name.includes("@") ? { name: c.name } : {}) })
								}
							>
								<Icon name="mail" size={14} />
							</button>
						)}
					</li>
				))}
			</ul>
		</section>
	);
}

function why(s: Suggestion): string {
	if (s.reason === "thread") return t("card.why.thread");
	if (s.reason === "address") return t("card.why.address");
	if (s.reason === "typed") return t("card.why.typed", { value: s.value ?? "" });
	return t(s.verified ? "card.why.verified" : "card.why.claimed", { value: s.value ?? "" });
}

/* A card in a line: its name and how far it is known to be true. */
function whose(c: Card): string {
	const all = (c.identities ?? []).filter((i) => i.kind !== "chat");
	const said = all.map((i) => `${i.value} (${t(i.verified ? "card.verified" : "card.unverified").toLowerCase()})`);
	return [c.name ?? "", ...said.filter((x) => !x.startsWith(`${c.name} `))].filter(Boolean).join(", ") || t("card.unnamed");
}

const named = (s: Suggestion) => s.name || s.value || t("card.unnamed");

const may = () => account.value?.user.rights?.includes("merge") !== false;

function Suggestions({ card: c }: { card: Card }) {
	return (
		<>
			{(c.suggestions ?? []).map((s) => (
				<section class="suggest" key={s.id}>
					<Icon name="question" />
					<div>
						<p>
							<b>{named(s)}</b> <Segment name={s.segment} />
						</p>
						<p>{why(s)}</p>
						<p class="muted">{t("card.suggest.note")}</p>
						{may() && (
							<div class="buttons">
								<button
									type="button"
									class="small"
									onClick={() =>
										(dialog.value = {
											kind: "merge",
											customer: c.id,
											into: s.id,
											name: named(s),
											self: whose(c),
											why: why(s),
										})
									}
								>
									{t("merge.ask")}
								</button>
								<button type="button" class="small" onClick={() => void distinct(c.id, s.id, true)}>
									{t("distinct.ask")}
								</button>
							</div>
						)}
					</div>
				</section>
			))}
		</>
	);
}

/* Who is in this card, and who said so when. */
function Merged({ card: c }: { card: Card }) {
	if (!c.links?.length) return null;
	return (
		<section>
			<h3>{t(c.merged?.length ? "card.merged" : "card.links")}</h3>
			<ul class="identities">
				{(c.merged ?? []).map((m) => (
					<li key={m.id}>
						<Icon name="user" size={16} />
						<span class="wrap">{m.name || t("card.unnamed")}</span>
						{may() && (
							<button
								type="button"
								class="small"
								onClick={() => (dialog.value = { kind: "split", customer: m.id, name: m.name || t("card.unnamed") })}
							>
								{t("split.ask")}
							</button>
						)}
					</li>
				))}
			</ul>
			<ul class="muted links">
				{c.links.map((l) => (
					<li key={l.at_ms + l.customer}>
						<time dateTime={new Date(l.at_ms).toISOString()}>{dateTime(l.at_ms)}</time>{" "}
						{t(`card.link.${l.what}`, {
							who: l.agent || t("card.operator"),
						})}
						{l.reason ? `: ${l.reason}` : ""}
					</li>
				))}
			</ul>
		</section>
	);
}

/* Who was suggested until somebody said that it is another person. */
function Dismissed({ card: c }: { card: Card }) {
	if (!c.dismissed?.length) return null;
	return (
		<section>
			<h3>{t("card.dismissed")}</h3>
			<ul class="identities">
				{c.dismissed.map((d) => (
					<li key={d.id}>
						<Icon name="user" size={16} />
						<span class="wrap">{d.name || t("card.unnamed")}</span>
						{may() && (
							<button type="button" class="small" onClick={() => void distinct(c.id, d.id, false)}>
								{t("undistinct.ask")}
							</button>
						)}
					</li>
				))}
			</ul>
		</section>
	);
}

function Past({ list }: { list: Conv[] }) {
	if (list.length <= 1) return <p class="muted">{t("card.first")}</p>;
	return (
		<ul class="past">
			{[...list]
				.sort((a, b) => b.arrived_ms - a.arrived_ms)
				.map((c) => {
					const live = convs.value.get(c.conv) ?? c;
					return (
						<li key={c.conv}>
							<button
								type="button"
								class="past-row"
								aria-current={selected.value === c.conv ? "true" : undefined}
								onClick={() => open(c.conv)}
							>
								<Channel kind={c.kind} channel={c.channel} />
								<span class="past-main">
									<span class="clip">{c.subject || queueTitle(c.queue)}</span>
									<span class="meta">
										<time dateTime={new Date(c.arrived_ms).toISOString()} title={dateTime(c.arrived_ms)}>{moment(c.arrived_ms)}</time>
										<State conv={live} />
									</span>
								</span>
							</button>
						</li>
					);
				})}
		</ul>
	);
}

function Matter({ conv }: { conv: Conv }) {
	const skills = skillsText(conv.skills);
	const facts: [string, string][] = [
		[t("card.channel"), conv.channel],
		[t("card.queue"), queueTitle(conv.queue)],
		[t("card.arrived"), moment(conv.arrived_ms)],
		[
			t("card.firstreply"),
			conv.first_reply_ms ? span(conv.first_reply_ms - conv.arrived_ms) : t("app.none"),
		],
	];
	if (skills) facts.push([t("card.skills"), skills]);
	return (
		<section>
			<h3>{t("card.matter")}</h3>
			<dl class="facts">
				{facts.map(([k, v]) => (
					<div key={k}>
						<dt>{k}</dt>
						<dd>{v}</dd>
					</div>
				))}
			</dl>
		</section>
	);
}

/* A decision takes its own button away: the focus then stays in the card, on its heading. */
function useKeptFocus(changed: unknown) {
	const heading = useRef<HTMLHeadingElement>(null);
	const inside = useRef(false);
	useLayoutEffect(() => {
		if (inside.current && document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
	}, [changed]);
	return {
		heading,
		onFocusIn: () => (inside.current = true),
		onFocusOut: (e: FocusEvent) => (inside.current = e.relatedTarget === null),
	};
}

export function CardColumn() {
	const conv = selected.value ? convs.value.get(selected.value) : undefined;
	const id = conv?.customer;
	const s = id ? card(id).value : null;
	const c = s?.card;
	const { heading, ...focus } = useKeptFocus(c);
	return (
		<section class="card-column" aria-label={t("card.title")} {...focus}>
			{!conv ? (
				<Empty icon="user">{t("card.none")}</Empty>
			) : (
				<>
					<div class="card-head">
						<Avatar name={c?.name || convName(conv)} size={48} />
						<div>
							<h2 ref={heading} tabIndex={-1}>
								{c?.name || convName(conv)}
							</h2>
							<p class="meta">
								<Segment name={c?.segment ?? conv.segment} />
								{c?.lang && (
									<span>
										<span class="sr">{t("card.lang")}: </span>
										{c.lang.toUpperCase()}
									</span>
								)}
							</p>
						</div>
					</div>
					{s?.failed && <p class="wrong">{t("card.failed")}</p>}
					{c && <Suggestions card={c} />}
					{c && <Identities card={c} />}
					{c && <Merged card={c} />}
					{c && <Dismissed card={c} />}
					<Matter conv={conv} />
					{c && (
						<section>
							<h3>{t("card.history")}</h3>
							<Past list={c.conversations ?? []} />
						</section>
					)}
				</>
			)}
		</section>
	);
}
