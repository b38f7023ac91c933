/* SPDX-License-Identifier: BSD-3-Clause */
/* Deaths and returns of hosts in processes of their own, over every kind of switch that other processes can reach. */
#include "bed.h"
#include "scenario.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process killed while it holds a port: link down for it only, its port can be taken again, again and again. */
static void test_killed_peers(void **state)
{
	const struct bed_kind *kind = *state;
	struct bed bed;
	struct host a, c;

	bed_make(&bed, kind);
	host_open(&a, bed.spec, 0, 0);
	for (unsigned round = 0; round < 10; round++) {
		uint32_t value = 0;
		struct peer b;

		peer_start(&b, bed.spec, 2, NULL);
		window_set(&a, 0, 1, RAM_BASE);
		HOST_UNTIL(link_up(&a, 1), &a, NULL, NULL);
		if (kind->maps)
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

/* The same in the middle of whatever they do: every access ends in its bound, and the next owner finds all in order. */
static void test_killed_in_traffic(void **state)
{
	int64_t longest = 0;
	struct bed bed;
	struct host a;

	bed_make(&bed, *state);
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

/* A peer that lives and does not run: one wait, then at once, and all is well when it runs again. */
static void test_stopped_peer(void **state)
{
	struct bed bed;
	struct host a;
	struct peer b;
	uint32_t value = 0x57095709, back;
	int64_t start;

	bed_make(&bed, *state);
	host_open(&a, bed.spec, 0, 0);
	peer_start(&b, bed.spec, 2, NULL);
	window_set(&a, 0, 1, RAM_BASE);
	HOST_UNTIL(link_up(&a, 1), &a, NULL, NULL);
	kill(b.pid, SIGSTOP);
	waitpid(b.pid, NULL, WUNTRACED);
	start = now_ms();
	copy_read(&a, 0, 0x100, &back, sizeof(back));
	assert_int_equal(back, UINT32_MAX);
	/* Before QEMU's vfio-user client would give its device up for it. */
	assert_true(now_ms() - start > 1500 && now_ms() - start < 4800);
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
	const struct bed_test tests[] = {
		BED_TEST(test_killed_peers),
		BED_TEST(test_killed_in_traffic),
		BED_TEST(test_stopped_peer),
	};

	return bed_run(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
