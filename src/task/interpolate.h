/* "${...}" in a task's strings, put in when the task is known.  Two manners, as in Nomad:
 *
 *   config     is strict: expressions and functions; an unknown name is an error that suggests the nearest one.
 *   the rest   (meta, env, user, artifacts) is plain: a known ${name} is replaced, one pass, the rest stays as it is.
 *
 * The order: 1. node.*, attr.* and meta.* of the host, and NOMAD_* but for NOMAD_META_*; 2. the values of meta blocks,
 * which see those, and become NOMAD_META_*; 3. the values of env, which see 1 and 2 and *not each other*, whatever
 * their order (there, it depends on the order of a hash table); 4. config, which sees all of them.  Runs in bundle, up
 * and check. */
#pragma once
#include "task/hcl.h"
#include "json/field.h"

/* A later one of the same name takes the place of the earlier one. */
struct pair **names_set(struct pair **names, const char *name, const char *value);

const char *interpolate(struct pair *const *names, const char *string, struct position at);
/* As Nomad 0.3 did it, without braces: a known $NAME is replaced, the rest stays as it is. */
const char *interpolate_bare(struct pair *const *names, const char *string);

const struct block *interpolate_config(struct pair *const *names, const struct block *);
