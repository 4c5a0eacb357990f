/* linux.seccomp as a BPF program.  Runs on the host, before the container's cgroup is joined; bivy-init loads it. */
#pragma once
#include "oci/config.h"

struct sock_filter;

struct filter {
	const struct sock_filter *code;
	unsigned length; /* instructions, at most BPF_MAXINSNS */
	unsigned flags;  /* SECCOMP_FILTER_FLAG_* */
};

/* NULL: no filter.  Fails on what the profile must not ask for (runtime-spec, "Seccomp"); system calls and
 * architectures that this machine does not have are passed over. */
const struct filter *seccomp_compile(const struct seccomp *);

/* For `features`: the flags that this kernel takes, and the version of the library that knows the calls, "2.5.4". */
const char **seccomp_flags_supported(void);
const char *seccomp_library(void);

extern const struct name seccomp_flag_names[], seccomp_arch_names[];
