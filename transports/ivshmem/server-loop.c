/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for descriptors and signals, and log lines.
 */
#include "server.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

void say(const char *format, ...)
{
	char line[1024];
	va_list list;

	va_start(list, format);
	vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	/* One write per line: servers that share a log do not mix theirs. */
	fprintf(stderr, "idtntb-ivshmem-server: %s\n", line);
}

bool worth_a_line(unsigned *count)
{
	unsigned n = ++*count;

	return n <= 4 || (n & (n - 1)) == 0;
}

static void signal_ready(struct source *source, uint32_t events)
{
	struct loop *loop = container_of(source, struct loop, signals);
	struct signalfd_siginfo info;

	(void)events;
	if (read(source->fd, &info, sizeof(info)) == sizeof(info))
		loop->stopped_by = (int)info.ssi_signo;
}

int loop_open(struct loop *loop)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN); /* a log that nobody reads any more is no reason to end */
	signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error of making the memory */

	loop->stopped_by = 0;
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->signals.ready = signal_ready;
	loop->signals.fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (loop->epoll < 0 || loop->signals.fd < 0)
		return -errno;
	return loop_add(loop, &loop->signals, EPOLLIN);
}

int loop_add(struct loop *loop, struct source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, source->fd, &event) ? -errno : 0;
}

void loop_change(struct loop *loop, struct source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	epoll_ctl(loop->epoll, EPOLL_CTL_MOD, source->fd, &event);
}

void loop_remove(struct loop *loop, struct source *source)
{
	/* Not left to close(): a descriptor that is also elsewhere would stay in the set and name freed memory. */
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, source->fd, NULL);
	close(source->fd);
	source->fd = -1;
}

int loop_run(struct loop *loop)
{
	while (!loop->stopped_by) {
		/* One at a time: handling an event may free the source of another. The kernel takes them in turn. */
		struct epoll_event event;
		int n = epoll_wait(loop->epoll, &event, 1, -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 1) {
			struct source *source = event.data.ptr;

			source->ready(source, event.events);
		}
	}
	return 0;
}

void loop_close(struct loop *loop)
{
	loop_remove(loop, &loop->signals);
	close(loop->epoll);
}
