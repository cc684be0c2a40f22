/*
 * The words of an answer as a mail shows them: the text, who signs, and below it what is answered; once plain and once as HTML. Runs in an
 * SMTP worker. What a stranger wrote is escaped wherever it goes.
 */
#ifndef USHER_EMAIL_COMPOSE_H
#define USHER_EMAIL_COMPOSE_H

#include <glib.h>

#include "build.h"

/* UTF-8, line ends LF. g_free them. */
char *compose_plain(const struct letter *l);
char *compose_html(const struct letter *l);

#endif
