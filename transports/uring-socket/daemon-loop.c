/* SPDX-License-Identifier: BSD-3-Clause */
/* One io_uring for everything. A turn submits what there is to do and waits for the next completion in one system call. */
#include "daemon.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define ENTRIES 256 /* two for each connection, and a few */

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * SECOND + time.tv_nsec;
}

struct io_uring_sqe *loop_sqe(struct daemon *daemon, struct operation *operation)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&daemon->ring);

	/* Submitting empties the queue; there are more entries than operations. */
	if (!sqe) {
		io_uring_submit(&daemon->ring);
		sqe = io_uring_get_sqe(&daemon->ring);
	}
	operation->busy = true;
	return sqe;
}

static void submit_accept(struct daemon *daemon)
{
	struct io_uring_sqe *sqe;

	/* Who joins again at once, as all do, would keep a daemon alive that wants to end. */
	if (daemon->stop)
		return;
	sqe = loop_sqe(daemon, &daemon->accepting);
	io_uring_prep_accept(sqe, daemon->listener, NULL, NULL, SOCK_CLOEXEC);
	io_uring_sqe_set_data(sqe, &daemon->accepting);
}

static void accepted(struct operation *operation, int result)
{
	struct daemon *daemon = container_of(operation, struct daemon, accepting);

	if (result >= 0 && daemon->stop)
		close(result);
	else if (result >= 0)
		connection_accepted(daemon, result);
	else if (result == -EMFILE || result == -ENFILE)
		say("a client must wait: no descriptor is left; raise the limit of open files (ulimit -n)");
	/* For want of descriptors: not before the next tick, or this would spin. */
	if (result != -EMFILE && result != -ENFILE)
		submit_accept(daemon);
}

static void submit_tick(struct daemon *daemon)
{
	struct io_uring_sqe *sqe = loop_sqe(daemon, &daemon->ticking);

	daemon->second = (struct __kernel_timespec){ .tv_sec = 1 };
	io_uring_prep_timeout(sqe, &daemon->second, 0, 0);
	io_uring_sqe_set_data(sqe, &daemon->ticking);
}

static void ticked(struct operation *operation, int result)
{
	struct daemon *daemon = container_of(operation, struct daemon, ticking);

	(void)result;
	connections_tick(daemon);
	reads_tick(daemon);
	if (!daemon->accepting.busy)
		submit_accept(daemon);
}

static void stopped(struct operation *operation, int result)
{
	struct daemon *daemon = container_of(operation, struct daemon, stopping);

	(void)result;
	daemon->stop = true;
}

/* Who forbids io_uring, and where. */
static int no_ring(int error)
{
	FILE *file = fopen("/proc/sys/kernel/io_uring_disabled", "r");
	int disabled = 0;

	if (file) {
		if (fscanf(file, "%d", &disabled) != 1)
			disabled = 0;
		fclose(file);
	}
	if (disabled)
		say("io_uring is switched off here: sysctl kernel.io_uring_disabled is %d, it must be 0%s", disabled,
		    disabled == 1 ? ", or this user in the group kernel.io_uring_group names" : "");
	else if (error == EPERM || error == ENOSYS)
		say("io_uring is not to be had: %s; a container's seccomp profile must allow io_uring_setup, "
		    "io_uring_enter and io_uring_register, and the kernel be 5.6 or later",
		    strerror(error));
	else
		say("io_uring cannot be set up: %s%s", strerror(error),
		    error == ENOMEM ? "; raise the limit of locked memory (ulimit -l)" : "");
	return -error;
}

/* From here on a signal ends it in order, and leaves nothing behind. */
static int catch_signals(struct daemon *daemon)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	daemon->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (daemon->signals >= 0)
		return 0;
	say("no descriptor for signals: %s", strerror(errno));
	return -errno;
}

static void submit_stop(struct daemon *daemon)
{
	struct io_uring_sqe *sqe = loop_sqe(daemon, &daemon->stopping);

	io_uring_prep_poll_add(sqe, daemon->signals, POLLIN);
	io_uring_sqe_set_data(sqe, &daemon->stopping);
}

int loop_open(struct daemon *daemon)
{
	/* Newest first: each saves wake-ups of this thread. */
	static const unsigned flags[] = { IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
					  IORING_SETUP_COOP_TASKRUN, 0 };
	int ret = -EINVAL;

	for (unsigned i = 0; ret == -EINVAL && i < sizeof(flags) / sizeof(flags[0]); i++)
		ret = io_uring_queue_init(ENTRIES, &daemon->ring, flags[i]);
	return ret ? no_ring(-ret) : catch_signals(daemon);
}

static void complete(struct daemon *daemon)
{
	struct io_uring_cqe *cqe;
	unsigned head, count = 0;

	io_uring_for_each_cqe(&daemon->ring, head, cqe)
	{
		struct operation *operation = io_uring_cqe_get_data(cqe);

		operation->busy = false;
		operation->done(operation, cqe->res);
		count++;
	}
	io_uring_cq_advance(&daemon->ring, count);
}

int loop_run(struct daemon *daemon)
{
	int ret = 0;

	daemon->now = now();
	daemon->accepting.done = accepted;
	daemon->ticking.done = ticked;
	daemon->stopping.done = stopped;
	submit_stop(daemon);
	submit_accept(daemon);
	while (!daemon->stop) {
		/* Nobody there: no ticks, but to accept again when there were no descriptors. */
		if ((daemon->connection_count || !daemon->accepting.busy) && !daemon->ticking.busy)
			submit_tick(daemon);
		ret = daemon->more ? io_uring_submit_and_get_events(&daemon->ring)
				   : io_uring_submit_and_wait(&daemon->ring, 1);
		if (ret < 0 && ret != -EINTR)
			break;
		ret = 0;
		daemon->now = now();
		complete(daemon);
		connections_advance(daemon);
	}
	/* Until the kernel has nothing of theirs in hand any more. */
	connections_close(daemon);
	while (daemon->connection_count && io_uring_submit_and_wait(&daemon->ring, 1) >= 0) {
		complete(daemon);
		connections_advance(daemon);
	}
	return ret;
}

void loop_close(struct daemon *daemon)
{
	io_uring_queue_exit(&daemon->ring);
	close(daemon->signals);
}
