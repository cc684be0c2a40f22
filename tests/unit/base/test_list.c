#include "unit/cm.h"

#include "base/list.h"

struct thing {
	char name;
	struct list_node node;
};

static void holds(struct list *l, const char *names)
{
	struct str got = { 0 };

	str_add(&got, SLICE(""));
	LIST_FOR (t, l, struct thing, node)
		str_add_char(&got, t->name);
	assert_slice_is(str_slice(&got), names);
	assert_int_equal(l->count, strlen(names));
	str_free(&got);
}

static void moves_between_lists(void **state)
{
	struct list waiting = { 0 }, offered = { 0 };
	struct thing a = { .name = 'a' }, b = { .name = 'b' }, c = { .name = 'c' };

	(void)state;
	list_push_back(&waiting, &b.node);
	list_insert_before(&waiting, &b.node, &a.node);
	list_push_back(&waiting, &c.node);
	holds(&waiting, "abc");
	list_remove(&b.node);
	assert_null(b.node.on);
	list_push_back(&offered, &b.node);
	holds(&waiting, "ac");
	holds(&offered, "b");
	list_remove(&b.node);
	list_insert_before(&waiting, &c.node, &b.node);
	holds(&waiting, "abc");
	assert_ptr_equal(list_pop_front(&waiting), &a.node);
	list_insert_before(&waiting, NULL, &a.node);
	holds(&waiting, "bca");
	assert_null(list_pop_front(&offered));
}

static void iterates_safely(void **state)
{
	struct list l = { 0 };
	struct thing t[5];
	int seen = 0;

	(void)state;
	for (int i = 0; i < 5; i++) {
		t[i] = (struct thing){ .name = (char)('a' + i) };
		list_push_back(&l, &t[i].node);
	}
	LIST_FOR (x, &l, struct thing, node) {
		seen++;
		if (x->name == 'd')
			break;
		if (x->name == 'b')
			continue;
		list_remove(&x->node);
	}
	assert_int_equal(seen, 4);
	holds(&l, "bde");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_between_lists),
		cmocka_unit_test(iterates_safely),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
