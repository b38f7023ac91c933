/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clients that do not read, too many of them, and what the server costs.
 */
#include "bench.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* It is told of nobody, holds up nobody, and is dropped in the end. */
static void who_never_reads_is_dropped(void **state)
{
	struct fixture *fixture = *state;
	struct member good;
	int silent[3], bells[VECTORS];
	unsigned before;

	server_start(fixture, NULL);
	before = program_descriptors(&fixture->server);
	for (unsigned s = 0; s < 3; s++)
		silent[s] = connect_to(fixture->socket, SOCK_STREAM);
	good = join(fixture->socket, 3, (const int64_t[]){ 0, 1, 2 }, 3);
	for (int64_t id = 4; id < 400; id++) {
		int client = connect_to(fixture->socket, SOCK_STREAM), fd;
		int64_t word;

		/* Departures of the silent ones come in between, but never late arrivals. */
		while ((word = message(good.socket, &fd)) != id)
			assert_true(word < 3 && fd < 0);
		close(fd);
		close(expect(good.socket, id, true));
		close(client);
		while ((word = message(good.socket, &fd)) != id)
			assert_true(word < 3 && fd < 0);
		assert_true(fd < 0);
	}
	for (unsigned s = 0; s < 3; s++) {
		expect_end(silent[s]);
		close(silent[s]);
	}
	program_says(&fixture->server, "is gone: it does not read");
	/* The one that read is still served. */
	silent[0] = connect_to(fixture->socket, SOCK_STREAM);
	expect_vectors(good.socket, 400, bells);
	close(silent[0]);
	expect(good.socket, 400, false);
	for (unsigned v = 0; v < VECTORS; v++)
		close(bells[v]);
	leave(&good);
	for (unsigned waited = 0; program_descriptors(&fixture->server) != before; waited += 10) {
		assert_true(waited < PATIENCE_MS);
		nap_ms(10);
	}
}

/* It may miss those who came and went meanwhile, but what it is told is whole and right. */
static void who_reads_late(void **state)
{
	struct fixture *fixture = *state;
	struct member good, last;
	int silent, fd, bells[VECTORS];
	int64_t id, word, told = 0;

	server_start(fixture, NULL);
	silent = connect_to(fixture->socket, SOCK_STREAM);
	good = join(fixture->socket, 1, (const int64_t[]){ 0 }, 1);
	for (id = 2; id < 42; id++) {
		last = join(fixture->socket, id, (const int64_t[]){ 0, 1 }, 2);
		expect_vectors(good.socket, id, bells);
		leave(&last);
		expect(good.socket, id, false);
		for (unsigned v = 0; v < VECTORS; v++)
			close(bells[v]);
	}
	last = join(fixture->socket, id, (const int64_t[]){ 0, 1 }, 2);

	expect(silent, 0, false);
	expect(silent, 0, false);
	close(expect(silent, -1, true));
	for (unsigned v = 0; v < VECTORS; v++)
		close(expect(silent, 0, true));
	for (unsigned v = 0; v < VECTORS; v++)
		close(expect(silent, 1, true));
	while ((word = message(silent, &fd)) != id) {
		/* The first of an arrival: its others and the departure may only follow. */
		assert_true(fd >= 0);
		close(fd);
		for (unsigned v = 1; fd >= 0 && v <= VECTORS; v++) {
			assert_int_equal(message(silent, &fd), word);
			if (fd >= 0)
				close(fd);
		}
		assert_true(fd < 0);
		told++;
	}
	assert_in_range(told, 1, 39);
	bells[0] = fd;
	bells[1] = expect(silent, id, true);
	for (unsigned v = 0; v < VECTORS; v++) {
		ring(bells[v]);
		assert_true(rung(last.bells[v]));
		close(bells[v]);
	}
	close(silent);
	leave(&good);
	leave(&last);
}

static void clients_are_bounded(void **state)
{
	struct fixture *fixture = *state;
	int clients[64], extra;

	server_start(fixture, NULL);
	for (unsigned c = 0; c < 64; c++) {
		clients[c] = connect_to(fixture->socket, SOCK_STREAM);
		expect(clients[c], 0, false);
		expect(clients[c], c, false);
	}
	extra = connect_to(fixture->socket, SOCK_STREAM);
	expect_end(extra);
	close(extra);
	program_says(&fixture->server, "a client was refused");
	/* Room again. */
	close(clients[7]);
	for (unsigned tries = 0;; tries++) {
		char word[8];

		extra = connect_to(fixture->socket, SOCK_STREAM);
		if (recv(extra, word, sizeof(word), MSG_WAITALL) == sizeof(word))
			break;
		assert_true(tries < 1000);
		close(extra);
		nap_ms(5);
	}
	close(extra);
	for (unsigned c = 0; c < 64; c++) {
		if (c != 7)
			close(clients[c]);
	}
}

/* Out of descriptors: the client is told at once, those who are there stay, and there is no spinning. */
static void no_descriptors_left(void **state)
{
	struct fixture *fixture = *state;
	struct rlimit few = { 24, 24 };
	unsigned long work;
	struct member good;
	int clients[40];

	server_start(fixture, NULL);
	good = join(fixture->socket, 0, NULL, 0);
	assert_int_equal(prlimit(fixture->server.pid, RLIMIT_NOFILE, &few, NULL), 0);
	for (unsigned c = 0; c < 40; c++)
		clients[c] = connect_to(fixture->socket, SOCK_STREAM);
	program_says(&fixture->server, "refused");
	expect_end(clients[39]);
	nap_ms(200);
	work = server_work(&fixture->server);
	nap_ms(500);
	assert_int_equal(server_work(&fixture->server), work);
	for (unsigned c = 0; c < 40; c++)
		close(clients[c]);
	leave(&good);
	for (unsigned tries = 0;; tries++) {
		char word[8];
		int client = connect_to(fixture->socket, SOCK_STREAM);
		bool served = recv(client, word, sizeof(word), MSG_WAITALL) == sizeof(word);

		close(client);
		if (served)
			break;
		assert_true(tries < 1000);
		nap_ms(5);
	}
}

/* Many who connect at once do not keep it from what else there is to do: who misbehaves goes before all of them are in. */
static void newcomers_can_wait(void **state)
{
	struct fixture *fixture = *state;
	struct member first, good;
	int clients[58], fd, bells[VECTORS];
	unsigned arrivals = 0;

	server_start(fixture, NULL);
	first = join(fixture->socket, 0, NULL, 0);
	good = join(fixture->socket, 1, (const int64_t[]){ 0 }, 1);
	expect_vectors(first.socket, 1, bells);
	kill(fixture->server.pid, SIGSTOP);
	for (unsigned c = 0; c < 58; c++)
		clients[c] = connect_to(fixture->socket, SOCK_STREAM);
	assert_int_equal(send(first.socket, "x", 1, 0), 1); /* for which it is dropped */
	kill(fixture->server.pid, SIGCONT);
	while (message(good.socket, &fd) != 0) {
		assert_true(fd >= 0);
		close(fd);
		arrivals++;
	}
	assert_true(arrivals < 58 * VECTORS);
	for (unsigned c = 0; c < 58; c++)
		close(clients[c]);
	for (unsigned v = 0; v < VECTORS; v++)
		close(bells[v]);
	leave(&first);
	leave(&good);
}

static void idle_costs_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct member member;
	unsigned long work;

	server_start(fixture, NULL);
	member = join(fixture->socket, 0, NULL, 0);
	nap_ms(200);
	work = server_work(&fixture->server);
	nap_ms(1000);
	assert_int_equal(server_work(&fixture->server), work);
	leave(&member);
}

static void no_descriptor_leaks(void **state)
{
	struct fixture *fixture = *state;
	unsigned before, own = own_descriptors();

	server_start(fixture, NULL);
	before = program_descriptors(&fixture->server);
	for (int64_t id = 0; id < 100; id++) {
		int client = connect_to(fixture->socket, SOCK_STREAM);

		/* Some leave in the middle of the handshake. */
		if (id % 3)
			expect(client, 0, false);
		close(client);
	}
	for (unsigned waited = 0; program_descriptors(&fixture->server) != before; waited += 10) {
		assert_true(waited < PATIENCE_MS);
		nap_ms(10);
	}
	assert_int_equal(WEXITSTATUS(program_end(&fixture->server, SIGTERM)), 0);
	assert_int_equal(own_descriptors(), own);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(who_never_reads_is_dropped), TEST(who_reads_late),     TEST(clients_are_bounded),
		TEST(no_descriptors_left),        TEST(idle_costs_nothing), TEST(no_descriptor_leaks),
		TEST(newcomers_can_wait),
	};

	return RUN(tests, argc, argv);
}
