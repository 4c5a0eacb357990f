#include "oci/hostfacts.h"

/* clang-format off */
const struct name health_names[] = {
	{ "healthy", HEALTHY }, { "unhealthy", UNHEALTHY }, { "undetected", UNDETECTED }, { 0 },
};

TYPE(ability,
	{ "name",        STR(ability, name), NEED },
	{ "found",       STR(ability, found) },
	{ "why",         STR(ability, why) },
	{ "remedy",      STR(ability, remedy) });

TYPE(driver_health,
	{ "name",        STR(driver_health, name), NEED },
	{ "health",      NAME(driver_health, health, health_names), NEED },
	{ "description", STR(driver_health, description), NEED },
	{ "remedy",      STR(driver_health, remedy) },
	{ "limits",      STRS(driver_health, limits) });

const struct type hostfacts_type = { sizeof(struct hostfacts), FIELDS(
	{ "drivers",     LIST(hostfacts, drivers, driver_health), NEED },
	{ "attributes",  MAP(hostfacts, attributes), NEED },
	{ "abilities",   LIST(hostfacts, abilities, ability), NEED }) };
/* clang-format on */
