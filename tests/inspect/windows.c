/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every way a window can be refused, and what looks wrong of an open one.
 */
#include "bed.h"

#define LUT IDTNTB_WINDOW(2, 3)
#define DIRECT IDTNTB_WINDOW(4, 0)

static struct bench_host *host_of(struct bed *bed, unsigned slot)
{
	return &bed->bench->hosts[slot];
}

static void lut_write(struct bench_host *host, uint32_t low, uint32_t high, uint32_t upper)
{
	nt_write(host, 0x4E0, 3 | 2 << 8);
	nt_write(host, 0x4E4, low);
	nt_write(host, 0x4E8, high);
	nt_write(host, 0x4EC, upper);
}

/* The first finding of a window checked alone. */
static struct idtntb_finding window_finding(struct bed *bed, unsigned slot, unsigned window)
{
	struct idtntb_finding first;
	struct idtntb_findings findings;

	assert_int_equal(idtntb_check_window(&findings, bed_snapshot(bed), slot, window), 0);
	assert_true(findings.count > 0);
	first = findings.items[0];
	idtntb_findings_free(&findings);
	return first;
}

static void access_window(struct bed *bed, unsigned bar, uint64_t offset)
{
	uint32_t value = 0;

	idtntb_port_bar_write(host_of(bed, 0)->port, bar, offset, &value, 4);
	idtntb_port_bar_read(host_of(bed, 0)->port, bar, offset, &value, 4);
}

static void open_windows(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	struct idtntb_finding first;

	(void)state;
	driver_mw_set(host_of(bed, 0), 2, 3, 1, 0x1000, 0x100000);
	driver_mw_set(host_of(bed, 0), 4, 0, 1, 0x2000, 0x100000);
	access_window(bed, 2, 0x300000);
	first = window_finding(bed, 0, LUT);
	assert_string_equal(first.id, "window");
	assert_int_equal(first.severity, IDTNTB_OK);
	assert_has(first.cause, "open, to 0x1000 of port 2, 2 accesses by copy");
	assert_int_equal(first.peer, 2);
	assert_int_equal(window_finding(bed, 0, DIRECT).severity, IDTNTB_OK);
	/* Nothing maps here. */
	bed_expect(bed, "window.copy", 0, NULL, "not mapped");
	idtntb_port_window_mapped_set(host_of(bed, 0)->port, LUT, true);
	idtntb_port_window_mapped_set(host_of(bed, 0)->port, DIRECT, true);
	bed_expect_quiet(bed, IDTNTB_NOTE);
	bed_destroy(bed);
}

static void nobody_wants_it(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	struct idtntb_finding first = window_finding(bed, 0, LUT);
	struct idtntb_findings findings;

	(void)state;
	assert_string_equal(first.id, "window.valid");
	assert_int_equal(first.severity, IDTNTB_NOTE);
	first = window_finding(bed, 0, DIRECT);
	assert_string_equal(first.id, "window.limit");
	assert_int_equal(first.severity, IDTNTB_NOTE);
	/* Not a window: nothing to tell. */
	assert_int_equal(idtntb_check_window(&findings, &bed->snapshot, 0, IDTNTB_WINDOW(0, 0)), 0);
	assert_int_equal(findings.count, 0);
	bed_destroy(bed);
}

static void memory_off(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	driver_mw_set(host_of(bed, 0), 2, 3, 1, 0x1000, 0x100000);
	idtntb_port_config_write(host_of(bed, 0)->port, 0x004, 0x4, 4);
	bed_expect(bed, "window.mem", 0, "0:PCICMDSTS", "PCICMD.MEM of this port is 0");
	assert_int_equal(window_finding(bed, 0, LUT).severity, IDTNTB_ERROR);
	assert_int_equal(window_finding(bed, 0, DIRECT).severity, IDTNTB_NOTE);
	bed_destroy(bed);
}

static void not_admitted(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	const struct idtntb_finding *finding;

	(void)state;
	driver_mw_set(host_of(bed, 0), 2, 3, 1, 0x1000, 0x100000);
	nt_write(host_of(bed, 0), 0x4D0, 0);
	nt_write(host_of(bed, 0), 0x4D8, 0);
	/* What the cursor shows is the entry of another, and valid. */
	nt_write(host_of(bed, 0), 0x4D0, 1);
	finding = bed_expect(bed, "window.entry", 0, "0:NTMTBLDATA", "no valid mapping table entry");
	assert_int_equal(finding->value, 0);
	bed_destroy(bed);
}

/* What was refused long ago, for another reason, does not make a window wanted; nor does the base of one that is closed. */
static void old_sins(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	access_window(bed, 2, 0x300000);
	driver_mw_set(host_of(bed, 0), 4, 0, 1, 0x2000, 0x100000);
	driver_mw_clear(host_of(bed, 0), 4, 0);
	nt_write(host_of(bed, 0), 0x4D0, 0);
	nt_write(host_of(bed, 0), 0x4D8, 0);
	assert_int_equal(window_finding(bed, 0, LUT).severity, IDTNTB_NOTE);
	assert_int_equal(window_finding(bed, 0, DIRECT).severity, IDTNTB_NOTE);
	/* For the reason that holds now it does. */
	access_window(bed, 2, 0x300000);
	assert_int_equal(window_finding(bed, 0, LUT).severity, IDTNTB_WARNING);
	bed_destroy(bed);
}

static void limit_forgotten(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	nt_write(host_of(bed, 0), 0x470 + 0x40, nt_read(host_of(bed, 0), 0x470 + 0x40) | 1u << 13);
	nt_write(host_of(bed, 0), 0x478 + 0x40, 0x2000);
	bed_expect(bed, "window.limit", 0, "0:BARLIMIT4", "the limit is not set: BARLIMIT4 is 0 although a base is");
	assert_int_equal(bed_find(bed, "window.limit", 0)->severity, IDTNTB_ERROR);
	access_window(bed, 4, 0);
	bed_expect(bed, "window.limit", 0, "0:BARLIMIT4", "the limit is not set");
	bed_destroy(bed);
}

static void closed_by_limit(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	driver_mw_set(host_of(bed, 0), 4, 0, 1, 0x2000, 0x100000);
	driver_mw_clear(host_of(bed, 0), 4, 0);
	/* As the driver leaves it: no fault. */
	bed_expect_quiet(bed, IDTNTB_WARNING);
	assert_has(bed_find(bed, "window.limit", 0)->cause, "closed, BARLIMIT4 is 0");
	/* Nor if it was refused for another reason before. */
	idtntb_switch_link_force(bed->bench->sw, 2, true);
	driver_mw_set(host_of(bed, 0), 4, 0, 1, 0x2000, 0x100000);
	access_window(bed, 4, 0);
	idtntb_switch_link_force(bed->bench->sw, 2, false);
	driver_mw_clear(host_of(bed, 0), 4, 0);
	bed_expect_quiet(bed, IDTNTB_WARNING);
	/* A size where an address should be. */
	nt_write(host_of(bed, 0), 0x474 + 0x40, 0x100000);
	bed_expect(bed, "window.limit", 0, "0:BARLIMIT4", "it is an address, not a size");
	bed_destroy(bed);
}

static void not_valid(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	const struct idtntb_finding *finding;

	(void)state;
	access_window(bed, 2, 0x300000);
	finding = bed_expect(bed, "window.valid", 0, "0:LUTUDATA", "not set, and 2 accesses were refused");
	assert_int_equal(finding->severity, IDTNTB_WARNING);
	assert_null(bed_find(bed, "window.refused", 0));
	/* One word is enough to tell that somebody wants it. */
	lut_write(host_of(bed, 0), 0x1000, 0, 0);
	bed_expect(bed, "window.valid", 0, "0:LUTUDATA", "VALID is 0: are the words in the wrong order?");
	lut_write(host_of(bed, 0), 0, 0x1000, 0);
	bed_expect(bed, "window.valid", 0, "0:LUTUDATA", "VALID is 0: are the words in the wrong order?");
	/* Rotated words: the address is where partition and VALID should be. */
	lut_write(host_of(bed, 0), 0x80000001, 0, 0x1000);
	finding = bed_expect(bed, "window.valid", 0, "0:LUTUDATA", "wrong order");
	assert_int_equal(finding->severity, IDTNTB_ERROR);
	assert_int_equal(finding->window, LUT);
	bed_destroy(bed);
}

static void no_target(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	const struct idtntb_finding *finding;

	(void)state;
	lut_write(host_of(bed, 0), 0x1000, 0, 0x80000005);
	finding = bed_expect(bed, "window.target", 0, "0:LUTUDATA", "partition 5, which has no NT port");
	assert_int_equal(finding->value, 0x80000005);
	lut_write(host_of(bed, 0), 0x1000, 0, 0x80000000);
	bed_expect(bed, "window.target", 0, "0:LUTUDATA", "partition 0, which is this port's own");
	driver_mw_set(host_of(bed, 0), 4, 0, 6, 0x2000, 0x100000);
	idtntb_findings_free(&bed->findings);
	assert_int_equal(idtntb_check_window(&bed->findings, bed_snapshot(bed), 0, DIRECT), 0);
	assert_string_equal(bed->findings.items[0].where, "0:BARSETUP4");
	assert_has(bed->findings.items[0].cause, "partition 6, which has no NT port");
	bed_destroy(bed);
}

static void target_down(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	driver_mw_set(host_of(bed, 0), 2, 3, 1, 0x1000, 0x100000);
	idtntb_switch_link_force(bed->bench->sw, 2, true);
	bed_expect(bed, "window.link", 0, "SWPORT2STS", "port 2, takes no accesses: the link is broken on purpose");
	idtntb_switch_link_force(bed->bench->sw, 2, false);
	idtntb_port_config_write(host_of(bed, 1)->port, 0x004, 0x2, 4);
	bed_expect(bed, "window.bme", 0, "2:PCICMDSTS", "bus master is off");
	bed_destroy(bed);
}

static void not_readable(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	driver_mw_set(host_of(bed, 0), 2, 3, 1, 0x1000, 0x100000);
	nt_write(host_of(bed, 0), 0x400, 0);
	bed_expect(bed, "window.cpen", 0, "0:NTCTL", "reads give all ones");
	access_window(bed, 2, 0x300000);
	bed_expect(bed, "window.refused", 0, NULL, "1 accesses were refused, the last at offset 0x0");
	bed_destroy(bed);
}

static void wrong_address(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	const struct idtntb_finding *finding;

	(void)state;
	/* Beyond the peer's RAM: seen by the accesses that nobody answered. */
	driver_mw_set(host_of(bed, 0), 2, 3, 1, 0x7000000, 0x100000);
	bed_check(bed);
	assert_null(bed_find(bed, "window.address", 0));
	access_window(bed, 2, 0x300000);
	finding = bed_expect(bed, "window.address", 0, "0:LUTLDATA", "address 0x7000000 is wrong: the host of port 2");
	assert_int_equal(finding->value, 0x7000000);
	assert_null(bed_find(bed, "window.refused", 0));
	/* What has been mapped since is RAM. */
	idtntb_port_window_mapped_set(host_of(bed, 0)->port, LUT, true);
	bed_check(bed);
	assert_null(bed_find(bed, "window.address", 0));
	/* Where no host has memory: without an access. A kernel's virtual address is such. */
	driver_mw_set(host_of(bed, 0), 4, 0, 1, 0xFFFF888012340000, 0x100000);
	idtntb_findings_free(&bed->findings);
	assert_int_equal(idtntb_check_window(&bed->findings, bed_snapshot(bed), 0, DIRECT), 0);
	assert_string_equal(bed->findings.items[0].where, "0:BARUTBASE4");
	assert_has(bed->findings.items[0].cause, "no RAM there");
	driver_mw_set(host_of(bed, 0), 2, 3, 1, 0xFFFF888012340000, 0x100000);
	bed_expect(bed, "window.address", 0, "0:LUTMDATA", "address 0xffff888012340000 is wrong");
	bed_destroy(bed);
}

/* As a host counts that serves copies: the peer's own words say which address was refused. */
static void address_corrected(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	const struct idtntb_inbound_counts refused = { .refused = 1, .address = 0x7000000, .slot = 0 };

	(void)state;
	driver_mw_set(host_of(bed, 0), 2, 3, 1, 0x7000000, 0x100000);
	idtntb_port_inbound_set(host_of(bed, 1)->port, &refused);
	/* A write is posted: nothing was refused on this side. */
	bed_expect(bed, "window.address", 0, "0:LUTLDATA", "no RAM there");
	access_window(bed, 2, 0x300000);
	driver_mw_set(host_of(bed, 0), 2, 3, 1, 0x1000, 0x100000);
	bed_expect_quiet(bed, IDTNTB_WARNING);
	bed_destroy(bed);
}

static void words_exchanged(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	const struct idtntb_finding *finding;

	(void)state;
	lut_write(host_of(bed, 0), 0, 0x03C00000, 0x80000001);
	finding = bed_expect(bed, "window.words", 0, "0:LUTMDATA", "LUTLDATA and LUTMDATA in the wrong order");
	assert_int_equal(finding->value, 0x03C00000);
	bed_destroy(bed);
}

static void refused_before(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	access_window(bed, 2, 0x300010);
	driver_mw_set(host_of(bed, 0), 2, 3, 1, 0x1000, 0x100000);
	bed_expect(bed, "window.refused", 0, NULL, "the last at offset 0x10: lookup table entry not valid");
	bed_destroy(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_windows),    cmocka_unit_test(nobody_wants_it),
		cmocka_unit_test(memory_off),      cmocka_unit_test(not_admitted),
		cmocka_unit_test(old_sins),        cmocka_unit_test(limit_forgotten),
		cmocka_unit_test(closed_by_limit), cmocka_unit_test(not_valid),
		cmocka_unit_test(no_target),       cmocka_unit_test(target_down),
		cmocka_unit_test(not_readable),    cmocka_unit_test(wrong_address),
		cmocka_unit_test(words_exchanged), cmocka_unit_test(address_corrected),
		cmocka_unit_test(refused_before),

	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
