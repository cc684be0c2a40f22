/*
 * For the form's pages when work is asked (data-bits), and for forms on a site's own page: those stay on their page, errors stand beside their
 * fields, a lost answer is asked again under the same key. Without it everything works as plain HTML does. No cookies, nothing kept.
 */
(() => {
	const me = document.currentScript;
	const base = me.src.replace(/\/form\.js(\?.*)?$/, "");
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

	/* ---- our own page: the work instead of the question ---- */
	function works(form) {
		form.querySelector("[data-question]")?.remove();
		form.addEventListener("submit", async (event) => {
			event.preventDefault();
			const button = form.querySelector("[type=submit]");
			button.disabled = true;
			form.setAttribute("aria-busy", "true");
			hidden(form, "_work").value = await work(hidden(form, "_stamp").value, Number(form.dataset.bits));
			form.submit();
		});
	}

	/* ---- a site's own page ---- */
	function say(form, text, cls, field) {
		const p = document.createElement("p");
		p.className = cls;
		p.textContent = text;
		if (field) {
			p.id = `${field.id}-error`;
			field.setAttribute("aria-invalid", "true");
			field.setAttribute("aria-describedby", p.id);
			field.after(p);
		} else {
			p.setAttribute("role", "alert");
			form.prepend(p);
		}
	}

	function clear(form) {
		for (const p of form.querySelectorAll(".usher-error, .usher-problem")) p.remove();
		for (const e of form.querySelectorAll("[aria-invalid]")) e.removeAttribute("aria-invalid");
	}

	function thank(form, words, id) {
		const box = document.createElement("div");
		box.className = "usher-thanks";
		box.tabIndex = -1;
		box.setAttribute("role", "status");
		box.textContent = `${words.thanks} ${words.number} ${id}`;
		form.replaceWith(box);
		box.focus();
	}

	function complain(form, problem, words) {
		say(form, problem?.detail || words.later, "usher-problem");
		let first;
		for (const { field, message } of problem?.errors ?? []) {
			const e = form.elements.namedItem(field);
			if (!(e instanceof HTMLElement)) continue;
			say(form, message, "usher-error", e);
			first ??= e;
		}
		first?.focus();
	}

	async function post(form, key) {
		const answer = await fetch(`${base}?lang=${lang}`, {
			method: "POST",
			body: new FormData(form),
			credentials: "omit",
			headers: { Accept: "application/json", "Idempotency-Key": key },
		});
		return { status: answer.status, body: await answer.json().catch(() => null) };
	}

	async function embeds(form) {
		let words;
		try {
			words = await (await fetch(`${base}/stamp?lang=${lang}`, { credentials: "omit" })).json();
		} catch {
			return; // this site is not in `origins`: the form is sent as plain HTML
		}
		hidden(form, "_stamp").value = words.stamp;
		let key = "";
		form.addEventListener("input", () => (key = "")); // other words are another message
		form.addEventListener("submit", async (event) => {
			event.preventDefault();
			if (form.getAttribute("aria-busy")) return;
			form.setAttribute("aria-busy", "true");
			clear(form);
			key ||= Array.from(crypto.getRandomValues(new Uint8Array(16)), (x) => x.toString(16).padStart(2, "0")).join("");
			try {
				let got = await post(form, key);
				if (got.status === 428) {
					hidden(form, "_stamp").value = got.body.challenge.stamp;
					hidden(form, "_work").value = await work(got.body.challenge.stamp, got.body.challenge.bits);
					got = await post(form, key);
				}
				if (got.status === 201) thank(form, words, got.body.id);
				else complain(form, got.body, words);
			} catch {
				complain(form, null, words);
			}
			form.removeAttribute("aria-busy");
		});
	}

	function begin() {
		for (const form of document.querySelectorAll("form")) {
			if (form.action !== base) continue;
			if (form.dataset.bits) works(form);
			else if (!form.elements.namedItem("_stamp")?.value) void embeds(form);
		}
	}
	if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
	else begin();
})();
