#include "sys/tty.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "sys/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

/* What is at dev/pts could be anything that the image holds: only a devpts makes terminals. */
static int open_master(int root)
{
	int master = try_open_in_root(root, "/dev/pts/ptmx", O_RDWR);
	struct statfs fs;

	if (master < 0)
		fail_sys("/dev/pts/ptmx (is a devpts in the mounts?)");
	if (fstatfs(master, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC)
		fail("/dev/pts is not a devpts filesystem; a terminal needs one in the mounts");
	return master;
}

int terminal_open(int root, uid_t uid, uint16_t rows, uint16_t columns, int *terminal)
{
	int master = open_master(root);
	struct winsize size = { .ws_row = rows, .ws_col = columns };

	if (ioctl(master, TIOCSPTLCK, &(int){ 0 }) < 0)
		fail_sys("unlock the terminal");
	/* Not by its name: that is the container's to forge. */
	int end = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (end < 0)
		fail_sys("open the terminal");
	if (rows && columns && ioctl(end, TIOCSWINSZ, &size) < 0)
		fail_sys("size of the terminal");
	if (fchown(end, uid, (gid_t) -1) < 0 || fchmod(end, 0620) < 0)
		fail_sys("owner of the terminal");
	if (ioctl(end, TIOCSCTTY, 0) < 0)
		fail_sys("controlling terminal");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(end, fd) < 0)
			fail_sys("terminal on descriptor %d", fd);
	*terminal = end;
	return master;
}

void terminal_bind_console(int root, int terminal)
{
	autoclose int place = place_in_root(root, "/dev/console", false);
	autoclose int tree = tree_of(terminal, false);
	mount_attach(tree, place, "/dev/console");
}

void console_send(const char *path, int *master)
{
	autoclose int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof to.sun_path)
		fail("console socket %s: the path is longer than %zu bytes", path, sizeof to.sun_path - 1);
	strcpy(to.sun_path, path);
	if (s < 0 || connect(s, (struct sockaddr *) &to, sizeof to) < 0)
		fail_sys("console socket %s", path);
	if (try_fd_send(s, *master, "/dev/ptmx", 9) < 0)
		fail_sys("console socket %s", path);
	fd_close(master);
}

static struct {
	int fd; /* the caller's terminal; -1: nothing to put back */
	struct termios modes;
} ours = { .fd = -1 };

static void put_back(void *unused)
{
	(void) unused;
	if (ours.fd >= 0)
		tcsetattr(ours.fd, TCSADRAIN, &ours.modes);
	ours.fd = -1;
}

static void make_raw(int fd)
{
	if (tcgetattr(fd, &ours.modes) < 0)
		return;
	struct termios raw = ours.modes;
	cfmakeraw(&raw);
	/* Line ends stay as the caller has them: other programs write here too. */
	raw.c_oflag = ours.modes.c_oflag;
	ours.fd = fd;
	undo(put_back, NULL);
	tcsetattr(fd, TCSADRAIN, &raw);
}

static void copy_size(int from, int to)
{
	struct winsize size;
	if (!ioctl(from, TIOCGWINSZ, &size))
		ioctl(to, TIOCSWINSZ, &size);
}

/* False at the end of `from`. */
static bool pass(int from, int to)
{
	char buffer[8192];
	ssize_t n = read(from, buffer, sizeof buffer);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0)
		return false; /* EIO: the last user of the terminal is gone */
	for (ssize_t done = 0, w; done < n; done += w) {
		w = write(to, buffer + done, (size_t) (n - done));
		if (w < 0 && errno != EINTR)
			return false;
		w = w < 0 ? 0 : w;
	}
	return true;
}

static int watch_signals(void)
{
	static const int watched[] = { SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT };
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
		sigaddset(&set, watched[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		fail_sys("signalfd");
	return fd;
}

static void hear_signals(int signals, int master, void (*hear)(int, void *), void *context)
{
	struct signalfd_siginfo info;
	while (read(signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo != SIGWINCH)
			hear((int) info.ssi_signo, context);
		else if (master >= 0)
			copy_size(0, master);
	}
}

void terminal_relay(int master, int done, void (*hear)(int, void *), void *context)
{
	enum { INPUT, MASTER, DONE, SIGNALS, ALL };
	autoclose int signals = watch_signals();
	struct pollfd p[ALL] = { [INPUT] = { master < 0 ? -1 : 0, POLLIN, 0 },
				 [MASTER] = { master, POLLIN, 0 },
				 [DONE] = { done, POLLIN, 0 },
				 [SIGNALS] = { signals, POLLIN, 0 } };

	if (master >= 0) {
		make_raw(0);
		copy_size(0, master);
	}
	for (;;) {
		if (poll(p, ALL, -1) < 0 && errno != EINTR)
			fail_sys("poll");
		if (p[SIGNALS].revents)
			hear_signals(signals, master, hear, context);
		if (p[INPUT].revents && !pass(0, master))
			p[INPUT].fd = -1;
		if (p[MASTER].revents && !pass(master, 1))
			p[MASTER].fd = p[INPUT].fd = -1;
		else if (p[DONE].revents && !p[MASTER].revents)
			break;
	}
	put_back(NULL);
}
