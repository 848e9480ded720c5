/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attack_client.h - a hostile front end and guest against the real file server:
 * what vhost_user_serve() gets from the socket and from guest memory reaches
 * cow_fs.c or pass_fs.c on a real directory. For tests.
 *
 * Beside the shared directory lies another one with a canary in it: it must be
 * neither read nor changed.
 */
#ifndef BBOX_TESTS_VFS_ATTACK_CLIENT_H
#define BBOX_TESTS_VFS_ATTACK_CLIENT_H

#include "infra/vfs/fuse_server.h"
#include "infra/vfs/pass_fs.h"
#include "support/cow_world.h"
#include "support/fuse_bench.h"
#include "support/vhost_front.h"

/* What no answer may hold. */
#define ATTACK_SECRET "the canary's own secret"

/* Where in the front's memory requests and answers are. */
#define ATTACK_IN	FRONT_DATA
#define ATTACK_IN_SIZE	((size_t)0x30000)
#define ATTACK_OUT	(ATTACK_IN + ATTACK_IN_SIZE)
#define ATTACK_OUT_SIZE (2 * (size_t)FRONT_REGION - ATTACK_OUT)

/* Stand for a node or a handle in a request that is not sent yet. */
enum attack_symbol {
	ATTACK_FILE = 0x7e570001, /* the user's "a" */
	ATTACK_DIR,		  /* the user's "d" */
	ATTACK_LINK,		  /* the user's "l/in", a symlink */
	ATTACK_OWN,		  /* a file of the guest's */
	ATTACK_OWN_DIR,		  /* a directory of the guest's */
	ATTACK_HANDLE,		  /* of a listing of ATTACK_DIR */

	ATTACK_SYMBOL_END
};
#define ATTACK_SYMBOLS ((size_t)(ATTACK_SYMBOL_END - ATTACK_FILE))
#define ATTACK_ROOM    ((size_t)8192) /* for an answer, as a rule */
#define ATTACK_POOL    64	      /* nodes that were told last */

struct attack {
	struct world world;
	struct pass_fs *pass; /* owned; NULL for a copy-on-write view */
	int proc_fd;	      /* owned */
	struct fs *fs;
	struct fuse_server *server; /* owned */
	struct front front;
	bool connected;
	int wait_ms; /* for an answer */
	uint64_t random;
	uint64_t unique;
	char *before;	    /* owned; the user's directory */
	struct stat canary; /* before */
	uint64_t known[ATTACK_SYMBOLS];
	uint64_t pool[ATTACK_POOL];
	size_t pool_at;

	/* The last answer; @len is 0 when there was none. */
	size_t len;
	struct fuse_out_header header;
	const uint8_t *body; /* in guest memory */
};

enum attack_share {
	ATTACK_VIEW,
	ATTACK_DIRECT,
};

/* A share with files, a canary, and a connection that has said INIT. */
void attack_init(struct attack *a, enum attack_share share);
void attack_connect(struct attack *a);
void attack_disconnect(struct attack *a);
/* Says INIT and looks up what the symbols stand for. */
void attack_learn(struct attack *a);
/* Nothing outside was touched, nor the user's directory below a view. */
void attack_check_untouched(struct attack *a);
/* On a new connection: a guest that behaves gets right answers. */
void attack_check_service(struct attack *a);
/* Both, and that the records make the same tree; then frees. */
void attack_release(struct attack *a);

uint32_t attack_random(struct attack *a, uint32_t limit);

/* The request as bytes, symbols replaced. */
void attack_build(struct attack *a, const struct message *m, struct buf *out);
/*
 * Sends bytes, with @room for the answer, in random pieces; false when nothing
 * came back.
 */
must_check bool attack_say(struct attack *a, const void *p, size_t len,
			   size_t room);
/* An answer is well-formed, fits, and does not hold the secret. */
void attack_check_answer(struct attack *a, const char *what, size_t room);
/* attack_build(), attack_say() and attack_check_answer(); the errno. */
int attack_do(struct attack *a, const char *what, const struct message *m,
	      size_t room);

/* A tail that is no literal. */
#define BYTES(p, len) .tail = (p), .tail_len = (len)

/* One valid request of each form that the server knows. */
struct attack_request {
	const char *name;
	struct message m;
};
extern const struct attack_request attack_requests[];
extern const uint32_t attack_request_count;

/* Those that begin or end a session. */
bool attack_is_about_session(uint32_t opcode);

/* Numbers at the edges of types and limits. */
extern const uint64_t attack_numbers[];
extern const uint32_t attack_number_count;

/* What is not a component of a path. */
struct attack_name {
	const char *name;
	size_t len; /* its NUL included, if it has one */
};
extern const struct attack_name attack_names[];
extern const uint32_t attack_name_count;

#endif /* BBOX_TESTS_VFS_ATTACK_CLIENT_H */
