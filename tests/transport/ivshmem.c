/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory of an ivshmem server. What all kinds of switch have in common: scenarios.c. */
#include "bed.h"

#include <errno.h>
#include <stdio.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_too_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
