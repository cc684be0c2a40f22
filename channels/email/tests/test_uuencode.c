/* Files inside text are found and taken out; what only looks like one stays. */
#include "cm.h"

#include "uuencode.h"

static void note(void *arg, const char *name, GByteArray *bytes)
{
	g_string_append_printf(arg, "%s=%.*s;", name, (int)bytes->len, (const char *)bytes->data);
	g_byte_array_unref(bytes);
}

static void check(const char *text, const char *want_text, const char *want_files)
{
	GString *t = g_string_new(text), *files = g_string_new(NULL);

	uuencode_take(t, note, files);
	assert_string_equal(t->str, want_text);
	assert_string_equal(files->str, want_files);
	g_string_free(files, TRUE);
	g_string_free(t, TRUE);
}

static void files_are_taken_out(void **state)
{
	(void)state;
	check("see below\n\nbegin 644 a.txt\n#0V%T\n`\nend\nbye\n", "see below\n\nbye\n",
		"a.txt=Cat;");
	check("begin 0644 my file.txt\r\n%:&5L;&\\\r\n \r\nend\r\n", "", "my file.txt=hello;");
	check("begin 644 a\n#0V%T\n`\nend\nbetween\nbegin 755 b\n#1&]G\n`\nend\n", "between\n",
		"a=Cat;b=Dog;");
	check("begin 644 empty\n`\nend\n", "", "empty=;");
}

static void words_stay(void **state)
{
	static const char *const texts[] = { "begin with this\nend\n", "begin 644 a.txt\n#0V%T\n",
		"begin 644 a.txt\nThis is no file, as anybody sees\nend\n", "begin 9 x\nend\n",
		"begin 644 \nend\n", "", "begin 644 a.txt" };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		check(texts[i], texts[i], "");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(files_are_taken_out),
		cmocka_unit_test(words_stay) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
