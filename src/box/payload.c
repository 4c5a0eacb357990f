/* How INIT becomes the program: it looks for it, writes down what is left to do, and hands over to bivy-init. */
#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/passwd.h"
#include "base/text.h"
#include "box/box.h"
#include "box/container.h"
#include "box/steps.h"
#include "sys/planfile.h"
#include "sys/program.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

void program_look_up(struct box *b)
{
	autoclose int root = open_dir(AT_FDCWD, "/");
	b->program = program_find(root, b->process->env, b->process->cwd, *b->process->args);
}

/* The home directory is what the container's own /etc/passwd says, as with runc and crun; "" counts as none. */
static const char **environment(const struct process *p)
{
	autoclose int root = open_dir(AT_FDCWD, "/");
	const char **env = env_once(p->env), *home = env_value(env, "HOME"), **kept = NULL;
	struct account a = { .home = "/" };

	if (home && *home)
		return env;
	if (try_user_by_id(root, p->user->uid, &a) < 0)
		a.home = "/";
	const char **next = kept = mem((count(env) + 2) * sizeof *kept);
	EACH(e, env)
		if (!starts_with(*e, "HOME="))
			*next++ = *e;
	*next = fmt("HOME=%s", a.home);
	return kept;
}

static const struct process *with_home(const struct process *p)
{
	struct process *q = mem(sizeof *q);
	*q = *p;
	q->env = environment(p);
	return q;
}

void plan_make(struct box *b)
{
	static const struct user root_user;
	static const struct process none = { .user = (struct user *) &root_user, .cwd = "/" };
	const struct hooks *hooks = b->config->hooks;
	bool exec = b->start < 0;
	struct init_work w = {
		.process = b->process ? with_home(b->process) : &none,
		.program = b->program ? b->program : "",
		.caps = b->caps,
		.filter = b->filter,
		.hooks = hooks && !exec ? hooks->start_container : NULL,
		.state = state_line(b->config, b->id, b->bundle, CREATED, getpid()),
		.start_fd = b->start,
		.peer_fd = exec ? b->peer : -1,
		.attributes = b->attributes,
		.attr_fd = b->attr,
		.keep_fds = b->wishes->preserve_fds,
		.reaper = b->reaper,
	};
	b->plan = plan_write(&w);
}

void init_become(struct box *b)
{
	char *args[] = { "bivy-init", fmt("%d", b->plan), NULL };
	char *none[] = { NULL };

	/* What our caller had open besides is neither bivy-init's nor the program's, and ends here: who waits for the
	 * end of a pipe would wait for `start` else. */
	fd_close_from(3 + b->wishes->preserve_fds);
	fd_keep_over_exec(b->plan);
	if (b->attr >= 0)
		fd_keep_over_exec(b->attr);
	if (b->start >= 0)
		fd_keep_over_exec(b->start);
	else
		fd_keep_over_exec(b->peer);
	syscall(SYS_execveat, b->init_program, "", args, none, AT_EMPTY_PATH);
	fail_sys("execute bivy-init");
}
