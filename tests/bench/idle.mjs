// Opens N idle visitors and keeps them: node idle.mjs PORT PATH N [HELLO]. Prints "ready", ends when its input ends.
import WebSocket from "ws";

const [port, path, n, hello] = process.argv.slice(2);
let next = 0;
const one = () => new Promise((resolve, reject) => {
	const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, { perMessageDeflate: false });
	ws.on("error", reject);
	ws.on("open", () => {
		if (!hello) return resolve();
		ws.on("message", () => resolve());
		ws.send(JSON.stringify({ t: "hello", session: null, from: 0 }));
	});
});
await Promise.all(Array.from({ length: 40 }, async () => {
	while (next++ < Number(n)) await one();
}));
console.log("ready");
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
