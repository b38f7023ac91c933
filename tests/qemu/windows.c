/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Windows between two hosts, mapped and by copy, and what becomes of them.
 */
#include "host.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB 0x100000ull
#define GIB 0x40000000ull

/* Two devices in one machine: port 0 and port 2 of one switch. */
#define A "idt-ntb,id=a,addr=5,switch=local:s,port=0"
#define B "idt-ntb,id=b,addr=6,switch=local:s,port=2"

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

/* A pattern through the window at BUS, of SIZE, must come out at ADDRESS of TARGET's RAM, and the other way. */
static void carries(struct machine *m, uint64_t bus, struct machine *target, uint64_t address, uint64_t size)
{
	static const uint64_t value = 0x0123456789ABCDEF;

	for (unsigned access = 1; access <= 8; access *= 2) {
		uint64_t mask = access == 8 ? UINT64_MAX : (1ull << access * 8) - 1;

		for (unsigned odd = 0; odd < 8; odd++) {
			machine_write(target, address + 8, 0, 8);
			machine_write(target, address + 16, 0, 8);
			machine_write(m, bus + 8 + odd, value & mask, access);
			/* by copy a write is posted; the read pushes it ahead */
			assert_int_equal(machine_read(m, bus + 8 + odd, access), value & mask);
			assert_int_equal(machine_read(target, address + 8 + odd, access), value & mask);
		}
	}
	machine_write(target, address + size - 8, value, 8);
	assert_int_equal(machine_read(m, bus + size - 8, 8), value);
}

static void all_windows(struct machine *m)
{
	host_lut_set(&a, 2, 0, 1, 4 * MIB);
	host_lut_set(&a, 2, 23, 1, 8 * MIB);
	host_direct_set(&a, 1, 16 * MIB, MIB);
	host_lut_set(&b, 2, 0, 0, 20 * MIB);
	carries(m, host_bar(&a, 2), m, 4 * MIB, MIB);
	carries(m, host_bar(&a, 2) + 23 * MIB, m, 8 * MIB, MIB);
	carries(m, host_bar(&a, 4), m, 16 * MIB, MIB);
	carries(m, host_bar(&b, 2), m, 20 * MIB, MIB);
}

static void closed(struct machine *m, uint64_t bus)
{
	assert_int_equal(machine_read(m, bus + 8, 8), UINT64_MAX);
	machine_write(m, bus + 8, 0, 8);
	assert_int_equal(machine_read(m, bus + 8, 8), UINT64_MAX);
}

static void mapped(void **state)
{
	struct machine *m = MACHINE(SHARED_RAM("64M"), "-device", A, "-device", B);

	(void)state;
	hosts(m);
	assert_int_equal(host_stat(&a, "ram-mappable"), host_stat(&a, "ram-offered"));
	closed(m, host_bar(&a, 2));
	all_windows(m);
	assert_int_equal(host_stat(&a, "windows-mapped"), 3);
	assert_int_equal(host_stat(&b, "windows-mapped"), 1);
	assert_int_equal(host_stat(&b, "stats-window-writes"), 0);
	assert_int_equal(host_stat(&b, "stats-window-reads"), 0);
	assert_int_equal(host_stat(&a, "stats-window-writes"), 1); /* that of closed() */
	machine_stop(m);
}

static void copied(void **state)
{
	struct machine *m = MACHINE("-m", "64M", "-device", A ",windows=copy", "-device", B ",windows=copy");

	(void)state;
	hosts(m);
	closed(m, host_bar(&a, 2));
	all_windows(m);
	assert_int_equal(host_stat(&a, "windows-mapped"), 0);
	assert_true(host_stat(&b, "stats-window-writes") >= 32);
	assert_int_equal(host_stat(&a, "ram-mappable"), 0);
	machine_stop(m);
}

/* RAM below and above 4 GiB is one file; the second part starts where the first ends. */
static void high_memory(void **state)
{
	struct machine *m = MACHINE(SHARED_RAM("6G"), "-device", A, "-device", B);

	(void)state;
	hosts(m);
	host_lut_set(&a, 2, 1, 1, 5 * GIB);
	host_lut_set(&a, 2, 2, 1, 4 * GIB);
	host_direct_set(&a, 1, GIB, MIB);
	carries(m, host_bar(&a, 2) + MIB, m, 5 * GIB, MIB);
	carries(m, host_bar(&a, 2) + 2 * MIB, m, 4 * GIB, MIB);
	carries(m, host_bar(&a, 4), m, GIB, MIB);
	assert_int_equal(host_stat(&a, "windows-mapped"), 3);
	assert_int_equal(host_stat(&a, "stats-window-writes"), 0);
	machine_stop(m);
}

/* A window that moves, is odd, reaches past RAM, is closed, opened again. */
static void retargeted(void **state)
{
	struct machine *m = MACHINE(SHARED_RAM("64M"), "-device", A, "-device", B);
	uint64_t bus;

	(void)state;
	hosts(m);
	bus = host_bar(&a, 2) + 5 * MIB;
	for (unsigned i = 1; i < 50; i++) {
		host_lut_set(&a, 2, 5, 1, i * MIB);
		carries(m, bus, m, i * MIB, MIB);
	}
	assert_int_equal(host_stat(&a, "windows-mapped"), 1);
	assert_int_equal(host_stat(&a, "stats-window-reads"), 0);
	/* 4 bytes of alignment is all that the driver promises: by copy */
	host_lut_set(&a, 2, 5, 1, 10 * MIB + 4);
	assert_int_equal(host_stat(&a, "windows-mapped"), 0);
	carries(m, bus, m, 10 * MIB + 4, MIB);
	/* the end of RAM within the window: what there is is mapped, the rest is refused */
	host_lut_set(&a, 2, 5, 1, 64 * MIB - 0x4000);
	carries(m, bus, m, 64 * MIB - 0x4000, 0x4000);
	closed(m, bus + 0x4000);
	host_lut_set(&a, 2, 5, 1, 32 * MIB);
	carries(m, bus, m, 32 * MIB, MIB);
	host_lut_clear(&a, 2, 5);
	closed(m, bus);
	assert_int_equal(host_stat(&a, "windows-mapped"), 0);
	host_lut_set(&a, 2, 5, 1, 32 * MIB);
	carries(m, bus, m, 32 * MIB, MIB);
	/* the direct window's limit: absolute, and to 1 KiB */
	host_direct_set(&a, 1, 40 * MIB, 0x8000);
	carries(m, host_bar(&a, 4), m, 40 * MIB, 0x8000);
	closed(m, host_bar(&a, 4) + 0x9000);
	host_direct_set(&a, 1, 40 * MIB, 0);
	closed(m, host_bar(&a, 4));
	machine_stop(m);
}

/* Everything that closes a window, from both sides. */
static void revoked(void **state)
{
	struct machine *m = MACHINE(SHARED_RAM("64M"), "-device", A, "-device", B);
	uint64_t bus;

	(void)state;
	hosts(m);
	bus = host_bar(&a, 2);
	host_lut_set(&a, 2, 0, 1, 4 * MIB);
	machine_write(m, 4 * MIB + 8, 0x55, 8);
	assert_int_equal(machine_read(m, bus + 8, 8), 0x55);
	/* the peer's bus master enable */
	machine_config_write(m, 6, 0x04, COMMAND_MEM, 2);
	machine_wait(m, "a", "windows-mapped", 0);
	closed(m, bus);
	machine_config_write(m, 6, 0x04, COMMAND_MEM | COMMAND_BME, 2);
	machine_wait(m, "a", "windows-mapped", 1);
	assert_int_equal(machine_read(m, bus + 8, 8), 0x55);
	/* the own completions: reads only, so it is by copy, and by copy writes get through */
	host_write(&a, NTCTL, 0);
	assert_int_equal(machine_read(m, bus + 8, 8), UINT64_MAX);
	host_write(&a, NTCTL, 2);
	assert_int_equal(machine_read(m, bus + 8, 8), 0x55);
	/* the administrator */
	machine_qmp_ok(
		m, "{\"execute\":\"qom-set\",\"arguments\":{\"path\":\"/machine/peripheral/b\",\"property\":\"link\","
		   "\"value\":false}}");
	machine_wait(m, "a", "windows-mapped", 0);
	closed(m, bus);
	assert_int_equal(host_stat(&b, "link-up"), 0);
	machine_qmp_ok(
		m, "{\"execute\":\"qom-set\",\"arguments\":{\"path\":\"/machine/peripheral/b\",\"property\":\"link\","
		   "\"value\":true}}");
	machine_wait(m, "a", "windows-mapped", 1);
	assert_int_equal(host_stat(&b, "link-up"), 1);
	assert_int_equal(machine_read(m, bus + 8, 8), 0x55);
	/* the own reset */
	machine_qmp_ok(m, "{\"execute\":\"system_reset\"}");
	machine_wait(m, "a", "windows-mapped", 0);
	assert_int_equal(machine_read(m, 4 * MIB + 8, 8), 0x55);
	machine_stop(m);
}

static void two_tables(void **state)
{
	static const char device[] = A ",ports=2,bars=lut12x2:64K";
	struct machine *m = MACHINE(SHARED_RAM("64M"), "-device", device, "-device", B);
	uint64_t bars[6];

	(void)state;
	a = (struct host){ m, "a", 5, 0 };
	b = (struct host){ m, "b", 6, 1 };
	for (unsigned bar = 0; bar < 6; bar++) {
		bars[bar] = 0xC0000000u + bar * 0x1000000;
		machine_config_write(m, 5, 0x10 + 4 * bar, bars[bar], 4);
	}
	machine_config_write(m, 5, 0x04, COMMAND_MEM | COMMAND_BME, 2);
	machine_config_write(m, 6, 0x10, host_bar(&b, 0), 4);
	machine_config_write(m, 6, 0x04, COMMAND_MEM | COMMAND_BME, 2);
	host_enable(&a);
	host_enable(&b);
	for (unsigned bar = 2; bar <= 4; bar += 2) {
		for (unsigned entry = 0; entry < 12; entry += 11) {
			host_lut_set(&a, bar, entry, 1, (bar + entry + 1) * MIB);
			carries(m, bars[bar] + entry * 0x10000, m, (bar + entry + 1) * MIB, 0x10000);
		}
	}
	assert_int_equal(host_stat(&a, "windows-mapped"), 4);
	assert_int_equal(host_stat(&a, "stats-window-writes"), 0);
	machine_stop(m);
}

/*
 * Behind a vIOMMU a DMA address is no guest-physical one: no RAM is offered, wherever the vIOMMU stands, and windows go by
 * copy. It is in pass-through as after reset here; viommu.c has one that translates.
 */
static void behind(const char *iommu)
{
	struct machine *m = MACHINE(SHARED_RAM("64M"), "-device", A, "-device", iommu, "-device", B);

	hosts(m);
	assert_int_equal(host_stat(&a, "ram-offered"), 0);
	assert_int_equal(host_stat(&b, "ram-offered"), 0);
	assert_true(machine_said(m, "behind a vIOMMU"));
	closed(m, host_bar(&a, 2));
	all_windows(m);
	assert_int_equal(host_stat(&a, "windows-mapped"), 0);
	assert_int_equal(host_stat(&b, "windows-mapped"), 0);
	/* a hole, and a device's registers: the window's own */
	host_lut_set(&a, 2, 1, 1, GIB);
	closed(m, host_bar(&a, 2) + MIB);
	host_lut_set(&a, 2, 1, 1, host_bar(&a, 0));
	closed(m, host_bar(&a, 2) + MIB);
	machine_stop(m);
}

static void behind_iommu(void **state)
{
	(void)state;
	behind("intel-iommu");
	behind("amd-iommu");
	behind("virtio-iommu-pci");
}

/* RAM that its owner could cut down is mapped only when the user has said so. */
static void unsealed(void **state)
{
	char backend[128], path[64];

	(void)state;
	snprintf(path, sizeof(path), "/dev/shm/idtntb-ram.%d", (int)getpid());
	snprintf(backend, sizeof(backend), "memory-backend-file,id=ram,size=64M,share=on,mem-path=%s", path);
	for (unsigned allowed = 0; allowed < 2; allowed++) {
		struct machine *m = MACHINE("-m", "64M", "-object", backend, "-machine", "memory-backend=ram",
					    "-device", allowed ? A ",unsealed-ram=on" : A, "-device", B);

		hosts(m);
		host_lut_set(&a, 2, 0, 1, 4 * MIB);
		carries(m, host_bar(&a, 2), m, 4 * MIB, MIB);
		assert_int_equal(host_stat(&a, "windows-mapped"), allowed);
		machine_stop(m);
	}
	unlink(path);
}

/* Where a machine sees a mapping of a memfd that is SIZE long; none: fails. */
static uint64_t mapping_place(const struct machine *m, uint64_t size)
{
	unsigned long long from, to;
	char path[32], text[256];
	uint64_t place = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)m->pid);
	maps = fopen(path, "r");
	assert_non_null(maps);
	while (!place && fgets(text, sizeof(text), maps)) {
		if (sscanf(text, "%llx-%llx", &from, &to) == 2 && to - from == size && strstr(text, "memfd:"))
			place = from;
	}
	fclose(maps);
	assert_int_not_equal(place, 0);
	return place;
}

/* The largest window there can be, 1 GiB: opened, closed, and opened on another place; where huge pages could be, too. */
static void large(void **state)
{
	struct machine *m = MACHINE(SHARED_RAM("6G"), "-device",
				    A ",ports=2,bars=0x800004C0,,0,,0x800011EC,,0,,0x800001EC,,0", "-device", B);
	uint64_t bus = 0x2000000000;

	(void)state;
	a = (struct host){ m, "a", 5, 0 };
	b = (struct host){ m, "b", 6, 1 };
	machine_config_write(m, 5, 0x10, host_bar(&a, 0), 4);
	machine_config_write(m, 5, 0x20, (uint32_t)bus, 4);
	machine_config_write(m, 5, 0x24, bus >> 32, 4);
	machine_config_write(m, 5, 0x04, COMMAND_MEM | COMMAND_BME, 2);
	machine_config_write(m, 6, 0x10, host_bar(&b, 0), 4);
	machine_config_write(m, 6, 0x04, COMMAND_MEM | COMMAND_BME, 2);
	host_enable(&a);
	host_enable(&b);
	for (unsigned round = 0; round < 3; round++) {
		host_direct_set(&a, 1, 4 * GIB + round * MIB, 0);
		host_write(&a, 0x4B4, (uint32_t)(bus + GIB)); /* the limit for where the BAR is here */
		host_write(&a, 0x4C4, (bus + GIB) >> 32);
		assert_int_equal(host_stat(&a, "windows-mapped"), 1);
		assert_int_equal(mapping_place(m, GIB) % GIB, 0);
		carries(m, bus, m, 4 * GIB + round * MIB, GIB);
		host_direct_set(&a, 1, 0, 0);
		assert_int_equal(host_stat(&a, "windows-mapped"), 0);
		closed(m, bus + GIB - 64);
	}
	machine_stop(m);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mapped),       cmocka_unit_test(copied),   cmocka_unit_test(high_memory),
		cmocka_unit_test(retargeted),   cmocka_unit_test(revoked),  cmocka_unit_test(two_tables),
		cmocka_unit_test(behind_iommu), cmocka_unit_test(unsealed), cmocka_unit_test(large),
	};

	machine_program(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
