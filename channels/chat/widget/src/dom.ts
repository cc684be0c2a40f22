// Small pieces of page: elements, buttons, icons, labelled fields. No inline style anywhere: a strict Content-Security-Policy holds.
const SVG = "http://www.w3.org/2000/svg";

export function el<K extends keyof HTMLElementTagNameMap>(tag: K, className = "", text = ""): HTMLElementTagNameMap[K] {
	const e = document.createElement(tag);
	if (className) e.className = className;
	if (text) e.textContent = text;
	return e;
}

/** What a screen reader calls it. */
export function named(e: Element, label: string, role?: string): void {
	e.setAttribute("aria-label", label);
	if (role) e.setAttribute("role", role);
}

export function icon(path: string): SVGSVGElement {
	const svg = document.createElementNS(SVG, "svg");
	const p = document.createElementNS(SVG, "path");
	svg.setAttribute("viewBox", "0 0 24 24");
	svg.setAttribute("aria-hidden", "true");
	p.setAttribute("d", path);
	svg.append(p);
	return svg;
}

export function button(className: string, label: string, shape?: string): HTMLButtonElement {
	const b = el("button", className);
	b.type = "button";
	if (shape) {
		b.append(icon(shape));
		named(b, label);
		b.title = label;
	} else b.textContent = label;
	return b;
}

/** A label around its field. */
export function labelled<T extends HTMLElement>(text: string, field: T): HTMLLabelElement {
	const l = el("label", "field", text);
	l.append(field);
	return l;
}
