/*
 * The table of keys. Order matters where one key's value names another's (kinds and calendars before queues,
 * queues before channels). Read by section.c; never does anything itself but print.
 */
#include "app/schema.h"

#include "model/limits.h"

#define AT(type, member) offsetof(struct type, member)
#define DAY_S		 86400
#define NAMED(list, count, part, element)                                                          \
	.type = VALUE_NAMED, .at = AT(config, list), .also = AT(config, count), .sub = part,       \
	.size = sizeof(struct element), .fallback = ""

#define SECTION_TEXT(name, text) text,
const char *const section_words[] = { SECTIONS(SECTION_TEXT) };
#define VALUE_TYPE_TEXT(name, text) text,
const char *const value_words[] = { VALUE_TYPES(VALUE_TYPE_TEXT) };

const struct key keys[] = {
	{ SECTION_TOP, "domain", VALUE_NAME, AT(config, domain), .fallback = "main",
		.help = "one independent contact center; all its state in Redis is under this "
			"name" },
	{ SECTION_TOP, "node", VALUE_NAME, AT(config, node), .fallback = "n1",
		.help = "this process among those of the domain" },
	{ SECTION_TOP, "data", VALUE_TEXT, AT(config, data_dir), .fallback = "./data",
		.help = "directory of everything kept on disk; made when missing" },
	{ SECTION_TOP, "redis", VALUE_REDIS, AT(config, redis), .fallback = "managed",
		.help = "managed: a private redis-server is started and stopped with usherd" },
	{ SECTION_TOP, "redis_ca", VALUE_TEXT, AT(config, redis_ca), .fallback = "",
		.help = "file of certificates for rediss://; without it the system's" },
	{ SECTION_TOP, "durability", VALUE_CHOICE, AT(config, durability_relaxed),
		.fallback = "strict", .choices = "strict relaxed",
		.help = "strict: acknowledged means on disk; relaxed: as Redis is configured" },
	{ SECTION_TOP, "listen", VALUE_SECTION, .sub = SECTION_LISTEN, .fallback = "",
		.help = "where usherd listens" },
	{ SECTION_LISTEN, "http", VALUE_ADDRESS, AT(config, http_listen),
		.fallback = "127.0.0.1:8080", .help = "desk, API and the channels' pages" },
	{ SECTION_LISTEN, "admin", VALUE_ADDRESS, AT(config, admin_listen),
		.fallback = "127.0.0.1:9180",
		.help = "/metrics, /livez, /readyz; not for the public" },
	{ SECTION_TOP, "tls", VALUE_SECTION, .sub = SECTION_TLS, .fallback = "",
		.help = "TLS of listen.http" },
	{ SECTION_TLS, "cert", VALUE_TEXT, AT(config, tls_cert), .fallback = "",
		.help = "file of the certificate chain (PEM)" },
	{ SECTION_TLS, "key", VALUE_TEXT, AT(config, tls_key), .fallback = "",
		.help = "file of its private key (PEM)" },
	{ SECTION_TOP, "public_url", VALUE_URL, AT(config, public_url), .fallback = "",
		.help = "how people reach listen.http; without it http://ADDRESS" },
	{ SECTION_TOP, "trusted_proxies", VALUE_TEXTS, AT(config, trusted_proxies),
		AT(config, trusted_proxy_count), .fallback = "",
		.help = "addresses whose X-Forwarded-For is believed" },
	{ SECTION_TOP, "web_dir", VALUE_TEXT, AT(config, web_dir), .fallback = "",
		.help = "built browser halves; without it beside the program" },
	{ SECTION_TOP, "plugin_dir", VALUE_TEXT, AT(config, plugin_dir), .fallback = "",
		.help = "channel plugins; without it beside the program" },
	{ SECTION_TOP, "desk", VALUE_SECTION, .sub = SECTION_DESK, .fallback = "",
		.help = "agents and supervisors" },
	{ SECTION_DESK, "brand", VALUE_TEXT, AT(config, brand), .fallback = "usher",
		.help = "name shown at the desk" },
	{ SECTION_DESK, "language", VALUE_CHOICE, AT(config, language), .fallback = "en",
		.choices = "en ru", .help = "of the desk, until a person chooses another" },
	{ SECTION_DESK, "grace", VALUE_SECONDS, AT(config, grace_s), .fallback = "30s",
		.most = DAY_S, .help = "a desk that is gone for longer returns its live work" },
	{ SECTION_DESK, "miss_limit", VALUE_NUMBER, AT(config, miss_limit), .fallback = "3",
		.least = 1, .most = 100,
		.help = "offers missed in a row until the presence is not-responding" },
	{ SECTION_DESK, "decline_cooldown", VALUE_SECONDS, AT(config, decline_cooldown_s),
		.fallback = "60s", .least = 1, .most = DAY_S,
		.help = "after a decline or miss: no offer of the same conversation; doubles to 10 "
			"minutes" },
	{ SECTION_DESK, "units", VALUE_NUMBER, AT(config, units), .fallback = "100", .least = 1,
		.most = 100000,
		.help = "what an agent can hold at once; kinds say what one costs" },
	{ SECTION_DESK, "language_skill", VALUE_BOOL, AT(config, language_skill), .fallback = "no",
		.help = "require the skill lang:xx when the language of a message is known" },
	{ SECTION_TOP, "kinds", NAMED(kinds, kind_count, SECTION_KIND, kind),
		.help = "kinds of channels and what one conversation costs an agent" },
	{ SECTION_KIND, "cost", VALUE_NUMBER, AT(kind, cost), .most = 100000, .least = 0,
		.help = "units while the agent owes the next word" },
	{ SECTION_KIND, "cost_pending", VALUE_NUMBER, AT(kind, cost_pending), .fallback = "",
		.most = 100000, .help = "units while the customer owes it; without it `cost`" },
	{ SECTION_KIND, "max", VALUE_NUMBER, AT(kind, max), .fallback = "100", .least = 1,
		.most = 10000, .help = "conversations of this kind an agent may hold" },
	{ SECTION_KIND, "offer", VALUE_SECONDS, AT(kind, offer_s), .fallback = "60s", .least = 1,
		.most = DAY_S, .help = "time to accept" },
	{ SECTION_KIND, "live", VALUE_BOOL, AT(kind, live), .fallback = "no",
		.help = "the customer waits at the other end: returned when the agent is lost" },
	{ SECTION_TOP, "calendars", VALUE_CALENDARS, .sub = SECTION_CALENDAR, .fallback = "",
		.help = "business hours" },
	{ SECTION_CALENDAR, "zone", VALUE_TEXT, AT(calendar_spec, zone), .fallback = "UTC",
		.help = "time zone (Europe/Moscow)" },
	{ SECTION_CALENDAR, "hours", VALUE_TREE, AT(calendar_spec, hours),
		.help = "by day: {mon-fri: \"09:00-13:00, 14:00-18:00\", sat: \"10:00-15:00\"}" },
	{ SECTION_CALENDAR, "holidays", VALUE_TREE, AT(calendar_spec, holidays), .fallback = "",
		.help = "dates that are closed: [2027-01-01]" },
	{ SECTION_CALENDAR, "ics", VALUE_TEXT, AT(calendar_spec, ics), .fallback = "",
		.help = "file of holidays (iCalendar); each day of an event is closed" },
	{ SECTION_TOP, "queues", NAMED(queues, queue_count, SECTION_QUEUE, queue),
		.help = "lines of waiting conversations" },
	{ SECTION_QUEUE, "title", VALUE_TEXT, AT(queue, title), .fallback = "",
		.help = "for people; without it the name" },
	{ SECTION_QUEUE, "skills", VALUE_FIRST_STAGE, .fallback = "",
		.help = "what an agent must have, each from 0 to 100" },
	{ SECTION_QUEUE, "relax", VALUE_STAGES, .sub = SECTION_RELAX, .fallback = "",
		.help = "asks for less after a while; each stage only widens" },
	{ SECTION_RELAX, "after", VALUE_SECONDS, AT(stage, after_s), .least = 1,
		.most = 365 * DAY_S, .help = "since the arrival" },
	{ SECTION_RELAX, "skills", VALUE_SKILLS, AT(stage, need), AT(stage, need_count),
		.help = "what is required from then on; {} for nothing" },
	{ SECTION_QUEUE, "prefer", VALUE_SKILLS, AT(queue, prefer), AT(queue, prefer_count),
		.fallback = "",
		.help = "skills that make an agent the better choice, with weights" },
	{ SECTION_QUEUE, "strategy", VALUE_WORD, AT(queue, strategy), .fallback = "longest-idle",
		.words = strategy_words, .help = "which of the fitting agents" },
	{ SECTION_QUEUE, "target", VALUE_SECONDS, AT(queue, target_s), .fallback = "20s",
		.most = 365 * DAY_S, .help = "service level: answered within" },
	{ SECTION_QUEUE, "answer", VALUE_SECONDS, AT(queue, answer_s), .fallback = "0",
		.most = 365 * DAY_S,
		.help = "accepted but no reply for so long: returned; 0: never" },
	{ SECTION_QUEUE, "wrapup", VALUE_SECONDS, AT(queue, wrapup_s), .fallback = "0",
		.most = DAY_S, .help = "after resolving, before the units are free" },
	{ SECTION_QUEUE, "sticky", VALUE_SECONDS, AT(queue, sticky_s), .fallback = "24h",
		.most = 365 * DAY_S, .help = "a reopened one goes to its last agent for so long" },
	{ SECTION_QUEUE, "close", VALUE_SECONDS, AT(queue, close_s), .fallback = "72h", .least = 1,
		.most = 365 * DAY_S, .help = "resolved for so long: closed" },
	{ SECTION_QUEUE, "length", VALUE_NUMBER, AT(queue, length_max), .fallback = "0",
		.most = 100000000, .help = "most conversations waiting; 0: no limit" },
	{ SECTION_QUEUE, "hours", VALUE_CALENDAR, AT(queue, hours), .fallback = "",
		.help = "calendar; without it always open" },
	{ SECTION_QUEUE, "greeting", VALUE_TEXT, AT(queue, greeting), .fallback = "",
		.most = MESSAGE_TEXT_MAX, .help = "said when a live conversation starts" },
	{ SECTION_QUEUE, "away", VALUE_TEXT, AT(queue, away_text), .fallback = "",
		.most = MESSAGE_TEXT_MAX, .help = "said when the queue is closed" },
	{ SECTION_TOP, "segments", NAMED(segments, segment_count, SECTION_SEGMENT, segment),
		.help = "classes of service; the first that matches" },
	{ SECTION_SEGMENT, "title", VALUE_TEXT, AT(segment, title), .fallback = "",
		.help = "for people; without it the name" },
	{ SECTION_SEGMENT, "offset", VALUE_OFFSET, AT(segment, offset_s), .fallback = "0",
		.least = -365 * DAY_S, .most = 365 * DAY_S,
		.help = "added to the arrival in the order; negative: a head start" },
	{ SECTION_SEGMENT, "target", VALUE_SECONDS, AT(segment, target_s), .fallback = "0",
		.most = 365 * DAY_S, .help = "service level of this segment; 0: the queue's" },
	{ SECTION_SEGMENT, "match", VALUE_SECTION, .sub = SECTION_MATCH, .fallback = "",
		.help = "who belongs to it; without it everybody" },
	{ SECTION_MATCH, "domains", VALUE_TEXTS, AT(segment, domains), AT(segment, domain_count),
		.fallback = "", .help = "of the email address" },
	{ SECTION_MATCH, "addresses", VALUE_TEXTS, AT(segment, addresses),
		AT(segment, address_count), .fallback = "", .help = "email addresses" },
	{ SECTION_MATCH, "field", VALUE_PAIR, AT(segment, hint_name), AT(segment, hint_value),
		.fallback = "", .help = "a form field or identity claim: {tier: premier}" },
	{ SECTION_TOP, "channels", NAMED(channels, channel_count, SECTION_CHANNEL, channel),
		.help = "ways in and out" },
	{ SECTION_CHANNEL, "plugin", VALUE_NAME, AT(channel, plugin),
		.help = "the program for it: email, chat, form ..." },
	{ SECTION_CHANNEL, "title", VALUE_TEXT, AT(channel, title), .fallback = "",
		.help = "for people; without it the name" },
	{ SECTION_CHANNEL, "kind", VALUE_KIND, AT(channel, kind),
		.help = "what it costs an agent" },
	{ SECTION_CHANNEL, "queue", VALUE_QUEUE, AT(channel, queue),
		.help = "where its conversations wait unless a rule says otherwise" },
	{ SECTION_CHANNEL, "skills", VALUE_SKILLS, AT(channel, skills), AT(channel, skill_count),
		.fallback = "", .help = "required besides the queue's" },
	{ SECTION_CHANNEL, "try", VALUE_TEXT, AT(channel, try_text), .fallback = "",
		.help = "how to try it by hand; printed when usherd is ready" },
	{ SECTION_CHANNEL, "options", VALUE_OPTIONS, AT(channel, options),
		AT(channel, option_count), .fallback = "",
		.help = "the plugin's own; its README has them" },
	{ SECTION_TOP, "rules", .type = VALUE_LIST, .at = AT(config, rules),
		.also = AT(config, rule_count), .sub = SECTION_RULE, .size = sizeof(struct rule),
		.fallback = "",
		.help = "another queue or more skills by a field; the first that matches" },
	{ SECTION_RULE, "channel", VALUE_CHANNEL, AT(rule, channel), .fallback = "",
		.help = "only there; without it on every channel" },
	{ SECTION_RULE, "field", VALUE_PAIR, AT(rule, hint_name), AT(rule, hint_value),
		.help = "the field and its value: {topic: cards}" },
	{ SECTION_RULE, "queue", VALUE_QUEUE, AT(rule, queue), .fallback = "",
		.help = "then this queue" },
	{ SECTION_RULE, "skills", VALUE_SKILLS, AT(rule, skills), AT(rule, skill_count),
		.fallback = "", .help = "and these skills besides" },
	{ SECTION_TOP, "people", NAMED(people, person_count, SECTION_PERSON, person),
		.help = "users to make on the first start of a data directory" },
	{ SECTION_PERSON, "name", VALUE_TEXT, AT(person, name), .fallback = "",
		.help = "shown to customers and colleagues; without it the log-in name" },
	{ SECTION_PERSON, "role", VALUE_WORD, AT(person, role), .fallback = "agent",
		.words = role_words, .help = "what they may do" },
	{ SECTION_PERSON, "skills", VALUE_SKILL_TEXT, AT(person, skills), .fallback = "",
		.help = "what they know, each from 0 to 100" },
	{ SECTION_PERSON, "units", VALUE_NUMBER, AT(person, units), .fallback = "0", .most = 100000,
		.help = "what they can hold at once; 0: desk.units" },
};
const size_t key_count = sizeof(keys) / sizeof(*keys);

static void print_choices(const struct key *k, struct str *out)
{
	if (k->choices)
		str_addf(out, " %s", k->choices);
	for (size_t i = 1; k->words && k->words[i]; i++)
		str_addf(out, " %s", k->words[i]);
}

void schema_print(struct str *out)
{
	for (size_t i = 0; i < key_count; i++) {
		const struct key *k = &keys[i];
		str_addf(out, "%s%s\n    %s\n    %s", section_words[k->in], k->name, k->help,
			value_words[k->type]);
		print_choices(k, out);
		if (!k->fallback)
			str_add_text(out, "; required\n");
		else if (*k->fallback)
			str_addf(out, "; default %s\n", k->fallback);
		else
			str_add_char(out, '\n');
	}
}
