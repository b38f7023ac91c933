/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every way a link can be down, and the condition that check names for it.
 */
#include "bed.h"

static struct bench_host *host_of(struct bed *bed, unsigned slot)
{
	return &bed->bench->hosts[slot];
}

static void config_write(struct bed *bed, unsigned slot, uint32_t offset, uint32_t value)
{
	idtntb_port_config_write(host_of(bed, slot)->port, offset, value, 4);
	bench_run(bed->bench);
}

static void up(void **state)
{
	struct bed *bed = bed_create("0,2,4", NULL);

	(void)state;
	bed_expect_quiet(bed, IDTNTB_NOTE);
	/* Three pairs, and nothing else is told. */
	assert_int_equal(bed->findings.count, 3);
	assert_string_equal(bed->findings.items[0].subject, "link 0 - 2");
	assert_string_equal(bed->findings.items[2].subject, "link 2 - 4");
	assert_string_equal(bed->findings.items[2].cause, "up");
	bed_destroy(bed);
}

static void never_attached(void **state)
{
	struct bed *bed = bed_create_empty("2");

	(void)state;
	bed_expect(bed, "link.attached", 0, "SWPORT0STS", "nobody has attached");
	bed_expect(bed, "link.attached", 2, "SWPORT2STS", "nobody has attached");
	bed_destroy(bed);
}

static void killed(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	assert_true(idtntb_switch_sweep(bed->bench->sw, 2, 1001));
	bed_expect(bed, "link.attached", 2, "SWPORT2STS", "nobody has attached");
	assert_null(bed_find(bed, "link.attached", 0));
	bed_destroy(bed);
}

static void not_raised(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	idtntb_port_link_set(host_of(bed, 1)->port, false);
	bed_expect(bed, "link.up", 2, "SWPORT2STS", "has not raised its link");
	bed_destroy(bed);
}

static void broken_on_purpose(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	const struct idtntb_finding *finding;

	(void)state;
	idtntb_switch_link_force(bed->bench->sw, 2, true);
	finding = bed_expect(bed, "link.forced", 2, "SWPORT2STS", "broken on purpose");
	assert_has(finding->advice, "idtntbctl link");
	assert_int_equal(finding->value & 0x10, 0);
	idtntb_switch_link_force(bed->bench->sw, 2, false);
	bed_expect_quiet(bed, IDTNTB_ERROR);
	bed_destroy(bed);
}

/* Driver's remove(): interrupts masked, link disabled, bus master off (section 13). */
static void driver_unloaded(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	nt_write(host_of(bed, 1), 0x408, 0xBB);
	driver_link_disable(host_of(bed, 1));
	config_write(bed, 1, 0x004, 0x2);
	bed_expect(bed, "link.driver", 2, "2:NTCTL", "no driver is at work");
	/* What else a driver should do is not asked of one that is not there. */
	assert_null(bed_find(bed, "interrupt.mask", 2));
	nt_write(host_of(bed, 1), 0x4D0, 1);
	nt_write(host_of(bed, 1), 0x4D8, 1u << 17 | 1);
	bed_expect(bed, "link.driver", 2, "2:NTCTL", "no driver is at work");
	assert_null(bed_find(bed, "interrupt.mask", 2));
	bed_destroy(bed);
}

static void link_disabled(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	driver_link_disable(host_of(bed, 0));
	bed_expect(bed, "link.enable", 0, "0:NTCTL", "nobody has enabled the link");
	bed_destroy(bed);
}

/* Loaded, but neither link nor bus master are on: the mask tells that there is a driver. */
static void driver_idle(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	driver_link_disable(host_of(bed, 0));
	config_write(bed, 0, 0x004, 0x2);
	bed_expect(bed, "link.enable", 0, "0:NTCTL", "nobody has enabled the link");
	/* Or bus master, before interrupts are asked for. */
	nt_write(host_of(bed, 0), 0x408, 0xBB);
	config_write(bed, 0, 0x004, 0x6);
	bed_expect(bed, "link.enable", 0, "0:NTCTL", "nobody has enabled the link");
	bed_destroy(bed);
}

static void bus_master_off(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	const struct idtntb_finding *finding;

	(void)state;
	config_write(bed, 0, 0x004, 0x2);
	finding = bed_expect(bed, "link.bme", 0, "0:PCICMDSTS", "bus master is off");
	assert_int_equal(finding->value & 4, 0);
	assert_int_equal(finding->address, 0x1004);
	assert_int_equal(finding->severity, IDTNTB_ERROR);
	bed_destroy(bed);
}

static void completions_off(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	nt_write(host_of(bed, 1), 0x400, 0);
	bed_expect(bed, "link.cpen", 2, "2:NTCTL", "completion enable is lost");
	bed_destroy(bed);
}

static void entry_cleared(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	nt_write(host_of(bed, 1), 0x4D0, 1);
	nt_write(host_of(bed, 1), 0x4D8, 0);
	bed_expect(bed, "link.entry", 2, "2:NTMTBLDATA", "NT mapping table entry 1 is not set");
	bed_destroy(bed);
}

static void entry_of_another(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	const struct idtntb_finding *finding;

	(void)state;
	nt_write(host_of(bed, 0), 0x4D0, 0);
	nt_write(host_of(bed, 0), 0x4D8, 3u << 17 | 1);
	finding = bed_expect(bed, "link.partition", 0, "0:NTMTBLDATA", "entry 0 is of partition 3");
	assert_int_equal(finding->value, 3u << 17 | 1);
	bed_destroy(bed);
}

/* Of a pair both sides are told, each with its first condition; of others nothing. */
static void pairs(void **state)
{
	struct bed *bed = bed_create("0,2,4", NULL);
	struct idtntb_findings findings;

	(void)state;
	nt_write(host_of(bed, 0), 0x400, 0);
	assert_int_equal(idtntb_check_pair(&findings, bed_snapshot(bed), 1, 0), 0);
	assert_int_equal(findings.count, 1);
	assert_string_equal(findings.items[0].subject, "link 2 - 0, port 0");
	idtntb_findings_free(&findings);
	config_write(bed, 1, 0x004, 0x2);
	assert_int_equal(idtntb_check_pair(&findings, bed_snapshot(bed), 0, 1), 0);
	assert_int_equal(findings.count, 2);
	assert_string_equal(findings.items[0].id, "link.cpen");
	assert_string_equal(findings.items[0].subject, "link 0 - 2, port 0");
	assert_int_equal(findings.items[0].peer, 2);
	assert_string_equal(findings.items[1].id, "link.bme");
	assert_int_equal(findings.items[1].peer, 0);
	idtntb_findings_free(&findings);
	assert_int_equal(idtntb_check_port(&findings, bed_snapshot(bed), 2), 0);
	assert_true(findings.count >= 2);
	assert_string_equal(findings.items[0].id, "link.cpen");
	idtntb_findings_free(&findings);
	assert_int_equal(idtntb_check_pair(&findings, bed_snapshot(bed), 0, 7), 0);
	assert_int_equal(findings.count, 0);
	bed_destroy(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(up),
		cmocka_unit_test(never_attached),
		cmocka_unit_test(killed),
		cmocka_unit_test(not_raised),
		cmocka_unit_test(broken_on_purpose),
		cmocka_unit_test(driver_unloaded),
		cmocka_unit_test(link_disabled),
		cmocka_unit_test(driver_idle),
		cmocka_unit_test(bus_master_off),
		cmocka_unit_test(completions_off),
		cmocka_unit_test(entry_cleared),
		cmocka_unit_test(entry_of_another),
		cmocka_unit_test(pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
