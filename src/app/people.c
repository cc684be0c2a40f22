/*
 * First users. Their passwords are written to a file before they are made, so that a crash in between leaves nobody with a password that nobody knows:
 *
 *   no users yet ─▶ first-passwords.part ─▶ each user made ─▶ renamed to first-passwords.txt
 *                        └─ found at a start: the same users with the same passwords are made again
 *
 * Never touches users that exist. Called by node_start.c.
 */
#include "app/people.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/config.h"
#include "app/node.h"
#include "base/log.h"
#include "desk/password.h"
#include "store/remember.h"

struct people {
	struct node *node;
	void (*done)(void *arg, const struct str *text);
	void *arg;
	char *file, *part;
	struct str lines; /* "name password", one a line */
	size_t next;	  /* of the configuration's people */
	unsigned holds;	  /* answers owed, and the owner */
	bool gone;
};

static void people_release(struct people *p)
{
	if (--p->holds)
		return;
	free(p->file);
	free(p->part);
	str_free(&p->lines);
	free(p);
}

static void say(struct people *p, const struct str *text)
{
	if (!p->gone)
		p->done(p->arg, text);
}

static struct slice password_of(const struct people *p, struct slice id)
{
	struct slice rest = str_slice(&p->lines);

	while (rest.p && rest.n) {
		struct slice line = slice_cut(&rest, '\n');
		if (slice_equal(slice_cut(&line, ' '), id))
			return line;
	}
	return (struct slice){ 0 };
}

static bool file_write(const char *path, struct slice bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n && fsync(fd) == 0;

	if (!ok)
		log_error("app", "cannot write passwords file=%s why=%s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ok;
}

static void all_made(struct people *p)
{
	const struct config *c = p->node->config;
	struct str text = { 0 };

	if (rename(p->part, p->file) != 0)
		log_error(
			"app", "cannot rename passwords file=%s why=%s", p->part, strerror(errno));
	str_addf(&text, "  users and their passwords (also in %s):\n", p->file);
	for (size_t i = 0; i < c->person_count; i++)
		str_addf(&text, "    %-10.*s %.*s  %-10s %.*s\n", SLICE_ARG(c->people[i].id),
			SLICE_ARG(password_of(p, c->people[i].id)), role_words[c->people[i].role],
			SLICE_ARG(c->people[i].name));
	say(p, &text);
	str_free(&text);
}

static void make_next(struct people *p);

static void on_made(void *arg, int status, const char *password, const char *why)
{
	struct people *p = arg;

	(void)password;
	if (p->gone) {
		people_release(p);
		return;
	}
	if (status != 0)
		log_error("app", "user not made user=%.*s why=%s",
			SLICE_ARG(p->node->config->people[p->next].id),
			why ? why : strerror(-status));
	p->next++;
	make_next(p);
	people_release(p);
}

static void make_next(struct people *p)
{
	const struct config *c = p->node->config;

	if (p->next >= c->person_count) {
		all_made(p);
		return;
	}
	const struct person *one = &c->people[p->next];
	p->holds++;
	desk_user_add(p->node->desk, one->id, one->name, one->role, one->skills, one->units,
		password_of(p, one->id), on_made, p);
}

static void choose_passwords(struct people *p)
{
	const struct config *c = p->node->config;

	for (size_t i = 0; i < c->person_count; i++) {
		struct str password = { 0 };
		password_generate(&password);
		str_addf(&p->lines, "%.*s %s\n", SLICE_ARG(c->people[i].id), password.p);
		str_free(&password);
	}
}

static void on_users(void *arg, int status, const struct slice *names, size_t count)
{
	struct people *p = arg;
	struct str text = { 0 }, problems = { 0 };

	(void)names;
	if (p->gone) {
		people_release(p);
		return;
	}
	bool begun = access(p->part, R_OK) == 0 && config_read(p->part, &p->lines, &problems);
	if (status == 0 && !begun && count == 0 && p->node->config->person_count) {
		choose_passwords(p);
		begun = file_write(p->part, str_slice(&p->lines));
	}
	if (begun) {
		make_next(p);
	} else {
		if (access(p->file, R_OK) == 0)
			str_addf(&text, "  first passwords of the users are in %s\n", p->file);
		say(p, &text);
	}
	str_free(&text);
	str_free(&problems);
	people_release(p);
}

struct people *people_new(
	struct node *n, void (*done)(void *arg, const struct str *text), void *arg)
{
	struct people *p = mem_alloc(sizeof(*p));
	struct str path = { 0 };

	*p = (struct people){ .node = n, .done = done, .arg = arg, .holds = 2 };
	str_addf(&path, "%.*s/first-passwords.txt", SLICE_ARG(n->config->data_dir));
	p->file = str_take(&path);
	str_addf(&path, "%.*s/first-passwords.part", SLICE_ARG(n->config->data_dir));
	p->part = str_take(&path);
	users_read(n->store, on_users, p);
	return p;
}

void people_free(struct people **p)
{
	if (!*p)
		return;
	(*p)->gone = true;
	people_release(*p);
	*p = NULL;
}
