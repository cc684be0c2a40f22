/* Texts to put into a reply, with what is known filled in: everybody's, and those that a person keeps for himself, which are written here. */
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { dialog } from "../actions";
import { toast } from "../alerts";
import * as api from "../api";
import { insertText } from "../commands";
import { draftRead } from "../drafts";
import { t } from "../i18n";
import type { Conv, Template } from "../protocol";
import { agentName, convs, myId, queues } from "../state";
import { Dialog } from "./bits";
import { Icon } from "./icon";

const close = () => (dialog.value = null);

/** The places of a text that nothing is known for: they stay, and stop the sending. */
export function unknownPlaces(text: string): string[] {
	const places = /\{\{\s*(customer\.name|customer\.address|subject|agent\.name)\s*\}\}/g;
	return [...text.matchAll(places)].map((m) => m[0]);
}

/* What this page knows; the server fills in the rest, and refuses what nobody knows. */
function fill(text: string, conv: Conv): string {
	const name = conv.name && !conv.name.includes("@") ? conv.name : "";
	const russian = /[а-яё]/i.test(text);
	const known: Record<string, string> = {
		dear: (russian ? "Здравствуйте" : "Hello") + (name ? `${russian ? "," : ""} ${name}` : ""),
		"customer.name": name,
		subject: conv.subject ?? "",
		case: conv.conv,
		queue: queues.value.get(conv.queue ?? "")?.title ?? conv.queue ?? "",
		"agent.name": agentName(myId.value),
		date: new Date().toISOString().slice(0, 10),
	};
	return text.replace(/\{\{\s*([a-z.]+)\s*(\|[^}]*)?\}\}/g, (whole, n: string) => known[n] || whole);
}

const fresh: Template = { name: "", title: "", text: "", own: true };

export function TemplateDialog({ conv: id }: { conv: string }) {
	const list = useSignal<Template[] | null>(null);
	const edited = useSignal<Template | null>(null);
	const conv = convs.value.get(id);
	const read = () =>
		api.templates().then(
			(all) => (list.value = all),
			(e: Error) => {
				list.value = [];
				toast(e.message, true);
			},
		);
	useEffect(() => void read(), []);
	if (!conv) return null;
	const e = edited.value;
	const done = () => {
		edited.value = null;
		void read();
	};
	return (
		<Dialog title={t(!e ? "composer.template" : e.name ? "texts.change" : "texts.new")} onClose={close}>
			{e ? (
				<Edit key={e.name} text={e} done={done} />
			) : (
				<Texts
					list={(list.value ?? []).filter((x) => !x.queue || x.queue === conv.queue)}
					known={list.value !== null}
					choose={(x) => {
						close();
						insertText(conv.conv, fill(x.text, conv));
					}}
					edit={(x) => (edited.value = x ?? { ...fresh, text: draftRead(myId.value, conv.conv).reply.trim() })}
				/>
			)}
		</Dialog>
	);
}

/* Arrows go from the field to the texts and among them; Enter in the field takes the first. */
function arrows(e: KeyboardEvent & { currentTarget: HTMLElement }): void {
	if (e.key !== "ArrowDown" && e.key !== "ArrowUp") return;
	e.preventDefault();
	const all = [...e.currentTarget.querySelectorAll<HTMLElement>("input, .text-insert")];
	const at = all.indexOf(document.activeElement as HTMLElement);
	all[(at + (e.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]?.focus();
}

/* Where the focus goes when one half of the window gives way to the other. */
function useFocused() {
	const field = useRef<HTMLInputElement>(null);
	useLayoutEffect(() => field.current?.focus(), []);
	return field;
}

function Texts(props: {
	list: Template[];
	known: boolean;
	choose: (x: Template) => void;
	edit: (x?: Template) => void;
}) {
	const find = useSignal("");
	const field = useFocused();
	const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
	const fits = (x: Template) => words.every((w) => `${x.title} ${x.text}`.toLowerCase().includes(w));
	const own = props.list.filter((x) => x.own && fits(x)).sort((a, b) => a.title.localeCompare(b.title));
	const shared = props.list.filter((x) => !x.own && fits(x));
	const first = own[0] ?? shared[0];
	const group = (title: string, texts: Template[]) =>
		texts.length > 0 && (
			<section>
				<h3>{title}</h3>
				<ul class="choices" aria-label={title}>
					{texts.map((x) => (
						<li key={x.name}>
							<button type="button" class="text-insert" title={x.text} onClick={() => props.choose(x)}>
								<span class="clip">{x.title}</span>
								<span class="muted clip">{x.text}</span>
							</button>
							{x.own && (
								<button
									type="button"
									class="ghost square"
									aria-label={t("texts.change.this", { title: x.title })}
									title={t("texts.change.this", { title: x.title })}
									onClick={() => props.edit(x)}
								>
									<Icon name="note" />
								</button>
							)}
						</li>
					))}
				</ul>
			</section>
		);
	return (
		<div class="texts" onKeyDown={arrows}>
			<input
				ref={field}
				type="search"
				autofocus
				placeholder={t("texts.find")}
				aria-label={t("texts.find")}
				value={find.value}
				onInput={(e) => (find.value = e.currentTarget.value)}
				onKeyDown={(e) => {
					if (e.key === "Enter" && first) props.choose(first);
				}}
			/>
			<div class="texts-list">
				{group(t("texts.own"), own)}
				{group(t("texts.shared"), shared)}
				{props.known && !first && <p class="muted">{t(words.length ? "texts.notfound" : "composer.template.none")}</p>}
			</div>
			<div class="buttons end">
				<button type="button" onClick={() => props.edit()}>
					{t("texts.new")}
				</button>
			</div>
		</div>
	);
}

function Edit({ text: x, done }: { text: Template; done: () => void }) {
	const title = useSignal(x.title);
	const field = useFocused();
	const text = useSignal(x.text);
	const wrong = useSignal("");
	const busy = useSignal(false);
	const say = async (what: () => Promise<unknown>, good: string) => {
		busy.value = true;
		try {
			await what();
			toast(good);
			done();
		} catch (e) {
			wrong.value = (e as Error).message;
		}
		busy.value = false;
	};
	return (
		<form
			class="transfer"
			onSubmit={(e) => {
				e.preventDefault();
				void say(() => api.textSave(x.name, title.value, text.value), t("composer.signature.saved"));
			}}
		>
			<label class="field">
				{t("texts.title")}
				<input ref={field} required maxLength={120} value={title.value} onInput={(e) => (title.value = e.currentTarget.value)} />
			</label>
			<label class="field">
				{t("texts.text")}
				<textarea
					rows={6}
					required
					aria-describedby="texts-help"
					value={text.value}
					onInput={(e) => (text.value = e.currentTarget.value)}
				/>
			</label>
			<p class="muted" id="texts-help">
				{t("texts.help")} <code>{"{{dear}} {{customer.name|…}} {{case}} {{date}}"}</code>
			</p>
			<p class="wrong" role="alert">
				{wrong.value}
			</p>
			<div class="buttons end">
				{x.name && (
					<button
						type="button"
						class="danger"
						disabled={busy.value}
						onClick={() => void say(() => api.textDelete(x.name), t("texts.deleted"))}
					>
						{t("texts.delete")}
					</button>
				)}
				<button type="button" onClick={done}>
					{t("app.cancel")}
				</button>
				<button class="primary" disabled={busy.value}>
					{t("composer.signature.save")}
				</button>
			</div>
		</form>
	);
}
