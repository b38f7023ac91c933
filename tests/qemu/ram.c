/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which memory of a machine peers reach: its RAM, whatever it is made of, and nothing that merely looks like it.
 */
#include "host.h"

#define MIB 0x100000ull
#define GIB 0x40000000ull
#define BAR 0xE0000000u

#define DEVICES                                                                                                        \
	"-device", "idt-ntb,id=a,addr=5,switch=local:s,port=0", "-device", "idt-ntb,id=b,addr=6,switch=local:s,port=2"

static struct host a, b;

static void hosts(struct machine *m)
{
	a = (struct host){ m, "a", 5, 0 };
	b = (struct host){ m, "b", 6, 1 };
	host_enumerate(&a);
	host_enumerate(&b);
	host_enable(&a);
	host_enable(&b);
}

/* Whether what the machine has at an address is reached through a window, which is mapped or not. */
static void reached(struct machine *m, uint64_t address, unsigned mapped)
{
	uint64_t bus = host_bar(&a, 2);

	host_lut_set(&a, 2, 0, 1, address);
	machine_write(m, address + 8, 0, 8);
	machine_write(m, bus + 8, 0x1122334455667788, 8);
	assert_int_equal(machine_read(m, bus + 8, 8), 0x1122334455667788);
	assert_int_equal(machine_read(m, address + 8, 8), 0x1122334455667788);
	assert_int_equal(host_stat(&a, "windows-mapped"), mapped);
	host_lut_clear(&a, 2, 0);
}

static void not_reached(struct machine *m, uint64_t address)
{
	uint64_t bus = host_bar(&a, 2);

	host_lut_set(&a, 2, 0, 1, address);
	assert_int_equal(host_stat(&a, "windows-mapped"), 0);
	machine_write(m, bus + 8, 0, 8);
	assert_int_equal(machine_read(m, bus + 8, 8), UINT64_MAX);
	host_lut_clear(&a, 2, 0);
}

/* A backend in the BAR of another device is that device's, wherever the guest puts it. */
static void bar(void **state)
{
	struct machine *m = MACHINE(SHARED_RAM("64M"), "-object", "memory-backend-memfd,id=plain,size=4M,share=on",
				    "-device", "ivshmem-plain,memdev=plain,addr=7", DEVICES);
	uint64_t offered;

	(void)state;
	hosts(m);
	offered = host_stat(&b, "ram-offered");
	for (unsigned i = 0; i < 2; i++) {
		uint64_t place = BAR + i * 16 * MIB;

		machine_config_write(m, 7, 0x18, (uint32_t)place, 4);
		machine_config_write(m, 7, 0x1C, 0, 4);
		machine_config_write(m, 7, 0x04, COMMAND_MEM, 2);
		machine_write(m, place + 8, 0x55, 8);
		assert_int_equal(machine_read(m, place + 8, 8), 0x55);
		assert_int_equal(host_stat(&b, "ram-offered"), offered);
		not_reached(m, place);
		assert_int_equal(machine_read(m, place + 8, 8), 0x55);
		reached(m, 4 * MIB, 1);
	}
	machine_stop(m);
}

/* DIMMs are RAM: a shared one is mapped, and of one that is not the machine's is copied, as they come. */
static void dimms(void **state)
{
	struct machine *m = MACHINE("-m", "64M,slots=2,maxmem=1G", "-object",
				    "memory-backend-memfd,id=ram,size=64M,share=on", "-machine", "memory-backend=ram",
				    "-object", "memory-backend-memfd,id=shared,size=128M,share=on", "-device",
				    "pc-dimm,memdev=shared,addr=0x100000000", DEVICES);
	uint64_t offered;

	(void)state;
	hosts(m);
	offered = host_stat(&b, "ram-offered");
	assert_true(offered > 190 * MIB);
	reached(m, 4 * GIB, 1);
	not_reached(m, 4 * GIB + 128 * MIB);
	machine_qmp_ok(m,
		       "{\"execute\":\"object-add\",\"arguments\":{\"qom-type\":\"memory-backend-ram\",\"id\":\"own\","
		       "\"size\":134217728}}");
	machine_qmp_ok(m, "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"pc-dimm\",\"id\":\"dimm\","
			  "\"memdev\":\"own\",\"addr\":4429185024}}");
	assert_int_equal(host_stat(&b, "ram-offered"), offered + 128 * MIB);
	assert_true(host_stat(&b, "ram-mappable") == offered);
	reached(m, 4 * GIB + 128 * MIB, 0);
	reached(m, 4 * GIB, 1);
	machine_stop(m);
}

/* RAM in more ranges than are offered: what is left over goes by copy, and that is said once. */
static void ranges(void **state)
{
	struct machine *m =
		MACHINE("-m", "64M,slots=40,maxmem=8G", "-object", "memory-backend-memfd,id=ram,size=64M,share=on",
			"-machine", "memory-backend=ram", DEVICES);
	uint64_t place = 0;

	(void)state;
	hosts(m);
	for (unsigned i = 0; i < 34; i++) {
		place = 4 * GIB + i * 256 * MIB;
		if (i == 30)
			assert_false(machine_said(m, "ranges of guest RAM"));
		machine_qmp_ok(
			m,
			"{\"execute\":\"object-add\",\"arguments\":{\"qom-type\":\"memory-backend-memfd\",\"id\":\"m%u\","
			"\"size\":134217728}}",
			i);
		machine_qmp_ok(m,
			       "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"pc-dimm\",\"memdev\":\"m%u\","
			       "\"addr\":%llu}}",
			       i, (unsigned long long)place);
	}
	assert_true(machine_said(m, "ranges of guest RAM"));
	reached(m, 4 * MIB, 1);
	reached(m, place, 0);
	machine_stop(m);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bar),
		cmocka_unit_test(dimms),
		cmocka_unit_test(ranges),
	};

	machine_program(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
