/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Windows by the number that Linux gives them, as text and as JSON.
 */
#include "bed.h"

#define LUT IDTNTB_WINDOW(2, 3)
#define DIRECT IDTNTB_WINDOW(4, 0)

static struct bench_host *host_of(struct bed *bed, unsigned slot)
{
	return &bed->bench->hosts[slot];
}

static void numbers(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	char *text = NULL;

	(void)state;
	assert_int_equal(idtntb_window_of_mw(bed_snapshot(bed), 0, 0), IDTNTB_WINDOW(2, 0));
	assert_int_equal(idtntb_window_of_mw(&bed->snapshot, 0, 24), DIRECT);
	assert_int_equal(idtntb_window_of_mw(&bed->snapshot, 0, 25), -1);
	assert_int_equal(idtntb_window_of_mw(&bed->snapshot, 2, 0), -1);
	driver_mw_set(host_of(bed, 0), 2, 3, 1, 0x1000, 0x100000);
	BED_PRINTED(text, idtntb_window_print(out, bed_snapshot(bed), 0, LUT));
	assert_has(text, "type: lookup table\nBAR: 2\nentry: 3\nsize: 1 MiB\nbus address: 0x300300000\n");
	assert_has(text, "target: partition 1 (port 2)\naddress: 0x1000\n");
	assert_has(text, "words: LUTLDATA 0x00001000, LUTMDATA 0x00000000, LUTUDATA 0x80000001\n");
	assert_has(text, "state: open\naccesses: by copy\nlength: 1 MiB\n");
	assert_has(text, "writes by copy: 0, 0 bytes\nrefused: 0\n");
	free(text);
	/* A saved state has no counters: nothing is made up. */
	bed->snapshot.counters[0] = NULL;
	text = NULL;
	BED_PRINTED(text, idtntb_window_print(out, &bed->snapshot, 0, LUT));
	assert_has(text, "accesses: unknown\n");
	assert_null(strstr(text, "refused"));
	free(text);
	bed_destroy(bed);
}

static bool flag(struct json_object *json, const char *name)
{
	struct json_object *member;

	assert_true(json_object_object_get_ex(json, name, &member));
	return json_object_get_boolean(member);
}

/* As JSON: open, then open for writes only, then closed. */
static void as_json(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	struct json_object *json, *member;
	char *text = NULL;

	(void)state;
	driver_mw_set(host_of(bed, 0), 2, 3, 1, 0x1000, 0x100000);
	json = bed_reparse(idtntb_window_json(bed_snapshot(bed), 0, LUT));
	assert_true(flag(json, "open") && flag(json, "readable"));
	assert_true(json_object_object_get_ex(json, "length", &member));
	assert_int_equal(json_object_get_int(member), 0x100000);
	assert_true(json_object_object_get_ex(json, "target_port", &member));
	assert_int_equal(json_object_get_int(member), 2);
	assert_true(json_object_object_get_ex(json, "refused", &member));
	json_object_put(json);
	nt_write(host_of(bed, 0), 0x400, 0);
	json = bed_reparse(idtntb_window_json(bed_snapshot(bed), 0, LUT));
	assert_true(flag(json, "open") && !flag(json, "readable"));
	json_object_put(json);
	BED_PRINTED(text, idtntb_window_print(out, &bed->snapshot, 0, LUT));
	assert_has(text, "state: open for writes, but NTCTL.CPEN is 0: reads give all ones\n");
	free(text);
	driver_mw_clear(host_of(bed, 0), 2, 3);
	json = bed_reparse(idtntb_window_json(bed_snapshot(bed), 0, LUT));
	assert_false(flag(json, "open") || flag(json, "readable"));
	assert_true(json_object_object_get_ex(json, "length", &member));
	assert_int_equal(json_object_get_int(member), 0);
	json_object_put(json);
	assert_null(idtntb_window_json(&bed->snapshot, 0, IDTNTB_WINDOW(0, 0)));
	assert_null(idtntb_window_json(&bed->snapshot, 2, LUT));
	bed_destroy(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
