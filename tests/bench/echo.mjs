// A bare WebSocket echo and a bare HTTP server of npm `ws` and Node: the peers. node echo.mjs PORT
import http from "node:http";
import { WebSocketServer } from "ws";

const server = http.createServer((request, response) => {
	request.resume();
	request.on("end", () => {
		response.writeHead(201, { "Content-Type": "application/json" });
		response.end('{"id":"0"}');
	});
});
const wss = new WebSocketServer({ server, perMessageDeflate: false });
wss.on("connection", (ws) => ws.on("message", (data) => ws.send(data.toString())));
server.listen(Number(process.argv[2]), "127.0.0.1", () => console.log("ready"));
