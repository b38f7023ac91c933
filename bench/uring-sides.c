/* SPDX-License-Identifier: BSD-3-Clause */
/* The two that are compared: hosts on a switch in a daemon, and a bare server with an epoll loop. */
#include "uring.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define RAM_SIZE (1u << 20)
#define RAM_AT 0x100000000ull
#define LUT_BAR 2

void bench_close(struct bench *bench)
{
	idtntb_detach(bench->host);
	idtntb_detach(bench->peer);
	if (bench->ram)
		munmap(bench->ram, RAM_SIZE);
	if (bench->fd >= 0)
		close(bench->fd);
	if (bench->epoll >= 0)
		close(bench->epoll);
	kill(bench->server, SIGTERM);
	waitpid(bench->server, NULL, 0);
	if (bench->directory[0])
		rmdir(bench->directory);
}

/* ---------------------------------------------------------------- the daemon */

static void write32(struct idtntb_attachment *a, uint32_t offset, uint32_t value)
{
	idtntb_attachment_bar_write(a, 0, offset, &value, sizeof(value));
}

static void uring_ring(struct bench *bench)
{
	write32(bench->host, 0x420, 1);
}

static void uring_ask(struct bench *bench)
{
	uint32_t value;

	idtntb_attachment_bar_read(bench->host, 0, 0x400, &value, sizeof(value));
}

static void uring_write(struct bench *bench, const void *data, size_t size)
{
	idtntb_attachment_bar_write(bench->host, LUT_BAR, 0, data, size);
}

static void on_msi(void *opaque, uint64_t address, uint32_t data)
{
	(void)opaque;
	(void)address;
	(void)data;
}

static void on_intx(void *opaque, bool level)
{
	(void)opaque;
	(void)level;
}

static struct idtntb_attachment *attach(const char *spec, unsigned port, void *ram)
{
	const struct idtntb_attach_options options = { .spec = spec, .port = port };
	const struct idtntb_frontend_ops ops = { .size = sizeof(ops), .msi = on_msi, .intx = on_intx };
	const struct idtntb_ram_range range = { .address = RAM_AT, .size = RAM_SIZE, .host = ram, .fd = -1 };
	struct idtntb_attachment *a;
	struct idtntb_error error;

	if (idtntb_attach(&a, &options, &ops, NULL, &error)) {
		fprintf(stderr, "bench-uring: %s: %s\n", spec, error.text);
		exit(1);
	}
	idtntb_attachment_ram_set(a, &range, 1, NULL);
	/* Memory, bus master; BAR0; completions; the mapping table. Doorbells stay masked: this is about their way in. */
	idtntb_attachment_config_write(a, 0x10, 0xF0000000, 4);
	idtntb_attachment_config_write(a, 0x04, 0x6, 2);
	idtntb_attachment_link_set(a, true);
	write32(a, 0x400, 2);
	write32(a, 0x4D0, port ? 1 : 0);
	write32(a, 0x4D8, (port ? 1u : 0u) << 17 | 1);
	return a;
}

/* Its words tell where it listens. */
static void start(struct bench *bench, const char *daemon, const char *where, char *spec, size_t size)
{
	char line[256] = "";
	int pipes[2];
	FILE *words;

	if (pipe(pipes) || (bench->server = fork()) < 0)
		bench_fail("fork");
	if (!bench->server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(pipes[1], STDERR_FILENO);
		execl(daemon, daemon, "--listen", where, (char *)NULL);
		_exit(127);
	}
	close(pipes[1]);
	words = fdopen(pipes[0], "r");
	if (!words || !fgets(line, sizeof(line), words) || !strstr(line, "listening on "))
		bench_fail(line[0] ? line : daemon);
	/* The pipe stays open, or a further word would kill it. */
	snprintf(spec, size, "uring:%.*s", (int)strcspn(strstr(line, "listening on ") + 13, " "),
		 strstr(line, "listening on ") + 13);
	spec[strlen(spec) - 1] = '\0'; /* the colon behind it */
}

void bench_uring_open(struct bench *bench, const char *daemon, bool tcp)
{
	char where[128], spec[160];

	*bench = (struct bench){ .fd = -1, .epoll = -1, .ring = uring_ring, .ask = uring_ask, .write = uring_write };
	if (!tcp) {
		strcpy(bench->directory, "/tmp/idtntb-bench-XXXXXX");
		if (!mkdtemp(bench->directory))
			bench_fail("folder");
	}
	snprintf(where, sizeof(where), tcp ? "tcp:0" : "unix:%s/socket", bench->directory);
	start(bench, daemon, where, spec, sizeof(spec));
	bench->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bench->host = attach(spec, 0, bench->ram);
	bench->peer = attach(spec, 2, bench->ram);
	/* A window of the first into the RAM of the other. */
	write32(bench->host, 0x4E0, LUT_BAR << 8);
	write32(bench->host, 0x4E4, (uint32_t)RAM_AT);
	write32(bench->host, 0x4E8, (uint32_t)(RAM_AT >> 32));
	write32(bench->host, 0x4EC, 1u << 31 | 1);
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

/* The two ends of a TCP connection of this machine. */
static void tcp_pair(int *ends)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	const int one = 1;

	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&address, &size) ||
	    connect(ends[0], (struct sockaddr *)&address, size) || (ends[1] = accept(listener, NULL, NULL)) < 0)
		bench_fail("TCP");
	close(listener);
	for (unsigned i = 0; i < 2; i++)
		setsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

void bench_epoll_open(struct bench *bench, bool tcp)
{
	struct epoll_event event = { .events = EPOLLIN };
	int ends[2];

	*bench = (struct bench){ .ring = epoll_ring, .ask = epoll_ask, .write = epoll_write };
	if (tcp)
		tcp_pair(ends);
	else if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		bench_fail("socketpair");
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
