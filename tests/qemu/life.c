/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Coming and going: hot plug, and hosts in processes of their own behind a server, killed and started again.
 */
#include "host.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB 0x100000ull
#define PLUGS 1000

static unsigned descriptors(const struct machine *m)
{
	char path[64];
	unsigned count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)m->pid);
	dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static unsigned mappings(const struct machine *m)
{
	char path[64];
	unsigned count = 0;
	FILE *maps;
	int c;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)m->pid);
	maps = fopen(path, "r");
	assert_non_null(maps);
	while ((c = fgetc(maps)) != EOF)
		count += c == '\n';
	fclose(maps);
	return count;
}

static void plug_and_unplug(struct machine *m, bool use)
{
	struct host h = { m, "hot", 5, 0 };

	machine_qmp_ok(
		m,
		"{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"idt-ntb\",\"id\":\"hot\",\"bus\":\"root_port\","
		"\"switch\":\"local:s\",\"port\":0}}");
	if (use)
		assert_int_equal(machine_get(m, h.id, "link-up"), 1);
	machine_qmp_ok(m, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"hot\"}}");
}

/* Nothing is left behind of a thousand devices: no descriptor, no mapping, no thread holding the port. */
static void hot_plug(void **state)
{
	/* a slot that is powered off lets go at once, without a guest's consent */
	struct machine *m = MACHINE(SHARED_RAM("64M"), "-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
				    "-device", "pcie-root-port,id=root_port,chassis=1", "-device",
				    "idt-ntb,id=other,addr=6,switch=local:s,port=2");
	unsigned fds, maps, i;

	(void)state;
	plug_and_unplug(m, true);
	for (i = 0; i < 50; i++)
		machine_pause();
	fds = descriptors(m);
	maps = mappings(m);
	for (i = 0; i < PLUGS; i++)
		plug_and_unplug(m, i % 50 == 0);
	for (i = 0; i < 250 && (descriptors(m) > fds || mappings(m) > maps + 8); i++)
		machine_pause();
	assert_true(descriptors(m) <= fds);
	/* the C library's heaps come and go a little */
	assert_true(mappings(m) <= maps + 8);
	machine_stop(m);
}

/* Unplugged with its INTx line up: the bus asserts at its reset that no level is left. */
static void unplugged_interrupting(void **state)
{
	struct machine *m = MACHINE(SHARED_RAM("64M"), "-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
				    "-device", "pcie-root-port,id=root_port,chassis=1", "-device",
				    "idt-ntb,id=hot,bus=root_port,switch=local:s,port=0,msi=off", "-device",
				    "idt-ntb,id=other,addr=6,switch=local:s,port=2");
	struct host other = { m, "other", 6, 1 };

	(void)state;
	host_enumerate(&other);
	host_enable(&other);
	/* the other side of the root port: bus 1 and its memory window, then the device there through ECAM */
	machine_config_write(m, 1, 0x18, 0x00010100, 4);
	machine_config_write(m, 1, 0x20, 0xD000D000, 4);
	machine_config_write(m, 1, 0x04, COMMAND_MEM | COMMAND_BME, 2);
	machine_write(m, 0xB0100010, 0xD0000000, 4);
	machine_write(m, 0xB0100004, COMMAND_MEM | COMMAND_BME, 2);
	assert_int_equal(machine_read(m, 0xD0000000, 4), 0x8091111D);
	machine_write(m, 0xD0000000 + NTINTMSK, 0, 4);
	host_write(&other, OUTDBELLSET, 1);
	machine_wait(m, "hot", "stats-interrupts", 1);
	assert_int_equal(machine_read(m, 0xB0100006, 2) & 0x8, 0x8);
	machine_qmp_ok(m, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"hot\"}}");
	machine_qmp_ok(m, "{\"execute\":\"system_reset\"}");
	machine_stop(m);
}

static pid_t server;
static char socket_path[64], device[2][160];

static void server_start(void)
{
	snprintf(socket_path, sizeof(socket_path), "/tmp/idtntb-life.%d", (int)getpid());
	for (unsigned i = 0; i < 2; i++)
		snprintf(device[i], sizeof(device[i]), "idt-ntb,id=d,addr=5,switch=ivshmem:%s,port=%u", socket_path,
			 2 * i);
	server = fork();
	assert_true(server >= 0);
	if (server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(machine_server, machine_server, "--socket", socket_path, NULL);
		_exit(127);
	}
	for (unsigned i = 0; i < 250 && access(socket_path, F_OK) < 0; i++)
		machine_pause();
}

static void server_stop(void)
{
	kill(server, SIGTERM);
	assert_int_equal(waitpid(server, NULL, 0), server);
}

static struct host host_start(unsigned i)
{
	struct host h = { MACHINE(SHARED_RAM("64M"), "-device", device[i]), "d", 5, i };

	host_enumerate(&h);
	host_enable(&h);
	return h;
}

/* Wait until a read through a window gives VALUE: a peer's coming and going takes a moment to arrive. */
static void window_becomes(struct host *h, uint64_t value)
{
	uint64_t last = 0;

	for (unsigned i = 0; i < 250; i++) {
		last = machine_read(h->m, host_bar(h, 2) + 8, 8);
		if (last == value)
			return;
		machine_pause();
	}
	assert_int_equal(last, value);
}

static void processes(void **state)
{
	struct host a, b;

	(void)state;
	server_start();
	a = host_start(0);
	b = host_start(1);
	for (unsigned round = 0; round < 5; round++) {
		host_lut_set(&a, 2, 0, 1, 4 * MIB);
		host_lut_set(&b, 2, 0, 0, 8 * MIB);
		machine_wait(a.m, "d", "windows-mapped", 1);
		machine_wait(b.m, "d", "windows-mapped", 1);
		machine_write(b.m, 4 * MIB + 8, 0x1111 + round, 8);
		assert_int_equal(machine_read(a.m, host_bar(&a, 2) + 8, 8), 0x1111 + round);
		machine_write(b.m, host_bar(&b, 2) + 16, 0x2222 + round, 8);
		assert_int_equal(machine_read(a.m, 8 * MIB + 16, 8), 0x2222 + round);
		host_write(&a, OUTDBELLSET, 1u << round);
		assert_int_equal(host_read(&b, INDBELLSTS), 1u << round);
		/* a killed peer: all ones, no fault; another comes in its place */
		machine_kill(b.m);
		window_becomes(&a, UINT64_MAX);
		machine_wait(a.m, "d", "windows-mapped", 0);
		b = host_start(1);
		host_lut_clear(&a, 2, 0);
		assert_int_equal(machine_get(b.m, "d", "link-up"), 1);
	}
	machine_stop(a.m);
	machine_stop(b.m);
	server_stop();
}

/* The server is killed under mapped windows: they stay, so do doorbells; a restarted one is rejoined. */
static void server_killed(void **state)
{
	struct host a, b;

	(void)state;
	server_start();
	a = host_start(0);
	b = host_start(1);
	host_lut_set(&a, 2, 0, 1, 4 * MIB);
	machine_wait(a.m, "d", "windows-mapped", 1);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	machine_write(b.m, 4 * MIB + 8, 0x3333, 8);
	assert_int_equal(machine_read(a.m, host_bar(&a, 2) + 8, 8), 0x3333);
	host_write(&a, OUTDBELLSET, 0x80);
	assert_int_equal(host_read(&b, INDBELLSTS), 0x80);
	server_start();
	machine_write(b.m, 4 * MIB + 8, 0x4444, 8);
	window_becomes(&a, 0x4444);
	machine_stop(b.m);
	window_becomes(&a, UINT64_MAX);
	b = host_start(1);
	host_lut_clear(&a, 2, 0);
	host_lut_set(&a, 2, 0, 1, 4 * MIB);
	machine_write(b.m, 4 * MIB + 8, 0x5555, 8);
	window_becomes(&a, 0x5555);
	machine_stop(a.m);
	machine_stop(b.m);
	server_stop();
}

static void port_taken(void **state)
{
	struct host a;

	(void)state;
	server_start();
	a = host_start(0);
	REFUSED("port 0", "-S", "-M", "q35", SHARED_RAM("64M"), "-device", device[0]);
	machine_stop(a.m);
	server_stop();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hot_plug),   cmocka_unit_test(unplugged_interrupting),
		cmocka_unit_test(processes),  cmocka_unit_test(server_killed),
		cmocka_unit_test(port_taken),
	};

	machine_program(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
