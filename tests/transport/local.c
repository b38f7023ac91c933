/* SPDX-License-Identifier: BSD-3-Clause */
/* Switches inside one process. */
#include "scenario.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define SPEC "local:test"

static void two(void (*scenario)(struct host *, struct host *), unsigned flags)
{
	struct host a, b;

	host_open(&a, SPEC, 0, flags);
	host_open(&b, SPEC, 2, flags);
	HOST_UNTIL(link_up(&a, 1), &a, &b, NULL);
	scenario(&a, &b);
	host_close(&a);
	host_close(&b);
}

static void test_doorbells(void **state)
{
	(void)state;
	two(scenario_doorbells, 0);
}

static void test_messages(void **state)
{
	(void)state;
	two(scenario_messages, 0);
}

static void copy_scenarios(struct host *a, struct host *b)
{
	scenario_copy(a, b);
	scenario_both_read(a, b);
	/* A frontend that maps nothing is never asked to. */
	assert_int_equal(a->map_calls + b->map_calls, 0);
}

static void test_copy(void **state)
{
	(void)state;
	two(copy_scenarios, HOST_COPY);
}

static void test_mapped(void **state)
{
	(void)state;
	two(scenario_mapped, 0);
}

static void test_refused_ram(void **state)
{
	(void)state;
	scenario_refused_ram(SPEC);
}

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
	ranges[0] = (struct idtntb_ram_range){ UINT64_MAX - 10, 12, a.ram, -1, 0 };
	assert_int_equal(idtntb_attachment_ram_set(a.attachment, ranges, 1, &error), -EINVAL);
	assert_int_equal(idtntb_attachment_ram_set(a.attachment, ranges, IDTNTB_RAM_RANGES + 1, &error), -E2BIG);
	ranges[0] = (struct idtntb_ram_range){ 0, 0x1000, a.ram, 9999, 0 };
	assert_true(idtntb_attachment_ram_set(a.attachment, ranges, 1, &error) < 0);
	/* To the very end of the address space is fine. */
	ranges[0] = (struct idtntb_ram_range){ UINT64_MAX - 0xFFF, 0x1000, a.ram, -1, 0 };
	assert_int_equal(idtntb_attachment_ram_set(a.attachment, ranges, 1, &error), 0);
	host_close(&a);
}

/* A host that has gone is link down for the others, and its port can be taken again. */
static void test_come_and_go(void **state)
{
	struct host a, b;
	unsigned before;

	(void)state;
	before = open_descriptors();
	host_open(&a, SPEC, 0, 0);
	for (unsigned i = 0; i < 20; i++) {
		uint32_t value = i;

		host_open(&b, SPEC, 2, 0);
		window_set(&a, 0, 1, RAM_BASE);
		HOST_UNTIL(a.maps[WINDOW(0)].base, &a, &b, NULL);
		window_write(&a, 0, 0, &value, sizeof(value));
		assert_memory_equal(b.ram, &value, sizeof(value));
		host_close(&b);
		HOST_UNTIL(!link_up(&a, 1) && !a.maps[WINDOW(0)].base, &a, NULL, NULL);
	}
	host_close(&a);
	assert_int_equal(open_descriptors(), before);
}

/* The guest gave the bus away: nothing comes into its memory, from that store on. */
static void test_bus_master(void **state)
{
	const uint32_t one = 1, two = 2;
	struct host a, b;
	uint32_t back;

	(void)state;
	host_open(&a, SPEC, 0, HOST_COPY);
	host_open(&b, SPEC, 2, HOST_COPY);
	window_set(&a, 0, 1, RAM_BASE);
	HOST_UNTIL(link_up(&a, 1), &a, &b, NULL);
	copy_write(&a, 0, 0, &one, sizeof(one));
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
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doorbells), cmocka_unit_test(test_messages),    cmocka_unit_test(test_copy),
		cmocka_unit_test(test_mapped),    cmocka_unit_test(test_refused_ram), cmocka_unit_test(test_bad_input),
		cmocka_unit_test(test_bad_ram),   cmocka_unit_test(test_come_and_go), cmocka_unit_test(test_bus_master),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
