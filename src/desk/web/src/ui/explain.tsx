/*
 * The engine's own explanation, in words: where a conversation stands, what is asked of the one who takes it,
 * what stands in the way of each colleague, and what would help. Fields it does not know are listed as they came.
 */
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { dialog } from "../actions";
import * as api from "../api";
import { now_ms } from "../clock";
import { dateTime, number, span, t, word } from "../i18n";
import { agentName, convName, convs, queueTitle } from "../state";
import { Dialog, Segment, State } from "./bits";
import { Icon } from "./icon";

type Facts = Record<string, unknown>;
const text = (v: unknown) => (typeof v === "string" ? v : typeof v === "number" ? String(v) : "");
const num = (v: unknown) => (typeof v === "number" ? v : undefined);
const isFacts = (v: unknown): v is Facts => typeof v === "object" && v !== null && !Array.isArray(v);
const pick = (f: Facts, ...names: string[]) => names.map((n) => f[n]).find((v) => v !== undefined && v !== null);

/* {"skills": 3, "eligible": 1} */
function histogram(v: unknown): [string, number][] {
	const pairs: [string, number][] = isFacts(v) ? Object.entries(v).map(([k, n]) => [k, num(n) ?? 0]) : [];
	return pairs.filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
}

function Histogram({ list }: { list: [string, number][] }) {
	const most = Math.max(1, ...list.map(([, n]) => n));
	if (list.length === 0) return <p class="muted">{t("explain.nobody")}</p>;
	return (
		<ul class="histogram">
			{list.map(([why, n]) => (
				<li key={why}>
					<span>{word("why", why)}</span>
					<svg viewBox="0 0 100 8" width="100" height="8" aria-hidden="true" preserveAspectRatio="none">
						<rect class="load-all" width="100" height="8" rx="4" />
						<rect class="load-used" width={(100 * n) / most} height="8" rx="4" />
					</svg>
					<span class="num">{t("explain.people", { n })}</span>
				</li>
			))}
		</ul>
	);
}

/* {"bo": "skills"} */
const agentRows = (v: unknown) =>
	isFacts(v) ? Object.entries(v).map(([agent, why]) => ({ agent, why: text(why) })) : [];

/* What stands between it and those who are nearest to taking it; the order is the engine's own. */
function helpText(failing: [string, number][]): string {
	const near = ["eligible", "queue", "hold-back", "excluded", "kind", "capacity", "presence", "skills", "desk"];
	const first = near.find((p) => failing.some(([why]) => why === p));
	return first ? word("change", first) : "";
}

const plain = new Set([
	"state",
	"stage",
	"stages",
	"rank",
	"position",
	"failing",
	"agents",
	"would_change",
	"requires",
	"conv",
	"id",
	"next_stage_ms",
	"ahead",
	"wait_s",
	"asked_and_best",
	"decision",
	"decisions",
]);

/* By the customer's name where this desk knows the conversation. */
function convNamed(id: string): string {
	const c = convs.value.get(id);
	return c ? convName(c) : id;
}

/* Who was offered it and what decided between those who could have taken it. */
function Decision({ d }: { d: Facts }) {
	return (
		<ul class="facts-list">
			<li>{t("explain.given", { agent: agentName(text(d["agent"])), time: dateTime(num(d["at_ms"]) ?? 0) })}</li>
			{d["eligible"] !== undefined && (
				<li>{t("explain.by", { n: text(d["eligible"]), by: text(d["decided_by"]), strategy: text(d["strategy"]) })}</li>
			)}
			{text(d["runner_up"]) && <li>{t("explain.second", { agent: agentName(text(d["runner_up"])) })}</li>}
			{isFacts(d["order"]) && text(d["order"]["next"]) && (
				<li>
					{t("explain.before", {
						conv: convNamed(text(d["order"]["next"])),
						by: word("order", text(d["order"]["decided_by"])),
					})}
				</li>
			)}
		</ul>
	);
}

/* Each skill that is asked beside the best that anybody at work has. */
function Asked({ list }: { list: Facts[] }) {
	if (list.length === 0) return null;
	return (
		<>
			<h3>{t("explain.asked")}</h3>
			<ul class="facts-list">
				{list.map((s) => {
					const met = (num(s["best"]) ?? -1) >= (num(s["level"]) ?? 0);
					const words = { skill: text(s["skill"]), level: text(s["level"]), best: text(s["best"]), agent: agentName(text(s["agent"])) };
					return (
						<li key={text(s["skill"])} class={met ? undefined : "tone-late"}>
							{s["best"] === undefined ? t("explain.asked.none", words) : t("explain.asked.best", words)}
						</li>
					);
				})}
			</ul>
		</>
	);
}

const factsOf = (v: unknown): Facts[] => (Array.isArray(v) ? v.filter(isFacts) : []);

function Told({ facts, conv }: { facts: Facts; conv: string }) {
	const c = convs.value.get(conv);
	const rank = num(pick(facts, "rank", "position"));
	const stage = num(facts["stage"]);
	const next = num(pick(facts, "next_stage_ms", "next_relaxation_ms", "next_ms"));
	const at = next;
	const skills = text(pick(facts, "requires", "skills")) || t("explain.any");
	const failing = histogram(facts["failing"]);
	const help = helpText(failing) || text(facts["would_change"]);
	const rows = agentRows(facts["agents"]);
	const rest = Object.entries(facts).filter(([k, v]) => !plain.has(k) && text(v) !== "");
	const decisions = factsOf(facts["decisions"]);
	const ahead = num(facts["ahead"]);
	const wait = Array.isArray(facts["wait_s"]) ? facts["wait_s"].map(num) : [];
	return (
		<div class="explain">
			{decisions.map((d, i) => (
				<Decision key={i} d={d} />
			))}
			{decisions.length === 0 && isFacts(facts["decision"]) && <Decision d={facts["decision"]} />}
			<ul class="facts-list">
				{ahead !== undefined && <li>{t("explain.ahead", { n: ahead })}</li>}
				{wait[0] !== undefined && wait[1] !== undefined && (
					<li>{t("explain.wait", { low: span(wait[0] * 1000), high: span(wait[1] * 1000) })}</li>
				)}
				{rank !== undefined && rank > 0 && (
					<li>{t("explain.rank", { n: number(rank), queue: queueTitle(text(facts["queue"]) || c?.queue || "") })}</li>
				)}
				{stage !== undefined && <li>{t("explain.stage", { n: stage + 1, skills })}</li>}
				{facts["failing"] !== undefined && <li>
					{at && at > 0 ? t("explain.next", { time: span(at > 1e11 ? at - now_ms.value : at) }) : t("explain.last")}
				</li>}
			</ul>
			{facts["failing"] !== undefined && <h3>{t("explain.histogram")}</h3>}
			{facts["failing"] !== undefined && <Histogram list={failing} />}
			<Asked list={factsOf(facts["asked_and_best"])} />
			{help && (
				<>
					<h3>{t("explain.change")}</h3>
					<p>{help}</p>
				</>
			)}
			{rows.length > 0 && (
				<>
					<h3>{t("explain.agents")}</h3>
					<ul class="explain-agents">
						{rows.map((r) => (
							<li key={r.agent}>
								<Icon name="user" size={16} />
								<span class="grow">{agentName(r.agent)}</span>
								<span class={r.why === "eligible" ? "tone-good" : "muted"}>
									{word("why", r.why || "eligible")}
								</span>
							</li>
						))}
					</ul>
				</>
			)}
			{rest.length > 0 && (
				<details>
					<summary>{t("explain.facts")}</summary>
					<dl class="facts">
						{rest.map(([k, v]) => (
							<div key={k}>
								<dt>{k}</dt>
								<dd>{k.endsWith("_ms") && Number(v) > 1e11 ? dateTime(Number(v)) : text(v)}</dd>
							</div>
						))}
					</dl>
				</details>
			)}
		</div>
	);
}

export function Explain({ conv }: { conv: string }) {
	const facts = useSignal<Facts | null>(null);
	const failed = useSignal("");
	const c = convs.value.get(conv);
	useEffect(() => {
		api.explain(conv).then(
			(f) => (facts.value = f),
			(e: Error) => (failed.value = e.message || t("explain.failed")),
		);
	}, [conv]);
	const got = c && (c.state === "active" || c.state === "pending" || c.state === "wrapup");
	return (
		<Dialog title={t(got ? "explain.title.got" : "explain.title")} onClose={() => (dialog.value = null)} class="drawer">
			{c && (
				<p class="meta">
					<b>{convName(c)}</b> <Segment name={c.segment} /> <State conv={c} />
				</p>
			)}
			{failed.value && <p class="wrong">{t("explain.failed")} {failed.value}</p>}
			{!facts.value && !failed.value && <p class="muted">{t("conv.loading")}</p>}
			{facts.value && <Told facts={facts.value} conv={conv} />}
		</Dialog>
	);
}
