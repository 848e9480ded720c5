// SPDX-License-Identifier: Apache-2.0
/*
 * logging_test.c - tests of infra/logging, read back by a JSON parser.
 */
#include "infra/logging/logging.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "infra/sys/fs.h"
#include "support/check.h"

#define LOG_MAX ((size_t)1024 * 1024) /* bytes read back */

static char *root, *path;

static int setup(void **state unused)
{
	struct err err = ERR_INIT;

	CHECK_OK(fs_make_temp_dir("/tmp", "logging_test-", &root, &err), &err);
	path = xasprintf("%s/log", root);
	return 0;
}

static int teardown(void **state unused)
{
	struct err err = ERR_INIT;

	CHECK_OK(fs_remove_tree(root, &err), &err);
	free(root);
	free(path);
	return 0;
}

static struct file_log *open_log(const char *vm, bool debug)
{
	struct err err = ERR_INIT;
	struct file_log *f;

	CHECK_OK(file_log_open(path, vm, debug, &f, &err), &err);
	return f;
}

static void read_log(struct buf *out)
{
	struct err err = ERR_INIT;

	CHECK_OK(fs_read_file(path, out, &err), &err);
}

/* Takes the next line off @text and parses it; NULL at the end. */
static json_t *next_record(struct span *text)
{
	json_error_t error;
	struct span line;
	json_t *record;

	if (!span_take_until(text, '\n', &line))
		return NULL;
	record = json_loadb(line.p, line.len, JSON_REJECT_DUPLICATES, &error);
	CHECK(record, "'%.*s': %s", (int)line.len, (const char *)line.p,
	      error.text);
	return record;
}

static const char *member(json_t *record, const char *key)
{
	const char *value = json_string_value(json_object_get(record, key));

	CHECK(value, "no '%s'", key);
	return value;
}

static void test_record_has_its_members(void **state unused)
{
	auto_buf struct buf text = BUF_INIT(LOG_MAX);
	struct file_log *f = open_log("claude-1", /* debug */ false);
	struct span rest;
	json_t *record;
	const char *now;

	log_warn(file_log_base(f), "net: %d frames dropped", 3);
	file_log_close(f);
	read_log(&text);
	rest = buf_span(&text);
	record = next_record(&rest);
	assert_int_equal(json_object_size(record), 4);
	assert_string_equal(member(record, "level"), "WARN");
	assert_string_equal(member(record, "msg"), "net: 3 frames dropped");
	assert_string_equal(member(record, "vm"), "claude-1");
	now = member(record, "time");
	assert_int_equal(strlen(now), strlen("2026-01-02T03:04:05.678901234Z"));
	CHECK(now[10] == 'T' && now[19] == '.' && now[29] == 'Z', "'%s'", now);
	json_decref(record);
	assert_null(next_record(&rest));
}

/* clang-format off */
static const struct message_case {
	const char *name, *in, *want;
} message_cases[] = {
	{ "quotes, backslash",  "a \"b\" c\\d",    "a \"b\" c\\d"         },
	{ "umlaut",             "\xc3\xa4",        "\xc3\xa4"             },
	{ "newline",            "a\nb\tc",         "a\\nb\\tc"            },
	{ "forged record",      "\"}\n{\"x\":\"",  "\"}\\n{\"x\":\""      },
	{ "escape sequence",    "\x1b[2J",         "\\x1b[2J"             },
	{ "invalid UTF-8",      "a\xff\xc3",       "a\\xff\\xc3"          },
	{ "surrogate",          "\xed\xa0\x80",    "\\xed\\xa0\\x80"      },
	{ "right-to-left",      "\xe2\x80\xae\xe2\x80\xac", "\\u{202e}\\u{202c}"},
	{ "empty",              "",                ""                     },
};
/* clang-format on */

static void test_any_message_is_valid_json(void **state unused)
{
	auto_buf struct buf text = BUF_INIT(LOG_MAX);
	struct file_log *f = open_log("v\"\xff\n", /* debug */ false);
	struct span rest;

	for (size_t i = 0; i < ARRAY_SIZE(message_cases); i++)
		log_info(file_log_base(f), "%s", message_cases[i].in);
	file_log_close(f);
	read_log(&text);
	rest = buf_span(&text);
	for (size_t i = 0; i < ARRAY_SIZE(message_cases); i++) {
		const struct message_case *c = &message_cases[i];
		json_t *record = next_record(&rest);

		CHECK(!strcmp(member(record, "msg"), c->want), "%s: '%s'",
		      c->name, member(record, "msg"));
		CHECK(!strcmp(member(record, "vm"), "v\"\\xff\\n"), "%s: '%s'",
		      c->name, member(record, "vm"));
		json_decref(record);
	}
	assert_null(next_record(&rest));
}

static void test_longest_message_is_cut_not_broken(void **state unused)
{
	auto_buf struct buf text = BUF_INIT(LOG_MAX);
	struct file_log *f = open_log("vm", /* debug */ false);
	char message[5000];
	struct span rest;
	json_t *record;

	/* The worst case: each byte becomes four, one of which doubles. */
	memset(message, 0xff, sizeof(message));
	message[sizeof(message) - 1] = '\0';
	log_error(file_log_base(f), "%s", message);
	file_log_close(f);
	read_log(&text);
	rest = buf_span(&text);
	record = next_record(&rest);
	assert_string_equal(member(record, "level"), "ERROR");
	assert_int_equal(strlen(member(record, "msg")), 4 * 2047);
	json_decref(record);
}

static void test_debug_records_are_kept_on_demand(void **state unused)
{
	for (int debug = 0; debug <= 1; debug++) {
		auto_buf struct buf text = BUF_INIT(LOG_MAX);
		struct file_log *f = open_log("vm", debug);

		log_debug(file_log_base(f), "low");
		log_info(file_log_base(f), "high");
		file_log_close(f);
		read_log(&text);
		CHECK(!!strstr(text.data, "\"DEBUG\",\"msg\":\"low\"") == debug,
		      "%d: %s", debug, text.data);
		CHECK(strstr(text.data, "\"INFO\",\"msg\":\"high\""), "%d: %s",
		      debug, text.data);
	}
}

static void test_file_is_private_and_starts_empty(void **state unused)
{
	struct err err = ERR_INIT;
	struct file_log *f;
	struct stat st;
	mode_t old = umask(0);

	file_log_close(open_log("vm", false));
	CHECK(!stat(path, &st), "stat");
	assert_int_equal(st.st_mode & 07777, 0600);
	CHECK_OK(fs_replace_file(path, "old", 3, 0644, &err), &err);
	f = open_log("vm", false);
	umask(old);
	CHECK(!stat(path, &st), "stat");
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 0);
	file_log_close(f);
}

static void test_only_regular_files_will_do(void **state unused)
{
	struct file_log *f;
	struct err err;

	CHECK(!mkfifo(path, 0600), "mkfifo");
	CHECK_FAILS(file_log_open(path, "vm", false, &f, &err), &err,
		    ERR_INVALID, "is not a regular file");
	CHECK_FAILS(file_log_open("/dev/null", "vm", false, &f, &err), &err,
		    ERR_INVALID, "log file '/dev/null' is not a regular file");
	CHECK_FAILS(file_log_open(root, "vm", false, &f, &err), &err,
		    ERR_SYSTEM, "Is a directory");
	CHECK_FAILS(file_log_open("/nonexistent/log", "vm", false, &f, &err),
		    &err, ERR_NOT_FOUND, "open log file '/nonexistent/log'");
}

static void test_full_log_says_so_once(void **state unused)
{
	struct file_log *f = open_log("vm", false);
	const off_t before = FILE_LOG_SIZE_MAX - 200;
	char tail[4096] = "";
	struct stat st;
	FILE *file;
	char *full;

	/* As good as written: the size of the file is what counts. */
	CHECK(!truncate(path, before), "truncate");
	log_info(file_log_base(f), "first");
	log_info(file_log_base(f), "%0200d", 1);
	log_info(file_log_base(f), "never");
	log_info(file_log_base(f), "never");
	file_log_close(f);
	CHECK(!stat(path, &st), "stat");
	file = fopen(path, "re");
	assert_non_null(file);
	CHECK(!fseek(file, before, SEEK_SET), "seek");
	CHECK(fread(tail, 1, sizeof(tail) - 1, file) > 0, "read");
	CHECK(!fclose(file), "close");
	CHECK(strstr(tail, "\"first\""), "%s", tail);
	full = strstr(tail, "log: full");
	CHECK(full && !strstr(full + 1, "log: full"), "%s", tail);
	CHECK(!strstr(tail, "00001") && !strstr(tail, "never"), "%s", tail);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_record_has_its_members),
		TEST(test_any_message_is_valid_json),
		TEST(test_longest_message_is_cut_not_broken),
		TEST(test_debug_records_are_kept_on_demand),
		TEST(test_file_is_private_and_starts_empty),
		TEST(test_only_regular_files_will_do),
		TEST(test_full_log_says_so_once),
	};

	return RUN_TESTS(tests);
}
