/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bare sockets with epoll: from one process to the other, and through a third one in the middle that has one epoll loop and
 * passes on what it reads, as a daemon has to.
 */
#include "wake.h"

#include "sockets.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE 24 /* bytes, as the frame of a doorbell has; the last of them tells that it is the last */

static void watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		bench_fail("epoll");
}

/* Until an end is closed, or the other processes are gone. */
static void relay(int a, int b)
{
	const int epoll = epoll_create1(EPOLL_CLOEXEC);
	static uint8_t buffer[65536];
	struct epoll_event event;

	watch(epoll, a);
	watch(epoll, b);
	while (epoll_wait(epoll, &event, 1, -1) == 1) {
		const ssize_t size = recv(event.data.fd, buffer, sizeof(buffer), 0);

		if (size <= 0 || send(event.data.fd == a ? b : a, buffer, (size_t)size, MSG_NOSIGNAL) != size)
			return;
	}
}

/* Two ends, between which there is another process. */
static void relayed(int ends[2], bool tcp)
{
	int left[2], right[2];
	pid_t pid;

	bench_socket_pair(left, tcp);
	bench_socket_pair(right, tcp);
	pid = fork();
	if (pid < 0)
		bench_fail("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(left[0]);
		close(right[0]);
		relay(left[1], right[1]);
		_exit(0);
	}
	close(left[1]);
	close(right[1]);
	ends[0] = left[0];
	ends[1] = right[0];
}

void wake_sockets(struct side *side)
{
	bench_socket_pair(side->sockets[UNIX], false);
	bench_socket_pair(side->sockets[TCP], true);
	relayed(side->sockets[UNIX_RELAYED], false);
	relayed(side->sockets[TCP_RELAYED], true);
}

static void socket_prepare(const struct mechanism *mechanism, struct side *side)
{
	side->epolls[mechanism->index] = epoll_create1(EPOLL_CLOEXEC);
	watch(side->epolls[mechanism->index], side->sockets[mechanism->index][!side->first]);
}

static void socket_ring(const struct mechanism *mechanism, struct side *side, bool last)
{
	uint8_t message[MESSAGE] = { 0 };

	message[MESSAGE - 1] = last;
	if (send(side->sockets[mechanism->index][!side->first], message, sizeof(message), MSG_NOSIGNAL) != MESSAGE)
		bench_fail("send");
}

static int64_t socket_wait(const struct mechanism *mechanism, struct side *side)
{
	uint8_t buffer[64 * MESSAGE];
	ssize_t got;

	do {
		struct epoll_event event;

		if (epoll_wait(side->epolls[mechanism->index], &event, 1, 5000) != 1 ||
		    (got = recv(event.data.fd, buffer, sizeof(buffer), 0)) <= 0)
			bench_fail("a message that did not come");
	} while (!buffer[got - 1]);
	return bench_now();
}

#define SOCKET(variable, text, number, bare_one)                                                                       \
	const struct mechanism variable = { .name = text,                                                              \
					    .bare = bare_one,                                                          \
					    .index = number,                                                           \
					    .prepare = socket_prepare,                                                 \
					    .ring = socket_ring,                                                       \
					    .wait = socket_wait }

SOCKET(mechanism_unix, "Unix socket, epoll, bare", UNIX, NULL);
SOCKET(mechanism_unix_relayed, "the same through a third", UNIX_RELAYED, &mechanism_unix);
SOCKET(mechanism_tcp, "TCP, epoll, bare", TCP, NULL);
SOCKET(mechanism_tcp_relayed, "the same through a third", TCP_RELAYED, &mechanism_tcp);
