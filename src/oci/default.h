/* The templates of spec/ as they stand in the program: JSON text that ends with a NUL. */
#pragma once

extern const char spec_exec[], spec_raw_exec[], spec_seccomp[], spec_config[];
