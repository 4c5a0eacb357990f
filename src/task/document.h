/* A file that somebody hands to bivy, and what it is.  Runs in bundle, up and check. */
#pragma once

enum document { JOB_FILE, AGENT_FILE, CONFIG_JSON };

/* The whole of it; "-" is standard input.  Fails on what is no text. */
const char *document_read(const char *file);

/* Told by what stands in it, whatever its name.  A doubtful one is a job file. */
enum document document_kind(const char *file, const char *words);
