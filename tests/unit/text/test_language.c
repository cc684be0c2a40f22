#include "unit/cm.h"

#include "text/language.h"

static void knows_two_languages_and_says_when_it_does_not(void **state)
{
	static const char *const cases[][2] = {
		{ "ru", "Здравствуйте! Подскажите, пожалуйста, когда придёт мой заказ №1234?" },
		{ "ru", "Привет" },
		{ "ru", "Не работает карта Visa, ошибка Payment declined" },
		{ "ru", "ДОБРЫЙ ДЕНЬ, ГДЕ МОЯ ПОСЫЛКА" },
		{ "en", "Hello, my card does not work, can you please help?" },
		{ "en", "Where is my order?" },
		{ "en", "Hi"
			"  there!" },
		{ "en", "I can’t log in with my password" },
		{ "", "" },
		{ "", "12345 :-) 100%" },
		{ "", "ok" },
		{ "", "Ich kann mich nicht anmelden, bitte helfen Sie mir mit der Karte" },
		{ "", "Bonjour, je ne peux pas payer avec ma carte, merci" },
		{ "", "Hola, no puedo entrar en mi cuenta, gracias por la ayuda" },
		{ "", "Доброго дня, коли прийде моє замовлення? Дякую, чекаю на відповідь" },
		{ "", "Здравейте, кога ще пристигне поръчката ми? Искам да върна продукта." },
		{ "", "你好，我的订单在哪里？" },
		{ "", "lorem ipsum dolor sit amet consectetur" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice got = text_language(slice_of(cases[i][1]));
		if (!slice_is(got, cases[i][0]))
			print_error("'%s': %.*s\n", cases[i][1], SLICE_ARG(got));
		assert_slice_is(got, cases[i][0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
		knows_two_languages_and_says_when_it_does_not) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
