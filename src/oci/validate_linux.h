/* Rules of members of config.json's `linux` that concern one facility of the kernel each. */
#pragma once
#include "oci/config.h"

void personality_check(const struct personality *, const char *name);
void net_devices_check(const struct config *, const char *name);
void intel_rdt_check(const struct intel_rdt *, const char *name);
