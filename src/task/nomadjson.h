/* JSON text as the values that the job's rows read, each with its place; for the JSON of `nomad job run -output`, whose
 * `config` may hold anything.  Stricter than Go's reader where that one guesses: a key given twice, broken UTF-8 and
 * NUL are refused. */
#pragma once
#include "task/hcl.h"

struct value *json_value(const char *file, const char *text);
