// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_accounts.c - a user added to any passwd file is found and hides nobody,
 * and a line of /etc/hosts or /etc/resolv.conf stays one line.
 *
 * Input: a name, a NUL, a file.
 */
#include <string.h>

#include "base/mem.h"
#include "fuzz/fuzz.h"
#include "guest/accounts.h"

#define FILE_MAX ((size_t)64 * 1024)
#define ID	 4242U

static size_t count_lines(const struct buf *b)
{
	size_t n = 0;

	INVARIANT(b->len && b->data[b->len - 1] == '\n');
	for (size_t i = 0; i < b->len; i++)
		n += b->data[i] == '\n';
	return n;
}

static void check_add(struct span file, const char *name)
{
	auto_buf struct buf text = BUF_INIT(3 * FILE_MAX);
	auto_free char *line =
		xasprintf("%s:x:%u:%u::/home:/bin/sh", name, ID, ID);
	bool had_root = accounts_have_id(file, 0);
	bool had_1000 = accounts_have_id(file, 1000);
	bool had_user = accounts_have_name(file, "node");
	struct err err = ERR_INIT;

	INVARIANT(!buf_add(&text, file.p, file.len, &err) &&
		  !accounts_add_line(&text, line, &err));
	INVARIANT(accounts_have_id(buf_span(&text), ID));
	INVARIANT(accounts_have_name(buf_span(&text), name));
	INVARIANT(!memcmp(text.data, file.p, file.len));
	/* Nothing is lost, and nobody else appears. */
	INVARIANT(accounts_have_id(buf_span(&text), 0) == had_root);
	INVARIANT(accounts_have_id(buf_span(&text), 1000) == had_1000);
	INVARIANT(accounts_have_name(buf_span(&text), "node") ==
		  (had_user || !strcmp(name, "node")));
	INVARIANT(text.len - file.len <= strlen(line) + 2);
}

static void check_hosts(const char *name)
{
	const char *host = hostname_is_valid(name) ? name : "bbox";
	auto_buf struct buf hosts = BUF_INIT(3 * FILE_MAX);
	auto_buf struct buf resolv = BUF_INIT(3 * FILE_MAX);
	auto_strv struct strv extra = STRV_INIT;
	struct err err = ERR_INIT;

	INVARIANT(!strpbrk(host, " \t\n#:/"));
	strv_add(&extra, name);
	if (hosts_compose(host, &extra, &hosts, &err) < 0)
		INVARIANT(err.kind == ERR_INVALID);
	else
		INVARIANT(count_lines(&hosts) == 4);
	if (resolv_compose(name, &resolv, &err) < 0)
		INVARIANT(err.kind == ERR_INVALID && !resolv.len);
	else
		INVARIANT(count_lines(&resolv) == 1 &&
			  !name[strspn(name, "0123456789.")]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span file = { .p = data, .len = size }, first;

	if (size <= FILE_MAX && span_take_until(&file, '\0', &first)) {
		auto_free char *name = xmemdup0(first.p, first.len);

		if (!strpbrk(name, ":\n"))
			check_add(file, name);
		check_hosts(name);
	}
	return 0;
}
