// SPDX-License-Identifier: Apache-2.0
/*
 * fs_ops.c - fs-ops: does a directory behave as another one does?
 *
 * usage: fs-ops [--seed N] [--ops N] [--seconds N] [--keep] DIR REFDIR
 *
 * Theory of operation
 *
 * One random sequence of operations runs in DIR and in REFDIR, which is on a
 * file system that is trusted. After each the results are compared: value,
 * errno, what was read, and the facts of the objects named. From time to time
 * and at the end everything is compared.
 *
 * Names are few, so that operations meet; paths that were made of late are
 * preferred, so that they succeed. An operation is decided in full by the seed
 * alone: a seed and a number of operations repeat a run. Times that are set lie
 * before OPS_SEC_MAX, which is how comparing tells them from those that the
 * file system set.
 *
 * The two directories may have the same content in the beginning (as copied by
 * cp -a), and keep it with --keep; else they are left empty.
 */
#include "fs_ops.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HISTORY	      30
#define RECENT	      48
#define COMPARE_EVERY 2500
#define OBJECTS_MAX   400 /* then the trees are cleared */

static struct {
	uint64_t random;
	char recent[RECENT][OPS_PATH_MAX];
	size_t recent_at;
	struct {
		struct op op;
		struct outcome a, b;
	} history[HISTORY];
	unsigned long done, succeeded, compared;
} run;

static uint32_t random_below(uint32_t limit)
{
	run.random ^= run.random << 13;
	run.random ^= run.random >> 7;
	run.random ^= run.random << 17;
	return (uint32_t)((run.random >> 32) % limit);
}

static void pick_path(char out[OPS_PATH_MAX])
{
	static const char *const names[] = { "a", "b", "c",	   "d",
					     "e", "f", "long-name" };
	uint32_t depth = 1 + random_below(3);
	size_t len = 0;

	if (random_below(100) < 80 && run.recent[0][0]) {
		uint32_t i = random_below(RECENT);

		if (run.recent[i][0]) {
			memcpy(out, run.recent[i], OPS_PATH_MAX);
			return;
		}
	}
	while (depth--)
		len += (size_t)snprintf(out + len, OPS_PATH_MAX - len, "%s%s",
					len ? "/" : "",
					names[random_below(ARRAY_SIZE(names))]);
}

static const struct op_type *pick_type(void)
{
	unsigned total = 0, at;
	size_t i = 0;

	for (size_t t = 0; t < op_type_count; t++)
		total += op_types[t].weight;
	assert(total);
	at = random_below(total);
	while (at >= op_types[i].weight)
		at -= op_types[i++].weight;
	return &op_types[i];
}

static void pick(struct op *op)
{
	static const mode_t modes[] = { 0644, 0755,  0600,  0640, 0444, 0200,
					0000, 04755, 02755, 0777, 01755 };
	static const uint32_t lens[] = { 16, 200, 5000, 5000, 20000, 65536 };

	memset(op, 0, sizeof(*op));
	op->type = pick_type();
	pick_path(op->from);
	pick_path(op->to);
	/* At least one byte: writing none is left to the file system. */
	op->len = 1 + random_below(lens[random_below(ARRAY_SIZE(lens))]);
	op->offset = random_below(random_below(4) ? 10000 : 60000);
	if (random_below(3) == 0)
		op->offset &= ~(size_t)4095;
	op->seed = random_below(UINT32_MAX);
	op->choice = random_below(1000);
	op->slot = random_below(OPS_SLOTS);
	op->mode = modes[random_below(ARRAY_SIZE(modes))];
	op->sec = (time_t)random_below(OPS_SEC_MAX);
	op->nsec = (long)random_below(1000000000);
}

static void remember(const char *path)
{
	memcpy(run.recent[run.recent_at++ % RECENT], path, OPS_PATH_MAX);
}

static bool outcomes_equal(const struct outcome *a, const struct outcome *b)
{
	return a->value == b->value && a->error == b->error &&
	       a->digest == b->digest && facts_equal(&a->from, &b->from) &&
	       facts_equal(&a->to, &b->to);
}

static void print_outcome(const struct side *side, const struct outcome *o)
{
	const char *error = o->error ? strerrorname_np(o->error) : NULL;

	printf("  %s: %lld %s, digest %llx\n", side->path, o->value,
	       error ? error : "", (unsigned long long)o->digest);
	facts_print("path", &o->from);
	facts_print("other", &o->to);
}

static void print_history(void)
{
	unsigned long first = run.done > HISTORY ? run.done - HISTORY : 0;

	printf("the last operations:\n");
	for (unsigned long n = first; n < run.done; n++) {
		const struct outcome *o = &run.history[n % HISTORY].b;

		printf("%lu: ", n + 1);
		op_print(&run.history[n % HISTORY].op);
		printf(" -> %lld %s\n", o->value,
		       o->error ? strerrorname_np(o->error) : "");
	}
}

static int step(struct side *a, struct side *b)
{
	size_t slot = run.done++ % HISTORY;
	struct op *op = &run.history[slot].op;
	struct outcome *oa = &run.history[slot].a, *ob = &run.history[slot].b;

	pick(op);
	if (fchdir(a->root) < 0)
		return -1;
	op_run(a, op, oa);
	if (fchdir(b->root) < 0)
		return -1;
	op_run(b, op, ob);
	if (!outcomes_equal(oa, ob)) {
		printf("operation %lu differs: ", run.done);
		op_print(op);
		putchar('\n');
		print_outcome(a, oa);
		print_outcome(b, ob);
		return -1;
	}
	run.succeeded += ob->value >= 0;
	if (ob->value >= 0 && op->type->makes)
		remember(op->type->has_to ? op->to : op->from);
	return 0;
}

static int compare(const struct side *a, const struct side *b)
{
	size_t objects;

	run.compared++;
	if (!trees_equal(a, b, &objects))
		return -1;
	if (objects <= OBJECTS_MAX)
		return 0;
	if (side_clear(a) < 0 || side_clear(b) < 0) {
		printf("clearing: %s\n", strerror(errno));
		return -1;
	}
	return trees_equal(a, b, &objects) ? 0 : -1;
}

static int run_all(struct side *a, struct side *b, unsigned long ops,
		   time_t seconds)
{
	const time_t start = time(NULL);

	if (compare(a, b) < 0)
		return -1;
	while (run.done < ops && (!seconds || time(NULL) - start < seconds)) {
		if (step(a, b) < 0)
			return -1;
		if (run.done % COMPARE_EVERY == 0 && compare(a, b) < 0)
			return -1;
	}
	return compare(a, b);
}

static int side_open(struct side *side, const char *path)
{
	side->path = path;
	side->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < OPS_SLOTS; i++)
		side->kept[i] = -1;
	if (side->root < 0)
		fprintf(stderr, "fs-ops: '%s': %s\n", path, strerror(errno));
	return side->root;
}

static void side_close(struct side *side)
{
	for (size_t i = 0; i < OPS_SLOTS; i++)
		if (side->kept[i] >= 0)
			close(side->kept[i]);
	close(side->root);
}

static int usage(void)
{
	fprintf(stderr, "usage: fs-ops [--seed N] [--ops N] [--seconds N] "
			"[--keep] DIR REFDIR\n");
	return 2;
}

/* 0, or -1 when it is not a number above 0. */
static int number(const char *text, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(text, &end, 10);
	return errno || *end || end == text || !*out ? -1 : 0;
}

struct request {
	unsigned long seed, ops, seconds;
	bool keep;
};

static int parse(int argc, char **argv, struct request *out)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "ops", required_argument, NULL, 'o' },
		{ "seconds", required_argument, NULL, 't' },
		{ "keep", no_argument, NULL, 'k' },
		{ NULL, 0, NULL, 0 },
	};
	int c, r = 0;

	while (r == 0 &&
	       (c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (c) {
		case 's':
			r = number(optarg, &out->seed);
			break;
		case 'o':
			r = number(optarg, &out->ops);
			break;
		case 't':
			r = number(optarg, &out->seconds);
			break;
		case 'k':
			out->keep = true;
			break;
		default:
			r = -1;
		}
	}
	return r < 0 || argc - optind != 2 ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct request request = { .seed = 1, .ops = 100000 };
	struct side a, b;
	int r;

	if (parse(argc, argv, &request) < 0)
		return usage();
	umask(022);
	if (side_open(&a, argv[optind]) < 0 ||
	    side_open(&b, argv[optind + 1]) < 0)
		return 2;
	run.random = request.seed * 0x9e3779b97f4a7c15u + 1;
	r = run_all(&a, &b, request.ops, (time_t)request.seconds);
	if (r < 0)
		print_history();
	else if (!request.keep && (side_clear(&a) < 0 || side_clear(&b) < 0))
		r = -1;
	printf("fs-ops: seed %lu: %lu operations, %lu succeeded, "
	       "%lu comparisons: %s\n",
	       request.seed, run.done, run.succeeded, run.compared,
	       r < 0 ? "DIFFERENT" : "same");
	side_close(&a);
	side_close(&b);
	return r < 0;
}
