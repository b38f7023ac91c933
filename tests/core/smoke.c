/* SPDX-License-Identifier: BSD-3-Clause */
/* The shortest way through all of it: probe, link, doorbell, message, window, on two ports. */
#include "driver.h"

static void link_doorbell_message_window(void **state)
{
	struct bench *bench = bench_create_attached(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];
	struct driver driver;
	uint32_t word = 0;

	(void)state;
	for (unsigned slot = 0; slot < 2; slot++)
		assert_null(driver_probe(&driver, &bench->hosts[slot]));
	assert_int_equal(driver_link_is_up(a), 0);
	driver_link_enable(a);
	driver_link_enable(b);
	assert_int_equal(driver_link_is_up(a), 2);
	assert_int_equal(driver_link_is_up(b), 1);

	nt_write(b, 0x428, ~0u);
	nt_write(a, 0x420, 0x4);
	assert_int_equal(nt_read(b, 0x428), 0x4);
	assert_true(b->msis > 0);

	gas_write(a, 0x3EE00, 0 | 1 << 4);
	nt_write(a, 0x430, 0xCAFEF00D);
	assert_int_equal(nt_read(b, 0x460), 1u << 16);
	assert_int_equal(nt_read(b, 0x440), 0xCAFEF00D);
	assert_int_equal(nt_read(b, 0x450), 0);

	driver_mw_set(a, 2, 23, 1, 0x1000, 0x100000);
	idtntb_port_bar_write(a->port, 2, 23 * 0x100000ull + 8, "\x78\x56\x34\x12", 4);
	memcpy(&word, b->ram + 0x1008, 4);
	assert_int_equal(word, 0x12345678);
	bench_destroy(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_doorbell_message_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
