/* A picture of a conversation: small among the files, large in a window. What is shown was drawn anew by the server; the file itself is only saved. */
import { useSignal } from "@preact/signals";
import { dialog } from "../actions";
import { blobHref, pictureHref } from "../api";
import { bytes, t } from "../i18n";
import { Dialog } from "./bits";
import { Icon } from "./icon";

export interface Shown {
	conv: string;
	blob: string;
	name: string;
	size: number;
}

const shown = /^image\/(png|jpeg|gif|webp)$/;
export const isPicture = (type: string | undefined) => shown.test(type ?? "");

const SMALL = 480; // twice what it takes, for fine screens
const LARGE = 1600;

/* Nothing where the server says that it is none: the file stands below all the same. */
export function Thumbnail({ picture }: { picture: Shown }) {
	const none = useSignal(false);
	if (none.value) return null;
	return (
		<button type="button" class="thumbnail" onClick={() => (dialog.value = { kind: "picture", picture })}>
			<img src={pictureHref(picture.blob, picture.conv, SMALL)} alt={t("msg.picture", { name: picture.name })} loading="lazy" onError={() => (none.value = true)} />
		</button>
	);
}

export function PictureDialog({ picture }: { picture: Shown }) {
	return (
		<Dialog title={picture.name} class="picture" onClose={() => (dialog.value = null)}>
			<img src={pictureHref(picture.blob, picture.conv, LARGE)} alt={picture.name} />
			<a href={blobHref(picture.blob, picture.name, picture.conv)} download={picture.name}>
				<Icon name="file" /> {t("msg.file")} <span class="muted num">{bytes(picture.size)}</span>
			</a>
		</Dialog>
	);
}
