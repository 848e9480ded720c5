// SPDX-License-Identifier: Apache-2.0
/*
 * vhost_wire_test.c - messages that come in pieces, with descriptors.
 */
#include "infra/vfs/vhost_wire.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "infra/sys/fd.h"
#include "support/check.h"

struct ends {
	int front, back;
};

static struct ends new_ends(void)
{
	struct err err = ERR_INIT;
	int fds[2];

	CHECK_OK(fd_socketpair(fds, &err), &err);
	return (struct ends){ fds[0], fds[1] };
}

/* @fd twice with the bytes, unless it is -1. */
static void send_with_fds(int to, const void *p, size_t len, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control = { .bytes = { 0 } };
	const int fds[] = { fd, fd };
	struct iovec iov = { (void *)(uintptr_t)p, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		control.align = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(fds)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		};
		memcpy(CMSG_DATA(&control.align), fds, sizeof(fds));
	}
	assert_int_equal(sendmsg(to, &msg, MSG_NOSIGNAL), len);
}

static void test_message_comes_byte_by_byte(void **state unused)
{
	const unsigned char bytes[] = {
		VHOST_SET_VRING_NUM,
		0,
		0,
		0,
		1,
		0,
		0,
		0,
		8,
		0,
		0,
		0,
		1,
		0,
		0,
		0,
		0,
		1,
		0,
		0,
	};
	struct ends ends = new_ends();
	struct vhost_wire w = VHOST_WIRE_INIT(ends.back);
	struct err err = ERR_INIT;
	struct vhost_msg m;

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof(bytes); i++) {
			assert_int_equal(vhost_wire_read(&w, &m, &err),
					 VHOST_READ_NOTHING);
			send_with_fds(ends.front, &bytes[i], 1, -1);
		}
		assert_int_equal(vhost_wire_read(&w, &m, &err),
				 VHOST_READ_MESSAGE);
		assert_int_equal(m.queue, 1);
		assert_int_equal(m.value, 256);
		vhost_wire_next(&w);
	}
	fd_close(&ends.front);
	assert_int_equal(vhost_wire_read(&w, &m, &err), VHOST_READ_END);
	fd_close(&ends.back);
}

static void test_descriptors_belong_to_their_message(void **state unused)
{
	/* Header, number of regions, two regions. */
	const uint32_t table[3 + 2 + 2 * 8] = { VHOST_SET_MEM_TABLE, 1, 72, 2 };
	const struct vhost_header owner = { VHOST_SET_OWNER, 1, 0 };
	auto_close int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct ends ends = new_ends();
	struct vhost_wire w = VHOST_WIRE_INIT(ends.back);
	struct err err = ERR_INIT;
	struct vhost_msg m;
	int got;

	send_with_fds(ends.front, table, sizeof(table), file);
	send_with_fds(ends.front, &owner, sizeof(owner), -1);
	CHECK(vhost_wire_read(&w, &m, &err) == VHOST_READ_MESSAGE, "%s",
	      err.msg);
	assert_int_equal(w.fd_count, 2);
	got = w.fds[1];
	assert_int_equal(fcntl(got, F_GETFD), FD_CLOEXEC);
	vhost_wire_next(&w);
	assert_int_equal(fcntl(got, F_GETFD), -1);
	CHECK(vhost_wire_read(&w, &m, &err) == VHOST_READ_MESSAGE, "%s",
	      err.msg);
	assert_int_equal(w.fd_count, 0);
	fd_close(&ends.front);
	fd_close(&ends.back);
}

static void test_descriptors_of_all_pieces_are_counted(void **state unused)
{
	const struct vhost_header header = { VHOST_SET_MEM_TABLE, 1, 264 };
	auto_close int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct ends ends = new_ends();
	struct vhost_wire w = VHOST_WIRE_INIT(ends.back);
	struct err err = ERR_INIT;
	struct vhost_msg m;

	send_with_fds(ends.front, &header, sizeof(header), file);
	for (size_t i = 0; i < 4; i++)
		send_with_fds(ends.front, "x", 1, file);
	CHECK_FAILS(vhost_wire_read(&w, &m, &err), &err, ERR_PROTOCOL,
		    "more than 8 descriptors");
	assert_int_equal(w.fd_count, VHOST_FDS_MAX);
	vhost_wire_next(&w);
	fd_close(&ends.front);
	fd_close(&ends.back);
}

static void test_end_in_a_message_is_an_error(void **state unused)
{
	struct ends ends = new_ends();
	struct vhost_wire w = VHOST_WIRE_INIT(ends.back);
	struct err err = ERR_INIT;
	struct vhost_msg m;

	send_with_fds(ends.front, "\1", 1, -1);
	fd_close(&ends.front);
	CHECK_FAILS(vhost_wire_read(&w, &m, &err), &err, ERR_PROTOCOL,
		    "hung up in a message");
	fd_close(&ends.back);
}

static void test_bad_header_is_refused_before_its_payload(void **state unused)
{
	const struct vhost_header header = { VHOST_SET_FEATURES, 1,
					     UINT32_MAX };
	struct ends ends = new_ends();
	struct vhost_wire w = VHOST_WIRE_INIT(ends.back);
	struct err err = ERR_INIT;
	struct vhost_msg m;

	send_with_fds(ends.front, &header, sizeof(header), -1);
	CHECK_FAILS(vhost_wire_read(&w, &m, &err), &err, ERR_PROTOCOL,
		    "SET_FEATURES of 4294967295 bytes");
	fd_close(&ends.front);
	fd_close(&ends.back);
}

static void test_answer(void **state unused)
{
	const unsigned char want[] = {
		VHOST_GET_FEATURES,
		0,
		0,
		0,
		5,
		0,
		0,
		0,
		8,
		0,
		0,
		0,
		1,
		2,
		3,
		4,
		5,
		6,
		7,
		8,
	};
	struct ends ends = new_ends();
	struct vhost_wire w = VHOST_WIRE_INIT(ends.back);
	struct err err = ERR_INIT;
	unsigned char got[64];

	CHECK_OK(vhost_wire_answer(&w, VHOST_GET_FEATURES, "\1\2\3\4\5\6\7\10",
				   8, &err),
		 &err);
	assert_int_equal(read(ends.front, got, sizeof(got)), sizeof(want));
	assert_memory_equal(got, want, sizeof(want));
	/* That the front end is gone is for the next read to tell. */
	fd_close(&ends.front);
	CHECK_OK(vhost_wire_answer(&w, VHOST_GET_FEATURES, want, 8, &err),
		 &err);
	fd_close(&ends.back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message_comes_byte_by_byte),
		cmocka_unit_test(test_descriptors_belong_to_their_message),
		cmocka_unit_test(test_descriptors_of_all_pieces_are_counted),
		cmocka_unit_test(test_end_in_a_message_is_an_error),
		cmocka_unit_test(test_bad_header_is_refused_before_its_payload),
		cmocka_unit_test(test_answer),
	};

	return RUN_TESTS(tests);
}
