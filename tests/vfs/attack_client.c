// SPDX-License-Identifier: Apache-2.0
/*
 * attack_client.c - say anything, and see that nothing but an answer comes of
 * it.
 */
#include "vfs/attack_client.h"

#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "base/mem.h"
#include "infra/sys/fs.h"

#define PIECES_MAX   6
#define ERRNO_MAX    511
#define REQUEST_MAX  ATTACK_IN_SIZE
#define CANARY_ATIME 1000000000
/* The guest may ask for files of any size; the host's disk is not for that. */
#define FILE_MAX (64UL * 1024 * 1024)

uint32_t attack_random(struct attack *a, uint32_t limit)
{
	a->random ^= a->random << 13;
	a->random ^= a->random >> 7;
	a->random ^= a->random << 17;
	return (uint32_t)((a->random >> 32) % limit);
}

static size_t handle(void *ctx, const struct vhost_request *request)
{
	struct attack *a =
		container_of((struct front *)ctx, struct attack, front);

	return fuse_server_handle(a->server, request);
}

static void put_outside(struct attack *a)
{
	/* Read even once, it would show in the time of the last access. */
	const struct timeval times[] = { { .tv_sec = CANARY_ATIME },
					 { .tv_sec = CANARY_ATIME + 1 } };
	auto_close int fd =
		openat(a->world.outside_fd, "canary",
		       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct err err = ERR_INIT;

	CHECK(fd >= 0, "canary");
	CHECK_OK(fd_write_all(fd, ATTACK_SECRET, strlen(ATTACK_SECRET), &err),
		 &err);
	CHECK(!futimes(fd, times), "times of the canary");
	CHECK(!fstat(fd, &a->canary), "stat of the canary");
}

static void put_inside(struct attack *a, enum attack_share share)
{
	struct world *w = &a->world;

	user_write(w, "a", "alpha");
	user_mkdir(w, "d");
	user_write(w, "d/x", "ex");
	user_mkdir(w, "d/s");
	user_write(w, "d/s/z", "zed");
	user_mkdir(w, "l");
	CHECK(!symlinkat("../a", w->user_fd, "l/in") &&
		      !symlinkat("../outside/canary", w->user_fd, "leak") &&
		      !symlinkat("../outside", w->user_fd, "d/leak") &&
		      !mkfifoat(w->user_fd, "fifo", 0644),
	      "special files");
	/* Of the user's secrets a view shows nothing. */
	user_write(w, ".env",
		   share == ATTACK_VIEW ? ATTACK_SECRET : "not hidden");
	user_mkdir(w, "h");
	user_write(w, "h/1", "hard");
	CHECK(!linkat(w->user_fd, "h/1", w->user_fd, "h/2", 0), "hard link");
}

static void open_share(struct attack *a, enum attack_share share)
{
	const struct pass_fs_config config = {
		.share_fd = a->world.user_fd,
		.proc_fd = a->proc_fd,
		.host_uid = getuid(),
		.host_gid = getgid(),
	};
	struct err err = ERR_INIT;

	if (share == ATTACK_VIEW) {
		world_start(&a->world, /* read_only */ false, 0);
		a->fs = a->world.fs;
		return;
	}
	CHECK_OK(pass_fs_new(&config, &a->pass, &err), &err);
	a->fs = pass_fs_base(a->pass);
}

void attack_init(struct attack *a, enum attack_share share)
{
	const struct rlimit file = { FILE_MAX, FILE_MAX };
	struct err err = ERR_INIT;

	*a = (struct attack){ .random = 0x9e3779b97f4a7c15,
			      .wait_ms = FRONT_WAIT_MS };
	signal(SIGXFSZ, SIG_IGN);
	CHECK(!setrlimit(RLIMIT_FSIZE, &file), "limit files");
	umask(0);
	world_init(&a->world);
	put_outside(a);
	put_inside(a, share);
	a->before = user_state(&a->world);
	a->proc_fd = fd_open_dir("/proc/self/fd", &err);
	CHECK_OK(a->proc_fd, &err);
	open_share(a, share);
	a->server =
		fuse_server_new(a->fs, &(struct fuse_server_config){
					       .shared = share == ATTACK_DIRECT,
					       .log = &a->world.log,
				       });
	attack_connect(a);
	attack_learn(a);
}

void attack_connect(struct attack *a)
{
	front_start(&a->front, handle);
	/* A call for each answer, unasked. */
	front_set_up(&a->front, VHOST_FEATURES & ~VHOST_F_EVENT);
	a->connected = true;
}

void attack_disconnect(struct attack *a)
{
	if (a->connected)
		front_stop(&a->front);
	a->connected = false;
}

static uint64_t resolve(const struct attack *a, uint64_t id)
{
	return id >= ATTACK_FILE && id < ATTACK_SYMBOL_END
		       ? a->known[id - ATTACK_FILE]
		       : id;
}

/* Where the arguments name a node or a handle; 0 where they do not. */
static size_t place_of_id(uint32_t opcode)
{
	switch (opcode) {
	case FUSE_LINK:
	case FUSE_RENAME:
	case FUSE_RENAME2:
	case FUSE_READDIR:
	case FUSE_READDIRPLUS:
	case FUSE_RELEASEDIR:
		return HEADER;
	case FUSE_COPY_FILE_RANGE:
		return HEADER +
		       offsetof(struct fuse_copy_file_range_in, nodeid_out);
	default:
		return 0;
	}
}

static void replace(const struct attack *a, struct buf *out, size_t at)
{
	uint64_t id;

	if (!at || out->len < at + sizeof(id))
		return;
	memcpy(&id, out->data + at, sizeof(id));
	id = resolve(a, id);
	memcpy(out->data + at, &id, sizeof(id));
}

void attack_build(struct attack *a, const struct message *m, struct buf *out)
{
	const uint64_t unique = ++a->unique;

	buf_reset(out);
	message_add(m, out);
	memcpy(out->data + offsetof(struct fuse_in_header, unique), &unique,
	       sizeof(unique));
	replace(a, out, offsetof(struct fuse_in_header, nodeid));
	replace(a, out, place_of_id(m->opcode));
}

/* Descriptors from @at on for @len bytes of memory; the next one. */
static uint16_t describe(struct attack *a, struct vring_desc *desc, uint16_t at,
			 size_t from, size_t len, uint16_t flags)
{
	uint32_t pieces = 1 + attack_random(a, PIECES_MAX);

	while (len) {
		size_t part = pieces-- <= 1
				      ? len
				      : 1 + attack_random(a, (uint32_t)len);

		desc[at] = (struct vring_desc){
			FRONT_GUEST + from, (uint32_t)part,
			(uint16_t)(flags | VRING_DESC_F_NEXT),
			(uint16_t)(at + 1)
		};
		at++;
		from += part;
		len -= part;
	}
	return at;
}

static bool await(struct attack *a, struct front_queue *q)
{
	while (__atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE) == q->next_used)
		if (!front_event(q->call, a->wait_ms))
			return __atomic_load_n(&q->used->idx,
					       __ATOMIC_ACQUIRE) !=
			       q->next_used;
	return true;
}

bool attack_say(struct attack *a, const void *p, size_t len, size_t room)
{
	struct front_queue *q = &a->front.queues[1];
	unsigned char *memory = a->front.memory;
	uint16_t n;

	assert_true(len && len <= ATTACK_IN_SIZE && room <= ATTACK_OUT_SIZE);
	memcpy(memory + ATTACK_IN, p, len);
	memset(memory + ATTACK_OUT, '#', room);
	n = describe(a, q->desc, 0, ATTACK_IN, len, 0);
	n = describe(a, q->desc, n, ATTACK_OUT, room, VRING_DESC_F_WRITE);
	q->desc[n - 1].flags &= (uint16_t)~VRING_DESC_F_NEXT;
	front_push(q, 0, /* kick */ true);
	if (!await(a, q))
		return false;
	a->len = q->used->ring[q->next_used++ % FRONT_QUEUE_SIZE].len;
	a->header = (struct fuse_out_header){ .len = 0 };
	a->body = memory + ATTACK_OUT + ANSWER;
	if (a->len >= ANSWER)
		memcpy(&a->header, memory + ATTACK_OUT, ANSWER);
	return true;
}

void attack_check_answer(struct attack *a, const char *what, size_t room)
{
	CHECK(a->len <= room, "%s: %zu bytes for %zu", what, a->len, room);
	if (!a->len)
		return;
	CHECK(a->len >= ANSWER && a->header.len == a->len,
	      "%s: answer of %u in %zu bytes", what, a->header.len, a->len);
	CHECK(a->header.error <= 0 && a->header.error >= -ERRNO_MAX,
	      "%s: error %d", what, a->header.error);
	CHECK(!a->header.error || a->len == ANSWER, "%s: error with %zu bytes",
	      what, a->len);
	CHECK(!memmem(a->body - ANSWER, a->len, ATTACK_SECRET,
		      strlen(ATTACK_SECRET)),
	      "%s: has told the secret", what);
}

int attack_do(struct attack *a, const char *what, const struct message *m,
	      size_t room)
{
	auto_buf struct buf bytes = BUF_INIT(REQUEST_MAX);

	attack_build(a, m, &bytes);
	CHECK(attack_say(a, bytes.data, bytes.len, room), "%s: no answer",
	      what);
	attack_check_answer(a, what, room);
	CHECK(!a->len || a->header.unique == a->unique, "%s: not its answer",
	      what);
	return a->header.error;
}

static uint64_t told_node(const struct attack *a)
{
	struct fuse_entry_out entry;

	if (a->header.error || a->len < ANSWER + sizeof(entry))
		return 0;
	memcpy(&entry, a->body, sizeof(entry));
	return entry.nodeid;
}

static uint64_t ask_node(struct attack *a, const struct message *m)
{
	uint64_t node;

	discard(attack_do(a, "ask for a node", m, ATTACK_ROOM));
	node = told_node(a);
	if (node)
		a->pool[a->pool_at++ % ATTACK_POOL] = node;
	return node;
}

#define ASK_NAME(dir, name) \
	ask_node(a, &(struct message){ FUSE_LOOKUP, dir, NO_ARGS, TAIL(name) })

static void learn(struct attack *a, enum attack_symbol symbol, uint64_t node)
{
	/* What is gone by now stays what it was: unknown nodes are sent, too.
	 */
	if (node)
		a->known[symbol - ATTACK_FILE] = node;
}

void attack_learn(struct attack *a)
{
	const struct message init = { FUSE_INIT, 0,
				      ARGS(fuse_init_in, .major = 7,
					   .minor = 36, .flags = UINT32_MAX),
				      NO_TAIL };
	uint64_t links;

	CHECK(!attack_do(a, "init", &init, ATTACK_ROOM), "init");
	learn(a, ATTACK_FILE, ASK_NAME(1, "a\0"));
	learn(a, ATTACK_DIR, ASK_NAME(1, "d\0"));
	links = ASK_NAME(1, "l\0");
	learn(a, ATTACK_LINK, links ? ASK_NAME(links, "in\0") : 0);
	learn(a, ATTACK_OWN,
	      ask_node(a,
		       &(struct message){ FUSE_CREATE, 1,
					  ARGS(fuse_create_in, .flags = O_CREAT,
					       .mode = S_IFREG | 0644),
					  TAIL("own\0") }));
	if (attack_do(a, "own directory",
		      &(struct message){ FUSE_MKDIR, 1,
					 ARGS(fuse_mkdir_in, .mode = 0755),
					 TAIL("own-dir\0") },
		      ATTACK_ROOM) == 0)
		learn(a, ATTACK_OWN_DIR, told_node(a));
	else
		learn(a, ATTACK_OWN_DIR, ASK_NAME(1, "own-dir\0"));
	if (attack_do(a, "opendir",
		      &(struct message){ FUSE_OPENDIR, ATTACK_DIR,
					 ARGS(fuse_open_in, .flags = O_RDONLY),
					 NO_TAIL },
		      ATTACK_ROOM) == 0)
		memcpy(&a->known[ATTACK_HANDLE - ATTACK_FILE], a->body,
		       sizeof(uint64_t));
}

void attack_check_untouched(struct attack *a)
{
	auto_free char *after = NULL;
	struct stat st;
	size_t n = 0;
	DIR *d;

	CHECK(!fstatat(a->world.outside_fd, "canary", &st, AT_SYMLINK_NOFOLLOW),
	      "the canary is gone");
	CHECK(st.st_ino == a->canary.st_ino &&
		      st.st_size == a->canary.st_size &&
		      st.st_mode == a->canary.st_mode &&
		      st.st_nlink == a->canary.st_nlink &&
		      st.st_mtim.tv_sec == a->canary.st_mtim.tv_sec &&
		      st.st_ctim.tv_nsec == a->canary.st_ctim.tv_nsec &&
		      st.st_ctim.tv_sec == a->canary.st_ctim.tv_sec,
	      "the canary was changed");
	CHECK(st.st_atim.tv_sec == CANARY_ATIME, "the canary was read");
	d = fdopendir(openat(a->world.outside_fd, ".",
			     O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	CHECK(n == 3, "%zu entries outside", n);
	if (a->pass)
		return;
	after = user_state(&a->world);
	CHECK(!strcmp(a->before, after), "the user's files changed:\n%s\n%s",
	      a->before, after);
}

/* The guest of a direct share may have shut the user out of his own files. */
static void open_up(int at, const char *name)
{
	const struct dirent *e;
	struct stat st;
	DIR *d;

	CHECK(!fchmodat(at, name, 0755, 0), "chmod");
	d = fdopendir(openat(at, name,
			     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	assert_non_null(d);
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0 &&
		    !fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
		    S_ISDIR(st.st_mode))
			open_up(dirfd(d), e->d_name);
	closedir(d);
}

void attack_check_service(struct attack *a)
{
	char name[32], text[] = "right";
	uint64_t dir, file;
	int len = snprintf(name, sizeof(name), "service-%" PRIu64, a->unique);
	struct message m = { FUSE_MKDIR, 1, ARGS(fuse_mkdir_in, .mode = 0755),
			     BYTES(name, (size_t)len + 1) };

	attack_disconnect(a);
	if (a->pass)
		open_up(a->world.state_fd, "../user");
	attack_connect(a);
	attack_learn(a);
	CHECK(!attack_do(a, "mkdir", &m, ATTACK_ROOM), "mkdir: %d",
	      a->header.error);
	dir = told_node(a);
	CHECK(!attack_do(
		      a, "create",
		      &(struct message){ FUSE_CREATE, dir,
					 ARGS(fuse_create_in, .flags = O_CREAT,
					      .mode = S_IFREG | 0600),
					 TAIL("f\0") },
		      ATTACK_ROOM),
	      "create: %d", a->header.error);
	file = told_node(a);
	CHECK(!attack_do(a, "write",
			 &(struct message){
				 FUSE_WRITE, file,
				 ARGS(fuse_write_in, .offset = 3, .size = 5),
				 BYTES(text, 5) },
			 ATTACK_ROOM),
	      "write: %d", a->header.error);
	CHECK(!attack_do(a, "read",
			 &(struct message){ FUSE_READ, file,
					    ARGS(fuse_read_in, .size = 100),
					    NO_TAIL },
			 ATTACK_ROOM),
	      "read: %d", a->header.error);
	CHECK(a->len == ANSWER + 8 && !memcmp(a->body, "\0\0\0right", 8),
	      "read %zu bytes", a->len);
	CHECK(attack_do(a, "rmdir",
			&(struct message){ FUSE_RMDIR, 1, NO_ARGS,
					   BYTES(name, (size_t)len + 1) },
			ATTACK_ROOM) == -ENOTEMPTY,
	      "rmdir: %d", a->header.error);
	CHECK(!attack_do(a, "unlink",
			 &(struct message){ FUSE_UNLINK, dir, NO_ARGS,
					    TAIL("f\0") },
			 ATTACK_ROOM) &&
		      !attack_do(
			      a, "rmdir",
			      &(struct message){ FUSE_RMDIR, 1, NO_ARGS,
						 BYTES(name, (size_t)len + 1) },
			      ATTACK_ROOM),
	      "remove: %d", a->header.error);
}

void attack_release(struct attack *a)
{
	attack_check_service(a);
	attack_disconnect(a);
	CHECK(!a->front.result, "%s", a->front.err.msg);
	attack_check_untouched(a);
	if (!a->pass)
		world_check_replay(&a->world);
	fuse_server_free(a->server);
	pass_fs_free(a->pass);
	fd_close(&a->proc_fd);
	free(a->before);
	world_release(&a->world);
}
