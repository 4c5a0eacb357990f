#include "sys/caps.h"

#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <ctype.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#define MASK(cap) ((uint64_t) 1 << (cap))

static bool known(int number) { return prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; }

/* Asked of prctl, as /proc may be absent or another's.  libcap's own number is a guess that only bounds the search
 * well. */
int cap_last(void)
{
	static int last;
	if (last)
		return last;
	for (last = CAP_LAST_CAP; last < 63 && known(last + 1); last++)
		;
	while (last > 0 && !known(last))
		last--;
	return last;
}

/* Newer than libcap: "CAP_41", or "41". */
static int bare_number(const char *word)
{
	int64_t n;
	return number(word, 0, cap_last(), &n) ? (int) n : -1;
}

/* "CAP_CHOWN" or "chown" -> 0; -1: not known to this kernel. */
static int cap_number(const char *name)
{
	cap_value_t n;
	const char *word = strncasecmp(name, "CAP_", 4) ? name : name + 4;

	if (isdigit((unsigned char) *word))
		return bare_number(word);
	return cap_from_name(fmt("cap_%s", word), &n) ? -1 : n <= cap_last() ? n : -1;
}

const char *cap_name(int number)
{
	char *name = cap_to_name(number);
	char *upper = name ? text(name) : NULL;

	cap_free(name);
	if (!upper || isdigit((unsigned char) *upper))
		return fmt("CAP_%d", number);
	for (char *c = upper; *c; c++)
		*c = (char) toupper((unsigned char) *c);
	return upper;
}

const char **cap_names(void)
{
	const char **names = mem(((size_t) cap_last() + 2) * sizeof *names);
	for (int i = 0; i <= cap_last(); i++)
		names[i] = cap_name(i);
	return names;
}

static uint64_t all_there_are(void) { return ~(uint64_t) 0 >> (63 - cap_last()); }

static uint64_t bounding_now(void)
{
	uint64_t mask = 0;
	for (int i = 0; i <= cap_last(); i++)
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
			mask |= MASK(i);
	return mask;
}

static uint64_t permitted_now(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	if (capget(&head, data))
		fail_sys("capabilities of this process");
	return (uint64_t) data[1].permitted << 32 | data[0].permitted;
}

uint64_t caps_grantable(bool own_user_namespace)
{
	return own_user_namespace ? all_there_are() : bounding_now() & permitted_now();
}

static uint64_t mask_of(const char **names, const char ***unknown)
{
	uint64_t mask = 0;
	EACH(name, names) {
		int n = cap_number(*name);
		if (n >= 0)
			mask |= MASK(n);
		else if (!contains_word(*unknown, *name))
			*unknown = append(*unknown, *name);
	}
	return mask;
}

static const char *words(uint64_t mask)
{
	const char **names = NULL;
	for (int i = 0; i <= cap_last(); i++)
		if (mask & MASK(i))
			names = append(names, cap_name(i));
	return join(names, ", ");
}

static void leave_out(uint64_t *set, uint64_t possible, const char *which, const char *why)
{
	if (*set & ~possible)
		warn("capabilities: not granted%s: %s (%s)", which, words(*set & ~possible), why);
	*set &= possible;
}

struct caps caps_read(const struct capability_sets *sets, uint64_t grantable)
{
	const char **unknown = NULL;
	struct caps c = {
		.bounding = mask_of(sets->bounding, &unknown),
		.effective = mask_of(sets->effective, &unknown),
		.inheritable = mask_of(sets->inheritable, &unknown),
		.permitted = mask_of(sets->permitted, &unknown),
		.ambient = mask_of(sets->ambient, &unknown),
	};
	if (unknown)
		warn("capabilities: not granted: %s (not known to this kernel)", join(unknown, ", "));

	uint64_t any = c.bounding | c.effective | c.inheritable | c.permitted | c.ambient;
	leave_out(&any, grantable, "", "this process does not have them itself");
	c.bounding &= any;
	c.permitted &= any;
	c.effective &= any;
	c.inheritable &= any;
	c.ambient &= any;
	/* What the kernel would refuse: capset(2), and PR_CAP_AMBIENT in prctl(2). */
	leave_out(&c.effective, c.permitted, " as effective", "not in the permitted set");
	leave_out(&c.inheritable, c.bounding, " as inheritable", "not in the bounding set");
	leave_out(&c.ambient, c.permitted & c.inheritable, " as ambient",
		  "not in the permitted and the inheritable set");
	return c;
}
