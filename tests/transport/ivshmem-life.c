/* SPDX-License-Identifier: BSD-3-Clause */
/* Deaths and returns of servers, and of hosts while there is none. What hosts do: life.c. */
#include "bed.h"
#include "scenario.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* The server is killed and comes back, with everybody else alive. */
static void killed_server(const struct bed_kind *kind)
{
	struct bed bed;
	struct host a;
	struct peer b;
	uint32_t value;

	bed_make(&bed, kind);
	host_open(&a, bed.spec, 0, 0);
	peer_start(&b, bed.spec, 2, NULL);
	window_set(&a, 0, 1, RAM_BASE);
	HOST_UNTIL(link_up(&a, 1), &a, NULL, NULL);
	if (kind->maps)
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
		if (kind->maps)
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
	killed_server(&bed_stock);
}

static void test_killed_server_ours(void **state)
{
	(void)state;
	killed_server(&bed_ours);
}

/* One has rejoined, the other not (it does not run): they reach each other; and if that one dies it is noticed. */
static void test_half_rejoined(void **state)
{
	struct bed bed;
	struct host a;
	struct peer b;
	uint32_t bell;

	(void)state;
	bed_make(&bed, &bed_stock);
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

/* A stock server that makes its memory anew: everybody moves there, with the state of the switch. */
static void test_other_memory(void **state)
{
	struct bed bed;
	struct host a, b;
	uint32_t value = 0x600DDA7A;

	(void)state;
	bed_make(&bed, &bed_stock);
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
	bed_make(&bed, &bed_stock);
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_server_stock),  cmocka_unit_test(test_killed_server_ours),
		cmocka_unit_test(test_half_rejoined),        cmocka_unit_test(test_other_memory),
		cmocka_unit_test(test_other_memory_refused),
	};

	return BED_MAIN(tests, argc, argv);
}
