/* SPDX-License-Identifier: BSD-3-Clause */
/* Interrupts: MSI edges, the INTA level, what pends while it cannot be sent (section 9). */
#include "driver.h"

#define COMMAND 0x04
#define MSICTL 0xD2
#define NTINTSTS 0x404
#define NTINTMSK 0x408
#define INDBELLMSK 0x42C
#define INTS (1u << 19)

static void ring(struct bench_host *from, uint32_t bits)
{
	nt_write(from, 0x420, bits);
}

static void clear(struct bench_host *host, uint32_t bits)
{
	nt_write(host, 0x428, bits);
}

static void signal_all(struct bench_host *from)
{
	nt_write(from, 0x410, 1);
}

static void msi(struct bench_host *host, bool on)
{
	idtntb_port_config_write(host->port, MSICTL, on, 2);
}

static void command(struct bench_host *host, uint32_t value)
{
	idtntb_port_config_write(host->port, COMMAND, value, 2);
}

/* Address and data are what the host programmed; 64 bits of the one, 16 of the other. */
static void where_an_msi_goes(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	idtntb_port_config_write(b->port, 0xD4, 0xFEE12345, 4);
	idtntb_port_config_write(b->port, 0xD8, 0x89ABCDEF, 4);
	idtntb_port_config_write(b->port, 0xDC, 0xFFFF4567, 4);
	ring(a, 1);
	assert_int_equal(b->msis, 1);
	assert_true(b->msi_address == 0x89ABCDEFFEE12344ull);
	assert_int_equal(b->msi_data, 0x4567);
	bench_destroy(bench);
}

/* One edge a bit of NTINTSTS: another event interrupts while an old one pends, a second bell does not. */
static void an_edge_for_each_condition(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	ring(a, 1);
	assert_int_equal(b->msis, 1);
	ring(a, 2);
	assert_int_equal(b->msis, 1);
	driver_msg_write(a, 0, 1, 5);
	assert_int_equal(b->msis, 2);
	signal_all(a);
	assert_int_equal(b->msis, 3);
	assert_int_equal(nt_read(b, NTINTSTS), 0xB);
	signal_all(a);
	assert_int_equal(b->msis, 3);
	nt_write(b, NTINTSTS, 8);
	assert_int_equal(nt_read(b, NTINTSTS), 3);
	signal_all(a);
	assert_int_equal(b->msis, 4);
	clear(b, 1);
	ring(a, 1);
	assert_int_equal(b->msis, 4);
	clear(b, 3);
	ring(a, 1);
	assert_int_equal(b->msis, 5);
	/* MSG and DBELL are derived: writing ones to them does nothing. */
	nt_write(b, NTINTSTS, 3);
	assert_int_equal(nt_read(b, NTINTSTS), 0xB);
	bench_destroy(bench);
}

/* pingpong, every round: mask, clear, ring meanwhile, unmask: the interrupt comes with the unmask. */
static void unmask_with_pending(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	for (unsigned round = 1; round <= 10; round++) {
		driver_mask(b, INDBELLMSK, 1, 0);
		clear(b, 1);
		ring(a, 1);
		assert_int_equal(b->msis, round - 1);
		driver_mask(b, INDBELLMSK, 0, 1);
		assert_int_equal(b->msis, round);
		assert_int_equal(nt_read(b, NTINTSTS), 2);
	}
	/* The same with NTINTMSK: the status shows, the interrupt waits. */
	clear(b, ~0u);
	driver_mask(b, NTINTMSK, 2, 0);
	ring(a, 1);
	assert_int_equal(nt_read(b, NTINTSTS), 2);
	assert_int_equal(b->msis, 10);
	driver_mask(b, NTINTMSK, 0, 2);
	assert_int_equal(b->msis, 11);
	/* An unmask of what did not pend, or a mask that changes nothing, sends nothing. */
	driver_mask(b, NTINTMSK, 0, 0xB0);
	driver_mask(b, NTINTMSK, 0xB0, 0);
	assert_int_equal(b->msis, 11);
	bench_destroy(bench);
}

/* Nothing goes out without bus mastering; it does when that returns. Nor is it sent twice. */
static void bus_master_off_and_on(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	command(b, 2);
	ring(a, 1);
	driver_msg_write(a, 0, 1, 5);
	assert_int_equal(b->msis, 0);
	command(b, 6);
	assert_int_equal(b->msis, 1);
	command(b, 2);
	command(b, 6);
	assert_int_equal(b->msis, 1);
	command(b, 2);
	clear(b, 1);
	command(b, 6);
	assert_int_equal(b->msis, 1);
	bench_destroy(bench);
}

/* With MSI off the line has a level; PCISTS.INTS tells; INTXD holds the line down but not the status. */
static void a_level(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	msi(b, false);
	assert_false(b->intx);
	ring(a, 1);
	assert_true(b->intx);
	assert_int_equal(b->intx_edges, 1);
	assert_true(nt_read(b, COMMAND) & INTS);
	command(b, 6 | 1 << 10);
	assert_false(b->intx);
	assert_true(nt_read(b, COMMAND) & INTS);
	command(b, 6);
	assert_true(b->intx);
	clear(b, 1);
	assert_false(b->intx);
	assert_false(nt_read(b, COMMAND) & INTS);
	/* Each source holds it; it falls with the last. A masked one does not. */
	ring(a, 1);
	signal_all(a);
	clear(b, 1);
	assert_true(b->intx);
	nt_write(b, NTINTSTS, 8);
	assert_false(b->intx);
	driver_mask(b, NTINTMSK, 2, 0);
	ring(a, 1);
	assert_false(b->intx);
	assert_false(nt_read(b, COMMAND) & INTS);
	/* The level needs no bus mastering. */
	command(b, 2);
	driver_mask(b, NTINTMSK, 0, 2);
	assert_true(b->intx);
	assert_int_equal(b->msis, 0);
	bench_destroy(bench);
}

/* Changing the way while something pends: no interrupt is lost, none is signalled both ways. */
static void msi_on_and_off_with_pending(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	ring(a, 1);
	assert_int_equal(b->msis, 1);
	msi(b, false);
	assert_true(b->intx);
	msi(b, true);
	assert_false(b->intx);
	assert_int_equal(b->msis, 2);
	clear(b, 1);
	msi(b, false);
	assert_false(b->intx);
	ring(a, 1);
	assert_true(b->intx);
	msi(b, true);
	assert_int_equal(b->msis, 3);
	assert_true(nt_read(b, COMMAND) & INTS);
	bench_destroy(bench);
}

/* Probe with something latched before: it fires at the unmask (section 9, last line). */
static void pending_before_probe(void **state)
{
	struct bench *bench = bench_create_attached(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	ring(a, 1);
	assert_int_equal(nt_read(b, NTINTMSK), 0xBB);
	assert_int_equal(nt_read(b, NTINTSTS), 2);
	assert_int_equal(b->msis, 0);
	driver_interrupts_enable(b);
	assert_int_equal(b->msis, 1);
	assert_int_equal(nt_read(b, NTINTMSK), 0xB0);
	bench_destroy(bench);
}

/* Copies of window stores come in before the host can learn of them: at each status read, at each interrupt. */
static void drains(void **state)
{
	static const uint32_t offsets[] = { 0x404, 0x428, 0x440, 0x444, 0x448, 0x44C, 0x460, 0xFFC };
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	for (size_t o = 0; o < sizeof(offsets) / sizeof(offsets[0]); o++) {
		bench_forget(b);
		nt_read(b, offsets[o]);
		assert_int_equal(b->drains, 1);
	}
	bench_forget(b);
	nt_read(b, 0x40C);
	assert_int_equal(b->drains, 0);
	ring(a, 1);
	assert_int_equal(b->drains, 1);
	assert_int_equal(b->msis, 1);
	/* Looking from the side drains nothing. */
	idtntb_port_peek(b->port, 0x404);
	idtntb_switch_peek(bench->sw, 0x5404);
	assert_int_equal(b->drains, 1);
	bench_destroy(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_an_msi_goes),
		cmocka_unit_test(an_edge_for_each_condition),
		cmocka_unit_test(unmask_with_pending),
		cmocka_unit_test(bus_master_off_and_on),
		cmocka_unit_test(a_level),
		cmocka_unit_test(msi_on_and_off_with_pending),
		cmocka_unit_test(pending_before_probe),
		cmocka_unit_test(drains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
