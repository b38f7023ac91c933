/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages: routes, a full register reported to the sender, clear, masks (section 8). */
#include "driver.h"
#include "port.h"

#define OUTMSG(m) (0x430u + 4 * (m))
#define INMSG(m) (0x440u + 4 * (m))
#define MSGSTS 0x460
#define MSGSTSMSK 0x464
#define IN(m) (1u << (16 + (m)))
#define OUT(m) (1u << (m))

static void route(struct bench_host *host, unsigned m, unsigned partition, unsigned to)
{
	gas_write(host, 0x3EE00 + 0x20 * m + 4 * bench_partition(host), to | partition << 4);
}

/* Every outbound register of every sender to every inbound register of every receiver. */
static void every_route(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "0=3,2=0,4=6", NULL);
	uint32_t data = 0x1000, source;

	(void)state;
	for (unsigned from = 0; from < 3; from++) {
		for (unsigned to = 0; to < 3; to++) {
			for (unsigned m = 0; m < 4; m++) {
				for (unsigned j = 0; j < 4 && from != to; j++) {
					struct bench_host *sender = &bench->hosts[from], *receiver = &bench->hosts[to];

					route(sender, m, bench_partition(receiver), j);
					nt_write(sender, OUTMSG(m), ++data);
					assert_int_equal(nt_read(sender, MSGSTS), 0);
					assert_int_equal(nt_read(receiver, MSGSTS), IN(j));
					assert_int_equal(nt_read(receiver, 0x404), 1);
					assert_int_equal(driver_msg_read(receiver, j, &source), data);
					assert_int_equal(source, bench_partition(sender));
					nt_write(receiver, MSGSTS, IN(j));
					assert_int_equal(nt_read(receiver, MSGSTS), 0);
					assert_int_equal(nt_read(receiver, 0x404), 0);
					/* Data and source stay until they are overwritten. */
					assert_int_equal(driver_msg_read(receiver, j, &source), data);
					assert_int_equal(source, bench_partition(sender));
				}
			}
		}
	}
	bench_destroy(bench);
}

/* The old message is kept, the very next read of the sender tells; another register is not in the way. */
static void a_full_register(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "3", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1], *c = &bench->hosts[2];
	uint32_t source;

	(void)state;
	for (unsigned m = 0; m < 4; m++)
		driver_msg_write(a, m, 1, 0xA0 + m);
	assert_int_equal(nt_read(a, MSGSTS), 0);
	assert_int_equal(nt_read(b, MSGSTS), 0xF0000);
	driver_msg_write(c, 2, 1, 0xC2);
	assert_int_equal(nt_read(c, MSGSTS), OUT(2));
	driver_msg_write(a, 1, 1, 0xA9);
	assert_int_equal(nt_read(a, MSGSTS), OUT(1));
	assert_int_equal(driver_msg_read(b, 2, &source), 0xA2);
	assert_int_equal(source, 0);
	assert_int_equal(driver_msg_read(b, 1, &source), 0xA1);
	/* Failure stays until it is cleared, a later success does not clear it. */
	driver_msg_write(c, 2, 0, 0xC3);
	assert_int_equal(nt_read(c, MSGSTS), OUT(2));
	nt_write(c, MSGSTS, IN(2));
	assert_int_equal(nt_read(c, MSGSTS), OUT(2));
	nt_write(c, MSGSTS, OUT(2));
	assert_int_equal(nt_read(c, MSGSTS), 0);
	nt_write(b, MSGSTS, IN(2));
	assert_int_equal(nt_read(b, MSGSTS), 0xB0000);
	driver_msg_write(c, 2, 1, 0xC4);
	assert_int_equal(nt_read(c, MSGSTS), 0);
	assert_int_equal(driver_msg_read(b, 2, &source), 0xC4);
	assert_int_equal(source, 2);
	bench_destroy(bench);
}

/* To oneself, to a partition without a port: failed. To a port without owner, or before any link: taken. */
static void who_can_be_reached(void **state)
{
	struct bench *bench = bench_create(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];

	(void)state;
	bench_attach(bench, 0);
	bench_enumerate(a);
	driver_msg_write(a, 0, 0, 1);
	assert_int_equal(nt_read(a, MSGSTS), OUT(0));
	driver_msg_write(a, 1, 7, 1);
	assert_int_equal(nt_read(a, MSGSTS), OUT(0) | OUT(1));
	driver_msg_write(a, 2, 1, 1);
	assert_int_equal(nt_read(a, MSGSTS), OUT(0) | OUT(1));
	bench_attach(bench, 1);
	bench_enumerate(&bench->hosts[1]);
	assert_int_equal(nt_read(&bench->hosts[1], MSGSTS), 0);
	driver_msg_write(a, 2, 1, 2);
	assert_int_equal(nt_read(&bench->hosts[1], MSGSTS), IN(2));
	bench_destroy(bench);
}

/* Interrupts: derived from unmasked bits, of both halves (the sender hears of a failure when it wants to). */
static void masks_and_interrupts(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	nt_write(b, MSGSTSMSK, ~IN(0));
	assert_int_equal(nt_read(b, MSGSTSMSK), 0x000F000F & ~IN(0));
	driver_msg_write(a, 1, 1, 1);
	assert_int_equal(nt_read(b, 0x404), 0);
	assert_int_equal(b->msis, 0);
	driver_msg_write(a, 0, 1, 1);
	assert_int_equal(nt_read(b, 0x404), 1);
	assert_int_equal(b->msis, 1);
	nt_write(b, MSGSTS, IN(0));
	assert_int_equal(nt_read(b, 0x404), 0);
	nt_write(b, MSGSTSMSK, 0);
	assert_int_equal(b->msis, 2);
	nt_write(a, MSGSTSMSK, OUT(1));
	driver_msg_write(a, 1, 1, 2);
	assert_int_equal(nt_read(a, MSGSTS), OUT(1));
	assert_int_equal(a->msis, 0);
	nt_write(a, MSGSTSMSK, 0);
	assert_int_equal(a->msis, 1);
	assert_int_equal(nt_read(a, 0x404), 1);
	nt_write(a, MSGSTS, OUT(1));
	assert_int_equal(nt_read(a, 0x404), 0);
	bench_destroy(bench);
}

/* ntb_perf: three registers are one command; a cleared set admits a whole new command, never half of one. */
static void three_registers_are_a_command(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];
	uint32_t source;

	(void)state;
	nt_write(b, MSGSTSMSK, ~IN(0));
	for (uint32_t n = 0; n < 1000; n++) {
		driver_msg_write(a, 1, 1, n);
		driver_msg_write(a, 2, 1, n << 8);
		driver_msg_write(a, 0, 1, n << 16);
		assert_int_equal(nt_read(a, MSGSTS), 0);
		assert_int_equal(b->msis, n + 1);
		assert_int_equal(nt_read(b, MSGSTS), IN(0) | IN(1) | IN(2));
		assert_int_equal(driver_msg_read(b, 0, &source), n << 16);
		assert_int_equal(driver_msg_read(b, 1, &source), n);
		assert_int_equal(driver_msg_read(b, 2, &source), n << 8);
		nt_write(b, MSGSTS, 0xF0000);
	}
	bench_destroy(bench);
}

/* The 16-bit sequence behind a register goes round. */
static void many_messages(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	route(a, 3, 1, 3);
	for (uint32_t n = 0; n < 70000; n++) {
		nt_write(a, OUTMSG(3), n);
		if (nt_read(a, MSGSTS) || nt_read(b, MSGSTS) != IN(3) || nt_read(b, INMSG(3)) != n)
			fail_msg("message %u", n);
		nt_write(b, MSGSTS, IN(3));
	}
	bench_destroy(bench);
}

/* OUTMSG reads the last value (a choice); a write of one byte sends the whole. */
static void outbound_registers(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];

	(void)state;
	driver_msg_write(a, 0, 1, 0x11223344);
	assert_int_equal(nt_read(a, OUTMSG(0)), 0x11223344);
	nt_write(b, MSGSTS, IN(0));
	idtntb_port_config_write(a->port, OUTMSG(0) + 1, 0xAA, 1);
	assert_int_equal(nt_read(b, INMSG(0)), 0x1122AA44);
	bench_destroy(bench);
}

/* A word whose source is no peer, as only a hostile process makes it: never shown, and soon out of the way of others. */
static void from_nobody(void **state)
{
	static const uint8_t sources[] = { 0, 1, 7, 8, 255 };
	struct bench *bench = bench_create_linked(NULL, "0=3,2=0,4=6", NULL);
	struct bench_host *a = &bench->hosts[0], *b = &bench->hosts[1];
	atomic_u64 *word = &idt_block_port(bench->sw, 1)->message[2];
	uint32_t source;

	(void)state;
	for (size_t s = 0; s < sizeof(sources); s++) {
		atomic_store(word, message_word(0xBAD, sources[s], (uint16_t)(MESSAGE_SEQUENCE(*word) + 1)));
		assert_int_equal(nt_read(b, MSGSTS), 0);
		assert_int_equal(nt_read(b, 0x404), 0);
		assert_int_equal(nt_read(b, 0x458), 0);
		driver_msg_write(a, 2, 0, 1);
		assert_int_equal(nt_read(a, MSGSTS), OUT(2));
		nt_write(a, MSGSTS, OUT(2));
		idtntb_port_service(b->port);
		driver_msg_write(a, 2, 0, 0xA0 + (uint32_t)s);
		assert_int_equal(nt_read(a, MSGSTS), 0);
		assert_int_equal(nt_read(b, MSGSTS), IN(2));
		assert_int_equal(driver_msg_read(b, 2, &source), 0xA0 + s);
		assert_int_equal(source, 3);
		nt_write(b, MSGSTS, IN(2));
	}
	bench_destroy(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_route),
		cmocka_unit_test(a_full_register),
		cmocka_unit_test(who_can_be_reached),
		cmocka_unit_test(masks_and_interrupts),
		cmocka_unit_test(three_registers_are_a_command),
		cmocka_unit_test(many_messages),
		cmocka_unit_test(outbound_registers),
		cmocka_unit_test(from_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
