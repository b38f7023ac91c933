/* SPDX-License-Identifier: BSD-3-Clause */
/* What is refused before a switch is looked for, on a switch inside the process. */
#include "host.h"

#include <errno.h>

#define SPEC "local:test"

static void refused(const char *spec, unsigned port, const struct idtntb_topology *topology, int code,
		    const char *words)
{
	struct idtntb_error error = { "" };
	struct host host;
	const unsigned before = open_descriptors();

	assert_int_equal(host_try(&host, spec, port, topology, HOST_BARE, &error), code);
	assert_null(host.attachment);
	if (!strstr(error.text, words))
		fail_msg("'%s' does not say '%s'", error.text, words);
	assert_null(strchr(error.text, '\n'));
	assert_int_equal(open_descriptors(), before);
}

static void test_bad_input(void **state)
{
	struct idtntb_topology topology;
	struct host a;

	(void)state;
	refused(NULL, 0, NULL, -EINVAL, "ivshmem:PATH");
	refused("", 0, NULL, -EINVAL, "local:NAME");
	refused("tcp:host", 0, NULL, -EINVAL, "no transport 'tcp'");
	refused("/run/ntb.sock", 0, NULL, -EINVAL, "ivshmem:PATH");
	refused("ivshmem:", 0, NULL, -EINVAL, "path");
	refused("ivshmem:/no/such/socket", 0, NULL, -ENOENT, "/no/such/socket");
	refused("ivshmem:/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaa",
		0, NULL, -EINVAL, "107");
	refused(SPEC, 3, NULL, -EINVAL, "0, 2");
	host_open(&a, SPEC, 0, 0);
	refused(SPEC, 0, NULL, -EBUSY, "free: 2");
	assert_int_equal(idtntb_topology_parse(&topology, NULL, "3", NULL, NULL), 0);
	refused(SPEC, 2, &topology, -EINVAL, "0, 2, 4");
	assert_int_equal(idtntb_topology_parse(&topology, NULL, NULL, "lut24:64K", NULL), 0);
	refused(SPEC, 2, &topology, -EINVAL, "BARSETUP");
	assert_int_equal(idtntb_topology_parse(&topology, "89HPES32NT8AG2", NULL, NULL, NULL), 0);
	refused(SPEC, 2, &topology, -EINVAL, "89HPES24NT6AG2");
	assert_int_equal(idtntb_topology_parse(&topology, NULL, "0,2=3", NULL, NULL), 0);
	refused(SPEC, 2, &topology, -EINVAL, "partition 1");
	host_close(&a);
}

static void test_bad_ram(void **state)
{
	struct idtntb_ram_range ranges[IDTNTB_RAM_RANGES + 1] = { { 0 } };
	struct idtntb_error error = { "" };
	struct host a;

	(void)state;
	host_open(&a, SPEC, 0, 0);
	for (unsigned i = 0; i < 2; i++)
		ranges[i] = (struct idtntb_ram_range){ 0x1000 * i, 0x1001, a.ram, -1, 0 };
	assert_int_equal(idtntb_attachment_ram_set(a.attachment, ranges, 2, &error), -EINVAL);
	assert_non_null(strstr(error.text, "overlap"));
	/* The log has it too, once. */
	assert_non_null(strstr(a.log, "not offered to peers: RAM ranges 0x0 and 0x1000 overlap"));
	a.log[0] = '\0';
	assert_int_equal(idtntb_attachment_ram_set(a.attachment, ranges, 2, &error), -EINVAL);
	assert_string_equal(a.log, "");
	ranges[0] = (struct idtntb_ram_range){ UINT64_MAX - 10, 12, a.ram, -1, 0 };
	assert_int_equal(idtntb_attachment_ram_set(a.attachment, ranges, 1, &error), -EINVAL);
	assert_non_null(strstr(a.log, "not offered to peers"));
	assert_int_equal(idtntb_attachment_ram_set(a.attachment, ranges, IDTNTB_RAM_RANGES + 1, &error), -E2BIG);
	ranges[0] = (struct idtntb_ram_range){ 0, 0x1000, a.ram, 9999, 0 };
	assert_true(idtntb_attachment_ram_set(a.attachment, ranges, 1, &error) < 0);
	/* To the very end of the address space is fine. */
	ranges[0] = (struct idtntb_ram_range){ UINT64_MAX - 0xFFF, 0x1000, a.ram, -1, 0 };
	assert_int_equal(idtntb_attachment_ram_set(a.attachment, ranges, 1, &error), 0);
	host_close(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_input),
		cmocka_unit_test(test_bad_ram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
