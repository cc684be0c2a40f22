// Files in the conversation. Nothing is shown by its address: what is fetched is saved. Of a picture the server makes a small new one, which is
// drawn onto a canvas: that needs no permission of the page's policy and runs nothing.
import { button, el, named } from "./dom";
import type { FileRef } from "./memory";
import { fill, type Strings } from "./strings";

const PREVIEW_PX = 240;

function size(bytes: number): string {
	return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function save(blob: Blob, name: string): void {
	const a = el("a");
	a.href = URL.createObjectURL(blob);
	a.download = name;
	a.click();
	setTimeout(() => URL.revokeObjectURL(a.href), 60000);
}

type Grow = (change: () => void) => void;

async function draw(box: HTMLElement, blob: Blob, name: string, grow: Grow): Promise<void> {
	const image = await createImageBitmap(blob);
	const scale = Math.min(1, PREVIEW_PX / Math.max(image.width, image.height));
	const canvas = el("canvas");
	canvas.width = Math.max(1, image.width * scale);
	canvas.height = Math.max(1, image.height * scale);
	canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
	named(canvas, name, "img");
	grow(() => box.prepend(canvas));
}

export function fileView(f: FileRef, s: Strings, fetch: (f: FileRef, picture?: number) => Promise<Blob>, grow: Grow): HTMLElement {
	const box = el("div", "file");
	const b = button("", `${f.name} (${size(f.size)})`);
	named(b, fill(s.download, b.textContent));
	b.onclick = () => void fetch(f).then((blob) => save(blob, f.name), () => (b.disabled = true));
	box.append(b);
	if (f.ref && /^image\/(png|jpeg|gif|webp)$/.test(f.type))
		fetch(f, PREVIEW_PX * 2)
			.then((blob) => draw(box, blob, f.name, grow))
			.catch(() => undefined); // no preview; it can still be saved
	return box;
}
