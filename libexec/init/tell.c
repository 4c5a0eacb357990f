#include "tell.h"

#include "base/syscall.h"

#include <asm/errno.h>

#define MSG_NOSIGNAL 0x4000 /* linux/socket.h does not export it */

#define LENGTH(a)    (sizeof(a) / sizeof(*(a)))

static struct {
	const char *step;
	int fd, code;
	char number[24];
} ours = { .fd = -1, .code = COULD_NOT };

/* clang-format off */
static const struct {
	int error;
	const char *text;
} words[] = {
	{ EPERM,   "Operation not permitted" },     { ENOENT,       "No such file or directory" },
	{ EIO,     "Input/output error" },          { E2BIG,        "Argument list too long" },
	{ ENOEXEC, "Exec format error" },           { EAGAIN,       "Resource temporarily unavailable" },
	{ ENOMEM,  "Cannot allocate memory" },      { EACCES,       "Permission denied" },
	{ EFAULT,  "Bad address" },                 { EBUSY,        "Device or resource busy" },
	{ ENOTDIR, "Not a directory" },             { EISDIR,       "Is a directory" },
	{ EINVAL,  "Invalid argument" },            { EMFILE,       "Too many open files" },
	{ ETXTBSY, "Text file busy" },              { ENAMETOOLONG, "File name too long" },
	{ ENOSYS,  "Function not implemented" },    { ELOOP,        "Too many levels of symbolic links" },
};
/* clang-format on */

void tell_to(int fd) { ours.fd = fd; }
void tell_step(const char *name) { ours.step = name; }
void tell_code(int code) { ours.code = code; }
void tell_progress(char what) { SYSCALL(sendto, ours.fd, &what, 1, MSG_NOSIGNAL, NULL, 0); }

long tell_ask(const void *question, size_t size)
{
	char answer = 0;
	if (ours.fd < 0 || SYSCALL(sendto, ours.fd, question, size, MSG_NOSIGNAL, NULL, 0) < 0)
		return 0;
	return SYSCALL(read, ours.fd, &answer, 1) == 1 ? answer : 0;
}

void leave_with_code(void) { leave(ours.code); }

static char *put(char *at, const char *end, const char *s)
{
	while (s && *s && at < end)
		*at++ = *s++;
	return at;
}

const char *decimal(long n)
{
	char *at = ours.number + sizeof ours.number - 1;
	unsigned long left = n < 0 ? -(unsigned long) n : (unsigned long) n;

	do
		*--at = (char) ('0' + left % 10);
	while (left /= 10);
	if (n < 0)
		*--at = '-';
	return at;
}

static char *put_error(char *at, const char *end, long error)
{
	const char *text = "errno";

	for (size_t i = 0; i < LENGTH(words); i++)
		if (words[i].error == error)
			text = words[i].text;
	at = put(at, end, ": ");
	at = put(at, end, text);
	at = put(at, end, " (");
	at = put(at, end, decimal(error));
	return put(at, end, ")");
}

/* write(2): the filter may be loaded already, and allows this one if any. */
static void say(const char *line, const char *end)
{
	if (ours.fd >= 0)
		SYSCALL(write, ours.fd, line, end - line);
}

static char *put_failure(char *at, const char *end, const char *const *parts)
{
	*at++ = '!';
	*at++ = (char) ours.code;
	at = put(at, end, ours.step);
	at = put(at, end, ours.step ? ": " : "");
	for (; *parts; parts++)
		at = put(at, end, *parts);
	return at;
}

void fail(long error, const char *hint, const char *const *parts)
{
	char line[1024], *end = line + sizeof line, *at = put_failure(line, end, parts);

	if (error)
		at = put_error(at, end, error);
	say(line, put(at, end, hint));
	leave(ours.code);
}

/* A path that leaves no room for itself a second time is not told apart. */
void tell_refused(long error, const char *path)
{
	char line[2048], *end = line + sizeof line;
	char *at = put_error(put_failure(line, end, (const char *const[]){ path, NULL }), end, error);
	char *tail = at;

	if (end - at > 2) {
		*at++ = 0;
		*at++ = (char) error;
		at = put(at, end, path);
	}
	if (at < end)
		*at++ = 0;
	else
		at = tail;
	say(line, at);
	SYSCALL(read, ours.fd, line, sizeof line);
	leave(ours.code);
}

long must(long result, const char *call)
{
	if (result < 0)
		FAIL(-result, NULL, call);
	return result;
}
