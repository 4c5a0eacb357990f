#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static struct {
	int file;
	bool json, debugs;
} ours = { .file = -1 };

static const char *const level_names[] = { "error", "warning", "debug" };

int try_log_open(const char *file, bool json, bool debugs)
{
	ours.json = json;
	ours.debugs = debugs;
	if (!file)
		return 0;
	ours.file = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	return ours.file < 0 ? -1 : 0;
}

bool log_debugs(void) { return ours.debugs; }

/* A JSON string without its quotes; invalid UTF-8 is the writer's concern, control bytes are gone already. */
static void escape(char *to, size_t room, const char *from)
{
	char *end = to + room - 3;
	for (; *from && to < end; from++) {
		if (*from == '"' || *from == '\\')
			*to++ = '\\';
		*to++ = *from;
	}
	*to = 0;
}

static void put(int fd, enum level level, const char *message, bool json)
{
	char time_text[80], escaped[2 * 4096];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	/* Not by strftime(3), which reads the machine's time zone first. */
	snprintf(time_text, sizeof time_text, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
		 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	escape(escaped, sizeof escaped, message);
	if (json)
		dprintf(fd, "{\"level\":\"%s\",\"msg\":\"%s\",\"time\":\"%s\"}\n", level_names[level], escaped,
			time_text);
	else
		dprintf(fd, "time=\"%s\" level=%s msg=\"%s\"\n", time_text, level_names[level], escaped);
}

void log_line(enum level level, const char *message)
{
	if (level == LOG_DEBUG && !ours.debugs)
		return;
	if (ours.file >= 0)
		put(ours.file, level, message, ours.json);
	if (ours.file >= 0 && level != LOG_ERROR)
		return;
	if (ours.file < 0 && ours.json)
		put(2, level, message, true);
	else
		dprintf(2, "bivy: %s%s\n",
			level == LOG_WARNING ? "warning: "
			: level == LOG_DEBUG ? "debug: "
					     : "",
			message);
}
