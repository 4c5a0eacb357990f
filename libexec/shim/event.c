#include "event.h"

#include "line.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FILE_NAME "events"
#define MOST      (1 << 20) /* src/box/history.c: the same */

static int open_events(int dir, int how) { return openat(dir, FILE_NAME, how | O_NOFOLLOW | O_CLOEXEC, 0600); }

static void describe(struct line *l, const char *id, const char *type)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	put(l, "{\"type\":\"");
	put(l, type);
	put(l, "\",\"id\":\"");
	put(l, id);
	put(l, "\",\"time\":");
	put_time(l, &now);
}

/* After a line of ours that was the first to reach MOST. */
static void tell_full(int fd, const char *id, off_t length)
{
	off_t end = (off_t) syscall(SYS_lseek, fd, 0, SEEK_CUR); /* of our line, whoever writes meanwhile */
	struct line l = { 0 };

	if (end < MOST || end - length >= MOST)
		return;
	describe(&l, id, "history-full");
	put(&l, "}\n");
	if (write(fd, l.text, l.length) < 0)
		return; /* as what cannot be written is not told */
}

/* The end is told of one that is full, too. */
static bool has_room(int fd, const char *type)
{
	struct stat st;
	return !strcmp(type, "stopped") || (!fstat(fd, &st) && st.st_size < MOST);
}

void event_tell(int dir, const char *id, const char *type, const char *more, size_t more_length)
{
	struct line l = { 0 };
	int fd = open_events(dir, O_WRONLY | O_APPEND | O_CREAT);

	describe(&l, id, type);
	if (more && l.length + more_length + 3 < sizeof l.text) {
		put(&l, ",");
		memcpy(l.text + l.length, more, more_length);
		l.length += more_length;
	}
	put(&l, "}\n");
	if (fd < 0)
		return;
	ssize_t n = has_room(fd, type) ? write(fd, l.text, l.length) : -1;
	if (n > 0)
		tell_full(fd, id, n);
	close(fd);
}

static const char *find(const char *in, const char *what)
{
	while (*in && strncmp(in, what, strlen(what)))
		in++;
	return *in ? in : NULL;
}

#define PART    2048 /* of the file, looked at at once */
#define OVERLAP 32   /* of two parts: longer than what is looked for */

static const char *find_type(const char *in, const char *type)
{
	struct line wanted = { 0 };
	put(&wanted, "{\"type\":\"");
	put(&wanted, type);
	put(&wanted, "\"");
	wanted.text[wanted.length] = 0;
	return find(in, wanted.text);
}

/* Those of who creates and starts stand at the beginning. */
bool event_find_time(int dir, const char *type, char *to, size_t room)
{
	static const char key[] = "\"time\":\"";
	char part[PART];
	int fd = open_events(dir, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : pread(fd, part, PART - 1, 0);
	size_t i = 0;

	if (fd >= 0)
		close(fd);
	part[n > 0 ? n : 0] = 0;
	const char *at = find_type(part, type);
	at = at ? find(at, key) : NULL;
	if (!at)
		return false;
	for (at += sizeof key - 1; i < room - 1 && at[i] && at[i] != '"'; i++)
		to[i] = at[i];
	to[i] = 0;
	return true;
}

bool event_is_told(int dir, const char *type)
{
	char part[PART];
	int fd = open_events(dir, O_RDONLY);
	bool told = false;
	ssize_t n;

	for (off_t at = 0; fd >= 0 && !told && (n = pread(fd, part, PART - 1, at)) > 0;) {
		part[n] = 0;
		told = find_type(part, type);
		at += n > OVERLAP ? n - OVERLAP : n;
	}
	if (fd >= 0)
		close(fd);
	return told;
}
