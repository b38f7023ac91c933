/* SPDX-License-Identifier: BSD-3-Clause */
/* What a VMM sees: registers, windows, interrupts, RAM that comes and goes, resets, reconnects. */
#include "client.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTDBELLSET 0x420u
#define INDBELLSTS 0x428u
#define TRIGGER_NONE (1u << 5 | 1u << 0)
#define MASK_NONE (1u << 3 | 1u << 0)
#define UNMASK_NONE (1u << 4 | 1u << 0)
#define UNMASK_EVENTFD (1u << 4 | 1u << 2)

static void open_both(struct server *server, struct client *a, struct client *b)
{
	client_open(a, server->paths[0]);
	client_open(b, server->paths[1]);
	client_enable(a, 0);
	client_enable(b, 1);
	interrupts(a->irq, 100);
	interrupts(b->irq, 100);
}

static void identity(void **state)
{
	struct server *server = *state;
	uint32_t info[4] = { sizeof(info) + sizeof(struct header) }, image[1024];
	struct client client;

	client_connect(&client, server->paths[0]);
	assert_int_equal(config_read(&client, 0) & 0xFFFF, 0x111D);
	assert_int_equal(request(&client, GET_INFO, info, sizeof(info), info, sizeof(info)), 0);
	assert_int_equal(info[2], 9);
	/* A VMM takes a copy of all of configuration space: byte for byte what single reads give. */
	region_read(&client, CONFIG_REGION, 0, image, sizeof(image));
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(image[i], config_read(&client, 4 * i));
	assert_int_equal(image[0x400 / 4], config_read(&client, 0x400));
	/* Bytes and halves, and across dwords. */
	config_write(&client, 0x04, 0x6);
	region_write(&client, CONFIG_REGION, 0x3C, "\x0B", 1);
	assert_int_equal(config_read(&client, 0x3C) & 0xFF, 0x0B);
	nt_write(&client, 0x40C, 0x11223344);
	region_write(&client, 0, 0x40D, "\xAA\xBB", 2);
	assert_int_equal(nt_read(&client, 0x40C), 0x11BBAA44);
	client_close(&client);
}

static void regions_and_interrupts_described(void **state)
{
	struct server *server = *state;
	struct client client;

	client_connect(&client, server->paths[0]);
	for (uint32_t region = 0; region < 9; region++) {
		static const uint64_t sizes[9] = { 0x1000, 0, 0x2000000, 0, 0x100000, 0, 0, 0x1000, 0 };
		struct {
			uint32_t argsz, flags, index, capabilities;
			uint64_t size, offset;
		} info = { .argsz = sizeof(info), .index = region };

		assert_int_equal(request(&client, GET_REGION_INFO, &info, sizeof(info), &info, sizeof(info)), 0);
		assert_true(info.size == sizes[region]);
		if (info.size)
			assert_int_equal(info.flags, 3);
	}
	for (uint32_t index = 0; index < 3; index++) {
		uint32_t info[4] = { sizeof(info), 0, index, 0 };

		assert_int_equal(request(&client, GET_IRQ_INFO, info, sizeof(info), info, sizeof(info)), 0);
		assert_int_equal(info[3], index == 2 ? 0 : 1);
	}
	client_close(&client);
}

static void windows_both_ways(void **state)
{
	struct client a, b;
	uint8_t *block = malloc(0x10000), *back = malloc(0x10000);

	open_both(*state, &a, &b);
	window_set(&a, 0, 1, RAM_BASE + 0x1000);
	window_set(&b, 3, 0, RAM_BASE + 0x200000);
	window_write(&a, 0, 0x10, 0xCAFEF00D);
	assert_memory_equal(b.ram + 0x1010, "\x0D\xF0\xFE\xCA", 4);
	memcpy(a.ram + 0x200040, "abcd", 4);
	assert_int_equal(window_read(&b, 3, 0x40), 0x64636261);
	/* Through the same window and back, in one large and many odd pieces. */
	for (unsigned i = 0; i < 0x10000; i++)
		block[i] = (uint8_t)(i * 7 + i / 256);
	region_write(&a, LUT_BAR, 0x100, block, 0x10000);
	assert_memory_equal(b.ram + 0x1100, block, 0x10000);
	region_read(&a, LUT_BAR, 0x101, back, 0xFFFF - 1);
	assert_memory_equal(back, block + 1, 0xFFFF - 1);
	/* Not set, past the end of RAM: ones, and nothing written. */
	assert_int_equal(window_read(&a, 1, 0), 0xFFFFFFFF);
	window_set(&a, 2, 1, RAM_BASE + RAM_SIZE - 0x800);
	assert_int_equal(window_read(&a, 2, 0x900), 0xFFFFFFFF);
	window_write(&a, 2, 0x900, 1);
	/* A base that is no page, which cannot be mapped. */
	window_set(&a, 4, 1, RAM_BASE + 0x300004);
	window_write(&a, 4, 0x10, 0x01020304);
	UNTIL(b.ram[0x300014] == 4 && b.ram[0x300017] == 1);
	assert_int_equal(window_read(&a, 4, 0x10), 0x01020304);
	free(block);
	free(back);
	client_close(&a);
	client_close(&b);
}

/* A store is there when the doorbell rings, every time. */
static void stores_before_doorbells(void **state)
{
	struct client a, b;

	open_both(*state, &a, &b);
	window_set(&a, 0, 1, RAM_BASE);
	for (uint32_t i = 1; i <= 300; i++) {
		window_write(&a, 0, 0x20, i);
		nt_write(&a, OUTDBELLSET, 0x2);
		assert_int_equal(interrupts(b.irq, PATIENCE_MS), 1);
		assert_memory_equal(b.ram + 0x20, &i, sizeof(i));
		nt_write(&b, INDBELLSTS, 0x2);
		nt_write(&a, INDBELLSTS, 0x2);
	}
	client_close(&a);
	client_close(&b);
}

static void msi_without_eventfd_waits(void **state)
{
	struct client a, b;

	open_both(*state, &a, &b);
	assert_int_equal(set_irq(&b, 1, TRIGGER_NONE, 0, NULL, 0), 0);
	nt_write(&a, OUTDBELLSET, 0x4);
	UNTIL(nt_read(&b, INDBELLSTS) == 0x4);
	assert_int_equal(interrupts(b.irq, 100), 0);
	assert_int_equal(set_irq(&b, 1, TRIGGER_EVENTFD, 1, &b.irq, 1), 0);
	assert_int_equal(interrupts(b.irq, PATIENCE_MS), 1);
	/* The same with a mask. */
	nt_write(&b, INDBELLSTS, 0x4);
	assert_int_equal(set_irq(&b, 1, MASK_NONE, 1, NULL, 0), 0);
	nt_write(&a, OUTDBELLSET, 0x8);
	UNTIL(nt_read(&b, INDBELLSTS) == 0x8);
	assert_int_equal(interrupts(b.irq, 100), 0);
	assert_int_equal(set_irq(&b, 1, UNMASK_NONE, 1, NULL, 0), 0);
	assert_int_equal(interrupts(b.irq, PATIENCE_MS), 1);
	client_close(&a);
	client_close(&b);
}

/* What nobody was told of before a reset is not told after it. */
static void reset_forgets_edges(void **state)
{
	struct client a, b;

	open_both(*state, &a, &b);
	assert_int_equal(set_irq(&b, 1, TRIGGER_NONE, 0, NULL, 0), 0);
	nt_write(&a, OUTDBELLSET, 0x4);
	UNTIL(nt_read(&b, INDBELLSTS) == 0x4);
	assert_int_equal(request(&b, RESET, NULL, 0, NULL, 0), 0);
	assert_int_equal(set_irq(&b, 1, TRIGGER_EVENTFD, 1, &b.irq, 1), 0);
	assert_int_equal(interrupts(b.irq, 100), 0);
	client_close(&a);
	client_close(&b);
}

static void intx_is_a_level(void **state)
{
	struct client a, b;

	open_both(*state, &a, &b);
	config_write(&b, 0xD0, config_read(&b, 0xD0) & ~(1u << 16));
	assert_int_equal(set_irq(&b, 1, TRIGGER_NONE, 0, NULL, 0), 0);
	assert_int_equal(set_irq(&b, 0, TRIGGER_EVENTFD, 1, &b.irq, 1), 0);
	interrupts(b.irq, 100);
	nt_write(&a, OUTDBELLSET, 0x10);
	assert_true(interrupts(b.irq, PATIENCE_MS) > 0);
	/* Unmasked while the cause is there: told again. */
	assert_int_equal(set_irq(&b, 0, UNMASK_NONE, 1, NULL, 0), 0);
	assert_true(interrupts(b.irq, PATIENCE_MS) > 0);
	nt_write(&b, INDBELLSTS, 0x10);
	assert_int_equal(set_irq(&b, 0, UNMASK_NONE, 1, NULL, 0), 0);
	assert_int_equal(interrupts(b.irq, 100), 0);
	client_close(&a);
	client_close(&b);
}

/* KVM says by an eventfd that the guest is done with an interrupt: each time it is told again while the cause is there. */
static void intx_unmasked_by_eventfd(void **state)
{
	const uint64_t one = 1;
	struct client a, b;
	int done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	open_both(*state, &a, &b);
	config_write(&b, 0xD0, config_read(&b, 0xD0) & ~(1u << 16));
	assert_int_equal(set_irq(&b, 1, TRIGGER_NONE, 0, NULL, 0), 0);
	assert_int_equal(set_irq(&b, 0, TRIGGER_EVENTFD, 1, &b.irq, 1), 0);
	assert_int_equal(set_irq(&b, 0, UNMASK_EVENTFD, 1, &done, 1), 0);
	interrupts(b.irq, 100);
	nt_write(&a, OUTDBELLSET, 0x10);
	assert_true(interrupts(b.irq, PATIENCE_MS) > 0);
	assert_int_equal(interrupts(b.irq, 100), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(write(done, &one, sizeof(one)), sizeof(one));
		assert_true(interrupts(b.irq, PATIENCE_MS) > 0);
	}
	nt_write(&b, INDBELLSTS, 0x10);
	assert_int_equal(write(done, &one, sizeof(one)), sizeof(one));
	assert_int_equal(interrupts(b.irq, 100), 0);
	/* The end of INTx is the end of this, too. */
	nt_write(&a, OUTDBELLSET, 0x10);
	assert_true(interrupts(b.irq, PATIENCE_MS) > 0);
	assert_int_equal(set_irq(&b, 0, TRIGGER_NONE, 0, NULL, 0), 0);
	assert_int_equal(set_irq(&b, 0, TRIGGER_EVENTFD, 1, &b.irq, 1), 0);
	interrupts(b.irq, 100);
	assert_int_equal(write(done, &one, sizeof(one)), sizeof(one));
	assert_int_equal(interrupts(b.irq, 100), 0);
	close(done);
	client_close(&a);
	client_close(&b);
}

/* RAM as QEMU cuts it up while a guest boots: pieces that continue each other are one to the windows. */
static void ram_in_pieces(void **state)
{
	struct client a, b;

	open_both(*state, &a, &b);
	window_set(&a, 0, 1, RAM_BASE);
	assert_int_equal(dma_unmap(&b, RAM_BASE, RAM_SIZE), 0);
	assert_int_equal(window_read(&a, 0, 0), 0xFFFFFFFF);
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(dma_map(&b, RAM_BASE + i * 0x10000, i * 0x10000, 0x10000, b.ram_fd), 0);
	for (unsigned i = 0; i < 16; i++) {
		window_write(&a, 0, i * 0x10000 + 0xFFFC, i);
		assert_memory_equal(b.ram + i * 0x10000 + 0xFFFC, &i, sizeof(i));
	}
	/* An unmap that has been answered holds: no store arrives after it. */
	memset(b.ram, 0x55, 0x10000);
	assert_int_equal(dma_unmap(&b, RAM_BASE, 0x10000), 0);
	window_write(&a, 0, 0x100, 0);
	assert_int_equal(window_read(&a, 0, 0x100), 0xFFFFFFFF);
	assert_int_equal(b.ram[0x100], 0x55);
	assert_int_equal(dma_map(&b, RAM_BASE, 0, 0x10000, b.ram_fd), 0);
	assert_int_equal(window_read(&a, 0, 0x100), 0x55555555);
	/* What the client itself gets wrong is an error, and the rest stands. */
	assert_int_not_equal(dma_unmap(&b, RAM_BASE + 0x4000, 0x1000), 0);
	assert_int_not_equal(dma_map(&b, RAM_BASE + 0x8000, 0, 0x10000, b.ram_fd), 0);
	assert_int_not_equal(dma_map(&b, 0x10000, RAM_SIZE - 0x1000, 0x2000, b.ram_fd), 0);
	assert_int_not_equal(dma_map(&b, UINT64_MAX - 0xFFF, 0, 0x2000, b.ram_fd), 0);
	/* RAM without a descriptor is accepted, and is nothing that a window reaches. */
	assert_int_equal(dma_map(&b, 0x10000, 0, 0x1000, -1), 0);
	assert_int_equal(window_read(&a, 0, 0x100), 0x55555555);
	client_close(&a);
	client_close(&b);
}

static void resets_and_reconnects(void **state)
{
	struct server *server = *state;
	struct client a, b;

	open_both(server, &a, &b);
	nt_write(&a, 0x40C, 0x1234);
	assert_int_equal(request(&a, RESET, NULL, 0, NULL, 0), 0);
	server_says(server, "port 2: link of port 0 is down");
	server_says(server, "port 2: link of port 0 is up");
	assert_int_equal(config_read(&a, 0x04) & 0x7, 0);
	client_enable(&a, 0);
	/* Gone, and back: link events, registers as after power-on, what the EEPROM sets as it was. */
	window_set(&b, 0, 0, RAM_BASE);
	assert_int_equal(window_read(&b, 0, 0), 0);
	client_close(&a);
	server_says(server, "port 2: link of port 0 is down");
	assert_int_equal(window_read(&b, 0, 0), 0xFFFFFFFF);
	client_open(&a, server->paths[0]);
	server_says(server, "port 2: link of port 0 is up");
	assert_int_equal(config_read(&a, 0x400), 0);
	assert_int_equal(config_read(&a, 0x470), 0x800004C0);
	client_enable(&a, 0);
	memcpy(a.ram, "back", 4);
	UNTIL(window_read(&b, 0, 0) == 0x6B636162);
	client_close(&a);
	client_close(&b);
}

static void sockets_of_others(void **state)
{
	struct server *server = *state, other = *server;
	struct stat there;
	struct client client, second;
	char *argument;
	int status;

	/* A second client of a port is told by the end of its connection. */
	client_connect(&client, server->paths[0]);
	second.fd = dial(server->paths[0]);
	assert_true(hangs_up(second.fd, PATIENCE_MS));
	close(second.fd);
	config_read(&client, 0);
	/* A second server on the sockets of one that runs does not start. */
	assert_true(asprintf(&argument, "%s --switch local:x --port 0=%s 2>/dev/null", server_program,
			     server->paths[0]) > 0);
	status = system(argument);
	assert_int_equal(WEXITSTATUS(status), 1);
	free(argument);
	config_read(&client, 0);
	client_close(&client);
	/* A killed one leaves its sockets, and the next replaces them. */
	server_end(server, SIGKILL);
	assert_int_equal(lstat(server->paths[0], &there), 0);
	server_start(server, "local:again", NULL);
	client_connect(&client, server->paths[0]);
	client_close(&client);
	/* One that is asked to go takes them away. */
	status = server_end(server, SIGTERM);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_not_equal(lstat(other.paths[0], &there), 0);
	assert_int_not_equal(lstat(other.paths[1], &there), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(identity),
		TEST(regions_and_interrupts_described),
		TEST(windows_both_ways),
		TEST(stores_before_doorbells),
		TEST(msi_without_eventfd_waits),
		TEST(reset_forgets_edges),
		TEST(intx_is_a_level),
		TEST(intx_unmasked_by_eventfd),
		TEST(ram_in_pieces),
		TEST(resets_and_reconnects),
		TEST(sockets_of_others),
	};

	return RUN(tests, argc, argv);
}
