/* SPDX-License-Identifier: BSD-3-Clause */
/* The socket that clients connect to: a file with a mode, or a TCP port of this machine alone. */
#include "daemon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 64
#define LINGER_TURNS 100 /* of 20 ms */

/* A killed daemon's socket is listened to until the kernel has taken apart what it had asked of io_uring. */
static int clear(const char *path, struct idtntb_error *error)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	int ret = -EADDRINUSE;

	for (unsigned i = 0; i < LINGER_TURNS && ret == -EADDRINUSE; i++) {
		if (i)
			nanosleep(&pause, NULL);
		ret = ntb_listener_clear(path, SOCK_STREAM, error);
	}
	return ret;
}

static int open_path(struct daemon *daemon)
{
	const struct daemon_options *options = daemon->options;
	const char *path = options->address.path.sun_path;
	struct idtntb_error error;
	int ret = ntb_place_take(&daemon->place, path, &error);

	if (!ret)
		ret = clear(path, &error);
	if (!ret)
		ret = ntb_listener_open(&daemon->socket, path, SOCK_STREAM, options->mode, BACKLOG, &error);
	if (ret) {
		say("%s", error.text);
		return ret;
	}
	/* io_uring waits for a client only where accept(2) would. */
	return fcntl(daemon->socket.fd, F_SETFL, 0) ? -errno : daemon->socket.fd;
}

static bool is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24 == 127;
	return address->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static int open_port(const struct daemon_options *options)
{
	const int one = 1;
	struct addrinfo *found;
	struct idtntb_error error;
	int fd, ret = ntb_address_resolve(&options->address, &found, &error);

	if (ret) {
		say("%s", error.text);
		return ret;
	}
	if (!is_loopback(found->ai_addr) && !options->insecure) {
		say("--listen %s: not an address of this machine alone, and there is no encryption: let clients come "
		    "through ssh -L, or give --insecure-network",
		    options->listen);
		freeaddrinfo(found);
		return -EACCES;
	}
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		ret = -errno;
	} else {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, BACKLOG)) {
			ret = -errno;
			close(fd);
		}
	}
	freeaddrinfo(found);
	if (ret)
		say("--listen %s: %s", options->listen, strerror(-ret));
	return ret ? ret : fd;
}

/* Where it listens, as clients name it: a port that the system has chosen is not in the options. */
static void name_it(struct daemon *daemon, int fd)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	char host[INET6_ADDRSTRLEN], port[8];

	snprintf(daemon->where, sizeof(daemon->where), "%s", daemon->options->listen);
	if (!daemon->options->address.tcp || getsockname(fd, (struct sockaddr *)&address, &size) ||
	    getnameinfo((struct sockaddr *)&address, size, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		return;
	snprintf(daemon->where, sizeof(daemon->where), strchr(host, ':') ? "tcp:[%s]:%s" : "tcp:%s:%s", host, port);
}

int listen_open(struct daemon *daemon)
{
	const struct daemon_options *options = daemon->options;

	daemon->socket.fd = daemon->socket.spare = daemon->place.fd = -1;
	daemon->listener = options->address.tcp ? open_port(options) : open_path(daemon);
	if (daemon->listener < 0)
		return daemon->listener;
	name_it(daemon, daemon->listener);
	return 0;
}

void listen_close(struct daemon *daemon)
{
	if (daemon->options->address.tcp && daemon->listener >= 0)
		close(daemon->listener);
	ntb_listener_close(&daemon->socket);
	ntb_place_drop(&daemon->place);
}
