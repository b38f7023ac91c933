/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that break the protocol of the second socket.
 */
#include "bench-ram.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const four_ports[] = { "--ports", "4", NULL };

/* Ways to break the protocol. Each must end that connection and nothing else. */
enum {
	TOO_SHORT,
	EMPTY,
	TOO_LONG,
	SHORT_RANGES,
	HUGE_COUNT,
	COUNT_33,
	BAD_MAGIC,
	BAD_VERSION,
	BAD_SLOT,
	NO_OWNER,
	MISSING_FD,
	EXTRA_FD,
	MANY_FDS,
	FDS_FOR_NOTHING,
	SOCKET_FD,
	ITSELF,
	DIRECTORY,
	EMPTY_RANGE,
	WRAPPING_ADDRESS,
	WRAPPING_OFFSET,
	PAST_THE_END,
	OTHER_SLOT,
	WAYS
};

static void misbehave(int socket, unsigned way)
{
	struct ram_message message = ram_offer(0, 5, 2);
	size_t size = HEADER + 2 * RANGE;
	int fds[MANY], pair[2] = { -1, -1 }, folder = -1;
	char long_packet[sizeof(message) + 64] = { 0 };
	const void *packet = &message;
	unsigned count = 2;

	for (unsigned f = 0; f < MANY; f++)
		fds[f] = ram_memory('h');
	switch (way) {
	case TOO_SHORT:
		size = HEADER - 1;
		break;
	case EMPTY:
		size = 0;
		break;
	case TOO_LONG:
		memcpy(long_packet, &message, sizeof(message));
		packet = long_packet;
		size = sizeof(long_packet);
		break;
	case SHORT_RANGES:
		size -= 1;
		break;
	case HUGE_COUNT:
		message.count = 0xffffffff;
		break;
	case COUNT_33:
		message.count = 33;
		size = sizeof(message);
		count = 33;
		break;
	case BAD_MAGIC:
		message.magic++;
		break;
	case BAD_VERSION:
		message.version++;
		break;
	case BAD_SLOT:
		message.slot = 4;
		break;
	case NO_OWNER:
		message.owner = 0;
		break;
	case MISSING_FD:
		count = 1;
		break;
	case EXTRA_FD:
		count = 3;
		break;
	case MANY_FDS:
		count = MANY;
		break;
	case FDS_FOR_NOTHING:
		message.count = 0;
		size = HEADER;
		break;
	case SOCKET_FD:
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		dup2(pair[0], fds[1]);
		break;
	case ITSELF:
		dup2(socket, fds[1]);
		break;
	case DIRECTORY:
		folder = open("/tmp", O_RDONLY | O_DIRECTORY);
		dup2(folder, fds[1]);
		break;
	case EMPTY_RANGE:
		message.ranges[1].size = 0;
		break;
	case WRAPPING_ADDRESS:
		message.ranges[1].address = UINT64_MAX - 0xffe;
		break;
	case WRAPPING_OFFSET:
		message.ranges[1].fd_offset = UINT64_MAX - 0xfff;
		break;
	case PAST_THE_END:
		message.ranges[1].fd_offset = 0x1001;
		break;
	case OTHER_SLOT:
		send_offer(socket, 1, 5, 1, 'o');
		break;
	}
	fds_send(socket, packet, size, fds, count);
	for (unsigned f = 0; f < MANY; f++)
		close(fds[f]);
	for (unsigned p = 0; p < 2; p++) {
		if (pair[p] >= 0)
			close(pair[p]);
	}
	if (folder >= 0)
		close(folder);
}

/* The offer before it may have been told, or not: only the newest must be. */
static void expect_withdrawal(int from, unsigned slot)
{
	struct ram_message message;
	unsigned count;
	int fds[FDS_MAX];

	do {
		assert_true(ram_packet(from, &message, fds, &count) > 0);
		assert_int_equal(message.slot, slot);
		for (unsigned r = 0; r < count; r++)
			close(fds[r]);
	} while (count);
}

static void hostile_packets(void **state)
{
	struct fixture *fixture = *state;
	unsigned before, own;
	int peer;

	server_start(fixture, four_ports);
	peer = ram_connect(fixture);
	send_offer(peer, 3, 9, 1, 'p');
	nap_ms(100);
	before = program_descriptors(&fixture->server);
	own = own_descriptors();
	for (unsigned way = 0; way < WAYS; way++) {
		int bad = ram_connect(fixture), good;

		misbehave(bad, way);
		expect_ram_end(bad);
		close(bad);
		if (way == OTHER_SLOT) {
			expect_withdrawal(peer, 1);
		}
		/* The slot is free and the relay works. */
		good = ram_connect(fixture);
		send_offer(good, 0, 6, 1, 'g');
		expect_offer(peer, 0, 6, 1, 'g');
		expect_offer(good, 3, 9, 1, 'p');
		close(good);
		expect_offer(peer, 0, 6, 0, 0);
	}
	for (unsigned waited = 0; program_descriptors(&fixture->server) != before; waited += 10) {
		assert_true(waited < PATIENCE_MS);
		nap_ms(10);
	}
	assert_int_equal(own_descriptors(), own);
	close(peer);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = { TEST(hostile_packets) };

	return RUN(tests, argc, argv);
}
