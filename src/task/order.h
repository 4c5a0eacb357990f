/* What bivy-fetch is to do: plain data that passes, as JSON, from bivy to that program of its own.  Sources and list
 * are either the URL of a web server or, when they begin with "/", a path of this host. */
#pragma once
#include "json/field.h"

#include <sys/types.h>

struct order {
	const char *source;
	const char *name;         /* what a single file is called */
	const char *archive;      /* "tar", "zip", "packed" (one compressed file); NULL: it is kept as it is */
	const char *subdirectory; /* of the archive: only what is below it is wanted; NULL: all */
	const char *digest;       /* of the checksum: "md5", "sha1", "sha256", "sha512"; NULL: see list */
	const char *digits;       /* of the checksum, in small letters */
	const char *list;         /* a file of checksums, as sha256sum(1) writes it; NULL */
	const char *listed;       /* as what the source stands in it */
	bool single;              /* mode "file": whatever comes must be one file */
	bool insecure;            /* certificates are not looked at */
	struct pair **headers;
};

struct orders {
	uid_t uid;
	gid_t gid;
	pid_t parent; /* when it has gone, so does bivy-fetch */
	int64_t seconds;
	int64_t bytes;          /* of a download */
	int64_t unpacked_bytes; /* of an archive's files together */
	int64_t unpacked_files; /* and their number, directories included; 0: any */
	bool quiet;             /* no progress is shown */
	struct order **orders;
};

extern const struct type orders_type;

/* Where its descriptors are, besides standard error, where the progress is shown on a terminal.  In the directory, what
 * order number N brought is below N. */
enum { FETCH_ORDERS = 0, FETCH_TELL = 1, FETCH_DIRECTORY = 3 };
