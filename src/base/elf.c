#include "base/elf.h"

#include "base/mem.h"

#include <elf.h>
#include <limits.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define TABLE_MOST  65536 /* bytes of program headers, as in the kernel, and of the dynamic section */
#define NEEDED_MOST 256
#define STRING_MOST 4096

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OWN_ORDER ELFDATA2LSB
#else
#define OWN_ORDER ELFDATA2MSB
#endif

/* A program header, whatever the class. */
struct segment {
	uint32_t type;
	uint64_t offset, address, size;
};

struct image {
	int fd;
	bool wide;
	const char *headers; /* as they lie in the file */
	uint32_t count;
	uint64_t strings, strings_size; /* where the dynamic section's text lies in the file */
};

static ssize_t read_at(int fd, uint64_t offset, void *to, size_t size)
{
	if (offset > (uint64_t) INT64_MAX - size)
		return -1;
	return pread(fd, to, size, (off_t) offset);
}

/* A text that ends with a NUL within the file and within `most`; NULL: it does not, or is empty. */
static const char *text_at(int fd, uint64_t offset, uint64_t most)
{
	char buffer[STRING_MOST];
	ssize_t n = read_at(fd, offset, buffer, most < sizeof buffer ? (size_t) most : sizeof buffer);

	if (n <= 0 || !memchr(buffer, 0, (size_t) n) || !*buffer)
		return NULL;
	return text(buffer);
}

static struct segment segment_at(const struct image *m, uint32_t i)
{
	Elf64_Phdr wide;
	Elf32_Phdr narrow;

	if (m->wide) {
		memcpy(&wide, m->headers + i * sizeof wide, sizeof wide);
		return (struct segment){ wide.p_type, wide.p_offset, wide.p_vaddr, wide.p_filesz };
	}
	memcpy(&narrow, m->headers + i * sizeof narrow, sizeof narrow);
	return (struct segment){ narrow.p_type, narrow.p_offset, narrow.p_vaddr, narrow.p_filesz };
}

static bool try_find(const struct image *m, uint32_t type, struct segment *s)
{
	for (uint32_t i = 0; i < m->count; i++) {
		*s = segment_at(m, i);
		if (s->type == type)
			return true;
	}
	return false;
}

/* Where in the file an address lies, and how much of its segment follows. */
static bool try_place(const struct image *m, uint64_t address, uint64_t *offset, uint64_t *left)
{
	for (uint32_t i = 0; i < m->count; i++) {
		struct segment s = segment_at(m, i);
		uint64_t in = address - s.address;
		if (s.type != PT_LOAD || address < s.address || in >= s.size || s.offset > UINT64_MAX - in)
			continue;
		*offset = s.offset + in;
		*left = s.size - in;
		return true;
	}
	return false;
}

struct dynamic {
	const char *at;
	size_t count;
	bool wide;
};

static struct dynamic dynamic_read(const struct image *m)
{
	struct segment s;
	size_t each = m->wide ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);

	if (!try_find(m, PT_DYNAMIC, &s) || !s.size)
		return (struct dynamic){ .wide = m->wide };
	size_t size = s.size < TABLE_MOST ? (size_t) s.size : TABLE_MOST;
	char *at = mem(size);
	ssize_t n = read_at(m->fd, s.offset, at, size);
	return (struct dynamic){ at, n > 0 ? (size_t) n / each : 0, m->wide };
}

/* The i-th entry; false behind the last. */
static bool try_entry(const struct dynamic *d, size_t i, uint64_t *tag, uint64_t *value)
{
	Elf64_Dyn wide;
	Elf32_Dyn narrow;

	if (i >= d->count)
		return false;
	if (d->wide) {
		memcpy(&wide, d->at + i * sizeof wide, sizeof wide);
		*tag = (uint64_t) wide.d_tag;
		*value = wide.d_un.d_val;
	} else {
		memcpy(&narrow, d->at + i * sizeof narrow, sizeof narrow);
		*tag = (uint64_t) (uint32_t) narrow.d_tag;
		*value = narrow.d_un.d_val;
	}
	return *tag != DT_NULL;
}

static const char *string(const struct image *m, uint64_t at)
{
	if (at >= m->strings_size || m->strings > UINT64_MAX - at)
		return NULL;
	return text_at(m->fd, m->strings + at, m->strings_size - at);
}

static const char *library(const struct image *m, uint64_t at, size_t before)
{
	return before < NEEDED_MOST ? string(m, at) : NULL;
}

static void read_dynamic(struct image *m, struct elf *e)
{
	struct dynamic d = dynamic_read(m);
	uint64_t tag, value, address = 0;

	for (size_t i = 0; try_entry(&d, i, &tag, &value); i++)
		if (tag == DT_STRTAB)
			address = value;
	if (!address || !try_place(m, address, &m->strings, &m->strings_size))
		return;
	size_t n = 0;
	for (size_t i = 0; try_entry(&d, i, &tag, &value); i++) {
		const char *name = tag == DT_NEEDED ? library(m, value, n) : NULL;
		if (name)
			e->needed = append(e->needed, name), n++;
		if (tag == DT_RPATH)
			e->rpath = string(m, value);
		if (tag == DT_RUNPATH)
			e->runpath = string(m, value);
	}
}

/* The program headers, whose place and number the header tells. */
static bool try_headers(struct image *m, const void *head)
{
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;

	memcpy(&wide, head, sizeof wide);
	memcpy(&narrow, head, sizeof narrow);
	uint64_t at = m->wide ? wide.e_phoff : narrow.e_phoff;
	size_t each = m->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	m->count = m->wide ? wide.e_phnum : narrow.e_phnum;
	size_t size = m->count * each;
	if ((m->wide ? wide.e_phentsize : narrow.e_phentsize) != each || size > TABLE_MOST)
		return false;
	char *headers = mem(size + 1);
	m->headers = headers;
	return read_at(m->fd, at, headers, size) == (ssize_t) size;
}

static uint16_t machine_of(const unsigned char *head, bool foreign)
{
	uint16_t machine;
	memcpy(&machine, head + offsetof(Elf64_Ehdr, e_machine), sizeof machine);
	return foreign ? (uint16_t) (machine << 8 | machine >> 8) : machine;
}

bool try_elf_read(int fd, bool libraries, struct elf *e)
{
	unsigned char head[sizeof(Elf64_Ehdr)] = { 0 };
	ssize_t n = read_at(fd, 0, head, sizeof head);
	struct segment s;

	*e = (struct elf){ 0 };
	if (n < (ssize_t) sizeof(Elf32_Ehdr) || memcmp(head, ELFMAG, SELFMAG) != 0)
		return false;
	e->wide = head[EI_CLASS] == ELFCLASS64;
	e->foreign = head[EI_DATA] != OWN_ORDER;
	e->machine = machine_of(head, e->foreign);
	struct image m = { .fd = fd, .wide = e->wide };
	if (e->foreign)
		return true;
	if (!try_headers(&m, head))
		return false;
	if (try_find(&m, PT_INTERP, &s))
		e->loader = text_at(fd, s.offset, s.size);
	if (libraries)
		read_dynamic(&m, e);
	return true;
}
