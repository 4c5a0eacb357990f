/* Templates: their actions, and the lines KEY=VALUE that some of them are. */
#include "task/render.h"
#include "fuzz.h"

static void render_text(const char *words)
{
	static struct pair known = { "NAME", "value" };
	static struct pair *const env[] = { &known, NULL };
	static const struct template plain;
	render(&plain, words, env, (struct position){ "job.hcl", 1, 1 });
}

static void read_lines(const char *words) { render_variables(NULL, words, (struct position){ "job.hcl", 1, 1 }); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	run(data, size, render_text);
	return run(data, size, read_lines);
}
