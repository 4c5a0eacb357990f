#include "oci/validate.h"

#include "base/fail.h"
#include "base/mem.h"
#include "base/text.h"
#include "oci/mountopt.h"
#include "oci/validate_linux.h"
#include "oci/validate_scheduling.h"

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
	if (is_version(c->version) && starts_with(c->version, "0.")) {
		warn("%s: ociVersion: \"%s\" is older than 1.0.0, and is read as that", name, c->version);
		return;
	}
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

/* (uid_t) -1 says "leave it" to the kernel: the program would be root. */
static void check_user(const struct user *u, const char *name, const char *path)
{
	static const uint32_t no_id = UINT32_MAX;
	const char *wrong = u->uid == no_id ? "uid" : u->gid == no_id ? "gid" : NULL;

	EACH(g, u->groups)
		if (**g == no_id)
			wrong = "additionalGids";
	if (wrong)
		fail("%s: %s.user.%s: %u is no id", name, path, wrong, no_id);
}

void process_check(const struct process *p, const char *name, const char *path)
{
	if (!p->args || !*p->args)
		fail("%s: %s.args: must name the program at least", name, path);
	if (!**p->args)
		fail("%s: %s.args[0]: the program's name is empty: executable file not found in $PATH", name, path);
	if (*p->cwd != '/')
		fail("%s: %s.cwd: \"%s\" must be an absolute path, as \"/%s\"", name, path, p->cwd, p->cwd);
	check_environment(p, name, path);
	if (p->user)
		check_user(p->user, name, path);
	EACH(a, p->rlimits)
		EACH(b, p->rlimits)
			if (a != b && (*a)->type == (*b)->type)
				fail("%s: %s.rlimits: the same type is given twice", name, path);
	scheduling_check(p, fmt("%s: %s", name, path));
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
		struct mount_options o = mount_options_read(*m, where);
		if (!count((*m)->uid_mappings) != !count((*m)->gid_mappings))
			fail("%s.uidMappings: uidMappings and gidMappings need each other", where);
		if (o.idmap && !count((*m)->uid_mappings) && !config_namespace(c, CLONE_NEWUSER))
			fail("%s.options: an id-mapped mount needs uidMappings and gidMappings, its own or those of a "
			     "user namespace",
			     where);
		if (o.bind && !o.remount && (!(*m)->source || !*(*m)->source))
			fail("%s.source: a bind mount needs one", where);
		if (!o.bind && !o.remount && (!(*m)->type || !*(*m)->type))
			fail("%s.type: is missing (and its options have neither \"bind\" nor \"rbind\")", where);
	}
}

/* Numbers of devices have 12 and 20 bits. */
static void check_devices(struct device *const *list, const char *name)
{
	size_t i = 0;
	EACH(d, list) {
		const char *where = fmt("%s: linux.devices[%zu]", name, i++);
		if (*(*d)->path != '/')
			fail("%s.path: \"%s\" must be absolute", where, (*d)->path);
		if ((*d)->kind == 'a')
			fail("%s.type: \"a\" is for rules only; a device is one of c, b, u, p", where);
		if ((*d)->kind != 'p' && ((*d)->major < 0 || (*d)->major >= 1 << 12))
			fail("%s.major: %lld is no major number, 0 to 4095", where, (long long) (*d)->major);
		if ((*d)->kind != 'p' && ((*d)->minor < 0 || (*d)->minor >= 1 << 20))
			fail("%s.minor: %lld is no minor number, 0 to 1048575", where, (long long) (*d)->minor);
	}
}

/* "2MB": a number without leading zeros, and the unit. */
static void check_page_sizes(const struct config *c, const char *name)
{
	size_t i = 0;
	EACH(h, c->linux_part->resources->hugepages) {
		const char *size = (*h)->page_size, *unit = size + strspn(size, "0123456789");
		if (*size == '0' || unit == size || (!same(unit, "KB") && !same(unit, "MB") && !same(unit, "GB")))
			fail("%s: linux.resources.hugepageLimits[%zu].pageSize: \"%s\" is not a size like 64KB, 2MB or "
			     "1GB",
			     name, i, size);
		i++;
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

/* What concerns one facility of the kernel each. */
static void check_facilities(const struct config *c, const char *name)
{
	const struct linux_part *l = c->linux_part;

	net_devices_check(c, name);
	if (l->personality)
		personality_check(l->personality, name);
	if (l->memory_policy)
		memory_policy_check(l->memory_policy, fmt("%s: linux.memoryPolicy", name));
	if (l->intel_rdt)
		intel_rdt_check(l->intel_rdt, name);
	if (c->process && c->hooks)
		deadline_check(c->process->scheduler, c->hooks, name);
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
	check_devices(c->linux_part->devices, name);
	check_page_sizes(c, name);
	check_absolute(c->linux_part->masked_paths, name, "linux.maskedPaths");
	check_absolute(c->linux_part->readonly_paths, name, "linux.readonlyPaths");
	if (c->hooks)
		check_all_hooks(c->hooks, name);
	if ((c->hostname || c->domainname) && !config_namespace(c, CLONE_NEWUTS))
		fail("%s: hostname: there is no namespace of type \"uts\" in linux.namespaces", name);
	check_facilities(c, name);
}
