/* Messages that somebody has to decide about, what could not be sent or not understood: whose, about what, why, and what can be done. */
import type { ComponentChildren, RefObject } from "preact";
import { open } from "../commands";
import { dateTime, t } from "../i18n";
import { go } from "../page";
import { Channel } from "./bits";
import { Icon } from "./icon";

export interface Trouble {
	id: string;
	conv: string;
	at_ms: number;
	channel?: string | null;
	subject?: string | null;
}
export interface Said {
	good: boolean;
	text: string;
}

/** `said`: what became of the last decision. Nothing is shown while there is nothing. */
export function Troubles<T extends Trouble>(props: {
	title: string;
	list: T[];
	count: number;
	said: Said | null;
	heading?: RefObject<HTMLHeadingElement>;
	class?: string;
	whose: (x: T) => string | null | undefined;
	why: (x: T) => string;
	decisions: (x: T) => ComponentChildren;
}) {
	const { list, said } = props;
	if (list.length === 0 && !said) return null;
	return (
		<>
			<h3 ref={props.heading} tabIndex={-1}>
				{props.title} <span class="count">{props.count}</span>
			</h3>
			<p role="status" class={said?.good ? "tone-good" : "tone-late"}>
				{said && (
					<>
						<Icon name={said.good ? "check" : "alert"} size={16} /> {said.text}
					</>
				)}
			</p>
			<ul class={`quarantine ${props.class ?? ""}`}>
				{list.map((x) => {
					const name = props.whose(x) || t("floor.quarantine.nobody");
					return (
						<li key={x.id}>
							<button
								type="button"
								class="link name"
								aria-label={t("floor.quarantine.open", { name })}
								onClick={() => {
									go("desk");
									open(x.conv);
								}}
							>
								{name}
							</button>
							<span class="muted clip sub-line">{x.subject}</span>
							<span class="muted">
								<Channel kind="email" channel={x.channel ?? ""} words /> {dateTime(x.at_ms)}
							</span>
							<p>{props.why(x)}</p>
							<p class="do">{props.decisions(x)}</p>
						</li>
					);
				})}
			</ul>
			{props.count > list.length && <p class="muted">{t("floor.dead.more", { n: props.count - list.length })}</p>}
		</>
	);
}
