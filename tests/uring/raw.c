/* SPDX-License-Identifier: BSD-3-Clause */
#include "raw.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

void place_make(struct place *place, const char *silence)
{
	strcpy(place->directory, "/tmp/idtntb-place-XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	snprintf(place->path, sizeof(place->path), "%s/socket", place->directory);
	snprintf(place->where, sizeof(place->where), "unix:%s", place->path);
	snprintf(place->spec, sizeof(place->spec), "uring:%s", place->where);
	place->daemon = daemon_start(place->where, silence);
}

void place_end(struct place *place)
{
	int status;

	kill(place->daemon, SIGTERM);
	waitpid(place->daemon, &status, 0);
	/* A sanitizer that has found something says so by this. */
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	assert_int_equal(rmdir(place->directory), 0);
}

unsigned place_descriptors(const struct place *place)
{
	unsigned count = 0;
	char path[40];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", place->daemon);
	dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

void place_cut_first(const struct place *place)
{
	for (int fd = 3; fd < 1024; fd++) {
		struct sockaddr_un address = { .sun_family = AF_UNSPEC };
		socklen_t size = sizeof(address);

		if (getpeername(fd, (struct sockaddr *)&address, &size) || address.sun_family != AF_UNIX ||
		    strcmp(address.sun_path, place->path))
			continue;
		assert_int_equal(shutdown(fd, SHUT_RDWR), 0);
		return;
	}
	fail_msg("no connection to %s", place->path);
}

int raw_connect(const struct place *place)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, place->path, sizeof(address.sun_path) - 1);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

void raw_send_fds(int fd, const void *bytes, size_t size, const int *fds, unsigned count)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(250 * sizeof(int))];
	} control = { .header = { .cmsg_len = CMSG_LEN(count * sizeof(int)),
				  .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS } };
	struct iovec iovec = { (void *)(uintptr_t)bytes, size };
	struct msghdr message = { .msg_iov = &iovec, .msg_iovlen = 1 };

	if (count) {
		memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	while (iovec.iov_len) {
		ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		iovec.iov_base = (char *)iovec.iov_base + sent;
		iovec.iov_len -= (size_t)sent;
		message.msg_control = NULL;
		message.msg_controllen = 0;
	}
}

void raw_send(int fd, const void *bytes, size_t size)
{
	raw_send_fds(fd, bytes, size, NULL, 0);
}

size_t raw_frame(uint8_t *to, unsigned type, const void *fixed, size_t fixed_size, const void *extra, size_t extra_size)
{
	const size_t size = ntb_wire_round(sizeof(struct wire_frame) + fixed_size + extra_size);
	const struct wire_frame frame = { .length = (uint32_t)size, .type = (uint16_t)type };

	memset(to, 0, size);
	memcpy(to, &frame, sizeof(frame));
	if (fixed_size)
		memcpy(to + sizeof(frame), fixed, fixed_size);
	if (extra_size)
		memcpy(to + sizeof(frame) + fixed_size, extra, extra_size);
	return size;
}

void raw_send_frame(int fd, unsigned type, const void *fixed, size_t size)
{
	uint8_t bytes[8192];

	raw_send(fd, bytes, raw_frame(bytes, type, fixed, size, NULL, 0));
}

/* Wait for a frame of that type, skipping others. */
static void expect(int fd, unsigned type)
{
	const int64_t deadline = now_ms() + PATIENCE_MS;
	struct wire_frame frame;
	uint8_t body[8192];

	while (now_ms() < deadline) {
		assert_int_equal(recv(fd, &frame, sizeof(frame), MSG_WAITALL), sizeof(frame));
		assert_in_range(frame.length, sizeof(frame), sizeof(body));
		if (frame.length > sizeof(frame))
			assert_int_equal(recv(fd, body, frame.length - sizeof(frame), MSG_WAITALL),
					 frame.length - sizeof(frame));
		if (frame.type == type)
			return;
	}
	fail_msg("no frame of type %u", type);
}

void raw_greet(int fd)
{
	const struct wire_hello hello = { WIRE_MAGIC, WIRE_VERSION, WIRE_CAP_RAM };

	raw_send_frame(fd, WIRE_HELLO, &hello, sizeof(hello));
	expect(fd, WIRE_WELCOME);
}

void raw_attach(int fd, unsigned port)
{
	const struct wire_attach attach = { .port = port };

	raw_greet(fd);
	raw_send_frame(fd, WIRE_ATTACH, &attach, sizeof(attach));
	expect(fd, WIRE_ATTACHED);
}

bool raw_gone(int fd, char *bye, size_t size, int ms)
{
	static uint8_t all[4u << 20];
	const int64_t deadline = now_ms() + ms;
	size_t used = 0;

	bye[0] = '\0';
	for (;;) {
		struct pollfd pollfd = { .fd = fd, .events = POLLIN };
		ssize_t got;

		if (now_ms() > deadline)
			return false;
		if (poll(&pollfd, 1, 100) != 1)
			continue;
		got = recv(fd, all + used, sizeof(all) - used, 0);
		if (got <= 0)
			break;
		used += (size_t)got;
	}
	for (size_t at = 0; at + sizeof(struct wire_frame) <= used;) {
		const struct wire_frame *frame = (const struct wire_frame *)(const void *)(all + at);
		const struct wire_text *text = ntb_wire_body(frame);

		if (frame->length < sizeof(*frame) || at + frame->length > used)
			break;
		if (frame->type == WIRE_BYE)
			snprintf(bye, size, "%.*s", (int)text->size, (const char *)(text + 1));
		at += frame->length;
	}
	return true;
}

uint32_t raw_random(void)
{
	static uint64_t state = 20261121;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33);
}
