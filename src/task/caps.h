/* Capabilities as a job file names them, and what Nomad's rules make of them.  A set is a mask: bit N is capability N.
 * Runs in the command that makes a bundle. */
#pragma once
#include "oci/config.h"

#define CAPS_DEFAULT 0xa80405fbULL /* Docker's without NET_RAW: what a task has when nothing is said */

uint64_t caps_bound(void); /* what this process could give away: its bounding set */

/* Blanks, case and one leading "cap_" do not count, "" is passed over, "all" is every one.  *unknown: "a, b" of those
 * that the kernel does not have, NULL when there is none. */
uint64_t caps_mask(const char *const *names, const char **unknown);

/* (default and allowed) - dropped + added: what is added beats what is dropped.  *denied: "a, b" added but not allowed.
 */
uint64_t caps_granted(uint64_t allowed, uint64_t added, uint64_t dropped, const char **denied);

const char **caps_names(uint64_t); /* sorted: "CAP_CHOWN" ...; never NULL */

/* The filter widened by what these capabilities exist for: whoever is given SYS_TIME may call clock_settime. */
void caps_widen(struct seccomp *, uint64_t);
