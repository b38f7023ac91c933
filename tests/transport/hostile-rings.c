/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copy channels under somebody who writes anything anywhere in the shared memory: no crash, nothing outside the offered
 * RAM, every call ends in bounded time, and what is well again works again.
 */
#include "fake-server.h"
#include "host.h"

#include "../../transports/common/layout.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMORY 0x400000u
#define PORTS 2u

struct bed {
	struct fake_server server;
	struct host a, b;
	uint8_t *memory; /* as a peer that has gone mad sees it */
	struct ntb_channel *ab, *ba;
};

static int bed_make(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));
	char spec[128];

	assert_non_null(bed);
	fake_server_start(&bed->server, MEMORY, VICE_NONE);
	snprintf(spec, sizeof(spec), "ivshmem:%s", bed->server.path);
	host_open(&bed->a, spec, 0, 0);
	host_open(&bed->b, spec, 2, 0);
	window_set(&bed->a, 0, 1, RAM_BASE);
	window_set(&bed->b, 0, 0, RAM_BASE);
	HOST_UNTIL(link_up(&bed->a, 1), &bed->a, &bed->b, NULL);
	bed->memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, bed->server.memory, 0);
	assert_ptr_not_equal(bed->memory, MAP_FAILED);
	bed->ab = ntb_layout_channel(bed->memory, PORTS, 0, 1);
	bed->ba = ntb_layout_channel(bed->memory, PORTS, 1, 0);
	*state = bed;
	return 0;
}

static int bed_end(void **state)
{
	struct bed *bed = *state;

	host_close(&bed->a);
	host_close(&bed->b);
	fake_server_end(&bed->server);
	munmap(bed->memory, MEMORY);
	free(bed);
	return 0;
}

/* The window works, after whatever was done to it: at once, or as soon as the receiver has answered once. */
static void works(struct bed *bed)
{
	static uint32_t value = 0x1000;
	uint32_t back = 0;
	const int64_t deadline = now_ms() + PATIENCE_MS;

	value++;
	do {
		if (now_ms() > deadline)
			fail_msg("the window does not work again: %x is not %x", back, value);
		copy_write(&bed->a, 0, 0x40, &value, sizeof(value));
		copy_read(&bed->a, 0, 0x40, &back, sizeof(back));
	} while (back != value);
	assert_memory_equal(bed->b.ram + 0x40, &value, sizeof(value));
}

static _Thread_local uint32_t seed = 1;

static uint32_t any(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 3 ^ seed << 15;
}

static void wake_b(struct bed *bed)
{
	/* As a sender does; what it finds it has to look at. */
	nt_read(&bed->b, 0x428);
	hosts_wait(&bed->a, &bed->b, NULL, 0);
}

static void test_positions(void **state)
{
	static const uint32_t steps[] = { 1,          2,          NTB_UNITS - 1, NTB_UNITS, NTB_UNITS + 1,
					  0x7FFFFFFF, 0x80000000, UINT32_MAX };
	struct bed *bed = *state;

	works(bed);
	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		atomic_fetch_add(&bed->ab->tail, steps[i]);
		wake_b(bed);
		works(bed);
		atomic_fetch_add(&bed->ab->head, steps[i]);
		works(bed);
		atomic_fetch_xor(&bed->ab->answered, steps[i]);
		atomic_fetch_xor(&bed->ab->request, steps[i]);
		atomic_store(&bed->ab->waiting, steps[i]);
		works(bed);
	}
	wake_b(bed);
	assert_non_null(strstr(bed->b.log, "held what no sender writes"));
}

/* Entries with anything in them: B's memory beside the offer stays as it is, and B lives. */
static void test_entries(void **state)
{
	struct bed *bed = *state;
	uint8_t *guard = bed->b.ram;

	/* Offer the middle only; before and after it stands a pattern. */
	memset(guard, 0x5A, RAM_SIZE);
	host_offer(&bed->b, RAM_BASE, 0x100000, 0x100000, true);
	for (unsigned round = 0; round < 20000; round++) {
		const uint32_t tail = atomic_load(&bed->ab->tail);
		struct ntb_entry entry = {
			.kind = (uint16_t)(any() % 4 ? 1 + any() % 2 : any()),
			.length = (uint16_t)(any() % 4 ? any() % 4200 : any()),
			.sequence = any(),
			.address = any() % 4 ? RAM_BASE + (int64_t)(any() % 0x200000) - 0x80000
					     : (uint64_t)any() << 32 | any(),
		};

		memcpy(bed->ab->ring + tail % NTB_UNITS * NTB_UNIT, &entry, sizeof(entry));
		atomic_store(&bed->ab->tail, tail + (any() % 8 ? 1 + any() % 300 : any()));
		if (round % 8 == 0)
			wake_b(bed);
	}
	wake_b(bed);
	for (size_t i = 0; i < 0x100000; i++) {
		if (guard[i] != 0x5A || guard[0x200000 + i] != 0x5A)
			fail_msg("RAM beside the offer has changed at 0x%zx", i);
	}
	host_offer(&bed->b, RAM_BASE, 0, RAM_SIZE, true);
	works(bed);
}

static atomic_bool mad;

static void *madman(void *opaque)
{
	struct bed *bed = opaque;
	const size_t channels = (size_t)((uint8_t *)ntb_layout_channel(bed->memory, PORTS, 0, 0) - bed->memory);
	const size_t sleepers = (size_t)((uint8_t *)ntb_layout_asleep(bed->memory, 0) - bed->memory);

	while (mad) {
		const size_t at =
			any() % 4 ? sleepers + any() % 128 : channels + any() % (4 * sizeof(struct ntb_channel));
		const size_t control = channels + any() % 4 * sizeof(struct ntb_channel) + any() % 192;

		bed->memory[at] = (uint8_t)any();
		bed->memory[control] = (uint8_t)any();
	}
	return NULL;
}

/* Everything at once, while both ports go on. Each access ends, in its bound. */
static void test_chaos(void **state)
{
	struct bed *bed = *state;
	const int64_t end = now_ms() + 3000;
	pthread_t thread;
	int64_t longest = 0;

	mad = true;
	assert_int_equal(pthread_create(&thread, NULL, madman, bed), 0);
	while (now_ms() < end) {
		struct host *host = any() % 2 ? &bed->a : &bed->b;
		uint8_t data[512] = { 0 };
		const int64_t start = now_ms();

		if (any() % 2)
			copy_write(host, 0, any() % 0x10000, data, 1 + any() % sizeof(data));
		else
			copy_read(host, 0, any() % 0x10000, data, 1 + any() % sizeof(data));
		if (now_ms() - start > longest)
			longest = now_ms() - start;
		hosts_wait(&bed->a, &bed->b, NULL, 0);
	}
	mad = false;
	pthread_join(thread, NULL);
	print_message("longest access %lld ms\n", (long long)longest);
	assert_true(longest < 7000); /* the bound is 5 s; what is lost is found sooner */
	works(bed);
}

/* All of the shared memory, the switch's block included. */
static void test_everything(void **state)
{
	struct bed *bed = *state;

	for (unsigned round = 0; round < 300; round++) {
		for (unsigned i = 0; i < 200; i++)
			bed->memory[any() % (2 * 65536 + 0x1000)] = (uint8_t)any();
		for (struct host *host = &bed->a; host; host = host == &bed->a ? &bed->b : NULL) {
			uint64_t value = any();

			copy_write(host, 0, any() % 0x1000, &value, sizeof(value));
			copy_read(host, 0, any() % 0x1000, &value, sizeof(value));
			nt_write(host, 0x420, any());
			nt_write(host, 0x430, any());
			nt_read(host, 0x428);
			host_run(host);
		}
	}
}

/* The receiver does not move at all: one wait, then at once; and it works when it moves again. */
static void test_no_answer(void **state)
{
	struct bed *bed = *state;
	struct idtntb_ram_range none = { 0 };
	uint32_t value = 7;
	int64_t start;

	/* Whoever stands on the RAM's lock makes the copier wait: the ring is full, and no answer comes. */
	works(bed);
	atomic_fetch_add(&bed->ab->head, 5); /* implausible: no room, from the sender's point of view */
	start = now_ms();
	for (unsigned i = 0; i < 2 * NTB_UNITS; i++)
		copy_write(&bed->a, 0, 0, &value, sizeof(value));
	assert_true(now_ms() - start < 1000);
	works(bed);
	assert_int_equal(idtntb_attachment_ram_set(bed->b.attachment, &none, 0, NULL), 0);
	copy_read(&bed->a, 0, 0, &value, sizeof(value));
	assert_int_equal(value, UINT32_MAX);
	host_offer(&bed->b, RAM_BASE, 0, RAM_SIZE, true);
	works(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_positions, bed_make, bed_end),
		cmocka_unit_test_setup_teardown(test_entries, bed_make, bed_end),
		cmocka_unit_test_setup_teardown(test_no_answer, bed_make, bed_end),
		cmocka_unit_test_setup_teardown(test_chaos, bed_make, bed_end),
		cmocka_unit_test_setup_teardown(test_everything, bed_make, bed_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
