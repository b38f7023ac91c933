/* SPDX-License-Identifier: BSD-3-Clause */
/* Accesses of every size at every offset, and the guest errors of those that nobody answers. */
#include "bench.h"

/* The bytes of the NT function as dword reads give them; past the end ones. */
static uint64_t bytes_at(struct bench_host *host, uint32_t offset, unsigned size)
{
	uint64_t value = 0;

	for (unsigned b = 0; b < size; b++) {
		uint64_t byte = 0xFF;

		if (offset + b < IDTNTB_NT_SIZE)
			byte = idtntb_port_peek(host->port, offset + b) >> 8 * ((offset + b) & 3) & 0xFF;
		value |= byte << 8 * b;
	}
	return value;
}

static void reads_of_every_size_and_offset(void **state)
{
	struct bench *bench = bench_create_attached(NULL, "2", NULL);
	struct bench_host *host = &bench->hosts[1];

	(void)state;
	for (uint32_t offset = 0; offset < IDTNTB_NT_SIZE + 16; offset++) {
		for (unsigned size = 1; size <= 8; size++) {
			uint64_t expected = bytes_at(host, offset, size), bar = 0;

			assert_true(idtntb_port_config_read(host->port, offset, size) == expected);
			idtntb_port_bar_read(host->port, 0, offset, &bar, size);
			assert_true(bar == expected);
		}
	}
	assert_true(idtntb_port_config_read(host->port, 0, 0) == 0);
	assert_true(idtntb_port_config_read(host->port, 0x470, 9) == idtntb_port_config_read(host->port, 0x470, 8));
	idtntb_port_config_write(host->port, 0x414, UINT64_MAX, ~0u);
	assert_true(idtntb_port_config_read(host->port, 0x414, 8) == UINT64_MAX);
	assert_int_equal(nt_read(host, 0x41C), 0);
	assert_true(idtntb_port_config_read(host->port, UINT32_MAX, 8) == UINT64_MAX);
	assert_int_equal(idtntb_port_peek(host->port, IDTNTB_NT_SIZE), UINT32_MAX);
	bench_destroy(bench);
}

static void put_bytes(struct bench_host *host, bool bar, uint32_t offset, uint64_t value, unsigned size)
{
	if (bar)
		idtntb_port_bar_write(host->port, 0, offset, &value, size);
	else
		idtntb_port_config_write(host->port, offset, value, size);
}

/* Over NTIERRORMSK0 and 1, with a trigger register before them and a hole behind. */
static void writes_of_every_size_and_offset(void **state)
{
	struct bench *bench = bench_create_attached(NULL, "2", NULL);
	struct bench_host *host = &bench->hosts[1];
	unsigned char bytes[8 + 8 + 8];

	(void)state;
	for (unsigned door = 0; door < 2; door++) {
		for (uint32_t offset = 0x414 - 7; offset < 0x41C + 1; offset++) {
			for (unsigned size = 1; size <= 8; size++) {
				uint64_t value = 0xF8E7D6C5B4A39281ull;

				nt_write(host, 0x414, 0x03020100);
				nt_write(host, 0x418, 0x07060504);
				for (unsigned b = 0; b < 8; b++)
					bytes[8 + b] = (unsigned char)b;
				memcpy(bytes + 8 + offset - 0x414, &value, size);
				put_bytes(host, door, offset, value, size);
				for (unsigned b = 0; b < 8; b++)
					assert_int_equal(idtntb_port_config_read(host->port, 0x414 + b, 1),
							 bytes[8 + b]);
				assert_int_equal(nt_read(host, 0x41C), 0);
			}
		}
	}
	bench_destroy(bench);
}

/* Eight bytes are two dwords, low first: the cursor, then its data (section 3). */
static void eight_bytes_over_cursor_and_data(void **state)
{
	struct bench *bench = bench_create_attached(NULL, "2", NULL);
	struct bench_host *host = &bench->hosts[0];

	(void)state;
	idtntb_port_config_write(host->port, 0xFF8, 0xA55A5AA5ull << 32 | 0x3E000, 8);
	assert_int_equal(gas_read(host, 0x3E000), 0xA55A5AA5);
	assert_true(idtntb_port_config_read(host->port, 0xFF8, 8) == (0xA55A5AA5ull << 32 | 0x3E000));
	bench_destroy(bench);
}

/* Part of a trigger register acts with the bytes that are written, others count as 0. */
static void bytes_of_triggers(void **state)
{
	struct bench *bench = bench_create_attached(NULL, "2", NULL);
	struct bench_host *host = &bench->hosts[0], *peer = &bench->hosts[1];

	(void)state;
	for (unsigned byte = 0; byte < 4; byte++)
		idtntb_port_config_write(host->port, 0x420 + byte, 1u << byte, 1);
	assert_int_equal(nt_read(peer, 0x428), 0x08040201);
	idtntb_port_config_write(host->port, 0x42A, 0xFFFF, 2);
	assert_int_equal(nt_read(host, 0x428), 0x0201);
	idtntb_port_config_write(host->port, 0x411, 0xFF, 1);
	assert_int_equal(gas_read(host, 0x3EC30), 0);
	idtntb_port_config_write(host->port, 0x410, 0xFF, 1);
	assert_int_equal(gas_read(host, 0x3EC30), 1);
	bench_destroy(bench);
}

/* BAR0 answers only while PCICMD.MEM is set; configuration space always. */
static void memory_enable(void **state)
{
	struct bench *bench = bench_create_attached(NULL, "2", NULL);
	struct bench_host *host = &bench->hosts[0];
	uint32_t value = 0;

	(void)state;
	idtntb_port_config_write(host->port, 4, 0, 2);
	idtntb_port_bar_read(host->port, 0, 0, &value, 4);
	assert_int_equal(value, ~0u);
	value = 0x1234;
	idtntb_port_bar_write(host->port, 0, 0x40C, &value, 4);
	assert_int_equal(idtntb_port_config_read(host->port, 0x40C, 4), 0);
	idtntb_port_config_write(host->port, 4, 2, 2);
	idtntb_port_bar_write(host->port, 0, 0x40C, &value, 4);
	assert_int_equal(idtntb_port_config_read(host->port, 0x40C, 4), 0x1234);
	bench_destroy(bench);
}

/* No BAR, a BAR that is off, an upper half, offsets at the end of all offsets: ones, and nothing written. */
static void nowhere(void **state)
{
	static const uint64_t offsets[] = { 0, 0x1000, 1ull << 32, UINT64_MAX - 3, UINT64_MAX };
	/* BAR1 off and yet with a table in its BARSETUP, BAR3 the upper half with rubbish. */
	struct bench *bench =
		bench_create_attached(NULL, "2", "0x800004C0,0x00001000,0x8000119C,0x7FFFFFFF,0x8000014C,0xFFFFFFFF");
	struct bench_host *host = &bench->hosts[0];
	static const unsigned bars[] = { 0, 1, 3, 5, 6, 7, ~0u };

	(void)state;
	for (size_t b = 0; b < sizeof(bars) / sizeof(bars[0]); b++) {
		for (size_t o = bars[b] ? 0 : 1; o < sizeof(offsets) / sizeof(offsets[0]); o++) {
			unsigned char data[64] = { 0 };

			idtntb_port_bar_write(host->port, bars[b], offsets[o], data, sizeof(data));
			idtntb_port_bar_read(host->port, bars[b], offsets[o], data, sizeof(data));
			for (size_t d = 0; d < sizeof(data); d++)
				assert_int_equal(data[d], 0xFF);
		}
	}
	assert_int_equal(nt_read(host, 0), 0x8091111D);
	bench_destroy(bench);
}

/* The 1st to 4th, 8th, 16th, ... of a kind reach the host, with their count; all are counted. */
static void guest_errors_are_rate_limited(void **state)
{
	struct bench *bench = bench_create_attached(NULL, "2", NULL);
	struct bench_host *host = &bench->hosts[0];
	struct idtntb_port_stats stats;
	unsigned expected = 0;

	(void)state;
	for (unsigned n = 1; n <= 1100; n++) {
		expected += n <= 4 || !(n & (n - 1));
		nt_read(host, 0x424);
		assert_int_equal(host->guest_errors, expected);
	}
	assert_int_equal(expected, 4 + 8);
	assert_non_null(strstr(host->last_error, "RESERVED424"));
	assert_non_null(strstr(host->last_error, "1024 times"));
	assert_null(strchr(host->last_error, '\n'));
	idtntb_port_stats(host->port, &stats);
	assert_int_equal(stats.guest_errors, 1100);
	/* Another kind is not hidden by the first. */
	nt_write(host, 0x440, 1);
	assert_int_equal(host->guest_errors, expected + 1);
	assert_non_null(strstr(host->last_error, "INMSG0"));
	bench_destroy(bench);
}

static bool listed(enum idtntb_space space, uint32_t address)
{
	unsigned instance[2];

	return idtntb_register_find(space, address, instance);
}

/* Dwords that no row names read 0, keep nothing and are guest errors; but for the PCI core's walk below 0x400. */
static void unlisted_dwords(void **state)
{
	struct bench *bench = bench_create_attached(NULL, "2", NULL);
	struct bench_host *host = &bench->hosts[0];
	struct idtntb_port_stats before, after;

	(void)state;
	for (uint32_t offset = 0; offset < IDTNTB_NT_SIZE; offset += 4) {
		if (listed(IDTNTB_SPACE_NT, offset))
			continue;
		idtntb_port_stats(host->port, &before);
		nt_write(host, offset, ~0u);
		assert_int_equal(nt_read(host, offset), 0);
		idtntb_port_stats(host->port, &after);
		assert_int_equal(after.guest_errors - before.guest_errors, offset < 0x400 ? 0 : 2);
	}
	for (uint32_t address = 0x3E000; address < IDTNTB_GAS_SIZE; address += 4) {
		if (listed(IDTNTB_SPACE_SWITCH, address))
			continue;
		idtntb_port_stats(host->port, &before);
		gas_write(host, address, ~0u);
		assert_int_equal(gas_read(host, address), 0);
		idtntb_port_stats(host->port, &after);
		assert_int_equal(after.guest_errors - before.guest_errors, 2);
	}
	bench_destroy(bench);
}

/* The global address space reports what nobody implements, and who may not write there. */
static void guest_errors_of_global_addresses(void **state)
{
	static const struct {
		uint32_t address;
		bool read, write;
	} cases[] = {
		{ 0x3E20C, true, true },   { 0x3FFFC, true, true },  { 0x03000, true, true },
		{ 0x31000, true, true },   { 0x3EC00, false, true }, { 0x00000, false, true },
		{ 0x05404, false, true },  { 0x01440, false, true }, { 0x3E000, false, false },
		{ 0x0140C, false, false }, { 0x00004, true, true },  { 0x0141C, true, true },
		{ 0x0541C, true, true },   { 0x01500, true, true },  { 0x05500, true, true },
		{ 0x01038, false, false }, { 0x05038, false, true },
	};
	struct bench *bench = bench_create_attached(NULL, "2", NULL);
	struct bench_host *host = &bench->hosts[0];

	(void)state;
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct idtntb_port_stats before, after;

		idtntb_port_stats(host->port, &before);
		gas_read(host, cases[c].address);
		idtntb_port_stats(host->port, &after);
		assert_int_equal(after.guest_errors - before.guest_errors, cases[c].read);
		gas_write(host, cases[c].address, 0);
		idtntb_port_stats(host->port, &before);
		assert_int_equal(before.guest_errors - after.guest_errors, cases[c].write);
	}
	bench_destroy(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_of_every_size_and_offset),
		cmocka_unit_test(writes_of_every_size_and_offset),
		cmocka_unit_test(eight_bytes_over_cursor_and_data),
		cmocka_unit_test(bytes_of_triggers),
		cmocka_unit_test(memory_enable),
		cmocka_unit_test(nowhere),
		cmocka_unit_test(guest_errors_are_rate_limited),
		cmocka_unit_test(unlisted_dwords),
		cmocka_unit_test(guest_errors_of_global_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
