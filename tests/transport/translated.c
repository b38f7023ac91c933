/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts whose RAM only their frontend can reach, as behind an IOMMU: windows into it go by copy, on the owner's thread. */
#include "bed.h"
#include "scenario.h"

#include <stdatomic.h>
#include <unistd.h>

#define BYTES 0x8000u
#define ROUNDS 200

/* Both hosts are one thread's, which serves the one while it waits for the other. */
static void together(const char *spec)
{
	struct host a, b;

	host_open(&a, spec, 0, HOST_TRANSLATED);
	host_open(&b, spec, 2, HOST_TRANSLATED);
	a.beside = &b;
	b.beside = &a;
	HOST_UNTIL(link_up(&a, 1), &a, &b, NULL);
	scenario_copy(&a, &b);
	assert_int_equal(a.map_calls + b.map_calls, 0);
	assert_true(a.memory_calls && b.memory_calls);
	host_close(&b);
	host_close(&a);
}

static atomic_uint done;

/* A host's own thread: reads through its window, then serves until the other has read too. */
static void *read_rounds(void *opaque)
{
	struct host *host = opaque;
	const uint8_t expected = (uint8_t)(0x50 + !idtntb_attachment_slot(host->attachment));
	uint8_t data[BYTES];
	uintptr_t bad = 0;

	host->thread = pthread_self();
	for (unsigned i = 0; i < ROUNDS; i++) {
		copy_read(host, 0, 0, data, BYTES);
		for (unsigned at = 0; at < BYTES; at++)
			bad += data[at] != expected;
	}
	for (atomic_fetch_add(&done, 1); atomic_load(&done) < 2;)
		hosts_wait(host, NULL, NULL, 5);
	return (void *)bad;
}

/* Each has a thread of its own, and they read each other's windows at once: both wait, and both must serve. */
static void crosswise(const char *spec)
{
	const int64_t start = now_ms();
	struct host a, b;
	pthread_t other;
	void *bad;

	host_open(&a, spec, 0, HOST_TRANSLATED);
	host_open(&b, spec, 2, HOST_TRANSLATED);
	a.beside = &b;
	b.beside = &a;
	window_set(&a, 0, 1, RAM_BASE);
	window_set(&b, 0, 0, RAM_BASE);
	HOST_UNTIL(link_up(&a, 1) && link_up(&b, 0), &a, &b, NULL);
	memset(a.ram, 0x50, BYTES);
	memset(b.ram, 0x51, BYTES);
	a.beside = NULL;
	b.beside = NULL;
	atomic_store(&done, 0);
	assert_int_equal(pthread_create(&other, NULL, read_rounds, &a), 0);
	assert_null(read_rounds(&b));
	pthread_join(other, &bad);
	assert_null(bad);
	print_message("%u reads of %u bytes each way in %d ms\n", ROUNDS, BYTES, (int)(now_ms() - start));
	a.thread = pthread_self();
	host_close(&b);
	host_close(&a);
}

/* One has its RAM offered and one has not; a range of it offered and the rest not. */
static void mixed(const char *spec)
{
	const uint64_t value = 0x1122334455667788;
	struct host a, b;
	uint64_t back;

	host_open(&a, spec, 0, 0);
	host_open(&b, spec, 2, HOST_TRANSLATED);
	b.beside = &b;
	window_set(&a, 0, 1, RAM_BASE);
	HOST_UNTIL(link_up(&a, 1), &a, &b, NULL);
	host_offer(&b, RAM_BASE + 0x1000, 0x1000, 0x1000, false);
	/* across both ends of the range; nobody of a's waits for b, whose turn comes with its next access */
	for (unsigned at = 0xFFC; at <= 0x1FFC; at += 0x1000) {
		copy_write(&a, 0, at, &value, sizeof(value));
		nt_read(&a, 0x400); /* pushes it to the switch, wherever that is, */
		nt_read(&b, 0x400); /* and this follows it from there */
		host_run(&b);
		assert_memory_equal(b.ram + at, &value, sizeof(value));
	}
	/* in order, wherever each lies: the last one wins */
	for (uint32_t i = 0; i < 1000; i++) {
		copy_write(&a, 0, 0x1800, &i, sizeof(i));
		copy_write(&a, 0, 0x2800, &i, sizeof(i));
		copy_write(&a, 0, 0x1800, &value, sizeof(value));
		if (i % 50 == 0)
			host_run(&b);
	}
	nt_read(&a, 0x400);
	nt_read(&b, 0x428);
	assert_memory_equal(b.ram + 0x1800, &value, sizeof(value));
	assert_int_equal(*(uint32_t *)(void *)(b.ram + 0x2800), 999);
	/* what is offered does not need the owner */
	copy_read(&a, 0, 0x1800, &back, sizeof(back));
	assert_true(back == value);
	host_close(&b);
	host_close(&a);
}

static void on_bed(const struct bed_kind *kind, void (*test)(const char *))
{
	struct bed bed;

	bed_make(&bed, kind);
	test(bed.spec);
	bed_end(&bed);
}

static void test_together(void **state)
{
	on_bed(*state, together);
}

static void test_crosswise(void **state)
{
	on_bed(*state, crosswise);
}

static void test_mixed(void **state)
{
	on_bed(*state, mixed);
}

int main(int argc, char **argv)
{
	const struct bed_test tests[] = {
		BED_TEST(test_together),
		BED_TEST(test_crosswise),
		BED_TEST(test_mixed),
	};

	return bed_run(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
