/* SPDX-License-Identifier: BSD-3-Clause */
/* Switches behind an ivshmem server that behaves: a stock one (no RAM socket), and our own. */
#include "fake-server.h"
#include "peer.h"
#include "scenario.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEMORY 0x400000u /* what QEMU's server gives by default */

struct bed {
	struct fake_server fake;
	char spec[128];
	pid_t real; /* or 0 */
};

static void bed_make(struct bed *bed, bool real)
{
	fake_server_start(&bed->fake, MEMORY, VICE_NONE);
	bed->real = 0;
	if (real) {
		fake_server_kill(&bed->fake);
		unlink(bed->fake.path);
		bed->real = real_server_start(bed->fake.path);
	}
	snprintf(bed->spec, sizeof(bed->spec), "ivshmem:%s", bed->fake.path);
}

static void server_kill(struct bed *bed)
{
	if (!bed->real) {
		fake_server_kill(&bed->fake);
		return;
	}
	kill(bed->real, SIGKILL);
	waitpid(bed->real, NULL, 0);
}

static void server_restart(struct bed *bed)
{
	if (bed->real)
		bed->real = real_server_start(bed->fake.path);
	else
		fake_server_restart(&bed->fake);
}

static void bed_end(struct bed *bed)
{
	if (bed->real) {
		kill(bed->real, SIGTERM);
		waitpid(bed->real, NULL, 0);
	}
	fake_server_end(&bed->fake);
}

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

/* A process killed while it holds a port: link down for it only, its port can be taken again, again and again. */
static void killed_peers(bool real)
{
	struct bed bed;
	struct host a, c;

	bed_make(&bed, real);
	host_open(&a, bed.spec, 0, 0);
	for (unsigned round = 0; round < 10; round++) {
		uint32_t value = 0;
		struct peer b;

		peer_start(&b, bed.spec, 2, NULL);
		window_set(&a, 0, 1, RAM_BASE);
		HOST_UNTIL(link_up(&a, 1), &a, NULL, NULL);
		if (real)
			HOST_UNTIL(a.maps[WINDOW(0)].base, &a, NULL, NULL);
		peer_ring(&a, round);
		window_read(&a, 0, 0, &value, sizeof(value));
		assert_int_equal(value, 1u << round);
		peer_kill(&b);
		HOST_UNTIL(!link_up(&a, 1) && !a.maps[WINDOW(0)].base, &a, NULL, NULL);
		window_read(&a, 0, 0, &value, sizeof(value));
		assert_int_equal(value, UINT32_MAX);
	}
	/* Whoever held it last, this process can have it too. */
	host_open(&c, bed.spec, 2, 0);
	scenario_doorbells(&a, &c);
	host_close(&c);
	host_close(&a);
	bed_end(&bed);
}

static void test_killed_peers_stock(void **state)
{
	(void)state;
	killed_peers(false);
}

static void test_killed_peers_ours(void **state)
{
	(void)state;
	killed_peers(true);
}

/* The same in the middle of whatever they do: every access ends in its bound, and the next owner finds all in order. */
static void test_killed_in_traffic(void **state)
{
	int64_t longest = 0;
	struct bed bed;
	struct host a;

	(void)state;
	bed_make(&bed, true);
	host_open(&a, bed.spec, 0, HOST_COPY);
	window_set(&a, 0, 1, RAM_BASE);
	for (unsigned round = 0; round < 20; round++) {
		const int64_t end = now_ms() + 3 + round * 7 % 40;
		uint8_t data[6000];
		struct peer b;

		peer_start(&b, bed.spec, 2, NULL);
		HOST_UNTIL(link_up(&a, 1), &a, NULL, NULL);
		for (bool killed = false; now_ms() < end + 30;) {
			const int64_t start = now_ms();

			if (!killed && start >= end) {
				kill(b.pid, SIGKILL);
				killed = true;
			}
			nt_write(&a, 0x420, 1u << start % 16);
			copy_write(&a, 0, 0x1000, data, sizeof(data));
			copy_read(&a, 0, 0x1000, data, sizeof(data));
			hosts_wait(&a, NULL, NULL, 0);
			if (now_ms() - start > longest)
				longest = now_ms() - start;
		}
		peer_kill(&b);
		HOST_UNTIL(!link_up(&a, 1), &a, NULL, NULL);
	}
	print_message("longest turn %lld ms\n", (long long)longest);
	assert_true(longest < 3000);
	host_close(&a);
	bed_end(&bed);
}

/* The server is killed and comes back, with everybody else alive. */
static void killed_server(bool real)
{
	struct bed bed;
	struct host a;
	struct peer b;
	uint32_t value;

	bed_make(&bed, real);
	host_open(&a, bed.spec, 0, 0);
	peer_start(&b, bed.spec, 2, NULL);
	window_set(&a, 0, 1, RAM_BASE);
	HOST_UNTIL(link_up(&a, 1), &a, NULL, NULL);
	if (real)
		HOST_UNTIL(a.maps[WINDOW(0)].base, &a, NULL, NULL);
	for (unsigned round = 0; round < 3; round++) {
		const uint32_t bell = member(&a, 0).bell;

		peer_ring(&a, 1);
		server_kill(&bed);
		HOST_UNTIL(strstr(a.log, "going on without it"), &a, NULL, NULL);
		for (unsigned i = 0; i < 20; i++)
			peer_ring(&a, i % 16);
		window_read(&a, 0, 0, &value, sizeof(value));
		assert_int_equal(value, 1u << 3);
		if (real)
			assert_non_null(a.maps[WINDOW(0)].base);
		server_restart(&bed);
		HOST_UNTIL(member(&a, 0).bell != bell, &a, NULL, NULL);
		peer_ring(&a, 2);
		/* Until both are there, and after. */
		for (int64_t end = now_ms() + 1500; now_ms() < end;)
			peer_ring(&a, 5);
		assert_true(link_up(&a, 1));
		a.log[0] = '\0';
	}
	/* Who dies while there is no server is noticed too, and its port free for the next. */
	server_kill(&bed);
	hosts_run_for(&a, NULL, NULL, 100);
	peer_kill(&b);
	HOST_UNTIL(!link_up(&a, 1) && !a.maps[WINDOW(0)].base, &a, NULL, NULL);
	server_restart(&bed);
	peer_start(&b, bed.spec, 2, NULL);
	HOST_UNTIL(link_up(&a, 1), &a, NULL, NULL);
	peer_ring(&a, 7);
	peer_kill(&b);
	host_close(&a);
	bed_end(&bed);
}

static void test_killed_server_stock(void **state)
{
	(void)state;
	killed_server(false);
}

static void test_killed_server_ours(void **state)
{
	(void)state;
	killed_server(true);
}

/* One has rejoined, the other not (it does not run): they reach each other; and if that one dies it is noticed. */
static void test_half_rejoined(void **state)
{
	struct bed bed;
	struct host a;
	struct peer b;
	uint32_t bell;

	(void)state;
	bed_make(&bed, false);
	host_open(&a, bed.spec, 0, 0);
	peer_start(&b, bed.spec, 2, NULL);
	HOST_UNTIL(link_up(&a, 1), &a, NULL, NULL);
	peer_ring(&a, 0);
	kill(b.pid, SIGSTOP);
	bell = member(&a, 0).bell;
	server_kill(&bed);
	server_restart(&bed);
	HOST_UNTIL(member(&a, 0).bell != bell, &a, NULL, NULL);
	assert_true(link_up(&a, 1));
	nt_write(&a, 0x420, 2);
	kill(b.pid, SIGCONT);
	HOST_UNTIL(nt_read(&a, 0x428) & 0x20000, &a, NULL, NULL);
	bell = member(&a, 1).bell;
	HOST_UNTIL(member(&a, 1).bell != bell, &a, NULL, NULL);
	peer_ring(&a, 3);
	/* Again, and this time it never comes. */
	kill(b.pid, SIGSTOP);
	bell = member(&a, 0).bell;
	server_kill(&bed);
	server_restart(&bed);
	HOST_UNTIL(member(&a, 0).bell != bell, &a, NULL, NULL);
	peer_kill(&b);
	HOST_UNTIL(!link_up(&a, 1), &a, NULL, NULL);
	host_close(&a);
	bed_end(&bed);
}

/* A stock server makes its memory anew: everybody moves there, with the state of the switch. */
static void test_other_memory(void **state)
{
	struct bed bed;
	struct host a, b;
	uint32_t value = 0x600DDA7A;

	(void)state;
	bed_make(&bed, false);
	host_open(&a, bed.spec, 0, 0);
	host_open(&b, bed.spec, 2, 0);
	window_set(&a, 0, 1, RAM_BASE);
	window_set(&b, 0, 0, RAM_BASE);
	HOST_UNTIL(link_up(&a, 1) && link_up(&b, 0), &a, &b, NULL);
	server_kill(&bed);
	hosts_run_for(&a, &b, NULL, 50);
	fake_server_forget(&bed.fake, MEMORY);
	server_restart(&bed);
	HOST_UNTIL(strstr(a.log, "moved there") && strstr(b.log, "moved there"), &a, &b, NULL);
	HOST_UNTIL(link_up(&a, 1) && link_up(&b, 0), &a, &b, NULL);
	copy_write(&a, 0, 0, &value, sizeof(value));
	copy_read(&a, 0, 0, &value, sizeof(value));
	assert_int_equal(value, 0x600DDA7A);
	assert_memory_equal(b.ram, &value, sizeof(value));
	scenario_doorbells(&a, &b);
	scenario_messages(&a, &b);
	scenario_copy(&a, &b);
	host_close(&a);
	host_close(&b);
	bed_end(&bed);
}

/* The new memory is no good: everybody stays where they are, and goes on. */
static void test_other_memory_refused(void **state)
{
	struct bed bed;
	struct host a, b;
	unsigned before;

	(void)state;
	bed_make(&bed, false);
	host_open(&a, bed.spec, 0, 0);
	host_open(&b, bed.spec, 2, 0);
	HOST_UNTIL(link_up(&a, 1) && link_up(&b, 0), &a, &b, NULL);
	server_kill(&bed);
	HOST_UNTIL(strstr(a.log, "going on") && strstr(b.log, "going on"), &a, &b, NULL);
	before = open_descriptors();
	fake_server_forget(&bed.fake, 0x10000);
	server_restart(&bed);
	HOST_UNTIL(strstr(a.log, "needs at least") && strstr(b.log, "needs at least"), &a, &b, NULL);
	scenario_doorbells(&a, &b);
	hosts_run_for(&a, &b, NULL, 1500);
	assert_int_equal(open_descriptors(), before);
	host_close(&a);
	host_close(&b);
	bed_end(&bed);
}

/* A peer that lives and does not run: one wait, then at once, and all is well when it runs again. */
static void test_stopped_peer(void **state)
{
	struct bed bed;
	struct host a;
	struct peer b;
	uint32_t value = 0x57095709, back;
	int64_t start;

	(void)state;
	bed_make(&bed, false);
	host_open(&a, bed.spec, 0, 0);
	peer_start(&b, bed.spec, 2, NULL);
	window_set(&a, 0, 1, RAM_BASE);
	HOST_UNTIL(link_up(&a, 1), &a, NULL, NULL);
	kill(b.pid, SIGSTOP);
	waitpid(b.pid, NULL, WUNTRACED);
	start = now_ms();
	copy_read(&a, 0, 0x100, &back, sizeof(back));
	assert_int_equal(back, UINT32_MAX);
	assert_true(now_ms() - start > 4000 && now_ms() - start < 8000);
	start = now_ms();
	for (unsigned i = 0; i < 1000; i++) {
		copy_read(&a, 0, 0x100, &back, sizeof(back));
		assert_int_equal(back, UINT32_MAX);
	}
	assert_true(now_ms() - start < 1000);
	start = now_ms();
	for (unsigned i = 0; i < 2000; i++)
		copy_write(&a, 0, 0x100, &value, sizeof(value));
	assert_true(now_ms() - start < 8000);
	kill(b.pid, SIGCONT);
	HOST_UNTIL((copy_read(&a, 0, 0x100, &back, sizeof(back)), back == value), &a, NULL, NULL);
	/* Who dies instead is not waited for. */
	kill(b.pid, SIGSTOP);
	peer_kill(&b);
	start = now_ms();
	copy_read(&a, 0, 0x100, &back, sizeof(back));
	assert_int_equal(back, UINT32_MAX);
	assert_true(now_ms() - start < 2000);
	host_close(&a);
	bed_end(&bed);
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
		assert_non_null(strstr(error.text, "at least 167936"));
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
		cmocka_unit_test(test_scenarios_stock),    cmocka_unit_test(test_scenarios_ours),
		cmocka_unit_test(test_killed_peers_stock), cmocka_unit_test(test_killed_peers_ours),
		cmocka_unit_test(test_killed_in_traffic),  cmocka_unit_test(test_killed_server_stock),
		cmocka_unit_test(test_killed_server_ours), cmocka_unit_test(test_half_rejoined),
		cmocka_unit_test(test_other_memory),       cmocka_unit_test(test_other_memory_refused),
		cmocka_unit_test(test_stopped_peer),       cmocka_unit_test(test_taken),
		cmocka_unit_test(test_too_small),          cmocka_unit_test(test_idle),
	};

	if (argc < 3) {
		print_error("usage: %s PEER SERVER [TEST]\n", argv[0]);
		return 2;
	}
	peer_program = argv[1];
	server_program = argv[2];
	if (argc > 3)
		cmocka_set_test_filter(argv[3]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
