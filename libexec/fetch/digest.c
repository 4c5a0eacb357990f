#include "digest.h"

#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <string.h>

struct digest {
	EVP_MD_CTX *context;
	const EVP_MD *kind;
};

void digest_again(struct digest *d)
{
	if (!EVP_DigestInit_ex(d->context, d->kind, NULL))
		fail("libcrypto here refuses that kind of checksum (%s)", EVP_MD_get0_name(d->kind));
}

struct digest *digest_new(const char *kind)
{
	struct digest *d = mem(sizeof *d);
	*d = (struct digest){ EVP_MD_CTX_new(), EVP_get_digestbyname(kind) };
	if (!d->context || !d->kind)
		fail("libcrypto here has no checksum %s; take another kind", kind);
	digest_again(d);
	return d;
}

void digest_add(struct digest *d, const void *from, size_t length)
{
	if (!EVP_DigestUpdate(d->context, from, length))
		fail("checksum: libcrypto refuses");
}

const char *digest_end(struct digest *d)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	struct text t = { 0 };

	if (!EVP_DigestFinal_ex(d->context, sum, &length))
		fail("checksum: libcrypto refuses");
	for (unsigned i = 0; i < length; i++)
		text_printf(&t, "%02x", sum[i]);
	return t.at;
}

static const char *kind_by_length(size_t digits)
{
	return digits == 32 ? "md5" : digits == 40 ? "sha1" : digits == 64 ? "sha256" : digits == 128 ? "sha512" : NULL;
}

/* GNU: "DIGITS  NAME", with a * before the name of a binary file; BSD: "KIND (NAME) = DIGITS".  alone: digits, no name.
 */
static const char *digits_in(const char *line, const char *name, bool alone)
{
	size_t digits = strspn(line, "0123456789abcdefABCDEF");
	const char *close = strrchr(line, ')'), *open = strchr(line, '('), *rest = line + digits;

	if (kind_by_length(digits) && !*rest)
		return alone ? line : NULL;
	if (kind_by_length(digits) && isspace((unsigned char) *rest)) {
		rest += strspn(rest, " \t");
		rest += *rest == '*';
		return !alone && same(base_name(rest), name) ? text_n(line, digits) : NULL;
	}
	if (alone || !open || !close || close < open || !starts_with(close, ") = "))
		return NULL;
	return same(base_name(text_n(open + 1, (size_t) (close - open - 1))), name) ? close + 4 : NULL;
}

static const char *look_for(const char *words, const char *name, bool alone)
{
	EACH(line, split(words, '\n')) {
		const char *found = digits_in(trim(*line), name, alone);
		if (found)
			return found;
	}
	return NULL;
}

const char *digest_listed(const char *words, const char *name, const char **kind)
{
	const char *found = look_for(words, name, false);
	if (!found)
		found = look_for(words, name, true);
	if (!found)
		fail("its list of checksums has no line for %s", name);
	char *digits = text(found);
	for (char *c = digits; *c; c++)
		*c = (char) tolower((unsigned char) *c);
	*kind = kind_by_length(strlen(digits));
	if (!*kind || strspn(digits, "0123456789abcdef") != strlen(digits))
		fail("its list of checksums has \"%s\" for %s, which is no checksum that bivy knows", digits, name);
	return digits;
}
