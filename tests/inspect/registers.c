/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Registers by what is typed, one after the other, and facet by facet.
 */
#include "bed.h"

#include <errno.h>

static char *facet_text(struct bed *bed, const char *name, enum idtntb_facet facet)
{
	struct idtntb_register_ref ref;
	struct idtntb_error error;
	char *text = NULL;

	if (idtntb_register_parse(&ref, bed_snapshot(bed)->sw, name, &error))
		fail_msg("%s", error.text);
	BED_PRINTED(text, idtntb_register_print(out, &bed->snapshot, &ref, facet));
	return text;
}

static void expect_facet(struct bed *bed, const char *name, enum idtntb_facet facet, const char *expected)
{
	char *text = facet_text(bed, name, facet);

	assert_string_equal(text, expected);
	free(text);
}

static void parsed(void **state)
{
	static const struct {
		const char *text, *name;
		uint32_t address;
	} good[] = {
		{ "0:NTCTL", "NTCTL", 0x1400 },          { "2:ntctl", "NTCTL", 0x5400 },
		{ "0:0x400", "NTCTL", 0x1400 },          { "2:BARSETUP0", "BARSETUP0", 0x5470 },
		{ "SWPORT2STS", "SWPORT2STS", 0x3E244 }, { "0x3E204", "SWPORT0STS", 0x3E204 },
		{ "0x5400", "NTCTL", 0x5400 },           { "swp1msgctl3", "SWP1MSGCTL3", 0x3EE64 },
	};
	struct bed *bed = bed_create("2", NULL);
	struct idtntb_register_ref ref;
	struct idtntb_error error;

	(void)state;
	bed_snapshot(bed);
	for (size_t g = 0; g < sizeof(good) / sizeof(good[0]); g++) {
		if (idtntb_register_parse(&ref, bed->snapshot.sw, good[g].text, &error))
			fail_msg("%s: %s", good[g].text, error.text);
		assert_string_equal(ref.name, good[g].name);
		assert_int_equal(ref.address, good[g].address);
		assert_ptr_equal(ref.reg, idtntb_register_get(ref.row));
	}
	bed_destroy(bed);
}

static void refused(void **state)
{
	static const struct {
		const char *text, *error;
	} bad[] = {
		{ "NTCTL", "PORT:NAME would be right" },
		{ "NOSUCH", "a name such as SWPORT0STS would be right" },
		{ "0:NOSUCH", "a name such as NTCTL would be right" },
		{ "0:SWPORT0STS", "NAME without a port would be right" },
		{ "1:NTCTL", "\"1\" is no NT port" },
		{ ":NTCTL", "is no NT port" },
		{ "-2:NTCTL", "is no NT port" },
		{ "18446744073709551616:NTCTL", "is no NT port" },
		{ "0:", "no register \"\" of a port" },
		{ "", "no register \"\" of the switch" },
		{ "0:0x401", "no register at 0x401" },
		{ "0:0x41C", "no register at 0x41c" },
		{ "0:0x1400", "no register at 0x1400" },
		{ "0x3400", "no register at" },
		{ "0xFFFFFFFFFFFFFFFFFF", "no register at" },
		{ "0:0x", "no register \"0x\"" },
		{ "0:0x400z", "no register \"0x400z\"" },
	};
	struct bed *bed = bed_create("2", NULL);
	struct idtntb_register_ref ref;
	struct idtntb_error error;

	(void)state;
	bed_snapshot(bed);
	for (size_t b = 0; b < sizeof(bad) / sizeof(bad[0]); b++) {
		if (idtntb_register_parse(&ref, bed->snapshot.sw, bad[b].text, &error) != -EINVAL)
			fail_msg("%s is taken", bad[b].text);
		assert_has(error.text, bad[b].error);
		assert_int_equal(idtntb_register_parse(&ref, bed->snapshot.sw, bad[b].text, NULL), -EINVAL);
	}
	bed_destroy(bed);
}

/* Every register that is there, once, and each is found again by its name. */
static void enumerated(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	const struct idtntb_switch *sw = bed_snapshot(bed)->sw;
	static const unsigned slots[] = { 0, 1, IDTNTB_SLOT_ALL };

	(void)state;
	for (size_t s = 0; s < 3; s++) {
		struct idtntb_register_ref at = { 0 }, again;
		unsigned count = 0, expected = 0;

		while (idtntb_register_next(&at, sw, slots[s])) {
			char typed[64];
			struct idtntb_error error = { "" };

			snprintf(typed, sizeof(typed), slots[s] == IDTNTB_SLOT_ALL ? "%.0u%s" : "%u:%s",
				 slots[s] == IDTNTB_SLOT_ALL ? 0 : 2 * slots[s], at.name);
			if (idtntb_register_parse(&again, sw, typed, &error))
				fail_msg("%s: %s", typed, error.text);
			assert_int_equal(again.address, at.address);
			count++;
		}
		for (unsigned row = 0; idtntb_register_get(row); row++) {
			const struct idtntb_register *reg = idtntb_register_get(row);

			if (reg->status != IDTNTB_STATUS_ABSENT &&
			    reg->space == (slots[s] == IDTNTB_SLOT_ALL ? IDTNTB_SPACE_SWITCH : IDTNTB_SPACE_NT))
				expected += reg->count[0] * reg->count[1];
		}
		assert_int_equal(count, expected);
		assert_true(count > 50);
	}
	assert_false(idtntb_register_next(&(struct idtntb_register_ref){ 0 }, sw, 2));
	bed_destroy(bed);
}

static void facets(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	unsigned instance[2];
	char about[256];

	(void)state;
	assert_string_equal(idtntb_facet_name(IDTNTB_FACET_VALUE), "value");
	assert_null(idtntb_facet_name(IDTNTB_FACETS));
	expect_facet(bed, "0:NTCTL", IDTNTB_FACET_VALUE, "0x00000002\n");
	expect_facet(bed, "0:NTCTL", IDTNTB_FACET_RESET, "0x00000000\n");
	expect_facet(bed, "0:NTCTL", IDTNTB_FACET_FIELDS,
		     "IDPROTDIS=0 (no mapping table check of requests)\nCPEN=1 (completion enable)\n"
		     "RNS=0 (no-snoop processing without the table)\n"
		     "ATP=0 (address type processing without the table)\n");
	expect_facet(bed, "0:NTCTL", IDTNTB_FACET_ABOUT,
		     "NTCTL of port 0, offset 0x400, global address 0x01400\nNT endpoint control\n"
		     "section 3.2 of the register reference\n");
	expect_facet(bed, "0:MSGSTS", IDTNTB_FACET_ACCESS,
		     "rw  0x00000000\nw1c 0x000f000f\nw1s 0x00000000\nro  0xfff0fff0\n"
		     "modelled: has its documented effect\n");
	/* What the topology makes of it: TPART can be written, and the reset value is the EEPROM's. */
	expect_facet(bed, "0:BARSETUP4", IDTNTB_FACET_ACCESS,
		     "rw  0x0000e000\nw1c 0x00000000\nw1s 0x00000000\nro  0xffff1fff\n"
		     "modelled: has its documented effect\n");
	expect_facet(bed, "2:BARSETUP0", IDTNTB_FACET_RESET, "0x800004c0\n");
	snprintf(about, sizeof(about),
		 "SWPORT2STS, global address 0x3e244\n%s\nsection 4.3 of the register reference\n",
		 idtntb_register_find(IDTNTB_SPACE_SWITCH, 0x3E244, instance)->brief);
	expect_facet(bed, "SWPORT2STS", IDTNTB_FACET_ABOUT, about);
	bed_destroy(bed);
}

static void counts(void **state)
{
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	nt_write(&bed->bench->hosts[1], 0x40C, 5);
	nt_read(&bed->bench->hosts[1], 0x40C);
	nt_read(&bed->bench->hosts[1], 0x40C);
	expect_facet(bed, "2:NTSDATA", IDTNTB_FACET_COUNTS, "port 2: 2 reads, 1 writes\n");
	gas_read(&bed->bench->hosts[0], 0x3E204);
	expect_facet(bed, "SWPORT0STS", IDTNTB_FACET_COUNTS, "port 0: 1 reads, 0 writes\nport 2: 0 reads, 0 writes\n");
	bed->snapshot.counters[0] = NULL;
	expect_facet(bed, "SWPORT0STS", IDTNTB_FACET_COUNTS, "port 2: 0 reads, 0 writes\n");
	bed_destroy(bed);
}

static void lines(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	struct idtntb_register_ref ref;
	struct json_object *json, *member;
	char *text = NULL;

	(void)state;
	assert_int_equal(idtntb_register_parse(&ref, bed_snapshot(bed)->sw, "0:NTCTL", NULL), 0);
	BED_PRINTED(text, idtntb_register_print_line(out, &bed->snapshot, &ref, 0));
	assert_string_equal(text, "* 0x01400 NTCTL          0x00000002  CPEN=1\n");
	free(text);
	json = bed_reparse(idtntb_register_json(&bed->snapshot, &ref));
	assert_true(json_object_object_get_ex(json, "value", &member));
	assert_string_equal(json_object_get_string(member), "0x00000002");
	assert_true(json_object_object_get_ex(json, "fields", &member));
	assert_true(json_object_object_get_ex(member, "CPEN", &member));
	assert_int_equal(json_object_get_int(member), 1);
	json_object_put(json);
	assert_int_equal(idtntb_register_parse(&ref, bed->snapshot.sw, "0:NTSDATA", NULL), 0);
	text = NULL;
	BED_PRINTED(text, idtntb_register_print_line(out, &bed->snapshot, &ref, IDTNTB_PRINT_COLOR));
	assert_string_equal(text, "\033[0m  0x0140c NTSDATA        0x00000000\033[0m\n");
	free(text);
	bed_destroy(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parsed), cmocka_unit_test(refused), cmocka_unit_test(enumerated),
		cmocka_unit_test(facets), cmocka_unit_test(counts),  cmocka_unit_test(lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
