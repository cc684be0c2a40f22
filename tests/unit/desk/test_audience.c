/* Who hears of what: each kind of news against each kind of listener. */
#include "unit/cm.h"

#include "desk/audience.h"

static struct map nothing, watching;
static const struct id conv = { 1, 2 };

struct row {
	enum effect_type type;
	const char *agent, *owner, *before;
	const char *hear; /* of: owner "ann", other "bo", overseer "sue", watcher "sam" */
};
static const struct row rows[] = {
	{ EFFECT_OFFER, "ann", "", "", "ann" },
	{ EFFECT_OFFER_ENDED, "ann", "", "", "ann" },
	{ EFFECT_MESSAGE, "", "ann", "", "ann sam" },
	{ EFFECT_MESSAGE, "bo", "ann", "", "ann bo sam" },
	{ EFFECT_MESSAGE, "", "", "", "sam" },
	{ EFFECT_CONV, "", "ann", "", "ann sue sam" },
	{ EFFECT_CONV, "", "ann", "bo", "ann bo sue sam" },
	{ EFFECT_CONV, "bo", "", "ann", "ann sue sam" },
	{ EFFECT_RECEIPT, "", "ann", "", "ann sam" },
	{ EFFECT_CARD, "", "ann", "", "ann sam" },
	{ EFFECT_AGENT, "ann", "", "", "ann bo sue sam" },
	{ EFFECT_QUEUE, "", "", "", "ann bo sue sam" },
	{ EFFECT_POSITION, "", "", "", "" },
	{ EFFECT_ANSWER, "ann", "ann", "", "" },
};

static void table(void **state)
{
	static const char *const names[] = { "ann", "bo", "sue", "sam" };
	(void)state;
	map_put(&watching, slice_make(&conv, sizeof(conv)), &watching);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char heard[64] = "";
		struct effect ef = { .type = rows[i].type,
			.conv = conv,
			.agent = slice_of(rows[i].agent),
			.owner = slice_of(rows[i].owner) };
		for (size_t k = 0; k < 4; k++) {
			struct audience a = { .agent = slice_of(names[k]),
				.oversees = k == 2,
				.watched = k == 3 ? &watching : &nothing };
			if (!audience_hears(&a, &ef, slice_of(rows[i].before)))
				continue;
			strcat(heard, *heard ? " " : "");
			strcat(heard, names[k]);
		}
		if (strcmp(heard, rows[i].hear) != 0)
			fail_msg("row %zu (%s): heard by \"%s\"", i, effect_words[rows[i].type],
				heard);
	}
	map_free(&watching);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(table) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
