/* Where the program of a process is, and whether it can be one, asked before the container is said to exist.  execve(2)
 * answers ENOENT for six different faults; here each has its own words. */
#pragma once

/* The absolute path, inside `root`, of the file that `name` (process.args[0]) stands for: searched in the PATH of `env`
 * (an environment list; without a PATH the usual one), or taken relative to `cwd` when it has a slash.
 * root: the container's root as a descriptor; for INIT after pivot_root "/" itself.  Links are kept in the answer: a
 * program may go by the name it was called by.  Fails with NOT_FOUND or NOT_EXECUTABLE, in words that engines look for
 * ("executable file not found in", "no such file or directory", "permission denied"). */
const char *program_find(int root, const char *const *env, const char *cwd, const char *name);
