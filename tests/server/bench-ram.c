/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench-ram.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

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
	assert_true(fds_send(to, &message, HEADER + count * RANGE, fds, count));
	for (unsigned r = 0; r < count; r++)
		close(fds[r]);
}

ssize_t ram_packet(int from, struct ram_message *message, int fds[FDS_MAX], unsigned *count)
{
	ssize_t n;

	assert_true(readable(from, PATIENCE_MS));
	n = fds_receive(from, message, sizeof(*message), fds, count);
	return n < 0 ? 0 : n;
}

void expect_offer(int from, unsigned slot, uint32_t owner, unsigned count, char mark)
{
	struct ram_message message;
	unsigned descriptors;
	int fds[FDS_MAX];

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
	int fds[FDS_MAX];

	while (ram_packet(from, &message, fds, &count) > 0) {
		while (count--)
			close(fds[count]);
	}
}

int ram_connect(const struct fixture *fixture)
{
	return connect_to(fixture->ram, SOCK_SEQPACKET);
}
