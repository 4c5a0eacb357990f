#include "base/fail.h"

#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

static void tell_log(enum kind kind, const char *message)
{
	(void) kind;
	log_line(LOG_ERROR, message);
}

static struct {
	void (*tell)(enum kind, const char *);
	const char *step;
	bool by_kind;
	struct {
		void (*fn)(void *);
		void *arg;
	} undo[32];
	size_t undos;
} ours = { .tell = tell_log };

void fail_to(void (*tell)(enum kind, const char *)) { ours.tell = tell; }
void fail_where(const char *step) { ours.step = step; }
void fail_exits_by_kind(bool yes) { ours.by_kind = yes; }
void undo_forget(void) { ours.undos = 0; }

void undo(void (*fn)(void *), void *arg)
{
	if (ours.undos == LENGTH(ours.undo))
		fail("too much to undo");
	ours.undo[ours.undos].fn = fn;
	ours.undo[ours.undos++].arg = arg;
}

void undo_all(void)
{
	while (ours.undos) {
		ours.undos--;
		ours.undo[ours.undos].fn(ours.undo[ours.undos].arg);
	}
}

void fail_relay(enum kind kind, const char *message)
{
	ours.tell(kind, message);
	undo_all();
	exit(ours.by_kind || kind == MISUSE ? (int) kind : EXIT_FAILURE);
}

/* One line, whatever a file name or a document puts into it. */
static void flatten(char *line)
{
	for (; *line; line++)
		if ((unsigned char) *line < ' ' || *line == 0x7f)
			*line = ' ';
}

static _Noreturn void leave(enum kind kind, int error, const char *format, va_list ap)
{
	char line[4096];
	size_t n = 0;

	if (ours.step)
		n = (size_t) snprintf(line, sizeof line, "%s: ", ours.step);
	n += (size_t) vsnprintf(line + n, sizeof line - n, format, ap);
	if (error && n < sizeof line)
		snprintf(line + n, sizeof line - n, ": %s", strerror(error));
	flatten(line);
	fail_relay(kind, line);
}

void fail(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	leave(COULD_NOT, 0, format, ap);
}

void fail_sys(const char *format, ...)
{
	int error = errno;
	va_list ap;
	va_start(ap, format);
	leave(COULD_NOT, error, format, ap);
}

void fail_as(enum kind kind, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	leave(kind, 0, format, ap);
}

static void note(enum level level, const char *format, va_list ap)
{
	char line[4096];
	vsnprintf(line, sizeof line, format, ap);
	flatten(line);
	log_line(level, line);
}

void warn(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	note(LOG_WARNING, format, ap);
	va_end(ap);
}

void debug(const char *format, ...)
{
	if (!log_debugs())
		return;
	va_list ap;
	va_start(ap, format);
	note(LOG_DEBUG, format, ap);
	va_end(ap);
}
