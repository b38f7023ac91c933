/* SPDX-License-Identifier: BSD-3-Clause */
/* A real VMM without a guest: QEMU's own vfio-user-pci, its registers and windows, plugged in and out a thousand times. */
#include "client.h"
#include "machine.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PLUGS 1000
#define DEVICE 2u
#define REGISTERS 0xD0000000ull
#define WINDOWS 0x800000000ull
#define LUT_OFFSET 0x4E0u
#define RAM "64M"

static struct machine *start(const char *path)
{
	char device[256];

	snprintf(
		device, sizeof(device),
		"{\"driver\":\"vfio-user-pci\",\"id\":\"ntb\",\"addr\":\"2.0\",\"socket\":{\"type\":\"unix\",\"path\":\"%s\"}}",
		path);
	return MACHINE(SHARED_RAM(RAM), "-device", device);
}

static uint32_t reg_read(struct machine *m, uint32_t offset)
{
	return (uint32_t)machine_read(m, REGISTERS + offset, 4);
}

static void reg_write(struct machine *m, uint32_t offset, uint32_t value)
{
	machine_write(m, REGISTERS + offset, value, 4);
}

/* What firmware and the driver do. */
static void enable(struct machine *m, uint32_t partition)
{
	machine_config_write(m, DEVICE, 0x10, (uint32_t)REGISTERS, 4);
	machine_config_write(m, DEVICE, 0x14, 0, 4);
	machine_config_write(m, DEVICE, 0x18, (uint32_t)WINDOWS, 4);
	machine_config_write(m, DEVICE, 0x1C, (uint32_t)(WINDOWS >> 32), 4);
	machine_config_write(m, DEVICE, 0x04, 0x6, 2);
	reg_write(m, 0x400, 2);
	reg_write(m, 0x4D0, partition);
	reg_write(m, 0x4D8, reg_read(m, 0x4DC) << 1 | partition << 17 | 1);
}

static void point(struct machine *m, unsigned entry, uint32_t partition, uint64_t address)
{
	reg_write(m, LUT_OFFSET, entry | LUT_BAR << 8);
	reg_write(m, LUT_OFFSET + 4, (uint32_t)address);
	reg_write(m, LUT_OFFSET + 8, (uint32_t)(address >> 32));
	reg_write(m, LUT_OFFSET + 12, partition | 1u << 31);
}

static void registers_and_windows(void **state)
{
	static const unsigned sizes[] = { 1, 2, 4, 8 };
	struct server *server = *state;
	struct machine *a = start(server->paths[0]), *b = start(server->paths[1]);

	assert_int_equal(machine_config_read(a, DEVICE, 0, 4) & 0xFFFF, 0x111D);
	assert_int_equal(machine_config_read(a, DEVICE, 0x470, 4), 0x800004C0);
	enable(a, 0);
	enable(b, 1);
	reg_write(a, 0x40C, 0x12345678);
	assert_int_equal(reg_read(a, 0x40C), 0x12345678);
	assert_int_equal(machine_config_read(a, DEVICE, 0x40C, 4), 0x12345678);
	point(a, 0, 1, 0x200000);
	point(b, 0, 0, 0x300000);
	for (unsigned i = 0; i < 4; i++) {
		const uint64_t value = 0x1122334455667788ull & (UINT64_MAX >> (64 - 8 * sizes[i]));

		machine_write(a, WINDOWS + 0x100 * i, value, sizes[i]);
		/* A read pushes the posted write before it. */
		assert_true(machine_read(a, WINDOWS + 0x100 * i, sizes[i]) == value);
		assert_true(machine_read(b, 0x200000 + 0x100 * i, sizes[i]) == value);
		machine_write(b, WINDOWS + 0x100 * i, value, sizes[i]);
		reg_read(b, 0x40C);
		assert_true(machine_read(a, 0x300000 + 0x100 * i, sizes[i]) == value);
	}
	/* A machine that is killed takes its window with it, the other goes on. */
	machine_kill(b);
	server_says(server, "port 0: link of port 2 is down");
	UNTIL(machine_read(a, WINDOWS, 4) == 0xFFFFFFFF);
	assert_int_equal(reg_read(a, 0x40C), 0x12345678);
	b = start(server->paths[1]);
	enable(b, 1);
	machine_write(b, 0x200000, 0xABCD, 4);
	UNTIL(machine_read(a, WINDOWS, 4) == 0xABCD);
	machine_stop(a);
	machine_stop(b);
}

/* A server of one port. */
static void start_one(struct server *server, const char *spec, unsigned port, const char *path)
{
	char option[80];
	const char *const arguments[] = { "--switch", spec, "--port", option, NULL };

	snprintf(option, sizeof(option), "%u=%s", port, path);
	program_start(&server->program, server_program, arguments);
	server_says(server, ": listening on");
}

/* A peer's process that is stopped costs a wait and ones. Waiting as long as QEMU does would cost the device. */
static void peer_that_does_not_run(void **state)
{
	static struct server peer;
	struct server *server = *state;
	struct machine *a;
	struct client b;
	char spec[64];

	server_end(server, SIGTERM);
	snprintf(spec, sizeof(spec), "shm:%s/switch", server->folder);
	peer = *server;
	start_one(server, spec, 0, server->paths[0]);
	start_one(&peer, spec, 2, peer.paths[1]);
	a = start(server->paths[0]);
	client_open(&b, peer.paths[1]);
	enable(a, 0);
	client_enable(&b, 1);
	/* Not a page: by copy, through the peer's process. */
	point(a, 0, 1, RAM_BASE + 0x104);
	b.ram[0x104] = 7;
	UNTIL(machine_read(a, WINDOWS, 4) == 7);
	reg_write(a, 0x40C, 0x12345678);
	kill(peer.program.pid, SIGSTOP);
	assert_int_equal(machine_read(a, WINDOWS, 4), 0xFFFFFFFF);
	usleep(500000); /* an answer that is too late would have come */
	assert_int_equal(reg_read(a, 0x40C), 0x12345678);
	kill(peer.program.pid, SIGCONT);
	UNTIL(machine_read(a, WINDOWS, 4) == 7);
	machine_stop(a);
	client_close(&b);
	server_end(&peer, SIGTERM);
}

static void thousand_plugs(void **state)
{
	struct server *server = *state;
	/* A slot that is powered off lets go at once, without a guest's consent. */
	struct machine *m = MACHINE(SHARED_RAM(RAM), "-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
				    "-device", "pcie-root-port,id=root_port,chassis=1");
	struct client other;
	unsigned descriptors = 0;

	client_open(&other, server->paths[1]);
	client_enable(&other, 1);
	for (unsigned i = 0; i < PLUGS; i++) {
		machine_qmp_ok(m,
			       "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"vfio-user-pci\",\"id\":\"hot\","
			       "\"bus\":\"root_port\",\"socket\":{\"type\":\"unix\",\"path\":\"%s\"}}}",
			       server->paths[0]);
		machine_qmp_ok(m, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"hot\"}}");
		server_says(server, "port 0: client gone");
		server_drain(server);
		nt_write(&other, 0x40C, i);
		assert_int_equal(nt_read(&other, 0x40C), i);
		if (i == 10)
			descriptors = settled_descriptors(server);
	}
	assert_int_equal(settled_descriptors(server), descriptors);
	client_close(&other);
	machine_stop(m);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(registers_and_windows),
		TEST(peer_that_does_not_run),
		TEST(thousand_plugs),
	};

	/* The same as the tests of the device: QEMU, a plugin that it loads, and the server, here of vfio-user. */
	machine_program(argc, argv);
	server_program = machine_server;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
