// What is seen: the button, the panel, the messages. Everything lives in one shadow root; texts are only ever set as text.
import type { Message } from "./connection";
import { button, el, icon, named } from "./dom";
import { fileView } from "./files";
import { linked } from "./links";
import type { FileRef, Pending } from "./memory";
import type { Settings } from "./settings";
import { fill, type Strings } from "./strings";
import { css } from "./style";

const EMOJI = "🙂 😀 😂 😉 😍 🤔 😢 😡 👍 👎 🙏 👋 👌 💪 🎉 ❤️ 🔥 ⭐ ✅ ❌ ❓ 📎".split(" ");

const GROUP_MS = 300000; // one head for what somebody says within
const NEAR_PX = 60; // of the end: whoever reads there goes along
const DOT = "● ";

export interface Acts {
	say(text: string): void;
	typing(): void;
	end(): void;
	forget(): void;
	opened(): void;
	attach(file: File): void;
	/** What is being written, kept over a reload. */
	draft(text?: string): string;
	fetch(f: FileRef, picture?: number): Promise<Blob>;
}

/** Black or white, whichever can be read on that colour. */
function readable(color: string): string {
	const [r, g, b] = (color.match(/[\d.]+/g) || []).map((x) => (Number(x) / 255) ** 2.2) as [number, number, number];
	return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#10151d" : "#fff";
}

export class View {
	private readonly host = el("div");
	private readonly launch: HTMLButtonElement;
	private readonly badge = el("span", "badge");
	private readonly panel = el("section", "panel");
	private readonly heading = el("h2");
	private readonly status = el("div", "status");
	private readonly log = el("div", "log");
	private readonly typingLine = el("div", "typing");
	private readonly input = el("textarea");
	private readonly file = el("input");
	private readonly ask = el("div", "ask");
	private readonly emoji = el("div", "emoji");
	private readonly slot = el("div", "slot");
	private readonly invitation = el("section", "invite");
	private readonly attach: HTMLButtonElement;
	private readonly more: HTMLButtonElement;
	private readonly time: Intl.DateTimeFormat;
	private readonly day: Intl.DateTimeFormat;
	private shownDay = "";
	private readonly mine = new Map<string, HTMLElement>();
	private write!: HTMLFormElement;
	private typingTimer = 0;
	private unread = 0;

	constructor(
		private readonly s: Strings,
		private readonly settings: Settings,
		private readonly acts: Acts,
	) {
		const root = this.host.attachShadow({ mode: "open" });
		const sheet = new CSSStyleSheet();
		sheet.replaceSync(css);
		root.adoptedStyleSheets = [sheet];
		this.host.id = "usher-chat";
		this.host.lang = settings.ru ? "ru" : "en";
		this.host.dir = "ltr"; // whatever the page's is
		this.time = new Intl.DateTimeFormat(settings.locale, { hour: "2-digit", minute: "2-digit" });
		this.day = new Intl.DateTimeFormat(settings.locale, { weekday: "long", day: "numeric", month: "long" });
		this.more = button("more", s.more);
		this.launch = button("launch", "");
		this.launch.append(icon("M21 12a8 8 0 0 1-8 8H4l2-3.2A8 8 0 1 1 21 12z"), el("span", "words", s.open), this.badge);
		this.attach = button("icon", s.attach, "M20 11.5l-7.8 7.8a5 5 0 0 1-7-7l8.3-8.3a3.3 3.3 0 0 1 4.7 4.7l-8.2 8.2a1.7 1.7 0 0 1-2.4-2.4l7.3-7.3");
		this.heading.id = "title";
		this.build();
		root.append(this.launch, this.invitation, this.panel);
		document.body.append(this.host);
		this.look();
		this.show(settings.page || !!settings.open, false);
		// where a keyboard covers half of a phone, what is left is the panel's
		const seen = window.visualViewport;
		seen?.addEventListener("resize", () => this.follow(() => this.host.style.setProperty("--high", `${seen.height}px`)));
		document.addEventListener("visibilitychange", () => {
			if (!document.hidden) document.title = document.title.replace(DOT, "");
		});
	}

	/** As the settings say now. */
	look(): void {
		const { theme, side, title, color } = this.settings;
		this.host.className = `${theme || ""} ${side || ""}`;
		this.title(title || this.s.title);
		if (color) this.color(color);
	}

	title(text: string): void {
		this.heading.textContent = text;
	}

	color(color: string): void {
		if (!CSS.supports("color", color)) return;
		this.host.style.setProperty("--accent", color);
		this.launch.hidden = false;
		this.host.style.setProperty("--on-accent", readable(getComputedStyle(this.launch).backgroundColor));
		this.launch.hidden = this.isOpen();
	}

	isOpen(): boolean {
		return !this.panel.hidden;
	}

	private build(): void {
		const head = el("header", "head");
		const end = button("icon", this.s.end, "M12 3v9 M7 6.3a8 8 0 1 0 10 0");
		const close = button("icon", this.s.close, "M6 6l12 12 M18 6L6 18");
		head.append(this.heading, end);
		if (!this.settings.page) head.append(close);
		this.panel.setAttribute("role", this.settings.page ? "region" : "dialog");
		this.panel.setAttribute("aria-labelledby", "title");
		if (this.settings.page) this.panel.classList.add("page");
		this.status.setAttribute("role", "status");
		this.log.setAttribute("role", "log");
		this.log.setAttribute("aria-live", "polite");
		this.log.setAttribute("aria-relevant", "additions"); // not that one of them was read
		this.log.setAttribute("aria-labelledby", "title");
		this.log.tabIndex = 0;
		this.invitation.hidden = this.badge.hidden = this.status.hidden = this.more.hidden = true;
		this.panel.append(head, this.status, this.log, this.more, this.typingLine, this.slot, this.buildAsk(), this.buildEmoji(), this.buildWrite());
		this.more.onclick = () => {
			this.toEnd();
			this.input.focus();
		};
		this.log.onscroll = () => this.near() && (this.more.hidden = true);
		this.buildDrop();
		this.launch.onclick = () => this.show(true, true);
		close.onclick = () => this.show(false, true);
		end.onclick = () => this.askEnd(true);
		this.panel.addEventListener("keydown", (e) => {
			if (e.key !== "Escape") return;
			if (!this.emoji.hidden) this.showEmoji(false);
			else if (!this.ask.hidden) this.askEnd(false);
			else if (!this.settings.page) this.show(false, true);
		});
		this.line("system", "", this.s.hello);
	}

	/** Files that are dropped or pasted; a table copied from elsewhere is text, though it brings its picture along. */
	private buildDrop(): void {
		const over = (e: DragEvent, on: boolean) => {
			const takes = !this.attach.hidden && !this.write.hidden && e.dataTransfer?.types.includes("Files");
			if (takes) e.preventDefault();
			this.panel.classList.toggle("drop", !!takes && on);
			return takes;
		};
		const take = (files: FileList) => {
			for (const f of files) this.acts.attach(f);
		};
		this.panel.ondragover = (e) => void over(e, true);
		this.panel.ondragleave = (e) => void over(e, false);
		this.panel.ondrop = (e) => over(e, false) && take((e.dataTransfer as DataTransfer).files);
		this.input.onpaste = (e) => {
			const data = e.clipboardData;
			if (this.attach.hidden || !data?.files.length || data.types.includes("text/plain")) return;
			e.preventDefault();
			take(data.files);
		};
	}

	private buildWrite(): HTMLElement {
		const form = (this.write = el("form", "write"));
		const tools = el("div", "tools");
		const smile = button("icon", this.s.emoji, "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z M8.5 14.5a4.5 4.5 0 0 0 7 0M9 9.5v.01M15 9.5v.01");
		const send = button("send", this.s.send, "M4 12l16-8-6 16-3-7z");
		send.type = "submit";
		this.file.type = "file";
		this.file.hidden = this.attach.hidden = true;
		this.file.onchange = () => {
			for (const f of this.file.files || []) this.acts.attach(f);
			this.file.value = "";
		};
		this.attach.onclick = () => this.file.click();
		smile.onclick = () => this.showEmoji(this.emoji.hidden);
		this.input.placeholder = this.s.placeholder;
		named(this.input, this.s.label);
		this.input.rows = 1;
		this.input.dir = "auto";
		this.input.value = this.acts.draft();
		this.input.oninput = () => {
			this.wrote();
			if (this.input.value) this.acts.typing();
		};
		this.input.onkeydown = (e) => {
			if (e.key === "Enter" && !e.shiftKey && !e.isComposing) {
				e.preventDefault();
				form.requestSubmit();
			}
		};
		form.onsubmit = (e) => {
			e.preventDefault();
			const text = this.input.value.trim();
			if (!text) return;
			this.input.value = "";
			this.wrote();
			this.showEmoji(false, false);
			this.acts.say(text);
		};
		tools.append(smile, this.attach);
		form.append(this.input, this.file, tools, send);
		return form;
	}

	private buildAsk(): HTMLElement {
		const yes = button("", this.s.endYes);
		const forget = button("danger", this.s.endForget);
		const no = button("", this.s.endNo);
		this.ask.hidden = true;
		named(this.ask, this.s.endSure, "group");
		this.ask.append(el("p", "", this.s.endSure), yes, forget, no);
		yes.onclick = () => (this.askEnd(false), this.acts.end());
		forget.onclick = () => (this.askEnd(false), this.acts.forget());
		no.onclick = () => this.askEnd(false);
		return this.ask;
	}

	private buildEmoji(): HTMLElement {
		this.emoji.hidden = true;
		named(this.emoji, this.s.emoji, "group");
		for (const e of EMOJI) {
			const b = button("", e);
			b.onclick = () => {
				this.input.setRangeText(e, this.input.selectionStart, this.input.selectionEnd, "end");
				this.wrote();
				this.showEmoji(false);
			};
			this.emoji.append(b);
		}
		return this.emoji;
	}

	private showEmoji(on: boolean, focus = true): void {
		this.follow(() => (this.emoji.hidden = !on));
		if (focus) (on ? (this.emoji.firstChild as HTMLElement) : this.input).focus();
	}

	private askEnd(on: boolean): void {
		this.follow(() => (this.ask.hidden = !on));
		if (on) this.ask.querySelector("button")?.focus();
		else this.input.focus();
	}

	private wrote(): void {
		this.acts.draft(this.input.value);
		this.grow();
	}

	private grow(): void {
		this.follow(() => {
			this.input.rows = 1;
			while (this.input.value && this.input.rows < 5 && this.input.scrollHeight > this.input.clientHeight) this.input.rows++;
		});
	}

	show(on: boolean, focus: boolean): void {
		this.panel.hidden = !on;
		this.launch.hidden = on;
		if (on) {
			this.invitation.hidden = true;
			this.count(0);
			this.grow();
			this.acts.opened();
		}
		if (focus) this.focus(on);
		this.toEnd();
	}

	private focus(on: boolean): void {
		const first = this.slot.querySelector<HTMLElement>("input,select,textarea");
		(on ? first || this.input : this.launch).focus();
	}

	private count(n: number): void {
		this.unread = n;
		this.badge.hidden = !n;
		this.badge.textContent = String(n);
		named(this.launch, n ? fill(this.s.unread, n) : this.s.open);
	}

	private near(): boolean {
		return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR_PX;
	}

	private toEnd(): void {
		this.log.scrollTop = this.log.scrollHeight;
		this.more.hidden = true;
	}

	/** Something grows: whoever is at the end stays there, whoever reads above is not moved. */
	private follow(change: () => void): boolean {
		const near = this.near();
		change();
		if (near) this.toEnd();
		return near;
	}

	/** What was written here and has no number yet stays below what has: the server's order is the order. */
	private unsent(): HTMLElement | null {
		return [...this.mine.values()].find((line) => !line.dataset.seq) || null;
	}

	private line(kind: string, who: string, text: string, files?: FileRef[], at_ms = Date.now(), next = this.unsent()): HTMLElement {
		const m = el("div", `msg ${kind}`);
		const near = this.follow(() => {
			this.log.insertBefore(m, next);
			const { who: before, at } = (m.previousElementSibling as HTMLElement | null)?.dataset || {};
			if (who) {
				if (who !== before || at_ms - Number(at) > GROUP_MS) m.append(el("div", "who", `${who}, ${this.time.format(at_ms)}`));
				Object.assign(m.dataset, { who, at: at_ms });
			}
			if (text || !files?.length) m.append(linked(el("div", "text"), text));
			for (const f of files || []) m.append(fileView(f, this.s, this.acts.fetch, (change) => this.follow(change)));
		});
		if (kind === "agent" && !near) this.more.hidden = false;
		return m;
	}

	private mark(m: HTMLElement, text: string, kind = "mark"): void {
		let mark = m.querySelector<HTMLElement>(".mark");
		if (!mark) m.append((mark = el("span")));
		mark.textContent = text;
		mark.className = `mark ${kind}`;
	}

	/** The day, where it is another than that of the message before. */
	private date(at_ms: number): void {
		const day = this.day.format(at_ms);
		if (day !== (this.shownDay || this.day.format())) this.line("system", "", day);
		this.shownDay = day;
	}

	message(m: Message, fresh: boolean): void {
		if (m.at_ms) this.date(m.at_ms);
		if (m.from === "you" && m.id) {
			const line = this.mine.get(m.id) || this.line("you", this.s.you, m.text, m.files, m.at_ms);
			this.mine.set(m.id, line);
			line.dataset.seq = String(m.seq);
			this.mark(line, this.s.sent, "ok");
			return;
		}
		this.typing("");
		this.line(m.from, m.from === "agent" ? m.name || this.s.agent : "", m.text, m.files, m.at_ms);
		if (m.from !== "agent") return;
		if (m.name) this.title(m.name);
		this.seen(m.seq); // whoever answers has read
		if (!fresh) return;
		if (!this.isOpen()) this.count(this.unread + 1);
		if (document.hidden && !document.title.startsWith(DOT)) document.title = DOT + document.title;
	}

	seen(seq: number): void {
		for (const line of this.mine.values())
			if (Number(line.dataset.seq || Infinity) <= seq) this.mark(line, this.s.read, "ok");
	}

	pending({ id, text, files, at }: Pending): void {
		if (this.mine.has(id)) return;
		const line = this.line("you", this.s.you, text, files, at, null);
		this.mine.set(id, line);
		this.mark(line, this.s.sending);
		this.toEnd();
	}

	acked(id: string, text = this.s.sent, kind = "ok"): void {
		const line = this.mine.get(id);
		if (line) this.mark(line, text, kind);
	}

	denied(id: string, why: string): void {
		this.acked(id, `${this.s.refused}: ${why}`, "bad");
		this.mine.delete(id); // no number will come: it has its place
	}

	state(state: "connecting" | "open" | "lost", queue: string): void {
		const text = state === "open" ? queue : state === "lost" ? this.s.offline : this.s.connecting;
		if (this.status.textContent !== text) this.status.textContent = text;
		this.follow(() => (this.status.hidden = !text));
		this.status.classList.toggle("warn", state === "lost");
	}

	typing(name: string): void {
		clearTimeout(this.typingTimer);
		this.typingLine.textContent = name ? fill(this.s.typing, name) : "";
		if (name) this.typingTimer = setTimeout(() => this.typing(""), 4000);
	}

	note(text: string, bad = false, again?: () => void): HTMLElement {
		const line = this.line(bad ? "system bad" : "system", "", text);
		if (again) {
			const b = button("again", this.s.again);
			b.onclick = () => {
				line.remove();
				this.input.focus();
				again();
			};
			line.append(b);
			this.toEnd();
		}
		return line;
	}

	/** A form in the place of, or above, the line to write in; none takes it away. */
	form(form: HTMLFormElement | null, instead = false): void {
		const there = this.slot.matches(":focus-within");
		this.slot.replaceChildren(...(form ? [form] : []));
		this.write.hidden = instead && !!form;
		if (there || (form && instead && this.isOpen() && !this.settings.page)) this.focus(true);
		this.toEnd();
	}

	files(types: string | undefined): void {
		this.attach.hidden = !types;
		if (types) this.file.accept = types.split(" ").map((t) => `.${t}`).join();
	}

	invite(text: string): void {
		if (this.isOpen()) return;
		const yes = button("send", this.s.open);
		const no = button("", this.s.dismiss);
		this.invitation.replaceChildren(el("p", "", text), yes, no);
		named(this.invitation, text);
		this.invitation.hidden = false;
		yes.onclick = () => this.show(true, true);
		no.onclick = () => {
			this.invitation.hidden = true;
			this.launch.focus();
		};
	}

	clear(): void {
		this.mine.clear();
		this.log.replaceChildren();
		this.shownDay = "";
		this.form(null);
		this.title(this.settings.title || this.s.title);
	}
}
