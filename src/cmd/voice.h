/* What a task says, captured in its log files, on the way to the caller's standard output or error: line by line, each
 * with the task's name before it.  Fixed memory; nobody waits for a reader that does not read: the rest stays in the
 * files until it does. */
#pragma once
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

/* Standard output or error, shared by all voices. */
struct sink {
	int fd;
	bool colour;
	bool broken, unread; /* what comes is dropped; unread: because its reader has gone */
	size_t length;
	char bytes[65536];
};

struct voice;

/* fd 1 or 2.  Colour: on a terminal, unless NO_COLOR is set (no-color.org). */
struct sink *sink_new(int fd);
void sink_flush(struct sink *);                /* as far as it goes without waiting */
struct pollfd sink_waits(const struct sink *); /* fd -1 when there is nothing to write */

/* stream: "stdout" or "stderr" of the task whose logs are in this directory.  number: which colour; the same for both
 * streams.  width: of the longest name. */
struct voice *voice_new(const char *log_dir, const char *task, const char *stream, const char *label, int width,
			int number, struct sink *);
struct pollfd voice_waits(const struct voice *); /* fd -1 while its sink is full */
void voice_speak(struct voice *, bool heard);    /* heard: poll(2) says that there may be more */
void voice_end(struct voice *);                  /* the task has ended: a last line without its end is one, too */
void voice_resume(struct voice *);               /* it runs again */
bool voice_is_silent(const struct voice *);      /* all has been said */
