/* The top line: pages, presence, settings; under it what everybody must know now (connection, missed offers). */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { askPermission, permission } from "../alerts";
import { now_ms } from "../clock";
import { phase, retryAt, retryNow, skew_ms } from "../connection";
import { lang, langSet, t } from "../i18n";
import { dialog } from "../actions";
import { presence } from "../commands";
import { type Page, page } from "../page";
import { type Theme, singleKeys, sound, theme } from "../settings";
import { account, durability, me, supervises } from "../state";
import { languages } from "../strings";
import { Icon } from "./icon";
import { Avatar, Kbd } from "./bits";

const presences = ["available", "away", "offline"] as const;

function PresenceSwitch() {
	const now = me.value?.presence;
	return (
		<div class="segmented" role="group" aria-label={t("presence.label")}>
			{presences.map((p) => (
				<button type="button" key={p} aria-pressed={now === p} class={`p-${p}`} onClick={() => void presence(p)}>
					<span class="dot" aria-hidden="true" />
					<span class="seg-word">{t(`presence.${p}`)}</span>
				</button>
			))}
		</div>
	);
}

function PageLink({ to, label }: { to: Page; label: string }) {
	return (
		<a href={to === "floor" ? "#floor" : "#"} aria-current={page.value === to ? "page" : undefined}>
			{label}
		</a>
	);
}

function Menu({ onOut }: { onOut: () => void }) {
	const shown = useSignal(false);
	const ref = useRef<HTMLDivElement>(null);
	useEffect(() => {
		const away = (e: Event) => {
			if (e.target instanceof Node && !ref.current?.contains(e.target)) shown.value = false;
		};
		const escape = (e: KeyboardEvent) => {
			if (e.key === "Escape" && shown.value) {
				shown.value = false;
				ref.current?.querySelector<HTMLElement>("button")?.focus();
			}
		};
		document.addEventListener("pointerdown", away);
		document.addEventListener("keydown", escape);
		return () => {
			document.removeEventListener("pointerdown", away);
			document.removeEventListener("keydown", escape);
		};
	}, []);
	const name = account.value?.user.name || account.value?.user.id || "";
	return (
		<div class="menu" ref={ref}>
			<button
				type="button"
				class="ghost who"
				aria-expanded={shown.value}
				aria-label={`${t("menu.label")}: ${name}`}
				onClick={() => (shown.value = !shown.value)}
			>
				<Avatar name={name} />
				<Icon name="down" size={14} />
			</button>
			{shown.value && (
				<div class="menu-body">
					<p class="menu-name">{name}</p>
					<label>
						{t("menu.theme")}
						<select
							value={theme.value}
							onChange={(e) => (theme.value = e.currentTarget.value as Theme)}
						>
							<option value="auto">{t("menu.theme.auto")}</option>
							<option value="light">{t("menu.theme.light")}</option>
							<option value="dark">{t("menu.theme.dark")}</option>
						</select>
					</label>
					<label>
						{t("menu.lang")}
						<select
							value={lang.value}
							onChange={(e) => langSet(languages.find((l) => l === e.currentTarget.value) ?? "en")}
						>
							<option value="en">English</option>
							<option value="ru">Русский</option>
						</select>
					</label>
					<label class="check">
						<input type="checkbox" checked={sound.value} onChange={(e) => (sound.value = e.currentTarget.checked)} />
						{t("menu.sound")}
					</label>
					<label class="check">
						<input
							type="checkbox"
							checked={singleKeys.value}
							onChange={(e) => (singleKeys.value = e.currentTarget.checked)}
						/>
						{t("menu.keys")}
					</label>
					<div class="row">
						<span>{t("menu.notify")}</span>
						{permission.value === "default" ? (
							<button type="button" class="small" onClick={askPermission}>
								{t("menu.notify.off")}
							</button>
						) : (
							<span class="muted">
								{t(permission.value === "granted" ? "menu.notify.on" : "menu.notify.never")}
							</span>
						)}
					</div>
					<hr />
					<button
						type="button"
						class="ghost wide start"
						onClick={() => {
							shown.value = false;
							dialog.value = { kind: "help" };
						}}
					>
						<Icon name="keys" /> {t("menu.help")} <Kbd>?</Kbd>
					</button>
					<button type="button" class="ghost wide start" onClick={onOut}>
						<Icon name="out" /> {t("signin.out")}
					</button>
				</div>
			)}
		</div>
	);
}

/** The connection's state. Said aloud when it changes, not each second. */
function LineBanner() {
	if (phase.value === "online" || phase.value === "idle") return null;
	const left = Math.max(0, Math.ceil((retryAt.value - (now_ms.value - skew_ms.value)) / 1000));
	return (
		<div class="banner bad" data-test="lost">
			<Icon name="alert" />
			<p>
				<span role="alert">{t("line.lost")}</span>{" "}
				<span class="num">
					{phase.value === "waiting" ? t("line.again", { n: left }) : t("line.trying")}
				</span>
			</p>
			{phase.value === "waiting" && (
				<button type="button" class="small" onClick={retryNow}>
					{t("line.now")}
				</button>
			)}
		</div>
	);
}

export function Banners({ started }: { started: boolean }) {
	const d = durability.value ?? account.value?.durability;
	return (
		<section aria-label={t("app.news")}>
			{started && <LineBanner />}
			{me.value?.presence === "not-responding" && (
				<div class="banner warn" role="alert">
					<Icon name="clock" />
					<p>{t("presence.missed")}</p>
					<button type="button" class="small primary" onClick={() => void presence("available")}>
						{t("presence.back")}
					</button>
				</div>
			)}
			{d && d !== "always" && supervises.value && (
				<div class="banner warn">
					<Icon name="alert" />
					<p>{t("line.unsafe", { n: d })}</p>
				</div>
			)}
		</section>
	);
}

export function Header({ onOut }: { onOut: () => void }) {
	return (
		<header class="top">
			<a class="brand" href="#">
				<img src="icon.svg" alt="" width="26" height="26" />
				<span>{account.value?.brand || "usher"}</span>
			</a>
			{supervises.value && (
				<nav aria-label={t("app.pages")}>
					<PageLink to="desk" label={t("page.desk")} />
					<PageLink to="floor" label={t("page.floor")} />
				</nav>
			)}
			<button type="button" class="find" onClick={() => (dialog.value = { kind: "palette" })}>
				<Icon name="search" size={16} />
				<span>{t("palette.title")}</span>
				<Kbd>Ctrl K</Kbd>
			</button>
			<PresenceSwitch />
			<Menu onOut={onOut} />
		</header>
	);
}
