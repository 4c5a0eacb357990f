/* config.json of a raw_exec task: the host's root, the cgroup, the capabilities of whoever runs it. */
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "task/caps.h"
#include "task/command.h"
#include "task/draft.h"
#include "task/runnable.h"

#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#define OPTION(to, n) (*((to) = mem(sizeof *(to))) = (__typeof__(*(to))) (n))
#define CGROUPS       "/sys/fs/cgroup"

static bool is_v2(void)
{
	struct statfs fs;
	return !statfs(CGROUPS, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC;
}

static const char *below(const char *dir, const char *path)
{
	return starts_with(path, dir) && path[strlen(dir)] == '/' ? path + strlen(dir) : path;
}

static void refuse_missing(const struct draft *d, const char *key, const char *path)
{
	struct stat st;
	if (d->dir && stat(path, &st) < 0)
		hcl_fail(key_at(d->task->config, key), "%s: there is no cgroup %s on this host; make it", key, path);
}

/* The paths are one on all controllers, because a container's are (runtime-spec, cgroupsPath). */
static const char *v1_path(const struct draft *d)
{
	static const char key[] = "cgroup_v1_override";
	const char *path = NULL;

	EACH(c, d->settings->cgroup_v1) {
		const char *own = fmt(CGROUPS "/%s", (*c)->key), *here = clean_path(below(own, (*c)->value));
		if (path && !same(path, here))
			hcl_fail(
				key_at(d->task->config, key),
				"%s: %s and %s: bivy has a task at one path in all controllers; name the same for each",
				key, path, here);
		refuse_missing(d, key, fmt("%s%s", own, here));
		path = here;
	}
	return path;
}

static const char *v2_path(const struct draft *d)
{
	const char *path = clean_path(below(CGROUPS, d->settings->cgroup_v2));
	refuse_missing(d, "cgroup_v2_override", fmt(CGROUPS "%s", path));
	return path;
}

/* A cgroup of the task's own below the one that is named: what is limited there limits it, and its end is the end of
 * all its processes and of nothing else. */
static void set_cgroup(struct draft *d)
{
	bool v2 = is_v2(), other = v2 ? d->settings->cgroup_v1 != NULL : d->settings->cgroup_v2 != NULL;
	const char *path = NULL;

	if (d->settings->cgroup_v1 && d->settings->cgroup_v2)
		hcl_fail(key_at(d->task->config, "cgroup_v2_override"),
			 "only one of cgroup_v1_override and cgroup_v2_override may be set; remove one");
	if (other)
		warn("%s: %s has no effect: this host has cgroup %s",
		     hcl_place(key_at(d->task->config, v2 ? "cgroup_v1_override" : "cgroup_v2_override")),
		     v2 ? "cgroup_v1_override" : "cgroup_v2_override", v2 ? "v2" : "v1");
	else if (d->settings->cgroup_v1)
		path = v1_path(d);
	else if (d->settings->cgroup_v2)
		path = v2_path(d);
	if (path)
		d->config->linux_part->cgroups_path =
			fmt("%s/%s.%.8s", path, d->task->name, d->alloc_id ? d->alloc_id : "");
}

static void set_raw_cwd(struct draft *d)
{
	const char *dir = d->settings->work_dir;
	struct stat st;

	d->config->process->cwd = draft_task_dir(d);
	if (!dir || !*dir)
		return;
	d->config->process->cwd = dir;
	if (!d->may_come && (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode)))
		hcl_fail(key_at(d->settings->block, "work_dir"),
			 "work_dir %s: there is no such directory on this host; make it", dir);
}

void draft_find_on_host(struct draft *d)
{
	struct sought command = { d->settings->command, key_at(d->settings->block, "command"), d->may_come };

	const char *dir = draft_task_dir(d), *planned = runnable_planned(d->files, dir, command.command);

	if (d->dir && !planned)
		runnable_make(dir, command.command);
	draft_args(d, planned ? fmt("%s/%s", dir, planned)
			      : command_on_host(d->dir ? dir : NULL, draft_host_path(), &command));
	set_raw_cwd(d);
}

void draft_raw_exec(struct draft *d)
{
	const struct network *n = d->group->networks ? d->group->networks[0] : NULL;
	uint64_t bound = caps_bound();

	draft_find_on_host(d);
	set_cgroup(d);
	if (n && n->dns)
		warn("%s: a raw_exec task reads the host's /etc/resolv.conf; dns has no effect on it",
		     hcl_place(n->dns->block->at));
	if (n && n->hostname && *n->hostname)
		hcl_fail(key_at(n->block, "hostname"),
			 "hostname: a raw_exec task has the host's name; remove it, or take "
			 "driver exec");
	if (d->settings->oom_score_adj)
		OPTION(d->config->process->oom_score_adj, *d->settings->oom_score_adj);
	if (!geteuid())
		d->config->process->capabilities = draft_capabilities(bound, d->who.uid ? 0 : bound, 0);
}
