#include "mapped.h"

#include "base/syscall.h"
#include "tell.h"

#include <linux/fs.h>
#include <linux/mman.h>

struct plan *plan_map(int fd)
{
	long size = must(SYSCALL(lseek, fd, 0, SEEK_END), "lseek");
	long at = must(SYSCALL(mmap, NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0), "mmap");
	struct plan *p = (struct plan *) at;

	if (size < (long) sizeof *p || p->magic != PLAN_MAGIC || p->size != (uint64_t) size)
		FAIL(0, NULL, "not one of this bivy's (are bivy and bivy-init of the same version?)");
	SYSCALL(close, fd);
	return p;
}

char **plan_list(struct plan *p, uint32_t offset)
{
	static char *empty[1];
	uint64_t *list = plan_at(p, offset);

	if (!list)
		return empty;
	for (uint64_t *item = list; *item; item++)
		*item += (uintptr_t) p;
	return (char **) list;
}
