/*
 * Character references of HTML: &amp; &#1055; &#x41; and the names of HTML 4 with the commonest of HTML 5.
 * Numbers 128..159 mean windows-1252, as browsers read them. Pure; called by html_text.c only.
 */
#include "text/html_entity.h"

#include "base/utf8.h"

enum { NAME_MAX = 10 };

struct entity {
	const char *name;
	uint32_t code;
};

/* Sorted by name, bytewise: found by halving. */
/* clang-format off */
static const struct entity entities[] = {
	{ "AElig", 198 }, { "AMP", 38 }, { "Aacute", 193 }, { "Acirc", 194 }, { "Agrave", 192 },
	{ "Alpha", 913 }, { "Aring", 197 }, { "Atilde", 195 }, { "Auml", 196 }, { "Beta", 914 },
	{ "COPY", 169 }, { "Ccedil", 199 }, { "Chi", 935 }, { "Dagger", 8225 }, { "Delta", 916 },
	{ "ETH", 208 }, { "Eacute", 201 }, { "Ecirc", 202 }, { "Egrave", 200 }, { "Epsilon", 917 },
	{ "Eta", 919 }, { "Euml", 203 }, { "GT", 62 }, { "Gamma", 915 }, { "Iacute", 205 },
	{ "Icirc", 206 }, { "Igrave", 204 }, { "Iota", 921 }, { "Iuml", 207 }, { "Kappa", 922 },
	{ "LT", 60 }, { "Lambda", 923 }, { "Mu", 924 }, { "NewLine", 10 }, { "Ntilde", 209 },
	{ "Nu", 925 }, { "OElig", 338 }, { "Oacute", 211 }, { "Ocirc", 212 }, { "Ograve", 210 },
	{ "Omega", 937 }, { "Omicron", 927 }, { "Oslash", 216 }, { "Otilde", 213 }, { "Ouml", 214 },
	{ "Phi", 934 }, { "Pi", 928 }, { "Prime", 8243 }, { "Psi", 936 }, { "QUOT", 34 },
	{ "REG", 174 }, { "Rho", 929 }, { "Scaron", 352 }, { "Sigma", 931 }, { "THORN", 222 },
	{ "Tab", 9 }, { "Tau", 932 }, { "Theta", 920 }, { "Uacute", 218 }, { "Ucirc", 219 },
	{ "Ugrave", 217 }, { "Upsilon", 933 }, { "Uuml", 220 }, { "Xi", 926 }, { "Yacute", 221 },
	{ "Yuml", 376 }, { "Zeta", 918 }, { "aacute", 225 }, { "acirc", 226 }, { "acute", 180 },
	{ "aelig", 230 }, { "agrave", 224 }, { "alefsym", 8501 }, { "alpha", 945 }, { "amp", 38 },
	{ "and", 8743 }, { "ang", 8736 }, { "apos", 39 }, { "aring", 229 }, { "ast", 42 },
	{ "asymp", 8776 }, { "atilde", 227 }, { "auml", 228 }, { "bdquo", 8222 }, { "beta", 946 },
	{ "brvbar", 166 }, { "bsol", 92 }, { "bull", 8226 }, { "cap", 8745 }, { "ccedil", 231 },
	{ "cedil", 184 }, { "cent", 162 }, { "check", 10003 }, { "chi", 967 }, { "circ", 710 },
	{ "clubs", 9827 }, { "colon", 58 }, { "comma", 44 }, { "commat", 64 }, { "cong", 8773 },
	{ "copy", 169 }, { "crarr", 8629 }, { "cup", 8746 }, { "curren", 164 }, { "dArr", 8659 },
	{ "dagger", 8224 }, { "darr", 8595 }, { "deg", 176 }, { "delta", 948 }, { "diams", 9830 },
	{ "divide", 247 }, { "dollar", 36 }, { "eacute", 233 }, { "ecirc", 234 }, { "egrave", 232 },
	{ "empty", 8709 }, { "emsp", 8195 }, { "ensp", 8194 }, { "epsilon", 949 }, { "equals", 61 },
	{ "equiv", 8801 }, { "eta", 951 }, { "eth", 240 }, { "euml", 235 }, { "euro", 8364 },
	{ "excl", 33 }, { "exist", 8707 }, { "fnof", 402 }, { "forall", 8704 }, { "frac12", 189 },
	{ "frac14", 188 }, { "frac34", 190 }, { "frasl", 8260 }, { "gamma", 947 }, { "ge", 8805 },
	{ "grave", 96 }, { "gt", 62 }, { "hArr", 8660 }, { "harr", 8596 }, { "hearts", 9829 },
	{ "hellip", 8230 }, { "hyphen", 8208 }, { "iacute", 237 }, { "icirc", 238 }, { "iexcl", 161 },
	{ "igrave", 236 }, { "image", 8465 }, { "infin", 8734 }, { "int", 8747 }, { "iota", 953 },
	{ "iquest", 191 }, { "isin", 8712 }, { "iuml", 239 }, { "kappa", 954 }, { "lArr", 8656 },
	{ "lambda", 955 }, { "lang", 9001 }, { "laquo", 171 }, { "larr", 8592 }, { "lbrace", 123 },
	{ "lceil", 8968 }, { "ldquo", 8220 }, { "le", 8804 }, { "lfloor", 8970 }, { "lowast", 8727 },
	{ "lowbar", 95 }, { "loz", 9674 }, { "lpar", 40 }, { "lrm", 8206 }, { "lsaquo", 8249 },
	{ "lsqb", 91 }, { "lsquo", 8216 }, { "lt", 60 }, { "macr", 175 }, { "mdash", 8212 },
	{ "micro", 181 }, { "middot", 183 }, { "minus", 8722 }, { "mu", 956 }, { "nabla", 8711 },
	{ "nbsp", 160 }, { "ndash", 8211 }, { "ne", 8800 }, { "ni", 8715 }, { "not", 172 },
	{ "notin", 8713 }, { "nsub", 8836 }, { "ntilde", 241 }, { "nu", 957 }, { "num", 35 },
	{ "numero", 8470 }, { "oacute", 243 }, { "ocirc", 244 }, { "oelig", 339 }, { "ograve", 242 },
	{ "oline", 8254 }, { "omega", 969 }, { "omicron", 959 }, { "oplus", 8853 }, { "or", 8744 },
	{ "ordf", 170 }, { "ordm", 186 }, { "oslash", 248 }, { "otilde", 245 }, { "otimes", 8855 },
	{ "ouml", 246 }, { "para", 182 }, { "part", 8706 }, { "percnt", 37 }, { "period", 46 },
	{ "permil", 8240 }, { "perp", 8869 }, { "phi", 966 }, { "phone", 9742 }, { "pi", 960 },
	{ "piv", 982 }, { "plus", 43 }, { "plusmn", 177 }, { "pound", 163 }, { "prime", 8242 },
	{ "prod", 8719 }, { "prop", 8733 }, { "psi", 968 }, { "quest", 63 }, { "quot", 34 },
	{ "rArr", 8658 }, { "radic", 8730 }, { "rang", 9002 }, { "raquo", 187 }, { "rarr", 8594 },
	{ "rbrace", 125 }, { "rceil", 8969 }, { "rdquo", 8221 }, { "real", 8476 }, { "reg", 174 },
	{ "rfloor", 8971 }, { "rho", 961 }, { "rlm", 8207 }, { "rpar", 41 }, { "rsaquo", 8250 },
	{ "rsqb", 93 }, { "rsquo", 8217 }, { "rub", 8381 }, { "sbquo", 8218 }, { "scaron", 353 },
	{ "sdot", 8901 }, { "sect", 167 }, { "semi", 59 }, { "shy", 173 }, { "sigma", 963 },
	{ "sigmaf", 962 }, { "sim", 8764 }, { "sol", 47 }, { "spades", 9824 }, { "star", 9734 },
	{ "sub", 8834 }, { "sube", 8838 }, { "sum", 8721 }, { "sup", 8835 }, { "sup1", 185 },
	{ "sup2", 178 }, { "sup3", 179 }, { "supe", 8839 }, { "szlig", 223 }, { "tau", 964 },
	{ "there4", 8756 }, { "theta", 952 }, { "thetasym", 977 }, { "thinsp", 8201 },
	{ "thorn", 254 }, { "tilde", 732 }, { "times", 215 }, { "trade", 8482 }, { "uArr", 8657 },
	{ "uacute", 250 }, { "uarr", 8593 }, { "ucirc", 251 }, { "ugrave", 249 }, { "uml", 168 },
	{ "upsih", 978 }, { "upsilon", 965 }, { "uuml", 252 }, { "verbar", 124 }, { "weierp", 8472 },
	{ "xi", 958 }, { "yacute", 253 }, { "yen", 165 }, { "yuml", 255 }, { "zeta", 950 },
	{ "zwj", 8205 }, { "zwnj", 8204 },
};
/* clang-format on */

static const uint16_t windows_1252[32] = { 0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020,
	0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018,
	0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153,
	0xfffd, 0x017e, 0x0178 };

static uint32_t code_fix(uint32_t c)
{
	if (c >= 0x80 && c <= 0x9f)
		return windows_1252[c - 0x80];
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0xfffd;
	return c;
}

static int digit_of(char c, bool hex)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (hex && c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (hex && c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Behind "&#". */
static size_t number_read(struct slice s, uint32_t *code)
{
	bool hex = s.n > 2 && (s.p[2] == 'x' || s.p[2] == 'X');
	size_t start = hex ? 3 : 2, i = start;
	uint32_t c = 0;

	for (int d; i < s.n && (d = digit_of(s.p[i], hex)) >= 0; i++) {
		if (c <= 0x10ffff)
			c = c * (hex ? 16 : 10) + (uint32_t)d;
	}
	if (i == start)
		return 0;
	*code = code_fix(c);
	return i + (i < s.n && s.p[i] == ';');
}

static const struct entity *entity_find(struct slice name)
{
	size_t low = 0, high = sizeof(entities) / sizeof(entities[0]);

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = slice_compare(name, slice_of(entities[mid].name));
		if (order == 0)
			return &entities[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

size_t html_entity_read(struct slice s, uint32_t *code)
{
	size_t n = 1;

	if (s.n < 2 || s.p[0] != '&')
		return 0;
	if (s.p[1] == '#')
		return number_read(s, code);
	while (n < s.n && n <= NAME_MAX && is_name_char(s.p[n]))
		n++;
	const struct entity *e = entity_find(slice_make(s.p + 1, n - 1));
	bool closed = n < s.n && s.p[n] == ';';
	/* Without its semicolon a name counts only where HTML 4 allowed it: "&copy 2025", not "?a=1&section=2". */
	if (!e || (!closed && (e->code > 0xff || n == s.n || s.p[n] == '=')))
		return 0;
	*code = e->code;
	return n + closed;
}
