// What is asked in a form: before the chat, when nobody is there, and at the end. Each is a form element that says what was filled in.
import { button, el, labelled, named } from "./dom";
import { local, type Center, type Field } from "./settings";
import { fill, type Strings } from "./strings";

type Values = Record<string, string>;

function inputs(form: HTMLFormElement, fields: Field[], s: Strings, ru: boolean): void {
	for (const f of fields) {
		const input = el("input");
		const must = f.required === "yes";
		input.name = f.name;
		input.type = f.type || "text";
		input.required = must;
		input.maxLength = 200;
		input.dir = "auto";
		const known = ["name", "email", "tel"].find((x) => x === f.name || x === f.type);
		if (known) input.autocomplete = known as AutoFill;
		form.append(labelled(local(f, "label", ru) + (must && fields.length > 1 ? ` (${s.required})` : ""), input));
	}
}

function values(form: HTMLFormElement): Values {
	const out: Values = {};
	for (const [k, v] of new FormData(form)) if (v) out[k] = String(v).trim();
	return out;
}

function finish(form: HTMLFormElement, label: string, done: (v: Values) => void): HTMLFormElement {
	const go = button("send", label);
	go.type = "submit";
	form.append(go);
	form.onsubmit = (e) => {
		e.preventDefault();
		done(values(form));
	};
	return form;
}

/** Nobody has to answer. */
function optional(form: HTMLFormElement, s: Strings, away: () => void): HTMLFormElement {
	const no = button("", s.dismiss);
	no.onclick = away;
	form.append(no);
	return form;
}

function heading(form: HTMLFormElement, text: string): void {
	form.append(el("p", "", text));
	named(form, text);
}

export function beforeForm(c: Center, s: Strings, ru: boolean, known: (string | undefined)[], done: (v: Values) => void): HTMLFormElement | null {
	const fields = (c.fields || []).filter((f) => !known.includes(f.name));
	const departments = known.includes("department") ? [] : c.departments || [];
	if (!fields.length && !departments.length) return null;
	const form = el("form", "ask");
	heading(form, s.before);
	if (departments.length) {
		const select = el("select");
		select.name = "department";
		for (const d of departments) select.append(new Option(local(d, "label", ru), d.name));
		form.append(labelled(s.department, select));
	}
	inputs(form, fields, s, ru);
	return finish(form, s.start, done);
}

export function closedForm(s: Strings, when: string, known: (string | undefined)[], done: (v: Values) => void): HTMLFormElement {
	const form = el("form", "ask");
	const text = el("textarea");
	heading(form, when ? fill(s.closedTill, when) : s.closed);
	const fields: Field[] = [
		{ name: "name", label: s.name },
		{ name: "email", label: s.email, type: "email", required: "yes" },
	];
	inputs(form, fields.filter((f) => !known.includes(f.name)), s, false);
	text.name = "text";
	text.required = true;
	text.rows = 4;
	text.dir = "auto";
	form.append(labelled(s.label, text));
	return finish(form, s.leave, done);
}

export function rateForm(s: Strings, away: () => void, done: (v: Values) => void): HTMLFormElement {
	const form = el("form", "ask");
	const stars = el("div", "stars");
	const comment = el("input");
	heading(form, s.rate);
	named(stars, s.rate, "radiogroup");
	for (let n = 1; n <= 5; n++) {
		const star = el("input");
		star.type = "radio";
		star.name = "score";
		star.value = String(n);
		star.required = true;
		named(star, fill(s.stars, n));
		stars.append(star);
	}
	comment.name = "text";
	comment.maxLength = 1000;
	form.append(stars, labelled(s.comment, comment));
	return optional(finish(form, s.rateSend, done), s, away);
}

export function mailForm(s: Strings, away: () => void, done: (v: Values) => void): HTMLFormElement {
	const form = el("form", "ask");
	inputs(form, [{ name: "email", label: s.mail, type: "email", required: "yes" }], s, false);
	return optional(finish(form, s.send, done), s, away);
}
