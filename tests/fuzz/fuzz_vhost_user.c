// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_vhost_user.c - whatever the front end says, serving it ends when it
 * hangs up, and leaves neither a descriptor nor a mapping behind.
 *
 * The input is a list of messages: type, flags, descriptors, length, payload.
 * A first byte that is odd puts a working setup in front, for which the rest
 * of the input is also the guest's memory.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/span.h"
#include "domain/log/log.h"
#include "fuzz/fuzz.h"
#include "infra/sys/fd.h"
#include "infra/vfs/vhost_msg.h"
#include "infra/vfs/vhost_user.h"

#define MEMORY	 UINT64_C(0x10000) /* bytes */
#define GUEST	 UINT64_C(0x10000)
#define USER	 UINT64_C(0x7f0000000000)
#define MESSAGES 40 /* what fits into the socket for sure */
#define PAYLOAD	 ((size_t)255)

/* Made once: opening them is most of the work of a run. */
static int memory_fd = -1, event_fd = -1;
static unsigned char *memory;

static size_t handle(void *ctx unused, const struct vhost_request *r)
{
	size_t len = 0;

	for (int i = 0; i < r->out_count; i++) {
		memset(r->out[i].iov_base, 0xa5, r->out[i].iov_len);
		len += r->out[i].iov_len;
	}
	INVARIANT(len == r->out_len);
	return len;
}

static void send_message(int to, uint32_t type, uint32_t flags,
			 const void *payload, size_t len, const int *fds,
			 size_t fd_count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * 10)];
	} control = { .bytes = { 0 } };
	struct vhost_header header = { type, flags, (uint32_t)len };
	struct iovec iov[] = {
		{ &header, sizeof(header) },
		{ (void *)(uintptr_t)payload, len },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	if (fd_count) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(&control.align), fds, sizeof(int) * fd_count);
	}
	/* What does not fit any more is left out. */
	discard(sendmsg(to, &msg, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static void send_setup(int to)
{
	const uint64_t features = VHOST_FEATURES & ~VHOST_F_PROTOCOL;
	const uint64_t region[] = { 0, GUEST, MEMORY, USER, 0 };
	const uint32_t num[] = { 0, 16 };
	const uint64_t addr[] = { 0, USER, USER + 0x400, USER + 0x200, 0 };
	const uint64_t queue = 0;

	send_message(to, VHOST_SET_FEATURES, 1, &features, sizeof(features),
		     NULL, 0);
	send_message(to, VHOST_ADD_MEM_REG, 1, region, sizeof(region),
		     &memory_fd, 1);
	send_message(to, VHOST_SET_VRING_NUM, 1, num, sizeof(num), NULL, 0);
	send_message(to, VHOST_SET_VRING_ADDR, 1, addr, sizeof(addr), NULL, 0);
	send_message(to, VHOST_SET_VRING_ERR, 1, &queue, sizeof(queue),
		     &event_fd, 1);
	send_message(to, VHOST_SET_VRING_KICK, 1, &queue, sizeof(queue),
		     &event_fd, 1);
}

static void send_all(int to, struct span in)
{
	uint8_t type, flags, descriptors, len;
	char payload[PAYLOAD];
	int fds[10];

	for (int n = 0; n < MESSAGES; n++) {
		if (!span_take_u8(&in, &type) || !span_take_u8(&in, &flags) ||
		    !span_take_u8(&in, &descriptors) ||
		    !span_take_u8(&in, &len) || !span_take(&in, payload, len))
			return;
		for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
			fds[i] = descriptors & 0x10 ? event_fd : memory_fd;
		send_message(to, type, flags, payload, len, fds,
			     (descriptors & 0xf) % (ARRAY_SIZE(fds) + 1));
	}
}

static int lowest_free_fd(void)
{
	int fd = dup(event_fd);

	close(fd);
	return fd;
}

static void make_shared(void)
{
	struct err err = ERR_INIT;

	if (memory)
		return;
	memory_fd = fd_memfd("fuzz", &err);
	event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	INVARIANT(memory_fd >= 0 && event_fd >= 0 &&
		  !ftruncate(memory_fd, (off_t)MEMORY));
	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED,
		      memory_fd, 0);
	INVARIANT(memory != MAP_FAILED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct log log = LOG_DISCARD;
	struct vhost_user_config config = { .handle = handle, .log = &log };
	struct span in = { data, size };
	struct err err = ERR_INIT;
	int ends[2], before, r;
	uint8_t first;

	if (!span_take_u8(&in, &first))
		return 0;
	make_shared();
	memset(memory, 0, MEMORY);
	memcpy(memory, in.p, in.len < MEMORY ? in.len : MEMORY);
	before = lowest_free_fd();
	INVARIANT(!fd_socketpair(ends, &err));
	if (first & 1)
		send_setup(ends[0]);
	send_all(ends[0], in);
	INVARIANT(!shutdown(ends[0], SHUT_WR));
	config.socket_fd = ends[1];
	r = vhost_user_serve(&config, &err);
	INVARIANT(!r || err.kind == ERR_PROTOCOL || err.kind == ERR_LIMIT ||
		  err.kind == ERR_SYSTEM);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
	INVARIANT(lowest_free_fd() == before);
	return 0;
}
