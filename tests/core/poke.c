/* SPDX-License-Identifier: BSD-3-Clause */
/* Pokes: asking an owner to write its registers, owners that refuse, and requests that nobody honest has made. */
#include "driver.h"

#include <errno.h>

#include "port.h" /* the words of the block, which nothing else can set like that */

#define NTSDATA 0x40Cu
#define OUTDBELLSET 0x420u

static int post(struct bench *bench, unsigned slot, uint32_t offset, uint32_t value, uint32_t *ticket)
{
	struct idtntb_error error = { "" };
	int result = idtntb_switch_poke_post(bench->sw, bench->hosts[slot].number, offset, value, ticket, &error);

	assert_true(!result == !error.text[0]);
	return result;
}

static int result_of(struct bench *bench, unsigned slot, uint32_t ticket)
{
	return idtntb_switch_poke_result(bench->sw, bench->hosts[slot].number, ticket);
}

static void done(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];
	uint32_t ticket, before = a->guest_errors;

	(void)state;
	idtntb_port_poke_allow(a->port, true);
	assert_int_equal(post(bench, 0, NTSDATA, 0xCAFE, &ticket), 0);
	assert_int_equal(result_of(bench, 0, ticket), -EAGAIN);
	assert_int_equal(nt_read(a, NTSDATA), 0);
	idtntb_port_service(a->port);
	assert_int_equal(result_of(bench, 0, ticket), 0);
	assert_int_equal(nt_read(a, NTSDATA), 0xCAFE);
	assert_non_null(strstr(a->last_log, "poke: NTSDATA"));
	/* Once. */
	nt_write(a, NTSDATA, 1);
	idtntb_port_service(a->port);
	assert_int_equal(nt_read(a, NTSDATA), 1);
	/* With its effects, in other ports too. */
	nt_write(b, 0x42C, 0);
	assert_int_equal(post(bench, 0, OUTDBELLSET, 0x100, &ticket), 0);
	idtntb_port_service(a->port);
	bench_run(bench);
	assert_int_equal(nt_read(b, 0x428) & 0x100, 0x100);
	assert_true(b->msis > 0);
	/* A register of the switch; masks are those of a guest's own write. */
	assert_int_equal(post(bench, 0, 0x3EC04, 0xFFFFFFFF, &ticket), 0);
	idtntb_port_service(a->port);
	assert_int_equal(result_of(bench, 0, ticket), 0);
	assert_int_equal(idtntb_switch_peek(bench->sw, 0x3EC04), idtntb_switch_writable(bench->sw, 0x3EC04));
	/* What a guest would be told of, this one is. */
	assert_int_equal(post(bench, 0, 0x440, 1, &ticket), 0);
	idtntb_port_service(a->port);
	assert_int_equal(result_of(bench, 0, ticket), 0);
	assert_int_equal(a->guest_errors, before + 1);
	bench_destroy(bench);
}

static void refused(void **state)
{
	static const uint32_t nowhere[] = { 0x000, 0x004,  0x010,   0x0D4,   0x3FC, 0x401,
					    0x40E, 0x1000, 0x3DFFC, 0x40000, ~0u };
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];
	uint32_t ticket, newer;

	(void)state;
	assert_int_equal(post(bench, 0, NTSDATA, 1, &ticket), 0);
	idtntb_port_service(a->port);
	assert_int_equal(result_of(bench, 0, ticket), -EACCES);
	assert_int_equal(nt_read(a, NTSDATA), 0);
	/* Consent can be given, and taken back. */
	idtntb_port_poke_allow(a->port, true);
	idtntb_port_service(a->port);
	assert_int_equal(nt_read(a, NTSDATA), 0);
	idtntb_port_poke_allow(a->port, false);
	assert_int_equal(post(bench, 0, NTSDATA, 2, &ticket), 0);
	idtntb_port_service(a->port);
	assert_int_equal(result_of(bench, 0, ticket), -EACCES);
	for (size_t n = 0; n < sizeof(nowhere) / sizeof(nowhere[0]); n++)
		assert_int_equal(post(bench, 0, nowhere[n], 1, &ticket), -EINVAL);
	assert_int_equal(idtntb_switch_poke_post(bench->sw, 23, NTSDATA, 1, &ticket, NULL), -EINVAL);
	assert_int_equal(idtntb_switch_poke_result(bench->sw, 99, ticket), -EINVAL);
	/* Overtaken. */
	idtntb_port_poke_allow(a->port, true);
	assert_int_equal(post(bench, 0, NTSDATA, 3, &ticket), 0);
	assert_int_equal(post(bench, 0, NTSDATA, 4, &newer), 0);
	assert_int_equal(result_of(bench, 0, ticket), -ESTALE);
	idtntb_port_service(a->port);
	assert_int_equal(result_of(bench, 0, ticket), -ESTALE);
	assert_int_equal(result_of(bench, 0, newer), 0);
	assert_int_equal(nt_read(a, NTSDATA), 4);
	bench_destroy(bench);
}

/* A request outlives neither the owner it was made of, nor the one who made it. */
static void the_dead(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	uint32_t ticket;

	(void)state;
	idtntb_port_poke_allow(bench->hosts[0].port, true);
	assert_int_equal(post(bench, 0, NTSDATA, 7, &ticket), 0);
	bench_detach(bench, 0);
	assert_int_equal(result_of(bench, 0, ticket), -ENXIO);
	assert_int_equal(post(bench, 0, NTSDATA, 8, &ticket), -ENXIO);
	bench_attach(bench, 0);
	bench_enumerate(&bench->hosts[0]);
	idtntb_port_poke_allow(bench->hosts[0].port, true);
	idtntb_port_service(bench->hosts[0].port);
	assert_int_equal(nt_read(&bench->hosts[0], NTSDATA), 0);
	assert_int_equal(post(bench, 0, NTSDATA, 9, &ticket), 0);
	idtntb_port_service(bench->hosts[0].port);
	assert_int_equal(result_of(bench, 0, ticket), 0);
	assert_int_equal(nt_read(&bench->hosts[0], NTSDATA), 9);
	bench_destroy(bench);
}

/* Tickets come around, and never are 0. */
static void tickets(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	uint32_t ticket;

	(void)state;
	idtntb_port_poke_allow(bench->hosts[0].port, true);
	for (unsigned n = 0; n < 70000; n++) {
		assert_int_equal(post(bench, 0, NTSDATA, n, &ticket), 0);
		assert_int_not_equal(ticket, 0);
		idtntb_port_service(bench->hosts[0].port);
		assert_int_equal(result_of(bench, 0, ticket), 0);
		assert_int_equal(idtntb_port_peek(bench->hosts[0].port, NTSDATA), n);
	}
	bench_destroy(bench);
}

/* Words that no idtntb_switch_poke_post() makes. */
static void hostile(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];
	struct block_port *words = idt_block_port(bench->sw, 0);
	uint32_t command = idtntb_port_peek(a->port, 0x004), msi = idtntb_port_peek(a->port, 0x0D4);
	uint64_t seed = 3;

	(void)state;
	/* Not allowed: nothing of the owner's changes, whatever is asked. */
	for (unsigned allowed = 0; allowed < 2; allowed++) {
		idtntb_port_poke_allow(a->port, allowed);
		for (unsigned n = 0; n < 200000; n++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			atomic_store(&words->poke,
				     n % 2 ? seed : poke_word((uint32_t)seed, (uint32_t)(seed >> 32) % 0x1000, n));
			atomic_store(&words->poke_answer, seed);
			idtntb_port_service(a->port);
			bench->kicked = 0;
		}
		assert_int_equal(idtntb_port_peek(a->port, 0x004) & ~(1u << 19), command & ~(1u << 19));
		assert_int_equal(idtntb_port_peek(a->port, 0x0D4), msi);
		if (!allowed)
			assert_int_equal(idtntb_port_peek(a->port, NTSDATA), 0);
	}
	/* Something has got through. */
	assert_int_not_equal(idtntb_port_peek(a->port, NTSDATA), 0);
	bench_destroy(bench);
}

/* Another block: what lies there was not asked of this owner. */
static void moved(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL), *other = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];
	uint32_t ticket;

	(void)state;
	idtntb_port_poke_allow(a->port, true);
	bench_detach(other, 0);
	atomic_store(&idt_block_port(other->sw, 0)->poke, poke_word(5, NTSDATA, 77));
	assert_int_equal(idtntb_port_move(a->port, other->sw, NULL), 0);
	idtntb_port_service(a->port);
	assert_int_equal(idtntb_port_peek(a->port, NTSDATA), 0);
	assert_int_equal(post(other, 0, NTSDATA, 6, &ticket), 0);
	idtntb_port_service(a->port);
	assert_int_equal(idtntb_port_peek(a->port, NTSDATA), 6);
	bench_destroy(bench);
	bench_destroy(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(done),    cmocka_unit_test(refused), cmocka_unit_test(the_dead),
		cmocka_unit_test(tickets), cmocka_unit_test(hostile), cmocka_unit_test(moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
