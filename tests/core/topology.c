/* SPDX-License-Identifier: BSD-3-Clause */
/* Topologies: what a person types, the defaults, and a line of advice for everything that is refused. */
#include "bench.h"

#include <stdio.h>

static void parsed(struct idtntb_topology *topology, const char *chip, const char *ports, const char *bars)
{
	struct idtntb_error error = { "" };

	if (idtntb_topology_parse(topology, chip, ports, bars, &error))
		fail_msg("%s", error.text);
	assert_int_equal(idtntb_topology_check(topology, &error), 0);
}

/* Refused with one line that holds each of `parts`, ended by NULL. */
static void refused(const char *chip, const char *ports, const char *bars, const char *const *parts)
{
	struct idtntb_topology topology;
	struct idtntb_error error = { "" };

	assert_int_equal(idtntb_topology_parse(&topology, chip, ports, bars, &error), -22);
	for (const char *at = error.text; *at; at++)
		assert_true((unsigned char)*at >= ' ');
	for (; *parts; parts++) {
		if (!strstr(error.text, *parts))
			fail_msg("\"%s\" lacks \"%s\"", error.text, *parts);
	}
	assert_int_equal(idtntb_topology_parse(&topology, chip, ports, bars, NULL), -22);
}

#define REFUSED(chip, ports, bars, ...) refused(chip, ports, bars, (const char *const[]){ __VA_ARGS__, NULL })

static void defaults(void **state)
{
	static const uint8_t ports[] = { 0, 2, 4, 6, 8, 12, 16, 20 };
	struct idtntb_topology topology;

	(void)state;
	parsed(&topology, NULL, NULL, NULL);
	assert_string_equal(topology.chip->name, "89HPES24NT6AG2");
	assert_int_equal(topology.port_count, 2);
	for (unsigned count = 1; count <= 8; count++) {
		char text[8];

		snprintf(text, sizeof(text), "%u", count);
		parsed(&topology, NULL, text, NULL);
		assert_string_equal(topology.chip->name, count <= 6 ? "89HPES24NT6AG2" : "89HPES32NT8AG2");
		assert_int_equal(topology.port_count, count);
		for (unsigned slot = 0; slot < count; slot++) {
			const struct idtntb_port_setup *setup = &topology.ports[slot];

			assert_int_equal(setup->port, ports[slot]);
			assert_int_equal(setup->partition, slot);
			assert_int_equal(setup->barsetup[0], 0x800004C0);
			assert_int_equal(setup->barsetup[2], 0x8000119C);
			assert_int_equal(setup->barsetup[4], 0x8000014C);
			assert_int_equal(setup->barsetup[1] | setup->barsetup[3] | setup->barsetup[5], 0);
		}
	}
}

static void chips(void **state)
{
	static const struct {
		const char *name;
		uint16_t id;
		const char *ports;
	} family[] = {
		{ "89HPES24NT6AG2", 0x8091, "0,2,4,6,8,12" },
		{ "89HPES32NT8AG2", 0x808F, "0,2,4,6,8,12,16,20" },
		{ "89HPES32NT8BG2", 0x8088, "0,2,4,6,8,12,16,20" },
		{ "89HPES12NT12G2", 0x8092, "0,8,16" },
		{ "89HPES16NT16G2", 0x8090, "0,8,12,16" },
		{ "89HPES24NT24G2", 0x808E, "0,2,4,6,8,12,16,20" },
		{ "89HPES32NT24AG2", 0x808C, "0,2,4,6,8,12,16,20" },
		{ "89HPES32NT24BG2", 0x808A, "0,2,4,6,8,12,16,20" },
	};
	struct idtntb_topology topology;

	(void)state;
	for (size_t c = 0; c < 8; c++) {
		const struct idtntb_chip *chip = idtntb_chip_find(family[c].name);
		char list[64] = "", text[8];
		int used = 0;

		assert_non_null(chip);
		assert_int_equal(chip->device_id, family[c].id);
		for (unsigned p = 0; p < chip->port_count; p++)
			used += snprintf(list + used, sizeof(list) - (size_t)used, "%s%u", p ? "," : "",
					 chip->ports[p]);
		assert_string_equal(list, family[c].ports);
		parsed(&topology, family[c].name, list, NULL);
		assert_int_equal(topology.port_count, chip->port_count);
		snprintf(text, sizeof(text), "%u", chip->port_count);
		parsed(&topology, family[c].name, text, NULL);
		snprintf(text, sizeof(text), "%u", chip->port_count + 1);
		REFUSED(family[c].name, text, NULL, text, family[c].name, "1 to");
	}
	assert_ptr_equal(idtntb_chip_find("89hpes24nt6ag2"), idtntb_chip_find("89HPES24NT6AG2"));
	assert_null(idtntb_chip_find(""));
	REFUSED("89HPES99", "2", NULL, "89HPES99", "89HPES24NT6AG2", "89HPES32NT24BG2");
	REFUSED("", "2", NULL, "chip", "89HPES24NT6AG2");
}

static void port_lists(void **state)
{
	struct idtntb_topology topology;

	(void)state;
	parsed(&topology, NULL, "0=5,12=0,4", NULL);
	assert_int_equal(topology.port_count, 3);
	assert_int_equal(topology.ports[0].partition, 5);
	assert_int_equal(topology.ports[1].port, 12);
	assert_int_equal(topology.ports[1].partition, 0);
	assert_int_equal(topology.ports[2].partition, 2);
	parsed(&topology, NULL, "0,20", NULL);
	assert_string_equal(topology.chip->name, "89HPES32NT8AG2");

	REFUSED(NULL, "0", NULL, "0 ports", "1 to 6");
	REFUSED(NULL, "9", NULL, "9 ports", "1 to 8");
	REFUSED(NULL, "99999999999999999999", NULL, "ports \"99999999999999999999\"", "0,2,4");
	REFUSED(NULL, "", NULL, "ports \"\"", "would be right");
	REFUSED(NULL, "0,", NULL, "ports \"0,\"", "would be right");
	REFUSED(NULL, ",0", NULL, "would be right");
	REFUSED(NULL, "0,,2", NULL, "would be right");
	REFUSED(NULL, "0 ,2", NULL, "would be right");
	REFUSED(NULL, "0=,2", NULL, "would be right");
	REFUSED(NULL, "0=1=2", NULL, "would be right");
	REFUSED(NULL, "-1,2", NULL, "would be right");
	REFUSED(NULL, "+2", NULL, "would be right");
	REFUSED(NULL, "0x0,2", NULL, "would be right");
	REFUSED(NULL, "0,24", NULL, "would be right");
	REFUSED(NULL, "0,2,4,6,8,12,16,20,0", NULL, "more than 8");
	REFUSED(NULL, "0,1", NULL, "port 1 of 89HPES24NT6AG2", "0, 2, 4, 6, 8, 12 are");
	REFUSED("89HPES12NT12G2", "0,2", NULL, "port 2 of 89HPES12NT12G2", "0, 8, 16 are");
	REFUSED(NULL, "0,2,0", NULL, "port 0 is given twice");
	REFUSED(NULL, "0=1,2=1", NULL, "ports 0 and 2 are both in partition 1");
	REFUSED(NULL, "0=1,2", NULL, "both in partition 1");
	REFUSED(NULL, "0=8", NULL, "partition 8 of port 0", "0 to 7");
	REFUSED(NULL, "0=256", NULL, "would be right");
}

static void bar_layouts(void **state)
{
	struct idtntb_topology topology;

	(void)state;
	parsed(&topology, NULL, "2", "lut24:1K");
	assert_int_equal(topology.ports[1].barsetup[2], 0x8000100C | 15 << 4);
	assert_int_equal(topology.ports[1].barsetup[4], 0x8000000C | 10 << 4);
	parsed(&topology, NULL, "2", "LUT24:32m");
	assert_int_equal(topology.ports[1].barsetup[2], 0x8000100C | 30 << 4);
	parsed(&topology, NULL, "2", "lut12x2");
	for (unsigned bar = 1; bar < 6; bar++)
		assert_int_equal(topology.ports[0].barsetup[bar], bar % 2 ? 0x80000140 : 0x80000980);
	parsed(&topology, NULL, "2", "lut12x2:65536");
	assert_int_equal(topology.ports[0].barsetup[1], 0x80000100);
	parsed(&topology, NULL, "2", "0x800004CC,0,0x8000119C,0,0x8000014C,0");
	parsed(&topology, NULL, "2", "2147484864,0,0,0,0,0");

	REFUSED(NULL, "2", "", "lut24[:SIZE]");
	REFUSED(NULL, "2", "lut48", "bars \"lut48\"", "lut12x2");
	REFUSED(NULL, "2", "lut24:", "window size \"\"", "power of two");
	REFUSED(NULL, "2", "lut24:3M", "window size \"3M\"", "1K to 64M");
	REFUSED(NULL, "2", "lut24:1T", "window size \"1T\"");
	REFUSED(NULL, "2", "lut24:1MB", "window size \"1MB\"");
	REFUSED(NULL, "2", "lut24:0", "window size \"0\"");
	REFUSED(NULL, "2", "lut24:-1M", "window size \"-1M\"");
	REFUSED(NULL, "2", "lut24:512", "window size \"512\"");
	REFUSED(NULL, "2", "lut24:128M", "window size \"128M\"");
	REFUSED(NULL, "2", "lut24:64M", "SIZE is 31", "14 to 30");
	REFUSED(NULL, "2", "0x800004C0,0,0,0,0", "value 4");
	REFUSED(NULL, "2", "0x800004C0,0,0,0,0,0,0", "value 5");
	REFUSED(NULL, "2", "0x1800004C0,0,0,0,0,0", "value 0");
	REFUSED(NULL, "2", "0x,0,0,0,0,0", "value 0");
}

/* Each rule of section 6.1, by the register that breaks it. */
static void bar_setups(void **state)
{
	(void)state;
	REFUSED(NULL, "2", "0x800000C0,0,0,0,0,0", "BARSETUP0", "0x800000c0", "0x800004C0");
	REFUSED(NULL, "2", "0x000004C0,0,0,0,0,0", "BARSETUP0", "4 KiB");
	REFUSED(NULL, "2", "0x800004D0,0,0,0,0,0", "BARSETUP0");
	REFUSED(NULL, "2", "0x800004C1,0,0,0,0,0", "BARSETUP0", "MEMSI");
	REFUSED(NULL, "2", "0x800004C0,0x80000540,0,0,0,0", "BARSETUP1", "only BAR0", "MODE");
	REFUSED(NULL, "2", "0x800004C0,0x80000144,0,0,0,0", "BARSETUP1", "TYPE is 2");
	REFUSED(NULL, "2", "0x800004C0,0,0x80000142,0,0,0", "BARSETUP2", "TYPE is 1");
	REFUSED(NULL, "2", "0x800004C0,0x80000141,0,0,0,0", "BARSETUP1", "MEMSI");
	REFUSED(NULL, "2", "0x800004C0,0x80000940,0,0,0,0", "BARSETUP1", "only BAR2 and BAR4");
	REFUSED(NULL, "2", "0x800004C0,0,0x80001940,0,0,0", "BARSETUP2", "ATRAN 3");
	REFUSED(NULL, "2", "0x800004C0,0,0x800008D0,0,0,0", "BARSETUP2", "SIZE is 13", "14 to 30");
	REFUSED(NULL, "2", "0x800004C0,0x80000090,0,0,0,0", "BARSETUP1", "SIZE is 9", "10 to 30");
	REFUSED(NULL, "2", "0x800004C0,0x800001F0,0,0,0,0", "BARSETUP1", "SIZE is 31");
	REFUSED(NULL, "2", "0x800004C0,0,0x80001180,0,0x80001180,0", "48 windows", "29");
	REFUSED(NULL, "2", "0x800004C0,0,0x80001180,0,0x80000980,0", "36 windows", "29");
}

/* What only a program can ask for. */
static void checked_fields(void **state)
{
	struct idtntb_topology topology;
	struct idtntb_error error;
	struct idtntb_chip stranger;

	(void)state;
	parsed(&topology, NULL, "2", NULL);
	topology.ports[1].link_speed = 3;
	assert_int_equal(idtntb_topology_check(&topology, &error), -22);
	assert_non_null(strstr(error.text, "link speed 3 of port 2"));
	parsed(&topology, NULL, "2", NULL);
	for (unsigned width = 0; width < 256; width++) {
		bool right = width == 1 || width == 2 || width == 4 || width == 8 || width == 16;

		topology.ports[0].link_width = (uint8_t)width;
		assert_int_equal(idtntb_topology_check(&topology, &error), right ? 0 : -22);
	}
	parsed(&topology, NULL, "2", NULL);
	topology.godbellmsk[31] = topology.gidbellmsk[0] = 0xFF;
	assert_int_equal(idtntb_topology_check(&topology, &error), 0);
	topology.godbellmsk[31] = 0x100;
	assert_int_equal(idtntb_topology_check(&topology, &error), -22);
	assert_non_null(strstr(error.text, "doorbell 31 are 0x100 and 0x0"));
	topology.godbellmsk[31] = 0;
	topology.gidbellmsk[0] = ~0u;
	assert_int_equal(idtntb_topology_check(&topology, &error), -22);
	parsed(&topology, NULL, "2", NULL);
	stranger = *topology.chip;
	topology.chip = &stranger;
	assert_int_equal(idtntb_topology_check(&topology, &error), -22);
	topology.chip = NULL;
	assert_int_equal(idtntb_topology_check(&topology, NULL), -22);
	parsed(&topology, NULL, "2", NULL);
	topology.port_count = 0;
	assert_int_equal(idtntb_topology_check(&topology, &error), -22);
	topology.port_count = ~0u;
	assert_int_equal(idtntb_topology_check(&topology, &error), -22);
}

static void differs(const struct idtntb_topology *wanted, const struct idtntb_topology *found, const char *part)
{
	struct idtntb_error error = { "" };

	assert_int_equal(idtntb_topology_compare(wanted, found, &error), -22);
	if (!strstr(error.text, part))
		fail_msg("\"%s\" lacks \"%s\"", error.text, part);
	assert_int_equal(idtntb_topology_compare(wanted, found, NULL), -22);
	assert_int_equal(idtntb_topology_compare(wanted, wanted, NULL), 0);
	assert_int_equal(idtntb_topology_compare(found, found, NULL), 0);
}

/* Every part counts, and the line names the first that differs. */
static void compared(void **state)
{
	struct idtntb_topology wanted, found;

	(void)state;
	parsed(&wanted, NULL, "0,2", NULL);
	parsed(&found, "89HPES32NT8AG2", "0,2", NULL);
	differs(&wanted, &found, "is a 89HPES32NT8AG2, not a 89HPES24NT6AG2");
	parsed(&found, NULL, "0,2,4", NULL);
	differs(&wanted, &found, "has NT ports 0, 2, 4, not 0, 2:");
	parsed(&found, NULL, "2,0", NULL);
	differs(&wanted, &found, "has NT ports 2, 0, not 0, 2:");
	parsed(&found, NULL, "0,2=5", NULL);
	differs(&wanted, &found, "port 2 in partition 5, not 1");
	parsed(&found, NULL, "0,2", "lut12x2");
	differs(&wanted, &found, "BARSETUP1 0x80000140 on port 0, not 0x00000000");
	found = wanted;
	found.ports[1].link_speed = 1;
	differs(&wanted, &found, "port 2 as gen 1 x4, not gen 2 x4");
	found = wanted;
	found.ports[1].link_width = 16;
	differs(&wanted, &found, "gen 2 x16");
	found = wanted;
	found.godbellmsk[31] = 1;
	differs(&wanted, &found, "masks for doorbell 31");
	found = wanted;
	found.gidbellmsk[0] = 1;
	differs(&wanted, &found, "masks for doorbell 0");
}

/* Rubbish, cut and glued from the right pieces: an answer, one line, no more. */
static void hostile_texts(void **state)
{
	static const char alphabet[] = "0123456789xX,=:;-+ \n\t%snlutKMG\xFF\x01\x7F/";
	static const char *const seeds[] = { "0=0,4=3,6=1", "lut24:1M", "0x800004C0,0,0x8000119C,0,0x8000014C,0",
					     "89HPES24NT6AG2" };
	char text[400];
	uint32_t random = 1;

	(void)state;
	for (unsigned n = 0; n < 40000; n++) {
		struct idtntb_topology topology;
		struct idtntb_error error = { "" };
		size_t length;
		int result;

		random = random * 1664525 + 1013904223;
		strcpy(text, seeds[random >> 8 & 3]);
		length = strlen(text);
		if (n % 3 == 0)
			while (length < sizeof(text) - 1 && (random >> 24) > 3) {
				random = random * 1664525 + 1013904223;
				text[length++] = alphabet[(random >> 16) % (sizeof(alphabet) - 1)];
			}
		text[length] = '\0';
		for (unsigned change = random >> 20 & 3; change; change--) {
			random = random * 1664525 + 1013904223;
			text[(random >> 10) % length] = alphabet[(random >> 20) % (sizeof(alphabet) - 1)];
		}
		result = n % 3 == 0   ? idtntb_topology_parse(&topology, NULL, text, NULL, &error)
			 : n % 3 == 1 ? idtntb_topology_parse(&topology, NULL, NULL, text, &error)
				      : idtntb_topology_parse(&topology, text, "2", NULL, &error);
		assert_true(result == 0 || result == -22);
		assert_int_equal(result, idtntb_topology_check(&topology, NULL) && !result ? 1 : result);
		assert_int_equal(!*error.text, !result);
		assert_non_null(memchr(error.text, '\0', sizeof(error.text)));
		for (const char *at = error.text; *at; at++)
			assert_true((unsigned char)*at >= ' ' && *at != 0x7F);
	}
	memset(text, '9', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	REFUSED(NULL, text, NULL, "would be right");
	REFUSED(NULL, "2", text, "value 0", "would be right");
	text[0] = 'l';
	REFUSED(NULL, "2", text, "would be right");
	REFUSED(text, "2", NULL, "89HPES32NT24BG2 do");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),    cmocka_unit_test(chips),         cmocka_unit_test(port_lists),
		cmocka_unit_test(bar_layouts), cmocka_unit_test(bar_setups),    cmocka_unit_test(checked_fields),
		cmocka_unit_test(compared),    cmocka_unit_test(hostile_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
