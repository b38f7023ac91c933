/* SPDX-License-Identifier: BSD-3-Clause */
/* What two hosts do, over every kind of switch. */
#include "bed.h"
#include "scenario.h"

#include <errno.h>

/* One after the other on the same two ports, which are left as they were found. */
static void test_scenarios(void **state)
{
	const struct bed_kind *kind = *state;
	struct bed bed;
	struct host a, b;
	unsigned before;
	int64_t start;

	bed_make(&bed, kind);
	before = open_descriptors();
	host_open(&a, bed.spec, 0, 0);
	host_open(&b, bed.spec, 2, 0);
	HOST_UNTIL(link_up(&a, 1), &a, &b, NULL);
	start = now_ms();
	scenario_doorbells(&a, &b);
	/* Woken by the ring, not by a look that comes along anyway. */
	assert_true(now_ms() - start < 8000);
	scenario_messages(&a, &b);
	scenario_copy(&a, &b);
	scenario_both_read(&a, &b);
	if (kind->maps)
		scenario_mapped(&a, &b);
	else
		assert_int_equal(a.map_calls + b.map_calls, 0);
	host_close(&a);
	host_close(&b);
	if (kind->maps)
		scenario_refused_ram(bed.spec);
	assert_int_equal(open_descriptors(), before);
	bed_end(&bed);
}

/* A frontend that maps nothing is never asked to. */
static void test_copy_only(void **state)
{
	struct bed bed;
	struct host a, b;

	bed_make(&bed, *state);
	host_open(&a, bed.spec, 0, HOST_COPY);
	host_open(&b, bed.spec, 2, HOST_COPY);
	HOST_UNTIL(link_up(&a, 1), &a, &b, NULL);
	scenario_copy(&a, &b);
	assert_int_equal(a.map_calls + b.map_calls, 0);
	host_close(&a);
	host_close(&b);
	bed_end(&bed);
}

/* A host that has gone is link down for the others, and its port can be taken again. */
static void test_come_and_go(void **state)
{
	const struct bed_kind *kind = *state;
	struct bed bed;
	struct host a, b;
	unsigned before;

	bed_make(&bed, kind);
	before = open_descriptors();
	host_open(&a, bed.spec, 0, 0);
	for (unsigned i = 0; i < 20; i++) {
		uint32_t value = i;

		host_open(&b, bed.spec, 2, 0);
		window_set(&a, 0, 1, RAM_BASE);
		HOST_UNTIL(link_up(&a, 1) && !a.maps[WINDOW(0)].base == !kind->maps, &a, &b, NULL);
		window_write(&a, 0, 0, &value, sizeof(value));
		window_read(&a, 0, 0, &value, sizeof(value));
		assert_int_equal(value, i);
		assert_memory_equal(b.ram, &value, sizeof(value));
		host_close(&b);
		HOST_UNTIL(!link_up(&a, 1) && !a.maps[WINDOW(0)].base, &a, NULL, NULL);
	}
	host_close(&a);
	assert_int_equal(open_descriptors(), before);
	bed_end(&bed);
}

/* The guest gave the bus away: nothing comes into its memory, from that store on. */
static void test_bus_master(void **state)
{
	const uint32_t one = 1, two = 2;
	struct bed bed;
	struct host a, b;
	uint32_t back;

	bed_make(&bed, *state);
	host_open(&a, bed.spec, 0, HOST_COPY);
	host_open(&b, bed.spec, 2, HOST_COPY);
	window_set(&a, 0, 1, RAM_BASE);
	HOST_UNTIL(link_up(&a, 1), &a, &b, NULL);
	copy_write(&a, 0, 0, &one, sizeof(one));
	nt_read(&a, 0x400);
	idtntb_attachment_config_write(b.attachment, 0x04, 0x2, 2);
	assert_memory_equal(b.ram, &one, sizeof(one));
	copy_write(&a, 0, 0, &two, sizeof(two));
	copy_read(&a, 0, 0, &back, sizeof(back));
	assert_int_equal(back, UINT32_MAX);
	assert_memory_equal(b.ram, &one, sizeof(one));
	idtntb_attachment_config_write(b.attachment, 0x04, 0x6, 2);
	copy_read(&a, 0, 0, &back, sizeof(back));
	assert_int_equal(back, 1);
	host_close(&a);
	host_close(&b);
	bed_end(&bed);
}

/* Two who want one port: the second is told, and which are free; so is whoever wants a port that there is not. */
static void test_taken(void **state)
{
	const struct bed_kind *kind = *state;
	struct idtntb_error error = { "" };
	struct idtntb_topology topology;
	struct bed bed;
	struct host a, b;
	struct peer peer;
	unsigned before;

	bed_make(&bed, kind);
	host_open(&a, bed.spec, 0, 0);
	before = open_descriptors();
	assert_int_equal(host_try(&b, bed.spec, 0, NULL, 0, &error), -EBUSY);
	assert_non_null(strstr(error.text, "free: 2"));
	assert_int_equal(host_try(&b, bed.spec, 1, NULL, 0, &error), -EINVAL);
	assert_non_null(strstr(error.text, "0, 2"));
	assert_int_equal(idtntb_topology_parse(&topology, NULL, "3", NULL, NULL), 0);
	assert_int_equal(host_try(&b, bed.spec, 2, &topology, 0, &error), -EINVAL);
	assert_non_null(strstr(error.text, "0, 2, 4"));
	if (kind->processes) {
		assert_false(peer_start(&peer, bed.spec, 0, &error));
		assert_non_null(strstr(error.text, "taken"));
	}
	assert_int_equal(open_descriptors(), before);
	assert_false(link_up(&a, 1));
	host_close(&a);
	if (kind->processes) {
		/* It waits for a predecessor that is about to go. */
		peer_start(&peer, bed.spec, 0, NULL);
		peer_kill(&peer);
		host_open(&a, bed.spec, 0, 0);
		host_close(&a);
	}
	bed_end(&bed);
}

/* Nothing to do: no wake-ups. A timer that runs for nothing would show as a descriptor that is ready. */
static void test_idle(void **state)
{
	struct bed bed;
	struct host a, b;
	unsigned wakes = 0;

	bed_make(&bed, *state);
	host_open(&a, bed.spec, 0, 0);
	host_open(&b, bed.spec, 2, 0);
	HOST_UNTIL(link_up(&a, 1), &a, &b, NULL);
	hosts_run_for(&a, &b, NULL, 1500);
	for (int64_t end = now_ms() + 2500; now_ms() < end;) {
		const int64_t start = now_ms();

		hosts_wait(&a, &b, NULL, 500);
		wakes += now_ms() - start < 490;
	}
	assert_int_equal(wakes, 0);
	host_close(&a);
	host_close(&b);
	bed_end(&bed);
}

int main(int argc, char **argv)
{
	const struct bed_test tests[] = {
		BED_TEST(test_scenarios),  BED_TEST(test_copy_only), BED_TEST(test_come_and_go),
		BED_TEST(test_bus_master), BED_TEST(test_taken),     BED_TEST(test_idle),
	};

	return bed_run(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
