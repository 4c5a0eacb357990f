/* template blocks: files whose text stands in the job.  bivy knows no Consul and no Vault to ask: of the template
 * language it has {{ env "NAME" }}, plain strings, comments and the marks that trim blanks, and refuses the rest by
 * name. Runs in bundle, up and check. */
#pragma once
#include "task/interpolate.h"
#include "task/job.h"

/* The text with its actions done.  at: where it begins, for errors. */
const char *render(const struct template *, const char *words, struct pair *const *env, struct position at);

/* The lines KEY=VALUE of a file, added to the environment, in the form that Nomad reads: comments, "export ", quotes.
 */
struct pair **render_variables(struct pair **env, const char *words, struct position at);
