/*
 * For our form's page and for forms on a site's own: errors stand beside their fields and chosen files stay chosen, what takes long is shown, work
 * is done where it is asked for, a lost answer is asked again under the same key. Without it everything works as plain HTML does. No cookies,
 * nothing kept.
 */
(() => {
	const me = document.currentScript;
	const base = me.src.replace(/\/form\.js(\?.*)?$/, "");
	const hosted = location.href.replace(/[?#].*/, "") === base;
	const lang = /[?&]lang=(\w+)/.exec(me.src)?.[1] ?? document.documentElement.lang ?? "en";

	/* ---- SHA-256 of a short ASCII text, as eight words; crypto.subtle is not there without TLS ---- */
	const K = [];
	const H = [];
	for (let n = 2; K.length < 64; n++) {
		let prime = true;
		for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
		if (!prime) continue;
		if (H.length < 8) H.push((Math.sqrt(n) * 2 ** 32) | 0);
		K.push((Math.cbrt(n) * 2 ** 32) | 0);
	}
	const w = new Int32Array(64);
	function sha256first(text) {
		const h = H.slice();
		const n = text.length;
		const blocks = ((n + 8) >> 6) + 1;
		const m = new Uint8Array(blocks * 64);
		for (let i = 0; i < n; i++) m[i] = text.charCodeAt(i);
		m[n] = 128;
		new DataView(m.buffer).setUint32(m.length - 4, n * 8);
		const v = new DataView(m.buffer);
		for (let at = 0; at < m.length; at += 64) {
			for (let i = 0; i < 16; i++) w[i] = v.getInt32(at + 4 * i);
			for (let i = 16; i < 64; i++) {
				const a = w[i - 15];
				const b = w[i - 2];
				const s0 = ((a >>> 7) | (a << 25)) ^ ((a >>> 18) | (a << 14)) ^ (a >>> 3);
				const s1 = ((b >>> 17) | (b << 15)) ^ ((b >>> 19) | (b << 13)) ^ (b >>> 10);
				w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
			}
			let [a, b, c, d, e, f, g, k] = h;
			for (let i = 0; i < 64; i++) {
				const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
				const t1 = (k + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
				const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
				const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
				[k, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
			}
			[a, b, c, d, e, f, g, k].forEach((x, i) => (h[i] = (h[i] + x) | 0));
		}
		return h[0] >>> 0;
	}

	/* Some thousands at a time, so that the page stays alive. */
	async function work(stamp, bits) {
		for (let n = 0; ; n++) {
			if (sha256first(`${stamp}:${n.toString(36)}`) >>> (32 - bits) === 0) return n.toString(36);
			if (n % 4000 === 3999) await new Promise((go) => setTimeout(go));
		}
	}

	const hidden = (form, name) => {
		let e = form.elements.namedItem(name);
		if (!e) {
			e = document.createElement("input");
			e.type = "hidden";
			e.name = name;
			form.append(e);
		}
		return e;
	};

	/* ---- what a person sees ---- */
	function describe(field, error) {
		const ids = [error, document.getElementById(`h-${field.name}`)?.id].filter(Boolean);
		if (ids.length) field.setAttribute("aria-describedby", ids.join(" "));
		else field.removeAttribute("aria-describedby");
	}

	function say(form, text, cls, field) {
		const p = document.createElement("p");
		p.className = cls;
		p.textContent = text;
		if (field) {
			p.id = `e-${field.name}`;
			field.setAttribute("aria-invalid", "true");
			describe(field, p.id);
			(field.closest(".field") ?? field.parentNode).append(p);
		} else {
			p.setAttribute("role", "alert");
			form.prepend(p);
		}
	}

	function clear(form) {
		for (const p of form.querySelectorAll(".usher-error, .usher-problem")) p.remove();
		for (const e of form.querySelectorAll("[aria-invalid]")) {
			e.removeAttribute("aria-invalid");
			describe(e);
		}
	}

	function thank(form, words, id) {
		if (hosted) {
			location.assign(`${base}/thanks?id=${id}&lang=${lang}`);
			return;
		}
		const box = document.createElement("div");
		box.className = "usher-thanks";
		box.tabIndex = -1;
		box.setAttribute("role", "status");
		box.textContent = `${words.thanks} ${words.number} ${id}`;
		form.replaceWith(box);
		box.focus();
	}

	function complain(form, words, detail = words.later, errors = []) {
		say(form, detail, "usher-problem");
		let first;
		for (const { field, message } of errors) {
			const e = form.elements.namedItem(field);
			if (!(e instanceof HTMLElement)) continue;
			say(form, message, "usher-error", e);
			first ??= e;
		}
		first?.focus();
	}

	/* What is waited for, and of files how much is gone. */
	function wait(form, text, part) {
		const p = form.querySelector(".usher-status");
		if (p.firstChild?.data !== text) p.textContent = text;
		if (part === undefined) return;
		const bar = p.querySelector("progress") ?? p.appendChild(document.createElement("progress"));
		bar.setAttribute("aria-label", text);
		bar.value = part;
	}

	/* ---- sending ---- */
	/* What somebody would hear only after minutes of sending. */
	function tooLarge(form, words) {
		return [...form.querySelectorAll("input[data-max]")]
			.filter((e) => [...e.files].some((f) => f.size > Number(e.dataset.max)))
			.map((e) => ({ field: e.name, message: words.file_large }));
	}

	function post(form, words, key) {
		wait(form, words.sending);
		return new Promise((done, failed) => {
			const r = new XMLHttpRequest(); // fetch does not say how far it is
			r.open("POST", `${base}?lang=${lang}`);
			r.setRequestHeader("Accept", "application/json");
			r.setRequestHeader("Idempotency-Key", key);
			r.responseType = "json";
			r.upload.onprogress = (e) => e.total > 100000 && wait(form, words.sending, e.loaded / e.total);
			r.onload = () => done({ status: r.status, body: r.response });
			r.onerror = failed;
			r.send(new FormData(form));
		});
	}

	async function prove(form, words, stamp, bits) {
		wait(form, words.working);
		hidden(form, "_stamp").value = stamp;
		hidden(form, "_work").value = await work(stamp, bits);
	}

	async function send(form, words, key) {
		const { bits } = form.dataset;
		delete form.dataset.bits; // it is good for once
		if (bits) await prove(form, words, hidden(form, "_stamp").value, Number(bits));
		let got = await post(form, words, key);
		if (got.status === 428) {
			const { stamp, bits } = got.body.challenge;
			await prove(form, words, stamp, bits);
			got = await post(form, words, key);
		}
		if (got.status === 201) thank(form, words, got.body.id);
		else complain(form, words, got.body?.detail, got.body?.errors);
	}

	async function takeOver(form) {
		let words;
		try {
			words = await (await fetch(`${base}/stamp?lang=${lang}`, { credentials: "omit" })).json();
		} catch {
			return; // this site is not in `origins`: the form is sent as plain HTML
		}
		const status = document.createElement("p");
		status.className = "usher-status";
		status.setAttribute("role", "status");
		form.append(status);
		form.querySelector("[data-question]")?.remove();
		hidden(form, "_stamp").value ||= words.stamp;
		let key = "";
		form.addEventListener("input", () => (key = "")); // other words are another message
		form.addEventListener("submit", async (event) => {
			event.preventDefault();
			if (form.getAttribute("aria-busy")) return;
			clear(form);
			const large = tooLarge(form, words);
			if (large.length) {
				complain(form, words, words.correct, large);
				return;
			}
			form.setAttribute("aria-busy", "true");
			key ||= Array.from(crypto.getRandomValues(new Uint8Array(16)), (x) => x.toString(16).padStart(2, "0")).join("");
			await send(form, words, key).catch(() => complain(form, words));
			wait(form, "");
			form.removeAttribute("aria-busy");
		});
	}

	function begin() {
		for (const form of document.querySelectorAll("form")) {
			if (form.action === base) void takeOver(form);
		}
	}
	if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
	else begin();
})();
