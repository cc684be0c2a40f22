/* The windows that ask one question: decline, transfer, assign, resolve. Each can be answered by keys alone. */
import { useSignal } from "@preact/signals";
import { dialog } from "../actions";
import { consult, decline, link, resolve, take, transfer } from "../commands";
import { t } from "../i18n";
import { agents, myId, queues, convs } from "../state";
import type { Key } from "../strings";
import { Dialog, Load, Presence } from "./bits";
import { Icon } from "./icon";

const close = () => (dialog.value = null);

/* A short list of answers: digits choose at once, arrows and Tab move. */
function Choices({ list, onChoose }: { list: { value: string; label: Key }[]; onChoose: (v: string) => void }) {
	return (
		<ol
			class="choices"
			onKeyDown={(e) => {
				const chosen = list[Number(e.key) - 1];
				if (chosen) {
					e.preventDefault();
					onChoose(chosen.value);
				}
				if (e.key !== "ArrowDown" && e.key !== "ArrowUp") return;
				e.preventDefault();
				const all = [...e.currentTarget.querySelectorAll<HTMLElement>("button")];
				const at = all.indexOf(document.activeElement as HTMLElement);
				all[(at + (e.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]?.focus();
			}}
		>
			{list.map((c, i) => (
				<li key={c.value}>
					<button type="button" autofocus={i === 0} onClick={() => onChoose(c.value)}>
						{t(c.label)} <kbd aria-hidden="true">{i + 1}</kbd>
					</button>
				</li>
			))}
		</ol>
	);
}

const reasons = ["busy", "skill", "language", "break"] as const;

export function DeclineDialog({ offer }: { offer: string }) {
	return (
		<Dialog title={t("decline.title")} onClose={close}>
			<p class="muted">{t("decline.why")}</p>
			<Choices
				list={reasons.map((r) => ({ value: r, label: `decline.${r}` }))}
				onChoose={(r) => {
					close();
					void decline(offer, r);
				}}
			/>
		</Dialog>
	);
}

const outcomes = ["solved", "no-answer", "customer-silent", "duplicate", "spam"] as const;

export function ResolveDialog({ conv }: { conv: string }) {
	return (
		<Dialog title={t("resolve.title")} onClose={close}>
			<Choices
				list={outcomes.map((o) => ({ value: o, label: `resolve.${o}` }))}
				onChoose={(o) => {
					close();
					void resolve(conv, o);
				}}
			/>
		</Dialog>
	);
}

/* Two cards are one person, or are not after all: on record with who said so and why. */
export function LinkDialog(props: { customer: string; into?: string; name: string; self?: string; why?: string }) {
	const { customer, into, name } = props;
	const reason = useSignal("");
	return (
		<Dialog title={t(into ? "merge.title" : "split.title")} onClose={close}>
			<form
				class="transfer"
				onSubmit={(e) => {
					e.preventDefault();
					close();
					void link(customer, into, reason.value.trim());
				}}
			>
				<dl class="parties">
					{props.self && (
						<div>
							<dt>{t("merge.this")}</dt>
							<dd>{props.self}</dd>
						</div>
					)}
					<div>
						<dt>{t(into ? "merge.other" : "split.other")}</dt>
						<dd>
							<b>{name}</b>
							{props.why && <p class="muted">{props.why}</p>}
						</dd>
					</div>
				</dl>
				<p class="muted">{t(into ? "merge.what" : "split.what")}</p>
				<label class="field">
					{t("merge.reason")}
					<input autofocus maxLength={120} value={reason.value} onInput={(e) => (reason.value = e.currentTarget.value)} />
				</label>
				<div class="buttons end">
					<button type="button" onClick={close}>
						{t("app.cancel")}
					</button>
					<button type="submit" class="primary">
						{t(into ? "merge.do" : "split.do")}
					</button>
				</div>
			</form>
		</Dialog>
	);
}

interface Target {
	to: string;
	name: string;
	kind: "queue" | "agent" | "skills";
}

function targets(find: string, assign: boolean): Target[] {
	const fits = (s: string) => s.toLowerCase().includes(find.trim().toLowerCase());
	const q: Target[] = assign
		? []
		: [...queues.value.values()].map((x) => ({
				to: `queue:${x.queue}`,
				name: x.title || x.queue,
				kind: "queue",
			}));
	const order = (p: string, online?: boolean) => (online === false ? 3 : p === "available" ? 0 : 1);
	const a: Target[] = [...agents.value.values()]
		.filter((x) => (assign || x.agent !== myId.value) && x.role !== "auditor")
		.sort((x, y) => order(x.presence, x.online) - order(y.presence, y.online))
		.map((x) => ({ to: `agent:${x.agent}`, name: x.name || x.agent, kind: "agent" }));
	/* "cards=50 en=80" names skills instead of somebody. */
	const skills = find.trim().replace(/\s+/g, " ");
	const s: Target[] =
		!assign && /^[a-z0-9_-]+=\d{1,3}( [a-z0-9_-]+=\d{1,3})*$/.test(skills)
			? [{ to: `skills:${skills}`, name: skills, kind: "skills" }]
			: [];
	return [...q, ...a].filter((x) => fits(x.name) || fits(x.to)).concat(s);
}

function TargetRow({ target }: { target: Target }) {
	const id = target.to.slice(target.to.indexOf(":") + 1);
	const q = target.kind === "queue" ? queues.value.get(id) : undefined;
	const a = target.kind === "agent" ? agents.value.get(id) : undefined;
	return (
		<>
			<Icon name={q ? "inbox" : "user"} size={16} />
			<span class="clip grow">{target.name}</span>
			{q && <span class="muted num">{t("queues.waiting", { n: q.waiting })}</span>}
			{a && (
				<>
					<Load used={a.used} limit={a.limit} />
					<Presence presence={a.presence} online={a.online} />
				</>
			)}
		</>
	);
}

export function TransferDialog({ conv, assign }: { conv: string; assign?: boolean }) {
	const find = useSignal("");
	const to = useSignal("");
	const note = useSignal("");
	const list = targets(find.value, !!assign);
	const here = `queue:${convs.value.get(conv)?.queue ?? ""}`;
	const chosen = list.find((x) => x.to === to.value) ?? list.find((x) => x.to !== here);
	const done = () => {
		if (!chosen) return;
		close();
		if (assign) void take(conv, chosen.to.slice("agent:".length));
		else void transfer(conv, chosen.to, note.value.trim());
	};
	const move = (by: number) => {
		const at = chosen ? list.indexOf(chosen) : 0;
		const next = list[(at + by + list.length) % list.length];
		if (next) to.value = next.to;
	};
	return (
		<Dialog title={t(assign ? "assign.title" : "transfer.title")} onClose={close}>
			<form
				class="transfer"
				onSubmit={(e) => {
					e.preventDefault();
					done();
				}}
				onKeyDown={(e) => {
					if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) {
						e.preventDefault();
						done();
					}
				}}
			>
				<p class="muted">{convs.value.get(conv)?.subject}</p>
				<input
					type="search"
					autofocus
					value={find.value}
					placeholder={t("transfer.find")}
					aria-label={t("transfer.find")}
					onInput={(e) => (find.value = e.currentTarget.value)}
					onKeyDown={(e) => {
						if (e.key !== "ArrowDown" && e.key !== "ArrowUp") return;
						e.preventDefault();
						move(e.key === "ArrowDown" ? 1 : -1);
					}}
				/>
				<fieldset class="targets">
					<legend class="sr">{t("transfer.to")}</legend>
					{list.length === 0 && <p class="muted">{t("transfer.none")}</p>}
					{list.map((x, i) => (
						<>
							{x.kind !== list[i - 1]?.kind && (
								<p class="group">{t(`transfer.${x.kind === "skills" ? "skills" : x.kind === "queue" ? "queues" : "agents"}`)}</p>
							)}
							<label key={x.to} class="target">
								<input
									type="radio"
									name="to"
									value={x.to}
									checked={x.to === chosen?.to}
									onChange={() => (to.value = x.to)}
								/>
								<TargetRow target={x} />
							</label>
						</>
					))}
				</fieldset>
				{!assign && (
					<label class="field">
						{t("transfer.note")}
						<textarea rows={2} value={note.value} onInput={(e) => (note.value = e.currentTarget.value)} />
					</label>
				)}
				<div class="buttons end">
					<button type="button" onClick={close}>
						{t("app.cancel")}
					</button>
					{!assign && (
						<button
							type="button"
							disabled={!chosen}
							title={t("consult.help")}
							onClick={() => {
								if (!chosen) return;
								close();
								void consult(conv, chosen.to, note.value.trim());
							}}
						>
							{t("consult.first")}
						</button>
					)}
					<button class="primary" disabled={!chosen}>
						{t(assign ? "conv.assign" : "conv.transfer")}
					</button>
				</div>
			</form>
		</Dialog>
	);
}
