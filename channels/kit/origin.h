/*
 * Origins of sites, as an option lists them: "https://www.example.org https://shop.example.org:8443", or * for all.
 */
#ifndef CHANNEL_KIT_ORIGIN_H
#define CHANNEL_KIT_ORIGIN_H

#include <stdbool.h>
#include <usher/channel.h>

/* What is no origin would allow nobody, silently: 0, or -1 with a reason that begins with "origins: ". */
int origins_check(struct usher_str list, char *why, size_t why_size);
bool origins_have(struct usher_str list, struct usher_str origin);

#endif
