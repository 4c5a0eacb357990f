/* Where messages go: stderr for the person, and a file in the form that engines parse when --log names one. */
#pragma once
#include <stdbool.h>

enum level { LOG_ERROR, LOG_WARNING, LOG_DEBUG };

/* file: opened for appending, NULL for none.  json: runc's {"level","msg","time"} lines, else its text form.
 * Without a file the choice of form applies to stderr.  With one, stderr gets errors only: it is the program's own, and
 * what stands there an engine keeps as the program's output.  Engines want an error in both places. */
int try_log_open(const char *file, bool json, bool debugs); /* -1 and errno: the file cannot be opened */
bool log_debugs(void);
void log_line(enum level, const char *message);
