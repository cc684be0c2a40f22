/*
 * HTTP beside the WebSocket (/api/v1). Throws ApiError with the server's own words; a 401 also tells
 * `unauthorized`, so that the sign-in page appears wherever it happened.
 */
import type { Card, Conv, DeadLetter, Me, Message, Quarantined, Stats, Template } from "./protocol";

export class ApiError extends Error {
	constructor(
		readonly status: number,
		message: string,
		readonly retry_s = 0,
	) {
		super(message);
	}
}

let unauthorized: () => void = () => {};
export function onUnauthorized(fn: () => void): void {
	unauthorized = fn;
}

async function call(path: string, init?: RequestInit): Promise<Response> {
	const r = await fetch(`/api/v1${path}`, { credentials: "same-origin", cache: "no-store", ...init });
	if (r.ok) return r;
	throw refusal(r.status, r.statusText, await r.text(), r.headers.get("Retry-After"));
}

function refusal(status: number, status_text: string, body: string, retry: string | null): ApiError {
	let said = status_text;
	try {
		const problem = JSON.parse(body) as { detail?: string; title?: string };
		said = problem.detail ?? problem.title ?? said;
	} catch {
		/* not a problem document: the status says enough */
	}
	if (status === 401) unauthorized();
	return new ApiError(status, said, Number(retry) || 0);
}

const json = <T>(r: Response) => r.json() as Promise<T>;
const post = (path: string, body?: unknown) =>
	call(path, {
		method: "POST",
		headers: { "Content-Type": "application/json" },
		body: JSON.stringify(body ?? {}),
	});

export const me = () => call("/me").then(json<Me>);
export const login = (user: string, password: string) => post("/login", { user, password });
export const logout = () => post("/logout");
export const ticket = () =>
	post("/ticket")
		.then(json<{ ticket: string }>)
		.then((a) => a.ticket);
export const customer = (id: string) => call(`/customers/${encodeURIComponent(id)}`).then(json<Card>);
export const stats = () => call("/stats").then(json<Stats>);
/** The ids that wait in a queue, in order. */
export const line = (queue: string) =>
	call(`/queues/${encodeURIComponent(queue)}`)
		.then(json<{ conversations?: { id?: string; conv?: string }[] }>)
		.then((a) => (a.conversations ?? []).map((c) => c.id ?? c.conv ?? ""));
export const explain = (conv: string) =>
	call(`/conversations/${encodeURIComponent(conv)}/explain`).then(json<Record<string, unknown>>);

/** Oldest first. */
export const dead = () => call("/dead").then(json<{ dead: number; letters: DeadLetter[] }>);

/** Newest first. */
export const quarantine = () =>
	call("/quarantine").then(json<{ quarantined: number; messages: Quarantined[] }>);
export const quarantineHref = (id: string, download = false) =>
	`/api/v1/quarantine/${encodeURIComponent(id)}/source${download ? "?download=1" : ""}`;
export const quarantineRetry = (id: string) =>
	post(`/quarantine/${encodeURIComponent(id)}/retry`).then(json<{ understood: string }>);

/** Messages after `after`, all of them: the server answers page by page. */
export async function conversation(
	id: string,
	after: number,
): Promise<{ conv: Conv; messages: Message[] }> {
	const page = 200;
	const messages: Message[] = [];
	for (let from = after; ; ) {
		const path = `/conversations/${encodeURIComponent(id)}?after=${from}&limit=${page}`;
		const a = await call(path).then(json<{ conv: Conv; messages: Message[] }>);
		messages.push(...a.messages);
		const last = a.messages[a.messages.length - 1];
		if (a.messages.length < page || !last || last.seq <= from) return { conv: a.conv, messages };
		from = last.seq;
	}
}

export const html = (conv: string, seq: number) =>
	call(`/conversations/${encodeURIComponent(conv)}/messages/${seq}/html`).then((r) => r.text());

export function blobHref(blob: string, name: string, conv: string): string {
	const q = new URLSearchParams({ name, conv });
	return `/api/v1/blobs/${encodeURIComponent(blob)}?${q.toString()}`;
}

/** What may be shown of a picture: the server draws it anew, no side longer than `side`. */
export const pictureHref = (blob: string, conv: string, side: number) =>
	`/api/v1/blobs/${encodeURIComponent(blob)}/picture?${new URLSearchParams({ conv, side: String(side) }).toString()}`;

export const blob = (name: string, file: string, conv: string) =>
	fetch(blobHref(name, file, conv), { credentials: "same-origin" }).then((r) =>
		r.ok ? r.blob() : Promise.reject(new ApiError(r.status, r.statusText)),
	);

/** fetch does not tell how much of a body is sent: that takes the older way. `sent` is of 1; null when it was stopped. */
export function upload(
	file: File,
	sent: (part: number) => void,
	stop: AbortSignal,
): Promise<{ blob: string; size: number } | null> {
	const q = new URLSearchParams({ name: file.name, type: file.type || "application/octet-stream" });
	return new Promise((done, failed) => {
		const x = new XMLHttpRequest();
		x.open("POST", `/api/v1/blobs?${q.toString()}`);
		x.setRequestHeader("Content-Type", "application/octet-stream");
		x.upload.onprogress = (e) => sent(e.lengthComputable ? e.loaded / e.total : 0);
		x.onload = () => {
			if (x.status !== 201) failed(refusal(x.status, x.statusText, x.responseText, x.getResponseHeader("Retry-After")));
			else done(JSON.parse(x.responseText) as { blob: string; size: number });
		};
		x.onerror = () => failed(new ApiError(0, ""));
		x.onabort = () => done(null);
		stop.onabort = () => x.abort();
		if (stop.aborted) done(null);
		else x.send(file);
	});
}

export const templates = () =>
	call("/templates")
		.then(json<{ templates: Template[] }>)
		.then((a) => a.templates);
/** No name: a new one. */
export const textSave = (name: string, title: string, text: string) =>
	post("/me/texts", { ...(name ? { id: name } : {}), title, text });
export const textDelete = (name: string) => call(`/me/texts/${encodeURIComponent(name)}`, { method: "DELETE" });
export const signature = () =>
	call("/me/signature")
		.then(json<{ text: string }>)
		.then((a) => a.text);
export const signatureSet = (text: string) =>
	post("/me/signature", { text })
		.then(json<{ text: string }>)
		.then((a) => a.text);
