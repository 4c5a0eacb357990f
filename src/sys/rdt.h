/* Cache and memory bandwidth by resctrl, Linux's face of Intel RDT and its kin: Documentation/arch/x86/resctrl.rst.  A
 * directory below the mount is a class of service (CLOS), one in its mon_groups a group that is measured.  Rules:
 * runtime-spec, "IntelRdt".  Runs in HOST. */
#pragma once
#include "oci/config.h"

struct rdt {
	const char *root;     /* where resctrl is mounted */
	const char *class;    /* the CLOS's directory */
	const char *group;    /* the monitored group's; NULL: none asked for */
	const char *schemata; /* lines for its file; NULL: none */
	bool has_class;       /* it was there before us */
	bool own_class;       /* it ends with the container */
};

const char *rdt_root(void); /* fails when resctrl is not mounted */

struct rdt *rdt_names(const char *root, const char *id, const struct intel_rdt *); /* where things are, or would be */
void rdt_check(const struct rdt *, const struct intel_rdt *);                      /* whether they may be so */
void rdt_make(const struct rdt *, const char *dir);                                /* its class or its group */
void rdt_limit(const struct rdt *); /* writes the schemata of a class that was not there before */
void rdt_enter(const struct rdt *, pid_t);
int try_rdt_remove(const char *dir); /* of a class or group; what is in it falls back to the one above */
