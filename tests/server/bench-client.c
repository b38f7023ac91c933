/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client's side of ivshmem protocol version 0, strict.
 */
#include "bench.h"
#include "fds.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int try_connect(const char *path, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	close(fd);
	return -1;
}

int connect_to(const char *path, int type)
{
	int fd = try_connect(path, type);

	assert_true(fd >= 0);
	return fd;
}

bool readable(int fd, int ms)
{
	struct pollfd state = { .fd = fd, .events = POLLIN };

	return poll(&state, 1, ms) > 0;
}

/* @return bytes: 8, or 0 at the end. */
static ssize_t take(int client, int64_t *word, int *fd)
{
	int fds[FDS_MAX];
	unsigned count;
	ssize_t n;

	assert_true(readable(client, PATIENCE_MS));
	n = fds_receive(client, word, sizeof(*word), fds, &count);
	assert_true(count <= 1);
	*fd = count ? fds[0] : -1;
	return n < 0 ? 0 : n;
}

int64_t message(int client, int *fd)
{
	int64_t word;

	assert_int_equal(take(client, &word, fd), 8);
	return (int64_t)le64toh((uint64_t)word);
}

int expect(int client, int64_t word, bool with_fd)
{
	int fd;

	assert_int_equal(message(client, &fd), word);
	assert_int_equal(fd >= 0, with_fd);
	return fd;
}

void expect_vectors(int client, int64_t id, int bells[VECTORS])
{
	for (unsigned v = 0; v < VECTORS; v++)
		bells[v] = expect(client, id, true);
}

void expect_end(int client)
{
	int64_t word;
	int fd;

	while (take(client, &word, &fd) > 0) {
		if (fd >= 0)
			close(fd);
	}
}

void expect_silence(int client)
{
	assert_false(readable(client, 50));
}

struct member join(const char *path, int64_t id, const int64_t *others, unsigned count)
{
	struct member member = { .socket = connect_to(path, SOCK_STREAM), .id = id };
	int bells[VECTORS];

	expect(member.socket, 0, false);
	expect(member.socket, id, false);
	member.memory = expect(member.socket, -1, true);
	for (unsigned o = 0; o < count; o++) {
		expect_vectors(member.socket, others[o], bells);
		for (unsigned v = 0; v < VECTORS; v++)
			close(bells[v]);
	}
	expect_vectors(member.socket, id, member.bells);
	return member;
}

void leave(struct member *member)
{
	close(member->socket);
	close(member->memory);
	for (unsigned v = 0; v < VECTORS; v++)
		close(member->bells[v]);
}

void ring(int bell)
{
	const uint64_t one = 1;

	assert_int_equal(write(bell, &one, sizeof(one)), sizeof(one));
}

bool rung(int bell)
{
	uint64_t count;

	return readable(bell, 0) && read(bell, &count, sizeof(count)) == sizeof(count);
}
