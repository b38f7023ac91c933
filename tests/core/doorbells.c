/* SPDX-License-Identifier: BSD-3-Clause */
/* Doorbells: 32 for the whole switch, two global masks, a local mask, clear (section 7). */
#include "driver.h"

#define OUTDBELLSET 0x420
#define INDBELLSTS 0x428
#define INDBELLMSK 0x42C
#define GDBELLSTS 0x3EC3C
#define GODBELLMSK(b) (0x3ED00u + 4 * (b))
#define GIDBELLMSK(b) (0x3ED80u + 4 * (b))

/* There is no destination: everybody hears, the sender too, and only those that the masks let. */
static void a_ring_reaches_everybody(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "8", NULL);

	(void)state;
	for (unsigned sender = 0; sender < 8; sender++) {
		nt_write(&bench->hosts[sender], OUTDBELLSET, 0x01010101u << sender);
		assert_int_equal(nt_read(&bench->hosts[sender], OUTDBELLSET), 0);
		for (unsigned slot = 0; slot < 8; slot++) {
			assert_int_equal(nt_read(&bench->hosts[slot], INDBELLSTS), 0x01010101u << sender);
			assert_int_equal(nt_read(&bench->hosts[slot], 0x404), 2);
			nt_write(&bench->hosts[slot], INDBELLSTS, 0x01010101u << sender);
			assert_int_equal(nt_read(&bench->hosts[slot], 0x404), 0);
			assert_int_equal(bench->hosts[slot].msis, sender + 1);
		}
	}
	bench_destroy(bench);
}

/* Every bit, every sender, every receiver, against each of the two masks. */
static void global_masks(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "0=5,2=0,4=7", NULL);

	(void)state;
	for (unsigned b = 0; b < 32; b++) {
		struct bench_host *setter = &bench->hosts[b % 3];

		gas_write(setter, GODBELLMSK(b), b % 2 ? 1u << 5 : 1u << 0);
		gas_write(setter, GIDBELLMSK(b), b % 3 == 0 ? 1u << 7 : b % 3 == 1 ? 1u << 5 : 0xFF);
	}
	for (unsigned sender = 0; sender < 3; sender++) {
		unsigned from = bench_partition(&bench->hosts[sender]);

		nt_write(&bench->hosts[sender], OUTDBELLSET, ~0u);
		for (unsigned slot = 0; slot < 3; slot++) {
			unsigned to = bench_partition(&bench->hosts[slot]);
			uint32_t expected = 0;

			for (unsigned b = 0; b < 32; b++) {
				bool may_ring = from != (b % 2 ? 5 : 0);
				bool hears = b % 3 == 0 ? to != 7 : b % 3 == 1 ? to != 5 : false;

				expected |= (uint32_t)(may_ring && hears) << b;
			}
			assert_int_equal(nt_read(&bench->hosts[slot], INDBELLSTS), expected);
			nt_write(&bench->hosts[slot], INDBELLSTS, ~0u);
		}
	}
	bench_destroy(bench);
}

/* Masks given with the topology are the power-on values. */
static void masks_of_the_topology(void **state)
{
	struct idtntb_topology topology;
	struct idtntb_error error;
	struct idtntb_switch *sw;
	void *block = aligned_alloc(64, (idtntb_block_size() + 63) / 64 * 64);

	(void)state;
	assert_int_equal(idtntb_topology_parse(&topology, NULL, "2", NULL, &error), 0);
	topology.godbellmsk[3] = 0x2;
	topology.gidbellmsk[31] = 0xFD;
	assert_int_equal(idtntb_block_format(block, idtntb_block_size(), &topology, &error), 0);
	assert_int_equal(idtntb_switch_open(&sw, block, idtntb_block_size(), &error), 0);
	assert_int_equal(idtntb_switch_peek(sw, GODBELLMSK(3)), 0x2);
	assert_int_equal(idtntb_switch_peek(sw, GIDBELLMSK(31)), 0xFD);
	assert_int_equal(idtntb_switch_peek(sw, GIDBELLMSK(30)), 0);
	idtntb_switch_close(sw);
	free(block);
}

/* Ringing a bit that is set changes nothing; a stale bit of one host does not stop others from hearing. */
static void stale_bits(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "3", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1], *c = &bench->hosts[2];

	(void)state;
	nt_write(a, OUTDBELLSET, 1);
	assert_int_equal(b->msis, 1);
	nt_write(a, OUTDBELLSET, 1);
	assert_int_equal(b->msis, 1);
	nt_write(b, INDBELLSTS, 1);
	nt_write(a, OUTDBELLSET, 1);
	assert_int_equal(b->msis, 2);
	assert_int_equal(c->msis, 1);
	assert_int_equal(nt_read(c, INDBELLSTS), 1);
	bench_destroy(bench);
}

/* Writing zero rings nobody and clears nothing; a clear of one bit leaves the others. */
static void zero_and_single_bits(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	nt_write(a, OUTDBELLSET, 0);
	assert_int_equal(nt_read(b, INDBELLSTS), 0);
	nt_write(a, OUTDBELLSET, ~0u);
	nt_write(b, INDBELLSTS, 0);
	for (uint32_t left = ~0u, bit = 1; bit; bit <<= 1) {
		nt_write(b, INDBELLSTS, bit);
		left &= ~bit;
		assert_int_equal(nt_read(b, INDBELLSTS), left);
		assert_int_equal(nt_read(a, INDBELLSTS), ~0u);
	}
	bench_destroy(bench);
}

/* The local mask keeps the condition and the interrupt away, not the bit; unmasking brings both. */
static void local_mask(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	nt_write(b, INDBELLMSK, ~0x10u);
	nt_write(a, OUTDBELLSET, ~0x10u);
	assert_int_equal(nt_read(b, INDBELLSTS), ~0x10u);
	assert_int_equal(nt_read(b, 0x404), 0);
	assert_int_equal(b->msis, 0);
	nt_write(a, OUTDBELLSET, 0x10);
	assert_int_equal(nt_read(b, 0x404), 2);
	assert_int_equal(b->msis, 1);
	nt_write(b, INDBELLSTS, 0x10);
	assert_int_equal(nt_read(b, 0x404), 0);
	nt_write(b, INDBELLMSK, ~0x20u);
	assert_int_equal(nt_read(b, 0x404), 2);
	assert_int_equal(b->msis, 2);
	bench_destroy(bench);
}

/* GDBELLSTS: some partition has it and the global mask does not hide that one (a choice of section 14). */
static void global_status(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	nt_write(a, OUTDBELLSET, 0x6);
	nt_write(a, INDBELLSTS, 0x4);
	assert_int_equal(gas_read(a, GDBELLSTS), 0x6);
	gas_write(a, GIDBELLMSK(2), 0x2);
	assert_int_equal(gas_read(b, GDBELLSTS), 0x2);
	assert_int_equal(idtntb_switch_peek(bench->sw, GDBELLSTS), 0x2);
	gas_write(a, GIDBELLMSK(2), 0);
	nt_write(b, INDBELLSTS, ~0u);
	assert_int_equal(gas_read(b, GDBELLSTS), 0x2);
	nt_write(a, INDBELLSTS, ~0u);
	assert_int_equal(gas_read(b, GDBELLSTS), 0);
	bench_destroy(bench);
}

/* A port that nobody owns collects bits; its next owner starts without them. */
static void ports_without_owner(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "3", NULL);
	struct bench_host *a = &bench->hosts[0], *c = &bench->hosts[2];

	(void)state;
	bench_detach(bench, 2);
	nt_write(a, OUTDBELLSET, 0xFF);
	assert_int_equal(gas_read(a, 0x1000 + 0x2000 * 4 + INDBELLSTS), 0xFF);
	bench_attach(bench, 2);
	bench_enumerate(c);
	assert_int_equal(nt_read(c, INDBELLSTS), 0);
	bench_destroy(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ring_reaches_everybody),
		cmocka_unit_test(global_masks),
		cmocka_unit_test(masks_of_the_topology),
		cmocka_unit_test(stale_bits),
		cmocka_unit_test(zero_and_single_bits),
		cmocka_unit_test(local_mask),
		cmocka_unit_test(global_status),
		cmocka_unit_test(ports_without_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
