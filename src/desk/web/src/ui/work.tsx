/* My conversations and the queues at a glance: whose turn it is, how late, what is unread, in colour and in words. */
import { dialog } from "../actions";
import { open } from "../commands";
import { number, span, t } from "../i18n";
import { now_ms } from "../clock";
import type { Conv, Queue } from "../protocol";
import { convName, mailboxes, me, queueTitle, queues, selected, typing, unread, work } from "../state";
import { Channel, Empty, Load, Segment, Standing } from "./bits";
import { Icon } from "./icon";

function WorkRow({ conv }: { conv: Conv }) {
	const n = unread.value.get(conv.conv) ?? 0;
	const on = selected.value === conv.conv;
	return (
		<li>
			<button
				type="button"
				class={`work-row${n ? " unread" : ""}`}
				aria-current={on ? "true" : undefined}
				data-conv={conv.conv}
				onClick={() => open(conv.conv)}
			>
				<Channel kind={conv.kind} channel={conv.channel} />
				<span class="work-main">
					<span class="work-name">
						<span class="clip">{convName(conv)}</span>
						<Segment name={conv.segment} />
					</span>
					<span class="work-subject clip">
						{typing.value.has(conv.conv)
							? t("conv.typing", { name: convName(conv) })
							: conv.subject || queueTitle(conv.queue)}
					</span>
					<Standing conv={conv} />
				</span>
				{n > 0 && (
					<span class="count hot">
						<span aria-hidden="true">{n}</span>
						<span class="sr">{t("work.unread", { n })}</span>
					</span>
				)}
			</button>
		</li>
	);
}

export function Work() {
	const list = work.value;
	return (
		<section class="block" aria-labelledby="work-title">
			<h2 id="work-title">
				{t("work.title")} {list.length > 0 && <span class="count">{list.length}</span>}
				{me.value && (
					<span class="right">
						<Load used={me.value.used} limit={me.value.limit} />
						{mailboxes.value.length > 0 && (
							<button
								type="button"
								class="ghost square"
								aria-label={t("write.new")}
								title={t("write.new")}
								onClick={() => (dialog.value = { kind: "write" })}
							>
								<Icon name="mail" />
							</button>
						)}
					</span>
				)}
			</h2>
			{list.length === 0 ? (
				<Empty icon="chat">{t("work.none")}</Empty>
			) : (
				<ul class="work-list">
					{list.map((c) => (
						<WorkRow key={c.conv} conv={c} />
					))}
				</ul>
			)}
		</section>
	);
}

/** The server tells the longest wait when something changes; between that it grows with the clock. */
const heard = new WeakMap<Queue, number>();
export function longest(q: Queue): number | null {
	if (q.longest_ms === null || q.longest_ms === undefined || q.waiting === 0) return null;
	let at = heard.get(q);
	if (at === undefined) heard.set(q, (at = now_ms.value));
	return q.longest_ms + now_ms.value - at;
}

export const late = (q: Queue) => {
	const l = longest(q);
	return l !== null && !!q.target_s && l > q.target_s * 1000;
};

function QueueRow({ q }: { q: Queue }) {
	const l = longest(q);
	return (
		<li class="queue-row">
			<span class="clip">{q.title || q.queue}</span>
			{q.paused && <span class="badge state-parked">{t("queues.paused")}</span>}
			{!q.paused && q.open === false && <span class="badge">{t("queues.closed")}</span>}
			<span class={late(q) ? "num tone-late" : "num muted"}>
				{l === null ? (
					t("app.none")
				) : (
					<>
						{late(q) && <Icon name="alert" size={14} />}
						<span class="sr">{t("queues.longest", { time: span(l) })}</span>
						<span aria-hidden="true">{span(l)}</span>
						{late(q) && <span class="sr">{t("queues.late")}</span>}
					</>
				)}
			</span>
			<span class="count">
				<span aria-hidden="true">{number(q.waiting)}</span>
				<span class="sr">{t("queues.waiting", { n: q.waiting })}</span>
			</span>
		</li>
	);
}

export function Queues() {
	const list = [...queues.value.values()];
	return (
		<section class="block" aria-labelledby="queues-title">
			<h2 id="queues-title">{t("queues.title")}</h2>
			{list.length === 0 ? (
				<Empty icon="inbox">{t("queues.none")}</Empty>
			) : (
				<ul class="queue-list">
					{list.map((q) => (
						<QueueRow key={q.queue} q={q} />
					))}
				</ul>
			)}
		</section>
	);
}
