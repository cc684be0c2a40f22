/*
 * SipHash-1-3 (Aumasson, Bernstein): a keyed hash whose collisions a stranger cannot choose without
 * the key. For hash tables only, never as a signature.
 */
#ifndef USHER_BASE_SIPHASH_H
#define USHER_BASE_SIPHASH_H

#include "base/slice.h"

uint64_t siphash(const uint8_t key[16], struct slice bytes);

#endif
