/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two hosts behind an Intel IOMMU that translates: peers' windows follow the guest's page tables, and nothing that the
 * tables say does harm. The tables are the second-level ones of VT-d's legacy mode with 39 bits.
 */
#include "host.h"

#define MIB 0x100000ull
#define GIB 0x40000000ull
#define PAGE 0x1000ull

#define DMAR 0xFED90000ull
#define GCMD 0x18
#define RTADDR 0x20
#define CCMD 0x28
#define FSTS 0x34
#define FECTL 0x38
#define FEDATA 0x3C
#define FEADDR 0x40
#define IOTLB 0xF8
#define FRCD_HIGH 0x228

#define ROOT (32 * MIB)
#define CONTEXTS (ROOT + PAGE)
#define LEVEL3 (ROOT + 2 * PAGE)
#define LEVEL2 (ROOT + 3 * PAGE)
#define LEVEL1 (ROOT + 4 * PAGE)

#define READ 1
#define WRITE 2

/* What the pages from GIB on are for the devices. */
static const struct {
	uint64_t address, rights;
} pages[] = {
	{ 4 * MIB, READ | WRITE },    { 9 * MIB, READ | WRITE }, { 10 * MIB, READ }, { 0, 0 },
	{ 0xD8000000, READ | WRITE }, /* no RAM: host_bar(&a, 0) is put there */
};

static struct host a, b;

static void invalidate(struct machine *m)
{
	machine_write(m, DMAR + CCMD, 1ull << 63 | 1ull << 61, 8);
	machine_write(m, DMAR + IOTLB, 1ull << 63 | 1ull << 60, 8);
}

/* One context for both devices, with the tables above. */
static void translate(struct machine *m, uint64_t table)
{
	machine_write(m, ROOT, CONTEXTS | 1, 8);
	for (unsigned device = 5; device <= 6; device++) {
		machine_write(m, CONTEXTS + device * 8 * 16, table | 1, 8);
		machine_write(m, CONTEXTS + device * 8 * 16 + 8, 1 << 8 | 1, 8);
	}
	machine_write(m, LEVEL3 + 8 * (GIB >> 30), LEVEL2 | READ | WRITE, 8);
	machine_write(m, LEVEL2, LEVEL1 | READ | WRITE, 8);
	for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		machine_write(m, LEVEL1 + 8 * i, pages[i].address | pages[i].rights, 8);
	machine_write(m, DMAR + RTADDR, ROOT, 8);
	machine_write(m, DMAR + GCMD, 1u << 30, 4);
	invalidate(m);
	machine_write(m, DMAR + GCMD, 1u << 31, 4);
}

static struct machine *machine(void)
{
	struct machine *m = MACHINE(SHARED_RAM("64M"), "-device", "intel-iommu,aw-bits=39", "-device",
				    "idt-ntb,id=a,addr=5,switch=local:s,port=0", "-device",
				    "idt-ntb,id=b,addr=6,switch=local:s,port=2");

	a = (struct host){ m, "a", 5, 0 };
	b = (struct host){ m, "b", 6, 1 };
	host_enumerate(&a);
	host_enumerate(&b);
	host_enable(&a);
	host_enable(&b);
	host_lut_set(&a, 2, 0, 1, GIB);
	return m;
}

static uint64_t window(uint64_t offset)
{
	return host_bar(&a, 2) + offset;
}

/* Whether the guest has been told of a fault since this was asked last. */
static bool faulted(struct machine *m)
{
	bool told = machine_read(m, DMAR + FRCD_HIGH, 8) >> 63;

	machine_write(m, DMAR + FRCD_HIGH, 1ull << 63, 8);
	return told;
}

static void refused(struct machine *m, uint64_t offset)
{
	assert_int_equal(machine_read(m, window(offset), 8), UINT64_MAX);
	assert_true(faulted(m));
	machine_write(m, window(offset), 0, 8);
	host_read(&b, NTINTSTS); /* the write is posted; it arrives before this is answered (section 13) */
	assert_true(faulted(m));
	assert_int_equal(machine_read(m, window(offset), 4), UINT32_MAX);
	assert_true(faulted(m));
}

static void translated(void **state)
{
	static const uint64_t value = 0x0123456789ABCDEF;
	struct machine *m = machine();

	(void)state;
	translate(m, LEVEL3);
	for (unsigned page = 0; page < 2; page++) {
		machine_write(m, window(page * PAGE + 8), value + page, 8);
		assert_int_equal(machine_read(m, window(page * PAGE + 8), 8), value + page);
		assert_int_equal(machine_read(m, pages[page].address + 8, 8), value + page);
	}
	/* pages that follow each other only for the device */
	machine_write(m, window(PAGE - 4), value, 8);
	assert_int_equal(machine_read(m, window(PAGE - 4), 8), value);
	assert_int_equal(machine_read(m, 4 * MIB + PAGE - 4, 4), (uint32_t)value);
	assert_int_equal(machine_read(m, 9 * MIB, 4), value >> 32);
	assert_false(faulted(m));
	/* read only; QEMU tells the guest only while it has not cached the entry */
	machine_write(m, 10 * MIB, value, 8);
	machine_write(m, window(2 * PAGE), 0, 8);
	assert_int_equal(machine_read(m, window(2 * PAGE), 8), value);
	assert_true(faulted(m));
	machine_write(m, window(2 * PAGE), 0, 8);
	assert_int_equal(machine_read(m, window(2 * PAGE), 8), value);
	/* not there at all, with and without an interrupt for it */
	refused(m, 3 * PAGE);
	machine_write(m, DMAR + FEDATA, 0x30, 4);
	machine_write(m, DMAR + FEADDR, 0xFEE00000, 4);
	machine_write(m, DMAR + FECTL, 0, 4);
	refused(m, 3 * PAGE);
	/* there, and no RAM */
	assert_int_equal(machine_read(m, window(4 * PAGE), 4), UINT32_MAX);
	/* the guest takes a page away */
	machine_write(m, LEVEL1, 0, 8);
	invalidate(m);
	refused(m, 8);
	assert_int_equal(machine_read(m, 4 * MIB + 8, 8), value);
	machine_stop(m);
}

/* Tables in our own registers and windows: the walk finds nothing there, and nobody waits for anybody. */
static void tables_in_bars(void **state)
{
	struct machine *m = machine();
	const uint64_t places[] = { host_bar(&a, 0), host_bar(&a, 2), host_bar(&b, 0), host_bar(&b, 2) };

	(void)state;
	host_lut_set(&b, 2, 0, 0, GIB);
	for (unsigned i = 0; i < 4; i++) {
		translate(m, places[i]);
		assert_int_equal(machine_read(m, window(8), 8), UINT64_MAX);
		machine_write(m, window(8), 0, 8);
		machine_write(m, DMAR + RTADDR, places[i], 8);
		machine_write(m, DMAR + GCMD, 1u << 31 | 1u << 30, 4);
		invalidate(m);
		assert_int_equal(machine_read(m, window(8), 8), UINT64_MAX);
		machine_write(m, window(8), 0, 8);
		assert_int_equal(host_read(&b, 0) & 0xFFFF, 0x111D);
		machine_write(m, DMAR + GCMD, 0, 4);
	}
	machine_stop(m);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(translated),
		cmocka_unit_test(tables_in_bars),
	};

	machine_program(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
