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
NO_PADDING(usher_outbound, quoted_html);
NO_PADDING(usher_update, high_s);
NO_PADDING(usher_channel, reloaded);
NO_PADDING(usher_services, refuses);
NO_PADDING(usher_news, lang);
NO_PADDING(usher_option, help);
NO_PADDING(usher_part, size);

/* Every member of 1.0. */
#if defined(__x86_64__) || defined(__aarch64__)
AT(usher_str, p, 0);
AT(usher_str, n, 8);
AT(usher_pair, name, 0);
AT(usher_pair, value, 16);
AT(usher_part, name, 0);
AT(usher_part, type, 16);
AT(usher_part, blob, 32);
AT(usher_part, cid, 48);
AT(usher_part, size, 64);
AT(usher_inbound, size, 0);
AT(usher_inbound, dedup, 8);
AT(usher_inbound, thread, 24);
AT(usher_inbound, refs, 40);
AT(usher_inbound, refs_count, 48);
AT(usher_inbound, also, 56);
AT(usher_inbound, also_count, 64);
AT(usher_inbound, identity_kind, 72);
AT(usher_inbound, identity, 88);
AT(usher_inbound, verified, 104);
AT(usher_inbound, name, 112);
AT(usher_inbound, to, 128);
AT(usher_inbound, subject, 144);
AT(usher_inbound, text, 160);
AT(usher_inbound, quoted, 176);
AT(usher_inbound, html, 192);
AT(usher_inbound, lang, 208);
AT(usher_inbound, parts, 224);
AT(usher_inbound, parts_count, 232);
AT(usher_inbound, hints, 240);
AT(usher_inbound, hints_count, 248);
AT(usher_inbound, raw, 256);
AT(usher_inbound, quarantine, 272);
AT(usher_inbound, sent_us, 288);
AT(usher_inbound, automatic, 296);
AT(usher_inbound, again, 304);
AT(usher_outbound, size, 0);
AT(usher_outbound, id, 8);
AT(usher_outbound, conv, 24);
AT(usher_outbound, thread, 40);
AT(usher_outbound, to, 56);
AT(usher_outbound, from, 72);
AT(usher_outbound, subject, 88);
AT(usher_outbound, text, 104);
AT(usher_outbound, html, 120);
AT(usher_outbound, parts, 136);
AT(usher_outbound, parts_count, 144);
AT(usher_outbound, in_reply_to, 152);
AT(usher_outbound, refs, 168);
AT(usher_outbound, refs_count, 176);
AT(usher_outbound, attempt, 184);
AT(usher_outbound, automatic, 188);
AT(usher_outbound, message, 192);
AT(usher_outbound, envelope, 208);
AT(usher_outbound, cc, 224);
AT(usher_outbound, cc_count, 232);
AT(usher_outbound, quoted, 240);
AT(usher_outbound, quoted_from, 256);
AT(usher_outbound, quoted_at_us, 272);
AT(usher_outbound, signature, 280);
AT(usher_outbound, lang, 296);
AT(usher_outbound, quoted_html, 312);
AT(usher_update, size, 0);
AT(usher_update, what, 8);
AT(usher_update, thread, 16);
AT(usher_update, seq, 32);
AT(usher_update, at_us, 40);
AT(usher_update, from, 48);
AT(usher_update, dedup, 56);
AT(usher_update, name, 72);
AT(usher_update, text, 88);
AT(usher_update, parts, 104);
AT(usher_update, parts_count, 112);
AT(usher_update, position, 120);
AT(usher_update, low_s, 128);
AT(usher_update, high_s, 136);
AT(usher_option, key, 0);
AT(usher_option, type, 8);
AT(usher_option, fallback, 16);
AT(usher_option, least, 24);
AT(usher_option, most, 32);
AT(usher_option, choices, 40);
AT(usher_option, secret, 48);
AT(usher_option, help, 56);
AT(usher_services, size, 0);
AT(usher_services, abi_major, 8);
AT(usher_services, abi_minor, 12);
AT(usher_services, log, 16);
AT(usher_services, now_us, 24);
AT(usher_services, option, 32);
AT(usher_services, channel_name, 40);
AT(usher_services, public_url, 48);
AT(usher_services, random, 56);
AT(usher_services, deliver, 64);
AT(usher_services, sent, 72);
AT(usher_services, delivery, 80);
AT(usher_services, presence, 88);
AT(usher_services, catch_up, 96);
AT(usher_services, up, 104);
AT(usher_services, down, 112);
AT(usher_services, count, 120);
AT(usher_services, timer, 128);
AT(usher_services, timer_set, 136);
AT(usher_services, timer_clear, 144);
AT(usher_services, post, 152);
AT(usher_services, http_route, 160);
AT(usher_services, http_method, 168);
AT(usher_services, http_path, 176);
AT(usher_services, http_query, 184);
AT(usher_services, http_header, 192);
AT(usher_services, http_peer, 200);
AT(usher_services, http_read, 208);
AT(usher_services, http_pause, 216);
AT(usher_services, http_set, 224);
AT(usher_services, http_answer, 232);
AT(usher_services, http_problem, 240);
AT(usher_services, http_data, 248);
AT(usher_services, http_get_data, 256);
AT(usher_services, http_file, 264);
AT(usher_services, http_is_upgrade, 272);
AT(usher_services, ws_accept, 280);
AT(usher_services, ws_data, 288);
AT(usher_services, ws_send, 296);
AT(usher_services, ws_output, 304);
AT(usher_services, ws_close, 312);
AT(usher_services, ws_peer, 320);
AT(usher_services, listen, 328);
AT(usher_services, listen_pause, 336);
AT(usher_services, stream_data, 344);
AT(usher_services, stream_get_data, 352);
AT(usher_services, write, 360);
AT(usher_services, starttls, 368);
AT(usher_services, stream_is_tls, 376);
AT(usher_services, read_pause, 384);
AT(usher_services, deadline, 392);
AT(usher_services, hangup, 400);
AT(usher_services, stream_peer, 408);
AT(usher_services, remember, 416);
AT(usher_services, recall, 424);
AT(usher_services, blob_open, 432);
AT(usher_services, blob_write, 440);
AT(usher_services, blob_finish, 448);
AT(usher_services, blob_drop, 456);
AT(usher_services, blob_get, 464);
AT(usher_services, mail, 472);
AT(usher_services, rate, 480);
AT(usher_services, is_open, 488);
AT(usher_services, remember_for, 496);
AT(usher_services, reread_done, 504);
AT(usher_services, picture_get, 520);
AT(usher_services, refuses, 536);
AT(usher_channel, size, 0);
AT(usher_channel, abi_major, 8);
AT(usher_channel, abi_minor, 12);
AT(usher_channel, name, 16);
AT(usher_channel, version, 24);
AT(usher_channel, capabilities, 32);
AT(usher_channel, text_max, 36);
AT(usher_channel, parts_max, 40);
AT(usher_channel, options, 48);
AT(usher_channel, open, 56);
AT(usher_channel, close, 64);
AT(usher_channel, ack, 72);
AT(usher_channel, send, 80);
AT(usher_channel, update, 88);
AT(usher_channel, caught_up, 96);
AT(usher_channel, http, 104);
AT(usher_channel, http_body, 112);
AT(usher_channel, http_gone, 120);
AT(usher_channel, ws, 128);
AT(usher_channel, stream, 136);
AT(usher_channel, remembered, 144);
AT(usher_channel, recalled, 152);
AT(usher_channel, blob_done, 160);
AT(usher_channel, blob_got, 168);
AT(usher_channel, health, 176);
AT(usher_channel, check, 184);
AT(usher_channel, option_size, 192);
AT(usher_channel, reread, 200);
/* And of 1.1. */
AT(usher_services, http_each_header, 512);
AT(usher_services, tell, 528);
AT(usher_news, size, 0);
AT(usher_news, what, 8);
AT(usher_news, how, 12);
AT(usher_news, seq, 16);
AT(usher_news, dedup, 24);
AT(usher_news, thread, 40);
AT(usher_news, message, 56);
AT(usher_news, remote, 72);
AT(usher_news, channel, 88);
AT(usher_news, to, 104);
AT(usher_news, subject, 120);
AT(usher_news, text, 136);
AT(usher_news, lang, 152);
/* And of 1.2. */
AT(usher_channel, reloaded, 208);
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
