/*
 * A whole center for the browser: a real usherd with its Redis on free ports and a data directory of its own. It can be killed and
 * started again on the same data, which is what half of the tests are about.
 */
import { execFileSync, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./desk.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const build = process.env.USHER_RELEASE || join(root, "build");
const start_ms = 60000;

const given = new Set();

const LANES = 32;
const lane = Number(process.env.USHER_TEST_LANE || 0) % LANES;

/** Below those that the kernel gives to outgoing connections: a server that is started again finds it free. None is given twice, here or in a file beside this one. */
function freePort() {
	return new Promise((done) => {
		const port = 10000 + lane + LANES * randomInt(680);
		if (given.has(port)) return done(freePort());
		given.add(port);
		const s = createServer();
		s.on("error", () => done(freePort()));
		s.listen(port, "127.0.0.1", () => s.close(() => done(port)));
	});
}

export class Center {
	static async open({ config = join(root, "tests/lib/center.yaml"), env = {} } = {}) {
		const c = new Center();
		c.config = config;
		c.extra = env;
		c.data = mkdtempSync(join(tmpdir(), "usher-browser."));
		[c.http, c.lmtp, c.admin, c.smtp] = [await freePort(), await freePort(), await freePort(), await freePort()];
		c.url = `http://127.0.0.1:${c.http}`;
		await c.start();
		return c;
	}

	env() {
		return {
			...process.env,
			USHER_DATA: this.data,
			USHER_HTTP_PORT: String(this.http),
			USHER_LMTP_PORT: String(this.lmtp),
			USHER_ADMIN_PORT: String(this.admin),
			USHER_SMTP_PORT: String(this.smtp),
			USHER_CLOSED_TILL: new Date(Date.now() + 3 * 86400000).toUTCString().slice(0, 3).toLowerCase(),
			USHER_SOCKET: join(this.data, "usherctl.sock"),
			...this.extra,
		};
	}

	async start() {
		const log = join(this.data, "usherd.log");
		const fd = openSync(log, "a");
		const mark = readFileSync(log).length;
		this.process = spawn(join(build, "usherd"), ["-c", this.config], { env: this.env(), stdio: ["ignore", fd, fd] });
		closeSync(fd);
		await until(() => {
			const said = readFileSync(log).subarray(mark).toString();
			if (this.process.exitCode !== null) throw new Error(`usherd ended: ${said}`);
			return said.includes("usher ready");
		}, "usherd ready", start_ms);
	}

	/** kill -9: nothing is said to anybody. */
	async kill() {
		const gone = new Promise((done) => this.process.once("exit", done));
		this.process.kill("SIGKILL");
		await gone;
	}

	ctl(...words) {
		return execFileSync(join(build, "usherctl"), words, { env: this.env(), encoding: "utf8" });
	}

	user(name, role, password, ...skills) {
		execFileSync(
			join(build, "usherctl"),
			["user", "add", name, "--role", role, "--password-stdin", ...skills.flatMap((s) => ["--skill", s])],
			{ env: this.env(), input: `${password}\n`, encoding: "utf8" },
		);
	}

	/** A mail by LMTP, as the site's own server would deliver it. */
	mail(from, subject, type, body, to = "support@demo.test") {
		const raw = `From: ${from}\nTo: support@demo.test\nSubject: ${subject}\nMessage-ID: <${Date.now()}.${Math.random()}@x.org>\nMIME-Version: 1.0\nContent-Type: ${type}; charset=utf-8\n\n${body}\n`;
		execFileSync("swaks", ["--server", `127.0.0.1:${this.lmtp}`, "--protocol", "LMTP", "--from", from.replace(/.*<|>.*/g, ""), "--to", to, "--data", "-", "--silent", "2"], { input: raw });
	}

	async close() {
		const gone = new Promise((done) => (this.process.exitCode === null ? this.process.once("exit", done) : done()));
		this.process.kill("SIGTERM");
		await Promise.race([gone, new Promise((done) => setTimeout(done, 15000))]);
		this.process.kill("SIGKILL");
		rmSync(this.data, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
	}
}
