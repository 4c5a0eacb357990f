#include "task/delivery.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "task/source.h"
#include "task/value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static int by_key(const void *a, const void *b)
{
	return strcmp((*(struct pair *const *) a)->key, (*(struct pair *const *) b)->key);
}

static struct pair **pairs_of(struct member *const *members, struct pair *const *names)
{
	struct pair **pairs = NULL;
	EACH(m, members) {
		struct pair *p = mem(sizeof *p);
		*p = (struct pair){ (*m)->key, interpolate(names, value_text((*m)->value), (*m)->value->at) };
		pairs = append(pairs, p);
	}
	if (pairs)
		qsort(pairs, count(pairs), sizeof *pairs, by_key);
	return pairs;
}

/* RFC 9110, 5.1 and 5.5: anything else could begin another header, or another request. */
static void check_headers(struct pair *const *headers, struct position at)
{
	EACH(h, headers) {
		const char *c = (*h)->key;
		while (isalnum((unsigned char) *c) || (*c && strchr("!#$%&'*+-.^_`|~", *c)))
			c++;
		if (*c || c == (*h)->key)
			hcl_fail(at, "artifact header \"%s\" is no name of a header", (*h)->key);
		for (c = (*h)->value; *c; c++)
			if (((unsigned char) *c < ' ' && *c != '\t') || *c == 0x7f)
				hcl_fail(at, "artifact header \"%s\": its value has a control character; remove it",
					 (*h)->key);
	}
}

/* ---- where to ---- */

/* Relative to the task directory, which stands beside alloc. */
static void place_relative(struct delivery *d, struct position at, const char *said)
{
	const char **stack = append(NULL, "task");
	bool outside = false;

	EACH(part, split(said, '/')) {
		size_t n = count(stack);
		if (!**part || same(*part, "."))
			continue;
		if (!same(*part, ".."))
			stack = append(stack, *part);
		else if (n)
			stack[n - 1] = NULL;
		/* "../task" is another task's, if one is called so, and "../../x" is nobody's. */
		outside |= !n && !same(*stack, "alloc");
	}
	d->shared = same(*stack, "alloc");
	if (outside || !*stack)
		hcl_fail(at,
			 "artifact destination \"%s\" leaves the directories of the task; it can be below local/ or "
			 "../alloc/",
			 said);
	d->path = join(stack + 1, "/");
}

/* What is absolute is meant as the task sees it, and so is below its directory. */
static void place_absolute(struct delivery *d, const struct ground *g, const char *said)
{
	const char *clean = clean_path(said), *in_alloc = path_below(g->alloc_dir, clean), *in_task = NULL;

	if (!in_alloc)
		in_task = path_below(g->task_dir, clean);
	d->shared = in_alloc;
	d->path = in_alloc ? in_alloc : in_task ? in_task : clean + 1;
}

static void choose_place(struct delivery *d, const struct ground *g, struct pair *const *names)
{
	const struct artifact *a = d->artifact;
	struct position at = key_at(a->block, "destination");
	const char *said = a->destination ? interpolate(names, a->destination, at) : "";

	if (!*said)
		said = d->order->single ? fmt("local/%s", d->order->name) : "local";
	*said == '/' ? place_absolute(d, g, said) : place_relative(d, at, said);
	if (!d->shared && g->root && path_below("alloc", d->path)) {
		d->path = path_below("alloc", d->path);
		d->shared = true;
	}
	if (d->order->single && !ends_with(said, "/")) {
		const char *slash = strrchr(d->path, '/');
		d->order->name = *base_name(d->path) ? base_name(d->path) : d->order->name;
		d->path = slash ? text_n(d->path, (size_t) (slash - d->path)) : "";
	}
	if (g->root && !d->shared && !chroot_may_hold(g->root, fmt("/%s", d->path)))
		hcl_fail(at,
			 "artifact destination \"%s\" is where the task sees a directory of the host's, or the "
			 "kernel's; take one below local/",
			 said);
}

static struct delivery *delivery_read(const struct artifact *a, struct pair *const *names, const struct ground *g)
{
	struct delivery *d = mem(sizeof *d);
	struct order *o = mem(sizeof *o);
	struct position at = key_at(a->block, "source");

	*d = (struct delivery){ .artifact = a, .order = o };
	*o = (struct order){ .single = same(a->mode, "file"), .insecure = a->insecure };
	o->headers = pairs_of(a->headers, names);
	check_headers(o->headers, key_at(a->block, "headers"));
	source_read(o, at, interpolate(names, a->source, at), pairs_of(a->options, names));
	if (same(a->mode, "dir") && !o->archive)
		hcl_fail(key_at(a->block, "mode"),
			 "artifact mode \"dir\": %s is no archive by its name; say which it is: options { archive = "
			 "\"tar.gz\" }",
			 o->name);
	choose_place(d, g, names);
	return d;
}

struct delivery **deliveries_read(struct artifact *const *artifacts, struct pair *const *names,
				  const struct ground *ground)
{
	struct delivery **all = NULL;
	EACH(a, artifacts)
		all = append(all, delivery_read(*a, names, ground));
	return all;
}
