/* Numbers as text: exact, in plain decimal, never with an exponent. */
#pragma once

/* Written out: a hexadecimal float is more than some checkers can read. */
#define TWO_TO_63 9223372036854775808.0L
#define TWO_TO_64 18446744073709551616.0L

/* The shortest decimal text of a number as HCL and JSON write them ("2.50" -> "2.5", "1e3" -> "1000"); NULL: it is
 * none, or has more than 400 digits. */
const char *decimal_read(const char *s);

/* The same of a computed one.  A whole number is exact below 2^64 (the caller sees to that), a fraction has 18 digits.
 */
const char *decimal_print(long double);
