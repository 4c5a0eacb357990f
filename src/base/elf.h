/* What a program's file says of how it is to be run: elf(5), as far as execve(2) and ld.so(8) go by it.  The file may
 * be anybody's, so nothing in it is believed: every read is a pread(2) into a buffer of known size, every count and
 * length has a limit, and what lies outside of the file is as if it were not there. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct elf {
	bool wide;           /* 64 bits */
	bool foreign;        /* of the other byte order: then nothing but `machine` is known */
	uint16_t machine;    /* EM_* */
	const char *loader;  /* PT_INTERP; NULL: it is linked statically, or a library */
	const char **needed; /* DT_NEEDED, NULL-ended */
	const char *rpath, *runpath;
};

/* False: no ELF file, or cut short before its program headers.  libraries: read `needed` and the two paths as well. */
bool try_elf_read(int fd, bool libraries, struct elf *);
