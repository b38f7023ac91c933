/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ivshmem clients see (QEMU's docs/specs/ivshmem-spec).
 */
#include "bench.h"

#include <idtntb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void handshake_is_exact(void **state)
{
	/* Version 0, id 0, memory, own two vectors; little-endian, nothing else. */
	static const uint8_t bytes[5 * 8] = { [16] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct fixture *fixture = *state;
	uint8_t got[sizeof(bytes) + 8];
	size_t size = 0;
	int client;

	server_start(fixture, NULL);
	client = connect_to(fixture->socket, SOCK_STREAM);
	while (size < sizeof(bytes)) {
		ssize_t n = recv(client, got + size, sizeof(got) - size, 0);

		assert_true(n > 0);
		size += (size_t)n;
	}
	assert_int_equal(size, sizeof(bytes));
	assert_memory_equal(got, bytes, sizeof(bytes));
	expect_silence(client);
	close(client);
}

static void memory_holds_the_switch(void **state)
{
	static const char *const more[] = { "--chip", "89HPES32NT8AG2", "--ports", "0=2,4=0,20=7", NULL };
	struct fixture *fixture = *state;
	struct idtntb_switch *sw;
	struct member member;
	struct stat st;
	void *block;

	server_start(fixture, more);
	program_says(&fixture->server, "89HPES32NT8AG2, ports 0=2,4=0,20=7 ");
	member = join(fixture->socket, 0, NULL, 0);
	assert_int_equal(fstat(member.memory, &st), 0);
	assert_int_equal(st.st_size, 4 << 20);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_true(st.st_blocks * 512 >= st.st_size);
	block = aligned_alloc(64, (idtntb_block_size() + 63) & ~(size_t)63);
	assert_non_null(block);
	assert_int_equal(pread(member.memory, block, idtntb_block_size(), 0), idtntb_block_size());
	assert_int_equal(idtntb_switch_open(&sw, block, idtntb_block_size(), NULL), 0);
	assert_string_equal(idtntb_switch_topology(sw)->chip->name, "89HPES32NT8AG2");
	assert_int_equal(idtntb_switch_topology(sw)->port_count, 3);
	assert_int_equal(idtntb_switch_slot(sw, 20), 2);
	idtntb_switch_close(sw);
	free(block);
	leave(&member);
}

static void clients_meet(void **state)
{
	static const int64_t ids[] = { 0, 1 };
	struct fixture *fixture = *state;
	struct member a, b, c;
	int to_b[VECTORS], to_c[VECTORS], again[VECTORS];

	server_start(fixture, NULL);
	a = join(fixture->socket, 0, NULL, 0);
	b = join(fixture->socket, 1, ids, 1);
	expect_vectors(a.socket, 1, to_b);
	c = join(fixture->socket, 2, ids, 2);
	expect_vectors(a.socket, 2, to_c);
	expect_vectors(b.socket, 2, again);

	for (unsigned v = 0; v < VECTORS; v++) {
		ring(to_b[v]);
		assert_true(rung(b.bells[v]));
		assert_false(rung(b.bells[!v]));
		assert_false(rung(c.bells[v]));
		ring(to_c[v]);
		ring(again[v]);
		assert_true(rung(c.bells[v]));
		assert_false(rung(c.bells[v]));
	}
	leave(&b);
	expect(a.socket, 1, false);
	expect(c.socket, 1, false);
	/* Ids go on rising: who has not yet seen a departure cannot take the next client for the last. */
	b = join(fixture->socket, 3, (const int64_t[]){ 0, 2 }, 2);
	for (unsigned v = 0; v < VECTORS; v++) {
		close(to_b[v]);
		close(to_c[v]);
		close(again[v]);
	}
	leave(&a);
	leave(&b);
	leave(&c);
}

static void number_of_vectors(void **state)
{
	static const char *const more[] = { "--vectors", "5", NULL };
	struct fixture *fixture = *state;
	int client;

	server_start(fixture, more);
	client = connect_to(fixture->socket, SOCK_STREAM);
	expect(client, 0, false);
	expect(client, 0, false);
	close(expect(client, -1, true));
	for (unsigned v = 0; v < 5; v++)
		close(expect(client, 0, true));
	expect_silence(client);
	close(client);
}

static void who_writes_is_dropped(void **state)
{
	static const int64_t ids[] = { 0 };
	struct fixture *fixture = *state;
	struct member good, bad;
	int bells[VECTORS];

	server_start(fixture, NULL);
	good = join(fixture->socket, 0, NULL, 0);
	bad = join(fixture->socket, 1, ids, 1);
	expect_vectors(good.socket, 1, bells);
	assert_int_equal(send(bad.socket, "x", 1, 0), 1);
	expect(good.socket, 1, false);
	expect_end(bad.socket);
	program_says(&fixture->server, "client 1 is gone: it wrote");
	for (unsigned v = 0; v < VECTORS; v++)
		close(bells[v]);
	leave(&good);
	leave(&bad);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(handshake_is_exact), TEST(memory_holds_the_switch), TEST(clients_meet),
		TEST(number_of_vectors),  TEST(who_writes_is_dropped),
	};

	return RUN(tests, argc, argv);
}
