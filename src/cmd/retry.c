#include "cmd/retry.h"

static int64_t delay(const struct retries *r, const struct restart_rule *rule, int64_t now_ms)
{
	if (r->count <= rule->attempts)
		return rule->delay_ms;
	return rule->then_waits ? r->since_ms + rule->interval_ms - now_ms : -1;
}

int64_t retry_in(struct retries *r, const struct restart_rule *rule, int64_t now_ms)
{
	if (!rule)
		return -1;
	if (!r->count || now_ms >= r->since_ms + rule->interval_ms)
		*r = (struct retries){ .since_ms = now_ms, .all = r->all };
	r->count++;
	int64_t wait = delay(r, rule, now_ms);
	r->all += wait >= 0;
	return wait;
}
