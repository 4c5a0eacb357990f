#include "sys/rlimit.h"

#include "base/fail.h"
#include "base/mem.h"
#include "oci/names.h"

#include <errno.h>
#include <sys/resource.h>

static const char *value(uint64_t n) { return n == RLIM_INFINITY ? "unlimited" : fmt("%llu", (unsigned long long) n); }

static const char *name_of(const struct rlimit_entry *r) { return value_word(rlimit_names, r->type); }

void rlimits_check(struct rlimit_entry *const *list)
{
	uint64_t seen = 0;
	EACH(r, list) {
		uint64_t bit = (uint64_t) 1 << (*r)->type;
		if (seen & bit)
			fail("process.rlimits: %s stands there twice", name_of(*r));
		if ((*r)->soft > (*r)->hard)
			fail("process.rlimits: %s: soft limit %s is above the hard limit %s", name_of(*r),
			     value((*r)->soft), value((*r)->hard));
		seen |= bit;
	}
}

static _Noreturn void refused(pid_t pid, const struct rlimit_entry *r)
{
	int error = errno;
	struct rlimit now = { 0, 0 };

	if (error == EPERM && !prlimit(pid, (enum __rlimit_resource) r->type, NULL, &now))
		fail("%s %s: CAP_SYS_RESOURCE is missing, and without it no limit can go above the hard limit in "
		     "force, %s: "
		     "ask for no more than that, or start bivy with a higher one",
		     name_of(r), value(r->hard), value(now.rlim_max));
	errno = error;
	fail_sys("%s %s", name_of(r), value(r->hard));
}

void rlimits_apply(pid_t pid, struct rlimit_entry *const *list)
{
	rlimits_check(list);
	EACH(r, list) {
		struct rlimit limit = { (*r)->soft, (*r)->hard };
		if (prlimit(pid, (enum __rlimit_resource)(*r)->type, &limit, NULL))
			refused(pid, *r);
	}
}
