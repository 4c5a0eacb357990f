/* What `events` prints of a container, a line of JSON for each: runc's form, which engines and monitors read. */
#pragma once
#include "box/container.h"

/* {"type":"stats","id":ID,"data":{...}} */
const char *stats_line(const struct container *);

/* {"type":"oom","id":ID} */
const char *oom_line(const struct container *);
