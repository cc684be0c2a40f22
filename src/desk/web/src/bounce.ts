/*
 * What a mail server's refusal means, from its enhanced status code (RFC 3463) where there is one, else from the plain one. A code that is not
 * here is shown as the server wrote it.
 */
import { t } from "./i18n";
import type { Key } from "./strings";

const meanings: [RegExp, Key][] = [
	[/^[45]\.1\.[012389]$/, "bounce.address"],
	[/^[45]\.1\.10$/, "bounce.domain"],
	[/^[45]\.1\.6$/, "bounce.moved"],
	[/^[45]\.2\.1$/, "bounce.disabled"],
	[/^[45]\.2\.2$/, "bounce.full"],
	[/^[45]\.(2\.3|3\.4)$/, "bounce.size"],
	[/^[45]\.4\.7$/, "bounce.time"],
	[/^[45]\.4\.\d+$/, "bounce.route"],
	[/^[45]\.6\.\d+$/, "bounce.content"],
	[/^[45]\.7\.(2[0-9]|8|9)$/, "bounce.auth"],
	[/^[45]\.7\.\d+$/, "bounce.policy"],
];

/** Words for "550 5.1.1 <x@y>: no such user", or "" when the code says nothing. */
export function meaning(why: string): string {
	const code = /\b[45]\.\d{1,3}\.\d{1,3}\b/.exec(why)?.[0];
	const known = code && meanings.find(([pattern]) => pattern.test(code));
	if (known) return t(known[1]);
	return !code && /^(550|551|553)\b/.test(why) ? t("bounce.address") : "";
}
