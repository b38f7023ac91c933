/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows that are refused: each reason in the order of section 6.2, and the news of each change to the host. */
#include "driver.h"

static enum idtntb_window_state state_of(struct bench_host *host, unsigned bar, unsigned entry)
{
	struct idtntb_window window;

	bench_run(host->bench);
	idtntb_port_window(host->port, IDTNTB_WINDOW(bar, entry), &window);
	return window.state;
}

/* What a store and a load through an entry's first byte do. */
static void check_access(struct bench_host *a, struct bench_host *b, unsigned bar, bool open)
{
	uint32_t word = 0x31415926, back = 0;

	memset(b->ram, 0, 16);
	idtntb_port_bar_write(a->port, bar, 0, &word, 4);
	memcpy(&back, b->ram, 4);
	assert_int_equal(back, open ? word : 0);
	idtntb_port_bar_read(a->port, bar, 0, &back, 4);
	assert_int_equal(back, open ? word : ~0u);
}

/*
 * Start with all that can be wrong, put right one thing after the other: the reason moves on in the order of the
 * reference. `bar` is 2 (a table) or the first direct one.
 */
static void in_order(const char *bars, unsigned bar, bool table)
{
	struct bench *bench = bench_create(NULL, "3", bars);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	bench_attach(bench, 0);
	bench_attach(bench, 1);
	bench_enumerate(a);
	idtntb_port_config_write(a->port, 4, 0, 2);
	assert_int_equal(state_of(a, bar, 0), IDTNTB_WINDOW_MEM_OFF);
	idtntb_port_config_write(a->port, 4, 6, 2);
	assert_int_equal(state_of(a, bar, 0), IDTNTB_WINDOW_NOT_ADMITTED);
	check_access(a, b, bar, false);
	driver_link_enable(a);
	assert_int_equal(state_of(a, bar, 0), table ? IDTNTB_WINDOW_INVALID : IDTNTB_WINDOW_LIMIT);
	check_access(a, b, bar, false);
	/* Own partition, one without a port, then that of b. */
	driver_mw_set(a, bar, 0, 0, 0, 0x100000);
	assert_int_equal(state_of(a, bar, 0), IDTNTB_WINDOW_NO_TARGET);
	driver_mw_set(a, bar, 0, 7, 0, 0x100000);
	assert_int_equal(state_of(a, bar, 0), IDTNTB_WINDOW_NO_TARGET);
	if (table) {
		/* LUTUDATA has four bits of partition, the chip eight partitions. */
		driver_mw_set(a, bar, 0, 9, 0, 0x100000);
		assert_int_equal(state_of(a, bar, 0), IDTNTB_WINDOW_NO_TARGET);
	}
	driver_mw_set(a, bar, 0, 1, 0, 0x100000);
	assert_int_equal(state_of(a, bar, 0), IDTNTB_WINDOW_LINK_DOWN);
	check_access(a, b, bar, false);
	idtntb_port_link_set(b->port, true);
	assert_int_equal(state_of(a, bar, 0), IDTNTB_WINDOW_TARGET_BME_OFF);
	check_access(a, b, bar, false);
	bench_enumerate(b);
	assert_int_equal(state_of(a, bar, 0), IDTNTB_WINDOW_OPEN);
	check_access(a, b, bar, true);
	bench_destroy(bench);
}

static void reasons_in_order(void **state)
{
	(void)state;
	in_order("lut24", 2, true);
	in_order("lut24", 4, false);
	in_order("lut12x2", 2, true);
	in_order("lut12x2", 4, true);
	in_order("lut12x2", 1, false);
	in_order("lut12x2", 5, false);
}

/* Each thing that can close an open window does so alone, with an access refused and the host told. */
static void each_reason_alone(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	driver_mw_set(a, 2, 0, 1, 0, 0x100000);
	check_access(a, b, 2, true);

	bench_forget(a);
	idtntb_port_config_write(b->port, 4, 2, 2);
	bench_run(bench);
	assert_int_equal(state_of(a, 2, 0), IDTNTB_WINDOW_TARGET_BME_OFF);
	assert_int_equal(a->window_changes, 1);
	check_access(a, b, 2, false);
	idtntb_port_config_write(b->port, 4, 6, 2);
	bench_run(bench);
	assert_int_equal(a->window_changes, 2);
	check_access(a, b, 2, true);

	idtntb_switch_link_force(bench->sw, 2, true);
	bench->kicked = 3;
	bench_run(bench);
	assert_int_equal(state_of(a, 2, 0), IDTNTB_WINDOW_LINK_DOWN);
	assert_int_equal(a->window_changes, 3);
	check_access(a, b, 2, false);
	idtntb_switch_link_force(bench->sw, 2, false);
	bench->kicked = 3;
	bench_run(bench);
	check_access(a, b, 2, true);

	nt_write(b, 0x4D0, 0);
	nt_write(b, 0x4D8, 0);
	assert_int_equal(state_of(a, 2, 0), IDTNTB_WINDOW_NOT_ADMITTED);
	assert_int_equal(a->window_changes, 5);
	check_access(a, b, 2, false);
	/* Without ID protection no entry is needed. */
	nt_write(a, 0x400, 3);
	check_access(a, b, 2, true);
	nt_write(a, 0x400, 2);
	check_access(a, b, 2, false);
	/* Any valid entry of the partition will do (section 5). */
	nt_write(b, 0x4D0, 63);
	nt_write(b, 0x4D8, 0x1234 << 1 | 0 << 17 | 1);
	check_access(a, b, 2, true);
	assert_int_equal(a->window_changes, 8);

	bench_detach(bench, 1);
	assert_int_equal(state_of(a, 2, 0), IDTNTB_WINDOW_LINK_DOWN);
	assert_int_equal(a->window_changes, 9);
	bench_destroy(bench);
}

/* CPEN off: completions do not come back, so reads give ones; writes are posted and pass. */
static void completions_off(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];
	struct idtntb_window window;
	uint32_t word = 0x27182818, back = 0;

	(void)state;
	driver_mw_set(a, 2, 0, 1, 0, 0x100000);
	bench_forget(a);
	nt_write(a, 0x400, 0);
	assert_int_equal(idtntb_port_window(a->port, IDTNTB_WINDOW(2, 0), &window), 0);
	assert_int_equal(window.state, IDTNTB_WINDOW_OPEN);
	assert_false(window.readable);
	assert_int_equal(a->window_changes, 1);
	idtntb_port_bar_write(a->port, 2, 0, &word, 4);
	assert_memory_equal(b->ram, &word, 4);
	idtntb_port_bar_read(a->port, 2, 0, &back, 4);
	assert_int_equal(back, ~0u);
	/* The target's CPEN does not matter. */
	nt_write(a, 0x400, 2);
	nt_write(b, 0x400, 0);
	check_access(a, b, 2, true);
	bench_destroy(bench);
}

/* While a direct window is programmed step by step each step counts at once (section 6.2, details). */
static void step_by_step(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "3", NULL);
	struct bench_host *a = &bench->hosts[0];
	struct idtntb_window window;

	(void)state;
	driver_mw_set(a, 4, 0, 1, 0x1000, 0x100000);
	bench_forget(a);
	nt_write(a, 0x4B0, (nt_read(a, 0x4B0) & ~0xE000u) | 2 << 13);
	idtntb_port_window(a->port, IDTNTB_WINDOW(4, 0), &window);
	assert_int_equal(window.slot, 2);
	nt_write(a, 0x4B8, 0x2000);
	nt_write(a, 0x4BC, 0x1);
	idtntb_port_window(a->port, IDTNTB_WINDOW(4, 0), &window);
	assert_true(window.address == 0x100002000ull);
	assert_int_equal(a->window_changes, 3);
	/* The BAR's shape does not change by a write (section 6.1). */
	nt_write(a, 0x4B0, 0x7FFF1FFF);
	assert_int_equal(nt_read(a, 0x4B0), 0x8000014C);
	/* The driver's clear of a table entry: address first, VALID last. */
	driver_mw_set(a, 2, 7, 1, 0x3000, 0x100000);
	nt_write(a, 0x4E0, 2 << 8 | 7);
	nt_write(a, 0x4E4, 0);
	idtntb_port_window(a->port, IDTNTB_WINDOW(2, 7), &window);
	assert_int_equal(window.state, IDTNTB_WINDOW_OPEN);
	assert_true(window.address == 0);
	nt_write(a, 0x4EC, 0);
	assert_int_equal(state_of(a, 2, 7), IDTNTB_WINDOW_INVALID);
	bench_destroy(bench);
}

/* A write that changes nothing, and traffic of others, is no news. */
static void no_news(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "3", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	driver_mw_set(a, 2, 3, 1, 0x1000, 0x100000);
	bench_forget(a);
	bench_forget(b);
	driver_mw_set(a, 2, 3, 1, 0x1000, 0x100000);
	nt_write(b, 0x420, 1);
	driver_msg_write(b, 0, 0, 1);
	driver_link_disable(&bench->hosts[2]);
	driver_link_enable(&bench->hosts[2]);
	assert_int_equal(a->window_changes, 0);
	assert_int_equal(b->window_changes, 0);
	bench_destroy(bench);
}

/*
 * A host asks again at some other moment, and a peer's change is undone before the host is served: what it was told
 * before still holds, or a mapping would outlive its reason.
 */
static void asked_at_any_moment(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];
	struct idtntb_window window;
	uint32_t word = 0;

	(void)state;
	driver_mw_set(a, 2, 0, 1, 0, 0x100000);
	idtntb_port_link_set(b->port, false);
	bench_run(bench);
	bench_forget(a);
	idtntb_port_link_set(b->port, true);
	assert_int_equal(idtntb_port_window(a->port, IDTNTB_WINDOW(2, 0), &window), 0);
	assert_false(window.readable);
	/* An access goes by what is. */
	idtntb_port_bar_read(a->port, 2, 0, &word, 4);
	assert_int_not_equal(word, ~0u);
	idtntb_port_link_set(b->port, false);
	bench_run(bench);
	assert_int_equal(a->window_changes, 0);
	idtntb_port_window(a->port, IDTNTB_WINDOW(2, 0), &window);
	assert_false(window.readable);
	bench_destroy(bench);
}

/* Reset of the function: all windows closed, of both sides, and the tables empty (section 13). */
static void closed_by_reset(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", "lut12x2");
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	driver_mw_set(a, 4, 11, 1, 0, 0x100000);
	driver_mw_set(b, 1, 0, 0, 0, 0x100000);
	assert_int_equal(state_of(a, 4, 11), IDTNTB_WINDOW_OPEN);
	assert_int_equal(state_of(b, 1, 0), IDTNTB_WINDOW_OPEN);
	bench_forget(a);
	bench_forget(b);
	idtntb_port_reset(a->port);
	bench_run(bench);
	assert_int_equal(a->window_changes, 1);
	assert_int_equal(b->window_changes, 1);
	assert_int_equal(state_of(a, 4, 11), IDTNTB_WINDOW_MEM_OFF);
	assert_int_equal(state_of(b, 1, 0), IDTNTB_WINDOW_TARGET_BME_OFF);
	bench_enumerate(a);
	driver_link_enable(a);
	assert_int_equal(state_of(a, 4, 11), IDTNTB_WINDOW_INVALID);
	assert_int_equal(state_of(a, 1, 0), IDTNTB_WINDOW_LIMIT);
	assert_int_equal(state_of(b, 1, 0), IDTNTB_WINDOW_OPEN);
	bench_destroy(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reasons_in_order), cmocka_unit_test(each_reason_alone),
		cmocka_unit_test(completions_off),  cmocka_unit_test(step_by_step),
		cmocka_unit_test(no_news),          cmocka_unit_test(asked_at_any_moment),
		cmocka_unit_test(closed_by_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
