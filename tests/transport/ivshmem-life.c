/* SPDX-License-Identifier: BSD-3-Clause */
/* Deaths and returns: of hosts, of servers, of both, in every order. */
#include "bed.h"
#include "scenario.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_peers_stock), cmocka_unit_test(test_killed_peers_ours),
		cmocka_unit_test(test_killed_in_traffic),  cmocka_unit_test(test_killed_server_stock),
		cmocka_unit_test(test_killed_server_ours), cmocka_unit_test(test_half_rejoined),
		cmocka_unit_test(test_other_memory),       cmocka_unit_test(test_other_memory_refused),
		cmocka_unit_test(test_stopped_peer),
	};

	return BED_MAIN(tests, argc, argv);
}
