/* What `create` and `run` take alike, as rows and as members. */
#pragma once
#include "box/box.h"
#include "cli/options.h"

#define MAKING_MEMBERS                                                        \
	const char *bundle, *console_socket, *pid_file, *shim, *pidfd_socket; \
	const char *logs, *logs_format, *logs_size;                           \
	int64_t logs_files;                                                   \
	bool no_pivot, no_new_keyring, init;                                  \
	int64_t preserve_fds

/* clang-format off */
#define MAKING_ROWS(T) \
	{ "bundle",         'b', VALUE(T, bundle, "BUNDLE"),         "Take config.json and the root filesystem from BUNDLE, not from here" }, \
	{ "console-socket",   0, VALUE(T, console_socket, "SOCKET"), "Send the terminal to the process that listens at SOCKET" }, \
	{ "pid-file",         0, VALUE(T, pid_file, "FILE"),         "Write the pid to FILE; the caller supervises, there is no shim" }, \
	{ "pidfd-socket",     0, VALUE(T, pidfd_socket, "SOCKET"),   "Send a pidfd of the process to who listens at SOCKET" }, \
	{ "shim",             0, ONE_OF(T, shim, "yes|no"),          "Whether a shim supervises the container; without --pid-file it does" }, \
	{ "logs",             0, VALUE(T, logs, "DIR"),              "Capture standard output and error in files of DIR; `bivy logs` shows them" }, \
	{ "logs-format",      0, ONE_OF(T, logs_format, "raw|json-file|cri"), "Write them as they come, as Docker does, or as Kubernetes wants it" }, \
	{ "logs-size",        0, VALUE(T, logs_size, "SIZE"),        "Begin a new file after SIZE, as 10M, which is usual" }, \
	{ "logs-files",       0, COUNT(T, logs_files, "N"),          "Keep N files, 10 if not told otherwise" }, \
	{ "no-pivot",         0, FLAG(T, no_pivot),                  "Use chroot, for a root that pivot_root refuses" }, \
	{ "no-new-keyring",   0, FLAG(T, no_new_keyring),            "Keep the caller's session keyring" }, \
	{ "init",             0, FLAG(T, init),                      "Let a tiny init be process 1: it reaps, and passes signals on to the program" }, \
	{ "preserve-fds",     0, COUNT(T, preserve_fds, "N"),        "Leave N descriptors after standard error open" }
/* clang-format on */

struct making {
	MAKING_MEMBERS;
};

/* Reads and checks the bundle; nothing is made yet.  keep_terminal: we serve it ourselves. */
struct box *making_box(const struct making *, const char *id, bool keep_terminal);

/* The same for a bundle that is named, as `up` does it. */
struct box *bundle_box(const char *bundle, const char *id, const struct wishes *);
