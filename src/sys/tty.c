#include "sys/tty.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/socket.h"
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
#include <sys/stat.h>
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
	autoclose int s = try_stream_connect(path);
	if (s < 0 || try_fd_send(s, *master, "/dev/ptmx", 9) < 0)
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
	cfmakeraw(&raw); /* line ends too: the other terminal has made them already, if its program wants them */
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

void terminal_fit(int master) { copy_size(0, master); }

/* False at the end of what the program says. */
static bool pass_output(int master)
{
	char buffer[8192];
	ssize_t n = read(master, buffer, sizeof buffer);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0)
		return false; /* EIO: the last user of the terminal is gone */
	for (ssize_t done = 0, w; done < n; done += w) {
		w = write(1, buffer + done, (size_t) (n - done));
		if (w < 0 && errno != EINTR)
			return true; /* nobody listens: the program goes on as if somebody did */
		w = w < 0 ? 0 : w;
	}
	return true;
}

/* What the caller has typed and the program has not taken yet.  Nobody waits until it does: it may be waiting for us to
 * take its output. */
struct typed {
	char bytes[8192];
	ssize_t length, passed;
	bool ended;
};

static void take_input(struct typed *t)
{
	t->passed = 0;
	t->length = read(0, t->bytes, sizeof t->bytes);
	t->ended = !t->length || (t->length < 0 && errno != EINTR && errno != EAGAIN);
	if (t->length < 0)
		t->length = 0;
}

static void pass_input(struct typed *t, int master)
{
	ssize_t n = write(master, t->bytes + t->passed, (size_t) (t->length - t->passed));
	if (n < 0 && errno != EINTR && errno != EAGAIN)
		t->ended = true;
	t->passed += n > 0 ? n : 0;
	if (t->passed == t->length || t->ended)
		t->length = 0;
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
	/* poll(2) looks in this order: what has been written before the end is seen with it. */
	enum { DONE, INPUT, MASTER, SIGNALS, ALL };
	autoclose int signals = watch_signals();
	struct pollfd p[ALL] = { [DONE] = { done, POLLIN, 0 },
				 [INPUT] = { -1, POLLIN, 0 },
				 [MASTER] = { master, POLLIN, 0 },
				 [SIGNALS] = { signals, POLLIN, 0 } };
	struct typed typed = { .ended = master < 0 };

	if (master >= 0) {
		signal(SIGPIPE, SIG_IGN);
		fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
		make_raw(0);
		copy_size(0, master);
	}
	for (;;) {
		p[INPUT].fd = typed.ended || typed.length ? -1 : 0;
		p[MASTER].events = typed.length ? POLLIN | POLLOUT : POLLIN;
		if (poll(p, ALL, done < 0 ? 0 : -1) < 0 && errno != EINTR)
			fail_sys("poll");
		if (p[SIGNALS].revents)
			hear_signals(signals, master, hear, context);
		if (p[INPUT].revents)
			take_input(&typed);
		if (p[MASTER].revents & POLLOUT)
			pass_input(&typed, master);
		bool said = p[MASTER].revents & ~POLLOUT;
		if (said && !pass_output(master)) {
			p[MASTER].fd = -1;
			typed = (struct typed){ .ended = true };
		} else if (!said && (done < 0 || p[DONE].revents)) {
			break;
		}
	}
	put_back(NULL);
}
