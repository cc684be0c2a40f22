/* Files that go along with what is written: uploaded when chosen or pasted, with how far it is and a way to stop it; listed, taken out again. */
import { type Signal, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { toast } from "../alerts";
import * as api from "../api";
import { ApiError } from "../api";
import { bytes, t } from "../i18n";
import type { Part } from "../protocol";
import { Icon } from "./icon";

const file_max = 50 * 1024 * 1024;

interface Upload {
	file: File;
	percent: number;
	stop: AbortController;
}

export interface Files {
	parts: () => Part[];
	change: (parts: Part[]) => void;
	uploading: Signal<Upload[]>;
	attach: (list: File[]) => Promise<void>;
	paste: (e: ClipboardEvent) => void;
}

export function useFiles(parts: () => Part[], change: (parts: Part[]) => void): Files {
	const uploading = useSignal<Upload[]>([]);
	const one = async (f: File, stop: AbortController) => {
		const sent = (part: number) => {
			const percent = Math.floor(part * 100);
			uploading.value = uploading.value.map((u) => (u.file === f ? { ...u, percent } : u));
		};
		try {
			const stored = await api.upload(f, sent, stop.signal);
			if (stored) change([...parts(), { name: f.name, type: f.type || "application/octet-stream", ...stored }]);
		} catch (e) {
			const why = e instanceof ApiError && e.message ? ` (${e.message})` : "";
			toast(t("composer.uploadfailed", { name: f.name }) + why, true);
		} finally {
			uploading.value = uploading.value.filter((u) => u.file !== f);
		}
	};
	const attach = async (list: File[]) => {
		const fits = list.filter((f) => f.size <= file_max);
		for (const f of list) if (!fits.includes(f)) toast(t("composer.toolarge", { name: f.name }), true);
		const begun = fits.map((file) => ({ file, percent: 0, stop: new AbortController() }));
		uploading.value = [...uploading.value, ...begun];
		for (const u of begun) await one(u.file, u.stop);
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
			{files.uploading.value.map(({ file, percent, stop }, i) => (
				<li key={file.name + i} class="chip muted">
					<Icon name="file" />
					<span class="clip">{file.name}</span>
					<progress max={100} value={percent} aria-label={t("composer.uploading", { name: file.name })} />
					<button
						type="button"
						class="ghost square tiny"
						aria-label={t("composer.stop", { name: file.name })}
						title={t("composer.stop", { name: file.name })}
						onClick={() => {
							stop.abort();
							files.uploading.value = files.uploading.value.filter((u) => u.file !== file);
						}}
					>
						<Icon name="close" size={14} />
					</button>
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
