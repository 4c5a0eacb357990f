/* HCL, from a file's text to the tree that task/job reads. */
#include "task/hcl.h"

#include "base/file.h"
#include "base/mem.h"
#include "task/body.h"
#include "task/function.h"

#include <fcntl.h>
#include <string.h>

struct names {
	struct list variables, locals;
};

static const struct expr *attribute_of(const struct entry *e, const char *name)
{
	const struct entry *found = body_find(e->body, name);
	return found ? found->value : NULL;
}

static void take_variable(const struct entry *e, struct names *to)
{
	static const char *const allowed[] = { "type", "default", "description", "sensitive", "validation", NULL };

	if (!e->labels || e->labels[1])
		hcl_fail(e->at, "Invalid variable block; it takes one label, its name: write variable \"NAME\" { }");
	body_allow(e->body, allowed, "variable");
	scope_define(&to->variables, e->labels[0]->value->string, e->at, attribute_of(e, "default"),
		     attribute_of(e, "type"));
	EACH(rule, e->body->entries)
		if (same((*rule)->name, "validation") && (*rule)->body)
			scope_rule(&to->variables, attribute_of(*rule, "condition"),
				   attribute_of(*rule, "error_message"), (*rule)->at);
}

static void take_attributes(const struct entry *e, struct list *to)
{
	if (e->labels)
		hcl_fail(e->at, "Extraneous label for %s; it takes none: remove it", e->name);
	EACH(a, e->body->entries) {
		if (!(*a)->value)
			hcl_fail((*a)->at, "Unsupported block type; a %s block holds NAME = VALUE only: remove \"%s\"",
				 e->name, (*a)->name);
		scope_define(to, (*a)->name, (*a)->at, (*a)->value, NULL);
	}
}

/* What is left is the job. */
static void take_definitions(struct body *body, struct names *to)
{
	struct list rest = { 0 };
	EACH(e, body->entries) {
		if ((*e)->body && same((*e)->name, "variable"))
			take_variable(*e, to);
		else if ((*e)->body && same((*e)->name, "variables"))
			take_attributes(*e, &to->variables);
		else if ((*e)->body && same((*e)->name, "locals"))
			take_attributes(*e, &to->locals);
		else
			list_add(&rest, *e);
	}
	body->entries = (struct entry **) rest.at;
}

/* The names that the job does not declare are somebody else's. */
static void take_environment(struct world *w, const char *const *environment)
{
	EACH(e, environment)
		if (starts_with(*e, "NOMAD_VAR_"))
			scope_set(w, *e + strlen("NOMAD_VAR_"), NULL);
}

static void take_file(struct world *w, const char *file)
{
	struct lexer l;
	token_open(&l, file, read_whole(AT_FDCWD, file), HCL_JOB);
	EACH(e, body_read(&l)->entries) {
		if (!(*e)->value)
			hcl_fail((*e)->at, "a file of variables holds NAME = VALUE only; remove the block \"%s\"",
				 (*e)->name);
		scope_give(w, (*e)->name, (*e)->value, (*e)->at);
	}
}

static void take_given(struct world *w, const struct given_variables *given)
{
	if (!given)
		return;
	take_environment(w, given->environment);
	EACH(file, given->files)
		take_file(w, *file);
	EACH(assignment, given->assignments)
		scope_set(w, *assignment, "--var");
}

struct block *hcl_read(const char *file, const char *text, enum dialect dialect, const struct given_variables *given)
{
	struct lexer l;
	struct world world = { .functions = &function_calls, .definitions = dialect == HCL_JOB };
	struct names names = { 0 };

	token_open(&l, file, text, dialect);
	struct body *body = body_read(&l);
	if (dialect == HCL_JOB)
		take_definitions(body, &names);
	world.variables = (struct definition **) names.variables.at;
	world.locals = (struct definition **) names.locals.at;
	scope_check(&world);
	take_given(&world, given);
	scope_evaluate(&world);
	return block_build("", (struct position){ file, 1, 1 }, NULL, body, &(struct scope){ .world = &world });
}
