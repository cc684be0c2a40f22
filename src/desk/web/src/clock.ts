/* The server's time, once a second, as a signal: waits and deadlines are drawn from it. */
import { signal } from "@preact/signals";
import { skew_ms } from "./connection";

export const now_ms = signal(Date.now());
setInterval(() => (now_ms.value = Date.now() + skew_ms.peek()), 1000);
export const serverNow_ms = () => Date.now() + skew_ms.peek();
