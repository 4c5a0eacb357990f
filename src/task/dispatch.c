/* Dispatching a parameterized job: what the command gives it, and what it takes. */
#include "base/fail.h"
#include "base/mem.h"
#include "base/text.h"
#include "task/job.h"
#include "task/value.h"

#include <string.h>

static bool is_given(const char *key, const char *const *meta)
{
	EACH(m, meta)
		if (starts_with(*m, key) && (*m)[strlen(key)] == '=')
			return true;
	return false;
}

static void set_meta(struct job *j, const char *key, const char *value)
{
	struct position at = j->parameterized->block->at;
	j->meta = append(j->meta, member(key, at, value_string(at, value)));
}

static void take_meta(struct job *j, const char *assignment)
{
	const struct parameterized *p = j->parameterized;
	const char *key = text_n(assignment, strcspn(assignment, "="));

	if (!*key || !strchr(assignment, '='))
		fail_as(MISUSE, "--meta %s: is no assignment: write --meta KEY=VALUE", assignment);
	if (!contains_word(p->meta_required, key) && !contains_word(p->meta_optional, key))
		fail_as(MISUSE, "--meta %s: the job takes no such key; add it to meta_optional of parameterized (%s)",
			assignment, hcl_place(p->block->at));
	set_meta(j, key, strchr(assignment, '=') + 1);
}

static void check_payload(const struct parameterized *p, const char *payload)
{
	static const char *const rules[] = { "", "optional", "required", "forbidden", NULL };

	if (p->payload && !contains_word(rules, p->payload))
		hcl_fail(key_at(p->block, "payload"),
			 "payload \"%s\" is unknown; it can be optional, required or forbidden", p->payload);
	if (same(p->payload, "required") && !payload)
		hcl_fail(key_at(p->block, "payload"), "the job requires a payload; give --payload FILE");
	if (same(p->payload, "forbidden") && payload)
		hcl_fail(key_at(p->block, "payload"), "the job forbids a payload; leave --payload away");
}

void job_dispatch_any(struct job *j)
{
	const struct parameterized *p = j->parameterized;

	EACH(key, p ? p->meta_required : NULL)
		set_meta(j, *key, "");
	EACH(key, p ? p->meta_optional : NULL)
		set_meta(j, *key, "");
}

void job_dispatch(struct job *j, const char *payload, const char *const *meta)
{
	const struct parameterized *p = j->parameterized;

	if (!p && (payload || meta))
		fail_as(MISUSE, "%s: the job is not parameterized, and takes none; write parameterized { } into it",
			payload ? "--payload" : "--meta");
	if (!p)
		return;
	if (!payload && !meta) {
		warn("%s: the job is parameterized, and is run without a payload and meta; --payload FILE and --meta "
		     "KEY=VALUE give them",
		     hcl_place(p->block->at));
		return;
	}
	check_payload(p, payload);
	EACH(m, meta)
		take_meta(j, *m);
	EACH(key, p->meta_required)
		if (!is_given(*key, meta))
			hcl_fail(key_at(p->block, "meta_required"),
				 "the job requires meta \"%s\"; give --meta %s=VALUE", *key, *key);
	EACH(key, p->meta_optional)
		if (!is_given(*key, meta))
			set_meta(j, *key, "");
}
