/*
 * Members of a line that the program said. One of the wrong type, or missing where it is needed, ends the program. Called by talk.c and message.c.
 */
#include "exec.h"

struct usher_str field_of(const json_t *line, const char *name)
{
	const json_t *v = json_object_get(line, name);

	return (struct usher_str){ json_string_value(v), json_string_length(v) };
}

const char *field_text(const json_t *line, const char *name)
{
	const char *text = json_string_value(json_object_get(line, name));

	return text ? text : "";
}

bool field_is_wrong(struct exec *e, const json_t *line, const char *name, json_type type)
{
	static const char *const types[] = { [JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "a list",
		[JSON_STRING] = "a text",
		[JSON_INTEGER] = "a whole number",
		[JSON_REAL] = "a number with a point",
		[JSON_TRUE] = "true or false",
		[JSON_FALSE] = "true or false" };
	const json_t *v = json_object_get(line, name);
	bool boolean = type == JSON_TRUE && json_is_boolean(v);

	if (!v || json_is_null(v) || json_typeof(v) == type || boolean)
		return false;
	exec_nonsense(e, "\"%s\" of %s is %s, expected %s", name, field_text(line, "t"),
		types[json_typeof(v)], types[type]);
	return true;
}

bool field_lacks(struct exec *e, const json_t *line, const char *name)
{
	if (field_is_wrong(e, line, name, JSON_STRING))
		return true;
	if (field_of(line, name).n)
		return false;
	exec_nonsense(e, "%s without \"%s\"", field_text(line, "t"), name);
	return true;
}
