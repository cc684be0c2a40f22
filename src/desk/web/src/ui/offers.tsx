/* Offers held out to me: all that is needed to decide, the time left, and one key to accept. */
import { accept } from "../commands";
import { dialog } from "../actions";
import { now_ms } from "../clock";
import { span, t } from "../i18n";
import type { Offer } from "../protocol";
import { agentName, me, offerList, queueTitle, skillsText } from "../state";
import { Channel, Empty, Kbd, Segment } from "./bits";
import { Icon } from "./icon";

const around = 2 * Math.PI * 15;

function Ring({ offer }: { offer: Offer & { seen_ms: number } }) {
	const left_ms = Math.max(0, offer.expires_ms - now_ms.value);
	const whole_ms = Math.max(1000, offer.expires_ms - offer.seen_ms);
	const part = Math.min(1, left_ms / whole_ms);
	const s = Math.ceil(left_ms / 1000);
	return (
		<span class={s <= 5 ? "ring late" : s > 99 ? "ring long" : "ring"} role="timer" aria-label={t("offers.left", { n: s })}>
			<svg viewBox="0 0 36 36" width="44" height="44" aria-hidden="true">
				<circle cx="18" cy="18" r="15" class="ring-all" />
				<circle
					cx="18"
					cy="18"
					r="15"
					class="ring-left"
					stroke-dasharray={around}
					stroke-dashoffset={around * (1 - part)}
				/>
			</svg>
			<span aria-hidden="true">{s}</span>
		</span>
	);
}

function OfferCard({ offer, first }: { offer: Offer & { seen_ms: number }; first: boolean }) {
	const skills = skillsText(offer.skills);
	return (
		<article class="offer" aria-label={offer.name || t("conv.nobody")} data-offer={offer.offer}>
			<div class="offer-head">
				<div>
					<h3>{offer.name || t("conv.nobody")}</h3>
					<p class="meta">
						<Channel kind={offer.kind} channel={offer.channel} words />
						<Segment name={offer.segment} />
					</p>
				</div>
				<Ring offer={offer} />
			</div>
			{offer.asked && <p class="badge">{t("consult.asks", { name: agentName(offer.asked) })}</p>}
			{offer.subject && <p class="offer-subject">{offer.subject}</p>}
			{offer.text && <p class="offer-text">{offer.text.slice(0, 300)}</p>}
			<p class="meta">
				<span>{queueTitle(offer.queue)}</span>
				<span class="num">{t("offers.waited", { time: span(now_ms.value - offer.arrived_ms) })}</span>
				{skills && <span class="skills">{skills}</span>}
			</p>
			<div class="buttons">
				<button type="button" class="primary grow" onClick={() => void accept(offer.offer)}>
					<Icon name="check" /> {t("offers.accept")} {first && <Kbd>A</Kbd>}
				</button>
				<button type="button" onClick={() => (dialog.value = { kind: "decline", offer: offer.offer })}>
					{t("offers.decline")} {first && <Kbd>D</Kbd>}
				</button>
			</div>
		</article>
	);
}

export function Offers() {
	const list = offerList.value;
	const available = me.value?.presence === "available";
	return (
		<section class="block offers" aria-labelledby="offers-title">
			<h2 id="offers-title">
				{t("offers.title")} {list.length > 0 && <span class="count hot">{list.length}</span>}
			</h2>
			{list.length === 0 ? (
				<Empty icon={available ? "inbox" : "pause"}>
					{t(available ? "offers.none.available" : "offers.none.away")}
				</Empty>
			) : (
				list.map((o, i) => <OfferCard key={o.offer} offer={o} first={i === 0} />)
			)}
		</section>
	);
}
