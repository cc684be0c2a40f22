/* Classifying: any pattern compiles or says why, any message ends soon, and what is said to match lies in the message. */
#include "base/assert.h"
#include "text/classify.h"

static const char *const words[] = { "card", "credit card", "не работает", "жалоба" };

static void read_message(struct classifier *c, size_t rules, struct slice text)
{
	struct classify_hit hit, again;

	classify_begin(c, SLICE("subject"), text, SLICE("ru"));
	for (size_t i = 0; i < rules; i++) {
		bool first = classify_matches(c, i, &hit);
		ASSERT(first == classify_matches(c, i, &again));
		ASSERT(!first || slice_equal(hit.said, again.said));
	}
}

/* The first line is a pattern, the rest a message. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_make(data, size);
	struct slice source = slice_cut(&rest, '\n');
	struct classifier *c = classifier_new();
	size_t by_word = classifier_rule(c), by_pattern = classifier_rule(c);
	struct err err = { 0 };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		ASSERT(classifier_word(c, by_word, slice_of(words[i]), &err) == 0);
	(void)classifier_word(c, by_pattern, rest, &err);
	if (classifier_pattern(c, by_pattern, source, &err) == 0)
		read_message(c, 2, rest);
	classifier_free(&c);
	return 0;
}
