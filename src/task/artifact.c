#include "task/artifact.h"

#include "base/mem.h"
#include "base/text.h"
#include "task/value.h"

#include <ctype.h>
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

static const struct { const char *name; size_t digits; } digests[] = {
	{ "md5", 32 }, { "sha1", 40 }, { "sha256", 64 }, { "sha512", 128 }, { 0 },
};
/* clang-format on */

static bool waits(const char *s) { return strstr(s, "${") != NULL; }

/* One character as a person can find it, whatever it is. */
static const char *shown(const char *at)
{
	size_t length = 1;
	while ((at[length] & 0xc0) == 0x80)
		length++;
	if (length == 1 && !isprint((unsigned char) *at))
		return fmt("the byte 0x%02x", (unsigned) (unsigned char) *at);
	return fmt("'%.*s'", (int) length, at);
}

static size_t digits_of(struct position at, const char *checksum, const char *kind)
{
	for (size_t i = 0; digests[i].name; i++)
		if (same(digests[i].name, kind))
			return digests[i].digits;
	hcl_fail(at, "checksum %s: unknown kind \"%s\"; it can be md5, sha1, sha256 or sha512",
		 clip(checksum, strlen(checksum)), kind);
}

static void check_checksum(const struct member *m)
{
	const char *sum = trim(value_text(m->value));
	struct position at = m->value->at;
	const char *colon = strchr(sum, ':');

	if (waits(sum))
		return;
	if (!*sum)
		hcl_fail(at, "the checksum is empty; write it as \"sha256:64 hexadecimal digits\", or remove it");
	if (!colon)
		hcl_fail(at, "checksum \"%s\" must be given as \"kind:digits\", such as sha256:...", sum);
	size_t digits = digits_of(at, sum, text_n(sum, (size_t) (colon - sum)));
	size_t good = strspn(colon + 1, "0123456789abcdefABCDEF");
	if (colon[1 + good])
		hcl_fail(at, "checksum \"%s\": %s, character %zu of its digits, is not hexadecimal; copy the sum again",
			 sum, shown(colon + 1 + good), good + 1);
	if (good != digits)
		hcl_fail(at, "checksum \"%s\" has %zu digits; a %.*s sum has %zu", sum, good, (int) (colon - sum), sum,
			 digits);
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

void artifact_check(const struct artifact *a)
{
	if (!a->source || !*a->source)
		hcl_fail(a->block->at, "this artifact has no source; write source = \"https://...\" in it");
	if (a->mode && *a->mode && !waits(a->mode) && !same(a->mode, "any") && !same(a->mode, "file") &&
	    !same(a->mode, "dir"))
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
