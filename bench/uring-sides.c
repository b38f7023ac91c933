/* SPDX-License-Identifier: BSD-3-Clause */
/* The two that are compared: hosts on a switch in a daemon, and a bare server with an epoll loop. */
#include "uring.h"

#include "sockets.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

void bench_close(struct bench *bench)
{
	bench_host_close(&bench->host);
	bench_host_close(&bench->peer);
	if (bench->ram)
		munmap(bench->ram, BENCH_RAM_SIZE);
	if (bench->fd >= 0)
		close(bench->fd);
	if (bench->epoll >= 0)
		close(bench->epoll);
	bench_end(bench->server);
	if (bench->directory[0])
		bench_folder_remove(bench->directory);
}

/* ---------------------------------------------------------------- the daemon */

static void uring_ring(struct bench *bench)
{
	bench_write(&bench->host, OUTDBELLSET, 1);
}

static void uring_ask(struct bench *bench)
{
	bench_read(&bench->host, NTCTL);
}

static void uring_write(struct bench *bench, const void *data, size_t size)
{
	idtntb_attachment_bar_write(bench->host.attachment, BENCH_LUT_BAR, 0, data, size);
}

void bench_uring_open(struct bench *bench, const char *daemon, bool tcp)
{
	char spec[128];

	*bench = (struct bench){ .fd = -1, .epoll = -1, .ring = uring_ring, .ask = uring_ask, .write = uring_write };
	if (!tcp) {
		strcpy(bench->directory, "/tmp/idtntb-bench-XXXXXX");
		if (!mkdtemp(bench->directory))
			bench_fail("folder");
	}
	bench->server = bench_daemon(daemon, tcp ? NULL : bench->directory, spec, sizeof(spec));
	bench->ram = mmap(NULL, BENCH_RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	/* Doorbells stay masked: this is about their way in. The RAM is reached by copy. */
	bench_host_open(&bench->host, spec, 0, bench->ram, -1);
	bench_host_open(&bench->peer, spec, 2, bench->ram, -1);
	bench_host_window(&bench->host, 1);
}

/* ---------------------------------------------------------------- the bare server */

/* As large as a READ and its answer, and as a WRITE of a doorbell. */
struct message {
	uint32_t length; /* with this */
	uint32_t answer; /* wanted? */
	uint8_t rest[16];
};

static void answer_all(int fd, uint8_t *buffer, size_t *used)
{
	size_t at = 0;

	while (*used - at >= sizeof(struct message)) {
		struct message message;

		memcpy(&message, buffer + at, sizeof(message));
		if (*used - at < message.length)
			break;
		at += message.length;
		message.length = sizeof(message);
		if (message.answer && send(fd, &message, sizeof(message), MSG_NOSIGNAL) < 0)
			_exit(0);
	}
	memmove(buffer, buffer + at, *used - at);
	*used -= at;
}

static void serve(int fd)
{
	static uint8_t buffer[65536];
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(0);
	size_t used = 0;

	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	while (epoll_wait(epoll, &event, 1, -1) == 1) {
		ssize_t size = recv(fd, buffer + used, sizeof(buffer) - used, 0);

		if (size <= 0)
			_exit(0);
		used += (size_t)size;
		answer_all(fd, buffer, &used);
	}
}

static void epoll_ring(struct bench *bench)
{
	const struct message message = { .length = sizeof(message) };

	if (send(bench->fd, &message, sizeof(message), 0) < 0)
		bench_fail("send");
}

static void epoll_ask(struct bench *bench)
{
	struct message message = { .length = sizeof(message), .answer = 1 };
	struct epoll_event event;

	if (send(bench->fd, &message, sizeof(message), 0) < 0 || epoll_wait(bench->epoll, &event, 1, 5000) != 1 ||
	    recv(bench->fd, &message, sizeof(message), MSG_WAITALL) != sizeof(message))
		bench_fail("no answer");
}

/* In messages of 4 KiB, as the daemon gets them. */
static void epoll_write(struct bench *bench, const void *data, size_t size)
{
	static uint8_t whole[sizeof(struct message) + 4096];
	const struct message message = { .length = sizeof(whole) };

	for (size_t at = 0; at < size; at += 4096) {
		memcpy(whole, &message, sizeof(message));
		memcpy(whole + sizeof(message), (const uint8_t *)data + at, 4096);
		if (send(bench->fd, whole, sizeof(whole), 0) < 0)
			bench_fail("send");
	}
}

void bench_epoll_open(struct bench *bench, bool tcp)
{
	struct epoll_event event = { .events = EPOLLIN };
	int ends[2];

	*bench = (struct bench){ .ring = epoll_ring, .ask = epoll_ask, .write = epoll_write };
	bench_socket_pair(ends, tcp);
	bench->server = fork();
	if (bench->server < 0)
		bench_fail("fork");
	if (!bench->server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ends[0]);
		serve(ends[1]);
		_exit(0);
	}
	close(ends[1]);
	bench->fd = ends[0];
	bench->epoll = epoll_create1(0);
	epoll_ctl(bench->epoll, EPOLL_CTL_ADD, bench->fd, &event);
}
