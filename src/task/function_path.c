/* Functions on paths and on the files of whoever reads the job. */
#include "base/file.h"
#include "base/mem.h"
#include "task/function.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *arg(const struct call *c) { return c->args[0]->string; }

/* "~" is the home of the caller; as in a shell, at the beginning only. */
static const char *expanded(const char *path)
{
	const char *home = getenv("HOME");
	bool tilde = *path == '~' && (!path[1] || path[1] == '/');
	return tilde && home ? fmt("%s%s", home, path + 1) : path;
}

/* Go's filepath: without a last slash; "." for nothing. */
static const char *trimmed(const char *path)
{
	size_t n = strlen(path);
	while (n > 1 && path[n - 1] == '/')
		n--;
	return n ? text_n(path, n) : ".";
}

struct value *path_abspath(const struct call *c)
{
	return value_string(c->e->at, clean_path(absolute(expanded(arg(c)))));
}

struct value *path_basename(const struct call *c) { return value_string(c->e->at, base_name(trimmed(arg(c)))); }

struct value *path_dirname(const struct call *c)
{
	const char *path = arg(c), *slash = strrchr(path, '/');
	if (!slash)
		return value_string(c->e->at, ".");
	return value_string(c->e->at, slash == path ? "/" : trimmed(text_n(path, (size_t) (slash - path))));
}

struct value *path_pathexpand(const struct call *c) { return value_string(c->e->at, expanded(arg(c))); }

struct value *path_fileexists(const struct call *c)
{
	struct stat st;
	return value_bool(c->e->at, !stat(expanded(arg(c)), &st) && S_ISREG(st.st_mode));
}

/* A text: what is none cannot be told, since a string of HCL holds no NUL. */
static const char *content(const struct call *c)
{
	const char *path = expanded(arg(c)), *words;
	struct stat st;

	if (stat(path, &st) < 0)
		function_fail(c, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		function_fail(c, "%s is no regular file", path);
	words = try_read_whole(AT_FDCWD, path);
	if (!words)
		function_fail(c, "%s: %s", path, strerror(errno));
	if (strlen(words) != (size_t) st.st_size)
		function_fail(c, "%s holds a NUL byte, and is no text", path);
	spend(c->s->world, c->e->at, strlen(words) / 16);
	return words;
}

struct value *path_file(const struct call *c) { return value_string(c->e->at, content(c)); }

struct value *path_filebase64(const struct call *c)
{
	struct value *words = value_string(c->e->at, content(c)), *args[] = { words, NULL };
	struct call inner = *c;
	inner.args = args;
	return code_base64encode(&inner);
}
