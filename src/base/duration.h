/* Durations as Go writes them, which is what runc takes: 5s, 1m30s, 250ms, 1.5h. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* In milliseconds; false: it is none, or longer than 30 years. */
bool duration_read(const char *spelled, int64_t *ms);

/* How long to wait: the same, or a number alone, which is one of seconds, as other programs have it; at most INT32_MAX
 * milliseconds. */
bool timeout_read(const char *spelled, int64_t *ms);
