#include "cmd/worker.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/proc.h"
#include "box/life.h"
#include "cmd/making.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLED (128 + SIGKILL)

static const char *whose;           /* the label of the task, in the worker */
static struct rlimit callers_files; /* zero: as it still is */
static int first_of_crew;           /* from here on descriptors are no concern of a worker; 0: not known */

static void tell_with_task(enum kind kind, const char *message)
{
	(void) kind;
	log_line(LOG_ERROR, fmt("task %s: %s", whose, message));
}

static void tell_nobody(enum kind kind, const char *message) { (void) kind, (void) message; }

/* Who has been killed meanwhile needs no report. */
static void report(int tell, int fd, const struct report *r)
{
	if (try_fd_send(tell, fd, r, sizeof *r) < 0 && errno != EPIPE)
		fail_sys("report of a worker");
}

void worker_begin(const char *root, const struct entry *e, int tell)
{
	struct log_wishes logs = { .dir = fmt("%s/logs", e->alloc),
				   .name = e->task,
				   .format = "raw",
				   .files = e->log_files,
				   .size = e->log_file_size,
				   .disabled = e->logs_disabled };
	struct wishes w = { .logs = &logs };
	struct container *c = try_container_open(root, e->id);

	if (c)
		container_delete(c, true);
	container_create(bundle_box(e->bundle, e->id, &w));
	container_start(container_open(root, e->id));
	autoclose int pidfd = try_container_pidfd(container_open(root, e->id));
	report(tell, pidfd, &(struct report){ 0 });
}

/* Somebody has deleted it by hand: that is an end as well. */
void worker_learn(const char *root, const struct entry *e, int tell)
{
	struct container *c = try_container_open(root, e->id);
	const struct exit_record *r = c ? container_wait(c) : NULL;
	struct report known = { .code = KILLED, .unknown = true };

	if (r)
		known = (struct report){ r->code, r->signal, r->oom, r->unknown };
	report(tell, -1, &known);
}

static void stop(const char *root, const struct entry *e, int signal, int64_t timeout_ms)
{
	struct container *c = try_container_open(root, e->id);
	enum status status = c ? container_status(c) : STOPPED;

	if (status == RUNNING || status == PAUSED)
		container_stop(c, signal, timeout_ms);
}

void worker_stop(const char *root, const struct entry *e, int tell)
{
	(void) tell;
	stop(root, e, e->kill_signal, e->kill_timeout_ms);
}

void worker_kill(const char *root, const struct entry *e, int tell)
{
	(void) tell;
	stop(root, e, SIGKILL, 0);
}

void worker_remove(const char *root, const struct entry *e, int tell)
{
	struct container *c = try_container_open(root, e->id);

	if (tell >= 0)
		fail_to(tell_nobody);
	if (c)
		container_delete(c, true);
}

void worker_allow_files(size_t needed)
{
	struct rlimit now;
	autoclose int first = fd_copy_from(0, 3);

	first_of_crew = first;
	if (getrlimit(RLIMIT_NOFILE, &now) < 0)
		fail_sys("limit of open files");
	if (now.rlim_cur >= needed)
		return;
	if (now.rlim_max < needed)
		fail("so many tasks need %zu open files, and this process may have %llu (ulimit -Hn, LimitNOFILE=)",
		     needed, (unsigned long long) now.rlim_max);
	callers_files = now;
	if (setrlimit(RLIMIT_NOFILE, &(struct rlimit){ needed, now.rlim_max }) < 0)
		fail_sys("limit of open files");
}

/* They may be more than it is allowed to open. */
static void drop_crew(int tell)
{
	if (!first_of_crew)
		return;
	if (tell > first_of_crew)
		syscall(SYS_close_range, first_of_crew, tell - 1, 0);
	syscall(SYS_close_range, tell < first_of_crew ? first_of_crew : tell + 1, ~0U, 0);
}

/* A process group of its own: a terminal's Ctrl-C is for who looks after the run, and that one says what is to be done;
 * when it is killed, what is half made is undone.  The container inherits what stands here: no signal is blocked or
 * ignored, and there is nothing to read. */
static void stand_alone(void)
{
	sigset_t none;
	autoclose int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	sigemptyset(&none);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (callers_files.rlim_cur && setrlimit(RLIMIT_NOFILE, &callers_files) < 0)
		fail_sys("limit of open files");
	if (null < 0 || dup2(null, 0) < 0)
		fail_sys("/dev/null");
}

static _Noreturn void be_worker(deed *what, const char *root, const struct entry *e, int tell)
{
	undo_forget();
	whose = e->label;
	fail_to(tell_with_task);
	drop_crew(tell);
	stand_alone();
	what(root, e, tell);
	_exit(0);
}

void worker_start(struct worker *w, deed *what, const char *root, const struct entry *e)
{
	int ends[2];

	signal(SIGCHLD, SIG_DFL); /* ignored, as an exec hands on, it would have the kernel throw the status away */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		fail_sys("socket of a worker");
	pid_t pid = fork();
	if (pid < 0)
		fail_sys("fork");
	if (!pid) {
		close(ends[0]);
		be_worker(what, root, e, ends[1]);
	}
	close(ends[1]);
	*w = (struct worker){ pid, ends[0] };
}

int worker_done(struct worker *w, struct report *r, int *pidfd)
{
	int status = 0;
	struct report said = { 0 };

	*pidfd = -1;
	while (try_fd_receive(w->from, pidfd, &said, sizeof said) < 0 && errno == EINTR)
		;
	*r = said;
	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(w->from);
	*w = (struct worker){ 0, -1 };
	return WIFEXITED(status) ? WEXITSTATUS(status) : COULD_NOT;
}
