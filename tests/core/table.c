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

/* Power-on values and masks as the reference has them, beside what the rows say. */
static void values_of_the_reference(void **state)
{
	static const struct {
		uint32_t address, reset, rw, w1c;
	} rows[] = {
		{ 0x400, 0, 0xF, 0 },
		{ 0x404, 0, 0, 0xB8 },
		{ 0x408, 0xBB, 0xBB, 0 },
		{ 0x40C, 0, ~0u, 0 },
		{ 0x410, 0, 0, 0 },
		{ 0x414, 0, ~0u, 0 },
		{ 0x418, 0, ~0u, 0 },
		{ 0x420, 0, 0, 0 },
		{ 0x428, 0, 0, ~0u },
		{ 0x42C, 0, ~0u, 0 },
		{ 0x430, 0, ~0u, 0 },
		{ 0x440, 0, 0, 0 },
		{ 0x450, 0, 0, 0 },
		{ 0x460, 0, 0, 0xF000F },
		{ 0x464, 0, 0xF000F, 0 },
		{ 0x474, 0, ~0u, 0 },
		{ 0x478, 0, ~3u, 0 },
		{ 0x47C, 0, ~0u, 0 },
		{ 0x4D0, 0, 0x7F, 0 },
		{ 0x4D4, 0, 0, 1 },
		{ 0x4D8, 0, 0xE00FFFFF, 0 },
		{ 0x4DC, 0, 0, 0 },
		{ 0x4E0, 0, 0x71F, 0 },
		{ 0x4E4, 0, ~0u, 0 },
		{ 0x4E8, 0, ~0u, 0 },
		{ 0x4EC, 0, 0x8000000F, 0 },
		{ 0x4F0, 0, ~0u, 0 },
		{ 0x4F4, 0, ~0u, 0 },
		{ 0xFF8, 0, 0x3FFFC, 0 },
		{ 0xFFC, 0, ~0u, 0 },
		{ 0x3E000, 0, ~0u, 0 },
		{ 0x3E080, 0xFA, 0xFFFF, 0 },
		{ 0x3E084, 0x3E8, 0xFFFF, 0 },
		{ 0x3E088, 0x3E8, 0xFFFF, 0 },
		{ 0x3E08C, 0, 0xFFFF, 0 },
		{ 0x3E104, 0, 0, 3 },
		{ 0x3E204, 0, 0, 3 },
		{ 0x3EC00, 0, 0, 0 },
		{ 0x3EC04, 0x7F, 0x7F, 0 },
		{ 0x3EC08, 0xFF, 0xFF, 0 },
		{ 0x3EC0C, 0, 0, 0xFFFFFF },
		{ 0x3EC10, 0xFFFFFF, 0xFFFFFF, 0 },
		{ 0x3EC14, 0, 0, 0xFFFFFF },
		{ 0x3EC18, 0xFFFFFF, 0xFFFFFF, 0 },
		{ 0x3EC1C, 0, 0, 0xFF },
		{ 0x3EC20, 0xFF, 0xFF, 0 },
		{ 0x3EC24, 0, 0, 0xFF },
		{ 0x3EC28, 0xFF, 0xFF, 0 },
		{ 0x3EC30, 0, 0, 0xFF },
		{ 0x3EC34, 0xFF, 0xFF, 0 },
		{ 0x3EC3C, 0, 0, 0 },
		{ 0x3ED7C, 0, 0xFF, 0 },
		{ 0x3EDFC, 0, 0xFF, 0 },
		{ 0x3EE7C, 0, 0x73, 0 },
		{ 0x3F1D4, 0x80000000, 0xBFFFFFFF, 0 },
		{ 0x3F1D8, 0, 0, 0 },
		{ 0x3F1DC, 0x5A5A00, 0xFFFF00, 0x3F000000 },
		{ 0x3F1E0, 0, 0xFF, 0 },
		{ 0x004, 0x100000, 0x547, 0xF9000000 },
		{ 0x034, 0x40, 0, 0 },
		{ 0x03C, 0x100, 0xFF, 0 },
		{ 0x040, 0x2C010, 0, 0 },
		{ 0x0C0, 0x3D001, 0, 0 },
		{ 0x0C4, 8, 3, 0 },
		{ 0x0D0, 0x800005, 0x710000, 0 },
		{ 0x0D4, 0, ~3u, 0 },
		{ 0x0D8, 0, ~0u, 0 },
		{ 0x0DC, 0, 0xFFFF, 0 },
	};

	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		enum idtntb_space space = rows[r].address < 0x1000 ? IDTNTB_SPACE_NT : IDTNTB_SPACE_SWITCH;
		unsigned instance[2];
		const struct idtntb_register *reg = idtntb_register_find(space, rows[r].address, instance);

		assert_non_null(reg);
		assert_int_equal(reg->reset, rows[r].reset);
		assert_int_equal(reg->rw, rows[r].rw);
		assert_int_equal(reg->w1c, rows[r].w1c);
	}
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
		cmocka_unit_test(rows_are_sound),
		cmocka_unit_test(each_place_has_one),
		cmocka_unit_test(names),
		cmocka_unit_test(names_of_the_manual),
		cmocka_unit_test(values_of_the_reference),
		cmocka_unit_test(versions_and_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
