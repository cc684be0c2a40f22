/*
 * The window for a first mail: to whom, by which mailbox, about what. What is typed is kept until it was sent; the window closes when
 * the server has it on disk, and the conversation opens.
 */
import { useSignal } from "@preact/signals";
import { dialog } from "../actions";
import { looksRight } from "../addresses";
import { write } from "../commands";
import { type Letter, letterRead, letterWrite } from "../drafts";
import { t } from "../i18n";
import { mailboxes, myId, queues } from "../state";
import { Dialog } from "./bits";
import { AttachButton, FileList, useFiles } from "./files";
import { Icon } from "./icon";
import { Recipients } from "./recipients";
import { unknownPlaces } from "./templates";

const close = () => (dialog.value = null);

export function WriteDialog({ to, name }: { to?: string; name?: string }) {
	const boxes = mailboxes.value;
	const kept = letterRead(myId.value);
	const letter = useSignal<Letter>(to ? { ...kept, to, name: name ?? "" } : kept);
	const sending = useSignal(false);
	const change = (d: Partial<Letter>) => {
		letter.value = { ...letter.value, ...d };
		letterWrite(myId.value, letter.value);
	};
	const files = useFiles(
		() => letter.value.parts,
		(parts) => change({ parts }),
	);
	const l = letter.value;
	const box = boxes.find((b) => b.channel === l.channel) ?? boxes[0];
	if (!box) return null;
	const queue = l.queue && queues.value.has(l.queue) ? l.queue : box.queue;
	const address = l.to.trim();
	/* All else that a text may have a place for is known here. */
	const unknown = l.name.trim() ? [] : unknownPlaces(l.text).filter((p) => p.includes("customer.name"));
	const ready =
		!sending.value &&
		files.uploading.value.length === 0 &&
		looksRight(address) &&
		l.subject.trim() !== "" &&
		unknown.length === 0 &&
		(l.text.trim() !== "" || l.parts.length > 0);
	const submit = async () => {
		if (!ready) return;
		sending.value = true;
		const done = await write({ ...l, to: address, channel: box.channel, queue });
		sending.value = false;
		if (done) close();
	};
	return (
		<Dialog title={t("write.title")} onClose={close} class="write">
			<form
				class="transfer"
				onSubmit={(e) => {
					e.preventDefault();
					void submit();
				}}
				onKeyDown={(e) => {
					if (e.key !== "Enter" || !(e.ctrlKey || e.metaKey)) return;
					e.preventDefault();
					void submit();
				}}
			>
				<div class="pair">
					{boxes.length > 1 && (
						<label class="field">
							{t("write.mailbox")}
							<select value={box.channel} onChange={(e) => change({ channel: e.currentTarget.value, queue: "" })}>
								{boxes.map((b) => (
									<option key={b.channel} value={b.channel}>
										{b.title}
									</option>
								))}
							</select>
						</label>
					)}
					<label class="field">
						{t("write.queue")}
						<select value={queue} onChange={(e) => change({ queue: e.currentTarget.value })}>
							{[...queues.value.values()].map((q) => (
								<option key={q.queue} value={q.queue}>
									{q.title || q.queue}
								</option>
							))}
						</select>
					</label>
				</div>
				<div class="pair">
					<label class="field">
						{t("write.to")}
						<input
							type="text"
							inputMode="email"
							autofocus={!to}
							required
							value={l.to}
							placeholder={t("composer.cc.hint")}
							aria-invalid={address !== "" && !looksRight(address)}
							onInput={(e) => change({ to: e.currentTarget.value })}
						/>
					</label>
					<label class="field">
						{t("write.name")}
						<input type="text" maxLength={120} value={l.name} onInput={(e) => change({ name: e.currentTarget.value })} />
					</label>
				</div>
				<Recipients cc={l.cc} bcc={l.bcc} change={change} first />
				<label class="field">
					{t("write.subject")}
					<input
						type="text"
						autofocus={!!to}
						required
						maxLength={500}
						value={l.subject}
						onInput={(e) => change({ subject: e.currentTarget.value })}
					/>
				</label>
				<label class="field">
					{t("write.text")}
					<textarea rows={8} value={l.text} onInput={(e) => change({ text: e.currentTarget.value })} onPaste={files.paste} />
				</label>
				{unknown.length > 0 && (
					<p class="wrong" role="status">
						<Icon name="alert" size={16} /> {t("composer.unknown", { name: unknown.join(", ") })}
					</p>
				)}
				<FileList files={files} />
				<div class="buttons end">
					<AttachButton files={files} />
					<span class="muted hint">{t("composer.keys")}</span>
					<button type="button" onClick={close}>
						{t("app.cancel")}
					</button>
					<button type="submit" class="primary" disabled={!ready}>
						<Icon name="send" />
						{t("composer.send")}
					</button>
				</div>
			</form>
		</Dialog>
	);
}
