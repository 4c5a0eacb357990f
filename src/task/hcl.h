/* HCL, as Nomad's users write it: a file becomes a tree of blocks and attributes whose expressions are evaluated.
 * Knows the language only; what a block means is the concern of task/job.  HCL's own JSON form and the JSON of
 * `nomad job run -output` do not pass here.  Runs in the command that reads the file.
 *
 * A broken file is fail()'s COULD_NOT in one line that names FILE:LINE,COLUMN, the offending text and the remedy. */
#pragma once
#include "task/tree.h"

/* Values for a file's variables, from the weakest: NOMAD_VAR_NAME in the environment, files of NAME = VALUE,
 * assignments "NAME=VALUE".  The lists are NULL-ended or NULL. */
struct given_variables {
	const char *const *files, *const *assignments;
	const char *const *environment;
};

/* In a job file `variable`, `variables` and `locals` blocks have
 * been used up, `dynamic` blocks expanded and every expression evaluated; a reference that only the run knows (NOMAD_*,
 * env, attr, node, meta and whatever else is neither var, local nor an iterator) stays as the text "${...}", with its
 * whole expression where that cannot be evaluated without it.  text need not end in a newline; CRLF and a BOM are fine.
 */
struct block *hcl_read(const char *file, const char *text, enum dialect, const struct given_variables *);

/* The run-time pass over one string of a task.  lookup: the value of a name, NULL: there is none.  known: the names to
 * suggest.
 *
 * strict, as Nomad treats `config`: the string is a template, with expressions, functions and %{ } directives; an
 * unknown name fails, with the nearest known one and the place; "$${" gives "${".  Names arrive dotted
 * ("node.unique.name", "attr.cpu.arch"); env["a.b"] and env.X ask for the plain key ("a.b", "X"), which is how a name
 * that is no identifier is reached. Otherwise, as Nomad treats env, meta and artifacts: ${name} is replaced when lookup
 * knows it, in one pass; everything else is left as it stands, "$${" too. */
const char *hcl_expand(const char *string, struct position at, bool strict,
		       const char *(*lookup)(const char *name, const void *context), const void *context,
		       const char *const *known);
