/* SPDX-License-Identifier: BSD-3-Clause */
/* Switches behind an ivshmem server that behaves: a stock one (no RAM socket), and our own. */
#include "bed.h"
#include "scenario.h"

#include <errno.h>
#include <stdio.h>

/* Every scenario, with each kind of server. */
static void scenarios(bool real)
{
	struct bed bed;
	struct host a, b;
	unsigned before;

	bed_make(&bed, real);
	before = open_descriptors();
	host_open(&a, bed.spec, 0, 0);
	host_open(&b, bed.spec, 2, 0);
	HOST_UNTIL(link_up(&a, 1), &a, &b, NULL);
	scenario_doorbells(&a, &b);
	scenario_messages(&a, &b);
	scenario_copy(&a, &b);
	scenario_both_read(&a, &b);
	if (real)
		scenario_mapped(&a, &b);
	else
		assert_int_equal(a.map_calls + b.map_calls, 0);
	host_close(&a);
	host_close(&b);
	if (real)
		scenario_refused_ram(bed.spec);
	assert_int_equal(open_descriptors(), before);
	bed_end(&bed);
}

static void test_scenarios_stock(void **state)
{
	(void)state;
	scenarios(false);
}

static void test_scenarios_ours(void **state)
{
	(void)state;
	scenarios(true);
}

/* Two who want one port: the second is told, and which are free; so is whoever wants another topology. */
static void test_taken(void **state)
{
	struct idtntb_error error = { "" };
	struct bed bed;
	struct host a, b;
	struct peer peer;
	unsigned before;

	(void)state;
	bed_make(&bed, false);
	host_open(&a, bed.spec, 0, 0);
	before = open_descriptors();
	assert_int_equal(host_try(&b, bed.spec, 0, NULL, 0, &error), -EBUSY);
	assert_non_null(strstr(error.text, "free: 2"));
	assert_false(peer_start(&peer, bed.spec, 0, &error));
	assert_non_null(strstr(error.text, "taken"));
	assert_int_equal(host_try(&b, bed.spec, 1, NULL, 0, &error), -EINVAL);
	assert_int_equal(open_descriptors(), before);
	assert_false(link_up(&a, 1));
	host_close(&a);
	/* It waits for a predecessor that is about to go. */
	peer_start(&peer, bed.spec, 0, NULL);
	peer_kill(&peer);
	host_open(&a, bed.spec, 0, 0);
	host_close(&a);
	bed_end(&bed);
}

static void test_too_small(void **state)
{
	static const size_t sizes[] = { 4096, 0x10000, 0x20000 };
	struct idtntb_error error = { "" };
	struct fake_server server;
	struct host a;
	char spec[128];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		unsigned before;

		fake_server_start(&server, sizes[i], VICE_NONE);
		snprintf(spec, sizeof(spec), "ivshmem:%s", server.path);
		before = open_descriptors();
		assert_int_equal(host_try(&a, spec, 0, NULL, 0, &error), -ENOSPC);
		assert_non_null(strstr(error.text, "at least 200704"));
		assert_int_equal(open_descriptors(), before);
		fake_server_end(&server);
	}
	/* Eight ports fit into what QEMU's server gives. */
	fake_server_start(&server, MEMORY, VICE_NONE);
	snprintf(spec, sizeof(spec), "ivshmem:%s", server.path);
	{
		struct idtntb_topology topology;

		assert_int_equal(idtntb_topology_parse(&topology, NULL, "8", NULL, NULL), 0);
		if (host_try(&a, spec, topology.ports[7].port, &topology, 0, &error))
			fail_msg("%s", error.text);
		host_close(&a);
	}
	fake_server_end(&server);
}

/* Nothing to do: no wake-ups. A timer that runs for nothing would show as a descriptor that is ready. */
static void test_idle(void **state)
{
	struct bed bed;
	struct host a, b;
	unsigned wakes = 0;

	(void)state;
	bed_make(&bed, true);
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
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenarios_stock),
		cmocka_unit_test(test_scenarios_ours),
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_too_small),
		cmocka_unit_test(test_idle),
	};

	return BED_MAIN(tests, argc, argv);
}
