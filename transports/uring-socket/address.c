/* SPDX-License-Identifier: BSD-3-Clause */
#include "address.h"

#include "../common/error.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORMS "unix:PATH or tcp:HOST:PORT"

static int parse_path(struct ntb_address *address, const char *path, struct idtntb_error *error)
{
	if (!*path)
		return ntb_fail(error, -EINVAL, "'unix:' lacks the path of the daemon's socket");
	if (strlen(path) >= sizeof(address->path.sun_path))
		return ntb_fail(error, -EINVAL, "'unix:%.40s...': a Unix socket's path has at most %zu characters",
				path, sizeof(address->path.sun_path) - 1);
	address->path.sun_family = AF_UNIX;
	memcpy(address->path.sun_path, path, strlen(path) + 1);
	return 0;
}

/* A number; getaddrinfo(3) would take 70000 for 4464. To port 0 nobody can connect. */
static bool is_port(const char *text, bool listen)
{
	unsigned long value;

	if (!*text || strlen(text) > 5 || strspn(text, "0123456789") != strlen(text))
		return false;
	value = strtoul(text, NULL, 10);
	return value <= UINT16_MAX && (value || listen);
}

/* HOST:PORT, [HOST]:PORT or PORT. */
static int parse_host(struct ntb_address *address, const char *text, bool listen, struct idtntb_error *error)
{
	const char *colon = strrchr(text, ':'), *port = colon ? colon + 1 : text, *host = text;
	size_t length = colon ? (size_t)(colon - text) : 0;

	if (length >= 2 && host[0] == '[' && host[length - 1] == ']') {
		host++;
		length -= 2;
	}
	if (!is_port(port, listen) || (!length && !listen) || length >= sizeof(address->host))
		return ntb_fail(error, -EINVAL, "'tcp:%.80s' is not %s, a port being a number up to 65535", text,
				listen ? "tcp:PORT or tcp:ADDRESS:PORT" : "tcp:HOST:PORT");
	memcpy(address->host, host, length);
	memcpy(address->port, port, strlen(port) + 1);
	return 0;
}

int ntb_address_parse(struct ntb_address *address, const char *text, bool listen, struct idtntb_error *error)
{
	memset(address, 0, sizeof(*address));
	if (!strncmp(text, "unix:", 5))
		return parse_path(address, text + 5, error);
	address->tcp = true;
	if (!strncmp(text, "tcp:", 4))
		return parse_host(address, text + 4, listen, error);
	return ntb_fail(error, -EINVAL, "'%.80s' does not say where the daemon is: " FORMS " does", text);
}

int ntb_address_resolve(const struct ntb_address *address, struct addrinfo **found, struct idtntb_error *error)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	/* Nobody named: this machine alone. */
	const char *host = *address->host ? address->host : "127.0.0.1";
	int ret = getaddrinfo(host, address->port, &hints, found);

	if (!ret)
		return 0;
	return ntb_fail(error, ret == EAI_SYSTEM ? -errno : -EHOSTUNREACH, "address of %s, port %s: %s", host,
			address->port, ret == EAI_SYSTEM ? strerror(errno) : gai_strerror(ret));
}

void ntb_address_tune(int fd)
{
	const int one = 1;

	/* Frames are whole messages, and somebody waits for each. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

/* Connect a socket that does not block. 0 or -errno. */
static int connect_within(int fd, const struct sockaddr *to, socklen_t size, int ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLOUT };
	socklen_t length = sizeof(int);
	int error = 0;

	if (!connect(fd, to, size))
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	if (poll(&pollfd, 1, ms) != 1)
		return -ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
	return -error;
}

/* One candidate: a socket, or -errno. */
static int try_one(int family, const struct sockaddr *to, socklen_t size, int ms)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), ret;

	if (fd < 0)
		return -errno;
	ret = connect_within(fd, to, size, ms);
	if (ret) {
		close(fd);
		return ret;
	}
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	return fd;
}

int ntb_address_connect(const struct ntb_address *address, int ms, struct idtntb_error *error)
{
	struct addrinfo *found;
	int fd;

	if (!address->tcp) {
		fd = try_one(AF_UNIX, (const struct sockaddr *)&address->path, sizeof(address->path), ms);
		return fd >= 0 ? fd
			       : ntb_fail(error, fd, "no daemon at unix:%.100s: %s; idtntbd --listen starts one",
					  address->path.sun_path, strerror(-fd));
	}
	fd = ntb_address_resolve(address, &found, error);
	if (fd)
		return fd;
	for (const struct addrinfo *one = found; one; one = one->ai_next) {
		fd = try_one(one->ai_family, one->ai_addr, one->ai_addrlen, ms);
		if (fd >= 0)
			break;
	}
	freeaddrinfo(found);
	if (fd < 0)
		return ntb_fail(error, fd, "no daemon at tcp:%.80s:%s: %s; idtntbd --listen starts one", address->host,
				address->port, strerror(-fd));
	ntb_address_tune(fd);
	return fd;
}
