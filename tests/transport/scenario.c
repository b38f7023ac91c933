/* SPDX-License-Identifier: BSD-3-Clause */
#include "scenario.h"

#include <pthread.h>
#include <unistd.h>

void scenario_doorbells(struct host *a, struct host *b)
{
	for (unsigned bell = 0; bell < IDTNTB_DOORBELLS; bell++) {
		const unsigned msis = b->msis;

		nt_write(a, 0x420, 1u << bell);
		HOST_UNTIL(b->msis != msis, a, b, NULL);
		assert_int_equal(nt_read(b, 0x428), 1u << bell);
		nt_write_through(b, 0x428, UINT32_MAX);
		nt_write_through(a, 0x428, UINT32_MAX); /* doorbells are broadcast, to oneself too */
		host_run(a);
	}
}

void scenario_messages(struct host *a, struct host *b)
{
	const unsigned msis = b->msis;

	nt_write_through(b, 0x464, 0);
	/* SWP0MSGCTL0 by the global address space: outbound 0 to inbound 0 of partition 1. */
	nt_write(a, 0xFF8, 0x3EE00);
	nt_write(a, 0xFFC, 1 << 4);
	nt_write(a, 0x430, 0xC0FFEE);
	HOST_UNTIL(b->msis != msis, a, b, NULL);
	assert_int_equal(nt_read(b, 0x440), 0xC0FFEE);
	assert_int_equal(nt_read(b, 0x450), 0);
	/* A full register refuses the next, keeps the old one, and tells the sender. */
	nt_write(a, 0x430, 0xBAD);
	assert_int_equal(nt_read(a, 0x460) & 1, 1);
	assert_int_equal(nt_read(b, 0x440), 0xC0FFEE);
	nt_write_through(b, 0x460, UINT32_MAX);
	nt_write_through(a, 0x460, UINT32_MAX);
}

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void pattern(uint8_t *data, size_t size, uint32_t seed)
{
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)next(&seed);
}

/* A doorbell may not overtake the data (section 13): its reader finds it without any help of ours. */
static void ordered(struct host *from, struct host *to)
{
	for (uint32_t round = 1; round <= 200; round++) {
		uint32_t there = 0;

		copy_write(from, 0, 0x8000 + 4 * (round % 64), &round, sizeof(round));
		nt_write_through(from, 0x420, 1);
		assert_int_equal(nt_read(to, 0x428) & 1, 1);
		memcpy(&there, to->ram + 0x8000 + 4 * (round % 64), sizeof(there));
		assert_int_equal(there, round);
		nt_write_through(to, 0x428, 1);
		nt_write_through(from, 0x428, 1);
	}
}

static void sizes(struct host *from, struct host *to)
{
	for (unsigned size = 1; size <= 8; size *= 2) {
		for (unsigned at = 0; at < 16; at++) {
			uint8_t data[8], back[8];

			pattern(data, sizeof(data), size * 100 + at);
			copy_write(from, 0, 0x100 + at, data, size);
			copy_read(from, 0, 0x100 + at, back, size);
			assert_memory_equal(data, back, size);
			assert_memory_equal(data, to->ram + 0x100 + at, size);
		}
	}
}

static void blocks(struct host *from, struct host *to)
{
	const size_t size = WINDOW_SIZE - 0x1000;
	uint8_t *data = malloc(size), *back = malloc(size);

	assert_true(data && back);
	pattern(data, size, 42);
	copy_write(from, 0, 0x7FF, data, size);
	copy_read(from, 0, 0x7FF, back, size);
	assert_memory_equal(data, back, size);
	assert_memory_equal(data, to->ram + 0x7FF, size);
	free(data);
	free(back);
}

/* What nobody has offered is not written, and reads all ones. */
static void holes(struct host *from)
{
	uint64_t value = 0;

	window_set(from, 1, 1 - idtntb_attachment_slot(from->attachment), RAM_BASE + RAM_SIZE - 4);
	value = 0x1122334455667788;
	copy_write(from, 1, 0, &value, sizeof(value));
	copy_read(from, 1, 0, &value, sizeof(value));
	assert_true(value == UINT64_MAX);
	window_set(from, 1, 0, UINT64_MAX);
}

void scenario_copy(struct host *a, struct host *b)
{
	window_set(a, 0, 1, RAM_BASE);
	window_set(b, 0, 0, RAM_BASE);
	HOST_UNTIL(link_up(a, 1) && link_up(b, 0), a, b, NULL);
	sizes(a, b);
	sizes(b, a);
	blocks(a, b);
	blocks(b, a);
	ordered(a, b);
	ordered(b, a);
	holes(a);
}

#define ROUNDS 300

static void *read_rounds(void *opaque)
{
	struct host *host = opaque;
	uint8_t *data = malloc(0x8000);
	uintptr_t bad = 0;

	for (unsigned i = 0; data && i < ROUNDS; i++) {
		copy_read(host, 0, 0x10000, data, 0x8000);
		for (unsigned at = 0; at < 0x8000; at++)
			bad += data[at] != (uint8_t)(0x50 + !idtntb_attachment_slot(host->attachment));
	}
	free(data);
	return (void *)(bad + !data);
}

void scenario_both_read(struct host *a, struct host *b)
{
	pthread_t other;
	void *bad;

	memset(a->ram + 0x10000, 0x50, 0x8000);
	memset(b->ram + 0x10000, 0x51, 0x8000);
	assert_int_equal(pthread_create(&other, NULL, read_rounds, a), 0);
	assert_null(read_rounds(b));
	pthread_join(other, &bad);
	assert_null(bad);
}

void scenario_mapped(struct host *a, struct host *b)
{
	uint32_t value = 0x12345678;

	window_set(a, 3, 1, RAM_BASE + 0x2000);
	HOST_UNTIL(a->maps[WINDOW(3)].base, a, b, NULL);
	assert_int_equal(a->maps[WINDOW(3)].length, WINDOW_SIZE);
	window_write(a, 3, 0x10, &value, sizeof(value));
	assert_memory_equal(b->ram + 0x2010, &value, sizeof(value));
	/* Another target takes effect before the write of the register returns. */
	window_set(a, 3, 1, RAM_BASE + 0x5000);
	value = 0x87654321;
	window_write(a, 3, 0, &value, sizeof(value));
	assert_memory_equal(b->ram + 0x5000, &value, sizeof(value));
	/* Off a page: by copy. Cut at the end of the RAM: what is there. */
	window_set(a, 3, 1, RAM_BASE + 0x5004);
	assert_null(a->maps[WINDOW(3)].base);
	window_read(a, 3, 0, &value, sizeof(value));
	assert_memory_equal(b->ram + 0x5004, &value, sizeof(value));
	window_set(a, 3, 1, RAM_BASE + RAM_SIZE - 0x3000);
	assert_non_null(a->maps[WINDOW(3)].base);
	assert_int_equal(a->maps[WINDOW(3)].length, 0x3000);
	/* Not readable (CPEN 0): not mapped. */
	nt_write(a, 0x400, 0);
	assert_null(a->maps[WINDOW(3)].base);
	nt_write(a, 0x400, 2);
	assert_non_null(a->maps[WINDOW(3)].base);
	/* The same RAM said again disturbs nobody; withdrawn, the mapping goes; other RAM, it follows. */
	value = a->map_calls;
	host_offer(b, RAM_BASE, 0, RAM_SIZE, true);
	hosts_run_for(a, b, NULL, 50);
	assert_int_equal(a->map_calls, value);
	host_offer(b, RAM_BASE, 0, RAM_SIZE, false);
	HOST_UNTIL(!a->maps[WINDOW(3)].base, a, b, NULL);
	host_offer(b, RAM_BASE, 0x1000, RAM_SIZE - 0x1000, true);
	window_set(a, 3, 1, RAM_BASE);
	HOST_UNTIL(a->maps[WINDOW(3)].base, a, b, NULL);
	value = 0xA5A5A5A5;
	window_write(a, 3, 0, &value, sizeof(value));
	assert_memory_equal(b->ram + 0x1000, &value, sizeof(value));
	/* The peer's link. */
	idtntb_attachment_link_set(b->attachment, false);
	HOST_UNTIL(!a->maps[WINDOW(3)].base, a, b, NULL);
	window_read(a, 3, 0, &value, sizeof(value));
	assert_int_equal(value, UINT32_MAX);
	idtntb_attachment_link_set(b->attachment, true);
	HOST_UNTIL(a->maps[WINDOW(3)].base, a, b, NULL);
	host_offer(b, RAM_BASE, 0, RAM_SIZE, true);
	window_set(a, 3, 1, UINT64_MAX);
	assert_null(a->maps[WINDOW(3)].base);
}

void scenario_refused_ram(const char *spec)
{
	struct host a, b, c;
	uint32_t value = 0xFEEDBEEF, back = 0;

	host_open(&a, spec, 0, 0);
	host_open(&b, spec, 2, HOST_UNSEALED);
	window_set(&a, 0, 1, RAM_BASE);
	HOST_UNTIL(strstr(a.log, "not sealed against shrinking"), &a, &b, NULL);
	hosts_run_for(&a, &b, NULL, 50);
	assert_null(a.maps[WINDOW(0)].base);
	window_write(&a, 0, 0, &value, sizeof(value));
	window_read(&a, 0, 0, &back, sizeof(back));
	assert_int_equal(back, value);
	assert_memory_equal(b.ram, &value, sizeof(value));
	host_close(&a);
	/* Who trusts it maps it. */
	host_open(&c, spec, 0, HOST_TRUSTS_UNSEALED);
	window_set(&c, 0, 1, RAM_BASE);
	HOST_UNTIL(c.maps[WINDOW(0)].base, &c, &b, NULL);
	host_close(&c);
	host_close(&b);
}
