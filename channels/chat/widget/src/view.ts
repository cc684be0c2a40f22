// What the visitor sees: a button, a window with the conversation, a line to write. It knows no protocol.
import type { Message } from "./connection";
import type { Settings } from "./settings";
import type { Strings } from "./strings";
import { css } from "./style";

const SVG = "http://www.w3.org/2000/svg";

function el<K extends keyof HTMLElementTagNameMap>(tag: K, className = "", text = ""): HTMLElementTagNameMap[K] {
	const e = document.createElement(tag);
	if (className) e.className = className;
	if (text) e.textContent = text;
	return e;
}

function icon(path: string): SVGSVGElement {
	const svg = document.createElementNS(SVG, "svg");
	const p = document.createElementNS(SVG, "path");
	for (const [k, v] of Object.entries({ width: "22", height: "22", viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": "2", "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" })) svg.setAttribute(k, v);
	p.setAttribute("d", path);
	svg.append(p);
	return svg;
}

function button(className: string, label: string, shape?: string): HTMLButtonElement {
	const b = el("button", className);
	b.type = "button";
	if (shape) {
		b.append(icon(shape));
		b.setAttribute("aria-label", label);
		b.title = label;
	} else b.textContent = label;
	return b;
}

export interface Acts {
	say(text: string): void;
	typing(): void;
	end(): void;
	forget(): void;
	opened(): void;
}

export class View {
	private readonly launch: HTMLButtonElement;
	private readonly panel = el("section", "panel");
	private readonly heading: HTMLHeadingElement;
	private readonly status = el("div", "status");
	private readonly log = el("div", "log");
	private readonly typingLine = el("div", "typing");
	private readonly input = el("textarea");
	private readonly ask = el("div", "ask");
	private readonly mine = new Map<string, HTMLElement>();
	private typingTimer = 0;

	constructor(
		private readonly s: Strings,
		private readonly settings: Settings,
		private readonly acts: Acts,
	) {
		const host = el("div");
		host.id = "usher-chat";
		host.lang = settings.lang.slice(0, 2);
		const root = host.attachShadow({ mode: "open" });
		const sheet = new CSSStyleSheet();
		sheet.replaceSync(css);
		root.adoptedStyleSheets = [sheet];
		if (settings.color && CSS.supports("color", settings.color)) host.style.setProperty("--accent", settings.color);

		this.launch = button("launch", "");
		this.launch.append(icon("M21 12a8 8 0 0 1-8 8H4l2-3.2A8 8 0 1 1 21 12z"), el("span", "", s.open));
		this.heading = el("h2", "", settings.title || s.title);
		this.heading.id = "title";
		this.build();
		root.append(this.launch, this.panel);
		document.body.append(host);
		this.show(settings.page || !!settings.open, false);
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
		this.log.setAttribute("aria-labelledby", "title");
		this.log.tabIndex = 0;
		this.typingLine.setAttribute("aria-live", "off");
		this.panel.append(head, this.status, this.log, this.typingLine, this.buildAsk(), this.buildWrite());
		this.launch.onclick = () => this.show(true, true);
		close.onclick = () => this.show(false, true);
		end.onclick = () => this.askEnd(true);
		this.panel.addEventListener("keydown", (e) => {
			if (e.key !== "Escape") return;
			if (!this.ask.hidden) this.askEnd(false);
			else if (!this.settings.page) this.show(false, true);
		});
		this.line("system", "", this.s.hello);
	}

	private buildWrite(): HTMLElement {
		const form = el("form", "write");
		const send = button("send", this.s.send);
		send.type = "submit";
		this.input.placeholder = this.s.placeholder;
		this.input.setAttribute("aria-label", this.s.label);
		this.input.rows = 1;
		this.input.maxLength = 4000;
		this.input.oninput = () => {
			this.grow();
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
			this.grow();
			this.acts.say(text);
		};
		form.append(this.input, send);
		return form;
	}

	private buildAsk(): HTMLElement {
		const yes = button("", this.s.endYes);
		const forget = button("danger", this.s.endForget);
		const no = button("", this.s.endNo);
		this.ask.hidden = true;
		this.ask.setAttribute("role", "group");
		this.ask.setAttribute("aria-label", this.s.endSure);
		this.ask.append(el("p", "", this.s.endSure), yes, forget, no);
		yes.onclick = () => (this.askEnd(false), this.acts.end());
		forget.onclick = () => (this.askEnd(false), this.acts.forget());
		no.onclick = () => this.askEnd(false);
		return this.ask;
	}

	private askEnd(on: boolean): void {
		this.ask.hidden = !on;
		if (on) this.ask.querySelector("button")?.focus();
		else this.input.focus();
	}

	private grow(): void {
		const lines = Math.min(5, this.input.value.split("\n").length);
		this.input.rows = lines;
	}

	private show(on: boolean, focus: boolean): void {
		this.panel.hidden = !on;
		this.launch.hidden = on;
		if (on) this.acts.opened();
		if (focus) (on ? this.input : this.launch).focus();
		this.toEnd(true);
	}

	private toEnd(always: boolean): void {
		const near = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 120;
		if (always || near) this.log.scrollTop = this.log.scrollHeight;
	}

	private line(kind: string, who: string, text: string): HTMLElement {
		const m = el("div", `msg ${kind}`);
		if (who) m.append(el("div", "who", who));
		m.append(el("div", "text", text));
		this.log.append(m);
		this.toEnd(kind === "you");
		return m;
	}

	private mark(m: HTMLElement, text: string, bad = false): void {
		let mark = m.querySelector<HTMLElement>(".mark");
		if (!mark) m.append((mark = el("span", "mark")));
		mark.textContent = text;
		mark.classList.toggle("bad", bad);
	}

	message(m: Message): void {
		if (m.from === "you" && m.id) {
			const shown = this.mine.get(m.id);
			const line = shown || this.line("you", this.s.you, m.text);
			this.mine.set(m.id, line);
			line.dataset.seq = String(m.seq);
			this.log.append(line); // the server's order is the order
			this.mark(line, this.s.sent);
			this.toEnd(true);
			return;
		}
		this.typing("");
		this.line(m.from, m.from === "agent" ? m.name || this.s.agent : "", m.text).dataset.seq = String(m.seq);
		if (m.from === "agent" && m.name) this.heading.textContent = m.name;
	}

	pending(id: string, text: string): void {
		if (this.mine.has(id)) return;
		const line = this.line("you", this.s.you, text);
		this.mine.set(id, line);
		this.mark(line, this.s.sending);
	}

	acked(id: string): void {
		const line = this.mine.get(id);
		if (line) this.mark(line, this.s.sent);
	}

	refused(id: string, why: string): void {
		const line = this.mine.get(id);
		if (line) this.mark(line, `${this.s.refused}: ${why}`, true);
	}

	state(state: "connecting" | "open" | "lost", queue: string): void {
		const text = state === "open" ? queue : state === "lost" ? this.s.offline : this.s.connecting;
		this.status.textContent = text;
		this.status.hidden = !text;
		this.status.classList.toggle("warn", state === "lost");
	}

	typing(name: string | null): void {
		clearTimeout(this.typingTimer);
		this.typingLine.textContent = name ? this.s.typing(name) : "";
		if (name) this.typingTimer = setTimeout(() => this.typing(""), 4000);
	}

	note(text: string): void {
		this.line("system", "", text);
	}

	clear(): void {
		this.mine.clear();
		this.log.replaceChildren();
		this.heading.textContent = this.settings.title || this.s.title;
	}
}
