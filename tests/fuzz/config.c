/* config.json: read, checked, written, and read again: what was written says the same. */
#include "fuzz.h"
#include "oci/validate.h"

static void read_and_write(const char *json)
{
	struct config *c = config_parse("config.json", json);
	char *once = json_text(c, &config_type, true);
	char *twice = json_text(config_parse("written", once), &config_type, true);
	if (strcmp(once, twice) != 0)
		__builtin_trap();
	config_check(c, "config.json");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return run(data, size, read_and_write); }
