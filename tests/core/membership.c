/* SPDX-License-Identifier: BSD-3-Clause */
/* Who is there: attach, sweep, wrong sweep, a port taken again (design, "state that survives"). */
#include "driver.h"

#define LINKUPSTS 0x3EC0C
#define LINKDNSTS 0x3EC14

static struct idtntb_member member_of(struct bench *bench, unsigned slot)
{
	struct idtntb_member member;

	assert_int_equal(idtntb_switch_member(bench->sw, bench->hosts[slot].number, &member), 0);
	return member;
}

static void wake_all(struct bench *bench)
{
	bench->kicked = (1u << bench->topology.port_count) - 1;
	bench_run(bench);
}

static void owner_bell_and_generation(void **state)
{
	struct bench *bench = bench_create(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];
	struct idtntb_member member;

	(void)state;
	assert_int_equal(idtntb_switch_member(bench->sw, 1, &member), -22);
	assert_int_equal(member_of(bench, 0).owner, 0);
	bench_attach(bench, 0);
	assert_int_equal(member_of(bench, 0).owner, 1000);
	assert_false(member_of(bench, 0).up);
	assert_int_equal(member_of(bench, 0).bell, 0);
	idtntb_port_bell_set(a->port, 77);
	assert_int_equal(member_of(bench, 0).bell, 77);
	for (uint32_t generation = 0; generation < 6; generation++) {
		assert_int_equal(member_of(bench, 0).generation, generation);
		idtntb_port_link_set(a->port, !(generation & 1));
		assert_int_equal(member_of(bench, 0).up, !(generation & 1));
	}
	assert_int_equal(idtntb_port_number(a->port), 0);
	assert_int_equal(idtntb_port_slot(a->port), 0);
	assert_ptr_equal(idtntb_port_switch(a->port), bench->sw);
	assert_int_equal(idtntb_switch_slot(bench->sw, 2), 1);
	assert_int_equal(idtntb_switch_slot(bench->sw, 1), -1);
	assert_int_equal(idtntb_switch_slot(bench->sw, ~0u), -1);
	bench_detach(bench, 0);
	assert_int_equal(member_of(bench, 0).owner, 0);
	idtntb_port_detach(NULL);
	bench_destroy(bench);
}

static void nothing(void *opaque, uint32_t slots)
{
	(void)opaque;
	(void)slots;
}

static void no_msi(void *opaque, uint64_t address, uint32_t data)
{
	(void)opaque;
	(void)address;
	(void)data;
}

static void no_intx(void *opaque, bool level)
{
	(void)opaque;
	(void)level;
}

/* A table of callbacks may be short, and is refused when one is missing that is not optional. */
static void tables_of_callbacks(void **state)
{
	struct idtntb_port_ops ops = { .size = sizeof(ops), .msi = no_msi, .intx = no_intx, .kick = nothing };
	struct bench *bench = bench_create(NULL, "2", NULL);
	struct idtntb_error error;
	struct idtntb_port *port;
	uint32_t word = 0;

	(void)state;
	assert_int_equal(idtntb_port_attach(&port, bench->sw, 0, 0, &ops, NULL, &error), -22);
	assert_non_null(strstr(error.text, "owner 0"));
	assert_int_equal(idtntb_port_attach(&port, bench->sw, 3, 1, &ops, NULL, &error), -22);
	assert_non_null(strstr(error.text, "port 3"));
	assert_int_equal(idtntb_port_attach(&port, bench->sw, ~0u, 1, &ops, NULL, &error), -22);
	for (unsigned lacks = 0; lacks < 4; lacks++) {
		struct idtntb_port_ops less = ops;

		if (lacks == 0)
			less.msi = NULL;
		else if (lacks == 1)
			less.intx = NULL;
		else if (lacks == 2)
			less.kick = NULL;
		else
			less.size = offsetof(struct idtntb_port_ops, kick);
		assert_int_equal(idtntb_port_attach(&port, bench->sw, 0, 1, &less, NULL, &error), -22);
		assert_non_null(strstr(error.text, "callbacks"));
	}
	assert_int_equal(member_of(bench, 0).owner, 0);
	/* Only what is not optional: everything works, windows go nowhere. */
	ops.size = offsetof(struct idtntb_port_ops, drain);
	assert_int_equal(idtntb_port_attach(&port, bench->sw, 0, 1, &ops, NULL, NULL), 0);
	bench->hosts[0].port = port;
	bench_attach(bench, 1);
	idtntb_port_link_set(bench->hosts[1].port, true);
	bench_enumerate(&bench->hosts[0]);
	bench_enumerate(&bench->hosts[1]);
	driver_link_enable(&bench->hosts[0]);
	nt_read(&bench->hosts[0], 0x424);
	driver_mw_set(&bench->hosts[0], 2, 0, 1, 0, 0x100000);
	idtntb_port_bar_write(port, 2, 0, &word, 4);
	idtntb_port_bar_read(port, 2, 0, &word, 4);
	assert_int_equal(word, ~0u);
	bench_destroy(bench);
}

/* A dead owner is swept by whoever notices; one wins; only its own membership falls; peers see the link go. */
static void sweep(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "3", NULL);
	struct bench_host *a = &bench->hosts[0];
	struct idtntb_port *dead = bench->hosts[1].port;

	(void)state;
	driver_mw_set(a, 2, 0, 1, 0, 0x100000);
	bench_forget(a);
	assert_false(idtntb_switch_sweep(bench->sw, 2, 1000));
	assert_false(idtntb_switch_sweep(bench->sw, 2, 0));
	assert_false(idtntb_switch_sweep(bench->sw, 3, 1001));
	assert_true(idtntb_switch_sweep(bench->sw, 2, 1001));
	assert_false(idtntb_switch_sweep(bench->sw, 2, 1001));
	bench->hosts[1].port = NULL;
	wake_all(bench);
	assert_int_equal(driver_link_is_up(a), 4);
	assert_int_equal(gas_read(a, LINKDNSTS), 1u << 2);
	assert_int_equal(a->msis, 1);
	assert_int_equal(a->window_changes, 1);
	assert_int_equal(driver_link_is_up(&bench->hosts[2]), 1);
	/* The handle of the dead one is freed as a process's memory is. */
	free(dead);
	/* Taken again: nothing of the old owner's is left, the link comes up when the new one says so. */
	nt_write(a, 0x420, 0xFF);
	bench_attach(bench, 1);
	bench_enumerate(&bench->hosts[1]);
	assert_int_equal(nt_read(&bench->hosts[1], 0x428), 0);
	assert_int_equal(driver_link_is_up(a), 4);
	idtntb_port_link_set(bench->hosts[1].port, true);
	driver_link_enable(&bench->hosts[1]);
	assert_int_equal(driver_link_is_up(a), 6);
	assert_int_equal(gas_read(a, LINKUPSTS) & 1u << 2, 1u << 2);
	bench_destroy(bench);
}

/* The port's next owner sweeps for itself when nobody else did. */
static void attach_over_a_dead_owner(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];
	struct idtntb_port *dead = bench->hosts[1].port;

	(void)state;
	idtntb_port_bell_set(dead, 77);
	bench_attach(bench, 1);
	free(dead);
	/* Nor is the new owner to be woken by the dead one's bell. */
	assert_int_equal(member_of(bench, 1).bell, 0);
	assert_false(member_of(bench, 1).up);
	assert_int_equal(gas_read(a, LINKDNSTS), 1u << 2);
	assert_true(nt_read(a, 0x404) & 8);
	assert_int_equal(driver_link_is_up(a), 0);
	bench_destroy(bench);
}

/* Swept while alive: the owner says so at its next look, and the link returns by itself. */
static void wrong_sweep(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];
	uint32_t generation = member_of(bench, 1).generation;

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		assert_true(idtntb_switch_sweep(bench->sw, 2, 1001));
		assert_int_equal(driver_link_is_up(a), 0);
		wake_all(bench);
		assert_int_equal(driver_link_is_up(a), 2);
		assert_int_equal(member_of(bench, 1).owner, 1001);
		assert_int_equal(member_of(bench, 1).generation, generation += 2);
		assert_true(nt_read(a, 0x404) & 8);
		driver_interrupt(a);
	}
	/* Also when its link was down. */
	idtntb_port_link_set(bench->hosts[1].port, false);
	assert_true(idtntb_switch_sweep(bench->sw, 2, 1001));
	wake_all(bench);
	assert_int_equal(member_of(bench, 1).owner, 1001);
	assert_false(member_of(bench, 1).up);
	bench_destroy(bench);
}

/* Detach closes windows, takes the link down and tells the peers, whose windows to it close. */
static void detach(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	driver_mw_set(a, 2, 0, 1, 0, 0x100000);
	driver_mw_set(b, 2, 5, 0, 0, 0x100000);
	bench_forget(a);
	bench_forget(b);
	idtntb_port_config_write(b->port, 0xD2, 0, 2);
	nt_write(b, 0x420, 1);
	assert_true(b->intx);
	a->msis = 0;
	bench_detach(bench, 1);
	assert_false(b->intx);
	assert_int_equal(b->window_changes, 1);
	assert_int_equal(a->window_changes, 1);
	assert_int_equal(a->msis, 1);
	assert_int_equal(driver_link_is_up(a), 0);
	assert_int_equal(gas_read(a, 0x5400), 0);
	assert_int_equal(gas_read(a, 0x5004) & 6, 0);
	bench_destroy(bench);
}

/* Two views of one block, as two processes have them. */
static void two_views(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct idtntb_switch *other;
	struct idtntb_error error;
	struct idtntb_member member;

	(void)state;
	assert_int_equal(idtntb_switch_open(&other, bench->block, idtntb_block_size(), &error), 0);
	idtntb_switch_member(other, 2, &member);
	assert_true(member.up);
	assert_int_equal(idtntb_switch_peek(other, 0x3E244), idtntb_switch_peek(bench->sw, 0x3E244));
	assert_int_equal(idtntb_switch_link_force(other, 2, true), 0);
	wake_all(bench);
	assert_int_equal(driver_link_is_up(&bench->hosts[0]), 0);
	idtntb_switch_close(other);
	idtntb_switch_close(NULL);
	bench_destroy(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(owner_bell_and_generation),
		cmocka_unit_test(tables_of_callbacks),
		cmocka_unit_test(sweep),
		cmocka_unit_test(attach_over_a_dead_owner),
		cmocka_unit_test(wrong_sweep),
		cmocka_unit_test(detach),
		cmocka_unit_test(two_views),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
