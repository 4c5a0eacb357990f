/* The templates of spec/ as data of the program; declared in default.h. */

.macro template name, file
	.globl	\name
	.type	\name, %object
\name:	.incbin	"\file"
	.byte	0
	.size	\name, . - \name
.endm

	.section .rodata
	template spec_exec,	"spec/exec.json"
	template spec_raw_exec,	"spec/raw_exec.json"
	template spec_seccomp,	"spec/seccomp.json"
	template spec_config,	"spec/config.json"

	.section .note.GNU-stack, "", %progbits
