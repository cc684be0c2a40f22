/* Files that go along with what is written: uploaded when chosen or pasted, listed, taken out again. */
import { type Signal, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { toast } from "../alerts";
import * as api from "../api";
import { ApiError } from "../api";
import { bytes, t } from "../i18n";
import type { Part } from "../protocol";
import { Icon } from "./icon";

const file_max = 50 * 1024 * 1024;

export interface Files {
	parts: () => Part[];
	change: (parts: Part[]) => void;
	/** Names of those under way. */
	uploading: Signal<string[]>;
	attach: (list: File[]) => Promise<void>;
	paste: (e: ClipboardEvent) => void;
}

export function useFiles(parts: () => Part[], change: (parts: Part[]) => void): Files {
	const uploading = useSignal<string[]>([]);
	const attach = async (list: File[]) => {
		for (const f of list) {
			if (f.size > file_max) {
				toast(t("composer.toolarge", { name: f.name }), true);
				continue;
			}
			uploading.value = [...uploading.value, f.name];
			try {
				const { blob, size } = await api.upload(f);
				change([...parts(), { name: f.name, type: f.type || "application/octet-stream", size, blob }]);
			} catch (e) {
				const why = e instanceof ApiError && e.message ? ` (${e.message})` : "";
				toast(t("composer.uploadfailed", { name: f.name }) + why, true);
			} finally {
				const at = uploading.value.indexOf(f.name);
				uploading.value = uploading.value.filter((_, i) => i !== at);
			}
		}
	};
	const paste = (e: ClipboardEvent) => {
		const list = [...(e.clipboardData?.files ?? [])];
		if (list.length === 0) return;
		e.preventDefault();
		void attach(list);
	};
	return { parts, change, uploading, attach, paste };
}

export function FileList({ files }: { files: Files }) {
	const parts = files.parts();
	if (parts.length + files.uploading.value.length === 0) return null;
	return (
		<ul class="files">
			{parts.map((p, i) => (
				<li key={p.blob + i} class="chip">
					<Icon name="file" />
					<span class="clip">{p.name}</span>
					<span class="muted num">{bytes(p.size)}</span>
					<button
						type="button"
						class="ghost square tiny"
						aria-label={t("composer.remove", { name: p.name })}
						onClick={() => files.change(parts.filter((_, x) => x !== i))}
					>
						<Icon name="close" size={14} />
					</button>
				</li>
			))}
			{files.uploading.value.map((n) => (
				<li key={n} class="chip muted">
					<Icon name="file" />
					<span class="clip">{n}</span> {t("composer.uploading")}
				</li>
			))}
		</ul>
	);
}

export function AttachButton({ files }: { files: Files }) {
	const picker = useRef<HTMLInputElement>(null);
	return (
		<>
			<input
				ref={picker}
				type="file"
				multiple
				hidden
				onChange={(e) => {
					void files.attach([...(e.currentTarget.files ?? [])]);
					e.currentTarget.value = "";
				}}
			/>
			<button
				type="button"
				class="ghost square"
				aria-label={t("composer.attach")}
				title={t("composer.attach")}
				onClick={() => picker.current?.click()}
			>
				<Icon name="clip" />
			</button>
		</>
	);
}
