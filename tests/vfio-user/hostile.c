/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clients that are slow, stuck, broken or hostile: theirs is the connection that ends, with a line in the log; the other
 * port is served meanwhile, the next client of the same port too, and no descriptor stays behind.
 */
#include "client.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRIGGER_EVENTFD (1u << 5 | 1u << 2)

/* Longer than the server's patience with a client. */
#define LONG_MS 15000

/* The other port, served all the time by a thread of its own. Not on a stack that a failing test leaves. */
static struct witness {
	struct client client;
	pthread_t thread;
	atomic_bool stop;
	atomic_uint rounds;
	int64_t worst; /* ms for one access */
	bool running;
} witness;

static void *watch(void *opaque)
{
	(void)opaque;
	while (!atomic_load(&witness.stop)) {
		const int64_t start = now_ms();
		const uint32_t value = atomic_load(&witness.rounds);

		nt_write(&witness.client, 0x40C, value);
		assert_int_equal(nt_read(&witness.client, 0x40C), value);
		if (now_ms() - start > witness.worst)
			witness.worst = now_ms() - start;
		atomic_fetch_add(&witness.rounds, 1);
		usleep(1000);
	}
	return NULL;
}

static void witness_start(struct server *server)
{
	memset(&witness, 0, sizeof(witness));
	client_open(&witness.client, server->paths[1]);
	client_enable(&witness.client, 1);
	assert_int_equal(pthread_create(&witness.thread, NULL, watch, NULL), 0);
	witness.running = true;
}

static void witness_stop(void)
{
	if (!witness.running)
		return;
	atomic_store(&witness.stop, true);
	pthread_join(witness.thread, NULL);
	witness.running = false;
	client_close(&witness.client);
}

static void witness_end(void)
{
	witness_stop();
	assert_true(atomic_load(&witness.rounds) > 0);
	/* Generous for a busy machine, and below the patience the server has with the hostile one. */
	assert_true(witness.worst < 4000);
}

static int teardown(void **state)
{
	witness_stop();
	return server_teardown(state);
}

/* Run one attack on port 0 and see that it is over without a trace. */
static void attack(struct server *server, void (*run)(struct server *server, struct client *client), bool connected,
		   const char *line)
{
	struct client client = { .fd = -1, .ram_fd = -1, .irq = -1 };
	unsigned before;

	witness_start(server);
	client_open(&client, server->paths[0]);
	client_close(&client);
	server_says(server, "port 0: client gone");
	before = settled_descriptors(server);
	if (connected)
		client_open(&client, server->paths[0]);
	else
		client.fd = dial(server->paths[0]);
	run(server, &client);
	if (line) {
		assert_true(hangs_up(client.fd, LONG_MS));
		server_says(server, line);
	}
	client_close(&client);
	UNTIL(server_descriptors(server) == before);
	/* The next one is served, and both see each other. */
	client_open(&client, server->paths[0]);
	client_enable(&client, 0);
	window_set(&client, 0, 1, RAM_BASE);
	witness.client.ram[0x80] = 0x42;
	UNTIL((window_read(&client, 0, 0x80) & 0xFF) == 0x42);
	client_close(&client);
	witness_end();
}

/* ---------------------------------------------------------------- framing */

static void send_header(struct client *client, uint16_t command, uint32_t size, uint32_t flags)
{
	const struct header header = { .id = 1, .command = command, .size = size, .flags = flags };

	send_raw(client->fd, &header, sizeof(header), NULL, 0);
}

static void garbage(struct server *server, struct client *client)
{
	uint8_t noise[4096];

	(void)server;
	for (unsigned i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)(i * 2654435761u >> 13) | 1;
	send_raw(client->fd, noise, sizeof(noise), NULL, 0);
}

static void huge(struct server *server, struct client *client)
{
	(void)server;
	send_header(client, REGION_WRITE, 0xFFFFFFF0, 0);
}

static void tiny(struct server *server, struct client *client)
{
	(void)server;
	send_header(client, REGION_READ, 4, 0);
}

static void reply_out_of_nowhere(struct server *server, struct client *client)
{
	(void)server;
	send_header(client, REGION_READ, 16, FLAG_REPLY);
}

static void half_a_header(struct server *server, struct client *client)
{
	(void)server;
	send_raw(client->fd, "\1\0\11\0\40", 5, NULL, 0);
}

static void half_a_body(struct server *server, struct client *client)
{
	(void)server;
	send_header(client, REGION_WRITE, 64, 0);
	send_raw(client->fd, "0123456789", 10, NULL, 0);
}

static void half_and_gone(struct server *server, struct client *client)
{
	half_a_body(server, client);
	shutdown(client->fd, SHUT_WR);
}

static void silent(struct server *server, struct client *client)
{
	(void)server;
	(void)client;
}

static void no_version(struct server *server, struct client *client)
{
	uint32_t info[4] = { sizeof(info) };

	(void)server;
	send_message(client, GET_INFO, 0, info, sizeof(info), NULL, 0);
}

static void wrong_version(struct server *server, struct client *client)
{
	(void)server;
	send_message(client, VERSION, 0, "\7\0\0\0{}", 7, NULL, 0);
}

static void bad_json(struct server *server, struct client *client)
{
	(void)server;
	send_message(client, VERSION, 0, "\0\0\1\0{\"capabilities\":[[[[[[[[", 29, NULL, 0);
}

static void version_again(struct server *server, struct client *client)
{
	(void)server;
	send_message(client, VERSION, 0, "\0\0\1\0{}", 7, NULL, 0);
}

static void framing(void **state)
{
	static const struct {
		void (*run)(struct server *server, struct client *client);
		bool connected;
		const char *line;
	} attacks[] = {
		{ garbage, true, "thrown out: a message" },
		{ garbage, false, "thrown out: " },
		{ huge, true, "thrown out: a message of 4294967280 bytes" },
		{ tiny, true, "thrown out: a message of 4 bytes" },
		{ reply_out_of_nowhere, true, "thrown out: a message that is no command" },
		{ half_and_gone, true, "thrown out: the connection ended amid a message" },
		{ no_version, false, "thrown out: command 4 before VERSION" },
		{ wrong_version, false, "thrown out: VERSION was not one to agree on" },
		{ bad_json, false, "thrown out: VERSION was not one to agree on" },
		{ version_again, true, "thrown out: VERSION a second time" },
	};

	for (unsigned i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		/* A fresh server for each: the lines are rate-limited. */
		if (i) {
			server_end(*state, SIGTERM);
			server_start(*state, "local:test", NULL);
		}
		attack(*state, attacks[i].run, attacks[i].connected, attacks[i].line);
	}
}

static void waiting(void **state)
{
	attack(*state, half_a_header, true, "thrown out: half a message");
	attack(*state, half_a_body, true, "thrown out: half a message");
	attack(*state, silent, false, "thrown out: no VERSION");
}

/* A message in pieces is none of that. */
static void in_pieces(struct server *server, struct client *client)
{
	uint8_t message[16 + 16 + 64];
	const struct header header = { .id = 77, .command = REGION_WRITE, .size = sizeof(message) };
	const uint32_t access[4] = { 0x40C, 0, 0, 4 };

	(void)server;
	config_write(client, 0x04, 0x6);
	memset(message, 0xAB, sizeof(message));
	memcpy(message, &header, sizeof(header));
	memcpy(message + 16, access, sizeof(access));
	((struct header *)(void *)message)->size = 36;
	for (unsigned i = 0; i < 36; i++) {
		assert_true(send_raw(client->fd, message + i, 1, NULL, 0));
		usleep(2000);
	}
	client->id = 77;
	assert_int_equal(receive_reply(client, message, sizeof(message)), 0);
	client->id = 100;
	assert_int_equal(config_read(client, 0x40C), 0xABABABAB);
}

static void pieces(void **state)
{
	attack(*state, in_pieces, true, NULL);
}

/* ---------------------------------------------------------------- well-formed nonsense */

/* Each is refused with an error, and the connection goes on. */
static void nonsense(struct server *server, struct client *client)
{
	static const struct {
		uint16_t command;
		uint32_t words[8];
		unsigned count;
	} messages[] = {
		{ GET_INFO, { 0 }, 4 },
		{ GET_REGION_INFO, { 32, 0, 0xFFFFFFFF }, 8 },
		{ GET_REGION_INFO, { 4 }, 8 },
		{ GET_IRQ_INFO, { 16, 0, 99 }, 4 },
		{ SET_IRQS, { 20, 1u << 5 | 1u << 2, 1, 0xFFFFFFFF, 0xFFFFFFFF }, 5 },
		{ SET_IRQS, { 20, 0xFFFFFFFF, 1, 0, 1 }, 5 },
		{ SET_IRQS, { 20, 1u << 5 | 1u << 1, 1, 0, 1 }, 5 },
		{ REGION_READ, { 0, 0, 99, 4 }, 4 },
		{ REGION_READ, { 0, 0, 0, 0x7FFFFFFF }, 4 },
		{ REGION_READ, { 0xFFFFFFFF, 0xFFFFFFFF, 0, 4 }, 4 },
		{ REGION_WRITE, { 0, 0, 0, 64 }, 5 },
		{ REGION_READ, { 0, 0, 6, 4 }, 4 },
		{ DMA_MAP, { 32, 0xFFFF, 0, 0, 0, 0, 0x1000, 0 }, 8 },
		{ DMA_UNMAP, { 24, 1, 0, 0, 0x1000, 0, 0, 0 }, 6 },
		{ 11, { 0 }, 4 },
		{ 15, { 0 }, 4 },
		{ 16, { 8, 1u << 16 | 1 }, 2 },
		{ 17, { 8, 0xFFFFFFFF }, 2 },
		{ 18, { 8, 0xFFFFFFFF }, 2 },
		{ 999, { 0 }, 4 },
	};

	(void)server;
	for (unsigned i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		char reply[64];

		/* An unmap that wants a bitmap and is too short for it is thrown out, see below. */
		if (messages[i].command == DMA_UNMAP)
			continue;
		if (request(client, messages[i].command, messages[i].words, messages[i].count * 4, reply,
			    sizeof(reply)) <= 0)
			fail_msg("message %u was taken, or ended the connection", i);
	}
	/* 16 descriptors at a time, as cloud-hypervisor does, where there is one vector. */
	for (unsigned round = 0; round < 3; round++) {
		int fds[16];

		for (unsigned i = 0; i < 16; i++)
			fds[i] = eventfd(0, EFD_NONBLOCK);
		assert_true(set_irq(client, 1, TRIGGER_EVENTFD, 16, fds, 16) > 0);
		for (unsigned i = 0; i < 16; i++)
			close(fds[i]);
	}
	/* Posted: no reply, whether right or wrong. */
	config_write(client, 0x04, 0x6);
	for (unsigned i = 0; i < 1000; i++) {
		const uint32_t write[5] = { i & 1 ? 0x40C : 0xFFFFFF, 0, 0, 4, i };

		assert_true(send_message(client, REGION_WRITE, FLAG_NO_REPLY, write, sizeof(write), NULL, 0));
	}
	assert_int_equal(config_read(client, 0x40C), 999);
	assert_int_equal(request(client, RESET, NULL, 0, NULL, 0), 0);
}

static void well_formed_nonsense(void **state)
{
	attack(*state, nonsense, true, NULL);
}

static void short_unmap(struct server *server, struct client *client)
{
	const uint32_t unmap[6] = { 24, 1, 0, 0, 0x1000, 0 };

	(void)server;
	send_message(client, DMA_UNMAP, 0, unmap, sizeof(unmap), NULL, 0);
}

static void short_bodies(struct server *server, struct client *client)
{
	(void)server;
	send_message(client, DMA_MAP, 0, "\4\0\0\0", 4, NULL, 0);
}

static void bodies(void **state)
{
	attack(*state, short_unmap, true, "thrown out: DMA_UNMAP wants a bitmap");
	attack(*state, short_bodies, true, "thrown out: DMA_MAP with a body of 4 bytes");
}

/* ---------------------------------------------------------------- descriptors */

static void many_descriptors(struct server *server, struct client *client)
{
	const uint32_t set[5] = { 20, TRIGGER_EVENTFD, 1, 0, 1 };
	int fds[200];

	(void)server;
	for (unsigned i = 0; i < 200; i++)
		fds[i] = client->irq;
	send_message(client, SET_IRQS, 0, set, sizeof(set), fds, 200);
}

static void unwanted_descriptors(struct server *server, struct client *client)
{
	const uint32_t access[4] = { 0, 0, 0, 4 };

	(void)server;
	send_message(client, REGION_READ, 0, access, sizeof(access), &client->irq, 1);
}

static void a_pipe_for_interrupts(struct server *server, struct client *client)
{
	const uint32_t set[5] = { 20, TRIGGER_EVENTFD, 1, 0, 1 };
	int fds[2];

	(void)server;
	assert_int_equal(pipe(fds), 0);
	send_message(client, SET_IRQS, 0, set, sizeof(set), fds + 1, 1);
	close(fds[0]);
	close(fds[1]);
}

static void descriptors(void **state)
{
	attack(*state, many_descriptors, true, "thrown out: more than 16 descriptors");
	attack(*state, unwanted_descriptors, true, "thrown out: REGION_READ with 1 descriptors");
	attack(*state, a_pipe_for_interrupts, true, "thrown out: DEVICE_SET_IRQS with a descriptor that is no eventfd");
}

/* An eventfd that is full and would block: the interrupt is pending in it, and nobody waits. */
static void full_eventfd(struct server *server, struct client *client)
{
	const uint64_t full = UINT64_MAX - 1;
	int fd = eventfd(0, 0);

	(void)server;
	assert_int_equal(set_irq(client, 1, TRIGGER_EVENTFD, 1, &fd, 1), 0);
	client_enable(client, 0);
	assert_int_equal(write(fd, &full, sizeof(full)), sizeof(full));
	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
	nt_write(client, 0x420, 1);
	assert_int_equal(nt_read(client, 0x428), 1);
	close(fd);
}

static void interrupts_that_block(void **state)
{
	attack(*state, full_eventfd, true, NULL);
}

/* RAM that is none: each is an error of the request. */
static void bad_ram(struct server *server, struct client *client)
{
	int disk = open(server->folder, O_TMPFILE | O_RDWR, 0600), fd;

	if (disk >= 0) {
		assert_int_equal(ftruncate(disk, 0x10000), 0);
		/* Where the folder is on a disk. On a tmpfs it is as good as any memory. */
		dma_map(client, 0x10000, 0, 0x10000, disk);
		close(disk);
	}
	fd = open("/dev/null", O_RDWR);
	assert_true(dma_map(client, 0x1000, 0, 0x1000, fd) > 0);
	close(fd);
	fd = memfd_create("ro", MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(fd, 0x1000), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	assert_true(dma_map(client, 0x1000, 0, 0x1000, fd) > 0);
	close(fd);
	/* More files than a client may have. */
	for (unsigned i = 0; i < 40; i++) {
		int error;

		fd = memfd_create("many", 0);
		assert_int_equal(ftruncate(fd, 0x1000), 0);
		error = dma_map(client, 0x10000000 + i * 0x1000, 0, 0x1000, fd);
		assert_true(i < 31 ? error == 0 : error > 0);
		close(fd);
	}
	/* More than there is address space. */
	fd = memfd_create("large", 0);
	assert_int_equal(ftruncate(fd, 1ll << 45), 0);
	assert_true(dma_map(client, 1ull << 46, 0, 1ull << 40, fd) > 0);
	close(fd);
}

static void ram(void **state)
{
	attack(*state, bad_ram, true, NULL);
}

/* A file cut short under the server and under the peer that reads it: nobody dies but the connection. */
static void cut_short(void **state)
{
	struct server *server = *state;
	struct client a, b;

	for (unsigned round = 0; round < 3; round++) {
		client_open(&a, server->paths[0]);
		client_open(&b, server->paths[1]);
		client_enable(&a, 0);
		client_enable(&b, 1);
		window_set(&b, 0, 0, RAM_BASE);
		/* Not a page: by copy through the owner. */
		window_set(&b, 1, 0, RAM_BASE + 0x100004);
		a.ram[0x10] = 7;
		UNTIL((window_read(&b, 0, 0x10) & 0xFF) == 7);
		if (round == 1)
			UNTIL(window_read(&b, 1, 0x10) == 0);
		assert_int_equal(ftruncate(a.ram_fd, 0), 0);
		if (round != 1) {
			assert_int_equal(window_read(&b, 0, 0x10), 0xFFFFFFFF);
			window_write(&b, 0, 0x14, 1);
		}
		window_write(&b, 1, 0x10, 1);
		if (round)
			window_read(&b, 1, 0x10);
		else
			window_write(&b, 1, 0x20, 1);
		assert_true(hangs_up(a.fd, PATIENCE_MS));
		server_says(server, "it has cut its RAM short");
		assert_int_equal(config_read(&b, 0) & 0xFFFF, 0x111D);
		assert_int_equal(ftruncate(a.ram_fd, RAM_SIZE), 0);
		client_close(&a);
		client_close(&b);
	}
}

/* Asks and never reads: megabytes of replies, and an end by the server. */
static void never_reads(struct server *server, struct client *client)
{
	static uint8_t big[16 + 16];
	const struct header header = { .id = 1, .command = REGION_READ, .size = sizeof(big) };
	const uint32_t access[4] = { 0, 0, LUT_BAR, 0x100000 };

	(void)server;
	memcpy(big, &header, sizeof(header));
	memcpy(big + sizeof(header), access, sizeof(access));
	for (unsigned i = 0; i < 64; i++)
		send_raw(client->fd, big, sizeof(big), NULL, 0);
	usleep(7000000);
}

/* Asks and goes: the reply finds nobody. */
static void asks_and_goes(struct server *server, struct client *client)
{
	const uint32_t access[4] = { 0, 0, LUT_BAR, 0x100000 };

	for (unsigned round = 0; round < 20; round++) {
		assert_true(send_message(client, REGION_READ, 0, access, sizeof(access), NULL, 0));
		assert_true(send_message(client, REGION_READ, 0, access, sizeof(access), NULL, 0));
		client_close(client);
		server_says(server, "port 0: link of port 0 is down");
		client_open(client, server->paths[0]);
	}
}

static void replies_not_read(void **state)
{
	attack(*state, asks_and_goes, true, NULL);
	attack(*state, never_reads, true, "thrown out: it does not read its replies");
}

/* The server ends in time whatever its clients do. */
static void ends_in_time(void **state)
{
	struct server *server = *state;
	struct client a;
	int64_t start;
	int status;

	client_open(&a, server->paths[0]);
	half_a_body(server, &a);
	start = now_ms();
	status = server_end(server, SIGTERM);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_true(now_ms() - start < 4000);
	client_close(&a);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(framing, server_setup, teardown),
		cmocka_unit_test_setup_teardown(waiting, server_setup, teardown),
		cmocka_unit_test_setup_teardown(pieces, server_setup, teardown),
		cmocka_unit_test_setup_teardown(well_formed_nonsense, server_setup, teardown),
		cmocka_unit_test_setup_teardown(bodies, server_setup, teardown),
		cmocka_unit_test_setup_teardown(descriptors, server_setup, teardown),
		cmocka_unit_test_setup_teardown(interrupts_that_block, server_setup, teardown),
		cmocka_unit_test_setup_teardown(ram, server_setup, teardown),
		cmocka_unit_test_setup_teardown(cut_short, server_setup, teardown),
		cmocka_unit_test_setup_teardown(replies_not_read, server_setup, teardown),
		cmocka_unit_test_setup_teardown(ends_in_time, server_setup, teardown),
	};

	if (argc < 2) {
		print_error("usage: %s SERVER\n", argv[0]);
		return 2;
	}
	server_program = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
