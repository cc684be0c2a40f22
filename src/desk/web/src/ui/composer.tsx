/*
 * Where a person writes: a reply to the customer or a note to colleagues, each with its own text, kept from the
 * first letter (drafts.ts). Files are uploaded when chosen. Ctrl+Enter sends.
 */
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { dialog } from "../actions";
import { participants } from "../addresses";
import { composerCall, draftChanged, say } from "../commands";
import { hint } from "../connection";
import { type Draft, type Mode, draftRead, draftWrite } from "../drafts";
import { t } from "../i18n";
import type { Conv } from "../protocol";
import { convName, myId, thread } from "../state";
import { AttachButton, FileList, useFiles } from "./files";
import { Icon } from "./icon";
import { Kbd } from "./bits";
import { Recipients } from "./recipients";
import { unknownPlaces } from "./templates";

const typing_ms = 3000;
/* The last call for the focus that was followed: opening another conversation is not a call. */
let answered = 0;

export function Composer({ conv, noteOnly }: { conv: Conv; noteOnly: boolean }) {
	const draft = useSignal<Draft>(draftRead(myId.value, conv.conv));
	const area = useRef<HTMLTextAreaElement>(null);
	const told = useRef(0);
	const mode: Mode = noteOnly ? "note" : draft.value.mode;
	const text = draft.value[mode];

	const change = (d: Partial<Draft>) => {
		draft.value = { ...draft.value, ...d };
		draftWrite(myId.value, conv.conv, draft.value);
	};
	const files = useFiles(
		() => draft.value.parts,
		(parts) => change({ parts }),
	);
	/* Some other hand changed the draft: a refused message came back. */
	const changed = draftChanged.value;
	useEffect(() => {
		if (changed) draft.value = draftRead(myId.value, conv.conv);
	}, [changed]);
	const call = composerCall.value;
	useLayoutEffect(() => {
		if (call.n === answered) return;
		answered = call.n;
		if (!noteOnly || call.mode === "note") change({ mode: call.mode });
		area.current?.focus();
	}, [call.n]);
	/* As high as its text, up to what CSS allows. */
	useEffect(() => {
		const a = area.current;
		if (!a) return;
		a.style.height = "auto";
		a.style.height = `${a.scrollHeight + 2}px`;
	}, [text, mode]);

	const messages = thread(conv.conv).value.messages;
	const byMail = messages.some((m) => (m.direction === "in" && m.to) || (m.direction === "out" && m.subject));
	const cc = draft.value.cc ?? (byMail ? participants(messages, "") : []);
	const unknown = mode === "reply" ? unknownPlaces(text) : [];
	const input = (value: string) => {
		change(mode === "note" ? { note: value } : { reply: value });
		if (mode === "reply" && value && Date.now() - told.current > typing_ms) {
			told.current = Date.now();
			hint({ t: "typing", conv: conv.conv });
		}
	};
	const ready =
		files.uploading.value.length === 0 &&
		unknown.length === 0 &&
		(text.trim() !== "" || (mode === "reply" && draft.value.parts.length > 0));
	const submit = () => {
		if (!ready) return;
		const { parts, bcc } = mode === "reply" ? draft.value : { parts: [], bcc: [] };
		change(mode === "note" ? { note: "" } : { reply: "", parts: [], cc: null, bcc: [] });
		void say(conv.conv, mode, text.trim(), parts, { cc: byMail ? cc : [], bcc });
		area.current?.focus();
	};
	return (
		<section class={`composer ${mode}`} aria-label={t("composer.label")}>
			<div class="composer-top">
				{!noteOnly && (
					<button type="button" class="tab" aria-pressed={mode === "reply"} onClick={() => change({ mode: "reply" })}>
						<Icon name="reply" size={16} /> {t("composer.reply")} <Kbd>R</Kbd>
					</button>
				)}
				<button type="button" class="tab" aria-pressed={mode === "note"} onClick={() => change({ mode: "note" })}>
					<Icon name="note" size={16} /> {t("composer.note")} <Kbd>N</Kbd>
				</button>
			</div>
			{mode === "reply" && byMail && <Recipients cc={cc} bcc={draft.value.bcc} change={change} />}
			<textarea
				ref={area}
				rows={3}
				value={text}
				aria-label={t(mode === "note" ? "composer.note" : "composer.reply")}
				placeholder={
					mode === "note"
						? t("composer.note.hint")
						: t("composer.reply.hint", { name: convName(conv) })
				}
				onInput={(e) => input(e.currentTarget.value)}
				onKeyDown={(e) => {
					if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) {
						e.preventDefault();
						submit();
					}
				}}
				onPaste={(e) => {
					if (mode === "reply") files.paste(e);
				}}
			/>
			{unknown.length > 0 && (
				<p class="wrong" role="status">
					<Icon name="alert" size={16} /> {t("composer.unknown", { name: unknown.join(", ") })}
				</p>
			)}
			{mode === "reply" && <FileList files={files} />}
			<div class="composer-bottom">
				{mode === "reply" && (
					<>
						<AttachButton files={files} />
						<button
							type="button"
							class="ghost square"
							aria-label={t("composer.template")}
							title={t("composer.template")}
							onClick={() => (dialog.value = { kind: "template", conv: conv.conv })}
						>
							<Icon name="note" />
						</button>
					</>
				)}
				<span class="muted hint">{t("composer.keys")}</span>
				<button type="button" class="primary send" disabled={!ready} onClick={submit}>
					<Icon name={mode === "note" ? "note" : "send"} />
					{t(mode === "note" ? "composer.save" : "composer.send")}
				</button>
			</div>
		</section>
	);
}
