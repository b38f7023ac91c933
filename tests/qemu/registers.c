/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The NT function's registers through both doors, and who owns which byte of them.
 */
#include "host.h"

#include <idtntb.h>

#define GASAADDR 0xFF8
#define GASADATA 0xFFC

static struct machine *m;
static struct host a, b;

static int start(void **state)
{
	(void)state;
	m = MACHINE(SHARED_RAM("64M"), "-device", "idt-ntb,id=a,addr=5,switch=local:s,port=0", "-device",
		    "idt-ntb,id=b,addr=6,switch=local:s,port=2,msi=off");
	a = (struct host){ m, "a", 5, 0 };
	b = (struct host){ m, "b", 6, 1 };
	host_enumerate(&a);
	host_enumerate(&b);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	machine_stop(m);
	return 0;
}

static uint32_t config(const struct host *h, uint32_t offset)
{
	return machine_config_read(m, h->device, offset, 4);
}

/* What the driver's probe looks at (section 10). */
static void identity(void **state)
{
	(void)state;
	assert_int_equal(config(&a, 0x00), 0x8091111D);
	assert_int_equal(config(&a, 0x08) >> 8, 0x068000);
	assert_int_equal(machine_config_read(m, 5, 0x0E, 1), 0);
	assert_int_equal(config(&a, 0x470), 0x800004C0); /* read before BAR0 is mapped */
	assert_int_equal(config(&a, 0x4C) >> 24, 0);
	assert_int_equal(config(&b, 0x4C) >> 24, 2);
	assert_int_equal(config(&a, 0x3C) >> 8 & 0xFF, 1);
}

static void capabilities(void **state)
{
	(void)state;
	assert_int_equal(machine_config_read(m, 5, 0x06, 2) & 0x10, 0x10);
	assert_int_equal(machine_config_read(m, 5, 0x34, 1), 0x40);
	assert_int_equal(config(&a, 0x40), 0x0002C010); /* PCIe version 2, endpoint; next PM */
	assert_int_equal(config(&a, 0xC0), 0x0003D001); /* PM version 3; next MSI */
	assert_int_equal(config(&a, 0xD0), 0x00800005); /* MSI, 64-bit, one vector; end */
	assert_int_equal(config(&a, 0x100), 0x00020001); /* AER; end */
	assert_int_equal(config(&b, 0xC0), 0x00030001); /* msi=off: PM is the last */
	assert_int_equal(config(&b, 0xD0), 0);
	/* every other link is as the core describes it */
	for (unsigned i = 0; idtntb_capability_get(i); i++) {
		const struct idtntb_capability *cap = idtntb_capability_get(i);
		uint32_t header = config(&a, cap->offset);

		assert_int_equal(cap->offset < 0x100 ? header & 0xFF : header & 0xFFFF, cap->id);
	}
}

/* All of it but GASADATA, which is a window to something else each time. */
static void both_doors(void **state)
{
	(void)state;
	for (uint32_t offset = 0; offset < IDTNTB_NT_SIZE - 4; offset += 4) {
		if (config(&a, offset) != host_read(&a, offset))
			fail_msg("NT[0x%03x]: configuration 0x%08x, BAR0 0x%08x", offset, config(&a, offset),
				 host_read(&a, offset));
	}
	/* a write through one is seen through the other */
	machine_config_write(m, 5, 0x40C, 0x12345678, 4);
	assert_int_equal(host_read(&a, 0x40C), 0x12345678);
	host_write(&a, 0x48, 0x2850);
	assert_int_equal(machine_config_read(m, 5, 0x48, 2), 0x2850);
	host_write(&a, 0x48, 0x2810);
}

static void writable_bits(void **state)
{
	(void)state;
	for (uint32_t offset = 0x28; offset < IDTNTB_VMM_CONFIG_SIZE; offset += 4) {
		unsigned instance[2];
		const struct idtntb_register *reg = idtntb_register_find(IDTNTB_SPACE_NT, offset, instance);
		uint32_t before = config(&a, offset), rw = reg ? reg->rw : 0;

		if (offset == 0xD0)
			continue; /* QEMU cuts the number of vectors down when MSI is switched on */
		machine_config_write(m, 5, offset, before ^ rw, 4);
		if ((config(&a, offset) ^ before) != rw)
			fail_msg("NT[0x%03x]: 0x%08x of 0x%08x took a write", offset, config(&a, offset) ^ before, rw);
		machine_config_write(m, 5, offset, ~(before ^ rw) & ~rw, 4); /* read-only bits */
		assert_int_equal(config(&a, offset) & ~rw, before & ~rw);
		machine_config_write(m, 5, offset, before, 4);
	}
}

static void bar_sizes(void **state)
{
	static const uint32_t expected[6] = { 0xFFFFF000, 0, 0xFE00000C, 0xFFFFFFFF, 0xFFF0000C, 0xFFFFFFFF };

	(void)state;
	machine_config_write(m, 5, 0x04, 0, 2);
	for (unsigned bar = 0; bar < 6; bar++) {
		uint32_t before = config(&a, 0x10 + 4 * bar);

		machine_config_write(m, 5, 0x10 + 4 * bar, 0xFFFFFFFF, 4);
		assert_int_equal(config(&a, 0x10 + 4 * bar), expected[bar]);
		machine_config_write(m, 5, 0x10 + 4 * bar, before, 4);
	}
	host_enumerate(&a);
}

/* 1, 2, 4 and 8 bytes at any offset, across the border between QEMU's image and the core's too. */
static void sizes(void **state)
{
	uint64_t bar = host_bar(&a, 0);

	(void)state;
	host_write(&a, 0x40C, 0x33221100);
	host_write(&a, 0x414, 0x77665544);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(machine_read(m, bar + 0x40C + i, 1), 0x11 * i);
	assert_int_equal(machine_read(m, bar + 0x40D, 2), 0x2211);
	assert_int_equal(machine_read(m, bar + 0x40E, 4), (host_read(&a, 0x410) & 0xFFFF) << 16 | 0x3322);
	assert_int_equal(machine_read(m, bar + 0x40C, 8), (uint64_t)host_read(&a, 0x410) << 32 | 0x33221100);
	assert_int_equal(machine_read(m, bar + 0x3FC, 8), (uint64_t)host_read(&a, 0x400) << 32 | host_read(&a, 0x3FC));
	assert_int_equal(machine_read(m, bar + 0x3FE, 4), (uint64_t)(host_read(&a, 0x400) & 0xFFFF) << 16);
	machine_write(m, bar + 0x40D, 0xAB, 1);
	assert_int_equal(host_read(&a, 0x40C), 0x3322AB00);
	machine_write(m, bar + 0x40E, 0xCDEF, 2);
	assert_int_equal(host_read(&a, 0x40C), 0xCDEFAB00);
	/* the command register by BAR0, and back by the other door: the BAR is gone without MEM */
	machine_write(m, bar + 0x04, COMMAND_BME, 2);
	assert_int_equal(machine_config_read(m, 5, 0x04, 2), COMMAND_BME);
	assert_int_not_equal(machine_read(m, bar, 4), 0x8091111D);
	host_enumerate(&a);
	assert_int_equal(machine_read(m, bar, 4), 0x8091111D);
}

static void doorbells(void **state)
{
	(void)state;
	host_enable(&a);
	host_enable(&b);
	/* MSI of a: into RAM, where it can be read */
	machine_config_write(m, 5, 0xD4, 0x2000, 4);
	machine_config_write(m, 5, 0xDC, 0x4321, 2);
	machine_config_write(m, 5, 0xD2, machine_config_read(m, 5, 0xD2, 2) | 1, 2);
	machine_write(m, 0x2000, 0, 4);
	host_write(&b, OUTDBELLSET, 0x10);
	machine_wait(m, "a", "stats-interrupts", host_stat(&a, "stats-interrupts") ?: 1);
	assert_int_equal(host_read(&a, INDBELLSTS), 0x10);
	assert_int_equal(machine_read(m, 0x2000, 4), 0x4321);
	/* INTx of b, which the ring has reached too; the status bit is there although the line is disabled */
	assert_int_equal(host_read(&b, INDBELLSTS), 0x10);
	assert_int_equal(machine_config_read(m, 6, 0x06, 2) & 0x8, 0x8);
	machine_config_write(m, 6, 0x04, COMMAND_MEM | COMMAND_BME | 0x400, 2);
	assert_int_equal(machine_config_read(m, 6, 0x06, 2) & 0x8, 0x8);
	host_write(&b, INDBELLSTS, 0x10);
	assert_int_equal(machine_config_read(m, 6, 0x06, 2) & 0x8, 0);
	host_write(&a, INDBELLSTS, 0x10);
}

/* A guest that aims its MSI at its own doorbell register gets nothing, and takes nobody down. */
static void msi_at_itself(void **state)
{
	(void)state;
	host_write(&b, INDBELLSTS, 0xFFFFFFFF);
	machine_config_write(m, 5, 0xD4, (uint32_t)host_bar(&a, 0) + OUTDBELLSET, 4);
	host_write(&b, OUTDBELLSET, 0x10);
	machine_wait(m, "a", "stats-interrupts", 2);
	assert_int_equal(host_read(&a, INDBELLSTS), 0x10);
	assert_int_equal(host_read(&b, INDBELLSTS), 0x10);
	machine_config_write(m, 5, 0xD4, 0x2000, 4);
	host_write(&a, INDBELLSTS, 0xFFFFFFFF);
	host_write(&b, INDBELLSTS, 0xFFFFFFFF);
}

/* MSI is on in the core only, written through GASADATA past QEMU (section 4): by QEMU's image it is not, so there is none. */
static void msi_past_qemu(void **state)
{
	const struct host *hosts[] = { &a, &b };

	(void)state;
	machine_config_write(m, 5, 0xD2, 0, 2);
	for (unsigned i = 0; i < 2; i++) {
		uint64_t sent = host_stat(hosts[i], "stats-interrupts");

		host_write(hosts[i], GASAADDR, 2 * i * 0x2000 + 0x1000 + 0xD0);
		host_write(hosts[i], GASADATA, 0x00010000);
		host_write(hosts[i], NTINTMSK, host_read(hosts[i], NTINTMSK) & ~2u);
		host_write(hosts[1 - i], OUTDBELLSET, 0x100);
		machine_wait(m, hosts[i]->id, "stats-interrupts", sent + 1);
		assert_int_equal(host_read(hosts[i], INDBELLSTS), 0x100);
		assert_int_equal(machine_config_read(m, hosts[i]->device, 0xD2, 2) & 1, 0);
		host_write(hosts[i], GASAADDR, 2 * i * 0x2000 + 0x1000 + 0xD0);
		host_write(hosts[i], GASADATA, 0);
		host_write(&a, INDBELLSTS, UINT32_MAX);
		host_write(&b, INDBELLSTS, UINT32_MAX);
	}
}

/* A reset leaves what the register table says, in both images, and keeps the BAR setup (section 13). */
static void reset(void **state)
{
	uint32_t before[IDTNTB_NT_SIZE / 4];

	(void)state;
	machine_qmp_ok(m, "{\"execute\":\"system_reset\"}");
	machine_out(m, 0xCF8, 0x80000060);
	machine_out(m, 0xCFC, 0xB0000001);
	for (uint32_t offset = 0; offset < IDTNTB_NT_SIZE; offset += 4)
		before[offset / 4] = config(&a, offset);
	assert_int_equal(before[0x04 / 4], 0x00100000);
	assert_int_equal(before[0x400 / 4], 0);
	assert_int_equal(before[0x470 / 4], 0x800004C0);
	/* everything that can be written is, then it is reset again */
	host_enumerate(&a);
	for (uint32_t offset = 0x3C; offset < IDTNTB_VMM_CONFIG_SIZE; offset += 4)
		host_write(&a, offset, 0xFFFFFFFF);
	host_write(&a, 0x40C, 0xFFFFFFFF);
	host_lut_set(&a, 2, 3, 1, 0x1000);
	machine_qmp_ok(m, "{\"execute\":\"system_reset\"}");
	machine_out(m, 0xCF8, 0x80000060);
	machine_out(m, 0xCFC, 0xB0000001);
	for (uint32_t offset = 0; offset < IDTNTB_NT_SIZE - 4; offset += 4) {
		/* the reset itself is an event, and latched */
		if (offset != NTINTSTS && config(&a, offset) != before[offset / 4])
			fail_msg("NT[0x%03x]: 0x%08x after reset, 0x%08x before", offset, config(&a, offset),
				 before[offset / 4]);
	}
	host_enumerate(&a);
	host_enumerate(&b);
	both_doors(state);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identity),  cmocka_unit_test(capabilities),  cmocka_unit_test(both_doors),
		cmocka_unit_test(bar_sizes), cmocka_unit_test(writable_bits), cmocka_unit_test(sizes),
		cmocka_unit_test(doorbells), cmocka_unit_test(msi_at_itself), cmocka_unit_test(msi_past_qemu),
		cmocka_unit_test(reset),
	};

	machine_program(argc, argv);
	return cmocka_run_group_tests(tests, start, stop);
}
