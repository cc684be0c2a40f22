/*
 * One value of a section: where it stands, what it is to be, where it goes. Each place_* function reads one type of value into its
 * member of the section's struct, or reports what was expected.
 */
#ifndef USHER_APP_PLACE_H
#define USHER_APP_PLACE_H

#include "app/section.h"

struct place {
	struct loader *l;
	const struct key *key;
	const struct tree *tree;
	char *target;	  /* the section's struct */
	const char *what; /* how the section is spoken of */
};

#define PLACE_MEMBER(p, type)  ((type *)(void *)((p)->target + (p)->key->at))
#define PLACE_ALSO(p, type)    ((type *)(void *)((p)->target + (p)->key->also))
#define PLACE_WRONG(p, t, ...) problem_at(&(p)->l->problems, (t)->line, (t)->col, __VA_ARGS__)

static inline struct arena *place_arena(const struct place *p)
{
	return p->l->config->arena;
}
/* Says what was expected. */
static inline void place_expected(const struct place *p)
{
	PLACE_WRONG(p, p->tree, "%s in %s: expected %s", p->key->name, p->what,
		value_words[p->key->type]);
}
/* Says it when it is not of that form. */
static inline bool place_is(const struct place *p, enum tree_kind kind)
{
	if (p->tree->kind == kind)
		return true;
	place_expected(p);
	return false;
}

/* single.c */
void place_number(const struct place *p);
void place_seconds(const struct place *p);
void place_bool(const struct place *p);
void place_text(const struct place *p);
void place_name(const struct place *p);
void place_choice(const struct place *p);
void place_word(const struct place *p);
void place_address(const struct place *p);
void place_url(const struct place *p);
void place_redis(const struct place *p);
void place_kind(const struct place *p);
void place_queue(const struct place *p);
void place_calendar(const struct place *p);
void place_channel(const struct place *p);
/* several.c */
void place_texts(const struct place *p);
void place_skills(const struct place *p);
void place_skill_text(const struct place *p);
void place_pair(const struct place *p);
void place_pairs(const struct place *p);
void place_options(const struct place *p);
struct skill *place_skill_list(const struct place *p, size_t *count);
/* stages.c */
void place_first_stage(const struct place *p);
void place_stages(const struct place *p);

#endif
