/*
 * GMime, made ready once. Its types are registered at their first use, with nothing that keeps two threads apart: the reader and the
 * senders must not be the first together.
 */
#ifndef USHER_EMAIL_MIME_H
#define USHER_EMAIL_MIME_H

/* Before anything of GMime, in any thread. */
void mime_start(void);

#endif
