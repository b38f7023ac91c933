/* SPDX-License-Identifier: BSD-3-Clause */
/* What a host does before and around the driver's probe: sections 2, 10.2, 10.3, 10.4 and 15, on every chip. */
#include "driver.h"

#include <stdio.h>

/* The PCI core: a BAR by all ones with memory off, and back. */
static uint32_t size_bar(struct bench_host *host, unsigned bar)
{
	uint32_t offset = 0x10 + 4 * bar, old = (uint32_t)idtntb_port_config_read(host->port, offset, 4), mask;

	idtntb_port_config_write(host->port, offset, ~0u, 4);
	mask = (uint32_t)idtntb_port_config_read(host->port, offset, 4);
	idtntb_port_config_write(host->port, offset, old, 4);
	assert_int_equal(idtntb_port_config_read(host->port, offset, 4), old);
	return mask;
}

static void bars_by_all_ones(void **state)
{
	static const uint32_t lut24[] = { 0xFFFFF000, 0, 0xFE00000C, ~0u, 0xFFF0000C, ~0u };
	static const uint32_t lut12x2[] = { 0xFFFFF000, 0xFFF00000, 0xFF000000, 0xFFF00000, 0xFF000000, 0xFFF00000 };
	static const struct {
		const char *bars;
		const uint32_t *masks;
	} layouts[] = { { "lut24", lut24 }, { "lut12x2", lut12x2 } };

	(void)state;
	for (size_t l = 0; l < 2; l++) {
		struct bench *bench = bench_create(NULL, "2", layouts[l].bars);
		struct bench_host *host = &bench->hosts[1];

		bench_attach(bench, 1);
		for (unsigned bar = 0; bar < IDTNTB_BARS; bar++)
			assert_int_equal(size_bar(host, bar), layouts[l].masks[bar]);
		idtntb_port_config_write(host->port, 0x30, 0xFFFFF800, 4);
		assert_int_equal(idtntb_port_config_read(host->port, 0x30, 4), 0);
		assert_int_equal(host->guest_errors, 0);
		bench_destroy(bench);
	}
}

/* The lists in configuration space, as the PCI core walks them, are those of the one description. */
static void capabilities(void **state)
{
	struct bench *bench = bench_create(NULL, "2", NULL);
	struct bench_host *host = &bench->hosts[0];
	const struct idtntb_capability *capability;
	unsigned index = 0;
	uint32_t at;

	(void)state;
	bench_attach(bench, 0);
	assert_true(idtntb_port_config_read(host->port, 0x06, 2) & 0x10);
	for (at = (uint32_t)idtntb_port_config_read(host->port, 0x34, 1); at;
	     at = (uint32_t)idtntb_port_config_read(host->port, at + 1, 1)) {
		capability = idtntb_capability_get(index++);
		assert_non_null(capability);
		assert_int_equal(capability->offset, at);
		assert_int_equal(capability->id, idtntb_port_config_read(host->port, at, 1));
	}
	at = 0x100;
	do {
		uint32_t head = (uint32_t)idtntb_port_config_read(host->port, at, 4);

		capability = idtntb_capability_get(index++);
		assert_non_null(capability);
		assert_int_equal(capability->offset, at);
		assert_int_equal(capability->id, head & 0xFFFF);
		at = head >> 20;
	} while (at);
	assert_null(idtntb_capability_get(index));
	assert_int_equal(host->guest_errors, 0);
	bench_destroy(bench);
}

/* The values of section 15 that no hook of the tests computes. */
static void preset_of_section_15(void **state)
{
	struct bench *bench =
		bench_create_attached("89HPES32NT8AG2", "0,2,4", "0x800004C0,0,0x8000119C,0,0x8000014C,0");
	struct bench_host *host = &bench->hosts[1];

	(void)state;
	assert_int_equal(nt_read(host, 0x000), 0x808F111D);
	assert_int_equal(nt_read(host, 0x04C), 2u << 24 | 0x042);
	assert_int_equal(nt_read(host, 0x050), 0x00420000);
	assert_int_equal(nt_read(host, 0x008) >> 16, 0x0680);
	assert_int_equal(nt_read(host, 0x00C) >> 16 & 0xFF, 0);
	assert_int_equal(nt_read(host, 0x4DC), 0);
	for (unsigned k = 0; k < 8; k++)
		assert_int_equal(gas_read(host, 0x3E104 + 0x20 * k), k < 3 ? 0x4120u | (2 * k) << 9 : 0);
	for (unsigned port = 0; port < 24; port++) {
		uint32_t status = port == 0 || port == 2 || port == 4 ? 0xC0u | (port / 2) << 10 | 0x10 : 0;

		assert_int_equal(gas_read(host, 0x3E204 + 0x20 * port), status);
		assert_int_equal(gas_read(host, 0x2000 * port), 0x808F111D);
	}
	assert_int_equal(nt_read(host, 0x470), 0x800004C0);
	assert_int_equal(nt_read(host, 0x490), 0x8000119C);
	assert_int_equal(nt_read(host, 0x4B0), 0x8000014C);
	gas_write(host, 0x3F1D4, 0);
	assert_int_equal(gas_read(host, 0x3F1D8), 0x005A5A5A);
	assert_int_equal(gas_read(host, 0x3F1DC), 0x005A5A00);
	bench_destroy(bench);
}

static void check_mws(const struct driver_port *port, bool lut24)
{
	unsigned expected = lut24 ? 25 : 27;

	assert_int_equal(port->mw_count, expected);
	for (unsigned m = 0; m < expected; m++)
		assert_int_equal(port->mws[m].size, 0x100000);
	assert_int_equal(port->mws[expected - 1].bar, lut24 ? 4 : 5);
}

/* Probe everywhere with links down: later guests must be found as ports; then links, each way, one at a time. */
static void probe_and_link(const char *chip, unsigned count, const char *bars)
{
	char ports[8];
	struct bench *bench;
	struct driver driver;

	snprintf(ports, sizeof(ports), "%u", count);
	bench = bench_create(chip, ports, bars);
	for (unsigned slot = 0; slot < count; slot++) {
		struct bench_host *host = &bench->hosts[slot];

		bench_attach(bench, slot);
		bench_enumerate(host);
		assert_null(driver_probe(&driver, host));
		assert_int_equal(driver.self.port, host->number);
		assert_int_equal(driver.self.partition, slot);
		assert_int_equal(driver.peer_count, count - 1);
		check_mws(&driver.self, !strcmp(bars, "lut24"));
		for (unsigned p = 0; p < driver.peer_count; p++) {
			assert_int_equal(driver.peers[p].partition, p < slot ? p : p + 1);
			check_mws(&driver.peers[p], !strcmp(bars, "lut24"));
		}
		assert_int_equal(host->guest_errors, 0);
	}
	for (unsigned slot = 0; slot < count; slot++) {
		idtntb_port_link_set(bench->hosts[slot].port, true);
		bench_run(bench);
		driver_link_enable(&bench->hosts[slot]);
		for (unsigned s = 0; s < count; s++)
			assert_int_equal(driver_link_is_up(&bench->hosts[s]),
					 s > slot ? 0 : ((2u << slot) - 1) & ~(1u << s));
	}
	driver_link_disable(&bench->hosts[0]);
	assert_int_equal(driver_link_is_up(&bench->hosts[0]), 0);
	assert_int_equal(driver_link_is_up(&bench->hosts[1]), ((1u << count) - 1) & ~3u);
	bench_destroy(bench);
}

static void every_chip_and_count(void **state)
{
	const struct idtntb_chip *chip;

	(void)state;
	for (unsigned c = 0; (chip = idtntb_chip_get(c)); c++) {
		for (unsigned count = 2; count <= chip->port_count; count++) {
			probe_and_link(chip->name, count, "lut24");
			probe_and_link(chip->name, count, "lut12x2");
		}
	}
	for (unsigned count = 2; count <= 8; count++)
		probe_and_link(NULL, count, "lut24");
}

/* link_is_up wants five things; without any of them the link is down, on both sides. */
static void each_condition_of_a_link(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "3", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	assert_int_equal(driver_link_is_up(a), 6);
	nt_write(b, 0x400, 0);
	assert_int_equal(driver_link_is_up(a), 4);
	assert_int_equal(driver_link_is_up(b), 0);
	nt_write(b, 0x400, 2);
	idtntb_port_config_write(b->port, 4, 2, 2);
	assert_int_equal(driver_link_is_up(a), 4);
	assert_int_equal(driver_link_is_up(b), 0);
	idtntb_port_config_write(b->port, 4, 6, 2);
	nt_write(b, 0x4D0, 1);
	nt_write(b, 0x4D8, 0);
	assert_int_equal(driver_link_is_up(a), 4);
	assert_int_equal(driver_link_is_up(b), 0);
	nt_write(b, 0x4D0, 1);
	nt_write(b, 0x4D8, 1 << 17 | 1);
	idtntb_port_link_set(b->port, false);
	assert_int_equal(driver_link_is_up(a), 4);
	idtntb_port_link_set(b->port, true);
	assert_int_equal(driver_link_is_up(a), 6);
	assert_int_equal(driver_link_is_up(b), 5);
	bench_destroy(bench);
}

/* link_enable and link_disable leave what they should, and each wakes the peers (10.4). */
static void enable_and_disable(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	for (unsigned round = 0; round < 4; round++) {
		bool enable = round & 1;

		(enable ? driver_link_enable : driver_link_disable)(b);
		assert_int_equal(nt_read(a, 0x400), 2);
		assert_int_equal(nt_read(b, 0x400), enable ? 2 : 0);
		nt_write(a, 0x4D0, 1);
		assert_int_equal(nt_read(a, 0x4D8), enable ? 1u << 17 | 1 : 0);
		assert_int_equal(gas_read(a, 0x3EC30), 0);
		assert_int_equal(a->msis, round + 1);
		assert_int_equal(driver_interrupt(a), 8);
		assert_int_equal(driver_interrupt(b), 8);
		assert_int_equal(driver_interrupt(a), 0);
		assert_int_equal(driver_link_is_up(a), enable ? 2 : 0);
	}
	assert_int_equal(a->guest_errors + b->guest_errors, 0);
	bench_destroy(bench);
}

/* The debugfs info file (10.4): all of the table, doorbells, messages, temperature; nothing of it changes anything. */
static void debugfs_info(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "3", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];
	uint32_t source;

	(void)state;
	nt_write(a, 0x420, 0x80000001);
	driver_msg_write(a, 2, 1, 0x1234);
	bench_forget(b);
	for (unsigned round = 0; round < 2; round++) {
		assert_int_equal(driver_link_is_up(b), 5);
		for (uint32_t e = 0; e < 64; e++) {
			nt_write(b, 0x4D0, e);
			assert_int_equal(nt_read(b, 0x4D8), e < 3 ? e << 17 | 1 : 0);
		}
		assert_int_equal(gas_read(b, 0x3EC3C), 0x80000001);
		assert_int_equal(nt_read(b, 0x428), 0x80000001);
		assert_int_equal(nt_read(b, 0x42C), 0);
		assert_int_equal(nt_read(b, 0x460), 1u << 18);
		assert_int_equal(nt_read(b, 0x464), 0);
		for (unsigned m = 0; m < 4; m++) {
			assert_int_equal(driver_msg_read(b, m, &source), m == 2 ? 0x1234 : 0);
			assert_int_equal(source, 0);
		}
		assert_int_equal(gas_read(b, 0x3F1D8), 0x5A5A5A);
	}
	assert_int_equal(b->msis, 0);
	assert_int_equal(b->guest_errors, 0);
	bench_destroy(bench);
}

/* remove(), and probe again: as new; and a second probe without a remove, as after a crash kernel. */
static void probe_again(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", "lut12x2");
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];
	struct driver driver;

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		if (round) {
			driver_mask(b, 0x408, 0xB, 0);
			driver_link_disable(b);
			idtntb_port_config_write(b->port, 4, 2, 2);
			assert_int_equal(driver_link_is_up(a), 0);
			idtntb_port_config_write(b->port, 4, 6, 2);
		}
		assert_null(driver_probe(&driver, b));
		driver_link_enable(b);
		assert_int_equal(driver_link_is_up(a), 2);
		assert_int_equal(driver_link_is_up(b), 1);
	}
	bench_destroy(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bars_by_all_ones),
		cmocka_unit_test(capabilities),
		cmocka_unit_test(preset_of_section_15),
		cmocka_unit_test(every_chip_and_count),
		cmocka_unit_test(each_condition_of_a_link),
		cmocka_unit_test(enable_and_disable),
		cmocka_unit_test(debugfs_info),
		cmocka_unit_test(probe_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
