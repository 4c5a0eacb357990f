/* Checksums: of what comes, while it comes, and as a list of them gives them. */
#pragma once
#include <stddef.h>

struct digest;

struct digest *digest_new(const char *kind); /* "md5", "sha1", "sha256", "sha512" */
void digest_add(struct digest *, const void *from, size_t length);
void digest_again(struct digest *);      /* from the beginning */
const char *digest_end(struct digest *); /* its digits, in small letters */

/* The digits for a file of that name in the words of sha256sum(1) and its sisters, GNU's or BSD's, or when they stand
 * there alone; *kind by their number.  Fails when there are none. */
const char *digest_listed(const char *words, const char *name, const char **kind);
