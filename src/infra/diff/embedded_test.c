// SPDX-License-Identifier: Apache-2.0
#include "infra/diff/embedded.h"

#include "support/tree.h"

#include "base/span.h"
#include "infra/sys/fd.h"

static const struct embedded_case {
	const char *name;
	const char *users;   /* files in the workspace, in a word each */
	const char *changes; /* "+added -deleted", in order */
	const char *want;    /* what is left */
} embedded_cases[] = {
	/* clang-format off */
	{ "bare repository", "",
	  "+r/HEAD +r/config +r/objects/x +r/refs/y +s", "+s" },
	{ "without a configuration", "",
	  "+r/HEAD +r/objects/x +r/refs/y", "" },
	{ "with a common directory", "", "+r/HEAD +r/commondir +r/x", "" },
	{ "in other letters", "",
	  "+r/Config +r/Objects/x +r/REFS/y +r/head", "" },
	{ "deep", "", "+a/b/HEAD +a/b/objects +a/b/refs +a/c", "+a/c" },
	{ "git directory", "",
	  "+.git/HEAD +.git/objects/x +.git/refs/y +s/.git/HEAD "
	  "+s/.git/objects/x +s/.git/refs/y",
	  "+.git/HEAD +.git/objects/x +.git/refs/y +s/.git/HEAD "
	  "+s/.git/objects/x +s/.git/refs/y" },
	{ "no repository", "", "+r/HEAD +r/config +r/objects/x",
	  "+r/HEAD +r/config +r/objects/x" },
	{ "of parts", "r/objects/x r/refs/y", "+r/HEAD +r/config +r/x",
	  "+r/x" },
	{ "the workspace itself", "objects/x refs/y",
	  "+HEAD +config +hooks/x +main.c", "+main.c" },
	{ "the user's", "r/HEAD r/objects/x r/refs/y",
	  "+r/config +r/hooks/x +r/objects/z +r/refs/z",
	  "+r/objects/z +r/refs/z" },
	{ "deleted", "r/HEAD r/objects/x r/refs/y",
	  "-r/HEAD -r/config -r/objects/x", "-r/HEAD -r/config -r/objects/x" },
	{ "hooks of another kind", "", "+hooks/x +src/hooks/y",
	  "+hooks/x +src/hooks/y" },
	{ "nested", "", "+r/HEAD +r/commondir +r/s/HEAD +r/s/commondir", "" },
	/* clang-format on */
};

static void fill(const struct embedded_case *c, const char *dir,
		 struct change_list *list)
{
	struct span users = SPAN_STR(c->users), changes = SPAN_STR(c->changes);
	struct span word;

	while (span_take_until(&users, ' ', &word)) {
		auto_free char *path = xmemdup0(word.p, word.len);

		tree_write(dir, path, "1");
	}
	while (span_take_until(&changes, ' ', &word)) {
		const char *p = word.p;
		const struct change change = {
			.path = xmemdup0(p + 1, word.len - 1),
			.kind = *p == '-' ? CHANGE_DELETED : CHANGE_ADDED,
		};

		change_list_add(list, &change);
	}
	change_list_sort(list);
}

/* As in the table, in order. */
static char *show(const struct change_list *list)
{
	char *out = xstrdup("");

	for (size_t i = 0; i < list->n; i++) {
		const struct change *c = &list->v[i];
		char *next = xasprintf("%s%s%c%s", out, i ? " " : "",
				       c->kind == CHANGE_DELETED ? '-' : '+',
				       c->path);

		free(out);
		out = next;
	}
	return out;
}

static void test_repositories_are_held_back(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(embedded_cases); i++) {
		const struct embedded_case *c = &embedded_cases[i];
		auto_change_list struct change_list list = CHANGE_LIST_INIT;
		auto_free char *dir = tree_new();
		auto_free char *got = NULL;
		struct tree_progress progress = {
			.base = { &tree_progress_ops },
		};
		struct log log = LOG_DISCARD;
		struct notices notices = {
			.progress = &progress.base,
			.log = &log,
			.area = "diff",
		};
		struct err err = ERR_INIT;
		int fd = fd_open_dir(dir, &err);
		size_t n;

		fill(c, dir, &list);
		n = list.n;
		embedded_drop(&list, fd, &notices);
		got = show(&list);
		CHECK(!strcmp(got, c->want), "%s: got '%s'", c->name, got);
		CHECK((n != list.n) ==
			      tree_progress_says(&progress, "repository"),
		      "%s: '%s'", c->name, progress.text);
		tree_progress_reset(&progress);
		fd_close(&fd);
		tree_remove(dir);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repositories_are_held_back),
	};

	return RUN_TESTS(tests);
}
