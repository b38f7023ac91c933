/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bad input ends at once, with a line that says what, why and what would be right.
 */
#include "machine.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define Q35 "-S", "-M", "q35"
#define SHARED Q35, SHARED_RAM("64M")

static void machine_without_ecam(void **state)
{
	(void)state;
	REFUSED("Use -machine q35", "-S", "-M", "pc", SHARED_RAM("64M"), "-device", "idt-ntb,switch=local:s,port=0");
}

static void conventional_bus(void **state)
{
	(void)state;
	REFUSED("bus=pcie.0 or the bus of a pcie-root-port", SHARED, "-device", "pcie-pci-bridge,id=old", "-device",
		"idt-ntb,bus=old,addr=1,switch=local:s,port=0");
}

static void private_ram(void **state)
{
	(void)state;
	REFUSED("-object memory-backend-memfd,id=ram,size=64M,share=on -machine memory-backend=ram", Q35, "-m", "64M",
		"-device", "idt-ntb,switch=local:s,port=0");
	REFUSED("windows=copy", Q35, "-m", "64M", "-object", "memory-backend-ram,id=ram,size=64M", "-machine",
		"memory-backend=ram", "-device", "idt-ntb,switch=local:s,port=0");
}

static void properties(void **state)
{
	static const struct {
		const char *device, *text;
	} cases[] = {
		{ "idt-ntb,port=0", "property 'switch' is missing" },
		{ "idt-ntb,switch=local:s", "property 'port' is missing" },
		{ "idt-ntb,switch=local:s,port=24", "port=24 is not a port number: they go from 0 to 23" },
		{ "idt-ntb,switch=local:s,port=3", "port 3 is no NT port of this 89HPES24NT6AG2: 0, 2 are" },
		{ "idt-ntb,switch=local:s,port=0,log=loud", "Levels are error, warning, info, debug and trace" },
		{ "idt-ntb,switch=local:s,port=0,windows=maybe", "windows=maybe" },
		{ "idt-ntb,switch=local:s,port=0,chip=89HPES1", "89HPES24NT6AG2" },
		{ "idt-ntb,switch=local:s,port=0,ports=9", "9" },
		{ "idt-ntb,switch=local:s,port=0,ports=0=1,,2=1", "1" },
		{ "idt-ntb,switch=local:s,port=0,bars=lut99", "lut99" },
		{ "idt-ntb,switch=carrier:pigeon,port=0", "carrier" },
		{ "idt-ntb,switch=ivshmem:/nowhere/ntb.sock,port=0", "/nowhere/ntb.sock" },
		{ "idt-ntb,switch=shm:/nowhere/ntb0,port=0", "/nowhere/ntb0" },
		{ "idt-ntb,switch=shm:/dev/null,port=0", "plain file" },
		{ "idt-ntb,switch=shm:,port=0", "shm:/dev/shm/ntb0" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		REFUSED(cases[i].text, SHARED, "-device", cases[i].device);
}

static void taken_port(void **state)
{
	(void)state;
	REFUSED("port 0 is taken", SHARED, "-device", "idt-ntb,switch=local:s,port=0", "-device",
		"idt-ntb,switch=local:s,port=0");
}

static void only_migratable(void **state)
{
	(void)state;
	REFUSED("neither migrated nor saved", SHARED, "-only-migratable", "-device", "idt-ntb,switch=local:s,port=0");
}

static void migration(void **state)
{
	struct machine *m = MACHINE(SHARED_RAM("64M"), "-device", "idt-ntb,id=a,switch=local:s,port=0");

	(void)state;
	assert_non_null(strstr(machine_qmp(m, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"exec:cat\"}}"),
			       "can be neither migrated nor saved; unplug it first (device_del)"));
	assert_non_null(strstr(machine_qmp(m, "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":"
					      "\"savevm now\"}}"),
			       "can be neither migrated nor saved"));
	machine_stop(m);
}

static const char *plugin;

/* One device is enough: under a second name, or in a QEMU that has it inside. */
static void plugin_twice(void **state)
{
	char again[64], path[PATH_MAX];

	(void)state;
	snprintf(again, sizeof(again), "/tmp/idtntb-again.%d.so", (int)getpid());
	unlink(again);
	assert_non_null(realpath(plugin, path));
	assert_int_equal(symlink(path, again), 0);
	REFUSED("has the device idt-ntb already, leave -plugin out", "-M", "none", "-plugin", again);
	unlink(again);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(machine_without_ecam), cmocka_unit_test(conventional_bus),
		cmocka_unit_test(private_ram),          cmocka_unit_test(properties),
		cmocka_unit_test(taken_port),           cmocka_unit_test(plugin_twice),
		cmocka_unit_test(only_migratable),      cmocka_unit_test(migration),
	};

	machine_program(argc, argv);
	plugin = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
