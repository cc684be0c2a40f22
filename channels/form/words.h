/*
 * Every word that the plugin says to people, in the languages of the pages. A word is named by its English text's key.
 */
#ifndef FORM_WORDS_H
#define FORM_WORDS_H

#include "form.h"

/* X(key, English, Russian) */
#define STRINGS(X)                                                                                                                                                 \
	X("required", "Please fill this in.", "Пожалуйста, заполните это поле.")                                                                                   \
	X("too_long", "This is too long.", "Слишком длинно.")                                                                                                      \
	X("email", "This is not an email address, like name@example.org.",                                                                                         \
		"Это не адрес почты, например name@example.org.")                                                                                                  \
	X("phone", "This is not a phone number: 5 to 20 digits, with + - ( ) and spaces.",                                                                         \
		"Это не номер телефона: от 5 до 20 цифр, можно + - ( ) и пробелы.")                                                                                \
	X("choice", "Please choose one of the list.", "Пожалуйста, выберите из списка.")                                                                           \
	X("must_be_text", "This must be a text.", "Здесь должен быть текст.")                                                                                      \
	X("unknown_field", "There is no such field.", "Такого поля нет.")                                                                                          \
	X("file_large", "This file is too large.", "Файл слишком большой.")                                                                                        \
	X("file_count", "Too many files.", "Слишком много файлов.")                                                                                                \
	X("not_file", "A file was sent where a text belongs.", "Вместо текста прислан файл.")                                                                      \
	X("no_file", "JSON carries no files: send multipart/form-data.",                                                                                           \
		"В JSON файлов нет: пришлите multipart/form-data.")                                                                                                \
	X("correct", "Not sent yet: please correct what is marked.",                                                                                               \
		"Пока не отправлено: исправьте, пожалуйста, отмеченное.")                                                                                          \
	X("too_fast", "That was very quick. Please press the button once more.",                                                                                   \
		"Очень быстро. Пожалуйста, нажмите кнопку ещё раз.")                                                                                               \
	X("too_often", "Too many messages from here. Please try again in a minute.",                                                                               \
		"Слишком много сообщений отсюда. Попробуйте через минуту.")                                                                                        \
	X("later",                                                                                                                                                 \
		"We cannot take it in just now. Nothing is lost: please press the button again "                                                                   \
		"in a moment.",                                                                                                                                    \
		"Сейчас принять не получается. Ничего не потеряно: нажмите кнопку ещё раз через " \
		"минуту.")                                                                                                                                         \
	X("refused", "This message could not be taken in.", "Это сообщение принять не удалось.")                                                                   \
	X("key", "The Idempotency-Key must have 1 to 200 printable characters.",                                                                                   \
		"В Idempotency-Key должно быть от 1 до 200 печатных знаков.")                                                                                      \
	X("challenge", "Very many messages are coming in. Please press the button once more.",                                                                     \
		"Сейчас приходит очень много сообщений. Пожалуйста, нажмите кнопку ещё раз.")                                                                      \
	X("sum", "So that robots do not keep people out: how much is",                                                                                             \
		"Чтобы роботы не мешали людям: сколько будет")                                                                                                     \
	X("file_again", "Please choose the file again.", "Выберите файл ещё раз.")                                                                                 \
	X("confirm_subject", "We have your message", "Мы получили ваше сообщение")                                                                                 \
	X("confirm_other",                                                                                                                                         \
		"Somebody wrote to us and gave this address. If it was not you, nothing needs to "                                                                 \
		"be done.",                                                                                                                                        \
		"Нам написали и указали этот адрес. Если это были не вы, делать ничего не нужно.")                                                                 \
	X("send", "Send", "Отправить")                                                                                                                             \
	X("optional", "optional", "необязательно")                                                                                                                 \
	X("choose", "Please choose", "Выберите")                                                                                                                   \
	X("sending", "Sending…", "Отправляем…")                                                                                                                    \
	X("working",                                                                                                                                               \
		"Very many messages are coming in. One moment: your browser shows us that it is "                                                                  \
		"none of the robots.",                                                                                                                             \
		"Сейчас приходит очень много сообщений. Минуту: браузер показывает нам, что он "   \
		"не робот.")                                                                                                                                       \
	X("thanks", "Thank you. Your message has arrived.", "Спасибо. Ваше сообщение получено.")                                                                   \
	X("number", "Its number is", "Номер обращения")                                                                                                            \
	X("another", "Write another message", "Написать ещё")                                                                                                      \
	X("trap", "Leave this empty", "Оставьте пустым")

/* The text of a key; the key itself when there is none. */
const char *string_of(const char *key, enum language lang);

#endif
