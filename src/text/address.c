/*
 * Mail addresses by RFC 5321/6531, without the obsolete forms (comments, routes). Pure.
 * Called by the host for identities of kind "email".
 */
#include "text/address.h"

#include "base/utf8.h"

enum { ADDRESS_MAX = 254, LOCAL_MAX = 64, LABEL_MAX = 63 };

struct slice address_domain(struct slice address)
{
	size_t i = address.n;

	while (i > 0 && address.p[i - 1] != '@')
		i--;
	return i ? slice_make(address.p + i, address.n - i) : (struct slice){ 0 };
}

static bool is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c >= 0x80;
}

static bool is_atext(unsigned char c)
{
	return is_alnum(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static bool dot_atom_valid(struct slice local)
{
	bool dot = true; /* none in front */

	for (size_t i = 0; i < local.n; i++) {
		if (local.p[i] == '.') {
			if (dot)
				return false;
			dot = true;
			continue;
		}
		if (!is_atext((unsigned char)local.p[i]))
			return false;
		dot = false;
	}
	return !dot;
}

static bool quoted_valid(struct slice local)
{
	if (local.n < 3 || local.p[local.n - 1] != '"')
		return false;
	for (size_t i = 1; i + 1 < local.n; i++) {
		unsigned char c = (unsigned char)local.p[i];
		if (c < 0x20 || c == 0x7f || c == '"')
			return false;
		if (c == '\\' && ++i + 1 >= local.n)
			return false;
	}
	return true;
}

static bool label_valid(struct slice label)
{
	if (label.n == 0 || label.n > LABEL_MAX)
		return false;
	if (label.p[0] == '-' || label.p[label.n - 1] == '-')
		return false;
	for (size_t i = 0; i < label.n; i++) {
		unsigned char c = (unsigned char)label.p[i];
		if (!is_alnum(c) && c != '-' && c != '_')
			return false;
	}
	return true;
}

/* [192.0.2.1], [IPv6:...] */
static bool literal_valid(struct slice domain)
{
	if (domain.n < 4 || domain.p[domain.n - 1] != ']')
		return false;
	for (size_t i = 1; i + 1 < domain.n; i++) {
		unsigned char c = (unsigned char)domain.p[i];
		if (c >= 0x80 || (!is_alnum(c) && c != '.' && c != ':' && c != '-'))
			return false;
	}
	return true;
}

static bool domain_valid(struct slice domain)
{
	if (domain.n && domain.p[0] == '[')
		return literal_valid(domain);
	while (domain.p) {
		if (!label_valid(slice_cut(&domain, '.')))
			return false;
	}
	return true;
}

bool address_valid(struct slice address)
{
	struct slice domain = address_domain(address);

	if (address.n > ADDRESS_MAX || domain.n == 0 || !utf8_valid(address))
		return false;
	struct slice local = slice_make(address.p, address.n - domain.n - 1);
	if (local.n == 0 || local.n > LOCAL_MAX)
		return false;
	if (local.p[0] == '"' ? !quoted_valid(local) : !dot_atom_valid(local))
		return false;
	return domain_valid(domain);
}

bool address_normalize(struct str *out, struct slice address)
{
	address = slice_trim(address);
	if (address.n >= 2 && address.p[0] == '<' && address.p[address.n - 1] == '>')
		address = slice_trim(slice_make(address.p + 1, address.n - 2));
	if (!address_valid(address))
		return false;
	for (size_t i = 0; i < address.n; i++) {
		char c = address.p[i];
		str_add_char(out, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
	}
	return true;
}
