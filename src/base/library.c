#include "base/library.h"

#include "base/elf.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define OBJECTS_MOST 128
#define CACHE_MOST   (4 << 20)
#define OPENS_MOST   4096 /* then whatever is left counts as there: the files may be hostile */

/* Wider than any one distribution's, so that none is called missing that its loader would find. */
static const char glibc_dirs[] = "/lib64:/usr/lib64:/lib:/usr/lib:/lib32:/usr/lib32:/usr/libx32:"
				 "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:/lib/i386-linux-gnu:"
				 "/usr/lib/i386-linux-gnu:/lib/aarch64-linux-gnu:/usr/lib/aarch64-linux-gnu:"
				 "/lib/arm-linux-gnueabihf:/usr/lib/arm-linux-gnueabihf";
static const char musl_dirs[] = "/lib:/usr/local/lib:/usr/lib";

struct object {
	const char *path;
	struct elf elf;
};

struct loading {
	const struct looker *look;
	const char *search;      /* LD_LIBRARY_PATH, or NULL */
	const char *dirs;        /* of the loader itself */
	struct object **objects; /* the program, and then what it needs, in the order of finding */
	const char **seen;       /* names that have been looked for */
	const char *cache;       /* /etc/ld.so.cache; NULL: there is none */
	size_t cache_size;
	unsigned opened;
};

static bool try_object(struct loading *l, const char *path, struct object *o)
{
	autoclose int fd = l->opened++ < OPENS_MOST ? l->look->try_open(l->look, path, O_RDONLY | O_NONBLOCK) : -1;
	*o = (struct object){ .path = path };
	return fd >= 0 && try_elf_read(fd, true, &o->elf);
}

/* A library of another class or processor is passed over, as the loader does. */
static bool fits(struct loading *l, const char *path, struct object *o)
{
	const struct object *program = *l->objects;
	return try_object(l, path, o) && o->elf.wide == program->elf.wide && o->elf.machine == program->elf.machine;
}

static bool in_dirs(struct loading *l, const char *dirs, const char *name, struct object *o)
{
	EACH(dir, split(dirs ? dirs : "", ':'))
		if (**dir == '/' && fits(l, fmt("%s/%s", *dir, name), o))
			return true;
	return false;
}

/* Whatever the form of the file, its paths stand in it as strings: "...\0/opt/lib/NAME\0". */
static bool in_cache(struct loading *l, const char *name, struct object *o)
{
	const char *wanted = fmt("/%s", name), *at = l->cache;
	size_t n = strlen(wanted) + 1;

	while (at && (at = memmem(at, l->cache_size - (size_t) (at - l->cache), wanted, n))) {
		const char *path = at++;
		while (path > l->cache && path[-1])
			path--;
		if (*path == '/' && fits(l, path, o))
			return true;
	}
	return false;
}

static bool has_token(const char *path) { return path && strchr(path, '$'); }

static bool try_find(struct loading *l, const struct object *by, const char *name, struct object *o)
{
	if (strchr(name, '/'))
		return try_object(l, name, o);
	return in_dirs(l, by->elf.rpath, name, o) || in_dirs(l, (*l->objects)->elf.rpath, name, o) ||
	       in_dirs(l, l->search, name, o) || in_dirs(l, by->elf.runpath, name, o) || in_cache(l, name, o) ||
	       in_dirs(l, l->dirs, name, o);
}

static bool is_loader(const struct loading *l, const char *name)
{
	return same(name, base_name((*l->objects)->elf.loader));
}

static const char **look_for(struct loading *l, const struct object *by, const char **missing)
{
	struct object found;

	EACH(name, by->elf.needed) {
		if (contains_word(l->seen, *name) || is_loader(l, *name))
			continue;
		l->seen = append(l->seen, *name);
		if (try_find(l, by, *name, &found)) {
			struct object *o = mem(sizeof *o);
			*o = found;
			l->objects = append(l->objects, o);
		} else if (l->opened < OPENS_MOST && !has_token(by->elf.rpath) && !has_token(by->elf.runpath) &&
			   !has_token(l->search)) {
			missing =
				append(missing, by == *l->objects ? *name : fmt("%s (needed by %s)", *name, by->path));
		}
	}
	return missing;
}

static void read_cache(struct loading *l)
{
	autoclose int fd = l->look->try_open(l->look, "/etc/ld.so.cache", O_RDONLY | O_NONBLOCK);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);

	if (size <= 0 || size > CACHE_MOST)
		return;
	char *at = mem((size_t) size + 1);
	ssize_t n = pread(fd, at, (size_t) size, 0);
	l->cache = n > 0 ? at : NULL;
	l->cache_size = n > 0 ? (size_t) n : 0;
}

static const char *dirs_of(const char *loader)
{
	const char *name = base_name(loader);
	return starts_with(name, "ld-linux") || starts_with(name, "ld64.so") ? glibc_dirs
	       : starts_with(name, "ld-musl-")                               ? musl_dirs
									     : NULL;
}

const char **libraries_missing(const struct looker *look, const char *path, const char *search)
{
	struct object program;
	struct loading l = { .look = look, .search = search };
	const char **missing = NULL;

	if (!try_object(&l, path, &program) || program.elf.foreign || !program.elf.loader ||
	    !(l.dirs = dirs_of(program.elf.loader)))
		return NULL;
	l.objects = append(NULL, &program);
	read_cache(&l);
	for (size_t i = 0; i < OBJECTS_MOST && l.objects[i]; i++)
		missing = look_for(&l, l.objects[i], missing);
	return missing;
}
