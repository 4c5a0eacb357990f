/* CRIU: a program of its own, found in PATH and run once for each dump or restore (criu(8)).  Nothing else in the tree
 * knows its options. */
#pragma once
#include "oci/config.h"

#include <stdbool.h>
#include <sys/types.h>

struct cgroup;

/* What `checkpoint` and `restore` take, by the names of their options; paths are absolute. */
struct criu {
	const char *images, *work, *parent, *cgroups_mode, *page_server, *network_lock, *lsm_profile,
		*lsm_mount_context;
	const char **empty_ns;
	bool leave_running, tcp_established, tcp_skip_in_flight, tcp_close, ext_unix_sk, shell_job, file_locks,
		link_remap;
	bool lazy_pages, pre_dump, auto_dedup;
	int status_fd; /* -1: none */
};

/* Fails, saying what to do, when there is no CRIU or the kernel is not one that it runs on. */
void criu_check(void);

/* The tree of processes below `init` into the images.  Fails with the last error of CRIU's log.  What comes from
 * outside the container (binds, streams) is noted beside the images, for criu_restore. */
void criu_dump(const struct criu *, const struct config *, pid_t init);

/* The reverse, in the cgroup, with our standard streams in the place of its own.  bundle: for sources that are
 * relative.  Its first process, which is a child of ours. */
pid_t criu_restore(const struct criu *, const struct config *, const char *bundle, const struct cgroup *);
