/* Several senders make their first mail at the same moment. A program of its own: the first use is once a process. */
#include "cm.h"

#include <pthread.h>
#include <string.h>

#include "build.h"

enum { THREADS = 8 };

static pthread_barrier_t gate;

static void *build(void *arg)
{
	struct letter_config config = { .from_name = g_strdup("Demo"),
		.from_address = g_strdup("support@demo.test"),
		.mailbox = g_strdup("support@demo.test") };
	struct letter *l = letter_new();
	GByteArray *bytes;

	(void)arg;
	l->id = g_strdup("01K94F3NM0ZZZZZZZZZZZZZZZZ");
	l->conv = g_strdup("01K94F3NM0ABCDEFGHJKMNPQRS");
	l->to = g_strdup("ann@example.org");
	l->envelope = g_strdup("ann@example.org");
	l->subject = g_strdup("hello");
	l->text = g_strdup("hello");
	l->html = g_strdup("");
	l->in_reply_to = g_strdup("");
	pthread_barrier_wait(&gate);
	bytes = letter_build(l, &config);
	letter_free(l);
	g_free(config.from_name);
	g_free(config.from_address);
	g_free(config.mailbox);
	return bytes;
}

static void the_first_ones_do_not_meet(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	g_log_set_always_fatal(G_LOG_LEVEL_WARNING | G_LOG_LEVEL_CRITICAL | G_LOG_FLAG_FATAL);
	assert_int_equal(pthread_barrier_init(&gate, NULL, THREADS), 0);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, build, NULL), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		void *bytes = NULL;
		assert_int_equal(pthread_join(threads[i], &bytes), 0);
		g_byte_array_append(bytes, (const guint8 *)"", 1);
		assert_non_null(strstr((const char *)((GByteArray *)bytes)->data, "Subject: "
										  "hello"));
		g_byte_array_unref(bytes);
	}
	pthread_barrier_destroy(&gate);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_first_ones_do_not_meet) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
