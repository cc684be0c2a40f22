/*
 * The supervisor's page: who waits how long against which target, how well it goes, who does what, and what to do about
 * it, live. A number that does not apply is a dash, never zero.
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { dialog } from "../actions";
import * as api from "../api";
import { now_ms } from "../clock";
import { open, pauseQueue, take } from "../commands";
import { number, percent, span, t } from "../i18n";
import { go } from "../page";
import type { Conv, Level, Queue, SegmentRow, Stats } from "../protocol";
import {
	agents,
	commands,
	convName,
	figures,
	offers,
	places,
	queueTitle,
	queues,
	skillsText,
	waiting,
} from "../state";
import type { Key } from "../strings";
import { Channel, Empty, Load, Presence, Segment, Standing, State } from "./bits";
import { Icon, type IconName } from "./icon";
import { Dead } from "./dead";
import { Quarantine } from "./quarantine";
import { late, longest } from "./work";
import type { ComponentChildren } from "preact";

const stats_ms = 5000;
const rows_max = 100;

function Panel(props: { id: string; title: string; icon: IconName; wide?: boolean; children: ComponentChildren; extra?: ComponentChildren }) {
	return (
		<section class={props.wide ? "panel wide" : "panel"} aria-labelledby={`p-${props.id}`}>
			<h2>
				<Icon name={props.icon} /> <span id={`p-${props.id}`}>{props.title}</span>
				{props.extra && <span class="right">{props.extra}</span>}
			</h2>
			{props.children}
		</section>
	);
}

/* A wide table scrolls in its own box, which the keyboard can reach. */
function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
	return (
		<div class="scroll" tabIndex={0} role="group" aria-label={label}>
			{children}
		</div>
	);
}

const dash = () => t("app.none");
const count = (n: number | null | undefined) => (n === null || n === undefined ? dash() : number(n));

/* The order inside a queue is the engine's: asked for where more than one waits. */
async function readPlaces(): Promise<void> {
	const several = [...queues.peek().values()].filter((q) => q.waiting > 1);
	const lines = await Promise.all(several.map((q) => api.line(q.queue).catch(() => [])));
	places.value = new Map(lines.flatMap((l) => l.map((id, i) => [id, i + 1] as const)));
}

/* Counted from the list below, so that both agree at every moment. */
function bySegment(queue: string): { segment: string; waiting: number; since_ms: number }[] {
	const m = new Map<string, { segment: string; waiting: number; since_ms: number }>();
	for (const c of waiting.value) {
		if (c.queue !== queue || !c.segment) continue;
		const s = m.get(c.segment) ?? { segment: c.segment, waiting: 0, since_ms: Infinity };
		m.set(c.segment, { ...s, waiting: s.waiting + 1, since_ms: Math.min(s.since_ms, c.arrived_ms) });
	}
	return [...m.values()].sort((a, b) => a.since_ms - b.since_ms);
}

function QueueLines({ q }: { q: Queue }) {
	const l = longest(q);
	const name = q.title || q.queue;
	const segments = bySegment(q.queue);
	return (
		<>
			<tr>
				<th scope="row">
					{name}{" "}
					{q.paused && <span class="badge state-parked">{t("queues.paused")}</span>}
					{q.open === false && <span class="badge">{t("queues.closed")}</span>}
				</th>
				<td class="n">{number(q.waiting)}</td>
				<td class={late(q) ? "n tone-late" : "n"}>
					{late(q) && <Icon name="alert" size={14} />}
					{l === null ? dash() : span(l)}
					{late(q) && <span class="sr"> {t("queues.late")}</span>}
				</td>
				<td class="n">{q.target_s ? span(q.target_s * 1000) : dash()}</td>
				<td class="n">{count(q.active)}</td>
				<td class={q.parked ? "n tone-soon" : "n"}>{count(q.parked)}</td>
				<td class="do">
					{commands.value && (
						<button
							type="button"
							class="small ghost"
							aria-label={t(q.paused ? "floor.resume.queue" : "floor.pause.queue", { name })}
							onClick={() => void pauseQueue(q.queue, !q.paused)}
						>
							<Icon name={q.paused ? "play" : "pause"} size={14} /> {t(q.paused ? "floor.resume" : "floor.pause")}
						</button>
					)}
				</td>
			</tr>
			{segments.map((s) => (
				<tr key={s.segment} class="sub">
					<th scope="row">
						<Segment name={s.segment} />
					</th>
					<td class="n">{number(s.waiting)}</td>
					<td class="n">{span(now_ms.value - s.since_ms)}</td>
					<td />
					<td />
					<td />
					<td />
				</tr>
			))}
		</>
	);
}

function QueuePanel() {
	const list = [...queues.value.values()];
	return (
		<Panel id="queues" title={t("floor.queues")} icon="inbox" wide>
			<Scroll label={t("floor.queues")}>
				<table>
					<thead>
						<tr>
							<th scope="col">{t("floor.queue")}</th>
							<th scope="col" class="n">{t("floor.waiting")}</th>
							<th scope="col" class="n">{t("floor.longest")}</th>
							<th scope="col" class="n">{t("floor.target")}</th>
							<th scope="col" class="n">{t("floor.active")}</th>
							<th scope="col" class="n">{t("floor.parked")}</th>
							<th scope="col">
								<span class="sr">{t("floor.do")}</span>
							</th>
						</tr>
					</thead>
					<tbody>
						{list.map((q) => (
							<QueueLines key={q.queue} q={q} />
						))}
					</tbody>
				</table>
			</Scroll>
		</Panel>
	);
}

const windows = ["15m", "1h", "today"] as const;

function LevelCell({ level }: { level: Level | undefined }) {
	if (!level) return <td class="n">{dash()}</td>;
	const all = level.answered + (level.abandoned ?? 0);
	const part = all > 0 ? level.within / all : 1;
	const title = `${level.within} / (${level.answered} + ${level.abandoned ?? 0})`;
	return (
		<td class={part < 0.6 ? "n tone-late" : part < 0.8 ? "n tone-soon" : "n"} title={title}>
			{percent(level.within, all)}
		</td>
	);
}

/* A segment's line, when anything was counted for it today. */
function LevelSegment({ row }: { row: SegmentRow }) {
	const today = row.levels?.["today"];
	if (!row.segment || !today || today.answered + (today.abandoned ?? 0) === 0) return null;
	return (
		<tr class="sub">
			<th scope="row">
				<Segment name={row.segment} />
			</th>
			{windows.map((w) => (
				<LevelCell key={w} level={row.levels?.[w]} />
			))}
			<td class="n">{count(today.answered)}</td>
			<td class="n">{count(today.abandoned)}</td>
			<td class="n">{count(today.missed)}</td>
			<td />
			<td />
		</tr>
	);
}

const sinceStart = (q: Queue): Level | undefined =>
	q.answered === undefined
		? undefined
		: { answered: q.answered, within: q.within ?? 0, abandoned: q.abandoned ?? 0 };

function LevelLines({ q, windowed }: { q: Queue; windowed: boolean }) {
	const counted = windowed ? q.levels?.["today"] : q;
	return (
		<>
			<tr>
				<th scope="row">{q.title || q.queue}</th>
				{windowed ? windows.map((w) => <LevelCell key={w} level={q.levels?.[w]} />) : <LevelCell level={sinceStart(q)} />}
				<td class="n">{count(counted?.answered)}</td>
				<td class="n">{count(counted?.abandoned)}</td>
				{windowed && <td class="n">{count(q.levels?.["today"]?.missed)}</td>}
				<td class="n">{q.waits ? `${span(q.waits.p50_ms)} / ${span(q.waits.p90_ms)}` : dash()}</td>
				<td class="n">{q.waits ? `± ${span(Math.sqrt(q.waits.mse_s2) * 1000)}` : dash()}</td>
			</tr>
			{windowed && q.by_segment?.map((s) => <LevelSegment key={s.segment} row={s} />)}
		</>
	);
}

function LevelPanel() {
	const list = [...queues.value.values()];
	const windowed = list.some((q) => q.levels);
	return (
		<Panel id="level" title={t("floor.level")} icon="check">
			<Scroll label={t("floor.level")}>
				<table>
					<thead>
						<tr>
							<th scope="col">{t("floor.queue")}</th>
							{(windowed ? windows : (["start"] as const)).map((w) => (
								<th scope="col" class="n" key={w}>
									{t(`floor.level.${w}` as Key)}
								</th>
							))}
							<th scope="col" class="n">{t("floor.answered")}</th>
							<th scope="col" class="n">{t("floor.abandoned")}</th>
							{windowed && <th scope="col" class="n">{t("floor.missed")}</th>}
							<th scope="col" class="n">{t("floor.waits")}</th>
							<th scope="col" class="n">{t("floor.waits.error")}</th>
						</tr>
					</thead>
					<tbody>
						{list.map((q) => (
							<LevelLines key={q.queue} q={q} windowed={windowed} />
						))}
					</tbody>
				</table>
			</Scroll>
			<p class="muted how">{t("floor.level.how")}</p>
		</Panel>
	);
}

function PeoplePanel() {
	const order = { available: 0, "not-responding": 1, away: 2, offline: 3 };
	const list = [...agents.value.values()].sort(
		(a, b) =>
			Number(a.online === false) - Number(b.online === false) ||
			order[a.presence] - order[b.presence] ||
			b.used - a.used,
	);
	const here = list.filter((a) => a.online !== false && a.presence === "available").length;
	return (
		<Panel
			id="people"
			title={t("floor.people")}
			icon="user"
			extra={
				<span class="muted num">
					{here}/{list.length}
				</span>
			}
		>
			{list.length === 0 ? (
				<Empty icon="user">{t("floor.people.none")}</Empty>
			) : (
				<Scroll label={t("floor.people")}>
					<table>
						<thead>
							<tr>
								<th scope="col">{t("floor.name")}</th>
								<th scope="col">{t("floor.presence")}</th>
								<th scope="col" class="n">{t("floor.since")}</th>
								<th scope="col">{t("floor.load")}</th>
								<th scope="col">{t("floor.skills")}</th>
							</tr>
						</thead>
						<tbody>
							{list.map((a) => (
								<tr key={a.agent}>
									<th scope="row">{a.name || a.agent}</th>
									<td>
										<Presence presence={a.presence} online={a.online} />
									</td>
									<td class="n">
										{a.since_ms && a.online !== false ? span(now_ms.value - a.since_ms) : dash()}
									</td>
									<td>
										<Load used={a.used} limit={a.limit} />
									</td>
									<td class="muted skills">{skillsText(a.skills) || dash()}</td>
								</tr>
							))}
						</tbody>
					</table>
				</Scroll>
			)}
		</Panel>
	);
}

function WaitingRow({ conv, at }: { conv: Conv; at: number }) {
	return (
		<tr>
			<td class="n muted">{at}</td>
			<th scope="row">
				<button
					type="button"
					class="link name"
					onClick={() => {
						go("desk");
						open(conv.conv);
					}}
				>
					{convName(conv)}
				</button>
				<span class="muted clip sub-line">{conv.subject}</span>
			</th>
			<td>
				<Channel kind={conv.kind} channel={conv.channel} words />
			</td>
			<td>{queueTitle(conv.queue)}</td>
			<td>
				<Segment name={conv.segment} />
			</td>
			<td class="n num">{span(now_ms.value - conv.arrived_ms)}</td>
			<td>
				<Standing conv={conv} />
			</td>
			<td>
				<State conv={conv} />
			</td>
			<td class="do">
				<button type="button" class="small" onClick={() => (dialog.value = { kind: "explain", conv: conv.conv })}>
					{t("conv.explain")}
				</button>
				{commands.value && (
					<>
						<button type="button" class="small" onClick={() => (dialog.value = { kind: "assign", conv: conv.conv })}>
							{t("conv.assign")}
						</button>
						<button type="button" class="small" onClick={() => void take(conv.conv)}>
							{t("conv.take")}
						</button>
					</>
				)}
			</td>
		</tr>
	);
}

function WaitingPanel() {
	const list = waiting.value;
	return (
		<Panel id="list" title={t("floor.list")} icon="clock" wide extra={<span class="count">{list.length}</span>}>
			{list.length === 0 ? (
				<Empty icon="check">{t("floor.list.none")}</Empty>
			) : (
				<Scroll label={t("floor.list")}>
					<table>
						<thead>
							<tr>
								<th scope="col" class="n">
									<span aria-hidden="true">#</span>
									<span class="sr">{t("card.id")}</span>
								</th>
								<th scope="col">{t("floor.customer")}</th>
								<th scope="col">{t("card.channel")}</th>
								<th scope="col">{t("floor.queue")}</th>
								<th scope="col">
									<span class="sr">{t("card.title")}</span>
								</th>
								<th scope="col" class="n">{t("floor.wait")}</th>
								<th scope="col">{t("floor.target")}</th>
								<th scope="col">{t("floor.state")}</th>
								<th scope="col">
									<span class="sr">{t("floor.do")}</span>
								</th>
							</tr>
						</thead>
						<tbody>
							{list.slice(0, rows_max).map((c, i) => (
								<WaitingRow key={c.conv} conv={c} at={i + 1} />
							))}
						</tbody>
					</table>
				</Scroll>
			)}
			{list.length > rows_max && <p class="muted">{t("floor.list.more", { n: list.length - rows_max })}</p>}
		</Panel>
	);
}

const flows = ["seen", "accepted", "duplicate", "quarantined", "refused"] as const;

function IntakePanel({ stats, failed }: { stats: Stats | null; failed: boolean }) {
	const i = stats?.status?.intake;
	const known = i?.seen !== undefined;
	const open = known
		? (i.seen ?? 0) - (i.accepted ?? 0) - (i.duplicate ?? 0) - (i.quarantined ?? 0) - (i.refused ?? 0)
		: 0;
	const channels = stats?.status?.channels ?? [];
	return (
		<Panel id="intake" title={t("floor.intake")} icon="mail">
			{failed && <p class="wrong">{t("floor.stats.failed")}</p>}
			<dl class="figures">
				{flows.map((f) => (
					<div key={f}>
						<dt>{t(`floor.intake.${f}`)}</dt>
						<dd>{count(i?.[f])}</dd>
					</div>
				))}
			</dl>
			{known && (
				<p class={open > 0 ? "tone-soon" : "tone-good"}>
					<Icon name={open > 0 ? "clock" : "check"} size={16} />{" "}
					{open > 0 ? t("floor.intake.odd", { n: open }) : t("floor.intake.even")}
				</p>
			)}
			<Dead news={stats} />
			{known && <Quarantine count={(i.quarantined ?? 0) + (i.accepted ?? 0)} />}
			<h3>{t("floor.channels")}</h3>
			<ul class="channels">
				{channels.map((c) => (
					<li key={c.name}>
						<Channel kind={c.plugin} channel={c.name} words />
						<span class={c.up ? "tone-good" : "tone-late"}>
							<Icon name={c.up ? "check" : "alert"} size={14} />
							{t(c.up ? "floor.channel.up" : "floor.channel.down")}
							{!c.up && c.why ? `: ${c.why}` : ""}
						</span>
					</li>
				))}
				{channels.length === 0 && <li class="muted">{dash()}</li>}
			</ul>
		</Panel>
	);
}

const overloads = ["1", "2", "3", "4", "5"] as const;

/** What is refused of new work, and what runs short. */
function Overload({ stats }: { stats: Stats | null }) {
	const o = stats?.status?.overload;
	const level = o && overloads[o.level - 1];
	if (!level) return null;
	return (
		<p class="strip tone-late" role="alert">
			<Icon name="alert" /> {t(`floor.overload.${level}`)} {o.why}
		</p>
	);
}

export function Floor() {
	const stats = useSignal<Stats | null>(null);
	const failed = useSignal(false);
	useEffect(() => {
		const readNow = () => {
			void readPlaces();
			return api.stats().then(
				(s) => {
					stats.value = s;
					failed.value = false;
					figures(s.queues ?? []);
				},
				() => (failed.value = true),
			);
		};
		void readNow();
		const id = setInterval(() => void readNow(), stats_ms);
		return () => clearInterval(id);
	}, []);
	return (
		<main class="floor" id="conversation" tabIndex={-1}>
			<h1 class="sr">{t("floor.title")}</h1>
			<Overload stats={stats.value} />
			{offers.value.size > 0 && (
				<p class="strip good" role="status">
					<Icon name="inbox" /> {t("offers.count", { n: offers.value.size })}
					<a href="#">{t("page.desk")}</a>
				</p>
			)}
			<div class="panels">
				<QueuePanel />
				<LevelPanel />
				<WaitingPanel />
				<PeoplePanel />
				<IntakePanel stats={stats.value} failed={failed.value} />
			</div>
		</main>
	);
}
