/*
 * Getting a person's attention, as little as needed: a short sound and a notification for an offer,
 * the number in the title, a polite line for screen readers, and a toast for what went wrong.
 */
import { signal } from "@preact/signals";
import { sound } from "./settings";

/** The polite live region's text. The counter makes the same text heard twice. */
export const said = signal({ text: "", n: 0 });
export function say(text: string): void {
	said.value = { text, n: said.value.n + 1 };
}

export interface Toast {
	id: number;
	text: string;
	bad: boolean;
}
export const toasts = signal<Toast[]>([]);
let toastId = 0;

export function toastClose(id: number): void {
	toasts.value = toasts.value.filter((x) => x.id !== id);
}

export function toast(text: string, bad = false): void {
	const id = ++toastId;
	toasts.value = [...toasts.value.slice(-2), { id, text, bad }];
	setTimeout(() => toastClose(id), bad ? 12000 : 5000);
}

let audio: AudioContext | null = null;

/* Two soft notes. A browser may refuse sound before the first click: then it stays silent. */
export function blip(): void {
	if (!sound.value) return;
	try {
		audio ??= new AudioContext();
		if (audio.state === "suspended") void audio.resume();
		[660, 880].forEach((hertz, i) => {
			if (!audio) return;
			const at = audio.currentTime + i * 0.12;
			const tone = audio.createOscillator();
			const gain = audio.createGain();
			tone.frequency.value = hertz;
			gain.gain.setValueAtTime(0, at);
			gain.gain.linearRampToValueAtTime(0.12, at + 0.02);
			gain.gain.exponentialRampToValueAtTime(0.0001, at + 0.25);
			tone.connect(gain).connect(audio.destination);
			tone.start(at);
			tone.stop(at + 0.3);
		});
	} catch {
		/* no sound device */
	}
}

export const permission = signal<NotificationPermission>(
	"Notification" in window ? Notification.permission : "denied",
);

/** Only ever called by a person's click. */
export function askPermission(): void {
	void Notification.requestPermission().then((p) => (permission.value = p));
}

export function notify(title: string, body: string, tag: string): void {
	if (permission.value !== "granted" || !document.hidden) return;
	try {
		const n = new Notification(title, { body, tag });
		n.onclick = () => {
			window.focus();
			n.close();
		};
	} catch {
		/* some platforms allow them only from workers */
	}
}
