/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Doorbells, messages, interrupts and guest errors that do not arrive, and what a healthy driver leaves behind.
 */
#include "bed.h"

static struct bench_host *host_of(struct bed *bed, unsigned slot)
{
	return &bed->bench->hosts[slot];
}

/* As ntb_pingpong: everything masked but the own bit. */
static void listen(struct bed *bed, unsigned slot, unsigned bit)
{
	nt_write(host_of(bed, slot), 0x42C, ~0u);
	nt_write(host_of(bed, slot), 0x42C, ~(1u << bit));
}

static void ring(struct bed *bed, unsigned slot, unsigned bit)
{
	nt_write(host_of(bed, slot), 0x420, 1u << bit);
}

/* Three hosts, each rings the next; stale bits stay in the sender and in third parties for ever (section 7). */
static void pingpong(void **state)
{
	struct bed *bed = bed_create("0,2,4", NULL);

	(void)state;
	for (unsigned slot = 0; slot < 3; slot++)
		listen(bed, slot, 2 * slot);
	for (unsigned slot = 0; slot < 3; slot++) {
		unsigned next = (slot + 1) % 3;

		ring(bed, slot, 2 * next);
		nt_write(host_of(bed, next), 0x428, 1u << (2 * next));
	}
	bed_expect_quiet(bed, IDTNTB_NOTE);
	/* Between pong and ping a bit is masked: it is not pending then. */
	nt_write(host_of(bed, 0), 0x42C, ~0u);
	bed_expect_quiet(bed, IDTNTB_NOTE);
	bed_destroy(bed);
}

static void wrong_bit(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	const struct idtntb_finding *finding;

	(void)state;
	listen(bed, 0, 0);
	listen(bed, 1, 2);
	ring(bed, 0, 3);
	finding = bed_expect(bed, "doorbell.bit", 0, "2:INDBELLMSK", "port 0 rings doorbell 3, which every peer masks");
	assert_int_equal(finding->peer, 2);
	assert_true(finding->momentary);
	assert_null(bed_find(bed, "doorbell.bit", 2));
	assert_null(bed_find(bed, "doorbell.mask", 2));
	bed_destroy(bed);
}

static void mask_inverted(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	listen(bed, 0, 0);
	/* Sets where it should clear, and the other way round. */
	nt_write(host_of(bed, 1), 0x42C, 0);
	nt_write(host_of(bed, 1), 0x42C, 1u << 2);
	ring(bed, 0, 2);
	bed_expect(bed, "doorbell.mask", 2, "2:INDBELLMSK", "doorbell 2 is pending but masked in INDBELLMSK of port 2");
	assert_null(bed_find(bed, "doorbell.bit", 0));
	bed_destroy(bed);
}

/* Without counters nobody knows who rang: nothing is guessed. */
static void doorbells_unknown(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	listen(bed, 0, 0);
	listen(bed, 1, 2);
	ring(bed, 0, 3);
	bed->snapshot.counters[0] = NULL;
	bed_expect_quiet(bed, IDTNTB_NOTE);
	bed_destroy(bed);
	/* Nor who has ever listened; but a port that nobody holds does not matter. */
	bed = bed_create("0,2,4", NULL);
	bench_detach(bed->bench, 2);
	listen(bed, 0, 0);
	listen(bed, 1, 2);
	ring(bed, 0, 3);
	bed->snapshot.counters[2] = NULL;
	bed_expect(bed, "doorbell.bit", 0, "2:INDBELLMSK", "doorbell 3");
	bed->snapshot.counters[1] = NULL;
	bed_check(bed);
	assert_null(bed_find(bed, "doorbell.bit", 0));
	bed_destroy(bed);
}

static void global_masks(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	listen(bed, 1, 5);
	gas_write(host_of(bed, 0), 0x3ED00 + 4 * 5, 1);
	ring(bed, 0, 5);
	bed_expect(bed, "doorbell.global", 0, "GODBELLMSK5", "it rings doorbell 5, which partition 0 may not ring");
	gas_write(host_of(bed, 0), 0x3ED00 + 4 * 5, 0);
	gas_write(host_of(bed, 0), 0x3ED80 + 4 * 5, 2);
	bed_expect(bed, "doorbell.reach", 2, "GIDBELLMSK5", "doorbell 5 is rung, but does not reach partition 1");
	bed_destroy(bed);
}

static void message_route(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	const struct idtntb_finding *finding;

	(void)state;
	driver_msg_write(host_of(bed, 0), 1, 5, 0x1234);
	finding = bed_expect(bed, "message.route", 0, "SWP0MSGCTL1",
			     "message 1 is routed to partition 5, which has no NT port: it was lost");
	assert_int_equal(finding->value, 0x51);
	/* The status cleared, the route still cannot work. */
	nt_write(host_of(bed, 0), 0x460, 0xF);
	bed_expect(bed, "message.route", 0, "SWP0MSGCTL1", "which has no NT port");
	/* One's own: lost as well. */
	driver_msg_write(host_of(bed, 1), 2, 1, 0x1234);
	bed_expect(bed, "message.route", 2, "SWP1MSGCTL2", "the sender's own");
	bed_destroy(bed);
}

static void message_full(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	const struct idtntb_finding *finding;

	(void)state;
	nt_write(host_of(bed, 1), 0x464, 0x000F000F);
	driver_msg_write(host_of(bed, 0), 0, 1, 1);
	bed_expect_quiet(bed, IDTNTB_WARNING);
	driver_msg_write(host_of(bed, 0), 0, 1, 2);
	finding = bed_expect(bed, "message.full", 0, "2:MSGSTS", "message 0 was lost: register 0 of port 2 was full");
	assert_true(finding->momentary);
	bed_destroy(bed);
}

static void interrupts_masked(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	nt_write(host_of(bed, 0), 0x408, 0xBB);
	bed_expect(bed, "interrupt.mask", 0, "0:NTINTMSK", "interrupts are masked although the link is enabled");
	assert_null(bed_find(bed, "interrupt.mask", 2));
	bed_destroy(bed);
}

static void no_way(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	struct idtntb_port *port = host_of(bed, 0)->port;

	(void)state;
	idtntb_port_config_write(port, 0x0D0, 0, 4);
	bed_expect_quiet(bed, IDTNTB_WARNING); /* INTx will do */
	/* And needs no bus master. */
	nt_write(host_of(bed, 1), 0x410, 1);
	idtntb_port_config_write(port, 0x004, 0x2, 4);
	bed_check(bed);
	assert_null(bed_find(bed, "interrupt.bme", 0));
	idtntb_port_config_write(port, 0x004, 0x406, 4);
	bed_expect(bed, "interrupt.way", 0, "0:MSICAP", "MSI is off");
	idtntb_port_config_write(port, 0x0D0, 0x10000, 4);
	/* Linux disables INTx when it uses MSI. */
	bed_check(bed);
	assert_null(bed_find(bed, "interrupt.way", 0));
	idtntb_port_config_write(port, 0x0D4, 0, 4);
	idtntb_port_config_write(port, 0x0D8, 0, 4);
	bed_expect(bed, "interrupt.address", 0, "0:MSIADDR", "its address is 0");
	bed_destroy(bed);
}

/* A second check, of which stays what was there before and has not moved. */
static void look_again(struct bed *bed)
{
	struct idtntb_findings second;

	assert_int_equal(idtntb_check(&second, bed_snapshot(bed)), 0);
	idtntb_findings_keep(&second, &bed->findings);
	idtntb_findings_free(&bed->findings);
	bed->findings = second;
}

static void status_not_cleared(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	nt_write(host_of(bed, 1), 0x410, 1);
	bed_expect(bed, "interrupt.sevent", 0, "0:NTINTSTS", "SEVENT stays set");
	/* A second look: still there where nobody clears it, gone where the driver does. */
	driver_interrupt(host_of(bed, 1));
	look_again(bed);
	assert_non_null(bed_find(bed, "interrupt.sevent", 0));
	assert_null(bed_find(bed, "interrupt.sevent", 2));
	/* A new one at the second look only is no fault yet. */
	driver_interrupt(host_of(bed, 0));
	bed_check(bed);
	nt_write(host_of(bed, 1), 0x410, 1);
	look_again(bed);
	assert_null(bed_find(bed, "interrupt.sevent", 0));
	/* Nor one at both looks, when the driver has cleared another in between. */
	bed_check(bed);
	driver_interrupt(host_of(bed, 0));
	nt_write(host_of(bed, 1), 0x410, 1);
	look_again(bed);
	assert_null(bed_find(bed, "interrupt.sevent", 0));
	assert_non_null(bed_find(bed, "interrupt.sevent", 2));
	bed_destroy(bed);
}

/* What another port had at the first look does not count. */
static void looks_compared(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	nt_write(host_of(bed, 1), 0x410, 1);
	driver_interrupt(host_of(bed, 1));
	bed_expect(bed, "interrupt.sevent", 0, "0:NTINTSTS", "SEVENT stays set");
	nt_write(host_of(bed, 0), 0x410, 1);
	driver_interrupt(host_of(bed, 0));
	/* Without counters nothing seems to move. */
	bed->snapshot.counters[0] = bed->snapshot.counters[1] = NULL;
	look_again(bed);
	assert_null(bed_find(bed, "interrupt.sevent", 2));
	bed_destroy(bed);
}

static void sources_not_cleared(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	listen(bed, 1, 2);
	ring(bed, 0, 2);
	driver_msg_write(host_of(bed, 0), 0, 1, 1);
	bed_expect(bed, "interrupt.dbell", 2, "2:INDBELLSTS", "DBELL stays set");
	bed_expect(bed, "interrupt.msg", 2, "2:MSGSTS", "MSG stays set");
	/* And no MSI can be sent for them once bus master is off. */
	idtntb_port_config_write(host_of(bed, 1)->port, 0x004, 0x2, 4);
	bed_expect(bed, "interrupt.bme", 2, "2:PCICMDSTS", "no MSI can be sent");
	assert_null(bed_find(bed, "interrupt.dbell", 2));
	bed_destroy(bed);
}

static void events_masked(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	for (unsigned bit = 0; bit < 7; bit++) {
		gas_write(host_of(bed, 0), 0x3EC04, 1u << bit);
		if (0x23 >> bit & 1)
			bed_expect(bed, "event.mask", 2, "SEMSK", "switch events are masked for all");
		else
			bed_expect_quiet(bed, IDTNTB_WARNING);
	}
	gas_write(host_of(bed, 0), 0x3EC04, 0xFFFFFFDC);
	gas_write(host_of(bed, 0), 0x3EC08, 0xFE);
	bed_expect(bed, "event.partition", 2, "SEPMSK", "do not reach this port");
	assert_null(bed_find(bed, "event.partition", 0));
	bed_destroy(bed);
}

static void guest_errors(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	nt_write(host_of(bed, 0), 0x450, 1);
	bed_expect(bed, "guest.error", 0, NULL, "INMSGSRC0");
	assert_null(bed_find(bed, "guest.error", 2));
	bed_destroy(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pingpong),       cmocka_unit_test(wrong_bit),
		cmocka_unit_test(mask_inverted),  cmocka_unit_test(doorbells_unknown),
		cmocka_unit_test(global_masks),   cmocka_unit_test(message_route),
		cmocka_unit_test(message_full),   cmocka_unit_test(interrupts_masked),
		cmocka_unit_test(no_way),         cmocka_unit_test(status_not_cleared),
		cmocka_unit_test(looks_compared), cmocka_unit_test(sources_not_cleared),
		cmocka_unit_test(events_masked),  cmocka_unit_test(guest_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
