/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What each subject tells of a switch at work, as text and as JSON.
 */
#include "bed.h"

static struct bench_host *host_of(struct bed *bed, unsigned slot)
{
	return &bed->bench->hosts[slot];
}

/* A member by its path: "a.b.0.c". */
static struct json_object *at(struct json_object *json, const char *path)
{
	char copy[128], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *key = strtok_r(copy, ".", &save); key; key = strtok_r(NULL, ".", &save)) {
		if (json_object_is_type(json, json_type_array))
			json = json_object_array_get_idx(json, (size_t)atoi(key));
		else if (!json_object_object_get_ex(json, key, &json))
			fail_msg("no \"%s\" of %s", key, path);
	}
	return json;
}

static void expect_text(struct bed *bed, const char *subject, unsigned slot, unsigned flags, const char *part)
{
	char *text = bed_text(bed, subject, slot, flags);

	assert_has(text, part);
	free(text);
}

static void table(void **state)
{
	(void)state;
	for (unsigned s = 0; idtntb_subject_get(s); s++) {
		const struct idtntb_subject *subject = idtntb_subject_get(s);

		assert_ptr_equal(idtntb_subject_find(subject->name), subject);
		/* idtntbctl show, without a port, relies on it. */
		assert_true(subject->of_switch);
		assert_non_null(subject->print);
		assert_non_null(subject->json);
	}
	assert_null(idtntb_subject_find("nothing"));
}

/* Each subject, of the switch and of a port, in both forms; without counters too; no port that is not there. */
static void all_of_them(void **state)
{
	struct bed *bed = bed_create("0,2,4", "lut12x2");

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned s = 0; idtntb_subject_get(s); s++) {
			const struct idtntb_subject *subject = idtntb_subject_get(s);
			unsigned slots[] = { subject->of_switch ? IDTNTB_SLOT_ALL : 0,
					     subject->of_port ? 1 : IDTNTB_SLOT_ALL };

			for (unsigned n = 0; n < 2; n++) {
				char *text =
					bed_text(bed, subject->name, slots[n], IDTNTB_PRINT_ALL | IDTNTB_PRINT_COLOR);

				json_object_put(bed_reparse(subject->json(&bed->snapshot, slots[n])));
				if (strcmp(subject->name, "errors"))
					assert_true(strlen(text) > 10 && text[strlen(text) - 1] == '\n');
				free(text);
			}
			if (!subject->of_port)
				continue;
			char *text = bed_text(bed, subject->name, 3, IDTNTB_PRINT_ALL);

			assert_string_equal(text, "");
			free(text);
		}
		memset(bed->snapshot.counters, 0, sizeof(bed->snapshot.counters));
	}
	bed_destroy(bed);
}

/* What it is, and who is there. */
static void info(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	struct json_object *json;

	(void)state;
	bench_detach(bed->bench, 1);
	expect_text(bed, "info", IDTNTB_SLOT_ALL, 0, "89HPES24NT6AG2 (111d:8091), 2 NT ports\n");
	expect_text(bed, "info", 0, 0, "port 0: partition 0, x4, 5 GT/s, 25 windows, BARSETUP 0x800004c0 ");
	expect_text(bed, "info", 0, 0, ": owner 1000, up\n");
	expect_text(bed, "info", 1, 0, ": nobody has attached\n");
	json = bed_reparse(idtntb_subject_find("info")->json(bed_snapshot(bed), IDTNTB_SLOT_ALL));
	assert_int_equal(json_object_get_int(at(json, "ports.0.owner")), 1000);
	assert_true(json_object_get_boolean(at(json, "ports.0.owner_up")));
	assert_int_equal(json_object_get_int(at(json, "ports.1.owner")), 0);
	json_object_put(json);
	bed_destroy(bed);
}

static void topology(void **state)
{
	struct bed *bed = bed_create("0,2,4", NULL);
	char *text;

	(void)state;
	idtntb_switch_link_force(bed->bench->sw, 4, true);
	text = bed_text(bed, "topology", IDTNTB_SLOT_ALL, 0);
	assert_string_equal(text, "89HPES24NT6AG2 (111d:8091), 3 NT ports\n"
				  "|- port 0, partition 0: owner 1000, up\n"
				  "|   |- port 2: link up\n"
				  "|   `- port 4: link down (there: broken on purpose)\n"
				  "|- port 2, partition 1: owner 1001, up\n"
				  "|   |- port 0: link up\n"
				  "|   `- port 4: link down (there: broken on purpose)\n"
				  "`- port 4, partition 2: owner 1002, up, broken on purpose\n"
				  "    |- port 0: link down (here: broken on purpose)\n"
				  "    `- port 2: link down (here: broken on purpose)\n");
	free(text);
	expect_text(bed, "link", 2, 0, "port 4: down, owner 1002, up, generation 1, broken on purpose\n");
	expect_text(bed, "link", 2, 0, "  SWPORTxSTS.LINKUP: 0\n");
	expect_text(bed, "link", 0, 0, "  sees port: 2\n");
	bed_destroy(bed);
}

static void dot(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	char *text = NULL;

	(void)state;
	bench_detach(bed->bench, 1);
	BED_PRINTED(text, idtntb_dot_print(out, bed_snapshot(bed)));
	assert_has(text, "graph ntb {\n");
	assert_has(text, "\tport0 [label=\"port 0\\npartition 0\", shape=box, style=filled, fillcolor=honeydew];\n");
	assert_has(text, "\thost2 [label=\"no host\", shape=ellipse, style=dashed];\n");
	assert_has(text, "\thost2 -- port2 [color=red, label=\"no host\"];\n");
	assert_has(text, "\tport0 -- port2 [color=red, style=dashed, label=\"down\"];\n");
	assert_string_equal(text + strlen(text) - 2, "}\n");
	free(text);
	bed_destroy(bed);
}

static void doorbells(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	struct json_object *json;

	(void)state;
	nt_write(host_of(bed, 1), 0x42C, ~(1u << 2));
	nt_write(host_of(bed, 0), 0x420, 0x74);
	expect_text(bed, "doorbells", 1, 0,
		    "port 2: INDBELLSTS 0x00000074, INDBELLMSK 0xfffffffb\n  pending: 2\n  pending, but masked: 4-6\n"
		    "  has ever unmasked: 2\n  has rung: none, in 0 writes\n");
	expect_text(bed, "doorbells", 0, 0, "  has rung: 2, 4-6, in 1 writes\n");
	gas_write(host_of(bed, 0), 0x3ED00 + 4 * 7, 3);
	expect_text(bed, "doorbells", IDTNTB_SLOT_ALL, 0, "doorbell 7: partitions that may not ring it: 0-1\n");
	json = bed_reparse(idtntb_subject_find("doorbells")->json(bed_snapshot(bed), IDTNTB_SLOT_ALL));
	assert_int_equal(json_object_get_int(at(json, "1.pending.0")), 2);
	assert_int_equal(json_object_array_length(at(json, "1.pending_masked")), 3);
	json_object_put(json);
	bed_destroy(bed);
}

static void messages(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	struct json_object *json;

	(void)state;
	driver_msg_write(host_of(bed, 0), 2, 1, 0xCAFE);
	driver_msg_write(host_of(bed, 0), 2, 1, 0xBABE);
	expect_text(bed, "messages", 1, 0, "  in 2: full, 0x0000cafe from partition 0\n");
	expect_text(bed, "messages", 0, 0, "  out 2: failed, last 0x0000babe, to register 2 of partition 1 (port 2)\n");
	json = bed_reparse(idtntb_subject_find("messages")->json(bed_snapshot(bed), 1));
	assert_true(json_object_get_boolean(at(json, "registers.2.in_full")));
	assert_string_equal(json_object_get_string(at(json, "registers.2.in_data")), "0x0000cafe");
	json_object_put(json);
	bed_destroy(bed);
}

static void tables(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	char *text = bed_text(bed, "mapping-table", IDTNTB_SLOT_ALL, 0);

	(void)state;
	assert_string_equal(text, " 0: 0x00000001  valid, requester 00:00.0 of partition 0 (port 0)\n"
				  " 1: 0x00020001  valid, requester 00:00.0 of partition 1 (port 2)\n");
	free(text);
	/* Entries by their own rules are told as well, one that is 0 only when all are wanted. */
	nt_write(host_of(bed, 0), 0x4D0, 20);
	nt_write(host_of(bed, 0), 0x4D8, 6u << 17 | 0x123 << 1);
	expect_text(bed, "mapping-table", IDTNTB_SLOT_ALL, 0,
		    "20: 0x000c0246  not valid, requester 01:04.3 of partition 6 (no NT port)\n");
	text = bed_text(bed, "mapping-table", IDTNTB_SLOT_ALL, 0);
	assert_null(strstr(text, "19: "));
	free(text);
	expect_text(bed, "mapping-table", IDTNTB_SLOT_ALL, IDTNTB_PRINT_ALL, "63: 0x00000000  not valid");
	expect_text(bed, "partitions", IDTNTB_SLOT_ALL, 0,
		    "partition 1: active, NT port 2, mapping table entry valid, SWPART1STS 0x");
	expect_text(bed, "partitions", IDTNTB_SLOT_ALL, IDTNTB_PRINT_ALL, "partition 7: disabled, no NT port");
	driver_mw_set(host_of(bed, 0), 2, 3, 1, 0x1000, 0x100000);
	expect_text(bed, "windows", 0, 0,
		    "port 0:\n  mw3 BAR2.3 lut, 1 MiB: open, to partition 1 (port 2) at 0x1000, 1 MiB, by copy\n"
		    "  24 windows are not set up\n");
	bed_destroy(bed);
}

static void dumps(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	char *text = bed_text(bed, "dump", IDTNTB_SLOT_ALL, IDTNTB_PRINT_ALL), *brief, *raw;

	(void)state;
	assert_has(text, "# switch: 89HPES24NT6AG2\n");
	assert_has(text, "# port 2: registers");
	assert_has(text, "* 0x05400 NTCTL          0x00000002  CPEN=1\n");
	assert_has(text, "  0x0540c NTSDATA        0x00000000\n");
	brief = bed_text(bed, "dump", IDTNTB_SLOT_ALL, 0);
	assert_null(strstr(brief, "NTSDATA"));
	assert_has(brief, "* 0x01400 NTCTL");
	raw = bed_text(bed, "raw", IDTNTB_SLOT_ALL, 0);
	assert_has(raw, "0x01400: 0x00000002\n");
	assert_true(strlen(brief) < strlen(text));
	free(text);
	free(brief);
	free(raw);
	bed_destroy(bed);
}

/* The raw dump is the address space: each line what peek gives, addresses ascending. */
static void raw_is_peek(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	char *text = bed_text(bed, "raw", IDTNTB_SLOT_ALL, 0), *save = NULL;
	unsigned address, value, before = 0, lines = 0;

	(void)state;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		assert_int_equal(sscanf(line, "0x%x: 0x%x", &address, &value), 2);
		assert_int_equal(value, idtntb_switch_peek(bed->bench->sw, address));
		assert_true(address > before);
		before = address;
		lines++;
	}
	assert_true(lines > 500);
	free(text);
	bed_destroy(bed);
}

static void statistics(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	struct idtntb_overview overview;
	uint32_t value = 7;

	(void)state;
	driver_mw_set(host_of(bed, 0), 2, 3, 1, 0x1000, 0x100000);
	idtntb_port_bar_write(host_of(bed, 0)->port, 2, 0x300000, &value, 4);
	idtntb_port_bar_read(host_of(bed, 0)->port, 2, 0x200000, &value, 4);
	nt_write(host_of(bed, 0), 0x450, 1);
	nt_write(host_of(bed, 0), 0x420, 8);
	driver_msg_write(host_of(bed, 0), 0, 1, 1);
	expect_text(bed, "stats", 0, 0, "  window_writes    1\n");
	expect_text(bed, "stats", 0, 0, "  window BAR2.3: 0 reads (0 bytes), 1 writes (4 bytes)\n");
	expect_text(bed, "stats", 0, 0, "1 refused (lookup table entry not valid)\n");
	expect_text(bed, "stats", 0, 0, "  SWP*MSGCTL*      0 reads, 1 writes\n");
	expect_text(bed, "errors", IDTNTB_SLOT_ALL, 0, "port 0: 1: write of 0x00000001 to INMSGSRC0");
	idtntb_overview(&overview, bed_snapshot(bed), 0);
	assert_int_equal(overview.sees, 2);
	assert_true(overview.linkup && overview.enabled && overview.counted);
	assert_int_equal(overview.windows, 25);
	assert_int_equal(overview.windows_open, 1);
	assert_int_equal(overview.window_bytes_written, 4);
	assert_int_equal(overview.doorbells, 1);
	assert_int_equal(overview.messages, 1);
	assert_int_equal(overview.stats.guest_errors, 1);
	assert_int_equal(overview.indbellsts, 8);
	/* Each of the three conditions of section 10.2 counts. */
	nt_write(host_of(bed, 0), 0x400, 0);
	idtntb_overview(&overview, bed_snapshot(bed), 0);
	assert_false(overview.enabled || overview.sees);
	nt_write(host_of(bed, 0), 0x400, 2);
	nt_write(host_of(bed, 0), 0x4D0, 0);
	nt_write(host_of(bed, 0), 0x4D8, 0);
	idtntb_overview(&overview, bed_snapshot(bed), 0);
	assert_false(overview.enabled || overview.sees);
	driver_link_enable(host_of(bed, 0));
	idtntb_port_config_write(host_of(bed, 0)->port, 0x004, 0x2, 4);
	idtntb_overview(&overview, bed_snapshot(bed), 0);
	assert_false(overview.enabled || overview.sees);
	idtntb_overview(&overview, &bed->snapshot, 5);
	assert_int_equal(overview.windows, 0);
	bed_destroy(bed);
}

static void state_json(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	struct json_object *json;
	size_t registers = 0;

	(void)state;
	json = bed_reparse(idtntb_state_json(bed_snapshot(bed), IDTNTB_SLOT_ALL));
	assert_string_equal(json_object_get_string(at(json, "info.chip")), "89HPES24NT6AG2");
	assert_true(json_object_get_boolean(at(json, "topology.0.up")));
	assert_int_equal(json_object_get_int(at(json, "link.1.sees.0")), 0);
	assert_true(json_object_get_boolean(at(json, "mapping-table.1.valid")));
	assert_int_equal(json_object_array_length(at(json, "windows.1.windows")), 25);
	registers = json_object_array_length(at(json, "dump"));
	assert_true(registers > 500);
	json_object_put(json);
	json = bed_reparse(idtntb_state_json(&bed->snapshot, 1));
	assert_int_equal(json_object_get_int(at(json, "info.port")), 2);
	assert_true(json_object_array_length(at(json, "dump")) < registers);
	json_object_put(json);
	bed_destroy(bed);
}

static void findings(void **state)
{
	struct bed *bed = bed_create("2", NULL);
	struct json_object *json;
	char *text = NULL;

	(void)state;
	nt_write(host_of(bed, 0), 0x400, 0);
	bed_check(bed);
	BED_PRINTED(text, idtntb_findings_print(out, &bed->findings, IDTNTB_ERROR, 0));
	assert_string_equal(
		text, "error: link of port 0: 0:NTCTL = 0x00000000: completion enable is lost: CPEN is 0 although "
		      "the mapping table entry is valid\n"
		      "    write CPEN=1 to NTCTL when the link is enabled; any reset of the function clears it\n");
	free(text);
	text = NULL;
	BED_PRINTED(text, idtntb_findings_print(out, &bed->findings, IDTNTB_ERROR, IDTNTB_PRINT_COLOR));
	assert_has(text, "\033[31merror\033[0m: ");
	free(text);
	json = bed_reparse(idtntb_findings_json(&bed->findings, IDTNTB_ERROR));
	assert_int_equal(json_object_array_length(json), 1);
	assert_string_equal(json_object_get_string(at(json, "0.id")), "link.cpen");
	assert_string_equal(json_object_get_string(at(json, "0.register")), "0:NTCTL");
	json_object_put(json);
	bed_destroy(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),       cmocka_unit_test(all_of_them), cmocka_unit_test(info),
		cmocka_unit_test(topology),    cmocka_unit_test(dot),         cmocka_unit_test(doorbells),
		cmocka_unit_test(messages),    cmocka_unit_test(tables),      cmocka_unit_test(dumps),
		cmocka_unit_test(raw_is_peek), cmocka_unit_test(statistics),  cmocka_unit_test(state_json),
		cmocka_unit_test(findings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
