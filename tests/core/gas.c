/* SPDX-License-Identifier: BSD-3-Clause */
/* The global address space: what is where, what may be written of another host's, recursion (section 4). */
#include "driver.h"

#define NT(port) (0x1000u + 0x2000 * (port))

/* GASAADDR keeps 17:2; the cursor is of the function, the data of the moment. */
static void cursor(void **state)
{
	struct bench *bench = bench_create_attached(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	nt_write(a, 0xFF8, ~0u);
	assert_int_equal(nt_read(a, 0xFF8), 0x3FFFC);
	nt_write(a, 0xFF8, NT(2) + 0x40C);
	nt_write(b, 0xFF8, NT(0) + 0x40C);
	nt_write(b, 0x40C, 0x11111111);
	nt_write(a, 0x40C, 0x22222222);
	assert_int_equal(nt_read(a, 0xFFC), 0x11111111);
	assert_int_equal(nt_read(b, 0xFFC), 0x22222222);
	bench_destroy(bench);
}

/* All of the space can be read, from inside and outside, and both see the same; no read changes anything. */
static void all_of_it(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "3", NULL);
	struct bench_host *a = &bench->hosts[0];

	(void)state;
	nt_write(a, 0x420, 3);
	driver_msg_write(a, 1, 1, 0xBEEF);
	for (unsigned round = 0; round < 2; round++) {
		for (uint32_t address = 0; address < IDTNTB_GAS_SIZE; address += 4) {
			uint32_t inside = gas_read(a, address), outside = idtntb_switch_peek(bench->sw, address);

			/* INTS of PCISTS is for the owner; its cursor moves while it reads. */
			if (address == NT(0) + 0x004)
				outside |= inside & 1u << 19;
			if (address != NT(0) + 0xFF8)
				assert_int_equal(inside, outside);
			assert_int_equal(idtntb_switch_peek(bench->sw, address + 3),
					 outside & ~(address == NT(0) + 4 ? 1u << 19 : 0));
		}
	}
	assert_int_equal(nt_read(&bench->hosts[1], 0x428), 3);
	assert_int_equal(nt_read(&bench->hosts[1], 0x460), 1u << 17);
	bench_destroy(bench);
}

/* Of another host's registers NTGSIGNAL and OUTDBELLSET take writes, all others refuse them. */
static void writes_to_another_host(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];
	struct idtntb_port_stats before, after;
	uint32_t own[IDTNTB_NT_SIZE / 4];

	(void)state;
	for (uint32_t offset = 0; offset < IDTNTB_NT_SIZE; offset += 4)
		own[offset / 4] = idtntb_port_peek(bench->hosts[1].port, offset);
	for (uint32_t offset = 0; offset < IDTNTB_NT_SIZE; offset += 4) {
		bool taken = offset == 0x410 || offset == 0x420;

		idtntb_port_stats(a->port, &before);
		gas_write(a, NT(2) + offset, taken ? 0 : ~0u);
		gas_write(a, NT(2) + offset, 0);
		idtntb_port_stats(a->port, &after);
		assert_int_equal(after.guest_errors - before.guest_errors, taken ? 0 : 2);
	}
	for (uint32_t offset = 0; offset < IDTNTB_NT_SIZE; offset += 4)
		assert_int_equal(idtntb_port_peek(bench->hosts[1].port, offset), own[offset / 4]);
	/* For the port addressed, not for the one that writes. */
	gas_write(a, 0x3ED00, 1u << 0);
	gas_write(a, NT(2) + 0x420, 1);
	assert_int_equal(nt_read(a, 0x428), 1);
	bench_destroy(bench);
}

/* One's own function may be reached this way in full, with all effects. */
static void own_function(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	gas_write(a, NT(0) + 0x420, 0x10);
	assert_int_equal(nt_read(b, 0x428), 0x10);
	gas_write(b, NT(2) + 0x42C, ~0u);
	assert_int_equal(nt_read(b, 0x42C), ~0u);
	gas_write(b, NT(2) + 0x428, 0x10);
	assert_int_equal(nt_read(b, 0x428), 0);
	gas_write(b, NT(2) + 0x004, 0x2);
	assert_int_equal(idtntb_port_config_read(b->port, 4, 2), 2);
	gas_write(b, NT(2) + 0xFF8, 0x3E000);
	assert_int_equal(nt_read(b, 0xFF8), 0x3E000);
	assert_int_equal(a->guest_errors + b->guest_errors, 0);
	bench_destroy(bench);
}

/* GASADATA through GASADATA ends at once: own, another's, with the other pointing back. */
static void recursion(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	nt_write(a, 0xFF8, NT(0) + 0xFFC);
	assert_int_equal(nt_read(a, 0xFFC), 0);
	nt_write(a, 0xFFC, 0x12345678);
	nt_write(b, 0xFF8, NT(0) + 0xFFC);
	nt_write(a, 0xFF8, NT(2) + 0xFFC);
	assert_int_equal(nt_read(a, 0xFFC), 0);
	assert_int_equal(nt_read(b, 0xFFC), 0);
	nt_write(a, 0xFFC, 1);
	assert_int_equal(idtntb_switch_peek(bench->sw, NT(2) + 0xFFC), 0);
	assert_true(a->guest_errors >= 2);
	bench_destroy(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cursor),       cmocka_unit_test(all_of_it), cmocka_unit_test(writes_to_another_host),
		cmocka_unit_test(own_function), cmocka_unit_test(recursion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
