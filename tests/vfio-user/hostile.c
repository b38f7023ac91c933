/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clients that are slow, stuck, broken or hostile in what they say: theirs is the connection that ends, with a line in
 * the log.
 */
#include "attack.h"

#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---------------------------------------------------------------- framing */

static void send_header(struct client *client, uint16_t command, uint32_t size, uint32_t flags)
{
	const struct header header = { .id = 1, .command = command, .size = size, .flags = flags };

	fds_send(client->fd, &header, sizeof(header), NULL, 0);
}

static void garbage(struct server *server, struct client *client)
{
	uint8_t noise[4096];

	(void)server;
	for (unsigned i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)(i * 2654435761u >> 13) | 1;
	fds_send(client->fd, noise, sizeof(noise), NULL, 0);
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
	fds_send(client->fd, "\1\0\11\0\40", 5, NULL, 0);
}

static void half_a_body(struct server *server, struct client *client)
{
	(void)server;
	send_header(client, REGION_WRITE, 64, 0);
	fds_send(client->fd, "0123456789", 10, NULL, 0);
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
		attack_run *run;
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
		assert_true(fds_send(client->fd, message + i, 1, NULL, 0));
		usleep(2000);
	}
	client->id = 77;
	assert_int_equal(receive_reply(client, message, sizeof(message)), 0);
	client->id = 100;
	assert_int_equal(config_read(client, 0x40C), 0xABABABAB);
}

/* Nor is one whose sender was held up in the midst of it, however long the client has been there. */
static void held_up(struct server *server, struct client *client)
{
	static uint8_t message[16 + 16 + 0x100000], back[0x1000];
	const struct header header = { .id = 78, .command = REGION_WRITE, .size = sizeof(message) };
	const uint32_t access[4] = { 0, 0, LUT_BAR, 0x100000 };
	const size_t first = 16 + 16 + 100;

	(void)server;
	memcpy(message, &header, sizeof(header));
	memcpy(message + 16, access, sizeof(access));
	memset(message + 32, 0xCD, sizeof(message) - 32);
	client_enable(client, 0);
	window_set(client, 0, 1, RAM_BASE);
	UNTIL(window_read(client, 0, 0) == 0);
	usleep(5500000); /* longer than the server's patience */
	assert_true(fds_send(client->fd, message, first, NULL, 0));
	usleep(300000);
	assert_true(fds_send(client->fd, message + first, sizeof(message) - first, NULL, 0));
	client->id = 78;
	assert_int_equal(receive_reply(client, message, 16), 0);
	region_read(client, LUT_BAR, 0x100000 - sizeof(back), back, sizeof(back));
	for (unsigned i = 0; i < sizeof(back); i++)
		assert_int_equal(back[i], 0xCD);
}

static void pieces(void **state)
{
	attack(*state, in_pieces, true, NULL);
	attack(*state, held_up, true, NULL);
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

/* ---------------------------------------------------------------- replies */

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
		fds_send(client->fd, big, sizeof(big), NULL, 0);
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
	const uint32_t access[4] = { 0, 0, LUT_BAR, 0x100000 };
	struct server *server = *state;
	struct client a, b;
	int64_t start;
	int status;

	client_open(&a, server->paths[0]);
	client_open(&b, server->paths[1]);
	half_a_body(server, &a);
	send_message(&b, REGION_READ, 0, access, sizeof(access), NULL, 0);
	usleep(300000);
	start = now_ms();
	status = server_end(server, SIGTERM);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_true(now_ms() - start < 4000);
	/* Nobody's time was up. */
	assert_null(strstr(server->program.log, "thrown out"));
	client_close(&a);
	client_close(&b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ATTACK(framing), ATTACK(waiting),          ATTACK(pieces),       ATTACK(well_formed_nonsense),
		ATTACK(bodies),  ATTACK(replies_not_read), ATTACK(ends_in_time),
	};

	return RUN(tests, argc, argv);
}
