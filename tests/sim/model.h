/*
 * A model: what arrives, who serves, by which policy, and (for --check) what is known about the result. Read from a
 * YAML file by model.c; the keys are in README.md. All memory is in the arena given to model_read.
 */
#ifndef TESTS_SIM_MODEL_H
#define TESTS_SIM_MODEL_H

#include "base/arena.h"
#include "base/str.h"
#include "model/pairs.h"
#include "model/words.h"

enum {
	MODEL_TYPES_MAX = 1000,
	MODEL_GROUPS_MAX = 1000,
	MODEL_AGENTS_MAX = 100000, /* in all groups together */
	MODEL_UNITS = 100,	   /* of an agent and of a conversation: one at a time */
};
#define MODEL_SERVICE_MEAN_S 240.0

/* A kind of conversation. */
struct model_type {
	struct slice name, segment; /* segment: the name where the file gives none */
	double rate_per_h;
	double service_mean_s;
	double patience_s; /* mean; 0: leaves at once when nobody is free; negative: never leaves */
	struct skill *requires;
	size_t require_count;
	uint32_t units;
};
/* Agents who are all alike. */
struct model_group {
	struct slice name;
	size_t count;
	struct skill *skills;
	size_t skill_count;
	double service_mean_s; /* 0: the type's */
	uint32_t units;
};
/* A segment and a number for it. */
struct model_number {
	struct slice segment;
	double value;
	unsigned line, col;
};
/* An exact value: `what` of type or group `of` is `value`. */
struct model_known {
	struct slice of, what;
	double value;
	unsigned line, col;
};
struct model {
	struct slice file;
	struct model_type *types;
	size_t type_count;
	struct model_group *groups;
	size_t group_count;
	enum strategy strategy;
	struct model_number *offsets_s, *lanes, *hold_back;
	size_t offset_count, lane_count, hold_count;
	struct slice hold_pool;
	uint32_t hold_max_s;
	struct model_known *known;
	size_t known_count;
};

/* False with lines `file:line:col: what is wrong` in problems. */
bool model_read(struct model *m, const char *file, struct arena *arena, struct str *problems);
/* Whether the agents of a group have what a type requires, level by level. */
bool model_serves(const struct model_group *g, const struct model_type *t);

#endif
