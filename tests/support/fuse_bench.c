// SPDX-License-Identifier: Apache-2.0
/*
 * fuse_bench.c - a FUSE server on a bench.
 */
#include "support/fuse_bench.h"

#include "base/mem.h"
#include "support/check.h"

#define PIECES_MAX 1024
#define UNIQUE	   UINT64_C(0x1234567890)

void bench_init(struct bench *b)
{
	*b = (struct bench){ .log = LOG_DISCARD };
	fake_fs_init(&b->fake);
	b->server = fuse_server_new(
		&b->fake.base, &(struct fuse_server_config){ .log = &b->log });
}

void bench_release(struct bench *b)
{
	fuse_server_free(b->server);
	fake_fs_release(&b->fake);
}

/* Cuts @len bytes into pieces of @size; 0 means one. Returns how many. */
static int cut(void *memory, size_t len, size_t size, struct iovec *out)
{
	int n = 0;

	if (!size)
		size = len;
	for (size_t at = 0; at < len; n++) {
		size_t piece = len - at < size ? len - at : size;

		assert(n < PIECES_MAX);
		out[n] = (struct iovec){ (char *)memory + at, piece };
		at += piece;
	}
	return n;
}

/* Sends the bytes as they are. In copies of their exact size. */
void bench_send_bytes(struct bench *b, const void *p, size_t len, size_t room,
		      size_t piece)
{
	auto_free uint8_t *in = xmalloc(len + !len);
	auto_free uint8_t *out = xmalloc(room + !room);
	struct iovec in_iov[PIECES_MAX], out_iov[PIECES_MAX];
	struct vhost_request request = {
		.in = in_iov,
		.in_len = len,
		.out = out_iov,
		.out_len = room,
	};

	if (len)
		memcpy(in, p, len);
	memset(out, '#', room + !room);
	request.in_count = cut(in, len, piece, in_iov);
	/* Answers are longer: larger pieces. */
	request.out_count = cut(out, room, piece * 9, out_iov);
	buf_reset(&b->fake.calls);
	b->answer_len = fuse_server_handle(b->server, &request);
	CHECK(b->answer_len <= room, "%zu of %zu bytes", b->answer_len, room);
	memcpy(b->answer, out, b->answer_len);
	b->header = (struct fuse_out_header){ .len = 0 };
	if (b->answer_len >= ANSWER)
		memcpy(&b->header, b->answer, ANSWER);
}

void message_add(const struct message *m, struct buf *out)
{
	const struct fuse_in_header header = {
		.len = (uint32_t)(HEADER + m->args_len + m->tail_len) +
		       (uint32_t)m->lie,
		.opcode = m->opcode,
		.unique = UNIQUE,
		.nodeid = m->node,
		.uid = 1000,
		.gid = 100,
		.pid = 77,
	};

	discard(buf_add(out, &header, sizeof(header), ERR_IGNORE));
	if (m->args_len)
		discard(buf_add(out, m->args, m->args_len, ERR_IGNORE));
	if (m->tail_len)
		discard(buf_add(out, m->tail, m->tail_len, ERR_IGNORE));
}

void bench_send(struct bench *b, const struct message *m, size_t room,
		size_t piece)
{
	auto_buf struct buf bytes = BUF_INIT((size_t)4 * 1024 * 1024);

	message_add(m, &bytes);
	bench_send_bytes(b, bytes.data, bytes.len, room, piece);
}

void bench_greet(struct bench *b, uint32_t flags)
{
	const struct message m = { FUSE_INIT, 0,
				   ARGS(fuse_init_in, .major = 7, .minor = 37,
					.flags = flags),
				   NO_TAIL };

	bench_send(b, &m, ROOM, 0);
	CHECK(!b->header.error && b->answer_len == ANSWER + 64, "init: %d",
	      b->header.error);
}

void bench_init_ready(struct bench *b)
{
	bench_init(b);
	bench_greet(b, UINT32_MAX);
}

static void check_case(struct bench *b, const struct call_case *c, size_t piece)
{
	bench_send(b, &c->m, ROOM, piece);
	CHECK(!strcmp(b->fake.calls.data, c->calls),
	      "%s (%zu): called '%s', want '%s'", c->name, piece,
	      b->fake.calls.data, c->calls);
	if (c->len == SILENT) {
		CHECK(!b->answer_len, "%s (%zu): answered", c->name, piece);
		return;
	}
	CHECK(b->header.error == c->error, "%s (%zu): error %d, want %d",
	      c->name, piece, b->header.error, c->error);
	CHECK(b->answer_len == ANSWER + c->len &&
		      b->header.len == b->answer_len,
	      "%s (%zu): %zu bytes, want %zu", c->name, piece, b->answer_len,
	      ANSWER + c->len);
	CHECK(b->header.unique == UNIQUE, "%s: unique", c->name);
}

void check_cases(const struct call_case *cases, size_t n)
{
	static const size_t pieces[] = { 0, 1, 7, 40, 41 };

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(pieces); k++) {
			auto_bench struct bench b;

			bench_init_ready(&b);
			check_case(&b, &cases[i], pieces[k]);
		}
}
