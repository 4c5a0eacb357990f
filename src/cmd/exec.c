#include "box/exec.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "box/walk.h"
#include "cli/globals.h"
#include "cmd/commands.h"
#include "cmd/foreground.h"
#include "oci/validate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

struct exec {
	const char *process, *user, *cwd, *console_socket, *pid_file, *pidfd_socket, *label, *profile;
	const char **env, **caps, **groups, **cgroups;
	bool terminal, detach, no_new_privileges, ignore_paused;
	int64_t preserve_fds;
};

static void set_user(struct process *p, const char *spelled)
{
	struct user *u = mem(sizeof *u);
	const char **parts = split(spelled, ':');
	int64_t uid, gid = 0;

	if (!parts[0] || !number(parts[0], 0, UINT32_MAX - 1, &uid) ||
	    (parts[1] && !number(parts[1], 0, UINT32_MAX - 1, &gid)))
		fail_as(MISUSE, "--user: \"%s\" is not UID or UID:GID in numbers", spelled);
	*u = (struct user){ .uid = (uid_t) uid, .gid = (gid_t) gid, .umask = p->user ? p->user->umask : NULL };
	p->user = u;
}

static void set_groups(struct process *p, const char *const *groups)
{
	struct user *u = mem(sizeof *u);
	*u = *p->user;
	u->groups = NULL;
	EACH(g, groups) {
		gid_t *gid = mem(sizeof *gid);
		int64_t n;
		if (!number(*g, 0, UINT32_MAX - 1, &n))
			fail_as(MISUSE, "--additional-gids: \"%s\" is not a number", *g);
		*gid = (gid_t) n;
		u->groups = append(u->groups, gid);
	}
	p->user = u;
}

/* A variable that is set again takes the place of the first. */
static const char **set_env(const char **env, const char *const *more)
{
	EACH(m, more) {
		const char **kept = NULL;
		size_t name = strcspn(*m, "=");
		if (!(*m)[name])
			fail_as(MISUSE, "--env: \"%s\" is not NAME=VALUE", *m);
		EACH(e, env)
			if (strncmp(*e, *m, name + 1))
				kept = append(kept, *e);
		env = append(kept, *m);
	}
	return env;
}

/* runc adds to what the container's process has; the set has to be there for that. */
static void add_caps(struct process *p, const char *const *caps)
{
	static const struct capability_sets none;
	struct capability_sets *s = mem(sizeof *s);
	*s = p->capabilities ? *p->capabilities : none;
	EACH(c, caps) {
		s->bounding = append(s->bounding, *c);
		s->permitted = append(s->permitted, *c);
		s->effective = append(s->effective, *c);
	}
	p->capabilities = s;
}

static struct process *changed(const struct process *from, const struct exec *o, char **args)
{
	struct process *p = mem(sizeof *p);
	*p = *from;
	p->args = (const char **) args;
	p->terminal = o->terminal;
	p->env = set_env(p->env, o->env);
	p->no_new_privileges |= o->no_new_privileges;
	if (o->cwd)
		p->cwd = o->cwd;
	if (o->label)
		p->selinux_label = o->label;
	if (o->profile)
		p->apparmor_profile = o->profile;
	if (o->user)
		set_user(p, o->user);
	if (o->groups)
		set_groups(p, o->groups);
	if (o->caps)
		add_caps(p, o->caps);
	return p;
}

static struct process *process_read(const char *file)
{
	json_on_unknown(config_hear_unknown);
	struct process *p = json_read(file, read_whole(AT_FDCWD, file), &process_type);
	json_on_unknown(NULL);
	return p;
}

static const struct process *wanted(const struct container *c, const struct exec *o, char **args)
{
	if (o->process && *args)
		fail_as(MISUSE, "exec: a program and --process cannot be had together");
	if (!o->process && !*args)
		fail_as(MISUSE, "exec: the PROGRAM is missing; it stands behind the ID");
	if (!o->process && !c->config->process)
		fail("container \"%s\" has no process in its config.json; use --process", c->id);
	static const struct process none;
	const struct process *first = c->config->process ? c->config->process : &none;
	const char *name = o->process ? o->process : "the command line";
	struct process *p = o->process ? process_read(name) : changed(first, o, args);
	if (!p->user)
		p->user = mem(sizeof *p->user);
	if (!p->capabilities)
		p->capabilities = first->capabilities;
	process_check(p, name, "process");
	return p;
}

static int code_of(pid_t child)
{
	int status;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			fail_sys("wait for the program");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run(const void *options, char **arguments)
{
	const struct exec *o = options;
	struct container *c = container_open(globals()->root, *arguments);
	if (!c->saved)
		fail("container \"%s\" is not created yet", c->id);
	struct wishes *w = mem(sizeof *w);
	*w = (struct wishes){
		.console_socket = o->console_socket,
		.pid_file = o->pid_file ? absolute(o->pid_file) : NULL,
		.pidfd_socket = o->pidfd_socket,
		.cgroups = o->cgroups,
		.ignore_paused = o->ignore_paused,
		.keep_terminal = !o->detach && !o->console_socket,
		.preserve_fds = (int) o->preserve_fds,
	};
	struct box *b = exec_box(c, wanted(c, o, arguments + 1), w);
	box_exec(b);
	undo_forget();
	if (o->detach)
		return 0;
	foreground_follow(b->pidfd, b->console);
	return code_of(b->init);
}

static const struct option_row options[] = {
	{ "process", 'p', VALUE(exec, process, "FILE"),
	  "Take the process from FILE, in the form of config.json's `process`" },
	{ "tty", 't', FLAG(exec, terminal), "Give it a terminal" },
	{ "user", 'u', VALUE(exec, user, "UID[:GID]"), "Run it as this user" },
	{ "additional-gids", 'g', VALUES(exec, groups, "GID"), "Run it with this supplementary group" },
	{ "env", 'e', VALUES(exec, env, "NAME=VALUE"), "Set a variable of its environment" },
	{ "cwd", 0, VALUE(exec, cwd, "PATH"), "Run it in this directory of the container" },
	{ "cap", 'c', VALUES(exec, caps, "CAP"), "Give it one more capability" },
	{ "no-new-privs", 0, FLAG(exec, no_new_privileges), "Let it gain no privileges by execve" },
	{ "process-label", 0, VALUE(exec, label, "LABEL"), "Run it with this SELinux label" },
	{ "apparmor", 0, VALUE(exec, profile, "PROFILE"), "Run it under this AppArmor profile" },
	{ "cgroup", 0, VALUES(exec, cgroups, "[CONTROLLER:]PATH"),
	  "Put it into this cgroup below the container's, which is there already" },
	{ "ignore-paused", 0, FLAG(exec, ignore_paused), "Let it wait in a paused container for the resume" },
	{ "detach", 'd', FLAG(exec, detach), "Return when it runs" },
	{ "pid-file", 0, VALUE(exec, pid_file, "FILE"), "Write its pid to FILE" },
	{ "console-socket", 0, VALUE(exec, console_socket, "SOCKET"),
	  "Send the terminal to the process that listens at SOCKET" },
	{ "pidfd-socket", 0, VALUE(exec, pidfd_socket, "SOCKET"),
	  "Send a pidfd of the process to who listens at SOCKET" },
	{ "preserve-fds", 0, COUNT(exec, preserve_fds, "N"), "Leave N descriptors after standard error open" },
	{ 0 },
};

const struct command command_exec = {
	.name = "exec",
	.arguments = "ID [PROGRAM...]",
	.summary = "Run a further process in a container",
	.group = "Containers",
	.size = sizeof(struct exec),
	.options = options,
	.run = run,
	.least = 1,
	.most = -1,
	.exits_by_kind = true,
};
