/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client's side of ivshmem protocol version 0, strict.
 */
#include "bench.h"

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
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct iovec data = { word, sizeof(*word) };
	struct msghdr header = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof(control.space)
	};
	struct cmsghdr *part;
	ssize_t n;

	assert_true(readable(client, PATIENCE_MS));
	n = recvmsg(client, &header, MSG_CMSG_CLOEXEC);
	*fd = -1;
	if (n <= 0)
		return 0;
	part = CMSG_FIRSTHDR(&header);
	if (part) {
		assert_int_equal(part->cmsg_type, SCM_RIGHTS);
		assert_int_equal(part->cmsg_len, CMSG_LEN(sizeof(int)));
		memcpy(fd, CMSG_DATA(part), sizeof(int));
	}
	return n;
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
