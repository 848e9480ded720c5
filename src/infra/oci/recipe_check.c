// SPDX-License-Identifier: Apache-2.0
/*
 * recipe_check.c - what the values of a recipe may be.
 *
 * Most of them become arguments of tools, and the user's name part of a
 * command that a shell reads: each has an alphabet, and none starts with "-".
 */
#include "infra/oci/recipe_check.h"

#include <string.h>

#include "base/text.h"
#include "infra/oci/layer_path.h"
#include "infra/oci/recipe.h"

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

#define NAME_CHARS	LOWER DIGITS "-"
#define PACKAGE_CHARS	LOWER DIGITS "+.-"
#define USER_CHARS	LOWER DIGITS "_-"
#define GLOB_CHARS	LOWER UPPER DIGITS "/*._+-"
#define NPM_CHARS	LOWER DIGITS "@/._-"
#define VERSION_CHARS	LOWER UPPER DIGITS ".+-"
#define INTEGRITY_CHARS UPPER LOWER DIGITS "+/="

#define INTEGRITY_PREFIX "sha512-"
#define INTEGRITY_LEN	 95  /* the prefix and 64 bytes in base64 */
#define WORD_MAX	 214 /* characters; what npm allows for a name */
#define MODE_MAX	 07777
#define OWNER_MAX	 65535

static int check_word(const char *what, const char *word, const char *chars,
		      struct err *err)
{
	if (!word || !*word)
		return err_set(err, ERR_INVALID, "'%s' is missing", what);
	if (strlen(word) > WORD_MAX || word[0] == '-' ||
	    word[strspn(word, chars)])
		return err_set(err, ERR_INVALID, "'%s' cannot be '%.64s'", what,
			       word);
	return 0;
}

static int check_words(const char *what, const struct strv *words,
		       const char *chars, struct err *err)
{
	for (size_t i = 0; i < words->n; i++) {
		if (check_word(what, words->v[i], chars, err) < 0)
			return -1;
	}
	return 0;
}

static int check_path(const char *what, const char *path, struct err *err)
{
	struct layer_path clean;

	if (!path || path[0] != '/')
		return err_set(err, ERR_INVALID, "'%s' is not absolute: '%s'",
			       what, path ? path : "");
	if (layer_path_clean(path, &clean, err) < 0)
		return -1;
	/* One spelling only: what it says is what it does. */
	if (!clean.depth || strcmp(clean.text, path + 1) != 0)
		return err_set(err, ERR_INVALID, "'%s' is not clean: '%s'",
			       what, path);
	return 0;
}

static int check_mode(const char *what, uint64_t mode, struct err *err)
{
	if (mode > MODE_MAX)
		return err_set(err, ERR_INVALID, "'%s': mode %#llo", what,
			       (unsigned long long)mode);
	return 0;
}

static int check_debian(const struct recipe *r, struct err *err)
{
	if (r->from) {
		if (r->suite || r->packages.n || r->debian_user)
			return err_set(err, ERR_INVALID,
				       "both 'from' and 'debian' given");
		return check_word("from", r->from, NAME_CHARS, err);
	}
	if (check_word("suite", r->suite, NAME_CHARS, err) < 0 ||
	    check_word("debian user", r->debian_user, USER_CHARS, err) < 0 ||
	    check_words("packages", &r->packages, PACKAGE_CHARS, err) < 0 ||
	    check_words("exclude", &r->exclude, GLOB_CHARS, err) < 0 ||
	    check_words("include", &r->include, GLOB_CHARS, err) < 0)
		return -1;
	return 0;
}

static int check_npm(struct recipe_npm *npm, struct err *err)
{
	const char *hash;

	if (check_word("arch", npm->arch, NAME_CHARS, err) < 0 ||
	    check_word("package", npm->package, NPM_CHARS, err) < 0 ||
	    check_word("version", npm->version, VERSION_CHARS, err) < 0)
		return -1;
	hash = npm->integrity ? npm->integrity : "";
	if (strlen(hash) != INTEGRITY_LEN ||
	    !text_starts_with(hash, INTEGRITY_PREFIX) ||
	    hash[strlen(INTEGRITY_PREFIX) +
		 strspn(hash + strlen(INTEGRITY_PREFIX), INTEGRITY_CHARS)])
		return err_set(err, ERR_INVALID,
			       "'integrity' is not sha512: '%.100s'", hash);
	if (!npm->size)
		return err_set(err, ERR_INVALID, "'size' is missing");
	if (!npm->pick_count)
		return err_set(err, ERR_INVALID, "'files' of '%s' is missing",
			       npm->package);
	for (size_t i = 0; i < npm->pick_count; i++) {
		struct recipe_pick *pick = &npm->picks[i];

		if (!pick->from || !*pick->from)
			return err_set(err, ERR_INVALID, "'from' is missing");
		if (!pick->mode)
			pick->mode = 0644;
		if (check_path("to", pick->to, err) < 0 ||
		    check_mode(pick->to, pick->mode, err) < 0)
			return -1;
	}
	return 0;
}

static int check_file(struct recipe_file *f, struct err *err)
{
	if (check_path("path", f->path, err) < 0)
		return -1;
	if (f->link && (f->text || f->mode))
		return err_set(err, ERR_INVALID,
			       "'%s' is a link and something else", f->path);
	if (f->owner > OWNER_MAX)
		return err_set(err, ERR_INVALID, "'%s': owner %llu", f->path,
			       (unsigned long long)f->owner);
	if (!f->mode)
		f->mode = f->text ? 0644 : 0755;
	return check_mode(f->path, f->mode, err);
}

static int check_env(const struct strv *env, struct err *err)
{
	for (size_t i = 0; i < env->n; i++) {
		const char *equals = strchr(env->v[i], '=');

		if (!equals || equals == env->v[i])
			return err_set(err, ERR_INVALID,
				       "'env' is not NAME=value: '%.64s'",
				       env->v[i]);
	}
	return 0;
}

int recipe_check(struct recipe *r, struct err *err)
{
	if (check_word("name", r->name, NAME_CHARS, err) < 0 ||
	    check_debian(r, err) < 0 || check_env(&r->env, err) < 0)
		return -1;
	for (size_t i = 0; i < r->npm_count; i++) {
		if (check_npm(&r->npm[i], err) < 0)
			return err_wrap(err, "npm");
	}
	for (size_t i = 0; i < r->file_count; i++) {
		if (check_file(&r->files[i], err) < 0)
			return err_wrap(err, "files");
	}
	if (r->user && check_word("user", r->user, USER_CHARS, err) < 0)
		return -1;
	if (r->working_dir &&
	    check_path("working_dir", r->working_dir, err) < 0)
		return -1;
	return 0;
}
