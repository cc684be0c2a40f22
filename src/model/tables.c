/*
 * The tables that the codec walks: one row per field of each record, from the X-macros of the headers.
 */
#include "model/command.h"
#include "model/effect.h"
#include "model/entry.h"
#include "model/event.h"
#include "model/outbound.h"

#define RECORD_WORD(name, wire, what) wire,
const char *const command_words[] = { "", COMMANDS(RECORD_WORD) NULL };
const char *const event_words[] = { "", EVENTS(RECORD_WORD) NULL };
const char *const effect_words[] = { "", EFFECTS(RECORD_WORD) NULL };

/* Which words a WORD field takes follows from its member's name; only `type` differs by record. */
#define WORDS_OF_presence  presence_words
#define WORDS_OF_visit	   visit_words
#define WORDS_OF_delivery  delivery_words
#define WORDS_OF_role	   role_words
#define WORDS_OF_direction direction_words
#define WORDS_OF_end	   offer_end_words
#define WORDS_OF_state	   conv_state_words
#define WORDS_OF_answer	   answer_words

#define ROW_U64(member)	 NULL
#define ROW_I64(member)	 NULL
#define ROW_ID(member)	 NULL
#define ROW_STR(member)	 NULL
#define ROW_WORD(member) WORDS_OF_##member
#define ROW(kind, member, wire, no)                                                                \
	{ .name = wire,                                                                            \
		.number = no,                                                                      \
		.type = FIELD_##kind,                                                              \
		.offset = offsetof(struct RECORD, member),                                         \
		.words = ROW_##kind(member) },

#define RECORD	      command
#define WORDS_OF_type command_words
static const struct field command_fields[] = { COMMAND_FIELDS(ROW) };
#undef RECORD
#undef WORDS_OF_type

#define RECORD	      event
#define WORDS_OF_type event_words
static const struct field event_fields[] = { EVENT_FIELDS(ROW) };
#undef RECORD
#undef WORDS_OF_type

#define RECORD	      effect
#define WORDS_OF_type effect_words
static const struct field effect_fields[] = { EFFECT_FIELDS(ROW) };
#undef RECORD
#undef WORDS_OF_type

#define RECORD entry
static const struct field entry_fields[] = { ENTRY_FIELDS(ROW) };
#undef RECORD

#define RECORD outbound
static const struct field outbound_fields[] = { OUTBOUND_FIELDS(ROW) };
#undef RECORD

#define TABLE(record)                                                                              \
	const struct record_table record##_table = { .fields = record##_fields,                    \
		.count = sizeof(record##_fields) / sizeof(record##_fields[0]),                     \
		.size = sizeof(struct record) };
TABLE(command)
TABLE(event)
TABLE(effect)
TABLE(entry)
TABLE(outbound)
