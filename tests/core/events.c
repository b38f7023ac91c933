/* SPDX-License-Identifier: BSD-3-Clause */
/* Switch events: global signals, links, resets; status, masks, the latch in every partition (section 10.1). */
#include "driver.h"

#define SESTS 0x3EC00
#define SEMSK 0x3EC04
#define SEPMSK 0x3EC08
#define LINKUPSTS 0x3EC0C
#define LINKUPMSK 0x3EC10
#define LINKDNSTS 0x3EC14
#define LINKDNMSK 0x3EC18
#define FRSTSTS 0x3EC1C
#define HRSTSTS 0x3EC24
#define GSIGSTS 0x3EC30
#define GSIGMSK 0x3EC34
#define LINKUP(port) (0x3E204u + 0x20 * (port))

static bool sevent(struct bench_host *host)
{
	return nt_read(host, 0x404) & 8;
}

/* Take what is latched everywhere, and clear the global status. */
static void quiet(struct bench *bench)
{
	bench_run(bench);
	for (unsigned slot = 0; slot < bench->topology.port_count; slot++) {
		if (bench->hosts[slot].port) {
			driver_interrupt(&bench->hosts[slot]);
			nt_write(&bench->hosts[slot], 0x404, 8);
			bench_forget(&bench->hosts[slot]);
		}
	}
}

/* The status bit is of the sender's partition; everybody unmasked latches, the sender too. */
static void global_signal(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "0=3,2=1,4=6", NULL);

	(void)state;
	for (unsigned from = 0; from < 3; from++) {
		struct bench_host *host = &bench->hosts[from];

		quiet(bench);
		nt_write(host, 0x410, 0);
		assert_int_equal(gas_read(host, GSIGSTS), 0);
		nt_write(host, 0x410, 1);
		assert_int_equal(nt_read(host, 0x410), 0);
		assert_int_equal(gas_read(host, GSIGSTS), 1u << bench_partition(host));
		assert_int_equal(gas_read(host, SESTS), 0x20);
		for (unsigned slot = 0; slot < 3; slot++) {
			assert_true(sevent(&bench->hosts[slot]));
			assert_int_equal(bench->hosts[slot].msis, 1);
		}
		/* Latched: it stays when the status is cleared for all, as the sender does at once. */
		gas_write(host, GSIGSTS, 1u << bench_partition(host));
		assert_int_equal(gas_read(host, SESTS), 0);
		assert_true(sevent(&bench->hosts[(from + 1) % 3]));
	}
	bench_destroy(bench);
}

/* Two hosts enable their links at once: the status bits merge, both are heard (10.1). */
static void both_at_once(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "3", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1], *c = &bench->hosts[2];

	(void)state;
	nt_write(a, 0x410, 1);
	assert_int_equal(driver_interrupt(c), 8);
	/* c has cleared the status for all before b looks: b keeps its latch, and signals itself. */
	nt_write(b, 0x410, 1);
	assert_true(sevent(c));
	assert_int_equal(c->msis, 2);
	assert_true(sevent(a));
	assert_true(sevent(b));
	/* A bit that is set already is signalled all the same. */
	nt_write(c, 0x404, 8);
	nt_write(b, 0x410, 1);
	assert_true(sevent(c));
	assert_int_equal(c->msis, 3);
	bench_destroy(bench);
}

static void masks_of_signals(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "3", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1], *c = &bench->hosts[2];

	(void)state;
	/* By partition of the receiver. */
	gas_write(a, SEPMSK, 1u << 1);
	nt_write(a, 0x410, 1);
	assert_false(sevent(b));
	assert_true(sevent(c));
	gas_write(a, SEPMSK, 0);
	quiet(bench);
	/* By partition of the sender: the status bit is set, SESTS does not show it. */
	gas_write(a, GSIGMSK, 1u << 0);
	nt_write(a, 0x410, 1);
	assert_int_equal(gas_read(a, GSIGSTS), 1);
	assert_int_equal(gas_read(a, SESTS), 0);
	assert_false(sevent(b));
	nt_write(c, 0x410, 1);
	assert_true(sevent(b));
	quiet(bench);
	/* By kind of event: SESTS shows it, nobody is told. */
	gas_write(a, GSIGMSK, 0);
	gas_write(a, SEMSK, 0x20);
	nt_write(a, 0x410, 1);
	assert_int_equal(gas_read(a, SESTS), 0x20);
	assert_false(sevent(b));
	bench_destroy(bench);
}

/* A peer's NTGSIGNAL through the global space acts for the partition addressed (section 3.2). */
static void signal_for_another(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	gas_write(a, 0x5410, 1);
	assert_int_equal(gas_read(a, GSIGSTS), 1u << 1);
	assert_true(sevent(b));
	assert_int_equal(a->guest_errors, 0);
	bench_destroy(bench);
}

/* Links: status by port number, LINKUP, an interrupt of everybody else. */
static void link_down_and_up(void **state)
{
	struct bench *bench = bench_create_linked("89HPES32NT8AG2", "0,12,20", NULL);
	struct bench_host *a = &bench->hosts[0], *c = &bench->hosts[2];

	(void)state;
	idtntb_port_link_set(c->port, false);
	bench_run(bench);
	assert_int_equal(gas_read(a, LINKDNSTS), 1u << 20);
	assert_int_equal(gas_read(a, LINKUPSTS), 0);
	assert_int_equal(gas_read(a, SESTS), 2);
	assert_false(gas_read(a, LINKUP(20)) & 0x10);
	for (unsigned slot = 0; slot < 3; slot++)
		assert_int_equal(bench->hosts[slot].msis, 1);
	quiet(bench);
	assert_int_equal(gas_read(a, LINKDNSTS), 0);
	/* Again the same: no event. */
	idtntb_port_link_set(c->port, false);
	bench_run(bench);
	assert_int_equal(gas_read(a, LINKDNSTS), 0);
	assert_false(sevent(a));
	idtntb_port_link_set(c->port, true);
	bench_run(bench);
	assert_int_equal(gas_read(a, LINKUPSTS), 1u << 20);
	assert_int_equal(gas_read(a, SESTS), 1);
	assert_true(gas_read(a, LINKUP(20)) & 0x10);
	assert_true(sevent(a));
	bench_destroy(bench);
}

static void masks_of_links(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	gas_write(a, LINKDNMSK, 1u << 2);
	idtntb_port_link_set(b->port, false);
	bench_run(bench);
	assert_int_equal(gas_read(a, LINKDNSTS), 1u << 2);
	assert_int_equal(gas_read(a, SESTS), 0);
	assert_false(sevent(a));
	gas_write(a, LINKDNMSK, 0);
	gas_write(a, SEMSK, 1);
	idtntb_port_link_set(b->port, true);
	bench_run(bench);
	assert_int_equal(gas_read(a, SESTS), 3);
	assert_false(sevent(a));
	gas_write(a, SEMSK, 0);
	gas_write(a, SEPMSK, 1);
	idtntb_port_link_set(b->port, false);
	bench_run(bench);
	assert_false(sevent(a));
	assert_true(sevent(b));
	bench_destroy(bench);
}

/* The administrative link: no owner's, ANDed in, survives the owner; idempotent. */
static void forced_link(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];
	struct idtntb_member member;

	(void)state;
	assert_int_equal(idtntb_switch_link_force(bench->sw, 3, true), -22);
	for (unsigned twice = 0; twice < 2; twice++) {
		assert_int_equal(idtntb_switch_link_force(bench->sw, 2, true), 0);
		idtntb_port_announce(a->port);
		bench_run(bench);
		assert_int_equal(gas_read(a, LINKDNSTS), 1u << 2);
		assert_int_equal(driver_link_is_up(a), 0);
		assert_int_equal(a->msis, 1);
	}
	assert_int_equal(idtntb_switch_member(bench->sw, 2, &member), 0);
	assert_true(member.up && member.forced_down);
	quiet(bench);
	/* The owner's side moves under it: nothing to be seen. */
	idtntb_port_link_set(b->port, false);
	idtntb_port_link_set(b->port, true);
	bench_detach(bench, 1);
	assert_int_equal(gas_read(a, LINKDNSTS) | gas_read(a, LINKUPSTS), 0);
	assert_false(sevent(a));
	bench_attach(bench, 1);
	bench_enumerate(b);
	idtntb_port_link_set(b->port, true);
	bench_run(bench);
	assert_false(gas_read(a, LINKUP(2)) & 0x10);
	quiet(bench);
	assert_int_equal(idtntb_switch_link_force(bench->sw, 2, false), 0);
	idtntb_port_announce(b->port);
	bench_run(bench);
	assert_true(gas_read(a, LINKUP(2)) & 0x10);
	assert_int_equal(gas_read(a, LINKUPSTS), 1u << 2);
	assert_true(sevent(a));
	bench_destroy(bench);
}

/* Both drivers notice: to the one whose link is broken, all others are. From outside each link is its own. */
static void forced_link_at_both_ends(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "3", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1], *c = &bench->hosts[2];

	(void)state;
	quiet(bench);
	idtntb_switch_link_force(bench->sw, 2, true);
	idtntb_port_announce(a->port);
	bench_run(bench);
	assert_true(sevent(a) && sevent(b) && sevent(c));
	assert_int_equal(driver_link_is_up(a), 0x4);
	assert_int_equal(driver_link_is_up(b), 0);
	assert_int_equal(driver_link_is_up(c), 0x1);
	assert_true(idtntb_switch_peek(bench->sw, LINKUP(0)) & 0x10);
	assert_false(idtntb_switch_peek(bench->sw, LINKUP(2)) & 0x10);
	quiet(bench);
	idtntb_switch_link_force(bench->sw, 2, false);
	idtntb_port_announce(a->port);
	bench_run(bench);
	assert_true(sevent(a) && sevent(b) && sevent(c));
	assert_int_equal(driver_link_is_up(a), 0x6);
	assert_int_equal(driver_link_is_up(b), 0x5);
	bench_destroy(bench);
}

/* A reset pulses the link: peers see both, and what they latch survives the status being cleared in between. */
static void reset_pulse(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	idtntb_port_reset(b->port);
	bench_run(bench);
	assert_int_equal(gas_read(a, LINKDNSTS), 1u << 2);
	assert_int_equal(gas_read(a, LINKUPSTS), 1u << 2);
	assert_int_equal(gas_read(a, HRSTSTS), 1u << 1);
	assert_true(sevent(a));
	assert_int_equal(driver_link_is_up(a), 0);
	assert_true(gas_read(a, LINKUP(2)) & 0x10);
	/* Without a link there is none to pulse. */
	idtntb_port_link_set(b->port, false);
	quiet(bench);
	idtntb_port_reset(b->port);
	bench_run(bench);
	assert_int_equal(gas_read(a, LINKDNSTS) | gas_read(a, LINKUPSTS), 0);
	assert_false(gas_read(a, LINKUP(2)) & 0x10);
	bench_destroy(bench);
}

/* A link that comes and goes while an owner is slow is noticed, both ways round. */
static void slow_looks(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	for (unsigned first = 0; first < 2; first++) {
		idtntb_port_link_set(b->port, first);
		quiet(bench);
		idtntb_port_link_set(b->port, !first);
		idtntb_port_link_set(b->port, first);
		bench->kicked = 1;
		bench_run(bench);
		assert_true(sevent(a));
		assert_int_equal(a->msis, 1);
		bench->kicked = 1;
		bench_run(bench);
		assert_int_equal(a->msis, 1);
	}
	bench_destroy(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(global_signal),    cmocka_unit_test(both_at_once),
		cmocka_unit_test(masks_of_signals), cmocka_unit_test(signal_for_another),
		cmocka_unit_test(link_down_and_up), cmocka_unit_test(masks_of_links),
		cmocka_unit_test(forced_link),      cmocka_unit_test(forced_link_at_both_ends),
		cmocka_unit_test(reset_pulse),      cmocka_unit_test(slow_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
