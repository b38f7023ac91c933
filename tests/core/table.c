/* SPDX-License-Identifier: BSD-3-Clause */
/* The register table as a table: sound rows, no two at one place, names, and finding rows again. */
#include "bench.h"

#include <stdio.h>

struct range {
	uint32_t first, end;
};

static struct range range_of(enum idtntb_space space)
{
	return space == IDTNTB_SPACE_SWITCH ? (struct range){ 0x3E000, IDTNTB_GAS_SIZE }
					    : (struct range){ 0, IDTNTB_NT_SIZE };
}

static void rows_are_sound(void **state)
{
	const struct idtntb_register *reg;

	(void)state;
	for (unsigned index = 0; (reg = idtntb_register_get(index)); index++) {
		assert_true(reg->name && *reg->name && reg->brief && *reg->brief && reg->section && *reg->section);
		assert_true(reg->count[0] && reg->count[1]);
		assert_true(reg->count[0] == 1 || (reg->stride[0] && reg->stride[0] % 4 == 0));
		assert_true(reg->count[1] == 1 || (reg->stride[1] && reg->stride[1] % 4 == 0));
		assert_int_equal(reg->address % 4, 0);
		/* A bit behaves one way. */
		assert_int_equal((reg->rw & reg->w1c) | (reg->rw & reg->w1s) | (reg->w1c & reg->w1s), 0);
		/* What a power-on value clears by one is not set then. */
		assert_int_equal(reg->reset & reg->w1c, 0);
		if (reg->status == IDTNTB_STATUS_ABSENT)
			assert_int_equal(reg->rw | reg->w1c | reg->w1s | reg->reset, 0);
		for (const struct idtntb_field *field = reg->fields; field && field->name; field++) {
			assert_true(field->low <= field->high && field->high < 32);
			assert_non_null(field->brief);
		}
	}
	assert_null(idtntb_register_get(~0u));
}

static void each_place_has_one(void **state)
{
	static unsigned char taken[3][IDTNTB_GAS_SIZE / 4];
	const struct idtntb_register *reg;

	(void)state;
	memset(taken, 0, sizeof(taken));
	for (unsigned index = 0; (reg = idtntb_register_get(index)); index++) {
		struct range range = range_of(reg->space);

		for (unsigned i = 0; i < reg->count[0]; i++) {
			for (unsigned j = 0; j < reg->count[1]; j++) {
				uint32_t address = idtntb_register_address(reg, i, j);
				unsigned instance[2];

				assert_in_range(address, range.first, range.end - 4);
				assert_false(taken[reg->space][address / 4]);
				taken[reg->space][address / 4] = 1;
				for (unsigned byte = 0; byte < 4; byte++) {
					assert_ptr_equal(idtntb_register_find(reg->space, address + byte, instance),
							 reg);
					assert_int_equal(instance[0], i);
					assert_int_equal(instance[1], j);
				}
			}
		}
	}
	for (unsigned space = 0; space < 3; space++) {
		unsigned instance[2];

		for (uint32_t address = 0; address < IDTNTB_GAS_SIZE; address += 0x124)
			assert_int_equal(!!idtntb_register_find((enum idtntb_space)space, address, instance),
					 taken[space][address / 4]);
	}
}

/* Names are what a person greps for: no two alike, as the manual spells them. */
static void names(void **state)
{
	static char all[1024][32];
	const struct idtntb_register *reg;
	unsigned count = 0;

	(void)state;
	for (unsigned index = 0; (reg = idtntb_register_get(index)); index++) {
		for (unsigned i = 0; i < reg->count[0]; i++) {
			for (unsigned j = 0; j < reg->count[1]; j++) {
				char *name = all[count];

				assert_ptr_equal(idtntb_register_name(reg, i, j, name, 32), name);
				assert_null(strchr(name, '%'));
				for (unsigned other = 0; other < count; other++)
					assert_string_not_equal(all[other], name);
				assert_true(++count < 1024);
			}
		}
	}
	assert_true(count > 300);
}

static void name_of(uint32_t address, enum idtntb_space space, const char *expected)
{
	unsigned instance[2];
	const struct idtntb_register *reg = idtntb_register_find(space, address, instance);
	size_t length = strlen(expected);
	char name[40];

	assert_non_null(reg);
	assert_string_equal(idtntb_register_name(reg, instance[0], instance[1], name, sizeof(name)), expected);
	/* Cut to any size, always ended, never past its room. */
	for (size_t size = 0; size < sizeof(name); size++) {
		memset(name, '#', sizeof(name));
		idtntb_register_name(reg, instance[0], instance[1], name, size);
		for (size_t c = 0; c < sizeof(name); c++) {
			char is = c >= size ? '#' : c == size - 1 || c >= length ? '\0' : expected[c];

			if (c < size && c > length)
				break;
			assert_int_equal(name[c], is);
		}
	}
}

static void names_of_the_manual(void **state)
{
	(void)state;
	name_of(0x404, IDTNTB_SPACE_NT, "NTINTSTS");
	name_of(0x43C, IDTNTB_SPACE_NT, "OUTMSG3");
	name_of(0x4B4, IDTNTB_SPACE_NT, "BARLIMIT4");
	name_of(0x3E204 + 0x20 * 20, IDTNTB_SPACE_SWITCH, "SWPORT20STS");
	name_of(0x3EE00 + 0x20 * 3 + 4 * 7, IDTNTB_SPACE_SWITCH, "SWP7MSGCTL3");
	name_of(0x3ED80 + 4 * 31, IDTNTB_SPACE_SWITCH, "GIDBELLMSK31");
	name_of(0, IDTNTB_SPACE_BRIDGE, "P2PID");
}

static void versions_and_texts(void **state)
{
	char version[32];

	(void)state;
	snprintf(version, sizeof(version), "%d.%d.%d", IDTNTB_VERSION_MAJOR, IDTNTB_VERSION_MINOR,
		 IDTNTB_VERSION_PATCH);
	assert_string_equal(idtntb_version(), version);
	for (int s = IDTNTB_WINDOW_OPEN; s <= IDTNTB_WINDOW_TARGET_BME_OFF; s++) {
		assert_string_not_equal(idtntb_window_state_text((enum idtntb_window_state)s), "unknown");
		for (int other = IDTNTB_WINDOW_OPEN; other < s; other++)
			assert_string_not_equal(idtntb_window_state_text((enum idtntb_window_state)s),
						idtntb_window_state_text((enum idtntb_window_state)other));
	}
	assert_string_equal(idtntb_window_state_text((enum idtntb_window_state)99), "unknown");
	assert_null(idtntb_capability_get(1000));
	assert_null(idtntb_chip_get(8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_sound),      cmocka_unit_test(each_place_has_one), cmocka_unit_test(names),
		cmocka_unit_test(names_of_the_manual), cmocka_unit_test(versions_and_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
