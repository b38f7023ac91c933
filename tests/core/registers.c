/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every register of the public table, every instance: power-on value, what is kept, what is cleared, what stays, through
 * configuration space, BAR0 and the global address space.
 */
#include "bench.h"

#include <stdio.h>

#define BIT_PATTERNS                                                                                                   \
	{                                                                                                              \
		0xFFFFFFFF, 0x00000000, 0xAAAAAAAA, 0x55555555, 0x12345678                                             \
	}

/* A register that the test goes through, and a switch with power-on values around it. */
struct subject {
	const struct idtntb_register *reg;
	unsigned i, j;
	uint32_t address; /* in its space */
	uint32_t global; /* in the global address space, port 2 */
	struct bench *bench;
	struct bench_host *host;
};

/* Every instance of every row of one space. */
static void for_each(enum idtntb_space space, void (*check)(struct subject *subject))
{
	struct subject subject;

	for (unsigned index = 0; (subject.reg = idtntb_register_get(index)); index++) {
		if (subject.reg->space != space)
			continue;
		for (subject.i = 0; subject.i < subject.reg->count[0]; subject.i++) {
			for (subject.j = 0; subject.j < subject.reg->count[1]; subject.j++) {
				subject.address = idtntb_register_address(subject.reg, subject.i, subject.j);
				subject.global = subject.address + (space == IDTNTB_SPACE_NT ? 0x5000 : 0);
				subject.bench = bench_create(NULL, "2", NULL);
				subject.host = &subject.bench->hosts[1];
				bench_attach(subject.bench, 1);
				idtntb_port_config_write(subject.host->port, 4, 2, 2);
				check(&subject);
				bench_destroy(subject.bench);
			}
		}
	}
}

static bool named(const struct subject *subject, const char *name)
{
	return !strcmp(subject->reg->name, name);
}

/* Rows whose power-on value the topology decides; the values themselves: probe.c. */
static bool from_topology(const struct subject *subject)
{
	static const char *const names[] = { "ID",          "BAR%u",        "SUBID",      "PCIELCAP",
					     "PCIELCTLSTS", "PCIELCTLSTS2", "BARSETUP%u", "SWPART%uCTL",
					     "SWPART%uSTS", "SWPORT%uCTL",  "SWPORT%uSTS" };

	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		if (named(subject, names[n]))
			return true;
	}
	return false;
}

/* Rows that show what is elsewhere. */
static bool is_view(const struct subject *subject)
{
	return named(subject, "GASADATA") || named(subject, "TMPSTS") ||
	       (named(subject, "SEFRSTSTS") || named(subject, "PCICMDSTS"));
}

/* What a write keeps: BARs and BARSETUP as shaped by the default layout, the rest from the table. */
static uint32_t kept_bits(const struct subject *subject)
{
	static const uint32_t bars[] = { 0xFFFFF000, 0, 0xFE000000, ~0u, 0xFFF00000, ~0u };

	if (named(subject, "BAR%u"))
		return bars[subject->i];
	if (named(subject, "BARSETUP%u"))
		return 0xE000;
	return subject->reg->rw;
}

static void check_reset(struct subject *subject)
{
	uint32_t value = idtntb_switch_peek(subject->bench->sw, subject->global);

	if (!from_topology(subject) && !is_view(subject))
		assert_int_equal(value, subject->reg->reset);
	if (subject->reg->status == IDTNTB_STATUS_ABSENT)
		assert_int_equal(value, 0);
}

static void reset_values(void **state)
{
	(void)state;
	for_each(IDTNTB_SPACE_NT, check_reset);
	for_each(IDTNTB_SPACE_SWITCH, check_reset);
}

static uint32_t config_read(struct subject *subject, uint32_t offset)
{
	return (uint32_t)idtntb_port_config_read(subject->host->port, offset, 4);
}

/* The three doors of an NT register, and the two ways to look in from the side, show one value. */
static uint32_t read_all_doors(struct subject *subject)
{
	struct idtntb_port *port = subject->host->port;
	uint32_t value = config_read(subject, subject->address), bar, cursor = idtntb_port_peek(port, 0xFF8);

	assert_int_equal(idtntb_port_peek(port, subject->address), value);
	if (idtntb_port_peek(port, 4) & 2) {
		idtntb_port_bar_read(port, 0, subject->address, &bar, 4);
		assert_int_equal(bar, value);
	}
	if (subject->address < 0xFF8) {
		idtntb_port_config_write(port, 0xFF8, subject->global, 4);
		assert_int_equal(config_read(subject, 0xFFC), value);
		idtntb_port_config_write(port, 0xFF8, cursor, 4);
		/* From outside INTS of another host is not seen: who is not the owner does not know its condition. */
		if (subject->address != 4)
			assert_int_equal(idtntb_switch_peek(subject->bench->sw, subject->global), value);
	}
	return value;
}

static void write_door(struct subject *subject, unsigned door, uint32_t value)
{
	struct idtntb_port *port = subject->host->port;

	switch (door) {
	case 0:
		idtntb_port_config_write(port, subject->address, value, 4);
		return;
	case 1:
		idtntb_port_bar_write(port, 0, subject->address, &value, 4);
		return;
	default:
		idtntb_port_config_write(port, 0xFF8, subject->global, 4);
		idtntb_port_config_write(port, 0xFFC, value, 4);
	}
}

/* Rows that act instead of keeping: each has a file of its own. Their rw mask, if any, is checked all the same. */
static bool acts(const struct subject *subject)
{
	return named(subject, "GASADATA") || subject->reg->w1s || named(subject, "MSGSTS");
}

static void check_kept(struct subject *subject)
{
	static const uint32_t patterns[] = BIT_PATTERNS;
	uint32_t kept = kept_bits(subject);

	if (acts(subject))
		return;
	/* Cursors that name an entry. */
	if (subject->address >= 0x4E4 && subject->address <= 0x4EC)
		idtntb_port_config_write(subject->host->port, 0x4E0, 0x417, 4);
	for (unsigned door = 0; door < 3; door++) {
		for (size_t p = 0; p < sizeof(patterns) / sizeof(patterns[0]); p++) {
			uint32_t old = config_read(subject, subject->address), value, expected;

			/* GASAADDR cannot be written through itself: that is door 2. */
			if (door == 2 && subject->address >= 0xFF8)
				continue;
			/* Nor BAR0 without MEM. */
			if (door && subject->address == 4)
				continue;
			write_door(subject, door, patterns[p]);
			value = read_all_doors(subject);
			expected = (old & ~kept) | (patterns[p] & kept);
			if (subject->address == 4)
				expected &= ~(patterns[p] & subject->reg->w1c);
			assert_int_equal(value, expected);
		}
	}
}

static void writes_keep_what_the_table_says(void **state)
{
	(void)state;
	for_each(IDTNTB_SPACE_NT, check_kept);
}

static void check_switch(struct subject *subject)
{
	static const uint32_t patterns[] = BIT_PATTERNS;
	struct bench_host *host = subject->host;

	/* What a write clears: registers-clear.c. */
	if (subject->reg->w1c)
		return;
	for (size_t p = 0; p < sizeof(patterns) / sizeof(patterns[0]); p++) {
		uint32_t old = gas_read(host, subject->address), value;

		gas_write(host, subject->address, patterns[p]);
		value = gas_read(host, subject->address);
		assert_int_equal(value, (old & ~subject->reg->rw) | (patterns[p] & subject->reg->rw));
		assert_int_equal(idtntb_switch_peek(subject->bench->sw, subject->address), value);
	}
	assert_int_equal(!!host->guest_errors, !subject->reg->rw);
}

static void switch_registers(void **state)
{
	(void)state;
	for_each(IDTNTB_SPACE_SWITCH, check_switch);
}

/* Bytes of a register through GASADATA with byte enables (section 4.1). */
static void check_bytes(struct subject *subject)
{
	struct idtntb_port *port = subject->host->port;
	uint32_t old;

	if (subject->reg->rw != ~0u)
		return;
	gas_write(subject->host, subject->address, 0x11223344);
	old = gas_read(subject->host, subject->address);
	assert_int_equal(old, 0x11223344);
	idtntb_port_config_write(port, 0xFFD, 0xAA, 1);
	assert_int_equal(idtntb_port_config_read(port, 0xFFC, 4), 0x1122AA44);
	idtntb_port_config_write(port, 0xFFE, 0xBBCC, 2);
	assert_int_equal(idtntb_port_config_read(port, 0xFFC, 4), 0xBBCCAA44);
	assert_int_equal(idtntb_port_config_read(port, 0xFFE, 1), 0xCC);
}

static void bytes_through_gasadata(void **state)
{
	(void)state;
	for_each(IDTNTB_SPACE_SWITCH, check_bytes);
}

/* Absent registers read 0 through every door, keep nothing, and what is not the PCI core's business is reported. */
static void check_absent(struct subject *subject)
{
	if (subject->reg->status != IDTNTB_STATUS_ABSENT)
		return;
	bench_forget(subject->host);
	for (unsigned door = 0; door < 3; door++) {
		write_door(subject, door, ~0u);
		assert_int_equal(read_all_doors(subject), 0);
	}
	assert_int_equal(!!subject->host->guest_errors, subject->address >= 0x400);
}

static void absent_registers(void **state)
{
	(void)state;
	for_each(IDTNTB_SPACE_NT, check_absent);
	for_each(IDTNTB_SPACE_SWITCH, check_absent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reset_values),     cmocka_unit_test(writes_keep_what_the_table_says),
		cmocka_unit_test(switch_registers), cmocka_unit_test(bytes_through_gasadata),
		cmocka_unit_test(absent_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
