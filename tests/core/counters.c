/* SPDX-License-Identifier: BSD-3-Clause */
/* Counters in memory that others read: what is counted, and that whatever stands there harms nobody. */
#include "driver.h"

#include <stdio.h>

#define NTSDATA 0x40Cu
#define OUTDBELLSET 0x420u
#define INDBELLMSK 0x42Cu
#define SWPORT0STS 0x3E204u

static unsigned row_of(enum idtntb_space space, uint32_t address)
{
	unsigned instance[2];
	const struct idtntb_register *wanted = idtntb_register_find(space, address, instance);

	for (unsigned row = 0; idtntb_register_get(row); row++) {
		if (idtntb_register_get(row) == wanted)
			return row;
	}
	fail_msg("no register at 0x%x", address);
	return 0;
}

static struct idtntb_register_counts counts_of(const void *counters, enum idtntb_space space, uint32_t address)
{
	struct idtntb_register_counts counts;

	idtntb_counters_register(counters, row_of(space, address), &counts);
	return counts;
}

static struct idtntb_window_counts window_counts(const void *counters, unsigned bar, unsigned entry)
{
	struct idtntb_window_counts counts;

	idtntb_counters_window(counters, IDTNTB_WINDOW(bar, entry), &counts);
	return counts;
}

static void sizes(void **state)
{
	unsigned rows = 0;

	(void)state;
	assert_int_equal(idtntb_counters_size() % 4096, 0);
	/* COUNTER_ROWS in the core: each row, and a place for what has none. */
	while (idtntb_register_get(rows))
		rows++;
	assert_in_range(rows, 1, 191);
}

static void registers(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];
	struct idtntb_register_counts counts;
	struct idtntb_port_stats stats, same;
	void *counters = bench_counters();

	(void)state;
	idtntb_port_counters_set(a->port, counters);
	idtntb_counters_stats(counters, &stats);
	assert_int_equal(stats.register_reads + stats.register_writes + stats.window_reads + stats.guest_errors, 0);
	for (unsigned n = 0; n < 7; n++)
		nt_read(a, NTSDATA);
	nt_write(a, NTSDATA, 1);
	idtntb_port_config_write(a->port, NTSDATA + 1, 0, 1);
	nt_read(a, 0x434); /* two instances are one row */
	nt_read(a, 0x438);
	nt_read(a, 0x41C); /* nobody's */
	gas_read(a, SWPORT0STS);
	gas_write(a, 0x3EC04, 0);
	counts = counts_of(counters, IDTNTB_SPACE_NT, NTSDATA);
	assert_int_equal(counts.reads, 7);
	assert_int_equal(counts.writes, 2);
	assert_int_equal(counts_of(counters, IDTNTB_SPACE_NT, 0x430).reads, 2);
	assert_int_equal(counts_of(counters, IDTNTB_SPACE_SWITCH, SWPORT0STS).reads, 1);
	assert_int_equal(counts_of(counters, IDTNTB_SPACE_SWITCH, 0x3EC04).writes, 1);
	assert_int_equal(counts_of(counters, IDTNTB_SPACE_NT, 0xFFC).reads, 1);
	idtntb_counters_register(counters, ~0u, &counts);
	assert_int_equal(counts.reads + counts.writes, 0);
	nt_read(a, 0x500);
	idtntb_counters_register(counters, ~0u, &counts);
	assert_int_equal(counts.reads, 1);
	idtntb_counters_register(counters, 191, &counts);
	assert_int_equal(counts.reads + counts.writes, 0);
	/* The sums are the same to the owner, and switch registers are not counted twice. */
	idtntb_counters_stats(counters, &stats);
	idtntb_port_stats(a->port, &same);
	assert_memory_equal(&stats, &same, sizeof(stats));
	assert_int_equal(stats.register_reads, 7 + 2 + 1 + 1 + 1);
	assert_int_equal(stats.register_writes, 2 + 1 + 2);
	bench_destroy(bench);
	/* It keeps what it had. */
	assert_int_equal(counts_of(counters, IDTNTB_SPACE_NT, NTSDATA).reads, 7);
	free(counters);
}

static void windows(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", "lut24:4K");
	struct bench_host *a = &bench->hosts[0];
	struct idtntb_window_counts counts;
	unsigned char data[64] = { 0 };
	void *counters = bench_counters();

	(void)state;
	driver_mw_set(a, 2, 1, 1, 0x1000, 0x1000);
	driver_mw_set(a, 2, 2, 1, BENCH_RAM - 16, 0x1000);
	idtntb_port_counters_set(a->port, counters);
	idtntb_port_bar_write(a->port, 2, 0x1000, data, 64);
	idtntb_port_bar_write(a->port, 2, 0x1100, data, 3);
	idtntb_port_bar_read(a->port, 2, 0x1000, data, 8);
	counts = window_counts(counters, 2, 1);
	assert_int_equal(counts.writes, 2);
	assert_int_equal(counts.written_bytes, 67);
	assert_int_equal(counts.reads, 1);
	assert_int_equal(counts.read_bytes, 8);
	assert_int_equal(counts.refused, 0);
	assert_int_equal(counts.refusal, IDTNTB_WINDOW_OPEN);
	/* Over the edge: the first part is refused, the second not. */
	idtntb_port_bar_write(a->port, 2, 0xFF8, data, 16);
	counts = window_counts(counters, 2, 0);
	assert_int_equal(counts.refused, 1);
	assert_int_equal(counts.refusal, IDTNTB_WINDOW_INVALID);
	assert_int_equal(counts.refused_offset, 0xFF8);
	assert_int_equal(window_counts(counters, 2, 1).writes, 3);
	/* No memory there. */
	idtntb_port_bar_read(a->port, 2, 0x2010, data, 8);
	counts = window_counts(counters, 2, 2);
	assert_int_equal(counts.refused, 1);
	assert_int_equal(counts.refusal, IDTNTB_WINDOW_NO_ANSWER);
	assert_int_equal(counts.refused_offset, 0x10);
	/* Completions off: reads only. */
	nt_write(a, 0x400, 0);
	idtntb_port_bar_read(a->port, 2, 0x1000, data, 8);
	idtntb_port_bar_write(a->port, 2, 0x1000, data, 8);
	counts = window_counts(counters, 2, 1);
	assert_int_equal(counts.refusal, IDTNTB_WINDOW_NO_COMPLETION);
	assert_int_equal(counts.refused, 1);
	assert_int_equal(counts.writes, 4);
	idtntb_counters_window(counters, IDTNTB_WINDOWS, &counts);
	assert_int_equal(counts.refused + counts.reads + counts.writes, 0);
	assert_string_not_equal(idtntb_window_state_text(IDTNTB_WINDOW_NO_COMPLETION),
				idtntb_window_state_text(IDTNTB_WINDOW_NO_ANSWER));
	bench_destroy(bench);
	free(counters);
}

static void limited(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", "lut24:4K");
	struct bench_host *a = &bench->hosts[0];
	void *counters = bench_counters();
	uint32_t word = 0;

	(void)state;
	driver_mw_set(a, 4, 0, 1, 0x1000, 0x400);
	idtntb_port_counters_set(a->port, counters);
	/* The driver's limit is the first address past the window, and the chip lets its whole KiB through. */
	idtntb_port_bar_write(a->port, 4, 0x7FC, &word, 4);
	assert_int_equal(window_counts(counters, 4, 0).refused, 0);
	idtntb_port_bar_write(a->port, 4, 0x800, &word, 4);
	assert_int_equal(window_counts(counters, 4, 0).refusal, IDTNTB_WINDOW_LIMIT);
	bench_destroy(bench);
	free(counters);
}

static void mapped(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];
	struct idtntb_inbound_counts inbound = { 3, 0x1234567890, 1 };
	void *counters = bench_counters();

	(void)state;
	idtntb_port_window_mapped_set(a->port, IDTNTB_WINDOW(2, 5), true);
	idtntb_port_window_mapped_set(a->port, IDTNTB_WINDOW(4, 0), true);
	idtntb_port_window_mapped_set(a->port, IDTNTB_WINDOWS, true);
	idtntb_port_window_mapped_set(a->port, IDTNTB_WINDOW(4, 0), false);
	idtntb_port_counters_set(a->port, counters);
	assert_true(window_counts(counters, 2, 5).mapped);
	assert_false(window_counts(counters, 4, 0).mapped);
	idtntb_port_window_mapped_set(a->port, IDTNTB_WINDOW(2, 5), false);
	assert_false(window_counts(counters, 2, 5).mapped);
	idtntb_port_inbound_set(a->port, &inbound);
	memset(&inbound, 0, sizeof(inbound));
	idtntb_counters_inbound(counters, &inbound);
	assert_int_equal(inbound.refused, 3);
	assert_true(inbound.address == 0x1234567890);
	assert_int_equal(inbound.slot, 1);
	/* Privately again: nobody writes there any more. */
	idtntb_port_counters_set(a->port, NULL);
	memset(counters, 0, idtntb_counters_size());
	nt_read(a, NTSDATA);
	assert_int_equal(counts_of(counters, IDTNTB_SPACE_NT, NTSDATA).reads, 0);
	bench_destroy(bench);
	free(counters);
}

static void doorbells(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];
	struct idtntb_doorbell_history history;
	void *counters = bench_counters();

	(void)state;
	idtntb_port_counters_set(a->port, counters);
	nt_write(a, OUTDBELLSET, 0x5);
	nt_write(a, OUTDBELLSET, 0x80000000);
	nt_write(a, INDBELLMSK, 0xFFFFFF0F);
	nt_write(a, INDBELLMSK, 0xFFFFFFFF);
	idtntb_port_config_write(a->port, INDBELLMSK + 3, 0x7F, 1);
	idtntb_counters_doorbells(counters, &history);
	assert_int_equal(history.rung, 0x80000005);
	assert_int_equal(history.unmasked, 0x800000F0);
	bench_destroy(bench);
	free(counters);
}

/* Any content: no crash, numbers in bounds, text that is text. */
static void hostile(void **state)
{
	uint64_t *counters = bench_counters(), seed = 7;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct idtntb_register_counts registers_read;
		struct idtntb_doorbell_history history;
		struct idtntb_inbound_counts inbound;
		struct idtntb_window_counts window;
		struct idtntb_guest_error error;
		struct idtntb_port_stats stats;

		for (size_t w = 0; w < idtntb_counters_size() / 8; w++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			/* All the same: records that are complete, and text that has no end. */
			counters[w] = round % 3 == 0   ? 0x0101010101010101u * (round % 256)
				      : round % 3 == 1 ? (seed >> 60) + 1
						       : seed;
		}
		idtntb_counters_stats(counters, &stats);
		idtntb_counters_doorbells(counters, &history);
		idtntb_counters_inbound(counters, &inbound);
		assert_in_range(inbound.slot, 0, IDTNTB_PORTS - 1);
		for (unsigned n = 0; n < 200; n++) {
			idtntb_counters_register(counters, n, &registers_read);
			idtntb_counters_window(counters, n, &window);
			assert_in_range(window.refusal, IDTNTB_WINDOW_OPEN, IDTNTB_WINDOW_NO_ANSWER);
			assert_non_null(idtntb_window_state_text(window.refusal));
			if (!idtntb_counters_guest_error(counters, n, &error))
				continue;
			assert_int_not_equal(error.number, 0);
			assert_true(memchr(error.text, '\0', sizeof(error.text)) != NULL);
			for (const char *at = error.text; *at; at++)
				assert_in_range(*at, ' ', '~');
		}
	}
	free(counters);
}

/* Somebody scribbles over them while the owner counts: that is all that happens. */
static void scribbled(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];
	void *counters = bench_counters();
	struct idtntb_port_stats stats;

	(void)state;
	idtntb_port_counters_set(a->port, counters);
	for (unsigned n = 0; n < 300; n++) {
		memset(counters, (int)n, idtntb_counters_size());
		nt_write(a, NTSDATA, n);
		assert_int_equal(nt_read(a, NTSDATA), n);
		nt_write(a, 0x440, n);
		idtntb_port_window_mapped_set(a->port, n % IDTNTB_WINDOWS, n & 1);
		idtntb_port_stats(a->port, &stats);
	}
	/* The rate limit is the owner's own. */
	assert_int_equal(a->guest_errors, 4 + 6);
	bench_destroy(bench);
	free(counters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),   cmocka_unit_test(registers), cmocka_unit_test(windows),
		cmocka_unit_test(limited), cmocka_unit_test(mapped),    cmocka_unit_test(doorbells),
		cmocka_unit_test(hostile), cmocka_unit_test(scribbled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
