/* The document of `bivy fingerprint --format json` (spec/schema/fingerprint-schema.json): what tasks can have on this
 * host.  Made in that command alone. */
#pragma once
#include "json/field.h"

struct ability {
	const char *name;   /* "namespace pid" */
	const char *found;  /* what there is: "yes", "v1", "ABI 6" ...; NULL: nothing */
	const char *why;    /* it is not there, or not whole; NULL: as it should be */
	const char *remedy; /* NULL: none, or none needed */
};

/* undetected: jobs with this driver are refused, and that is as the host's owner wants it.  unhealthy: it should work
 * and does not. */
enum health { HEALTHY, UNHEALTHY, UNDETECTED };

struct driver_health {
	const char *name;
	enum health health;
	const char *description, *remedy;
	const char **limits; /* what isolates less here than it could: names of abilities */
};

struct hostfacts {
	struct driver_health **drivers;
	struct pair **attributes;
	struct ability **abilities;
};

extern const struct name health_names[];
extern const struct type hostfacts_type;
