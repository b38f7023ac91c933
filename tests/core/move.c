/* SPDX-License-Identifier: BSD-3-Clause */
/* Another block of the same topology: owners move there with what is theirs (design, "state that survives"). */
#include "driver.h"

static struct idtntb_member member_of(const struct idtntb_switch *sw, const struct bench_host *host)
{
	struct idtntb_member member;

	assert_int_equal(idtntb_switch_member(sw, host->number, &member), 0);
	return member;
}

static void wake_all(struct bench *bench)
{
	bench->kicked = (1u << bench->topology.port_count) - 1;
	bench_run(bench);
}

/* The memory is made anew from what was saved, and every owner moves there: drivers notice a link event at most. */
static void move(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "3", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];
	unsigned char *image = malloc(idtntb_save_size());
	void *block = aligned_alloc(64, (idtntb_block_size() + 63) / 64 * 64), *old = bench->block;
	struct idtntb_switch *to;
	struct idtntb_error error;
	uint32_t source;

	(void)state;
	driver_mw_set(a, 2, 3, 1, 0x4000, 0x100000);
	driver_msg_write(a, 1, 1, 0x5EED);
	nt_write(a, 0x420, 0x8);
	nt_write(b, 0x42C, ~0u);
	assert_int_equal(idtntb_switch_save(bench->sw, image, idtntb_save_size()), 0);
	assert_int_equal(idtntb_block_load(block, idtntb_block_size(), image, idtntb_save_size(), &error), 0);
	assert_int_equal(idtntb_switch_open(&to, block, idtntb_block_size(), &error), 0);
	for (unsigned slot = 0; slot < 3; slot++)
		assert_int_equal(idtntb_port_move(bench->hosts[slot].port, to, &error), 0);
	idtntb_switch_close(bench->sw);
	memset(old, 0xEE, idtntb_block_size());
	bench->sw = to;
	bench->block = block;
	wake_all(bench);
	for (unsigned slot = 0; slot < 3; slot++) {
		assert_int_equal(driver_link_is_up(&bench->hosts[slot]), 7u & ~(1u << slot));
		assert_int_equal(member_of(bench->sw, &bench->hosts[slot]).owner, 1000 + slot);
	}
	assert_int_equal(nt_read(b, 0x428), 0x8);
	assert_int_equal(nt_read(b, 0x42C), ~0u);
	assert_int_equal(nt_read(b, 0x460), 1u << 17);
	assert_int_equal(driver_msg_read(b, 1, &source), 0x5EED);
	nt_write(b, 0x460, 1u << 17);
	driver_msg_write(a, 1, 1, 0x5EEE);
	assert_int_equal(nt_read(a, 0x460), 0);
	assert_int_equal(driver_msg_read(b, 1, &source), 0x5EEE);
	idtntb_port_bar_write(a->port, 2, 3 * 0x100000, "abcd", 4);
	assert_memory_equal(b->ram + 0x4000, "abcd", 4);
	free(old);
	free(image);
	bench_destroy(bench);
}

/* A block made anew from the topology alone: what came in goes along with the owner. */
static void move_to_a_new_switch(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL), *to = bench_create(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];
	uint32_t source;

	(void)state;
	nt_write(b, 0x464, 0xF000F);
	nt_write(b, 0x42C, ~0u);
	nt_write(a, 0x420, 0xF0);
	for (unsigned m = 0; m < 4; m++)
		driver_msg_write(a, m, 1, 0xA0 + m);
	nt_write(b, 0x460, 1u << 18);
	nt_write(b, 0x40C, 0x1234);
	driver_mw_set(b, 2, 9, 0, 0x4000, 0x100000);
	nt_write(a, 0x410, 1);
	assert_int_equal(idtntb_port_move(b->port, to->sw, NULL), 0);
	to->hosts[1].port = b->port;
	b->port = NULL;
	b = &to->hosts[1];
	assert_int_equal(nt_read(b, 0x428), 0xF0);
	assert_int_equal(nt_read(b, 0x460), 0xB0000);
	for (unsigned m = 0; m < 4; m++)
		assert_int_equal(driver_msg_read(b, m, &source), 0xA0 + m);
	assert_true(nt_read(b, 0x404) & 8);
	/* And others may see its registers there. */
	assert_int_equal(idtntb_switch_peek(to->sw, 0x540C), 0x1234);
	assert_int_equal(idtntb_switch_peek(to->sw, 0x54E4), 0x4000);
	assert_int_equal(idtntb_switch_peek(to->sw, 0x5460), 0xB0000);
	assert_true(idtntb_switch_peek(to->sw, 0x3E244) & 0x10);
	bench_destroy(to);
	bench_destroy(bench);
}

/* To a switch with nobody in it and back, as idtntbd does it for a client that returns. */
static void there_and_back(struct bench_host *host)
{
	struct bench *limbo = bench_create(NULL, "2", NULL);

	assert_int_equal(idtntb_port_move(host->port, limbo->sw, NULL), 0);
	assert_int_equal(nt_read(host, 0x460), 1u << 17);
	assert_int_equal(idtntb_port_move(host->port, host->bench->sw, NULL), 0);
	bench_run(host->bench);
	bench_destroy(limbo);
}

/*
 * However many messages a register has taken, a move makes none, loses none and keeps the next from none: sequences of 16
 * bits come around, and those of the two blocks have nothing to do with each other.
 */
static void move_after_many_messages(void **state)
{
	static const uint32_t counts[] = { 1, 2, 32766, 32767, 32768, 32769, 40000, 65534, 65535, 65536, 70000 };
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];
	uint32_t sent = 0, source;

	(void)state;
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		for (; sent < counts[c]; sent++) {
			nt_write(b, 0x460, 0xF0000);
			driver_msg_write(a, 0, 1, 0x100000 + sent);
			driver_msg_write(a, 1, 1, 0x200000 + sent);
			assert_int_equal(nt_read(a, 0x460), 0);
		}
		nt_write(b, 0x460, 1u << 16);
		there_and_back(b);
		assert_int_equal(nt_read(b, 0x460), 1u << 17);
		assert_int_equal(driver_msg_read(b, 0, &source), 0x100000 + sent - 1);
		assert_int_equal(driver_msg_read(b, 1, &source), 0x200000 + sent - 1);
		assert_int_equal(driver_msg_read(b, 2, &source), 0);
		/* The one is still full, the other is not. */
		driver_msg_write(a, 1, 1, 1);
		driver_msg_write(a, 0, 1, 2);
		assert_int_equal(nt_read(a, 0x460), 1u << 1);
		nt_write(a, 0x460, 1u << 1);
		assert_int_equal(driver_msg_read(b, 0, &source), 2);
		assert_int_equal(driver_msg_read(b, 1, &source), 0x200000 + sent - 1);
	}
	bench_destroy(bench);
}

/* A peer that was in the other block earlier has sent there: that stays, whatever was sent before. */
static void move_to_a_message(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL), *to = bench_create_linked(NULL, "2", NULL);
	struct bench_host *b = &bench->hosts[1];
	uint32_t source;

	(void)state;
	for (uint32_t n = 0; n < 40000; n++) {
		driver_msg_write(&bench->hosts[0], 0, 1, n);
		nt_write(b, 0x460, 1u << 16);
	}
	bench_detach(to, 1);
	driver_msg_write(&to->hosts[0], 0, 1, 0xAFFE);
	assert_int_equal(idtntb_port_move(b->port, to->sw, NULL), 0);
	assert_int_equal(nt_read(b, 0x460), 1u << 16);
	assert_int_equal(driver_msg_read(b, 0, &source), 0xAFFE);
	nt_write(b, 0x460, 1u << 16);
	assert_int_equal(nt_read(b, 0x460), 0);
	bench_detach(bench, 1);
	bench_destroy(to);
	bench_destroy(bench);
}

/* The memory is an image of an earlier moment: what its owner has taken since is not there again, what came since is. */
static void move_to_an_image(void **state)
{
	(void)state;
	for (unsigned newer = 0; newer < 2; newer++) {
		struct bench *bench = bench_create_linked(NULL, "2", NULL), *to = bench_create(NULL, "2", NULL);
		struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];
		unsigned char *image = malloc(idtntb_save_size());
		uint32_t source;

		driver_msg_write(a, 0, 1, 0x111);
		assert_int_equal(idtntb_switch_save(bench->sw, image, idtntb_save_size()), 0);
		nt_write(b, 0x460, 1u << 16);
		if (newer)
			driver_msg_write(a, 0, 1, 0x222);
		assert_int_equal(idtntb_block_load(to->block, idtntb_block_size(), image, idtntb_save_size(), NULL), 0);
		assert_int_equal(idtntb_port_move(b->port, to->sw, NULL), 0);
		assert_int_equal(nt_read(b, 0x460), newer << 16);
		assert_int_equal(driver_msg_read(b, 0, &source), newer ? 0x222 : 0x111);
		free(image);
		bench_destroy(bench);
		bench_destroy(to);
	}
}

/* A link that was broken on purpose stays so, unless somebody has been at it in the other block. */
static void move_with_a_broken_link(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL), *to = bench_create(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	idtntb_switch_link_force(bench->sw, b->number, true);
	wake_all(bench);
	driver_interrupt(a);
	bench_forget(a);
	for (unsigned slot = 0; slot < 2; slot++)
		assert_int_equal(idtntb_port_move(bench->hosts[slot].port, to->sw, NULL), 0);
	wake_all(bench);
	assert_true(member_of(to->sw, b).up && member_of(to->sw, b).forced_down);
	assert_false(member_of(to->sw, a).forced_down);
	assert_int_equal(driver_link_is_up(a), 0);
	/* Mended here, it is not broken anew by what is left there. */
	idtntb_switch_link_force(to->sw, b->number, false);
	assert_int_equal(idtntb_port_move(b->port, bench->sw, NULL), 0);
	assert_true(member_of(bench->sw, b).forced_down);
	assert_int_equal(idtntb_port_move(b->port, to->sw, NULL), 0);
	assert_false(member_of(to->sw, b).forced_down);
	bench_destroy(bench);
	bench_destroy(to);
}

/* Generations begin anew in the other block: that a port is still down there is no news. */
static void move_while_down(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL), *to = bench_create(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];

	(void)state;
	bench_detach(bench, 1);
	driver_interrupt(a);
	bench_forget(a);
	assert_int_equal(idtntb_port_move(a->port, to->sw, NULL), 0);
	idtntb_port_service(a->port);
	assert_int_equal(a->logs[IDTNTB_LOG_INFO], 0);
	assert_int_equal(a->msis, 0);
	bench_detach(bench, 0);
	bench_destroy(to);
	bench_destroy(bench);
}

/* Another switch altogether: refused, and the port goes on where it was. */
static void move_elsewhere(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL), *other = bench_create(NULL, "3", NULL);
	struct idtntb_error error;

	(void)state;
	assert_int_equal(idtntb_port_move(bench->hosts[0].port, other->sw, &error), -71);
	assert_non_null(strstr(error.text, "port"));
	nt_write(&bench->hosts[0], 0x420, 1);
	assert_int_equal(nt_read(&bench->hosts[1], 0x428), 1);
	bench_destroy(other);
	bench_destroy(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(move),
		cmocka_unit_test(move_to_a_new_switch),
		cmocka_unit_test(move_after_many_messages),
		cmocka_unit_test(move_to_a_message),
		cmocka_unit_test(move_to_an_image),
		cmocka_unit_test(move_with_a_broken_link),
		cmocka_unit_test(move_while_down),
		cmocka_unit_test(move_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
