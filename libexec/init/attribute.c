#include "attribute.h"

#include "base/syscall.h"
#include "tell.h"

#include <linux/fcntl.h>

static long length(const char *s)
{
	long n = 0;
	while (s[n])
		n++;
	return n;
}

/* In this program's own address space, as the kernel demands since 5.13: no descriptor of bivy's would do. */
static void write_one(int dir, const char *file, const char *value)
{
	long fd = SYSCALL(openat, dir, file, O_WRONLY | O_CLOEXEC);
	long result = fd < 0 ? fd : SYSCALL(write, fd, value, length(value));

	if (result < 0)
		FAIL(-result, NULL, "write \"", value, "\" to attr/", file);
	SYSCALL(close, fd);
}

void attributes_write(struct plan *p)
{
	const struct plan_attribute *a = plan_at(p, p->attributes);

	for (uint32_t i = 0; i < p->attribute_count; i++)
		write_one(p->attr_fd, plan_at(p, a[i].file), plan_at(p, a[i].value));
	if (p->attr_fd >= 0)
		SYSCALL(close, p->attr_fd);
}
