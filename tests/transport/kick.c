/* SPDX-License-Identifier: BSD-3-Clause */
/* Kicks: signalled, never blocking whatever the others do with the eventfd, and what they cost. */
#include "host.h"

#include "../../transports/kick/kick.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define FULL UINT64_C(0xFFFFFFFFFFFFFFFE)

static uint64_t take(int fd)
{
	uint64_t value = 0;
	struct pollfd poll_fd = { fd, POLLIN, 0 };

	if (poll(&poll_fd, 1, 0) == 1)
		assert_int_equal(read(fd, &value, sizeof(value)), sizeof(value));
	return value;
}

static void with(bool plain)
{
	struct ntb_kicker kicker;
	int fds[NTB_KICK_BATCH];
	const unsigned before = open_descriptors();

	assert_int_equal(ntb_kicker_init(&kicker), 0);
	if (!plain && kicker.plain)
		skip();
	kicker.plain = plain;
	for (unsigned i = 0; i < NTB_KICK_BATCH; i++)
		fds[i] = eventfd(0, 0);
	for (unsigned count = 1; count <= NTB_KICK_BATCH; count++) {
		ntb_kicker_signal(&kicker, fds, count);
		for (unsigned i = 0; i < NTB_KICK_BATCH; i++)
			assert_int_equal(take(fds[i]), i < count);
	}
	/* Often, without anybody reading: more than there is room for completions. */
	for (unsigned i = 0; i < 1000; i++)
		ntb_kicker_signal(&kicker, fds, 3);
	assert_int_equal(take(fds[2]), 1000);
	for (unsigned i = 0; i < NTB_KICK_BATCH; i++)
		close(fds[i]);
	ntb_kicker_destroy(&kicker);
	assert_int_equal(open_descriptors(), before);
}

static void test_signals(void **state)
{
	(void)state;
	with(false);
}

static void test_signals_plain(void **state)
{
	(void)state;
	with(true);
}

/* The counter is full and the description blocks: a write(2) would wait for ever. */
static void test_saturated(void **state)
{
	const int fd = eventfd(0, 0), other = eventfd(0, 0), set = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	const uint64_t full = FULL;
	struct ntb_kicker kicker;
	const int both[2] = { fd, other };

	(void)state;
	assert_int_equal(ntb_kicker_init(&kicker), 0);
	assert_int_equal(write(fd, &full, sizeof(full)), sizeof(full));
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), 0);
	while (epoll_wait(set, &event, 1, 0) == 1)
		;
	alarm(10); /* ends the test if it blocks */
	for (unsigned i = 0; i < 100; i++) {
		fcntl(fd, F_SETFL, 0);
		ntb_kicker_signal(&kicker, both, 2);
		/* Its owner is woken all the same, and so are the others. */
		if (!kicker.plain)
			assert_int_equal(epoll_wait(set, &event, 1, 0), 1);
		assert_int_equal(take(other), 1);
	}
	kicker.plain = true;
	fcntl(fd, F_SETFL, 0);
	ntb_kicker_signal(&kicker, both, 2);
	assert_int_equal(take(other), 1);
	alarm(0);
	ntb_kicker_destroy(&kicker);
	close(fd);
	close(other);
	close(set);
}

/* What is no eventfd harms nobody and hinders no other. */
static void test_no_eventfd(void **state)
{
	const int good = eventfd(0, 0), file = open("/dev/null", O_RDWR);
	const int fds[3] = { file, -1, good };
	struct ntb_kicker kicker;

	(void)state;
	assert_int_equal(ntb_kicker_init(&kicker), 0);
	for (unsigned i = 0; i < 100; i++)
		ntb_kicker_signal(&kicker, fds, 3);
	assert_int_equal(take(good), 100);
	ntb_kicker_destroy(&kicker);
	close(good);
	close(file);
}

static void test_cost(void **state)
{
	const unsigned rounds = 100000;
	const int fd = eventfd(0, EFD_NONBLOCK);
	struct ntb_kicker kicker;
	struct timespec start, middle, end;

	(void)state;
	assert_int_equal(ntb_kicker_init(&kicker), 0);
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (unsigned i = 0; i < rounds; i++)
		ntb_kicker_signal(&kicker, &fd, 1);
	clock_gettime(CLOCK_MONOTONIC, &middle);
	for (unsigned i = 0; i < rounds; i++) {
		const uint64_t one = 1;

		assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	print_message("a kick takes %ld ns, a write(2) %ld ns\n",
		      ((middle.tv_sec - start.tv_sec) * 1000000000 + middle.tv_nsec - start.tv_nsec) / rounds,
		      ((end.tv_sec - middle.tv_sec) * 1000000000 + end.tv_nsec - middle.tv_nsec) / rounds);
	assert_int_equal(take(fd), 2 * rounds);
	ntb_kicker_destroy(&kicker);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signals),   cmocka_unit_test(test_signals_plain),
		cmocka_unit_test(test_saturated), cmocka_unit_test(test_no_eventfd),
		cmocka_unit_test(test_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
