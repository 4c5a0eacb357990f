#include "oci/check.h"

#include "base/fail.h"
#include "base/mem.h"
#include "base/text.h"
#include "oci/mountopt.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

void config_hear_unknown(const char *where, const char *key, const char *meant)
{
	if (meant)
		warn("%s: the key \"%s\" is unknown and has no effect; is \"%s\" meant?", where, key, meant);
	else
		debug("%s: the key \"%s\" is unknown and has no effect", where, key);
}

/* What the rows read and no step does yet.  Each is refused by name, so that nothing is ever left out in silence. */
static void refuse_unsupported(const struct config *c, const char *name)
{
	const struct linux_part *l = c->linux_part;
	const struct process *p = c->process;
	const struct {
		const char *path;
		bool asked;
	} rows[] = {
		{ "linux.netDevices", count(l->net_devices) },
		{ "linux.mountLabel", l->mount_label && *l->mount_label },
		{ "linux.memoryPolicy", l->memory_policy },
		{ "linux.intelRdt", l->intel_rdt },
		{ "linux.personality", l->personality && l->personality->domain },
		{ "linux.seccomp.listenerPath", l->seccomp && l->seccomp->listener_path },
		{ "process.apparmorProfile", p && p->apparmor_profile && *p->apparmor_profile },
		{ "process.selinuxLabel", p && p->selinux_label && *p->selinux_label },
		{ "process.scheduler", p && p->scheduler },
		{ "process.ioPriority", p && p->io_priority },
		{ "process.execCPUAffinity", p && p->cpu_affinity },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].asked)
			fail("%s: %s is not supported yet; remove it", name, rows[i].path);
}

static bool is_version(const char *v)
{
	char *end;
	for (int part = 0; part < 3; part++) {
		if (*v < '0' || *v > '9')
			return false;
		strtoul(v, &end, 10);
		if (part < 2 && *end++ != '.')
			return false;
		v = end;
	}
	return !*v || *v == '-' || *v == '+';
}

static void check_version(const struct config *c, const char *name)
{
	if (!is_version(c->version) || !starts_with(c->version, "1."))
		fail("%s: ociVersion: \"%s\" is not a version 1.x.y of the runtime-spec", name, c->version);
}

static void check_environment(const struct process *p, const char *name, const char *path)
{
	size_t i = 0;
	EACH(e, p->env) {
		if (!strchr(*e, '=') || **e == '=')
			fail("%s: %s.env[%zu]: \"%s\" is not NAME=VALUE", name, path, i, *e);
		i++;
	}
}

void process_check(const struct process *p, const char *name, const char *path)
{
	if (!p->args || !*p->args)
		fail("%s: %s.args: must name the program at least", name, path);
	if (!**p->args)
		fail("%s: %s.args[0]: the program's name is empty", name, path);
	if (*p->cwd != '/')
		fail("%s: %s.cwd: \"%s\" must be an absolute path, as \"/%s\"", name, path, p->cwd, p->cwd);
	check_environment(p, name, path);
	EACH(a, p->rlimits)
		EACH(b, p->rlimits)
			if (a != b && (*a)->type == (*b)->type)
				fail("%s: %s.rlimits: the same type is given twice", name, path);
}

static void check_namespaces(const struct config *c, const char *name)
{
	EACH(a, c->linux_part->namespaces) {
		EACH(b, c->linux_part->namespaces)
			if (a != b && (*a)->flag == (*b)->flag)
				fail("%s: linux.namespaces: the same type is given twice", name);
		if ((*a)->path && *(*a)->path != '/')
			fail("%s: linux.namespaces: the path \"%s\" must be absolute", name, (*a)->path);
	}
	const struct linux_part *l = c->linux_part;
	if (config_has_new(c, CLONE_NEWUSER) && (!count(l->uid_mappings) || !count(l->gid_mappings)))
		fail("%s: linux.namespaces: a new user namespace needs linux.uidMappings and linux.gidMappings", name);
	if (!config_namespace(c, CLONE_NEWUSER) && (count(l->uid_mappings) || count(l->gid_mappings)))
		fail("%s: linux.uidMappings: there is no namespace of type \"user\" in linux.namespaces", name);
	if (count(l->time_offsets) && !config_has_new(c, CLONE_NEWTIME))
		fail("%s: linux.timeOffsets: there is no new namespace of type \"time\" in linux.namespaces", name);
}

/* Without a mount namespace of its own a container would mount into the host's. */
static void check_mounts(const struct config *c, const char *name)
{
	size_t i = 0;
	EACH(m, c->mounts) {
		const char *where = fmt("%s: mounts[%zu]", name, i++);
		if (!config_has_new(c, CLONE_NEWNS))
			fail("%s: needs a new namespace of type \"mount\" in linux.namespaces", where);
		if (!*(*m)->destination)
			fail("%s.destination: is empty", where);
		if ((*m)->uid_mappings || (*m)->gid_mappings)
			fail("%s.uidMappings: mounts with id mappings are not supported yet", where);
		struct mount_options o = mount_options_read(*m, where);
		if (o.bind && !o.remount && (!(*m)->source || !*(*m)->source))
			fail("%s.source: a bind mount needs one", where);
		if (!o.bind && !o.remount && (!(*m)->type || !*(*m)->type))
			fail("%s.type: is missing (and its options have neither \"bind\" nor \"rbind\")", where);
	}
}

static void check_absolute(const char *const *paths, const char *name, const char *path)
{
	EACH(p, paths)
		if (**p != '/')
			fail("%s: %s: \"%s\" must be absolute", name, path, *p);
}

static void check_hooks(struct hook *const *list, const char *name, const char *kind)
{
	size_t i = 0;
	EACH(h, list) {
		if (*(*h)->path != '/')
			fail("%s: hooks.%s[%zu].path: \"%s\" must be absolute", name, kind, i, (*h)->path);
		if ((*h)->timeout && *(*h)->timeout <= 0)
			fail("%s: hooks.%s[%zu].timeout: must be at least one second", name, kind, i);
		i++;
	}
}

static void check_all_hooks(const struct hooks *h, const char *name)
{
	check_hooks(h->prestart, name, "prestart");
	check_hooks(h->create_runtime, name, "createRuntime");
	check_hooks(h->create_container, name, "createContainer");
	check_hooks(h->start_container, name, "startContainer");
	check_hooks(h->poststart, name, "poststart");
	check_hooks(h->poststop, name, "poststop");
}

void config_check(const struct config *c, const char *name)
{
	check_version(c, name);
	if (!c->root || !*c->root->path)
		fail("%s: root.path: is missing", name);
	if (c->process)
		process_check(c->process, name, "process");
	check_namespaces(c, name);
	check_mounts(c, name);
	check_absolute(c->linux_part->masked_paths, name, "linux.maskedPaths");
	check_absolute(c->linux_part->readonly_paths, name, "linux.readonlyPaths");
	if (c->hooks)
		check_all_hooks(c->hooks, name);
	if ((c->hostname || c->domainname) && !config_namespace(c, CLONE_NEWUTS))
		fail("%s: hostname: there is no namespace of type \"uts\" in linux.namespaces", name);
	refuse_unsupported(c, name);
}
