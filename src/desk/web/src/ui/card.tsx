/* Who writes: name, segment, how they are reached and how sure that is, and everything said before on any channel. */
import { open } from "../commands";
import { dateTime, moment, span, t } from "../i18n";
import type { Card, Conv } from "../protocol";
import { card, convName, convs, queueTitle, selected, skillsText } from "../state";
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
					</li>
				))}
			</ul>
		</section>
	);
}

function Suggestion({ card: c }: { card: Card }) {
	if (!c.suggest) return null;
	const s = typeof c.suggest === "string" ? { id: c.suggest, name: null, segment: null } : c.suggest;
	return (
		<section class="suggest">
			<Icon name="question" />
			<div>
				<p>{t("card.suggest")}</p>
				<p>
					<b>{s.name || s.id}</b> <Segment name={s.segment} />
				</p>
				<p class="muted">{t("card.suggest.note")}</p>
			</div>
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

export function CardColumn() {
	const conv = selected.value ? convs.value.get(selected.value) : undefined;
	const id = conv?.customer;
	const s = id ? card(id).value : null;
	const c = s?.card;
	return (
		<section class="card-column" aria-label={t("card.title")}>
			{!conv ? (
				<Empty icon="user">{t("card.none")}</Empty>
			) : (
				<>
					<div class="card-head">
						<Avatar name={c?.name || convName(conv)} size={48} />
						<div>
							<h2>{c?.name || convName(conv)}</h2>
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
					{c && <Suggestion card={c} />}
					{c && <Identities card={c} />}
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
