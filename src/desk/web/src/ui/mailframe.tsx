/*
 * Shows a customer's HTML (mail.ts made it harmless) in a frame that cannot run a script. The frame shares our origin so that we, from
 * outside, may measure its height, put in its style by CSSOM, its own pictures, and follow its links; nothing inside can act.
 * Pictures from the internet need a document with another policy (mail.html) and a person's click.
 */
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import * as api from "../api";
import { lang, t } from "../i18n";
import { type Mail, dress, frameDocument, sanitize } from "../mail";
import type { Message } from "../protocol";
import { Icon } from "./icon";

const height_max = 6000;

/* Pictures that came with the mail: read by us, given to the frame as bytes. */
function ownPictures(doc: Document, m: Message, urls: string[]): void {
	doc.querySelectorAll<HTMLImageElement>("img[data-cid]").forEach((img) => {
		const cid = img.getAttribute("data-cid");
		const part = m.parts?.find((p) => p.cid && p.cid.replace(/^<|>$/g, "") === cid);
		if (!part || !/^image\/(png|jpe?g|gif|webp|bmp)$/i.test(part.type)) return;
		void api.blob(part.blob, part.name, m.conv).then((b) => {
			const url = URL.createObjectURL(new Blob([b], { type: part.type }));
			urls.push(url);
			img.src = url;
		}, () => undefined);
	});
}

function follow(e: MouseEvent): void {
	const target = e.target as Element | null;
	const a = target?.closest?.("a[href]");
	if (!a) return;
	e.preventDefault();
	const href = a.getAttribute("href") ?? "";
	if (/^(https?:|mailto:|tel:)/i.test(href)) window.open(href, "_blank", "noopener,noreferrer");
}

export function MailFrame({ message }: { message: Message }) {
	const mail = useSignal<Mail | null>(null);
	const failed = useSignal(false);
	const pictures = useSignal(false);
	const blocked = useSignal(false);
	const frame = useRef<HTMLIFrameElement>(null);
	const urls = useRef<string[]>([]);
	const observer = useRef<ResizeObserver | null>(null);

	useEffect(() => {
		let alive = true;
		api.html(message.conv, message.seq).then(
			(h) => alive && (mail.value = sanitize(h)),
			() => alive && (failed.value = true),
		);
		return () => {
			alive = false;
			observer.current?.disconnect();
			urls.current.forEach((u) => URL.revokeObjectURL(u));
		};
	}, []);
	const srcdoc = useComputed(() => (mail.value ? frameDocument(mail.value, lang.value) : ""));

	const loaded = () => {
		const doc = frame.current?.contentDocument;
		const m = mail.value;
		if (!doc || !m) return;
		if (pictures.value) {
			doc.addEventListener("securitypolicyviolation", () => (blocked.value = true));
			doc.body.innerHTML = m.body;
			doc.querySelectorAll<HTMLImageElement>("img[data-src]").forEach((img) => {
				img.referrerPolicy = "no-referrer";
				img.src = img.getAttribute("data-src") ?? "";
				img.removeAttribute("data-src");
			});
		}
		dress(doc, m);
		ownPictures(doc, message, urls.current);
		doc.addEventListener("click", follow);
		const measure = () => {
			const h = Math.min(height_max, Math.max(40, doc.body.scrollHeight));
			if (frame.current && Math.abs(h - frame.current.clientHeight) > 1) frame.current.style.height = `${h}px`;
		};
		observer.current?.disconnect();
		observer.current = new ResizeObserver(measure);
		observer.current.observe(doc.body);
		measure();
	};

	if (failed.value) return <p class="wrong">{t("msg.html.failed")}</p>;
	const m = mail.value;
	if (!m) return <p class="muted">{t("conv.loading")}</p>;
	return (
		<div class="mail">
			{m.remote > 0 && !pictures.value && (
				<p class="mail-bar">
					<Icon name="verified" size={16} />
					<span>{t("msg.images", { n: m.remote })}</span>
					<button type="button" class="small" onClick={() => (pictures.value = true)}>
						{t("msg.images.show")}
					</button>
				</p>
			)}
			{blocked.value && <p class="mail-bar">{t("msg.images.blocked")}</p>}
			{pictures.value ? (
				<iframe
					key="pictures"
					ref={frame}
					title={t("msg.html.frame")}
					sandbox="allow-same-origin"
					src="mail.html"
					onLoad={loaded}
				/>
			) : (
				<iframe
					key="plain"
					ref={frame}
					title={t("msg.html.frame")}
					sandbox="allow-same-origin"
					srcdoc={srcdoc.value}
					onLoad={loaded}
				/>
			)}
		</div>
	);
}
