#include "task/source.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "task/token.h"
#include "task/value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* clang-format off */
static const struct { const char *ending, *kind; } archives[] = {
	{ "tar.gz", "tar" }, { "tgz", "tar" }, { "tar.bz2", "tar" }, { "tbz2", "tar" }, { "tar.xz", "tar" }, { "txz", "tar" },
	{ "tar.zst", "tar" }, { "tzst", "tar" }, { "tar", "tar" }, { "zip", "zip" },
	{ "gz", "packed" }, { "bz2", "packed" }, { "xz", "packed" }, { "zst", "packed" }, { 0 },
};

static const struct { const char *name; size_t digits; } digests[] = {
	{ "md5", 32 }, { "sha1", 40 }, { "sha256", 64 }, { "sha512", 128 }, { 0 },
};
/* clang-format on */

/* ---- the checksum ---- */

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
	hcl_fail(at, "checksum %s: unknown kind \"%s\"; it can be md5, sha1, sha256, sha512 or file",
		 clip(checksum, strlen(checksum)), kind);
}

static const char *small(const char *digits)
{
	char *copy = text(digits);
	for (char *c = copy; *c; c++)
		*c = (char) tolower((unsigned char) *c);
	return copy;
}

static const char *address_of(struct position at, const char *source);

void checksum_read(struct order *o, struct position at, const char *checksum)
{
	const char *sum = trim(checksum), *colon = strchr(sum, ':');

	if (!*sum)
		hcl_fail(at, "the checksum is empty; write it as \"sha256:64 hexadecimal digits\", or remove it");
	if (!colon)
		hcl_fail(at, "checksum \"%s\" must be given as \"kind:digits\", such as sha256:...", sum);
	const char *kind = text_n(sum, (size_t) (colon - sum));
	if (same(kind, "file")) {
		o->list = address_of(at, colon + 1);
		return;
	}
	size_t digits = digits_of(at, sum, kind), good = strspn(colon + 1, "0123456789abcdefABCDEF");
	if (colon[1 + good])
		hcl_fail(at, "checksum \"%s\": %s, character %zu of its digits, is not hexadecimal; copy the sum again",
			 sum, shown(colon + 1 + good), good + 1);
	if (good != digits)
		hcl_fail(at, "checksum \"%s\" has %zu digits; a %s sum has %zu", sum, good, kind, digits);
	o->digest = kind;
	o->digits = small(colon + 1);
}

/* ---- addresses ---- */

/* A name alone may be a token; a query may be a signature. */
const char *source_shown(const char *source)
{
	const char *scheme = strstr(source, "://"), *host = scheme ? scheme + 3 : source;
	const char *at = memrchr(host, '@', strcspn(host, "/?#")), *rest = at ? at : host;
	const char *colon = at ? memchr(host, ':', (size_t) (at - host)) : NULL;
	const char *head = text_n(source, (size_t) ((colon ? colon + 1 : host) - source));

	if (!scheme)
		return colon ? fmt("%s***%s", head, rest) : source;
	size_t path = strcspn(rest, "?");
	return fmt("%s%s%.*s%s", head, at ? "***" : "", (int) path, rest, rest[path] ? "?..." : "");
}

static const char *unescape(struct position at, const char *from)
{
	char *to = text(from), *end = to;

	for (; *from; from++) {
		unsigned byte = (unsigned char) *from;
		if (*from == '%' && isxdigit((unsigned char) from[1]) && isxdigit((unsigned char) from[2])) {
			byte = (unsigned) strtoul(text_n(from + 1, 2), NULL, 16);
			from += 2;
		}
		if (!byte)
			hcl_fail(at, "artifact source: %%00 cannot be part of a name");
		*end++ = (char) byte;
	}
	*end = 0;
	for (const char *c = to; *c; c += token_character(c))
		if (!token_character(c))
			hcl_fail(at, "artifact source: %s is not UTF-8, which bivy wants of names", shown(c));
	return to;
}

static _Noreturn void refuse_scheme(struct position at, const char *source, const char *scheme)
{
	hcl_fail(at,
		 "artifact source %s: bivy fetches by http, https and file, not by %s; put what is needed up as an "
		 "archive "
		 "at an https:// address",
		 source_shown(source), scheme);
}

/* The forms that go without a scheme, and mean one of another program's. */
static const char *meant(const char *source)
{
	if (starts_with(source, "git@") || starts_with(source, "github.com/") || starts_with(source, "gitlab.com/") ||
	    starts_with(source, "bitbucket.org/"))
		return "git";
	return strstr(source, ".amazonaws.com/") ? "s3" : NULL;
}

/* "/path", or a URL of http or https. */
static const char *address_of(struct position at, const char *source)
{
	const char *forced = strstr(source, "::"), *colon = strstr(source, "://");

	if (forced && forced == source + strspn(source, "abcdefghijklmnopqrstuvwxyz0123456789")) {
		const char *scheme = text_n(source, (size_t) (forced - source));
		if (!same(scheme, "http") && !same(scheme, "https") && !same(scheme, "file"))
			refuse_scheme(at, source, scheme);
		return address_of(at, forced + 2);
	}
	for (const char *c = source; *c; c++)
		if ((unsigned char) *c <= ' ' || *c == 0x7f)
			hcl_fail(at,
				 "artifact source \"%s\": %s, character %zu, cannot stand in an address; write %%%02X",
				 source_shown(source), shown(c), (size_t) (c - source) + 1, (unsigned) *c);
	if (*source == '/')
		return source;
	if (!colon && meant(source))
		refuse_scheme(at, source, meant(source));
	if (!colon)
		hcl_fail(at, "artifact source %s: neither a URL nor an absolute path; begin it with https:// or /",
			 source_shown(source));
	if (!strncasecmp(source, "file://", 7)) {
		const char *path = starts_with(source + 7, "localhost/") ? source + 16 : source + 7;
		if (*path != '/')
			hcl_fail(at,
				 "artifact source %s: write the path of a file whole, as in file:///srv/tool.tar.gz",
				 source);
		return unescape(at, path);
	}
	if (strncasecmp(source, "http://", 7) && strncasecmp(source, "https://", 8))
		refuse_scheme(at, source, text_n(source, (size_t) (colon - source)));
	if (!colon[3] || strchr("/?#:", colon[3]))
		hcl_fail(at, "artifact source %s names no host", source_shown(source));
	return source;
}

/* ---- the query ---- */

static const char *escaped(const char *from)
{
	struct text t = { 0 };
	for (; *from; from++)
		text_printf(&t, isalnum((unsigned char) *from) || strchr("-_.~", *from) ? "%c" : "%%%02X",
			    (unsigned) (unsigned char) *from);
	return t.at ? t.at : "";
}

/* Of these bivy makes something itself, and the server does not hear of them. */
struct own {
	const char *checksum, *archive, *filename;
};

static bool take_own(struct own *own, const char *key, const char *value)
{
	const char **to = same(key, "checksum")   ? &own->checksum
			  : same(key, "archive")  ? &own->archive
			  : same(key, "filename") ? &own->filename
						  : NULL;
	if (to)
		*to = value;
	return to;
}

static const char *query_of(struct own *own, struct position at, const char *said, struct pair *const *options)
{
	const char **parts = NULL;

	EACH(part, split(said, '&')) {
		const char *is = strchrnul(*part, '=');
		if (!take_own(own, text_n(*part, (size_t) (is - *part)), *is ? unescape(at, is + 1) : ""))
			parts = append(parts, *part);
	}
	EACH(o, options)
		if (!take_own(own, (*o)->key, (*o)->value))
			parts = append(parts, fmt("%s=%s", escaped((*o)->key), escaped((*o)->value)));
	return parts ? fmt("?%s", join(parts, "&")) : "";
}

/* ---- what it is ---- */

/* The ending of an archive's name, the longest first. */
static size_t kind_of(const char *name, const char **kind)
{
	for (size_t i = 0; archives[i].ending; i++) {
		size_t n = strlen(archives[i].ending), length = strlen(name);
		if (length > n + 1 && name[length - n - 1] == '.' &&
		    !strcasecmp(name + length - n, archives[i].ending)) {
			*kind = archives[i].kind;
			return n + 1;
		}
	}
	*kind = NULL;
	return 0;
}

static void choose_archive(struct order *o, struct position at, const char *said)
{
	static const char *const no[] = { "false", "0", "f", "F", "FALSE", "False", NULL };
	static const char *const yes[] = { "true", "1", "t", "T", "TRUE", "True", NULL };
	size_t ending = kind_of(o->name, &o->archive);

	if (said && contains_word(no, said)) {
		o->archive = NULL;
		return;
	}
	if (said && !contains_word(yes, said) && *said) {
		kind_of(fmt("x.%s", said), &o->archive);
		if (!o->archive)
			hcl_fail(
				at,
				"artifact: archive = \"%s\" is unknown; it can be false, tar, tar.gz, tar.bz2, tar.xz, "
				"tar.zst, zip, gz, bz2, xz or zst",
				said);
	}
	if (same(o->archive, "packed"))
		o->name = text_n(o->name, strlen(o->name) - ending);
}

static const char *plain_name(struct position at, const char *source, const char *name)
{
	if (!*name || same(name, ".") || same(name, "..") || strchr(name, '/'))
		hcl_fail(at,
			 "artifact source %s does not end in the name of a file; give one: options { filename = "
			 "\"...\" }",
			 source_shown(source));
	return name;
}

/* host/archive.zip//inside/of/it, go-getter's way to say that only a part is wanted. */
static const char *cut_subdirectory(struct position at, const char *rest, const char **inside)
{
	const char *slashes = strstr(rest, "//");
	if (!slashes)
		return rest;
	*inside = unescape(at, slashes + 2);
	EACH(part, split(*inside, '/'))
		if (same(*part, ".."))
			hcl_fail(at, "artifact source: \"%s\" after the // leaves the archive; name a directory in it",
				 *inside);
	return text_n(rest, (size_t) (slashes - rest));
}

void source_read(struct order *o, struct position at, const char *source, struct pair *const *options)
{
	const char *whole = address_of(at, source);
	size_t start = *whole == '/' ? 0 : (size_t) (strstr(whole, "://") + 3 - whole);
	const char *rest = text_n(whole + start, strcspn(whole + start, start ? "#" : ""));
	size_t path = start ? strcspn(rest, "?") : strlen(rest);
	struct own own = { 0 };

	const char *query = query_of(&own, at, rest[path] ? rest + path + 1 : "", options);
	const char *where = cut_subdirectory(at, text_n(rest, path), &o->subdirectory);
	o->source = start ? fmt("%.*s%s%s", (int) start, whole, where, query) : where;
	const char *slash = strrchr(where, '/');
	o->listed = !slash ? "" : start ? unescape(at, slash + 1) : slash + 1;
	o->name = plain_name(at, source, own.filename ? own.filename : o->listed);
	choose_archive(o, at, own.archive);
	if (o->subdirectory && (!o->archive || same(o->archive, "packed")))
		hcl_fail(at,
			 "artifact source %s: there is a // in it, which names a directory inside an archive, and this "
			 "is none",
			 source_shown(source));
	if (own.checksum)
		checksum_read(o, at, own.checksum);
}
