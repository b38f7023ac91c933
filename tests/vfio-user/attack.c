/* SPDX-License-Identifier: BSD-3-Clause */
#include "attack.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

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

int attack_teardown(void **state)
{
	witness_stop();
	return server_teardown(state);
}

void attack(struct server *server, attack_run *run, bool connected, const char *line)
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
