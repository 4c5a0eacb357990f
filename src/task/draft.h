/* A task ready to become a bundle: all of its settings read, evaluated and checked, and config.json as it will stand.
 * Nothing has been written.  Runs in bundle, up and check. */
#pragma once
#include "task/chroot.h"
#include "task/cores.h"
#include "task/delivery.h"
#include "task/driver.h"
#include "task/environment.h"
#include "task/placed.h"

/* A template whose text is a file of the task's, which an artifact may still bring. */
struct late_file {
	const struct template *template;
	struct placed *placed; /* without its words */
	const char *source;    /* below the task directory */
};

struct draft {
	const struct job *job;
	const struct group *group;
	const struct task *task;
	const struct agent *agent;
	const char *dir;   /* of the bundle, absolute; NULL: only checked */
	const char *alloc; /* the shared directory, absolute; NULL: only checked */
	const char *alloc_id;
	int index;           /* which of the group's `count`, from 0 */
	const char *netns;   /* the network namespace to join, as it was given; NULL */
	const char *payload; /* the file with the dispatched payload; NULL */
	struct pair **ports; /* what the environment says of the group's */
	struct bits *free;   /* processors that no task of this job has taken yet */
	bool present;        /* what artifacts bring has been put there by hand */
	bool may_come;       /* it is not there yet */

	bool raw;
	struct account who;
	struct settings *settings;
	struct chroot *root; /* exec */
	struct pair **env;   /* without the user's */
	struct cores cores;
	struct placed **files;
	struct late_file **late;
	struct delivery **deliveries; /* artifacts, to be fetched before it is looked at again */
	const char *resolver;         /* the words of DIR/resolv.conf; NULL: there is none */
	int kill_signal;
	int64_t kill_timeout; /* nanoseconds */
	struct config *config;
};

/* Fills in what stands below `may_come`.  Fails at the first thing that is wrong, with its place. */
void draft_make(struct draft *);

/* When what artifacts bring has come: fails where the command or its directory still is missing. */
void draft_arrived(struct draft *);

/* The directories on the host: the task's, and the one that its group shares. */
const char *draft_task_dir(const struct draft *);
const char *draft_shared_dir(const struct draft *);
const char *draft_host_path(void); /* where raw_exec looks for a bare name */

/* What is in those directories before the task starts; a template whose source is a file of the task's is read when
 * what artifacts bring is there. */
struct pair **draft_templates(struct draft *, struct pair *const *host); /* the environment with theirs */
void draft_payload(struct draft *, struct pair *const *names);
bool draft_brings_command(const struct draft *); /* a template is the program */
struct placed **draft_late_files(const struct draft *, int task_dir);

/* The parts of config.json that are one driver's. */
void draft_exec(struct draft *, struct pair *const *names);
void draft_raw_exec(struct draft *);
void draft_find_inside(struct draft *); /* its command and its directory */
void draft_find_on_host(struct draft *);
void draft_args(struct draft *, const char *program); /* NULL: not found yet */
struct capability_sets *draft_capabilities(uint64_t all, uint64_t held, uint64_t kept);
