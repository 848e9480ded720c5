/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuse_bench.h - a FUSE server on a bench: send it requests, look at the
 * answers and at what its file system was asked for. For tests.
 */
#ifndef BBOX_TESTS_SUPPORT_FUSE_BENCH_H
#define BBOX_TESTS_SUPPORT_FUSE_BENCH_H

#include "infra/vfs/fuse_server.h"
#include "support/fuse_fake_fs.h"

#define HEADER ((size_t)40) /* struct fuse_in_header */
#define ANSWER ((size_t)16) /* struct fuse_out_header */
#define ROOM   ((size_t)8192)
#define ENTRY  sizeof(struct fuse_entry_out)
#define ATTR   sizeof(struct fuse_attr_out)
#define SILENT SIZE_MAX /* no answer at all */

/* One server, its file system, and the last answer. */
struct bench {
	struct fake_fs fake;
	struct log log;
	struct fuse_server *server;
	uint8_t answer[ROOM + 1];
	size_t answer_len;
	struct fuse_out_header header; /* of the answer */
};

void bench_init(struct bench *b);
/* After a greeting with all flags. */
void bench_init_ready(struct bench *b);
void bench_release(struct bench *b);

#define auto_bench cleanup_with(bench_release)

struct message {
	uint32_t opcode;
	uint64_t node;
	const void *args;
	size_t args_len;
	const char *tail;
	size_t tail_len;
	int32_t lie; /* added to the length in the header */
};

#define ARGS(type, ...) &(const struct type){ __VA_ARGS__ }, sizeof(struct type)
#define NO_ARGS		NULL, 0
/* A string literal, with its NULs spelt out. */
#define TAIL(s) .tail = (s), .tail_len = sizeof(s) - 1
#define NO_TAIL .tail = NULL

void message_add(const struct message *m, struct buf *out);

/* In pieces of @piece bytes, those of the answer are larger; 0 means one. */
void bench_send_bytes(struct bench *b, const void *p, size_t len, size_t room,
		      size_t piece);
void bench_send(struct bench *b, const struct message *m, size_t room,
		size_t piece);
/* INIT, which must succeed. */
void bench_greet(struct bench *b, uint32_t flags);

struct call_case {
	const char *name;
	struct message m;
	const char *calls; /* of the file system */
	int error;
	size_t len; /* of the answer, without its header */
};

/* Sends each, in several kinds of pieces, and compares. */
void check_cases(const struct call_case *cases, size_t n);

#endif /* BBOX_TESTS_SUPPORT_FUSE_BENCH_H */
