/* Replies as mail programs write them: name, text, and the three parts that a reader wants. */
#include "unit/cm.h"

#include "text/quote.h"

struct example {
	const char *name, *text, *fresh, *signature, *quoted;
};

static const struct example examples[] = {
	{ "nothing quoted", "Hello,\n\nwhere is my order?\n", "Hello,\n\nwhere is my order?", "",
		"" },
	{ "empty", "", "", "", "" },
	{ "gmail en",
		"Thanks!\n\nOn Mon, Nov 3, 2025 at 10:00 AM Support <support@demo.test> "
		"wrote:\n\n> Hello\n> there\n",
		"Thanks!", "",
		"On Mon, Nov 3, 2025 at 10:00 AM Support <support@demo.test> wrote:\n\n> Hello\n> "
		"there" },
	{ "gmail en, wrapped",
		"Thanks!\nOn Mon, Nov 3, 2025 at 10:00 AM Support of "
		"Demo\n<support@demo.test>\nwrote:\n> Hello",
		"Thanks!", "",
		"On Mon, Nov 3, 2025 at 10:00 AM Support of Demo\n<support@demo.test>\nwrote:\n> "
		"Hello" },
	{ "gmail ru",
		"Спасибо\n\nпн, 3 нояб. 2025 г. в 10:00, Support <support@demo.test>:\n\n> Добрый "
		"день\n",
		"Спасибо", "",
		"пн, 3 нояб. 2025 г. в 10:00, Support <support@demo.test>:\n\n> Добрый день" },
	{ "gmail ru, wrapped",
		"Спасибо\n\nпн, 3 нояб. 2025 г. в 10:00, Служба "
		"поддержки\n<support@demo.test>:\n\n> Да\n",
		"Спасибо", "",
		"пн, 3 нояб. 2025 г. в 10:00, Служба поддержки\n<support@demo.test>:\n\n> Да" },
	{ "gmail ru, old",
		"Ок\n\n3 ноября 2025 г., 10:00 пользователь X <x@y.test> написал:\n\n> а", "Ок", "",
		"3 ноября 2025 г., 10:00 пользователь X <x@y.test> написал:\n\n> а" },
	{ "apple mail en",
		"Yes.\n\n> On 3 Nov 2025, at 10:00, Support <s@demo.test> wrote:\n> \n> Is it?\n",
		"Yes.", "",
		"> On 3 Nov 2025, at 10:00, Support <s@demo.test> wrote:\n> \n> Is it?" },
	{ "apple mail ru",
		"Да.\n\n> 3 нояб. 2025 г., в 10:00, Support <s@demo.test> написал(а):\n> \n> "
		"Так?\n",
		"Да.", "",
		"> 3 нояб. 2025 г., в 10:00, Support <s@demo.test> написал(а):\n> \n> Так?" },
	{ "iphone en",
		"Ok\n\nSent from my iPhone\n\n> On Nov 3, 2025, at 10:00 AM, S <s@demo.test> "
		"wrote:\n> \n> x\n",
		"Ok", "Sent from my iPhone",
		"> On Nov 3, 2025, at 10:00 AM, S <s@demo.test> wrote:\n> \n> x" },
	{ "iphone ru",
		"Жду звонка\n\nОтправлено с iPhone\n\n> 3 нояб. 2025 г., в 10:00, S <s@demo.test> "
		"написал(а):\n> x\n",
		"Жду звонка", "Отправлено с iPhone",
		"> 3 нояб. 2025 г., в 10:00, S <s@demo.test> написал(а):\n> x" },
	{ "thunderbird en", "On 11/3/25 10:00, Support wrote:\n> How are you?\n\nFine.\n", "Fine.",
		"", "On 11/3/25 10:00, Support wrote:\n> How are you?" },
	{ "thunderbird ru", "Хорошо\n\n03.11.2025 10:00, Support пишет:\n> Как дела?", "Хорошо", "",
		"03.11.2025 10:00, Support пишет:\n> Как дела?" },
	{ "outlook en, plain",
		"Please see attached.\n\n-----Original Message-----\nFrom: Support\nSent: Monday, "
		"November 3, 2025 10:00 AM\n"
		"To: Ann\nSubject: Re: order\n\nSend the form.\n",
		"Please see attached.", "",
		"-----Original Message-----\nFrom: Support\nSent: Monday, November 3, 2025 10:00 "
		"AM\nTo: Ann\n"
		"Subject: Re: order\n\nSend the form." },
	{ "outlook en, html",
		"Done.\n\nFrom: Support <s@demo.test>\nSent: Monday, November 3, 2025 10:00 "
		"AM\nTo: Ann\nSubject: order\n\nold",
		"Done.", "",
		"From: Support <s@demo.test>\nSent: Monday, November 3, 2025 10:00 AM\nTo: "
		"Ann\nSubject: order\n\nold" },
	{ "outlook ru",
		"Готово.\n\nС уважением,\nИван Петров\n\nОт: Support <s@demo.test>\nОтправлено: "
		"понедельник, 3 ноября 2025 г. 10:00\n"
		"Кому: Иван\nТема: заказ\n\nстарое",
		"Готово.", "С уважением,\nИван Петров",
		"От: Support <s@demo.test>\nОтправлено: понедельник, 3 ноября 2025 г. 10:00\nКому: "
		"Иван\nТема: заказ\n\nстарое" },
	{ "outlook, bold labels",
		"Ok\n\n*From:* S <s@demo.test>\n*Sent:* Monday\n*To:* A\n*Subject:* x\n\nold", "Ok",
		"", "*From:* S <s@demo.test>\n*Sent:* Monday\n*To:* A\n*Subject:* x\n\nold" },
	{ "outlook web",
		"Ok\n\n________________________________\nFrom: S <s@demo.test>\nSent: Monday\nTo: "
		"A\nSubject: x\n\nold",
		"Ok", "",
		"________________________________\nFrom: S <s@demo.test>\nSent: Monday\nTo: "
		"A\nSubject: x\n\nold" },
	{ "outlook phone",
		"Ok\n\nGet Outlook for iOS\n________________________________\nFrom: S\nSent: "
		"x\nTo: A\nSubject: x\n\nold",
		"Ok", "Get Outlook for iOS",
		"________________________________\nFrom: S\nSent: x\nTo: A\nSubject: x\n\nold" },
	{ "yandex",
		"Подтверждаю\n\n03.11.2025, 10:00, \"Support\" <s@demo.test>:\n> Подтвердите\n\n-- "
		"\nИван\n",
		"Подтверждаю", "-- \nИван",
		"03.11.2025, 10:00, \"Support\" <s@demo.test>:\n> Подтвердите" },
	{ "yandex, words",
		"Да\n \n \n10:00, 3 ноября 2025 г., Support <s@demo.test>:\nСтарый текст\n", "Да",
		"", "10:00, 3 ноября 2025 г., Support <s@demo.test>:\nСтарый текст" },
	{ "yandex phone",
		"Да\n\nОтправлено из мобильного приложения Яндекс Почты\n\n03.11.2025, 10:00, S "
		"<s@demo.test>:\n> x",
		"Да", "Отправлено из мобильного приложения Яндекс Почты",
		"03.11.2025, 10:00, S <s@demo.test>:\n> x" },
	{ "mail.ru",
		"Добрый день!\nНе пришло.\n\n--\nИван Петров\n\nПонедельник, 3 ноября 2025, 10:00 "
		"+03:00 от Support <s@demo.test>:\n \n>Проверьте\n",
		"Добрый день!\nНе пришло.", "--\nИван Петров",
		"Понедельник, 3 ноября 2025, 10:00 +03:00 от Support <s@demo.test>:\n "
		"\n>Проверьте" },
	{ "mail.ru, android",
		"Нет\n--\nОтправлено из Mail.ru для Android понедельник, 3 ноября 2025\n", "Нет",
		"--\nОтправлено из Mail.ru для Android понедельник, 3 ноября 2025", "" },
	{ "a forward is what the mail is about",
		"Что это?\n\n-------- Пересылаемое сообщение --------\nОт: X <x@y.test>\nКому: "
		"a@b\n\nТекст\n-- \nX",
		"Что это?\n\n-------- Пересылаемое сообщение --------\nОт: X <x@y.test>\nКому: "
		"a@b\n\nТекст\n-- \nX",
		"", "" },
	{ "a forward inside what is quoted",
		"Нет\n\n-----Original Message-----\n\nСм. ниже\n\n---------- Forwarded message "
		"---------\nFrom: X <x@y>\n\nт",
		"Нет", "",
		"-----Original Message-----\n\nСм. ниже\n\n---------- Forwarded message "
		"---------\nFrom: X <x@y>\n\nт" },
	{ "forward without a word",
		"---------- Forwarded message ---------\nFrom: X <x@y>\nDate: x\nSubject: y\nTo: "
		"z\n\nText",
		"---------- Forwarded message ---------\nFrom: X <x@y>\nDate: x\nSubject: y\nTo: "
		"z\n\nText",
		"", "" },
	{ "german, the name behind",
		"Danke!\n\nAm Mo., 3. Nov. 2025 um 10:00 Uhr schrieb Support\n<s@demo.test>:\n\n> "
		"Hallo\n",
		"Danke!", "",
		"Am Mo., 3. Nov. 2025 um 10:00 Uhr schrieb Support\n<s@demo.test>:\n\n> Hallo" },
	{ "german, the name in front",
		"Danke!\n\nSupport Team <s@demo.test> schrieb am Mo., 3.\nNov. 2025, 10:00:\n\n> "
		"Hallo\n",
		"Danke!", "",
		"Support Team <s@demo.test> schrieb am Mo., 3.\nNov. 2025, 10:00:\n\n> Hallo" },
	{ "dutch",
		"Ja.\n\nOp 3 nov. 2025 om 10:00 heeft S <s@demo.test> het volgende "
		"geschreven:\n\nOud",
		"Ja.", "",
		"Op 3 nov. 2025 om 10:00 heeft S <s@demo.test> het volgende geschreven:\n\nOud" },
	{ "polish",
		"Tak.\n\nW dniu 3 listopada 2025 10:00 użytkownik S "
		"<s@demo.test>\nnapisał:\n\nStare",
		"Tak.", "",
		"W dniu 3 listopada 2025 10:00 użytkownik S <s@demo.test>\nnapisał:\n\nStare" },
	{ "ukrainian", "Так\n\nпн, 3 лист. 2025 р. о 10:00 S <s@demo.test> пише:\n\n> Було", "Так",
		"", "пн, 3 лист. 2025 р. о 10:00 S <s@demo.test> пише:\n\n> Було" },
	{ "chinese", "好\n\n张 <s@demo.test> 于2025年11月3日周一 10:00写道：\n\n旧", "好", "",
		"张 <s@demo.test> 于2025年11月3日周一 10:00写道：\n\n旧" },
	{ "french outlook",
		"Merci\n\nDe : S <s@demo.test>\nEnvoyé : lundi 3 novembre 2025 10:00\nÀ : A\nObjet "
		": x\n\nvieux",
		"Merci", "",
		"De : S <s@demo.test>\nEnvoyé : lundi 3 novembre 2025 10:00\nÀ : A\nObjet : "
		"x\n\nvieux" },
	{ "two headers of a phone",
		"Ok\n\nDate: Mon, 3 Nov 2025 10:00:00 +0300\nTo: ann@demo.test\n\nold", "Ok", "",
		"Date: Mon, 3 Nov 2025 10:00:00 +0300\nTo: ann@demo.test\n\nold" },
	{ "zoho", "Ok\n\n---- On Mon, 03 Nov 2025 10:00:00 +0300 s@demo.test wrote ----\n\nold",
		"Ok", "", "---- On Mon, 03 Nov 2025 10:00:00 +0300 s@demo.test wrote ----\n\nold" },
	{ "a samsung",
		"Ok\n\n-------- Исходное сообщение --------\nОт: S <s@demo.test>\nДата: 03.11.2025 "
		"10:00 (GMT+03:00)\nКому: a@b.test\nТема: x\n\nстарое",
		"Ok", "",
		"-------- Исходное сообщение --------\nОт: S <s@demo.test>\nДата: 03.11.2025 10:00 "
		"(GMT+03:00)\nКому: a@b.test\nТема: x\n\nстарое" },
	{ "no colon, but marks", "Ok\n\n2025/11/3 Support <s@demo.test>\n\n> old", "Ok", "",
		"2025/11/3 Support <s@demo.test>\n\n> old" },
	{ "a sentence right above",
		"My address is ann@demo.test\nOn Mon, 3 Nov 2025 at 10:00, S <s@demo.test> "
		"wrote:\n> old",
		"My address is ann@demo.test", "",
		"On Mon, 3 Nov 2025 at 10:00, S <s@demo.test> wrote:\n> old" },
	{ "on the other hand",
		"On the other hand, no.\nOn Mon, 3 Nov 2025 at 10:00, S <s@demo.test> wrote:\n> "
		"old",
		"On the other hand, no.", "",
		"On Mon, 3 Nov 2025 at 10:00, S <s@demo.test> wrote:\n> old" },
	{ "all in one line", "Yes. On Mon, 3 Nov 2025 at 10:00, S <s@demo.test> wrote:\n> old",
		"Yes.", "", "On Mon, 3 Nov 2025 at 10:00, S <s@demo.test> wrote:\n> old" },
	{ "a citation, then the whole mail",
		"> One?\nYes.\n\nOn Mon, 3 Nov 2025 at 10:00, S <s@demo.test> wrote:\n> One?\n> "
		"Two?",
		"> One?\nYes.", "",
		"On Mon, 3 Nov 2025 at 10:00, S <s@demo.test> wrote:\n> One?\n> Two?" },
	{ "a link that lost its mark",
		"Ok\n\nOn 3 Nov 2025, at 10:00, S <s@demo.test> wrote:\n> See "
		"(https://demo.test/a\n/long?x=1)\n> End",
		"Ok", "",
		"On 3 Nov 2025, at 10:00, S <s@demo.test> wrote:\n> See "
		"(https://demo.test/a\n/long?x=1)\n> End" },
	{ "outlook phone ru",
		"Ок\n\nСкачать Outlook для "
		"Android<https://aka.ms/x>\n________________________________\nОт: S "
		"<s@demo.test>\nОтправлено: Monday\nКому: A\nТема: x\n\nold",
		"Ок", "Скачать Outlook для Android<https://aka.ms/x>",
		"________________________________\nОт: S <s@demo.test>\nОтправлено: Monday\nКому: "
		"A\nТема: x\n\nold" },
	{ "polish Thunderbird", "Tak.\n\nW dniu 03.11.2025 o 10:00, S pisze:\n> Stare", "Tak.", "",
		"W dniu 03.11.2025 o 10:00, S pisze:\n> Stare" },
	{ "hungarian, without a word in front",
		"Igen.\n\n2025. 11. 03. 10:00 keltezéssel, S írta:\n\nRégi", "Igen.", "",
		"2025. 11. 03. 10:00 keltezéssel, S írta:\n\nRégi" },
	{ "a danish phone's banner",
		"Ja.\n\n-------- Oprindelig besked --------\nFra: S <s@demo.test>\nDato: "
		"03.11.2025\n\n"
		"Gammel",
		"Ja.", "",
		"-------- Oprindelig besked --------\nFra: S <s@demo.test>\nDato: 03.11.2025\n\n"
		"Gammel" },
	{ "a cell", "Yes\n\nSent from my cell, please excuse any typos.", "Yes",
		"Sent from my cell, please excuse any typos.", "" },
	{ "mail.ru phone", "Ок\n\nОтправлено из мобильной Почты Mail.ru", "Ок",
		"Отправлено из мобильной Почты Mail.ru", "" },
	{ "a german phone", "Ja\n\nVon meinem iPhone gesendet", "Ja", "Von meinem iPhone gesendet",
		"" },
	{ "a mailing list's end",
		"Hi\n\n_______________________________________________\nUsers mailing "
		"list\nusers@lists.demo.test",
		"Hi",
		"_______________________________________________\nUsers mailing "
		"list\nusers@lists.demo.test",
		"" },
	{ "the bat", "Ок\n\nВы писали 3 ноября 2025 г., 10:00:00:\n\n> x", "Ок", "",
		"Вы писали 3 ноября 2025 г., 10:00:00:\n\n> x" },
	{ "dashes above a device", "Ок\n\n---\nОтправлено из мобильного приложения Яндекс Почты",
		"Ок", "---\nОтправлено из мобильного приложения Яндекс Почты", "" },
	{ "a forward whose banner stands above an attribution",
		"Ок\n\n-------- Пересылаемое сообщение --------\n03.11.2025, 10:00, \"S\" "
		"<s@demo.test>:\n\nx",
		"Ок\n\n-------- Пересылаемое сообщение --------\n03.11.2025, 10:00, \"S\" "
		"<s@demo.test>:\n\nx",
		"", "" },
	{ "a question with a date, a time and an address",
		"Прошу перезвонить 03.11.2025 в 10:00, мой адрес ivan@x.test, телефон:\n+7 900",
		"Прошу перезвонить 03.11.2025 в 10:00, мой адрес ivan@x.test, телефон:\n+7 900", "",
		"" },
	{ "proton",
		"Hi\n\nSent with Proton Mail secure email.\n\nOn Monday, November 3rd, 2025 at "
		"10:00, S <s@demo.test> wrote:\n\n> x",
		"Hi", "Sent with Proton Mail secure email.",
		"On Monday, November 3rd, 2025 at 10:00, S <s@demo.test> wrote:\n\n> x" },
	{ "marks only", "I agree.\n\n> Do you agree?\n> Really?\n", "I agree.", "",
		"> Do you agree?\n> Really?" },
	{ "answers between the lines",
		"On 3 Nov 2025, at 10:00, S <s@demo.test> wrote:\n> One?\nYes.\n> Two?\nNo.\n",
		"On 3 Nov 2025, at 10:00, S <s@demo.test> wrote:\n> One?\nYes.\n> Two?\nNo.", "",
		"" },
	{ "answers between the lines, greeting first",
		"Hello\n\n> One?\nYes.\n\n> Two?\nNo.\n\n-- \nAnn",
		"Hello\n\n> One?\nYes.\n\n> Two?\nNo.", "-- \nAnn", "" },
	{ "signature", "Text\n-- \nAnn\n+7 900 000", "Text", "-- \nAnn\n+7 900 000", "" },
	{ "sign-off", "Please call me.\n\nBest regards,\nAnn Lee\nDemo Ltd", "Please call me.",
		"Best regards,\nAnn Lee\nDemo Ltd", "" },
	{ "not a sign-off",
		"Best regards to Bob. When will he call me back, and who pays for the call?\nAnn",
		"Best regards to Bob. When will he call me back, and who pays for the call?\nAnn",
		"", "" },
	{ "not a device", "Отправлено из Москвы вчера, до сих пор в пути.",
		"Отправлено из Москвы вчера, до сих пор в пути.", "", "" },
	{ "not a device either", "Номер 55.\nОтправлено из Москвы вчера.",
		"Номер 55.\nОтправлено из Москвы вчера.", "", "" },
	{ "not an attribution", "Your manager wrote:\npay 100. I will not.",
		"Your manager wrote:\npay 100. I will not.", "", "" },
	{ "not a header block", "From: Moscow\nTo: Berlin\nhow much is a ticket?",
		"From: Moscow\nTo: Berlin\nhow much is a ticket?", "", "" },
	{ "travel plans", "From: Moscow\nTo: Berlin\nDate: 3.11.2025\nTwo seats, please.",
		"From: Moscow\nTo: Berlin\nDate: 3.11.2025\nTwo seats, please.", "", "" },
	{ "not from a device", "Hi\n\nSent from my office, the phone is broken.",
		"Hi\n\nSent from my office, the phone is broken.", "", "" },
	{ "a line between paragraphs is no signature",
		"A\n--\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n"
		"21",
		"A\n--\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n"
		"21",
		"", "" },
	{ "a date and a colon", "On 3 Nov 2025 at 10:00 I saw these errors:\nE1\nE2",
		"On 3 Nov 2025 at 10:00 I saw these errors:\nE1\nE2", "", "" },
};

static void splits_what_mail_programs_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		const struct example *e = &examples[i];
		struct quote_parts p = quote_split(slice_of(e->text));
		if (!slice_is(p.fresh, e->fresh) || !slice_is(p.signature, e->signature) ||
			!slice_is(p.quoted, e->quoted))
			print_error("example: %s\n", e->name);
		assert_slice_is(p.fresh, e->fresh);
		assert_slice_is(p.signature, e->signature);
		assert_slice_is(p.quoted, e->quoted);
	}
}

static void knows_a_forward_by_its_subject(void **state)
{
	(void)state;
	assert_true(quote_is_forward(SLICE("Fwd: order 5")));
	assert_true(quote_is_forward(SLICE(" FW: order 5")));
	assert_true(quote_is_forward(SLICE("Пересл: заказ 5")));
	assert_false(quote_is_forward(SLICE("Re: Fwd: order 5")));
	assert_false(quote_is_forward(SLICE("Forward my order")));
	assert_false(quote_is_forward(SLICE("")));
}

static void finds_a_signature_below_a_long_text(void **state)
{
	static const char *const signs[] = { "-- \n+7 900\n\n\nAnn", "__\nAnn",
		"Best regards,\nAnn" };
	struct str text = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		str_clear(&text);
		for (unsigned line = 0; line < 5000; line++)
			str_add_text(&text, line % 3 ? "word after word\n" : "\n");
		str_add_text(&text, signs[i]);
		assert_slice_is(quote_split(str_slice(&text)).signature, signs[i]);
	}
	str_free(&text);
}

static void long_texts_take_linear_time(void **state)
{
	static const char *const pieces[] = { "10:00 2025 x@y\n", "On \n", ">\n\n", "wrote:\n",
		"\n", "From: a\n", "__________\n\n", "Sent from my iPhone\n\n", "> a\nb\n", "x@y\n",
		"a@b 2025 10:00 ", "> (http", "Regards,\n\n", "> a\n(http://x)\n",
		"On 2025 wrote:\n> a\nb\n", "--\n", "a wrote:\n", "Date: 1.1.2025 10:00 a@b\n",
		" On ", "-----", "x On 2025 a@b wrote:\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct str text = { 0 };
		while (text.n < 262144)
			str_add_text(&text, pieces[i]);
		quote_split(str_slice(
			&text)); /* ctest's time limit is the judge of what is quadratic */
		str_free(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(splits_what_mail_programs_write),
		cmocka_unit_test(knows_a_forward_by_its_subject),
		cmocka_unit_test(finds_a_signature_below_a_long_text),
		cmocka_unit_test(long_texts_take_linear_time) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
