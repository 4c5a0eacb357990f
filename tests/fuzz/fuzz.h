/* What the fuzz targets share: a run ends where it fails, and leaves no memory behind.  A target includes this file
 * once, in place of linking base/mem.c, whose memory otherwise lives as long as the program. */
#pragma once
#include "base/fail.h"
#include "base/mem.c"

#include <setjmp.h>
#include <stdint.h>
#include <yajl/yajl_parse.h>
#include <yajl/yajl_tree.h>

/* The linker leads our calls of yajl's functions here (--wrap): what they make is never freed otherwise. */
yajl_val __real_yajl_tree_parse(const char *, char *, size_t);
yajl_handle __real_yajl_alloc(const yajl_callbacks *, yajl_alloc_funcs *, void *);

static struct {
	yajl_val trees[8];
	yajl_handle handles[8];
	size_t tree_count, handle_count;
} parsed;

static jmp_buf failed;

yajl_val __wrap_yajl_tree_parse(const char *text, char *why, size_t size)
{
	yajl_val v = __real_yajl_tree_parse(text, why, size);
	if (parsed.tree_count < sizeof parsed.trees / sizeof *parsed.trees)
		parsed.trees[parsed.tree_count++] = v;
	return v;
}

yajl_handle __wrap_yajl_alloc(const yajl_callbacks *callbacks, yajl_alloc_funcs *functions, void *context)
{
	yajl_handle h = __real_yajl_alloc(callbacks, functions, context);
	if (parsed.handle_count < sizeof parsed.handles / sizeof *parsed.handles)
		parsed.handles[parsed.handle_count++] = h;
	return h;
}

static void leave_run(enum kind kind, const char *message)
{
	(void) kind;
	if (!message || !*message || strchr(message, '\n'))
		__builtin_trap(); /* an error is one line */
	longjmp(failed, 1);
}

static void clean(void)
{
	while (parsed.tree_count)
		yajl_tree_free(parsed.trees[--parsed.tree_count]);
	while (parsed.handle_count)
		yajl_free(parsed.handles[--parsed.handle_count]);
	while (newest) {
		struct chunk *c = newest;
		newest = c->older;
		free(c);
	}
	undo_forget();
}

/* One run on the bytes, which end with a NUL like every text that bivy reads. */
static int run(const uint8_t *data, size_t size, void (*target)(const char *))
{
	fail_to(leave_run);
	if (!setjmp(failed))
		target(text_n((const char *) data, size));
	clean();
	return 0;
}
