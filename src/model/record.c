/*
 * The codec of records. It knows no record by name: it walks their tables.
 *
 * Packed form, field after field in table order: number (1 byte), length (LEB128), bytes. U64 and WORD are
 * LEB128 values in those bytes, I64 zigzag LEB128, ID 16 bytes big-endian, STR as they are.
 */
#include "model/record.h"

#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "model/words.h"

enum { VARINT_MAX_LEN = 10, ID_PACKED_LEN = 16 };

void argv_add(struct argv *a, struct slice s)
{
	if (a->n == a->cap) {
		a->cap = a->cap ? a->cap * 2 : 32;
		a->v = mem_resize(a->v, a->cap, sizeof(*a->v));
	}
	a->v[a->n++] = s;
}

void argv_add_text(struct argv *a, const char *text)
{
	argv_add(a, slice_of(text));
}

static struct slice u64_text(uint64_t v, struct arena *arena)
{
	char digits[20];
	size_t n = 0;
	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	char *out = arena_alloc(arena, n);
	for (size_t i = 0; i < n; i++)
		out[i] = digits[n - 1 - i];
	return slice_make(out, n);
}

void argv_add_u64(struct argv *a, struct arena *arena, uint64_t v)
{
	argv_add(a, u64_text(v, arena));
}

void argv_clear(struct argv *a)
{
	a->n = 0;
}

void argv_free(struct argv *a)
{
	free(a->v);
	*a = (struct argv){ 0 };
}

/* ---- typed access to a field of a record ---- */

static uint64_t get_u64(const struct field *f, const void *record)
{
	uint64_t v;
	memcpy(&v, (const char *)record + f->offset, sizeof(v));
	return v;
}

static uint32_t get_word(const struct field *f, const void *record)
{
	uint32_t v;
	memcpy(&v, (const char *)record + f->offset, sizeof(v));
	return v;
}

static struct id get_id(const struct field *f, const void *record)
{
	struct id v;
	memcpy(&v, (const char *)record + f->offset, sizeof(v));
	return v;
}

static struct slice get_str(const struct field *f, const void *record)
{
	struct slice v;
	memcpy(&v, (const char *)record + f->offset, sizeof(v));
	return v;
}

static void put(const struct field *f, void *record, const void *value, size_t size)
{
	memcpy((char *)record + f->offset, value, size);
}

static bool field_is_empty(const struct field *f, const void *record)
{
	switch (f->type) {
	case FIELD_U64:
	case FIELD_I64:
		return get_u64(f, record) == 0;
	case FIELD_ID:
		return id_is_none(get_id(f, record));
	case FIELD_STR:
		return get_str(f, record).n == 0;
	case FIELD_WORD:
		return get_word(f, record) == 0;
	}
	ASSERT(f->type <= FIELD_WORD);
	return true;
}

/* ---- flat ---- */

static struct slice i64_text(int64_t v, struct arena *arena)
{
	if (v >= 0)
		return u64_text((uint64_t)v, arena);
	struct slice digits = u64_text((uint64_t)0 - (uint64_t)v, arena);
	return arena_printf(arena, "-%.*s", SLICE_ARG(digits));
}

static struct slice field_text(const struct field *f, const void *record, struct arena *arena)
{
	switch (f->type) {
	case FIELD_U64:
		return u64_text(get_u64(f, record), arena);
	case FIELD_I64:
		return i64_text((int64_t)get_u64(f, record), arena);
	case FIELD_ID: {
		char *out = arena_alloc(arena, ID_TEXT_LEN + 1);
		return slice_make(id_text(get_id(f, record), out), ID_TEXT_LEN);
	}
	case FIELD_STR:
		return get_str(f, record);
	case FIELD_WORD:
		return slice_of(f->words[get_word(f, record)]);
	}
	ASSERT(f->type <= FIELD_WORD);
	return (struct slice){ 0 };
}

void record_flatten(
	const struct record_table *t, const void *record, struct argv *out, struct arena *arena)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct field *f = &t->fields[i];
		if (field_is_empty(f, record))
			continue;
		argv_add_text(out, f->name);
		argv_add(out, field_text(f, record, arena));
	}
}

static int field_read(const struct field *f, void *record, struct slice text, struct err *err)
{
	switch (f->type) {
	case FIELD_U64: {
		uint64_t v;
		if (!slice_u64(text, &v))
			return err_set(err, EINVAL, "field %s: not a number", f->name);
		put(f, record, &v, sizeof(v));
		return 0;
	}
	case FIELD_I64: {
		int64_t v;
		if (!slice_i64(text, &v))
			return err_set(err, EINVAL, "field %s: not a number", f->name);
		put(f, record, &v, sizeof(v));
		return 0;
	}
	case FIELD_ID: {
		struct id v;
		if (!id_parse(text, &v))
			return err_set(err, EINVAL, "field %s: not an id", f->name);
		put(f, record, &v, sizeof(v));
		return 0;
	}
	case FIELD_STR:
		put(f, record, &text, sizeof(text));
		return 0;
	case FIELD_WORD: {
		uint32_t v = word_parse(f->words, text);
		if (!v)
			return err_set(err, EINVAL, "field %s: unknown word '%.*s'", f->name,
				text.n > 40 ? 40 : SLICE_ARG(text));
		put(f, record, &v, sizeof(v));
		return 0;
	}
	}
	ASSERT(f->type <= FIELD_WORD);
	return -EINVAL;
}

int record_unflatten(const struct record_table *t, void *record, const struct slice *pairs,
	size_t n, struct err *err)
{
	memset(record, 0, t->size);
	size_t expect = 0; /* writers keep table order, so the next field is nearly always here */
	for (size_t p = 0; p < n; p++) {
		struct slice name = pairs[2 * p];
		for (size_t tried = 0; tried < t->count; tried++) {
			size_t i = (expect + tried) % t->count;
			if (!slice_is(name, t->fields[i].name))
				continue;
			int rc = field_read(&t->fields[i], record, pairs[2 * p + 1], err);
			if (rc)
				return rc;
			expect = i + 1;
			break;
		}
	}
	return 0;
}

/* ---- packed ---- */

static char *varint_put(char *to, uint64_t v)
{
	while (v >= 0x80) {
		*to++ = (char)(v | 0x80);
		v >>= 7;
	}
	*to++ = (char)v;
	return to;
}

static bool varint_cut(struct slice *rest, uint64_t *v)
{
	*v = 0;
	for (size_t i = 0; i < rest->n && i < VARINT_MAX_LEN; i++) {
		uint8_t b = (uint8_t)rest->p[i];
		if (i == VARINT_MAX_LEN - 1 && b > 1)
			return false;
		*v |= (uint64_t)(b & 0x7f) << (7 * i);
		if (!(b & 0x80)) {
			rest->p += i + 1;
			rest->n -= i + 1;
			return true;
		}
	}
	return false;
}

static uint64_t zigzag(uint64_t bits)
{
	return (bits << 1) ^ (bits >> 63 ? UINT64_MAX : 0);
}

static uint64_t unzigzag(uint64_t v)
{
	return (v >> 1) ^ (v & 1 ? UINT64_MAX : 0);
}

static char *number_put(char *to, uint64_t v)
{
	char *end = varint_put(to + 1, v);

	*to = (char)(end - to - 1);
	return end;
}

static char *id_put(char *to, struct id id)
{
	*to++ = ID_PACKED_LEN;
	for (size_t i = 0; i < 8; i++) {
		to[i] = (char)(id.hi >> (56 - 8 * i));
		to[8 + i] = (char)(id.lo >> (56 - 8 * i));
	}
	return to + ID_PACKED_LEN;
}

static char *str_put(char *to, struct slice s)
{
	to = varint_put(to, s.n);
	if (s.n)
		memcpy(to, s.p, s.n);
	return to + s.n;
}

static char *field_put(char *to, const struct field *f, const void *record)
{
	*to++ = (char)f->number;
	switch (f->type) {
	case FIELD_U64:
		return number_put(to, get_u64(f, record));
	case FIELD_I64:
		return number_put(to, zigzag(get_u64(f, record)));
	case FIELD_WORD:
		return number_put(to, get_word(f, record));
	case FIELD_ID:
		return id_put(to, get_id(f, record));
	case FIELD_STR:
		return str_put(to, get_str(f, record));
	}
	ASSERT(f->type <= FIELD_WORD);
	return to;
}

void record_pack(const struct record_table *t, const void *record, struct str *out)
{
	enum { HEAD_MAX = 1 + VARINT_MAX_LEN, SHORT_MAX = 1 + 1 + ID_PACKED_LEN };

	for (size_t i = 0; i < t->count; i++) {
		const struct field *f = &t->fields[i];
		if (field_is_empty(f, record))
			continue;
		size_t more = f->type == FIELD_STR ? HEAD_MAX + get_str(f, record).n : SHORT_MAX;
		char *to = field_put(str_reserve(out, more), f, record);
		*to = '\0';
		out->n = (size_t)(to - out->p);
	}
}

static const struct field *field_by_number(const struct record_table *t, uint8_t number)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->fields[i].number == number)
			return &t->fields[i];
	return NULL;
}

static size_t words_count(const char *const *words)
{
	size_t n = 0;
	while (words[n])
		n++;
	return n;
}

static bool field_unpack(const struct field *f, void *record, struct slice bytes)
{
	uint64_t v = 0;
	struct id id = { 0, 0 };
	uint32_t word;
	switch (f->type) {
	case FIELD_STR:
		put(f, record, &bytes, sizeof(bytes));
		return true;
	case FIELD_ID:
		if (bytes.n != ID_PACKED_LEN)
			return false;
		for (size_t i = 0; i < 8; i++) {
			id.hi = id.hi << 8 | (uint8_t)bytes.p[i];
			id.lo = id.lo << 8 | (uint8_t)bytes.p[8 + i];
		}
		put(f, record, &id, sizeof(id));
		return true;
	case FIELD_U64:
	case FIELD_I64:
		if (!varint_cut(&bytes, &v) || bytes.n)
			return false;
		if (f->type == FIELD_I64)
			v = unzigzag(v);
		put(f, record, &v, sizeof(v));
		return true;
	case FIELD_WORD:
		if (!varint_cut(&bytes, &v) || bytes.n || v >= words_count(f->words))
			return false;
		word = (uint32_t)v;
		put(f, record, &word, sizeof(word));
		return true;
	}
	ASSERT(f->type <= FIELD_WORD);
	return false;
}

int record_unpack(const struct record_table *t, void *record, struct slice packed, struct err *err)
{
	memset(record, 0, t->size);
	while (packed.n) {
		uint8_t number = (uint8_t)*packed.p++;
		uint64_t len;
		packed.n--;
		if (!varint_cut(&packed, &len) || len > packed.n)
			return err_set(err, EBADMSG, "packed field %u is cut short", number);
		struct slice bytes = slice_make(packed.p, (size_t)len);
		packed.p += len;
		packed.n -= (size_t)len;
		const struct field *f = field_by_number(t, number);
		if (f && !field_unpack(f, record, bytes))
			return err_set(err, EBADMSG, "packed field %s is damaged", f->name);
	}
	return 0;
}

/* ---- the rest ---- */

void record_copy(const struct record_table *t, void *to, const void *from, struct arena *arena)
{
	memcpy(to, from, t->size);
	for (size_t i = 0; i < t->count; i++) {
		const struct field *f = &t->fields[i];
		if (f->type != FIELD_STR)
			continue;
		struct slice s = get_str(f, from);
		if (s.n)
			s = arena_copy(arena, s);
		put(f, to, &s, sizeof(s));
	}
}

uint64_t record_hash(const struct record_table *t, const void *record)
{
	struct str packed = { 0 };
	record_pack(t, record, &packed);
	uint64_t h = slice_hash(str_slice(&packed));
	str_free(&packed);
	return h;
}

void record_print(const struct record_table *t, const void *record, struct str *out)
{
	enum { CUT = 60 };
	struct arena arena = { 0 };
	for (size_t i = 0; i < t->count; i++) {
		const struct field *f = &t->fields[i];
		if (field_is_empty(f, record))
			continue;
		struct slice v = field_text(f, record, &arena);
		str_addf(out, "%s%s=%.*s%s", out->n ? " " : "", f->name,
			(int)(v.n > CUT ? CUT : v.n), v.p, v.n > CUT ? "..." : "");
	}
	arena_free(&arena);
}
