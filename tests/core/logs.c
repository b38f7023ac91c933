/* SPDX-License-Identifier: BSD-3-Clause */
/* What people are told: lines by level, registers by name, and the counters of a handle. */
#include "driver.h"

/* Links and resets by default; windows and interrupts when asked; accesses only then. */
static void levels(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	idtntb_port_link_set(b->port, false);
	bench_run(bench);
	assert_int_equal(a->logs[IDTNTB_LOG_INFO], 1);
	assert_string_equal(a->last_log, "link of port 2 is down");
	nt_write(a, 0x420, 1);
	driver_mw_set(a, 2, 0, 1, 0, 0x100000);
	assert_int_equal(a->logs[IDTNTB_LOG_DEBUG] + a->logs[IDTNTB_LOG_TRACE], 0);

	idtntb_port_log_set(a->port, IDTNTB_LOG_DEBUG);
	idtntb_port_link_set(b->port, true);
	bench_run(bench);
	assert_true(a->logs[IDTNTB_LOG_DEBUG] >= 1);
	bench_forget(a);
	nt_write(a, 0x428, 1);
	nt_write(b, 0x420, 1);
	assert_int_equal(a->logs[IDTNTB_LOG_DEBUG], 1);
	assert_non_null(strstr(a->last_log, "MSI"));
	driver_mw_clear(a, 2, 0);
	assert_non_null(strstr(a->last_log, "window BAR2.0: lookup table entry not valid"));
	idtntb_port_config_write(a->port, 0xD2, 0, 2);
	assert_string_equal(a->last_log, "INTA asserted");
	assert_int_equal(a->logs[IDTNTB_LOG_TRACE], 0);

	idtntb_port_log_set(a->port, IDTNTB_LOG_ERROR);
	bench_forget(a);
	idtntb_port_reset(a->port);
	for (int level = IDTNTB_LOG_ERROR; level <= IDTNTB_LOG_TRACE; level++)
		assert_int_equal(a->logs[level], 0);
	bench_destroy(bench);
}

/* An access: the register's name, its place and the value, whichever door it came through. */
static void accesses_by_name(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];

	(void)state;
	idtntb_port_log_set(a->port, IDTNTB_LOG_TRACE);
	nt_write(a, 0x42C, 0x1234);
	assert_string_equal(a->last_log, "INDBELLMSK (0x42c) <- 0x00001234");
	nt_read(a, 0x4B4);
	assert_string_equal(a->last_log, "BARLIMIT4 (0x4b4) -> 0x00000000");
	bench_forget(a);
	gas_write(a, 0x3EE64, 0x13);
	assert_string_equal(a->last_log, "SWP1MSGCTL3 (0x3ee64) <- 0x00000013");
	assert_int_equal(a->logs[IDTNTB_LOG_TRACE], 3);
	/* Looking is not accessing. */
	bench_forget(a);
	idtntb_port_peek(a->port, 0x42C);
	assert_int_equal(a->logs[IDTNTB_LOG_TRACE], 0);
	bench_destroy(bench);
}

/* Guest errors have a channel of their own, and say who, what and why. */
static void guest_errors(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];

	(void)state;
	idtntb_port_log_set(a->port, IDTNTB_LOG_ERROR);
	gas_write(a, 0x5400, 2);
	assert_non_null(strstr(a->last_error, "write of 0x00000002 to NTCTL"));
	assert_non_null(strstr(a->last_error, "another host's"));
	gas_write(a, 0x3EC00, 1);
	assert_non_null(strstr(a->last_error, "SESTS"));
	assert_non_null(strstr(a->last_error, "read-only"));
	nt_write(a, 0x500, 5);
	assert_non_null(strstr(a->last_error, "0x500"));
	nt_write(a, 0x4D0, 99);
	nt_write(a, 0x4D8, 1);
	assert_non_null(strstr(a->last_error, "entry 99 does not exist"));
	nt_write(a, 0x4E0, 0x300);
	nt_write(a, 0x4E4, 1);
	assert_non_null(strstr(a->last_error, "LUTOFFSET 0x300"));
	assert_int_equal(a->logs[IDTNTB_LOG_ERROR], 0);
	assert_int_equal(a->guest_errors, 5);
	bench_destroy(bench);
}

/* A guest that resets its function for ever fills no disk, neither its own host's nor a peer's. */
static void resets_without_end(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	bench_forget(a);
	bench_forget(b);
	for (unsigned n = 0; n < 10000; n++) {
		idtntb_port_reset(a->port);
		bench_run(bench);
	}
	/* The 8192nd reset; the 8192nd and 16384th change of the link, of which a had been told once before. */
	assert_int_equal(a->logs[IDTNTB_LOG_INFO], 4096 + 1 + 4095 + 2);
	assert_int_equal(b->logs[IDTNTB_LOG_INFO], 4096 + 2);
	assert_non_null(strstr(b->last_log, "link of port 0 is"));
	assert_non_null(strstr(b->last_log, "(16384 times)"));
	/* Another link is not hidden by that. */
	idtntb_port_link_set(b->port, false);
	assert_string_equal(b->last_log, "link of port 2 is down");
	bench_destroy(bench);
}

static void counters(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];
	struct idtntb_port_stats before, after;
	unsigned char data[32];

	(void)state;
	driver_mw_set(a, 2, 0, 1, 0, 0x100000);
	idtntb_port_stats(a->port, &before);
	for (unsigned n = 0; n < 7; n++)
		nt_read(a, 0x40C);
	nt_write(a, 0x40C, 1);
	idtntb_port_config_write(a->port, 0x414, 0, 8);
	for (unsigned n = 0; n < 5; n++)
		idtntb_port_bar_read(a->port, 2, 8 * n, data, sizeof(data));
	for (unsigned n = 0; n < 3; n++)
		idtntb_port_bar_write(a->port, 2, 8 * n, data, sizeof(data));
	idtntb_port_bar_write(a->port, 2, 0x100000, data, sizeof(data));
	nt_write(b, 0x420, 1);
	idtntb_port_stats(a->port, &after);
	assert_int_equal(after.register_reads - before.register_reads, 7);
	assert_int_equal(after.register_writes - before.register_writes, 3);
	assert_int_equal(after.window_reads - before.window_reads, 5);
	assert_int_equal(after.window_writes - before.window_writes, 4);
	assert_int_equal(after.window_refused - before.window_refused, 1);
	assert_int_equal(after.interrupts - before.interrupts, 1);
	assert_int_equal(after.guest_errors, before.guest_errors);
	bench_destroy(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels),       cmocka_unit_test(accesses_by_name),
		cmocka_unit_test(guest_errors), cmocka_unit_test(resets_without_end),
		cmocka_unit_test(counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
