/* SPDX-License-Identifier: BSD-3-Clause */
/* A thousand clients that come and go and a hundred that are killed leave the server as it was. */
#include "client.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNECTS 1000
#define KILLS 100

/* What the heap may keep that grew once and is used again, KiB. */
#define MEMORY_SLACK 2048

static void other_port_served(struct client *other, uint32_t value)
{
	nt_write(other, 0x40C, value);
	assert_int_equal(nt_read(other, 0x40C), value);
}

/* One round, of the kinds there are: with RAM and windows towards it, bare, not even negotiated. */
static void come_and_go(struct server *server, struct client *other, unsigned round)
{
	struct client client;
	int fd;

	switch (round % 4) {
	case 0:
		fd = dial(server->paths[0]);
		close(fd);
		break;
	case 1:
		client_connect(&client, server->paths[0]);
		client_close(&client);
		break;
	default:
		client_open(&client, server->paths[0]);
		client_enable(&client, 0);
		window_set(&client, 0, 1, RAM_BASE);
		window_write(&client, 0, 0x40, round);
		assert_memory_equal(other->ram + 0x40, &round, sizeof(round));
		client_close(&client);
	}
}

static void thousand_connects(void **state)
{
	struct server *server = *state;
	unsigned long memory = 0;
	unsigned descriptors = 0;
	struct client other;

	client_open(&other, server->paths[1]);
	client_enable(&other, 1);
	window_set(&other, 0, 0, RAM_BASE);
	for (unsigned round = 0; round < CONNECTS; round++) {
		come_and_go(server, &other, round);
		other_port_served(&other, round);
		server_drain(server);
		if (round == 50) {
			descriptors = settled_descriptors(server);
			memory = server_memory(server);
		}
		window_read(&other, 0, 0);
	}
	assert_int_equal(settled_descriptors(server), descriptors);
	print_message("resident memory %lu KiB after 50 connects, %lu KiB after %u\n", memory, server_memory(server),
		      CONNECTS);
#ifndef __SANITIZE_ADDRESS__ /* which keeps what was freed */
	assert_true(server_memory(server) < memory + MEMORY_SLACK);
#endif
	client_close(&other);
}

/* In a process of its own, killed somewhere in the midst of it. */
static pid_t victim(struct server *server)
{
	struct client client;
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	client_open(&client, server->paths[0]);
	client_enable(&client, 0);
	window_set(&client, 0, 1, RAM_BASE);
	for (uint32_t i = 0;; i++) {
		window_write(&client, 0, 0x40, i);
		nt_write(&client, 0x420, 1);
	}
}

static void hundred_kills(void **state)
{
	struct server *server = *state;
	unsigned descriptors;
	struct client other, next;

	client_open(&other, server->paths[1]);
	client_enable(&other, 1);
	window_set(&other, 0, 0, RAM_BASE);
	descriptors = settled_descriptors(server);
	for (unsigned round = 0; round < KILLS; round++) {
		pid_t pid = victim(server);

		usleep(5000 + round * 137 % 20000);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		other_port_served(&other, round);
		server_drain(server);
	}
	client_open(&next, server->paths[0]);
	client_enable(&next, 0);
	next.ram[0] = 0x77;
	UNTIL((window_read(&other, 0, 0) & 0xFF) == 0x77);
	client_close(&next);
	assert_int_equal(settled_descriptors(server), descriptors);
	client_close(&other);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(thousand_connects),
		TEST(hundred_kills),
	};

	return RUN(tests, argc, argv);
}
