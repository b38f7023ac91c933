/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows: where a request goes (section 6.2), for each kind of translation. Refusals: windows-refused.c. */
#include "driver.h"

#define BAR_READ(host, bar, offset, value) idtntb_port_bar_read((host)->port, bar, offset, &(value), sizeof(value))
#define BAR_WRITE(host, bar, offset, value) idtntb_port_bar_write((host)->port, bar, offset, &(value), sizeof(value))

static struct idtntb_window window_of(struct bench_host *host, unsigned bar, unsigned entry)
{
	struct idtntb_window window;

	assert_int_equal(idtntb_port_window(host->port, IDTNTB_WINDOW(bar, entry), &window), 0);
	return window;
}

/* Set a window to an address of b's memory, store and load through it, close it again. */
static void through(struct bench_host *a, struct bench_host *b, unsigned bar, unsigned entry, uint64_t size,
		    uint32_t address)
{
	uint64_t start = entry * size, word = 0x0123456789ABCDEFull ^ address, back = 0;
	struct idtntb_window window;

	driver_mw_set(a, bar, entry, bench_partition(b), address, size);
	window = window_of(a, bar, entry);
	assert_int_equal(window.state, IDTNTB_WINDOW_OPEN);
	assert_true(window.readable);
	assert_int_equal(window.bar, bar);
	assert_int_equal(window.entry, entry);
	assert_int_equal(window.slot, b - b->bench->hosts);
	assert_true(window.address == address && window.size == size && window.offset == start);
	assert_true(window.length == size);
	memset(b->ram, 0x5A, BENCH_RAM);
	BAR_WRITE(a, bar, start + 0x18, word);
	memcpy(&back, b->ram + address + 0x18, 8);
	assert_true(back == word);
	assert_int_equal(b->ram[address + 0x17], 0x5A);
	assert_int_equal(b->ram[address + 0x20], 0x5A);
	back = 0;
	BAR_READ(a, bar, start + 0x18, back);
	assert_true(back == word);
	driver_mw_clear(a, bar, entry);
	assert_int_not_equal(window_of(a, bar, entry).state, IDTNTB_WINDOW_OPEN);
	BAR_READ(a, bar, start + 0x18, back);
	assert_true(back == UINT64_MAX);
	word = 0;
	BAR_WRITE(a, bar, start + 0x18, word);
	memcpy(&back, b->ram + address + 0x18, 8);
	assert_true(back != 0);
}

/* Every window of a layout as the driver finds it, both ways. */
static void every_window_of(const char *bars)
{
	struct bench *bench = bench_create_linked(NULL, "0=4,2=1", bars);
	struct driver driver;

	for (unsigned from = 0; from < 2; from++) {
		struct bench_host *a = &bench->hosts[from], *b = &bench->hosts[!from];

		assert_null(driver_probe(&driver, a));
		for (unsigned m = 0; m < driver.self.mw_count; m++) {
			struct driver_mw *mw = &driver.self.mws[m];

			through(a, b, mw->bar, mw->entry, mw->size, 0x1000 + 4 * m);
		}
		assert_int_equal(a->guest_errors, 0);
	}
	bench_destroy(bench);
}

static void every_window(void **state)
{
	(void)state;
	every_window_of("lut24");
	every_window_of("lut24:1K");
	every_window_of("lut24:32M");
	every_window_of("lut12x2");
	every_window_of("lut12x2:1K");
	every_window_of("lut12x2:64M");
	/* One 64-bit table of 12 and direct windows of another size. */
	every_window_of("0x800004CC,0,0x8000094C,0,0x8000013C,0");
}

/* Entries past the table's end, in the last part of the BAR, are nobody's. */
static void past_the_table(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", "lut12x2:64K");
	struct bench_host *a = &bench->hosts[0];
	struct idtntb_window window;
	uint32_t value = 0;

	(void)state;
	nt_write(a, 0x4E0, 2 << 8 | 12);
	nt_write(a, 0x4E4, 0x1000);
	nt_write(a, 0x4EC, 1u << 31 | 1);
	assert_int_equal(nt_read(a, 0x4EC), 1u << 31 | 1);
	assert_int_equal(idtntb_port_window(a->port, IDTNTB_WINDOW(2, 12), &window), -22);
	assert_int_equal(window.state, IDTNTB_WINDOW_NONE);
	BAR_READ(a, 2, 12 * 0x10000, value);
	assert_int_equal(value, ~0u);
	for (unsigned bar = 0; bar < 7; bar++) {
		for (unsigned entry = 0; entry < 24; entry++) {
			bool there = bar == 1 || bar == 3 || bar == 5 ? entry == 0
				     : bar == 2 || bar == 4           ? entry < 12
								      : false;

			assert_int_equal(idtntb_port_window(a->port, IDTNTB_WINDOW(bar, entry), &window),
					 there ? 0 : -22);
		}
	}
	bench_destroy(bench);
}

/* The cursor names an entry of 2 or 4; other cursors read 0, keep nothing and are guest errors. */
static void lut_cursor(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];

	(void)state;
	for (uint32_t bar = 0; bar < 8; bar++) {
		for (uint32_t entry = 0; entry < 32; entry++) {
			bool there = (bar == 2 || bar == 4) && entry < 24;
			struct idtntb_port_stats before, after;

			idtntb_port_stats(a->port, &before);
			nt_write(a, 0x4E0, ~0x71Fu | bar << 8 | entry);
			assert_int_equal(nt_read(a, 0x4E0), bar << 8 | entry);
			nt_write(a, 0x4E4, bar << 8 | entry);
			nt_write(a, 0x4E8, ~(bar << 8 | entry));
			nt_write(a, 0x4EC, ~0u);
			assert_int_equal(nt_read(a, 0x4E4), there ? bar << 8 | entry : 0);
			assert_int_equal(nt_read(a, 0x4E8), there ? ~(bar << 8 | entry) : 0);
			assert_int_equal(nt_read(a, 0x4EC), there ? 0x8000000F : 0);
			idtntb_port_stats(a->port, &after);
			assert_int_equal(after.guest_errors - before.guest_errors, there ? 0 : 3);
		}
	}
	/* Each entry kept its own. */
	nt_write(a, 0x4E0, 0x205);
	assert_int_equal(nt_read(a, 0x4E4), 0x205);
	assert_int_equal(gas_read(a, 0x14E4), 0x205);
	bench_destroy(bench);
}

/* Size z admits z + 1 KiB, bounded by the aperture (section 6.2, details). */
static void limits(void **state)
{
	static const struct {
		const char *bars;
		unsigned bar;
		uint64_t at;
	} cases[] = { { "lut24", 4, BENCH_BAR(4) },
		      { "lut12x2", 5, BENCH_BAR32(5) },
		      { "lut12x2", 1, BENCH_BAR32(1) } };

	(void)state;
	for (size_t c = 0; c < 3; c++) {
		struct bench *bench = bench_create_linked(NULL, "2", cases[c].bars);
		struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];
		unsigned bar = cases[c].bar;
		uint32_t word = 0;

		driver_mw_set(a, bar, 0, 1, 0x2000, 0x1000);
		assert_true(window_of(a, bar, 0).length == 0x1400);
		memset(b->ram, 0x11, BENCH_RAM);
		BAR_READ(a, bar, 0x13FC, word);
		assert_int_equal(word, 0x11111111);
		BAR_READ(a, bar, 0x1400, word);
		assert_int_equal(word, ~0u);
		/* Across the limit: refused as a whole. */
		idtntb_port_bar_read(a->port, bar, 0x13FE, &word, 4);
		assert_int_equal(word, ~0u);
		driver_mw_set(a, bar, 0, 1, 0x2000, 0x100000);
		assert_true(window_of(a, bar, 0).length == 0x100000);
		nt_write(a, 0x474 + 0x10 * bar, (uint32_t)cases[c].at);
		assert_true(window_of(a, bar, 0).length == 0x400);
		nt_write(a, 0x474 + 0x10 * bar, (uint32_t)cases[c].at - 1);
		if (bar == 4)
			nt_write(a, 0x474 + 0x10 * 5, (uint32_t)((cases[c].at - 1) >> 32));
		assert_int_equal(window_of(a, bar, 0).state, IDTNTB_WINDOW_LIMIT);
		/* Absolute: a BAR that moves takes the window out of its limit. */
		driver_mw_set(a, bar, 0, 1, 0x2000, 0x1000);
		idtntb_port_config_write(a->port, 0x10 + 4 * bar, 0xF0000000, 4);
		assert_int_equal(window_of(a, bar, 0).state, IDTNTB_WINDOW_LIMIT);
		bench_destroy(bench);
	}
}

/* Bases need be aligned to 4 only, and are added; LUT bases to nothing. */
static void odd_bases(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];
	uint32_t word = 0xCAFEF00D;

	(void)state;
	driver_mw_set(a, 4, 0, 1, 0x2346, 0x1000);
	assert_true(window_of(a, 4, 0).address == 0x2344);
	idtntb_port_bar_write(a->port, 4, 0x101, &word, 4);
	assert_memory_equal(b->ram + 0x2445, &word, 4);
	driver_mw_set(a, 2, 23, 1, 0x777, 0x100000);
	idtntb_port_bar_write(a->port, 2, 23 * 0x100000 + 0x10, &word, 4);
	assert_memory_equal(b->ram + 0x787, &word, 4);
	bench_destroy(bench);
}

/* The last bytes of the 64-bit space: no wrap, the last one reachable. */
static void end_of_all_addresses(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];
	static const uint64_t addresses[] = { UINT64_MAX, UINT64_MAX - 0xFFF, UINT64_MAX - 0xFFFFF, 1ull << 63 };

	(void)state;
	for (size_t n = 0; n < 4; n++) {
		struct idtntb_window window;

		driver_mw_set(a, 2, 0, 1, addresses[n], 0x100000);
		window = window_of(a, 2, 0);
		assert_int_equal(window.state, IDTNTB_WINDOW_OPEN);
		assert_true(window.address == addresses[n]);
		assert_true(window.length >= 1 && window.length <= 0x100000);
		assert_true(window.address + (window.length - 1) >= window.address);
		assert_true(n > 2 || window.address + (window.length - 1) == UINT64_MAX);
	}
	bench_destroy(bench);
}

/* An access over several windows is each part's own affair. */
static void accesses_over_windows(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "3", "lut24:1K");
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1], *c = &bench->hosts[2];
	unsigned char data[0xC00], back[0xC00];
	struct idtntb_port_stats stats;

	(void)state;
	for (size_t n = 0; n < sizeof(data); n++)
		data[n] = (unsigned char)(n * 7 + n / 256);
	driver_mw_set(a, 2, 0, 1, 0x100, 0x400);
	driver_mw_set(a, 2, 2, 2, 0x8000, 0x400);
	idtntb_port_bar_write(a->port, 2, 0, data, sizeof(data));
	assert_memory_equal(b->ram + 0x100, data, 0x400);
	assert_memory_equal(c->ram + 0x8000, data + 0x800, 0x400);
	idtntb_port_bar_read(a->port, 2, 0, back, sizeof(back));
	memset(data + 0x400, 0xFF, 0x400);
	assert_memory_equal(back, data, sizeof(data));
	/* Unaligned, over the edge between an open window and a closed one. */
	idtntb_port_bar_read(a->port, 2, 0x3FD, back, 8);
	assert_memory_equal(back, data + 0x3FD, 8);
	idtntb_port_stats(a->port, &stats);
	assert_int_equal(stats.window_writes, 1);
	assert_int_equal(stats.window_reads, 2);
	assert_int_equal(stats.window_refused, 3);
	/* What the peer's memory does not have is all ones, too. */
	driver_mw_set(a, 2, 0, 1, BENCH_RAM - 0x200, 0x400);
	idtntb_port_bar_read(a->port, 2, 0x1FC, back, 8);
	assert_memory_equal(back, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8);
	bench_destroy(bench);
}

/* Every size and alignment, as ntb_perf's copies do them. */
static void every_size_and_alignment(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	driver_mw_set(a, 2, 5, 1, 0x4000, 0x100000);
	for (size_t size = 1; size <= 64; size++) {
		for (size_t offset = 0; offset < 16; offset++) {
			unsigned char data[64], back[64];

			for (size_t n = 0; n < size; n++)
				data[n] = (unsigned char)(size * offset + n);
			memset(b->ram + 0x4000, 0, 128);
			idtntb_port_bar_write(a->port, 2, 5 * 0x100000 + offset, data, size);
			assert_memory_equal(b->ram + 0x4000 + offset, data, size);
			assert_int_equal(b->ram[0x4000 + offset + size], 0);
			idtntb_port_bar_read(a->port, 2, 5 * 0x100000 + offset, back, size);
			assert_memory_equal(back, data, size);
		}
	}
	bench_destroy(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_window),
		cmocka_unit_test(past_the_table),
		cmocka_unit_test(lut_cursor),
		cmocka_unit_test(limits),
		cmocka_unit_test(odd_bases),
		cmocka_unit_test(end_of_all_addresses),
		cmocka_unit_test(accesses_over_windows),
		cmocka_unit_test(every_size_and_alignment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
