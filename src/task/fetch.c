#include "task/fetch.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/text.h"
#include "task/landing.h"
#include "task/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Put aside here, in the bundle's directory, and so on the disk where it is going. */
#define ASIDE ".artifacts"

/* ---- the program ---- */

/* It shows the way to a web server, and whom to trust.  Nothing else of the caller's environment is a stranger's
 * affair. */
static const char *const passed[] = { "http_proxy", "https_proxy", "HTTPS_PROXY",   "all_proxy",    "ALL_PROXY",
				      "no_proxy",   "NO_PROXY",    "SSL_CERT_FILE", "SSL_CERT_DIR", NULL };

static char **environment(void)
{
	const char **list = append(NULL, "PATH=/usr/local/bin:/usr/bin:/bin");
	EACH(name, passed)
		if (getenv(*name))
			list = append(list, fmt("%s=%s", *name, getenv(*name)));
	/* curl reads it in small letters only; Go, which Nomad is written in, in both. */
	if (getenv("HTTP_PROXY") && !getenv("http_proxy"))
		list = append(list, fmt("http_proxy=%s", getenv("HTTP_PROXY")));
	return (char **) list;
}

static int orders_open(const struct orders *o)
{
	const char *json = json_text(o, &orders_type, false);
	int fd = memfd_create("orders", MFD_CLOEXEC);
	if (fd < 0)
		fail_sys("memfd_create");
	write_all(fd, json, strlen(json), "orders");
	return fd;
}

static pid_t start(int orders, int tell, int dir)
{
	const char *path = helper_path("bivy-fetch");
	char *const argv[] = { (char *) "bivy-fetch", NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t none, all;
	pid_t pid;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, orders, FETCH_ORDERS);
	posix_spawn_file_actions_adddup2(&files, tell, FETCH_TELL);
	posix_spawn_file_actions_adddup2(&files, dir, FETCH_DIRECTORY);
	posix_spawn_file_actions_addclosefrom_np(&files, FETCH_DIRECTORY + 1);
	posix_spawnattr_init(&how);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&how, &none);
	posix_spawnattr_setsigdefault(&how, &all);
	errno = posix_spawn(&pid, path, &files, &how, argv, environment());
	if (errno)
		fail_sys("bivy's own program %s (is bivy installed whole?)", path);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&how);
	return pid;
}

/* ---- waiting for it ---- */

/* What would end this command ends the fetching first.  What is ignored stays so: nohup(1) does that. */
static int signals_open(sigset_t *before)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, 0 };
	sigset_t set;

	sigemptyset(&set);
	for (const int *s = ending; *s; s++) {
		struct sigaction old;
		sigaction(*s, NULL, &old);
		if (old.sa_handler != SIG_IGN)
			sigaddset(&set, *s);
	}
	sigprocmask(SIG_BLOCK, &set, before);
	int fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		fail_sys("signalfd");
	return fd;
}

static _Noreturn void interrupted(pid_t pid, int signals)
{
	struct signalfd_siginfo info = { 0 };
	(void) !read(signals, &info, sizeof info);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fail("fetching artifacts: interrupted by SIG%s; nothing was left behind", sigabbrev_np((int) info.ssi_signo));
}

/* All that it has to say, until it ends. */
static const char *hear(pid_t pid, int from, int signals)
{
	struct pollfd both[] = { { .fd = signals, .events = POLLIN }, { .fd = from, .events = POLLIN } };
	struct text said = { 0 };
	char buffer[4096];
	ssize_t n = 1;

	while (n > 0) {
		if (poll(both, 2, -1) < 0 && errno != EINTR)
			fail_sys("poll");
		if (both[0].revents)
			interrupted(pid, signals);
		if (!both[1].revents)
			continue;
		n = read(from, buffer, sizeof buffer);
		if (n > 0 && said.length < sizeof buffer)
			text_add(&said, buffer, (size_t) n);
	}
	return said.at ? said.at : "";
}

/* "2 the server answers 404 (not found)": which order it is, and why.  Without a number it is about none of them. */
static _Noreturn void refuse(struct delivery *const *deliveries, const char *said, int status)
{
	char *why;
	size_t which = strtoul(said, &why, 10);

	if (WIFSIGNALED(status))
		fail("fetching artifacts: bivy-fetch was killed by SIG%s", sigabbrev_np(WTERMSIG(status)));
	if (why == said || *why != ' ' || which >= count(deliveries))
		fail("fetching artifacts: %s",
		     *said ? said : fmt("bivy-fetch ended with code %d", WEXITSTATUS(status)));
	const struct artifact *a = deliveries[which]->artifact;
	hcl_fail(a->block->at, "artifact %s: %s", source_shown(deliveries[which]->order->source), why + 1);
}

static void run(struct delivery *const *deliveries, const struct orders *o, int dir)
{
	sigset_t before;
	int ends[2], status;
	autoclose int orders = orders_open(o), signals = signals_open(&before);

	if (pipe2(ends, O_CLOEXEC) < 0)
		fail_sys("pipe");
	autoclose int from = ends[0];
	pid_t pid = start(orders, ends[1], dir);
	close(ends[1]);
	const char *said = hear(pid, from, signals);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail_sys("wait for bivy-fetch");
	if (status)
		refuse(deliveries, said, status);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* ---- before and after ---- */

/* Root's artifacts are fetched by nobody, and given to root when they are there. */
static void choose_account(struct orders *o, const struct account *who)
{
	autoclose int root = open_dir(AT_FDCWD, "/");
	struct account nobody;

	o->uid = geteuid() ? geteuid() : who->uid;
	o->gid = geteuid() ? getegid() : who->gid;
	if (o->uid)
		return;
	if (try_user_by_name(root, "nobody", &nobody) < 0)
		nobody = (struct account){ .uid = 65534, .gid = 65534 };
	o->uid = nobody.uid;
	o->gid = nobody.gid;
}

/* DIR/.artifacts/in: the outer one is the caller's alone, so that no other process of that account comes to the inner.
 */
static int aside_open(struct made *m, const char *dir, const struct orders *o)
{
	const char *outer = fmt("%s/" ASIDE, dir);

	if (try_remove_tree(AT_FDCWD, outer) < 0 && errno != ENOENT)
		fail_sys("remove %s, which an earlier fetch has left", outer);
	make_dir(AT_FDCWD, outer, 0700);
	made_add_tree(m, outer);
	autoclose int fd = open_dir(AT_FDCWD, outer);
	make_dir(fd, "in", 0700);
	int in = open_dir(fd, "in");
	if (!geteuid() && fchown(in, o->uid, o->gid) < 0)
		fail_sys("owner of %s/in", outer);
	return in;
}

static void land(struct made *m, const struct delivery *d, int aside, size_t number, const char *whole,
		 const struct account *who)
{
	autoclose int from = try_open(aside, fmt("%zu", number), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	autoclose int base = open_dir(AT_FDCWD, whole);
	autoclose int to = landing_open(m, base, whole, d->path, who);

	if (from < 0)
		fail_sys("what was fetched of %s", d->order->name);
	landing_move(m, from, to, *d->path ? fmt("%s/%s", whole, d->path) : whole);
}

void fetch(struct made *m, struct delivery *const *deliveries, const char *dir, const char *alloc,
	   const struct account *who, const struct allowance *l, bool quiet)
{
	struct orders o = { .parent = getpid(),
			    .seconds = l->seconds,
			    .bytes = l->bytes,
			    .unpacked_bytes = l->unpacked_bytes,
			    .unpacked_files = l->most_files,
			    .quiet = quiet };

	if (!deliveries)
		return;
	EACH(d, deliveries)
		o.orders = append(o.orders, (*d)->order);
	choose_account(&o, who);
	autoclose int aside = aside_open(m, dir, &o);
	run(deliveries, &o, aside);
	if (!geteuid() && o.uid != who->uid)
		landing_give(aside, fmt("%s/" ASIDE "/in", dir), o.uid, who);
	EACH(d, deliveries)
		land(m, *d, aside, (size_t) (d - deliveries), (*d)->shared ? alloc : fmt("%s/task", dir), who);
	if (try_remove_tree(AT_FDCWD, fmt("%s/" ASIDE, dir)) < 0)
		fail_sys("remove %s/" ASIDE, dir);
}
