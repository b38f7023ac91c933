/* SPDX-License-Identifier: BSD-3-Clause */
/* Section 13, line by line: ordering, three hosts, resets, boot races, and what no driver may be handed. */
#include "driver.h"

/* Ordering 3: what a SEVENT announces is visible before it, and 2: copies are in before the interrupt. */
static void news_after_the_fact(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	bench->eager = false;
	nt_write(b, 0x400, 0);
	nt_write(b, 0x410, 1);
	/* The event is latched before anybody is served; the driver looks and sees the end of the link. */
	assert_true(nt_read(a, 0x404) & 8);
	assert_int_equal(driver_link_is_up(a), 0);
	assert_int_equal(a->msis, 0);
	bench_run(bench);
	assert_int_equal(a->msis, 1);
	assert_true(a->drains > 0);
	bench_destroy(bench);
}

/* Two hosts share no cursor: interleaved GASAADDR and GASADATA, LUTOFFSET, NTMTBLADDR of all of them. */
static void cursors_of_many_hosts(void **state)
{
	struct bench *bench = bench_create_attached(NULL, "8", NULL);

	(void)state;
	for (unsigned slot = 0; slot < 8; slot++) {
		nt_write(&bench->hosts[slot], 0xFF8, 0x3E010 + 4 * (slot % 4));
		nt_write(&bench->hosts[slot], 0x4E0, 0x200 + slot);
		nt_write(&bench->hosts[slot], 0x4D0, slot + 10);
	}
	for (unsigned slot = 0; slot < 4; slot++) {
		nt_write(&bench->hosts[slot], 0xFFC, slot + 100);
		nt_write(&bench->hosts[slot], 0x4E4, slot + 200);
		nt_write(&bench->hosts[slot], 0x4D8, (slot << 1) + 1);
	}
	for (unsigned slot = 0; slot < 4; slot++) {
		assert_int_equal(nt_read(&bench->hosts[slot], 0xFFC), slot + 100);
		assert_int_equal(nt_read(&bench->hosts[slot + 4], 0xFFC), slot + 100);
		assert_int_equal(nt_read(&bench->hosts[slot], 0x4E4), slot + 200);
		assert_int_equal(nt_read(&bench->hosts[slot + 4], 0x4E4), 0);
		assert_int_equal(nt_read(&bench->hosts[slot], 0x4D8), (slot << 1) + 1);
	}
	bench_destroy(bench);
}

/* pingpong on every number of hosts: bit = port, ring to the next, stale bits of third hosts stay for ever. */
static void pingpong(void **state)
{
	(void)state;
	for (unsigned count = 2; count <= 8; count++) {
		char ports[2] = { (char)('0' + count), 0 };
		struct bench *bench = bench_create_linked(NULL, ports, NULL);
		unsigned token = 0;

		for (unsigned slot = 0; slot < count; slot++) {
			nt_write(&bench->hosts[slot], 0x42C, ~0u);
			nt_write(&bench->hosts[slot], 0x464, 0xF000F);
			driver_mask(&bench->hosts[slot], 0x42C, 0, 1u << bench->hosts[slot].number);
		}
		nt_write(&bench->hosts[count - 1], 0x420, 1u << bench->hosts[0].number);
		for (unsigned round = 0; round < 20 * count; round++) {
			struct bench_host *host = &bench->hosts[token], *next = &bench->hosts[(token + 1) % count];
			uint32_t source;

			assert_int_equal(host->msis, round / count + 1);
			assert_int_equal(nt_read(host, 0x404) & 2, 2);
			driver_mask(host, 0x42C, 1u << host->number, 0);
			nt_write(host, 0x428, 1u << host->number);
			driver_msg_read(host, 0, &source);
			nt_write(host, 0x460, 1u << 16);
			driver_msg_write(host, 0, bench_partition(next), round);
			driver_mask(host, 0x42C, 0, 1u << host->number);
			nt_write(host, 0x420, 1u << next->number);
			token = (token + 1) % count;
		}
		bench_destroy(bench);
	}
}

/* INMSGSRC never names what is no peer: not before the first message, not after a message to oneself. */
static void sources_are_peers(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "0=4,2=6", NULL);
	struct bench_host *a = &bench->hosts[0];

	(void)state;
	driver_msg_write(a, 0, 4, 1);
	for (unsigned m = 0; m < 4; m++)
		assert_int_equal(nt_read(a, 0x450 + 4 * m), 0);
	assert_int_equal(nt_read(a, 0x460), 1);
	bench_destroy(bench);
}

/* Registers after a reset: what falls (1, 2) and what is kept (3). */
static void reset_of_a_function(void **state)
{
	static const uint32_t zero[] = { 0x10,  0x18,  0x1C,  0x20,  0x24,  0xD4,  0xD8,  0xDC,  0x400,
					 0x404, 0x428, 0x42C, 0x430, 0x440, 0x450, 0x460, 0x464, 0x4B4,
					 0x4B8, 0x4BC, 0x4D0, 0x4E0, 0x4E4, 0x40C, 0xFF8 };
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];
	struct idtntb_window window;

	(void)state;
	gas_write(b, 0x3ED00, 0x80);
	gas_write(b, 0x3ED84, 0x40);
	driver_mw_set(b, 4, 0, 0, 0x1000, 0x1000);
	driver_mw_set(b, 2, 5, 0, 0x1000, 0x100000);
	nt_write(b, 0x40C, 1);
	nt_write(b, 0x464, 3);
	driver_msg_write(a, 0, 1, 7);
	driver_msg_write(a, 0, 1, 7);
	driver_msg_write(b, 1, 1, 7);
	nt_write(a, 0x420, ~0u);
	nt_write(b, 0x42C, 0x55);
	idtntb_port_reset(b->port);
	assert_int_equal(idtntb_port_config_read(b->port, 4, 4), 0x00100000);
	for (size_t z = 0; z < sizeof(zero) / sizeof(zero[0]); z++) {
		uint32_t low = zero[z] == 0x18 || zero[z] == 0x20 ? 0xC : 0;

		assert_int_equal(idtntb_port_config_read(b->port, zero[z], 4), low);
	}
	assert_int_equal(idtntb_port_config_read(b->port, 0x408, 4), 0xBB);
	assert_int_equal(idtntb_port_config_read(b->port, 0xD2, 2), 0x80);
	for (uint32_t entry = 0; entry < 24; entry++) {
		idtntb_port_config_write(b->port, 0x4E0, 0x200 + entry, 4);
		assert_int_equal(idtntb_port_config_read(b->port, 0x4EC, 4), 0);
		assert_int_equal(idtntb_port_window(b->port, IDTNTB_WINDOW(2, entry), &window), 0);
		assert_int_not_equal(window.state, IDTNTB_WINDOW_OPEN);
	}
	/* Kept: BARSETUP but for TPART, SWPORT, SWPART, doorbell masks, switch event masks. */
	assert_int_equal(idtntb_port_config_read(b->port, 0x470, 4), 0x800004C0);
	assert_int_equal(idtntb_port_config_read(b->port, 0x490, 4), 0x8000119C);
	assert_int_equal(gas_read(a, 0x3E244) & ~0x10u, 0x4C0);
	assert_int_equal(gas_read(a, 0x3E124), 0x4520);
	assert_int_equal(gas_read(a, 0x3ED00), 0x80);
	assert_int_equal(gas_read(a, 0x3ED84), 0x40);
	assert_int_equal(gas_read(a, 0x3EC08), 0xFC);
	assert_int_equal(gas_read(a, 0x3EC04), 0x5C);
	bench_destroy(bench);
}

/* Reset while the line is asserted or an interrupt pends: the line falls, nothing is sent by the new function. */
static void reset_with_an_interrupt(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	idtntb_port_config_write(b->port, 0xD2, 0, 2);
	nt_write(a, 0x420, 1);
	assert_true(b->intx);
	idtntb_port_reset(b->port);
	bench_run(bench);
	assert_false(b->intx);
	bench_forget(b);
	bench_enumerate(b);
	driver_interrupts_enable(b);
	assert_int_equal(b->msis, 0);
	assert_int_equal(nt_read(b, 0x404), 0);
	bench_destroy(bench);
}

/* A guest reboots: peers see the link go and come, and it probes and enables again, windows of peers reopen. */
static void reboot(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "3", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];
	struct driver driver;
	uint32_t word = 0;

	(void)state;
	driver_mw_set(a, 2, 0, 1, 0x100, 0x100000);
	for (unsigned round = 0; round < 5; round++) {
		bench_forget(a);
		idtntb_port_reset(b->port);
		bench_run(bench);
		assert_true(a->msis >= 1);
		driver_interrupt(a);
		assert_int_equal(driver_link_is_up(a), 4);
		idtntb_port_bar_read(a->port, 2, 0, &word, 4);
		assert_int_equal(word, ~0u);
		bench_enumerate(b);
		assert_null(driver_probe(&driver, b));
		driver_link_enable(b);
		assert_int_equal(driver_link_is_up(a), 6);
		assert_int_equal(driver_link_is_up(b), 5);
		idtntb_port_bar_write(a->port, 2, 0, &round, 4);
		assert_memory_equal(b->ram + 0x100, &round, 4);
		driver_interrupt(a);
	}
	bench_destroy(bench);
}

/* Boot races: whoever enables first hears of the other by signal; the other by its own look after its enable. */
static void boot_in_every_order(void **state)
{
	(void)state;
	for (unsigned order = 0; order < 6; order++) {
		static const uint8_t orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
						      { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
		struct bench *bench = bench_create(NULL, "3", NULL);
		struct driver driver;
		uint32_t enabled = 0;

		for (unsigned n = 0; n < 3; n++) {
			struct bench_host *host = &bench->hosts[orders[order][n]];

			bench_attach(bench, orders[order][n]);
			idtntb_port_link_set(host->port, true);
			bench_enumerate(host);
			assert_null(driver_probe(&driver, host));
			assert_int_equal(driver.peer_count, 2);
			/* Its link came up before its driver did: an event of its own. */
			for (unsigned slot = 0; slot < 3; slot++) {
				if (enabled >> slot & 1)
					assert_true(driver_interrupt(&bench->hosts[slot]) & 8);
				bench->hosts[slot].msis = 0;
			}
			driver_link_enable(host);
			assert_int_equal(driver_link_is_up(host), enabled);
			for (unsigned slot = 0; slot < 3; slot++) {
				if (!(enabled >> slot & 1))
					continue;
				assert_int_equal(bench->hosts[slot].msis, 1);
				driver_interrupt(&bench->hosts[slot]);
				assert_true(driver_link_is_up(&bench->hosts[slot]) >> orders[order][n] & 1);
			}
			/* Its own signal is for itself, too: harmless. */
			driver_interrupt(host);
			enabled |= 1u << orders[order][n];
		}
		bench_destroy(bench);
	}
}

/* A host that probes later writes the same global masks: nothing of the others is lost by it. */
static void masks_are_global(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "3", NULL);
	struct driver driver;

	(void)state;
	assert_null(driver_probe(&driver, &bench->hosts[2]));
	nt_write(&bench->hosts[0], 0x410, 1);
	for (unsigned slot = 0; slot < 3; slot++)
		assert_true(nt_read(&bench->hosts[slot], 0x404) & 8);
	/* One handler clears the status of all; the others' latches stay. */
	driver_interrupt(&bench->hosts[0]);
	assert_int_equal(gas_read(&bench->hosts[1], 0x3EC30), 0);
	assert_true(nt_read(&bench->hosts[1], 0x404) & 8);
	assert_true(nt_read(&bench->hosts[2], 0x404) & 8);
	bench_destroy(bench);
}

/* ntb_perf, 12.1: stores to a window that nobody programmed: refused, counted, not reported one by one. */
static void perf_without_a_window(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];
	struct idtntb_port_stats stats;
	unsigned char data[64] = { 0 };

	(void)state;
	for (unsigned n = 0; n < 100000; n++)
		idtntb_port_bar_write(a->port, 2, 64 * n % 0x100000, data, sizeof(data));
	idtntb_port_stats(a->port, &stats);
	assert_int_equal(stats.window_writes, 100000);
	assert_int_equal(stats.window_refused, 100000);
	assert_int_equal(stats.guest_errors, 0);
	bench_destroy(bench);
}

/* A VMM's own configuration image: what it holds is taken over, with effect, and only below 0x400. */
static void mirrored_configuration(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	driver_mw_set(a, 2, 0, 1, 0, 0x100000);
	idtntb_port_mirror(b->port, 4, 0x00100002);
	bench_run(bench);
	assert_int_equal(driver_link_is_up(a), 0);
	nt_write(a, 0x420, 1);
	assert_int_equal(b->msis, 0);
	idtntb_port_mirror(b->port, 6, 0x00100406);
	bench_run(bench);
	assert_int_equal(driver_link_is_up(a), 2);
	assert_int_equal(b->msis, 1);
	idtntb_port_mirror(b->port, 0xD0, 0x00800005);
	assert_false(b->intx);
	idtntb_port_mirror(b->port, 4, 0x00100006);
	assert_true(b->intx);
	idtntb_port_mirror(b->port, 0x18, 0xABC0000C);
	idtntb_port_mirror(b->port, 0x18, 0xABC0000C);
	assert_int_equal(gas_read(a, 0x5018), 0xABC0000C);
	idtntb_port_mirror(b->port, 0x400, 0xF);
	idtntb_port_mirror(b->port, ~0u, 0xF);
	assert_int_equal(nt_read(b, 0x400), 2);
	bench_destroy(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(news_after_the_fact),
		cmocka_unit_test(cursors_of_many_hosts),
		cmocka_unit_test(pingpong),
		cmocka_unit_test(sources_are_peers),
		cmocka_unit_test(reset_of_a_function),
		cmocka_unit_test(reset_with_an_interrupt),
		cmocka_unit_test(reboot),
		cmocka_unit_test(boot_in_every_order),
		cmocka_unit_test(masks_are_global),
		cmocka_unit_test(perf_without_a_window),
		cmocka_unit_test(mirrored_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
