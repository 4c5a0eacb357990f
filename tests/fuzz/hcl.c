/* HCL in both dialects, and the run-time pass over a string of it. */
#include "task/hcl.h"
#include "fuzz.h"

static const char *value_of(const char *name, const void *context)
{
	(void) context;
	return *name == 'N' ? "value" : NULL;
}

static void read_dialect(const char *words, enum dialect dialect)
{
	static const char *const vars[] = { "a=1", "b=[\"x\", \"y\"]", NULL };
	static const struct given_variables given = { .assignments = vars };
	hcl_read("job.hcl", words, dialect, &given);
}

static void read_job(const char *words) { read_dialect(words, HCL_JOB); }
static void read_agent(const char *words) { read_dialect(words, HCL_AGENT); }

static void expand(const char *words)
{
	static const char *const known[] = { "NOMAD_TASK_NAME", NULL };
	struct position at = { 0 };
	hcl_expand(words, at, false, value_of, NULL, known);
	hcl_expand(words, at, true, value_of, NULL, known);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	run(data, size, read_job);
	run(data, size, read_agent);
	return run(data, size, expand);
}
