/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The second socket: offers of guest RAM go from each client to all others.
 */
#include "bench-ram.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const four_ports[] = { "--ports", "4", NULL };

static void offers_reach_the_others(void **state)
{
	struct fixture *fixture = *state;
	int a, b, c;

	server_start(fixture, four_ports);
	a = ram_connect(fixture);
	send_offer(a, 0, 100, 2, 'a');
	b = ram_connect(fixture);
	/* Nothing before it has said who it is. */
	expect_silence(b);
	send_offer(b, 1, 101, 0, 0);
	expect_offer(b, 0, 100, 2, 'a');
	expect_offer(a, 1, 101, 0, 0);
	/* A new one replaces the last. */
	send_offer(b, 1, 101, RAM_RANGES, 'b');
	expect_offer(a, 1, 101, RAM_RANGES, 'b');
	send_offer(a, 0, 100, 1, 'A');
	expect_offer(b, 0, 100, 1, 'A');
	/* Newcomers get the newest. */
	c = ram_connect(fixture);
	send_offer(c, 3, 103, 1, 'c');
	expect_offer(c, 0, 100, 1, 'A');
	expect_offer(c, 1, 101, RAM_RANGES, 'b');
	expect_offer(a, 3, 103, 1, 'c');
	expect_offer(b, 3, 103, 1, 'c');
	/* Withdrawn at the end of a connection; nobody hears of himself. */
	close(a);
	expect_offer(b, 0, 100, 0, 0);
	expect_offer(c, 0, 100, 0, 0);
	expect_silence(b);
	expect_silence(c);
	close(b);
	close(c);
}

static void slot_is_taken_and_free_again(void **state)
{
	struct fixture *fixture = *state;
	int first, second, peer;

	server_start(fixture, four_ports);
	peer = ram_connect(fixture);
	send_offer(peer, 2, 7, 0, 0);
	first = ram_connect(fixture);
	send_offer(first, 0, 1, 1, 'x');
	expect_offer(peer, 0, 1, 1, 'x');
	second = ram_connect(fixture);
	send_offer(second, 0, 2, 1, 'y');
	expect_ram_end(second);
	close(second);
	expect_silence(peer);
	/* The end of the first and the offer of the second are in the server's hands at the same time. */
	for (unsigned round = 0; round < 50; round++) {
		struct ram_message message;
		unsigned count;
		int fds[FDS_MAX];

		second = ram_connect(fixture);
		kill(fixture->server.pid, SIGSTOP);
		send_offer(second, 0, 10 + round, 1, 'y');
		close(first);
		kill(fixture->server.pid, SIGCONT);
		do {
			assert_true(ram_packet(peer, &message, fds, &count) > 0);
			for (unsigned r = 0; r < count; r++)
				close(fds[r]);
		} while (message.owner != 10 + round);
		first = second;
	}
	expect_offer(first, 2, 7, 0, 0);
	close(first);
	expect_offer(peer, 0, 59, 0, 0);
	close(peer);
}

/* One that never reads holds up nobody; when it reads at last, it has the newest offer at the end. */
static void who_never_reads(void **state)
{
	struct fixture *fixture = *state;
	struct ram_message message;
	unsigned long work;
	int a, b, silent, fds[FDS_MAX];
	unsigned count, last = 0;

	server_start(fixture, four_ports);
	silent = ram_connect(fixture);
	send_offer(silent, 2, 3, 0, 0);
	a = ram_connect(fixture);
	b = ram_connect(fixture);
	send_offer(b, 1, 2, 0, 0);
	expect_offer(b, 2, 3, 0, 0);
	for (uint32_t owner = 1; owner <= 1000; owner++) {
		send_offer(a, 0, owner, 1, 'a');
		expect_offer(b, 0, owner, 1, 'a');
	}
	nap_ms(100);
	work = server_work(&fixture->server);
	nap_ms(300);
	assert_int_equal(server_work(&fixture->server), work);
	while (last != 1000) {
		assert_true(ram_packet(silent, &message, fds, &count) > 0);
		while (count--)
			close(fds[count]);
		if (message.slot == 0)
			last = message.owner;
	}
	expect_silence(silent);
	close(a);
	close(b);
	close(silent);
}

static void connections_are_bounded(void **state)
{
	struct fixture *fixture = *state;
	unsigned before;
	int idle[64], extra;

	server_start(fixture, four_ports);
	before = program_descriptors(&fixture->server);
	for (unsigned i = 0; i < 64; i++)
		idle[i] = ram_connect(fixture);
	extra = ram_connect(fixture);
	expect_ram_end(extra);
	close(extra);
	for (unsigned i = 0; i < 64; i++)
		close(idle[i]);
	for (unsigned waited = 0; program_descriptors(&fixture->server) != before; waited += 10) {
		assert_true(waited < PATIENCE_MS);
		nap_ms(10);
	}
	extra = ram_connect(fixture);
	send_offer(extra, 0, 1, 1, 'x');
	expect_silence(extra);
	close(extra);
}

/* The end of the server is not the end of the RAM: nobody is told of a withdrawal. */
static void server_ends(void **state)
{
	struct fixture *fixture = *state;
	struct ram_message message;
	unsigned count;
	int a, b, fds[FDS_MAX];

	server_start(fixture, four_ports);
	a = ram_connect(fixture);
	send_offer(a, 0, 1, 1, 'a');
	b = ram_connect(fixture);
	send_offer(b, 1, 2, 1, 'b');
	expect_offer(b, 0, 1, 1, 'a');
	expect_offer(a, 1, 2, 1, 'b');
	assert_int_equal(WEXITSTATUS(program_end(&fixture->server, SIGTERM)), 0);
	assert_int_equal(ram_packet(a, &message, fds, &count), 0);
	assert_int_equal(ram_packet(b, &message, fds, &count), 0);
	close(a);
	close(b);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(offers_reach_the_others),
		TEST(slot_is_taken_and_free_again),
		TEST(who_never_reads),
		TEST(connections_are_bounded),
		TEST(server_ends),
	};

	return RUN(tests, argc, argv);
}
