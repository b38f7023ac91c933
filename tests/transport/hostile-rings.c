/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copy channels under somebody who writes anything anywhere in the shared memory: no crash, nothing outside the offered
 * RAM, every call ends in bounded time, and what is well again works again.
 */
#include "bed.h"

#include "../../transports/common/layout.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PORTS 2u

struct rings {
	struct bed bed;
	struct host a, b;
	uint8_t *memory; /* as a peer that has gone mad sees it */
	size_t size;
	struct ntb_channel *ab, *ba;
};

/* The shared memory, as anybody can have it. */
static int memory_of(const struct bed *bed)
{
	return bed->kind == &bed_shm ? open(bed_file(bed), O_RDWR | O_CLOEXEC) : dup(bed->fake.memory);
}

static int set_up(void **state)
{
	struct rings *rings = calloc(1, sizeof(*rings));
	struct stat st;
	int fd;

	assert_non_null(rings);
	bed_make(&rings->bed, *state);
	*state = rings;
	host_open(&rings->a, rings->bed.spec, 0, 0);
	host_open(&rings->b, rings->bed.spec, 2, 0);
	window_set(&rings->a, 0, 1, RAM_BASE);
	window_set(&rings->b, 0, 0, RAM_BASE);
	HOST_UNTIL(link_up(&rings->a, 1), &rings->a, &rings->b, NULL);
	fd = memory_of(&rings->bed);
	assert_int_equal(fstat(fd, &st), 0);
	rings->size = (size_t)st.st_size;
	rings->memory = mmap(NULL, rings->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(rings->memory, MAP_FAILED);
	close(fd);
	rings->ab = ntb_layout_channel(rings->memory, PORTS, 0, 1);
	rings->ba = ntb_layout_channel(rings->memory, PORTS, 1, 0);
	return 0;
}

static int tear_down(void **state)
{
	struct rings *rings = *state;

	host_close(&rings->a);
	host_close(&rings->b);
	munmap(rings->memory, rings->size);
	bed_end(&rings->bed);
	free(rings);
	return 0;
}

/* The window works, after whatever was done to it: at once, or as soon as the receiver has answered once. */
static void works(struct rings *rings)
{
	static uint32_t value = 0x1000;
	uint32_t back = 0;
	const int64_t deadline = now_ms() + PATIENCE_MS;

	value++;
	do {
		if (now_ms() > deadline)
			fail_msg("the window does not work again: %x is not %x", back, value);
		copy_write(&rings->a, 0, 0x40, &value, sizeof(value));
		copy_read(&rings->a, 0, 0x40, &back, sizeof(back));
	} while (back != value);
	assert_memory_equal(rings->b.ram + 0x40, &value, sizeof(value));
}

static _Thread_local uint32_t seed = 1;

static uint32_t any(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 3 ^ seed << 15;
}

static void wake_b(struct rings *rings)
{
	/* As a sender does; what it finds it has to look at. */
	nt_read(&rings->b, 0x428);
	hosts_wait(&rings->a, &rings->b, NULL, 0);
}

static void test_positions(void **state)
{
	static const uint32_t steps[] = { 1,          2,          NTB_UNITS - 1, NTB_UNITS, NTB_UNITS + 1,
					  0x7FFFFFFF, 0x80000000, UINT32_MAX };
	struct rings *rings = *state;

	works(rings);
	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		atomic_fetch_add(&rings->ab->tail, steps[i]);
		wake_b(rings);
		works(rings);
		atomic_fetch_add(&rings->ab->head, steps[i]);
		works(rings);
		atomic_fetch_xor(&rings->ab->answered, steps[i]);
		atomic_fetch_xor(&rings->ab->request, steps[i]);
		atomic_store(&rings->ab->waiting, steps[i]);
		works(rings);
	}
	wake_b(rings);
	assert_non_null(strstr(rings->b.log, "held what no sender writes"));
}

/* Entries with anything in them: B's memory beside the offer stays as it is, and B lives. */
static void test_entries(void **state)
{
	struct rings *rings = *state;
	uint8_t *guard = rings->b.ram;

	/* Offer the middle only; before and after it stands a pattern. */
	memset(guard, 0x5A, RAM_SIZE);
	host_offer(&rings->b, RAM_BASE, 0x100000, 0x100000, true);
	for (unsigned round = 0; round < 20000; round++) {
		const uint32_t tail = atomic_load(&rings->ab->tail);
		struct ntb_entry entry = {
			.kind = (uint16_t)(any() % 4 ? 1 + any() % 2 : any()),
			.length = (uint16_t)(any() % 4 ? any() % 4200 : any()),
			.sequence = any(),
			.address = any() % 4 ? RAM_BASE + (int64_t)(any() % 0x200000) - 0x80000
					     : (uint64_t)any() << 32 | any(),
		};

		memcpy(rings->ab->ring + tail % NTB_UNITS * NTB_UNIT, &entry, sizeof(entry));
		atomic_store(&rings->ab->tail, tail + (any() % 8 ? 1 + any() % 300 : any()));
		if (round % 8 == 0)
			wake_b(rings);
	}
	wake_b(rings);
	for (size_t i = 0; i < 0x100000; i++) {
		if (guard[i] != 0x5A || guard[0x200000 + i] != 0x5A)
			fail_msg("RAM beside the offer has changed at 0x%zx", i);
	}
	host_offer(&rings->b, RAM_BASE, 0, RAM_SIZE, true);
	works(rings);
}

static atomic_bool mad;

static void *madman(void *opaque)
{
	struct rings *rings = opaque;
	const size_t channels = (size_t)((uint8_t *)ntb_layout_channel(rings->memory, PORTS, 0, 0) - rings->memory);
	const size_t sleepers = (size_t)((uint8_t *)ntb_layout_asleep(rings->memory, 0) - rings->memory);

	while (mad) {
		const size_t at =
			any() % 4 ? sleepers + any() % 0x440 : channels + any() % (4 * sizeof(struct ntb_channel));
		const size_t control = channels + any() % 4 * sizeof(struct ntb_channel) + any() % 192;

		rings->memory[at] = (uint8_t)any();
		rings->memory[control] = (uint8_t)any();
	}
	return NULL;
}

/* Everything at once, while both ports go on. Each access ends, in its bound. */
static void test_chaos(void **state)
{
	struct rings *rings = *state;
	const int64_t end = now_ms() + 3000;
	pthread_t thread;
	int64_t longest = 0;

	mad = true;
	assert_int_equal(pthread_create(&thread, NULL, madman, rings), 0);
	while (now_ms() < end) {
		struct host *host = any() % 2 ? &rings->a : &rings->b;
		uint8_t data[512] = { 0 };
		const int64_t start = now_ms();

		if (any() % 2)
			copy_write(host, 0, any() % 0x10000, data, 1 + any() % sizeof(data));
		else
			copy_read(host, 0, any() % 0x10000, data, 1 + any() % sizeof(data));
		if (now_ms() - start > longest)
			longest = now_ms() - start;
		hosts_wait(&rings->a, &rings->b, NULL, 0);
	}
	mad = false;
	pthread_join(thread, NULL);
	print_message("longest access %lld ms\n", (long long)longest);
	assert_true(longest < 7000); /* the bound is 3 s; what is lost is found sooner */
	works(rings);
}

/* All of the shared memory, the switch's block included. */
static void test_everything(void **state)
{
	struct rings *rings = *state;

	for (unsigned round = 0; round < 300; round++) {
		for (unsigned i = 0; i < 200; i++)
			rings->memory[any() % (2 * 65536 + 0x1000)] = (uint8_t)any();
		for (struct host *host = &rings->a; host; host = host == &rings->a ? &rings->b : NULL) {
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

/*
 * A sender that was killed when it had said in the word that the receiver is awake, and had not yet woken it; or somebody who
 * wrote that there. What others send is not left lying.
 */
static void test_lost_waker(void **state)
{
	struct rings *rings = *state;
	_Atomic uint32_t *asleep = ntb_layout_asleep(rings->memory, 1);
	const int64_t deadline = now_ms() + PATIENCE_MS;
	const uint32_t value = 0x1057;

	works(rings);
	while (!atomic_load(asleep) && now_ms() < deadline)
		usleep(1000);
	/* It says so first, and sleeps then. */
	usleep(100000);
	atomic_store(asleep, 0);
	copy_write(&rings->a, 0, 0x80, &value, sizeof(value));
	while (memcmp(rings->b.ram + 0x80, &value, sizeof(value)) && now_ms() < deadline)
		usleep(1000);
	assert_memory_equal(rings->b.ram + 0x80, &value, sizeof(value));
}

/* No room as far as the sender can see, and no RAM: accesses end soon, and it works when all is well again. */
static void test_no_room_no_ram(void **state)
{
	struct rings *rings = *state;
	struct idtntb_ram_range none = { 0 };
	uint32_t value = 7;
	int64_t start;

	works(rings);
	atomic_fetch_add(&rings->ab->head, 5); /* implausible: no room, from the sender's point of view */
	start = now_ms();
	for (unsigned i = 0; i < 2 * NTB_UNITS; i++)
		copy_write(&rings->a, 0, 0, &value, sizeof(value));
	assert_true(now_ms() - start < 1000);
	works(rings);
	assert_int_equal(idtntb_attachment_ram_set(rings->b.attachment, &none, 0, NULL), 0);
	copy_read(&rings->a, 0, 0, &value, sizeof(value));
	assert_int_equal(value, UINT32_MAX);
	host_offer(&rings->b, RAM_BASE, 0, RAM_SIZE, true);
	works(rings);
}

/*
 * A host is killed when the entry of a read is in the ring and its request is not: its successor's first read must not take
 * the answer to that for its own.
 */
static void test_predecessor(void **state)
{
	struct rings *rings = *state;
	struct ntb_entry entry = { .kind = NTB_ENTRY_READ, .length = 4, .address = RAM_BASE + 0x100 };
	const uint32_t theirs = 0x01D01D, ours = 0x0E30E3;
	uint32_t tail, back;

	for (unsigned round = 0; round < 3; round++) {
		memcpy(rings->b.ram + 0x100, &theirs, sizeof(theirs));
		memcpy(rings->b.ram + 0x200, &ours, sizeof(ours));
		works(rings);
		host_close(&rings->a);
		tail = atomic_load(&rings->ab->tail);
		entry.sequence = atomic_load(&rings->ab->request) + 1;
		memcpy(rings->ab->ring + tail % NTB_UNITS * NTB_UNIT, &entry, sizeof(entry));
		atomic_store(&rings->ab->tail, tail + 1);
		nt_read(&rings->b, 0x428);
		assert_int_equal(atomic_load(&rings->ab->answered), entry.sequence << 1 | 1);
		host_open(&rings->a, rings->bed.spec, 0, 0);
		window_set(&rings->a, 0, 1, RAM_BASE);
		HOST_UNTIL(link_up(&rings->a, 1), &rings->a, &rings->b, NULL);
		copy_read(&rings->a, 0, 0x200, &back, sizeof(back));
		assert_int_equal(back, ours);
	}
}

/* The owner is to serve a ring, and somebody makes it empty before: what comes later is served again. */
static void test_owed_and_gone(void **state)
{
	struct rings *rings = *state;
	const uint32_t value = 0x0BED1E57;
	struct pollfd poll_fd = { .events = POLLIN };

	host_close(&rings->b);
	host_open(&rings->b, rings->bed.spec, 2, HOST_TRANSLATED);
	HOST_UNTIL(link_up(&rings->a, 1), &rings->a, &rings->b, NULL);
	hosts_run_for(&rings->a, &rings->b, NULL, 100);
	copy_write(&rings->a, 0, 0x40, &value, sizeof(value));
	poll_fd.fd = idtntb_attachment_fd(rings->b.attachment);
	assert_int_equal(poll(&poll_fd, 1, PATIENCE_MS), 1);
	atomic_store(&rings->ab->tail, atomic_load(&rings->ab->head));
	host_run(&rings->b);
	assert_int_equal(rings->b.memory_calls, 0);
	copy_write(&rings->a, 0, 0x80, &value, sizeof(value));
	HOST_UNTIL(!memcmp(rings->b.ram + 0x80, &value, sizeof(value)), &rings->a, &rings->b, NULL);
}

int main(int argc, char **argv)
{
	const struct bed_test tests[] = {
		BED_TEST_WITHIN(test_positions, set_up, tear_down),
		BED_TEST_WITHIN(test_entries, set_up, tear_down),
		BED_TEST_WITHIN(test_no_room_no_ram, set_up, tear_down),
		BED_TEST_WITHIN(test_chaos, set_up, tear_down),
		BED_TEST_WITHIN(test_everything, set_up, tear_down),
		BED_TEST_WITHIN(test_predecessor, set_up, tear_down),
		BED_TEST_WITHIN(test_owed_and_gone, set_up, tear_down),
		BED_TEST_WITHIN(test_lost_waker, set_up, tear_down),
	};

	return bed_run(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
