/*
 * Memory that was needed only to start.
 */
#ifndef USHER_APP_MEMORY_H
#define USHER_APP_MEMORY_H

/* Gives back what malloc holds free and the pages of programs and libraries; those still in use come back from the page cache. */
void memory_rest(void);

#endif
