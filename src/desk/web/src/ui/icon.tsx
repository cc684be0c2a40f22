/* The small set of pictures, drawn on a grid of 20 with one pen. Decorative: the words beside them speak. */
const paths = {
	mail: "M3 5.5h14v9.5H3zM3.4 6l6.6 5 6.6-5",
	chat: "M4 4h12a1.5 1.5 0 0 1 1.5 1.5v6A1.5 1.5 0 0 1 16 13H9l-4 3.5V13H4a1.5 1.5 0 0 1-1.5-1.5v-6A1.5 1.5 0 0 1 4 4zM6.5 7.2h7M6.5 9.8h4.5",
	form: "M5 2.5h10v15H5zM7.5 6.5h5M7.5 9.5h5M7.5 13h2.5",
	phone: "M5.5 3h2.3l1.2 3.6-1.8 1.2a9.5 9.5 0 0 0 4.9 4.9l1.2-1.8 3.7 1.2v2.3A1.6 1.6 0 0 1 15.4 16 12.4 12.4 0 0 1 3.9 4.6 1.6 1.6 0 0 1 5.5 3z",
	inbox: "M3 11.5 5 4h10l2 7.5V16H3zM3 11.5h4l1 2h4l1-2h4",
	star: "m10 2.8 2.2 4.6 5 .7-3.6 3.5.9 5L10 14.2l-4.5 2.4.9-5L2.8 8.1l5-.7z",
	check: "m4 10.5 4 4 8-9",
	clock: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 6.2V10l2.6 1.8",
	alert: "M10 3 17.5 16h-15zM10 8v3.6M10 13.6v.4",
	user: "M10 3.2a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4zM3.8 17c.4-3.4 2.8-5 6.2-5s5.800 1.600 6.200 5",
	note: "M4 3.500h12v8.500l-4.500 4.500H4zM16 12h-4.500v4.500M7 7h6M7 10h3",
	reply: "M8 5 3.500 9.500 8 14M3.500 9.500H11c3.500 0 5.500 1.800 5.500 5.500",
	send: "M3 4.200 17.500 10 3 15.800 5 10zM5 10h7",
	clip: "m15.500 9.500-5.700 5.700a3.300 3.300 0 0 1-4.700-4.700l6.400-6.400a2.200 2.200 0 0 1 3.100 3.100l-6.300 6.300a1.100 1.100 0 0 1-1.600-1.600l5.300-5.300",
	file: "M5 2.500h6.500L15 6v11.500H5zM11.500 2.500V6H15",
	transfer: "M3 7h12M12 3.800 15.200 7 12 10.200M17 13H5M8 9.800 4.800 13 8 16.200",
	close: "M5 5l10 10M15 5 5 15",
	down: "m5 7.500 5 5 5-5",
	search: "M8.800 3.500a5.300 5.300 0 1 0 0 10.600 5.300 5.300 0 0 0 0-10.600zM12.700 12.700 17 17",
	gear: "M3 6h6M13 6h4M3 14h3M10 14h7M11 4v4M8 12v4",
	keys: "M2.500 5.500h15v9h-15zM5.500 8.500h.1M8.500 8.500h.1M11.500 8.500h.1M14.500 8.500h.1M6 11.800h8",
	pause: "M7 4.500v11M13 4.500v11",
	play: "M6 4l10 6-10 6z",
	verified: "M10 2.500 16 5v4.500c0 4-2.500 6.500-6 8-3.500-1.500-6-4-6-8V5zM7.200 10l2 2 3.600-4",
	retry: "M15.500 6.500A6.500 6.500 0 1 0 16.500 11M15.800 3v3.800H12",
	question: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM7.900 8.200c.1-1.300 1-2 2.200-2s2.100.8 2.100 1.900c0 1.500-2 1.700-2.100 3.200M10.100 13.500v.2",
	out: "M12 4H4.500v12H12M8.500 10h8.500M14 7l3 3-3 3",
	left: "M12 4.500 6.500 10l5.500 5.500",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
	return (
		<svg class="icon" viewBox="0 0 20 20" width={size} height={size} aria-hidden="true" focusable="false">
			<path d={paths[name]} />
		</svg>
	);
}

/** The picture of a kind of channel, from its kind or its name. */
export function channelIcon(kind: string | null | undefined, channel: string): IconName {
	const s = `${kind ?? ""} ${channel}`.toLowerCase();
	if (/mail|support@/.test(s)) return "mail";
	if (/chat|messenger|telegram|whatsapp/.test(s)) return "chat";
	if (/form|contact/.test(s)) return "form";
	if (/phone|voice|call/.test(s)) return "phone";
	return "inbox";
}
