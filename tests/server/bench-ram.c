/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench-ram.h"

#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

bool send_packet(int to, const void *packet, size_t size, const int *fds, unsigned count)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(MANY * sizeof(int))];
	} control = { 0 };
	struct iovec data = { (void *)packet, size };
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1 };

	if (count) {
		struct cmsghdr *part;

		header.msg_control = control.space;
		header.msg_controllen = CMSG_SPACE(count * sizeof(int));
		part = CMSG_FIRSTHDR(&header);
		part->cmsg_level = SOL_SOCKET;
		part->cmsg_type = SCM_RIGHTS;
		part->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(part), fds, count * sizeof(int));
	}
	return sendmsg(to, &header, MSG_NOSIGNAL) == (ssize_t)size;
}

struct ram_message ram_offer(unsigned slot, uint32_t owner, unsigned count)
{
	struct ram_message message = {
		.magic = RAM_MAGIC, .version = RAM_VERSION, .slot = (uint16_t)slot, .owner = owner, .count = count
	};

	for (unsigned r = 0; r < count && r < RAM_RANGES; r++) {
		message.ranges[r].address = r * UINT64_C(0x100000);
		message.ranges[r].size = 0x1000;
	}
	return message;
}

int ram_memory(char mark)
{
	int fd = memfd_create("ram", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 0x2000), 0);
	assert_int_equal(pwrite(fd, &mark, 1, 0), 1);
	return fd;
}

void send_offer(int to, unsigned slot, uint32_t owner, unsigned count, char mark)
{
	struct ram_message message = ram_offer(slot, owner, count);
	int fds[RAM_RANGES] = { -1 };

	for (unsigned r = 0; r < count; r++)
		fds[r] = ram_memory(mark);
	assert_true(send_packet(to, &message, HEADER + count * RANGE, fds, count));
	for (unsigned r = 0; r < count; r++)
		close(fds[r]);
}

ssize_t ram_packet(int from, struct ram_message *message, int fds[RAM_RANGES], unsigned *count)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(RAM_RANGES * sizeof(int))];
	} control;
	struct iovec data = { message, sizeof(*message) };
	struct msghdr header = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof(control.space)
	};
	struct cmsghdr *part;
	ssize_t n;

	assert_true(readable(from, PATIENCE_MS));
	n = recvmsg(from, &header, MSG_CMSG_CLOEXEC);
	*count = 0;
	if (n <= 0)
		return 0;
	part = CMSG_FIRSTHDR(&header);
	if (part) {
		*count = (unsigned)((part->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(part), *count * sizeof(int));
	}
	return n;
}

void expect_offer(int from, unsigned slot, uint32_t owner, unsigned count, char mark)
{
	struct ram_message message;
	unsigned descriptors;
	int fds[RAM_RANGES];

	assert_int_equal(ram_packet(from, &message, fds, &descriptors), HEADER + count * RANGE);
	assert_int_equal(message.magic, RAM_MAGIC);
	assert_int_equal(message.version, RAM_VERSION);
	assert_int_equal(message.slot, slot);
	assert_int_equal(message.owner, owner);
	assert_int_equal(message.count, count);
	assert_int_equal(descriptors, count);
	for (unsigned r = 0; r < count; r++) {
		char byte;

		assert_int_equal(message.ranges[r].address, r * UINT64_C(0x100000));
		assert_int_equal(message.ranges[r].size, 0x1000);
		assert_int_equal(pread(fds[r], &byte, 1, 0), 1);
		assert_int_equal(byte, mark);
		close(fds[r]);
	}
}

void expect_ram_end(int from)
{
	struct ram_message message;
	unsigned count;
	int fds[RAM_RANGES];

	while (ram_packet(from, &message, fds, &count) > 0) {
		while (count--)
			close(fds[count]);
	}
}

int ram_connect(const struct fixture *fixture)
{
	return connect_to(fixture->ram, SOCK_SEQPACKET);
}
