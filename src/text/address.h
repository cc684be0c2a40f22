/*
 * Mail addresses, bare ("ann@example.org"): validity and the one spelling by which a person is known.
 *
 * ASCII letters are lower-cased on both sides of the @: by the letter of RFC 5321 the left side may
 * distinguish case, but no mail service people use does, and two customers for one capital letter is the
 * worse mistake. Internationalised domains are left as they are spelled.
 */
#ifndef USHER_TEXT_ADDRESS_H
#define USHER_TEXT_ADDRESS_H

#include "base/str.h"

/* One @, local part of 1..64 bytes (dot-atom or quoted string), a domain of dotted labels or an address
 * literal; UTF-8 allowed on both sides (RFC 6531); at most 254 bytes. */
bool address_valid(struct slice address);
/* Appends the normal spelling; false and nothing appended when the address is not valid.
 * White space and one pair of <> around it are ignored. */
bool address_normalize(struct str *out, struct slice address);
/* What follows the last @; empty when there is none. */
struct slice address_domain(struct slice address);

#endif
