#include "cmd/detached.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/globals.h"
#include "cmd/commands.h"
#include "cmd/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What it finds open: the run's directory, locked; and, until the tasks run, the ear of who started it. */
enum { DIRECTORY = 3, EAR = 4, FREE = 5 };

static char **words_for(const struct roster *r)
{
	const struct globals *g = globals();
	const char **words = append(append(append(NULL, "bivy-job"), "--root"), g->root);

	if (g->log)
		words = append(append(words, "--log"), absolute(g->log));
	if (g->log_format)
		words = append(append(words, "--log-format"), g->log_format);
	if (g->debug)
		words = append(words, "--debug");
	return (char **) append(append(words, "__job"), r->run);
}

static void place(int fd, int number)
{
	if (dup2(fd, number) < 0)
		fail_sys("descriptor %d", number);
}

static _Noreturn void become_supervisor(const struct roster *r, int ear)
{
	int directory = fd_copy_from(r->dir, FREE), listener = fd_copy_from(ear, FREE);
	autoclose int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	undo_forget();
	if (setsid() < 0 || null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || chdir("/") < 0)
		fail_sys("supervisor of run \"%s\"", r->run);
	fd_close_from(FREE);
	place(directory, DIRECTORY);
	place(listener, EAR);
	execv("/proc/self/exe", words_for(r));
	fail_sys("execute bivy anew");
}

int detached_start(const struct roster *r)
{
	int ends[2], status;
	unsigned char code = COULD_NOT;

	if (pipe2(ends, O_CLOEXEC) < 0)
		fail_sys("pipe");
	pid_t pid = fork();
	if (pid < 0)
		fail_sys("fork");
	if (!pid)
		become_supervisor(r, ends[1]);
	close(ends[1]);
	while (read(ends[0], &code, 1) < 0 && errno == EINTR)
		;
	close(ends[0]);
	/* It has said why. */
	while (code && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return code;
}

static void say(unsigned char code)
{
	if (write(EAR, &code, 1) < 0)
		debug("nobody waits for the start of the run any more");
	close(EAR);
}

/* The caller's terminal or pipe is the caller's again. */
static void leave_caller(void)
{
	say(0);
	dup2(0, 2);
}

static int run(const void *options, char **arguments)
{
	static const struct crew_wishes wishes = { .on_up = leave_caller };
	(void) options;

	if (fcntl(DIRECTORY, F_SETFD, FD_CLOEXEC) < 0 || fcntl(EAR, F_SETFD, FD_CLOEXEC) < 0)
		fail_as(MISUSE, "__job: bivy's own command, not for use by hand");
	struct roster *r = roster_inherit(globals()->root, *arguments, DIRECTORY);
	if (!r->job)
		fail("run \"%s\" has no record", r->run);
	prctl(PR_SET_NAME, fmt("bivy-job %s", r->job), 0, 0, 0);
	int code = crew_run(r, &wishes);
	say(code ? (unsigned char) code : COULD_NOT); /* heard only when it never came to run */
	return code;
}

/* See detached_start. */
const struct command command_job = {
	.name = "__job",
	.arguments = "RUN",
	.run = run,
	.least = 1,
	.most = 1,
	.exits_by_kind = true,
};
