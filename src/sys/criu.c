#include "sys/criu.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "sys/cgroup.h"
#include "sys/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STREAMS "bivy-streams" /* beside the images: a line for each of 0, 1, 2, by CRIU's name for what was there */

struct errand {
	const char **args;
	const char *root;            /* bound onto itself in a mount namespace of its own: CRIU wants a mount point */
	const struct cgroup *cgroup; /* where to run, NULL: here */
	int said;                    /* where its stderr goes; -1: stays */
};

/* In the child. */
static _Noreturn void go(const struct errand *e)
{
	if (e->said >= 0 && dup2(e->said, 2) < 0)
		_exit(COULD_NOT);
	if (e->said >= 0)
		dup2(e->said, 1);
	if (e->cgroup)
		cgroup_enter(e->cgroup);
	if (e->root && (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) ||
			mount(e->root, e->root, NULL, MS_BIND | MS_REC, NULL)))
		_exit(COULD_NOT);
	execvp(*e->args, (char **) e->args);
	_exit(errno == ENOENT ? NOT_FOUND : NOT_EXECUTABLE);
}

/* Its exit code. */
static int run(const struct errand *e)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		fail_sys("fork");
	if (!child) {
		undo_forget();
		go(e);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			fail_sys("wait for criu");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The first error is the cause, what follows is its echo. */
static const char *first_error(const char *log)
{
	EACH(line, split(log ? log : "", '\n')) {
		const char *error = strstr(*line, "Error (");
		if (error && !strstr(error, "exited, status="))
			return trim(error);
	}
	return "it says nothing";
}

static char *read_pipe(int fd)
{
	char bytes[4096];
	struct text t = { 0 };
	ssize_t n;

	while ((n = read(fd, bytes, sizeof bytes)) > 0)
		text_add(&t, bytes, (size_t) n);
	return t.at ? t.at : text("");
}

void criu_check(void)
{
	const char *args[] = { "criu", "check", NULL };
	FILE *said = tmpfile();

	if (!said)
		fail_sys("a file for what criu says");
	int code = run(&(struct errand){ .args = args, .said = fileno(said) });
	if (code == NOT_FOUND)
		fail("there is no criu in PATH: checkpoint and restore need CRIU, install it (criu.org)");
	lseek(fileno(said), 0, SEEK_SET);
	if (code)
		fail("CRIU does not run on this machine: `criu check` says: %s", first_error(read_pipe(fileno(said))));
	fclose(said);
}

/* ---- the command line ---- */

static const char **more(const char **args, const char *option, const char *value)
{
	return value ? append(append(args, option), value) : args;
}

static const char **flag(const char **args, const char *option, bool wanted)
{
	return wanted ? append(args, option) : args;
}

static const char **common(const char *action, const struct criu *c)
{
	static const char *const none[] = { NULL };
	const char **args = append(append(none, "criu"), action);

	args = append(append(append(args, "-v4"), "--log-file"), fmt("%s.log", action));
	args = more(args, "--images-dir", c->images);
	args = more(args, "--work-dir", c->work);
	args = flag(args, "--tcp-established", c->tcp_established);
	args = flag(args, "--ext-unix-sk", c->ext_unix_sk);
	args = flag(args, "--shell-job", c->shell_job);
	args = flag(args, "--file-locks", c->file_locks);
	args = flag(args, "--link-remap", c->link_remap);
	args = flag(args, "--auto-dedup", c->auto_dedup);
	args = flag(args, "--lazy-pages", c->lazy_pages);
	args = more(args, "--network-lock", c->network_lock);
	EACH(ns, c->empty_ns)
		args = append(append(args, "--empty-ns"), same(*ns, "network") ? "net" : *ns);
	return append(args, fmt("--manage-cgroups=%s", c->cgroups_mode ? c->cgroups_mode : "soft"));
}

static const char **page_server(const char **args, const char *address)
{
	const char *port = address ? strrchr(address, ':') : NULL;
	if (address && !port)
		fail_as(MISUSE, "--page-server: \"%s\" is not ADDRESS:PORT", address);
	if (!address)
		return args;
	args = more(append(args, "--page-server"), "--address", text_n(address, (size_t) (port - address)));
	return more(args, "--port", port + 1);
}

static void run_or_fail(const struct criu *c, const char *action, const struct errand *e)
{
	int code = run(e);
	const char *log = fmt("%s/%s.log", c->work, action);

	if (code == NOT_FOUND)
		fail("there is no criu in PATH: checkpoint and restore need CRIU, install it (criu.org)");
	if (code)
		fail("criu %s: %s (all of it is in %s)", action, first_error(try_read_whole(AT_FDCWD, log)), log);
}

/* ---- what comes from outside ---- */

/* A mounted mask of a file is the host's /dev/null, which is no part of the root. */
static bool is_masked_file(pid_t init, const char *path)
{
	struct stat st;
	return !stat(fmt("/proc/%d/root%s", init, path), &st) && S_ISCHR(st.st_mode);
}

static const char **external_mounts(const char **args, const struct config *config, pid_t init)
{
	EACH(m, config->mounts)
		if (mount_is_bind(*m))
			args = more(args, "--external",
				    fmt("mnt[%s]:%s", clean_path((*m)->destination), clean_path((*m)->destination)));
	EACH(path, config->linux_part->masked_paths)
		if (is_masked_file(init, *path))
			args = more(args, "--external", fmt("mnt[%s]:%s", *path, *path));
	return args;
}

/* What CRIU calls the file of a descriptor: pipes and sockets as the kernel shows them, a file of the host by its mount
 * and inode; "": it is the container's own. */
static const char *stream_name(pid_t init, int fd)
{
	const char *path = fmt("/proc/%d/fd/%d", init, fd);
	const char *info = try_read_whole(AT_FDCWD, fmt("/proc/%d/fdinfo/%d", init, fd));
	const char *mount = info ? strstr(info, "mnt_id:") : NULL;
	const char *mounts = try_read_whole(AT_FDCWD, fmt("/proc/%d/mountinfo", init));
	char target[256] = "";
	struct stat st;

	if (readlink(path, target, sizeof target - 1) < 0 || stat(path, &st) < 0)
		return "";
	if (starts_with(target, "pipe:"))
		return text(target);
	unsigned long id = mount ? strtoul(mount + strlen("mnt_id:"), NULL, 10) : 0;
	EACH(line, split(mounts ? mounts : "", '\n'))
		if (strtoul(*line, NULL, 10) == id)
			return "";
	return *target == '/' ? fmt("file[%lx:%lx]", id, (unsigned long) st.st_ino) : "";
}

static const char **note_streams(const char **args, const struct criu *c, pid_t init)
{
	struct text lines = { 0 };
	autoclose int dir = open_dir(AT_FDCWD, c->images);

	for (int fd = 0; fd <= 2; fd++) {
		const char *name = stream_name(init, fd);
		text_printf(&lines, "%s\n", name);
		if (starts_with(name, "file["))
			args = more(args, "--external", name);
	}
	write_new(dir, STREAMS, lines.at);
	return args;
}

static const char **inherit_streams(const char **args, const struct criu *c)
{
	int fd = 0;
	const char *names = try_read_whole(AT_FDCWD, fmt("%s/" STREAMS, c->images));

	EACH(name, split(names ? names : "", '\n')) {
		if (**name && fd <= 2)
			args = more(args, "--inherit-fd", fmt("fd[%d]:%s", fd, *name));
		fd++;
	}
	return args;
}

void criu_dump(const struct criu *c, const struct config *config, pid_t init)
{
	const char *action = c->pre_dump ? "pre-dump" : "dump";
	const char **args = more(common(action, c), "--tree", fmt("%d", init));

	args = flag(args, "--track-mem", c->pre_dump || c->parent);
	args = more(args, "--prev-images-dir", c->parent);
	args = flag(args, "--leave-running", c->leave_running && !c->pre_dump);
	args = flag(args, "--skip-in-flight", c->tcp_skip_in_flight);
	args = page_server(args, c->page_server);
	if (c->status_fd >= 0) {
		args = more(args, "--status-fd", fmt("%d", c->status_fd));
		fd_keep_over_exec(c->status_fd);
	}
	args = external_mounts(args, config, init);
	args = note_streams(args, c, init);
	run_or_fail(c, action, &(struct errand){ .args = args, .said = -1 });
}

static const char **mount_sources(const char **args, const struct config *config, const char *bundle)
{
	EACH(m, config->mounts) {
		const char *source = (*m)->source, *place = clean_path((*m)->destination);
		if (mount_is_bind(*m))
			args = more(args, "--external",
				    fmt("mnt[%s]:%s", place, *source == '/' ? source : fmt("%s/%s", bundle, source)));
	}
	/* Those that were no files then are not asked for. */
	EACH(path, config->linux_part->masked_paths)
		args = more(args, "--external", fmt("mnt[%s]:/dev/null", *path));
	return args;
}

static const char **cgroup_roots(const char **args, const struct cgroup *cg)
{
	EACH(h, cg->hierarchies)
		args = more(args, "--cgroup-root", cg->unified ? cg->path : fmt("%s:%s", (*h)->name, cg->path));
	return args;
}

pid_t criu_restore(const struct criu *c, const struct config *config, const char *bundle, const struct cgroup *cg)
{
	const char *root = config->root->path, *pid_file = fmt("%s/bivy-restore.pid", c->work);
	const char **args = more(common("restore", c), "--pidfile", pid_file);
	int64_t pid;

	root = *root == '/' ? root : fmt("%s/%s", bundle, root);
	args = append(append(more(args, "--root", root), "--restore-detached"), "--restore-sibling");
	args = flag(args, "--tcp-close", c->tcp_close);
	args = more(args, "--lsm-profile", c->lsm_profile);
	args = more(args, "--lsm-mount-context", c->lsm_mount_context);
	args = inherit_streams(mount_sources(cgroup_roots(args, cg), config, bundle), c);
	unlink(pid_file);
	run_or_fail(c, "restore", &(struct errand){ .args = args, .root = root, .cgroup = cg, .said = -1 });
	const char *digits = read_whole(AT_FDCWD, pid_file);
	unlink(pid_file);
	if (!number(trim(digits), 1, INT32_MAX, &pid))
		fail("criu restore: no pid came out of it (see %s/restore.log)", c->work);
	return (pid_t) pid;
}
