// SPDX-License-Identifier: Apache-2.0
#include "domain/git/sanitise.h"

#include "support/check.h"

#include <string.h>

#include "domain/git/config.h"
#include "domain/git/secrets.h"

#define UNCHANGED NULL

static const struct sanitise_case {
	const char *name, *text, *want;
} sanitise_cases[] = {
	/* Chapter 20, section 14.10. */
	{ "SZ1",
	  "[core]\n\trepositoryformatversion = 0\n\tbare = false\n"
	  "[remote \"origin\"]\n\turl = https://github.com/org/repo.git\n"
	  "\tfetch = +refs/heads/*:refs/remotes/origin/*\n"
	  "[branch \"main\"]\n\tremote = origin\n\tmerge = refs/heads/main\n",
	  UNCHANGED },
	{ "SZ2",
	  "[core]\n\tbare = false\n[alias]\n\tst = !evil\n"
	  "[credential]\n\thelper = store\n[color]\n\tui = auto\n",
	  "[core]\n\tbare = false\n[color]\n\tui = auto\n" },
	{ "SZ3",
	  "[CREDENTIAL]\nhelper=a\n[Http]\nproxy=b\n"
	  "[credential \"https://github.com\"]\nhelper=c\n"
	  "[includeIf \"gitdir:/x/\"]\npath=d\n[somethingnew]\ne=f\n",
	  "" },
	{ "SZ4 url",
	  "[remote \"o\"]\n"
	  "\turl = https://user:token@github.com/org/repo.git\n",
	  "[remote \"o\"]\n\turl = https://github.com/org/repo.git\n" },
	{ "SZ4 pushurl", "[remote \"o\"]\n\tpushurl=https://user:token@h/r\n",
	  "[remote \"o\"]\n\tpushurl= https://h/r\n" },
	{ "SZ4 submodule",
	  "[submodule \"s\"]\n\turl  =\thttps://user:token@h/r\n",
	  "[submodule \"s\"]\n\turl  = https://h/r\n" },
	{ "SZ5",
	  "[remote \"a\"]\n\turl = git@github.com:org/repo.git\n"
	  "[remote \"b\"]\n\turl = ssh://git@github.com/org/repo.git\n",
	  UNCHANGED },
	{ "SZ6", "[user]\n\tname = A\n\temail = a@b\n\tsigningkey = K\n",
	  "[user]\n\tname = A\n\temail = a@b\n" },
	{ "SZ7",
	  "[core]\n\tbare = false\n\tsshCommand = a\n\tpager = b\n"
	  "\tautocrlf = input\n"
	  "\teditor = c\n\tfsmonitor = d\n\talternateRefsCommand = e\n"
	  "\thooksPath = f\n\tfilemode = true\n",
	  "[core]\n\tbare = false\n\tautocrlf = input\n\tfilemode = true\n" },
	{ "SZ8",
	  "[merge \"evil\"]\n\tname = n\n\tdriver = evil %O\n"
	  "\trecursive = binary\n",
	  "[merge \"evil\"]\n\tname = n\n\trecursive = binary\n" },
	{ "SZ9",
	  "[diff]\n\texternal = a\n\talgorithm = patience\n"
	  "[diff \"pdf\"]\n\ttextconv = b\n\tdriver = c\n\tcommand = d\n"
	  "\tbinary = true\n",
	  "[diff]\n\talgorithm = patience\n[diff \"pdf\"]\n\tbinary = true\n" },
	{ "SZ10",
	  "[submodule \"lib\"]\n\tpath = lib\n\turl = https://h/lib\n"
	  "\tupdate = !evil\n\tbranch = main\n",
	  "[submodule \"lib\"]\n\tpath = lib\n\turl = https://h/lib\n"
	  "\tbranch = main\n" },
	{ "SZ11",
	  "[core]\n\twhitespace = trailing-space, \\\n\t\tspace-before-tab\n"
	  "\tbare = false\n",
	  UNCHANGED },
	{ "SZ12",
	  "[core]\n\t# one\n\n\t; two\n\tbare = false # three\n[alias]\n"
	  "\t# four\n\n\ta = b\n",
	  "[core]\n\t# one\n\n\t; two\n\tbare = false # three" },
	{ "SZ13", "", "" },

	/* Lines. */
	{ "final newline of a dropped section",
	  "[core]\n\ta = b\n[alias]\n\tc = d\n", "[core]\n\ta = b" },
	{ "no final newline", "[core]\n\ta = b", UNCHANGED },
	{ "only the header stays", "[core]\n\tpager = b\n", "[core]\n" },
	{ "text in front", "# x\n\na=b\n[core]\n", "[core]\n" },
	{ "blanks stay", "\t[core]  \n\t a =  b \t\n \n", UNCHANGED },
	{ "line ends", "[core]\r\n\ta = b\r\r\n\tc = d\r",
	  "[core]\n\ta = b\n\n\tc = d\n" },
	{ "byte order mark", "\xef\xbb\xbf[core]\na=b", "[core]\na=b" },
	{ "continued in a dropped key",
	  "[core]\n\tpager = a \\\n[user] \\\n\teditor = b\n\ta = b\n",
	  "[core]\n\ta = b\n" },
	{ "continued in a dropped section",
	  "[alias]\n\ta = b \\\n[core]\n\tc = d\n", "" },
	{ "continued by a blank",
	  "[core]\n\tpager = a \\ \n\teditor = b\n\tc = d\n",
	  "[core]\n\tc = d\n" },
	{ "continued at the end", "[core]\n\ta = b\\", UNCHANGED },
	{ "continued by CRLF", "[core]\r\n\tpager = a\\\r\n\tc = d\r\n",
	  "[core]\n" },

	/* Ways around a filter that reads lines. */
	{ "key on the header line", "[core]sshCommand=x\n\ta=b\n",
	  "[core]\n\ta=b\n" },
	{ "the same, continued", "[core] pager = x \\\n y\n", "[core]\n" },
	{ "the same, with a comment", "[core]editor = x # y\n", "[core]\n" },
	{ "letter case", "[CoRe]\n\tSSHCOMMAND = x\n\tHooksPath=y\n",
	  "[CoRe]\n" },
	{ "comment behind a header", "[core] ; comment\n\tpager = x\n",
	  "[core] ; comment\n" },
	{ "comment that seems to continue",
	  "[core]\n\t# x \\\n\tpager = y\n\ta = b\n",
	  "[core]\n\t# x \\\n\ta = b\n" },
	{ "value that seems to continue", "[core]\n\ta = b\\\\\n\tpager = y\n",
	  "[core]\n\ta = b\\\\\n" },
	{ "quoted line end", "[core]\n\ta = \"b\\\n\tpager = y\"\n",
	  UNCHANGED },
	{ "line end as an escape", "[core]\n\ta = \"b\\n\\tpager = y\"\n",
	  UNCHANGED },
	{ "quoted comment sign",
	  "[core]\n\tpager = \"x # \\\n\ta = b\"\n\tc = d\n",
	  "[core]\n\tc = d\n" },
	{ "header in a value", "[alias]\n\ta = b\n\tc = [core]\n\td = e\n",
	  "" },
	{ "header behind a header", "[core][alias]x=y\n\tz=1\n", "[core]" },
	{ "the other way", "[alias] [core]a=b\n\tpager=x\n", " [core]a=b\n" },
	{ "bracket in a subsection", "[alias \"x] [core\"]\n\ta=b\n", "" },
	{ "bracket in a kept one", "[core \"x] [alias\"]\n\ta=b\n\tpager=c\n",
	  "[core \"x] [alias\"]\n\ta=b\n" },
	{ "subsection by dot",
	  "[merge.evil]\n\tdriver = x\n\tname = y\n[CORE.x]pager=z\n",
	  "[merge.evil]\n\tname = y\n[CORE.x]\n" },
	{ "dot in front", "[.core]\n\ta = b\n", "" },
	{ "name that begins alike", "[corex]\na=b\n[core-x]\nc=d\n[cor]\ne=f\n",
	  "" },
	{ "hidden by CR", "[core]\n\t# x\r\tpager = y\r\ta = b\n",
	  "[core]\n\t# x\n\ta = b\n" },
	{ "no value", "[core]\n\tpager\n\tfsmonitor\n\tbare\n",
	  "[core]\n\tbare\n" },

	/* More keys. */
	{ "core",
	  "[core]\n\tgitProxy=a\n\taskPass=b\n\tworktree=c\n"
	  "\tvirtualFilesystem=d\n",
	  "[core]\n" },
	{ "remote",
	  "[remote \"o\"]\n\tuploadpack=a\n\treceivepack=b\n\tvcs=c\n"
	  "\tproxy=d\n\ttagOpt=e\n",
	  "[remote \"o\"]\n\ttagOpt=e\n" },
	{ "gc and init",
	  "[gc]\n\trecentObjectsHook=a\n\trepackFilterTo=b\n[init]\n"
	  "\ttemplateDir=c\n",
	  "[gc]\n[init]\n" },
	{ "extensions",
	  "[extensions]\n\tobjectFormat = sha256\n\tworktreeConfig = true\n",
	  "[extensions]\n\tobjectFormat = sha256\n" },
	{ "programs elsewhere",
	  "[filter \"l\"]\nsmudge=a\n[pager]\nlog=b\n[gpg]\nprogram=c\n"
	  "[uploadpack]\npackObjectsHook=d\n[sequence]\neditor=e\n"
	  "[interactive]\ndiffFilter=f\n"
	  "[trailer \"t\"]\ncommand=g\n[browser \"b\"]\ncmd=h\n[man \"m\"]\n"
	  "cmd=i\n[difftool \"d\"]\ncmd=j\n"
	  "[mergetool \"m\"]\ncmd=k\n[sendemail]\nsmtpServer=l\n[instaweb]\n"
	  "httpd=m\n[protocol]\nallow=n\n"
	  "[include]\npath=o\n[lfs]\nurl=p\n[web]\nbrowser=q\n[hook \"x\"]\n"
	  "command=r\n",
	  "" },

	/* URLs. */
	{ "as it is, one space",
	  "[remote \"o\"]\n\turl=/a\n\tpushurl =   ../b # c\n",
	  "[remote \"o\"]\n\turl= /a\n\tpushurl = ../b # c\n" },
	{ "empty",
	  "[remote \"o\"]\n\turl =\n\tpushurl\n\turl = # x\n\turl = \"\"\n",
	  "[remote \"o\"]\n" },
	{ "empty elsewhere", "[remote]\n\tpushDefault =\n", UNCHANGED },
	{ "lone user of http",
	  "[remote \"o\"]\n\turl = https://ghp_x@github.com/r\n",
	  "[remote \"o\"]\n\turl = https://github.com/r\n" },
	{ "not a URL",
	  "[remote \"o\"]\n\turl = https://a:%zz@h/\n"
	  "\turl = https::https://a:b@h/\n",
	  "[remote \"o\"]\n" },
	{ "quoted", "[remote \"o\"]\n\turl = \"https://a:b@h/\" # x\n",
	  "[remote \"o\"]\n\turl = https://h/ # x\n" },
	{ "quoted in part", "[remote \"o\"]\n\turl = https:\"//\"a:b\"@\"h/\n",
	  "[remote \"o\"]\n\turl = https://h/\n" },
	{ "continued", "[remote \"o\"]\n\turl = https://a:\\\nb@h\\\n/r\n",
	  "[remote \"o\"]\n\turl = https://h/r\n" },
	{ "continued, kept", "[remote \"o\"]\n\turl =  ssh://\\\ngit@h/r\n",
	  "[remote \"o\"]\n\turl = ssh://\\\ngit@h/r\n" },
	{ "comment signs", "[remote \"o\"]\n\turl = \"https://a:b@h/;c#d\"\n",
	  "[remote \"o\"]\n\turl = \"https://h/;c#d\"\n" },
	{ "on the header line", "[remote \"o\"] url = https://a:b@h\n",
	  "[remote \"o\"] url = https://h\n" },
	{ "by dot", "[remote.o]\n\tURL = https://a:b@h\n",
	  "[remote.o]\n\tURL = https://h\n" },
	{ "as another value",
	  "[branch \"m\"]\n\tremote = https://a:b@h/r\n"
	  "\tpushRemote=https://a@b:c@d\n",
	  "[branch \"m\"]\n\tremote = https://h/r\n" },
	{ "as a name",
	  "[remote \"https://a:b@h/r\"]\n\tfetch = x\n"
	  "[branch \"https://h/\"]\n",
	  "[branch \"https://h/\"]\n" },
	{ "in a comment",
	  "[core]\n\t# url = https://a:b@h\n\ta = b ; was https://c@d\n"
	  "\t# https://h/\n",
	  "[core]\n\ta = b\n\t# https://h/\n" },
};

static void check_case(const struct sanitise_case *c)
{
	auto_buf struct buf out = BUF_INIT(10000), again = BUF_INIT(10000);
	struct err err = ERR_INIT;
	const char *want = c->want ? c->want : c->text;

	CHECK(git_config_sanitise(SPAN_STR(c->text), &out, &err) == 0, "%s: %s",
	      c->name, err.msg);
	CHECK(!strcmp(out.data, want), "%s: got '%s', want '%s'", c->name,
	      out.data, want);
	CHECK(!git_config_has_secrets(buf_span(&out)), "%s: secrets", c->name);
	CHECK(git_config_sanitise(buf_span(&out), &again, &err) == 0 &&
		      !strcmp(again.data, out.data),
	      "%s: then '%s'", c->name, again.data);
}

static void test_what_a_guest_may_see_is_kept(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(sanitise_cases); i++)
		check_case(&sanitise_cases[i]);
}

static void test_what_git_cannot_read_is_refused(void **state unused)
{
	static const char *const texts[] = {
		"[core]\n\ta = \"b\n\tpager = x\"\n",
		"[alias \"]\n[core\"]\n",
		"[core]\n\ta b\n",
		"[core]\n\xc3\xa9 = b\n",
		"[core]\v\n",
		"[alias]\n_ = x\n",
	};
	auto_buf struct buf out = BUF_INIT(100);
	struct err err = ERR_INIT;

	CHECK_OK(buf_adds(&out, "kept", &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		CHECK_FAILS(git_config_sanitise(SPAN_STR(texts[i]), &out, &err),
			    &err, ERR_INVALID, "line ");
	assert_string_equal(out.data, "kept");
}

static void test_nul_does_not_end_what_is_judged(void **state unused)
{
	static const char text[] = "[core]\na = b\0\npager = x\n";
	auto_buf struct buf out = BUF_INIT(100);
	struct span span = { .p = text, .len = sizeof(text) - 1 };
	struct err err;

	CHECK_FAILS(git_config_sanitise(span, &out, &err), &err, ERR_INVALID,
		    "line 2: NUL byte");
}

static void test_limits_are_kept(void **state unused)
{
	auto_buf struct buf text = BUF_INIT(GIT_CONFIG_SIZE_MAX + 1);
	auto_buf struct buf out = BUF_INIT(4);
	struct err err = ERR_INIT;
	char *room;

	CHECK_FAILS(git_config_sanitise(SPAN_STR("[core]"), &out, &err), &err,
		    ERR_LIMIT, "more than 4 bytes");
	assert_int_equal(out.len, 0);
	CHECK_OK(buf_room(&text, GIT_CONFIG_SIZE_MAX + 1, &room, &err), &err);
	memset(room, '\n', GIT_CONFIG_SIZE_MAX + 1);
	buf_grew(&text, GIT_CONFIG_SIZE_MAX);
	CHECK_OK(git_config_sanitise(buf_span(&text), &out, &err), &err);
	buf_grew(&text, 1);
	CHECK_FAILS(git_config_sanitise(buf_span(&text), &out, &err), &err,
		    ERR_LIMIT, "more than 1048576 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_guest_may_see_is_kept),
		cmocka_unit_test(test_what_git_cannot_read_is_refused),
		cmocka_unit_test(test_nul_does_not_end_what_is_judged),
		cmocka_unit_test(test_limits_are_kept),
	};

	return RUN_TESTS(tests);
}
