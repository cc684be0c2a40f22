/*
 * Gives away everything that drawing a picture does not need: from here on the process can read and write what is open, take
 * memory, and end. Whatever else it tries ends it.
 */
#ifndef USHER_PICTURE_SANDBOX_H
#define USHER_PICTURE_SANDBOX_H

/* 0, or -errno. */
int sandbox_enter(void);

#endif
