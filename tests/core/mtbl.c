/* SPDX-License-Identifier: BSD-3-Clause */
/* The NT mapping table: one of 64 entries for the whole switch, a cursor in each function (section 5). */
#include "driver.h"

#define NTMTBLADDR 0x4D0
#define NTMTBLSTS 0x4D4
#define NTMTBLDATA 0x4D8

/* What one host writes through its cursor, the others read through theirs. */
static void one_table_many_cursors(void **state)
{
	struct bench *bench = bench_create_attached(NULL, "8", NULL);

	(void)state;
	for (uint32_t e = 0; e < 64; e++) {
		struct bench_host *writer = &bench->hosts[e % 8];

		nt_write(writer, NTMTBLADDR, e);
		nt_write(writer, NTMTBLDATA, ~e);
	}
	for (unsigned slot = 0; slot < 8; slot++)
		nt_write(&bench->hosts[slot], NTMTBLADDR, slot * 7);
	for (unsigned slot = 0; slot < 8; slot++)
		assert_int_equal(nt_read(&bench->hosts[slot], NTMTBLDATA), ~(slot * 7) & 0xE00FFFFF);
	for (uint32_t e = 0; e < 64; e++) {
		nt_write(&bench->hosts[3], NTMTBLADDR, e);
		assert_int_equal(nt_read(&bench->hosts[3], NTMTBLDATA), ~e & 0xE00FFFFF);
		/* The cursor of another host is readable, and what it points to. */
		assert_int_equal(gas_read(&bench->hosts[0], 0xD000 + NTMTBLADDR), e);
		assert_int_equal(gas_read(&bench->hosts[0], 0xD000 + NTMTBLDATA), ~e & 0xE00FFFFF);
	}
	bench_destroy(bench);
}

/* Entries 64 to 127 can be named but are not there: read 0, status bit, guest error. */
static void past_the_end(void **state)
{
	struct bench *bench = bench_create_attached(NULL, "2", NULL);
	struct bench_host *host = &bench->hosts[0];

	(void)state;
	nt_write(host, NTMTBLADDR, ~0u);
	assert_int_equal(nt_read(host, NTMTBLADDR), 0x7F);
	for (uint32_t e = 64; e < 128; e++) {
		nt_write(host, NTMTBLADDR, e);
		assert_int_equal(nt_read(host, NTMTBLSTS), 0);
		nt_write(host, NTMTBLDATA, ~0u);
		assert_int_equal(nt_read(host, NTMTBLDATA), 0);
		assert_int_equal(nt_read(host, NTMTBLSTS), 1);
		nt_write(host, NTMTBLSTS, 1);
	}
	assert_int_equal(nt_read(host, NTMTBLSTS), 0);
	assert_true(host->guest_errors > 4);
	for (uint32_t e = 0; e < 64; e++) {
		nt_write(host, NTMTBLADDR, e);
		assert_int_equal(nt_read(host, NTMTBLDATA), 0);
	}
	bench_destroy(bench);
}

static void bytes_of_an_entry(void **state)
{
	struct bench *bench = bench_create_attached(NULL, "2", NULL);
	struct bench_host *host = &bench->hosts[0];

	(void)state;
	nt_write(host, NTMTBLADDR, 9);
	nt_write(host, NTMTBLDATA, 0xE00ABCDE);
	idtntb_port_config_write(host->port, NTMTBLDATA + 1, 0x12, 1);
	assert_int_equal(nt_read(host, NTMTBLDATA), 0xE00A12DE);
	idtntb_port_config_write(host->port, NTMTBLDATA + 2, 0xFFFF, 2);
	assert_int_equal(nt_read(host, NTMTBLDATA), 0xE00F12DE);
	bench_destroy(bench);
}

/* The table is of the switch: resets of functions, and owners that come and go, leave it (a choice of section 14). */
static void survives_a_port(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];

	(void)state;
	idtntb_port_reset(bench->hosts[1].port);
	bench_detach(bench, 1);
	nt_write(a, NTMTBLADDR, 1);
	assert_int_equal(nt_read(a, NTMTBLDATA), 1u << 17 | 1);
	assert_int_equal(driver_link_is_up(a), 0);
	bench_destroy(bench);
}

/* REQIDCAP: the reader's id, 31:16 zero, or bit 16 would land in PART. */
static void requester(void **state)
{
	struct bench *bench = bench_create_attached(NULL, "2", NULL);

	(void)state;
	nt_write(&bench->hosts[0], 0x4DC, ~0u);
	assert_int_equal(nt_read(&bench->hosts[0], 0x4DC), 0);
	bench_destroy(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_table_many_cursors),
		cmocka_unit_test(past_the_end),
		cmocka_unit_test(bytes_of_an_entry),
		cmocka_unit_test(survives_a_port),
		cmocka_unit_test(requester),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
