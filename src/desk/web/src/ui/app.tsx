/* The whole: sign-in or desk; columns, narrow screens' tabs, windows, and what is said to screen readers. */
import { useSignalEffect } from "@preact/signals";
import { dialog } from "../actions";
import { said, toastClose, toasts } from "../alerts";
import { pane } from "../commands";
import { lang, t } from "../i18n";
import { page } from "../page";
import { offerList, ready, unread, work } from "../state";
import { type Session, session, signOut, signedIn } from "../session";
import { CardColumn } from "./card";
import { Conversation } from "./conversation";
import { SignatureDialog } from "./signature";
import { TemplateDialog } from "./templates";
import { WriteDialog } from "./write";
import { DeclineDialog, LinkDialog, ResolveDialog, TransferDialog } from "./dialogs";
import { Explain } from "./explain";
import { Floor } from "./floor";
import { Banners, Header } from "./header";
import { Icon } from "./icon";
import { Offers } from "./offers";
import { Help, Palette } from "./palette";
import { PictureDialog } from "./picture";
import { SignIn } from "./signin";
import { Queues, Work } from "./work";

function Windows() {
	const d = dialog.value;
	switch (d?.kind) {
		case undefined:
			return null;
		case "help":
			return <Help />;
		case "palette":
			return <Palette />;
		case "decline":
			return <DeclineDialog offer={d.offer} />;
		case "transfer":
			return <TransferDialog conv={d.conv} />;
		case "assign":
			return <TransferDialog conv={d.conv} assign />;
		case "resolve":
			return <ResolveDialog conv={d.conv} />;
		case "template":
			return <TemplateDialog conv={d.conv} />;
		case "write":
			return <WriteDialog {...(d.to ? { to: d.to } : {})} {...(d.name ? { name: d.name } : {})} />;
		case "signature":
			return <SignatureDialog />;
		case "explain":
			return <Explain conv={d.conv} />;
		case "picture":
			return <PictureDialog picture={d.picture} />;
		case "merge":
			return <LinkDialog customer={d.customer} into={d.into} name={d.name} self={d.self} why={d.why} />;
		case "split":
			return <LinkDialog customer={d.customer} name={d.name} />;
	}
}

function Panes() {
	const news = offerList.value.length + [...unread.value.values()].reduce((a, b) => a + b, 0);
	const tabs = [
		["work", "inbox", t("work.title")],
		["conv", "chat", t("conv.label")],
		["card", "user", t("card.title")],
	] as const;
	return (
		<nav class="panes" aria-label={t("app.title")}>
			{tabs.map(([p, icon, label]) => (
				<button type="button" key={p} aria-current={pane.value === p ? "true" : undefined} onClick={() => (pane.value = p)}>
					<Icon name={icon} />
					<span>{label}</span>
					{p === "work" && news > 0 && <span class="count hot">{news}</span>}
				</button>
			))}
		</nav>
	);
}

function Toasts() {
	return (
		<div class="toasts" role="status">
			{toasts.value.map((x) => (
				<div key={x.id} class={x.bad ? "toast bad" : "toast"}>
					<Icon name={x.bad ? "alert" : "check"} />
					<p>{x.text}</p>
					<button type="button" class="ghost square tiny" aria-label={t("app.close")} onClick={() => toastClose(x.id)}>
						<Icon name="close" size={14} />
					</button>
				</div>
			))}
		</div>
	);
}

function DeskPage() {
	return (
		<main class={`columns show-${pane.value}`}>
			<h1 class="sr">{t("page.desk")}</h1>
			<div class="left" role="region" aria-label={t("work.title")}>
				<Offers />
				<Work />
				<Queues />
			</div>
			<Conversation />
			<CardColumn />
			<Panes />
		</main>
	);
}

export function App() {
	const s: Session = session.value;
	useSignalEffect(() => {
		const n = offerList.value.length + unread.value.size;
		document.title = `${n > 0 ? `(${n}) ` : ""}${t("app.title")} · usher`;
	});
	if (s === "out" || s === "ended") return <SignIn key={lang.value} ended={s === "ended"} onIn={signedIn} />;
	return (
		<div class="shell">
			<a class="skip" href="#conversation" onClick={(e) => {
				e.preventDefault();
				document.getElementById("conversation")?.focus();
			}}>
				{t("app.skip")}
			</a>
			{s === "in" && <Header onOut={() => void signOut()} />}
			<Banners started={s === "in" && (ready.value || work.value.length > 0)} />
			{s === "in" && ready.value ? (
				page.value === "floor" ? <Floor /> : <DeskPage />
			) : (
				<main class="opening">
					<p class="muted">{t(s === "unreachable" ? "app.failed" : "app.loading")}</p>
					{s === "unreachable" && (
						<button type="button" class="primary" onClick={signedIn}>
							{t("app.again")}
						</button>
					)}
				</main>
			)}
			<Windows />
			<Toasts />
			<div class="sr" aria-live="polite" data-test="said">
				<span key={said.value.n}>{said.value.text}</span>
			</div>
		</div>
	);
}
