/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory of an ivshmem server. What all kinds of switch have in common: scenarios.c. */
#include "bed.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

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

static void refused(const char *spec, const struct idtntb_topology *topology, int code, const char *what)
{
	struct idtntb_error error = { "" };
	struct host a;

	assert_int_equal(host_try(&a, spec, 0, topology, 0, &error), code);
	if (!strstr(error.text, what) || !strstr(error.text, "remove a stock server's memory (/dev/shm/ivshmem)"))
		fail_msg("'%s' does not say '%s' and what to do", error.text, what);
}

/* A stock server's memory stays when all have gone. Who wants another switch than it holds is told how to get it. */
static void test_left_over(void **state)
{
	const uint32_t version = 0xFFFF;
	struct idtntb_topology topology;
	struct fake_server server;
	struct host a;
	char spec[128];

	(void)state;
	fake_server_start(&server, MEMORY, VICE_NONE);
	snprintf(spec, sizeof(spec), "ivshmem:%s", server.path);
	host_open(&a, spec, 0, 0);
	host_close(&a);
	assert_int_equal(idtntb_topology_parse(&topology, NULL, "3", NULL, NULL), 0);
	refused(spec, &topology, -EINVAL, "ask for the same ports; or ");
	/* the layout's version follows the magic */
	assert_int_equal(pwrite(server.memory, &version, sizeof(version), 8), sizeof(version));
	refused(spec, NULL, -EPROTO, "layout version 65535");
	fake_server_end(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_too_small),
		cmocka_unit_test(test_left_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
