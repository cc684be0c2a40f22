/*
 * Whether an address is out in the world: not this machine, not a private, local or reserved network, nor one of those
 * in an IPv6 disguise. Pure.
 */
#ifndef WEBHOOK_ADDRESS_H
#define WEBHOOK_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

bool address_is_public(const struct sockaddr *address);

#endif
