// SPDX-License-Identifier: Apache-2.0
/*
 * exclude.c - match workspace paths against tiers of gitignore patterns.
 *
 * Theory of operation: a pattern is compiled into steps, one for each of its
 * components, "**" being a step that takes any number of components. A
 * pattern that floats starts with such a step. The path is fed component by
 * component, with the set of steps that may come next as the only state: no
 * backtracking, time proportional to path times pattern. The first component
 * after which all steps are done tells which parent directory (or the path
 * itself) the pattern matches.
 *
 * A path is excluded when it or one of its parents is: walkers prune excluded
 * directories, and whoever asks about a path below one gets the same answer.
 * For each of them the last pattern that matches it or a parent decides.
 *
 * The security tiers are separate lists without negation. They also match in
 * the other ASCII case, because on a file system that folds case ".ENV" is
 * ".env".
 *
 * A saved matcher is the purpose, one byte, and each pattern that is not
 * built in, as a line of an ignore file with its length (32 bits) in front.
 */
#include "domain/snapshot/exclude.h"

#include <string.h>

#include "base/mem.h"
#include "base/strv.h"
#include "base/text.h"
#include "domain/snapshot/glob.h"

/* "a/a/a": a step for each second byte, and up to two for the ends. */
#define STEPS_MAX (EXCLUDE_PATTERN_MAX / 2 + 3)
#define NO_MATCH  SIZE_MAX

/* The first byte of a saved matcher. */
#define SAVED_SNAPSHOT 'S'
#define SAVED_DIFF     'D'

struct step {
	struct span glob; /* borrows from the pattern's text */
	bool any_depth;	  /* "**": zero or more components */
	bool literal;	  /* nothing special in @glob */
};

struct pattern {
	char *text;	    /* owned; without '!' and slashes at the ends */
	struct step *steps; /* owned; the last one is never any_depth */
	size_t step_count;
	bool negated;
	bool dir_only;
	bool fold; /* ASCII case is ignored */
};

struct pattern_list {
	struct pattern *v; /* owned */
	size_t n;
};

struct exclude {
	struct pattern_list overridable; /* later ones win */
	struct pattern_list security;
	struct strv dropped; /* lines that would negate a security pattern */
	bool blocks_git_files;
	const struct exclude *also; /* borrowed or NULL */
};

static const char *const performance_patterns[] = {
	"node_modules/", "vendor/", "__pycache__/", "target/",
	"build/",	 "dist/",   ".venv/",	    ".tox/",
};

static const char *const security_patterns[] = {
	/* environment, keys, key stores */
	".env*",
	"*.pem",
	"*.key",
	"*.p12",
	"*.pfx",
	"*.jks",
	"*.keystore",
	"*.truststore",
	/* SSH */
	"id_rsa*",
	"id_ed25519*",
	"id_ecdsa*",
	".ssh/",
	/* cloud */
	".aws/",
	".gcp/",
	".gcloud/",
	".azure/",
	".config/gcloud/",
	/* credential files */
	"credentials.json",
	".git-credentials",
	".netrc",
	".npmrc",
	".yarnrc.yml",
	".pypirc",
	".docker/config.json",
	".kube/config",
	".gnupg/",
	".pgpass",
	".vault-token",
	/* infrastructure */
	"*.tfstate*",
	"*.tfvars",
	".terraform/",
	".config/gh/hosts.yml",
	/* age */
	"age-key.txt",
	"*.age",
	/* bbox itself */
	".broodbox.yaml",
	".config/broodbox/",
};

/*
 * What git on the host would act upon. With commondir and gitdir a git
 * directory says that its configuration and hooks are elsewhere.
 */
static const char *const diff_security_patterns[] = {
	".git/config",
	".git/hooks/",
	".git/modules/",
	".git/config.worktree",
	".git/commondir",
	".git/worktrees/*/config.worktree",
	".git/worktrees/*/commondir",
	".git/worktrees/*/gitdir",
};

static void add_step(struct pattern *p, struct span glob, bool any_depth)
{
	struct step *step = &p->steps[p->step_count++];

	assert(p->step_count <= STEPS_MAX);
	*step = (struct step){ .glob = glob,
			       .any_depth = any_depth,
			       .literal = true };
	for (size_t i = 0; i < glob.len; i++) {
		if (strchr("*?[\\", ((const char *)glob.p)[i]))
			step->literal = false;
	}
}

/* False for a pattern that can match nothing. */
static bool compile_steps(struct pattern *p, bool floats)
{
	struct span rest = SPAN_STR(p->text), part;

	if (floats)
		add_step(p, (struct span){ .len = 0 }, /* any_depth */ true);
	while (span_take_until(&rest, '/', &part)) {
		bool any_depth = span_equals(part, "**");

		if (!part.len || !glob_is_valid(part))
			return false;
		/* "x" slash "**" is everything inside, but not x itself. */
		if (any_depth && !rest.len) {
			add_step(p, part, /* any_depth */ true);
			add_step(p, SPAN_STR("*"), /* any_depth */ false);
			break;
		}
		add_step(p, part, any_depth);
	}
	return p->step_count > 0;
}

static void pattern_release(struct pattern *p)
{
	free(p->text);
	free(p->steps);
	*p = (struct pattern){ .text = NULL };
}

/* Compiles "[!][/]a/b[/]"; false, and nothing held, if it matches nothing. */
static bool pattern_compile(struct span s, bool built_in, struct pattern *out)
{
	struct pattern p = { .fold = false };
	const char *text = s.p;
	bool anchored = false;

	if (!s.len || memchr(s.p, '\0', s.len))
		return false;
	if (text[0] == '!') {
		p.negated = true;
		text++;
		s.len--;
	}
	if (s.len && text[0] == '/') {
		anchored = true;
		text++;
		s.len--;
	}
	if (s.len && text[s.len - 1] == '/') {
		p.dir_only = true;
		s.len--;
	}
	if (!s.len || text[s.len - 1] == '/')
		return false;
	anchored |= memchr(text, '/', s.len) && !built_in;
	p.text = xmemdup0(text, s.len);
	p.steps = xcalloc(STEPS_MAX, sizeof(*p.steps));
	if (!compile_steps(&p, !anchored)) {
		pattern_release(&p);
		return false;
	}
	p.steps = xreallocarray(p.steps, p.step_count, sizeof(*p.steps));
	*out = p;
	return true;
}

static void list_add(struct pattern_list *list, const struct pattern *p)
{
	list->v = xreallocarray(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = *p;
}

static void list_add_built_in(struct pattern_list *list,
			      const char *const *texts, size_t n, bool fold)
{
	for (size_t i = 0; i < n; i++) {
		struct pattern p;
		bool valid = pattern_compile(SPAN_STR(texts[i]),
					     /* built_in */ true, &p);

		assert(valid);
		p.fold = fold;
		list_add(list, &p);
	}
}

static void list_release(struct pattern_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		pattern_release(&list->v[i]);
	free(list->v);
	*list = (struct pattern_list){ .v = NULL };
}

struct exclude *exclude_new(enum exclude_purpose purpose)
{
	struct exclude *x = xcalloc(1, sizeof(*x));

	list_add_built_in(&x->overridable, performance_patterns,
			  ARRAY_SIZE(performance_patterns), /* fold */ false);
	list_add_built_in(&x->security, security_patterns,
			  ARRAY_SIZE(security_patterns), /* fold */ true);
	if (purpose == EXCLUDE_FOR_DIFF) {
		list_add_built_in(&x->security, diff_security_patterns,
				  ARRAY_SIZE(diff_security_patterns),
				  /* fold */ true);
		x->blocks_git_files = true;
	}
	return x;
}

void exclude_free(struct exclude *x)
{
	if (!x)
		return;
	list_release(&x->overridable);
	list_release(&x->security);
	strv_release(&x->dropped);
	free(x);
}

void exclude_also(struct exclude *x, const struct exclude *other)
{
	x->also = other;
}

const char *const *exclude_dropped(const struct exclude *x)
{
	return strv_list(&x->dropped);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* Without the blanks around it; a last one behind a backslash stays. */
static struct span trimmed(struct span s)
{
	const char *p = s.p;
	size_t len = s.len, slashes = 0;

	while (len > 0 && is_blank(p[0])) {
		p++;
		len--;
	}
	s = (struct span){ .p = p, .len = len };
	while (len > 0 && is_blank(p[len - 1]))
		len--;
	while (slashes < len && p[len - 1 - slashes] == '\\')
		slashes++;
	if (slashes % 2 && len < s.len)
		len++;
	s.len = len;
	return s;
}

static int add_line(struct exclude *x, struct span line, struct err *err)
{
	struct pattern p;

	line = trimmed(line);
	if (!line.len || *(const char *)line.p == '#')
		return 0;
	if (line.len > EXCLUDE_PATTERN_MAX)
		return err_set(err, ERR_LIMIT,
			       "exclude pattern exceeds %zu bytes",
			       EXCLUDE_PATTERN_MAX);
	if (x->overridable.n + x->security.n >= EXCLUDE_PATTERNS_MAX)
		return err_set(err, ERR_LIMIT, "more than %zu exclude patterns",
			       EXCLUDE_PATTERNS_MAX);
	if (pattern_compile(line, /* built_in */ false, &p))
		list_add(&x->overridable, &p);
	return 0;
}

/* "!P" where P is a security pattern as it stands in our list. */
static bool negates_security(struct span line)
{
	line = trimmed(line);
	if (!line.len || *(const char *)line.p != '!' || !span_skip(&line, 1))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(security_patterns); i++) {
		if (span_equals(line, security_patterns[i]))
			return true;
	}
	return false;
}

int exclude_add_file(struct exclude *x, struct span text, struct err *err)
{
	struct span line;

	if (text.len > EXCLUDE_FILE_MAX)
		return err_set(err, ERR_LIMIT, "exclude file exceeds %zu bytes",
			       EXCLUDE_FILE_MAX);
	for (size_t n = 1; span_take_until(&text, '\n', &line); n++) {
		if (negates_security(line)) {
			auto_free char *copy = xmemdup0(line.p, line.len);
			auto_free char *shown = text_visible(copy);

			strv_add(&x->dropped, shown);
			continue;
		}
		if (add_line(x, line, err) < 0)
			return err_wrap(err, "line %zu", n);
	}
	return 0;
}

int exclude_add_pattern(struct exclude *x, const char *pattern, struct err *err)
{
	return add_line(x, SPAN_STR(pattern), err);
}

static int add_be32(struct buf *out, uint32_t value, struct err *err)
{
	const uint8_t bytes[] = { (uint8_t)(value >> 24),
				  (uint8_t)(value >> 16), (uint8_t)(value >> 8),
				  (uint8_t)value };

	return buf_add(out, bytes, sizeof(bytes), err);
}

/*
 * A line that compiles to the same pattern again and is not longer than the
 * one it came from.
 */
static int save_pattern(const struct pattern *p, struct buf *out,
			struct err *err)
{
	bool floats = p->steps[0].any_depth && !p->steps[0].glob.len;
	/* Another slash anchors it anyway. */
	const char *anchor = !floats && !strchr(p->text, '/') ? "/" : "";
	auto_free char *line =
		xasprintf("%s%s%s%s", p->negated ? "!" : "", anchor, p->text,
			  p->dir_only ? "/" : "");

	if (add_be32(out, (uint32_t)strlen(line), err) < 0)
		return -1;
	return buf_adds(out, line, err);
}

int exclude_save(const struct exclude *x, struct buf *out, struct err *err)
{
	if (buf_addc(out, x->blocks_git_files ? SAVED_DIFF : SAVED_SNAPSHOT,
		     err) < 0)
		return err_wrap(err, "save excludes");
	for (size_t i = ARRAY_SIZE(performance_patterns); i < x->overridable.n;
	     i++) {
		if (save_pattern(&x->overridable.v[i], out, err) < 0)
			return err_wrap(err, "save excludes");
	}
	return 0;
}

/* False for what exclude_save() never writes. */
static bool load_pattern(struct exclude *x, struct span *saved)
{
	struct pattern p;
	struct span line;
	uint32_t len;

	if (x->overridable.n + x->security.n >= EXCLUDE_PATTERNS_MAX ||
	    !span_take_be32(saved, &len) || len > EXCLUDE_PATTERN_MAX)
		return false;
	line = (struct span){ .p = saved->p, .len = len };
	if (!span_skip(saved, len) ||
	    !pattern_compile(line, /* built_in */ false, &p))
		return false;
	list_add(&x->overridable, &p);
	return true;
}

int exclude_load(struct span saved, struct exclude **out, struct err *err)
{
	struct exclude *x;
	uint8_t purpose;

	if (!span_take_u8(&saved, &purpose) ||
	    (purpose != SAVED_SNAPSHOT && purpose != SAVED_DIFF))
		return err_set(err, ERR_INVALID,
			       "saved excludes have no purpose");
	x = exclude_new(purpose == SAVED_DIFF ? EXCLUDE_FOR_DIFF
					      : EXCLUDE_FOR_SNAPSHOT);
	while (saved.len) {
		if (!load_pattern(x, &saved)) {
			exclude_free(x);
			return err_set(err, ERR_INVALID,
				       "saved excludes are damaged");
		}
	}
	*out = x;
	return 0;
}

static bool step_matches(const struct pattern *p, const struct step *step,
			 struct span name)
{
	if (step->literal && !p->fold)
		return step->glob.len == name.len &&
		       !memcmp(step->glob.p, name.p, name.len);
	return glob_match(step->glob, name, p->fold);
}

/* A "**" that may come next may also take nothing. */
static void skip_any_depth(const struct pattern *p, bool *next)
{
	for (size_t i = 0; i < p->step_count; i++) {
		if (next[i] && p->steps[i].any_depth)
			next[i + 1] = true;
	}
}

/*
 * Feeds one component. @next[i] says that step i may come next. False when no
 * step may: the pattern cannot match any more.
 */
static bool feed(const struct pattern *p, bool *next, struct span name)
{
	bool alive = false;

	/* Downwards, so that a step reached now is not taken twice. */
	for (size_t i = p->step_count; i-- > 0;) {
		const struct step *step = &p->steps[i];

		if (!next[i])
			continue;
		if (step->any_depth) {
			alive = true;
			continue;
		}
		next[i] = false;
		if (step_matches(p, step, name)) {
			next[i + 1] = true;
			alive = true;
		}
	}
	skip_any_depth(p, next);
	return alive;
}

/*
 * The index of the first component of @path with which the parent directory
 * that ends there (or the path itself) matches; NO_MATCH if it is not below
 * @limit.
 */
static size_t first_match(const struct pattern *p, struct span path,
			  bool is_dir, size_t limit)
{
	bool next[STEPS_MAX + 1];
	struct span name;

	memset(next, 0, p->step_count + 1);
	next[0] = true;
	skip_any_depth(p, next);
	for (size_t i = 0; i < limit && span_take_until(&path, '/', &name);
	     i++) {
		if (!feed(p, next, name))
			return NO_MATCH;
		if (!next[p->step_count])
			continue;
		if (!p->dir_only || path.len || is_dir)
			return i;
		next[p->step_count] = false;
	}
	return NO_MATCH;
}

/*
 * From the last pattern to the first: a pattern decides for its first match
 * and for everything below, as far as no later pattern has decided that.
 */
static bool list_excludes(const struct pattern_list *list, struct span path,
			  bool is_dir)
{
	size_t undecided = NO_MATCH;

	for (size_t i = list->n; i-- > 0 && undecided;) {
		const struct pattern *p = &list->v[i];
		size_t first = first_match(p, path, is_dir, undecided);

		if (first == NO_MATCH)
			continue;
		if (!p->negated)
			return true;
		undecided = first;
	}
	return false;
}

/* A path given with a trailing slash is a directory. */
static struct span path_span(const char *path, bool *is_dir)
{
	struct span s = SPAN_STR(path);

	while (s.len && path[s.len - 1] == '/') {
		*is_dir = true;
		s.len--;
	}
	return s;
}

/*
 * A file called .git sends git to a git directory of the guest's making,
 * with configuration and hooks.
 */
static bool is_git_file(struct span path, bool is_dir)
{
	struct span name = { .len = 0 };

	while (span_take_until(&path, '/', &name))
		;
	return !is_dir && glob_match(SPAN_STR(".git"), name, /* fold */ true);
}

bool exclude_is_security(const struct exclude *x, const char *path, bool is_dir)
{
	bool dir = is_dir;
	struct span s = path_span(path, &dir);

	return list_excludes(&x->security, s, dir) ||
	       (x->blocks_git_files && is_git_file(s, dir)) ||
	       (x->also && exclude_is_security(x->also, path, is_dir));
}

bool exclude_matches(const struct exclude *x, const char *path, bool is_dir)
{
	bool dir = is_dir;
	struct span s = path_span(path, &dir);

	return exclude_is_security(x, path, is_dir) ||
	       list_excludes(&x->overridable, s, dir) ||
	       (x->also && exclude_matches(x->also, path, is_dir));
}
