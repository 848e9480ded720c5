/* SPDX-License-Identifier: Apache-2.0 */
/*
 * embed.S - the files that bbox carries inside itself. The build defines
 * their paths.
 */
	.section .rodata, "a"

	.macro embed symbol, path
	.balign 16
	.global \symbol
	.hidden \symbol
\symbol:
	.incbin "\path"
.Lend_\symbol:
	.byte 0
	.balign 8
	.global \symbol\()_len
	.hidden \symbol\()_len
\symbol\()_len:
	.quad .Lend_\symbol - \symbol
	.endm

	embed embed_init, INIT_PATH
	embed embed_recipe_base, RECIPE_BASE_PATH
	embed embed_recipe_claude_code, RECIPE_CLAUDE_CODE_PATH

	.section .note.GNU-stack, "", %progbits
