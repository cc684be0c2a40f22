/*
 * The shape of the plugin ABI, as built plugins know it. A number here changes only together with the ABI's major version; a struct
 * grows at its end, and then a line is added here.
 */
#include "unit/cm.h"

#include <usher/channel.h>

#define AT(type, member, offset)                                                                   \
	_Static_assert(offsetof(struct type, member) == (offset), #type "." #member " has moved")
#define NO_PADDING(type, last)                                                                     \
	_Static_assert(sizeof(struct type) ==                                                      \
			       offsetof(struct type, last) + sizeof(((struct type *)NULL)->last),  \
		#type " ends in padding: a field added there would be read from old plugins")

NO_PADDING(usher_inbound, again);
NO_PADDING(usher_outbound, lang);
NO_PADDING(usher_update, high_s);
NO_PADDING(usher_channel, reread);
NO_PADDING(usher_services, reread_done);
NO_PADDING(usher_option, help);
NO_PADDING(usher_part, size);

#if defined(__x86_64__) || defined(__aarch64__)
AT(usher_channel, abi_major, 8);
AT(usher_channel, options, 48);
AT(usher_channel, open, 56);
AT(usher_channel, ack, 72);
AT(usher_channel, send, 80);
AT(usher_channel, http, 104);
AT(usher_channel, stream, 136);
AT(usher_channel, health, 176);
AT(usher_channel, check, 184);
AT(usher_channel, option_size, 192);
AT(usher_channel, reread, 200);
AT(usher_inbound, thread, 24);
AT(usher_inbound, identity, 88);
AT(usher_inbound, text, 160);
AT(usher_inbound, parts, 224);
AT(usher_inbound, automatic, 296);
AT(usher_inbound, again, 304);
AT(usher_outbound, text, 104);
AT(usher_outbound, attempt, 184);
AT(usher_outbound, message, 192);
AT(usher_outbound, lang, 296);
AT(usher_update, seq, 32);
AT(usher_update, position, 120);
AT(usher_services, log, 16);
AT(usher_services, deliver, 64);
AT(usher_services, http_route, 160);
AT(usher_services, listen, 328);
AT(usher_services, blob_get, 464);
AT(usher_services, mail, 472);
AT(usher_services, remember_for, 496);
AT(usher_services, reread_done, 504);
#endif

static void test_words(void **state)
{
	(void)state;
	assert_int_equal(USHER_OK, 0);
	assert_int_equal(USHER_UNSURE, 4);
	assert_int_equal(USHER_SEEN, 4);
	assert_int_equal(USHER_BOUNCED, 3);
	assert_int_equal(USHER_CAP_THREADS, 64);
	assert_int_equal(USHER_STREAM_CLOSED, 4);
	assert_int_equal(USHER_UPDATE_SEEN, 6);
	assert_int_equal(USHER_UPDATE_EXPECTED, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_words) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
