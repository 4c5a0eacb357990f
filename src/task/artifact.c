#include "task/artifact.h"

#include "base/mem.h"
#include "base/text.h"
#include "task/source.h"
#include "task/value.h"

#include <string.h>

/* clang-format off */
const struct keys artifact_keys = { .noun = "an artifact", .size = sizeof(struct artifact), ROWS(
	{ "source",      "GetterSource",   KEY_TEXT(artifact, source) },
	{ "destination", "RelativeDest",   KEY_TEXT(artifact, destination) },
	{ "mode",        "GetterMode",     KEY_TEXT(artifact, mode) },
	{ "options",     "GetterOptions",  KEY_MAP(artifact, options) },
	{ "headers",     "GetterHeaders",  KEY_MAP(artifact, headers) },
	{ "insecure",    "GetterInsecure", KEY_FLAG(artifact, insecure) },
	{ "chown",       "Chown",          KEY_FLAG(artifact, chown) }) };
/* clang-format on */

static bool waits(const char *s) { return strstr(s, "${") != NULL; }

static void check_checksum(const struct member *m)
{
	struct order nothing = { 0 };
	if (!waits(value_text(m->value)))
		checksum_read(&nothing, m->value->at, value_text(m->value));
}

/* Relative to TASK in ALLOC/TASK: it may climb once, into ALLOC/alloc. */
static bool escapes(const char *destination)
{
	int depth = 1;
	EACH(part, split(destination, '/')) {
		depth += same(*part, "..") ? -1 : **part && !same(*part, ".");
		if (depth < 0)
			return true;
	}
	return false;
}

static struct member **add_option(struct member **options, struct position at, const char *key, const char *value)
{
	return append(options, member(key, at, value_string(at, value)));
}

struct artifact *artifact_of_config(struct position at, const char *source, const char *checksum)
{
	struct artifact *a = mem(sizeof *a);
	struct block *block = mem(sizeof *block);

	*block = (struct block){ .type = "artifact_source", .at = at };
	*a = (struct artifact){ .block = block, .source = source, .mode = "file" };
	a->options = add_option(NULL, at, "archive", "false");
	if (checksum)
		a->options = add_option(a->options, at, "checksum", checksum);
	artifact_check(a);
	return a;
}

void artifact_check(const struct artifact *a)
{
	if (!a->source || !*a->source)
		hcl_fail(a->block->at, "this artifact has no source; write source = \"https://...\" in it");
	if (a->mode && *a->mode && !same(a->mode, "any") && !same(a->mode, "file") && !same(a->mode, "dir"))
		hcl_fail(key_at(a->block, "mode"), "artifact mode \"%s\" is unknown; it can be any, file or dir",
			 a->mode);
	if (a->destination && *a->destination != '/' && escapes(a->destination))
		hcl_fail(key_at(a->block, "destination"),
			 "artifact destination \"%s\" leaves the allocation directory; it can be below local/ or "
			 "../alloc/",
			 a->destination);
	EACH(o, a->options)
		if (same((*o)->key, "checksum"))
			check_checksum(*o);
}
