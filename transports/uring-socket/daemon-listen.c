/* SPDX-License-Identifier: BSD-3-Clause */
/* The socket that clients connect to: a file with a mode, or a TCP port of this machine alone. */
#include "daemon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG 64

/* What a daemon that is gone has left is replaced; what is not a socket, or is listened to, is left alone. */
static int clear(const struct daemon_options *options)
{
	const struct sockaddr_un *address = &options->address.path;
	struct stat there;
	int probe, error;

	if (lstat(address->sun_path, &there))
		return 0;
	if (!S_ISSOCK(there.st_mode)) {
		say("%s: is there and is not a socket; not touched, give another --listen", address->sun_path);
		return -EEXIST;
	}
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return -errno;
	error = connect(probe, (const struct sockaddr *)address, sizeof(*address)) ? errno : 0;
	close(probe);
	if (error != ECONNREFUSED && error != ENOENT) {
		say("%s: a program listens on it already; stop it or give another --listen", address->sun_path);
		return -EADDRINUSE;
	}
	if (!error || unlink(address->sun_path)) {
		say("%s: cannot replace the socket of a daemon that is gone: %s", address->sun_path, strerror(errno));
		return -errno;
	}
	return 0;
}

static int open_path(const struct daemon_options *options)
{
	const struct sockaddr_un *address = &options->address.path;
	mode_t mask;
	int fd, ret = clear(options);

	if (ret)
		return ret;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* Through the mask, so that there is no moment at which the socket is open to others. */
	mask = umask(0777 & ~options->mode);
	ret = bind(fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;
	umask(mask);
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
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
		if (bind(fd, found->ai_addr, found->ai_addrlen)) {
			ret = -errno;
			close(fd);
		}
	}
	freeaddrinfo(found);
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
	int fd = options->address.tcp ? open_port(options) : open_path(options);

	/* Those have said theirs. */
	if (fd == -EACCES || fd == -EEXIST || (fd == -EADDRINUSE && !options->address.tcp))
		return fd;
	if (fd >= 0 && listen(fd, BACKLOG)) {
		const int error = errno;

		close(fd);
		fd = -error;
	}
	if (fd < 0)
		say("--listen %s: %s", options->listen, strerror(-fd));
	else
		name_it(daemon, fd);
	return fd;
}

void listen_close(const struct daemon_options *options, int fd)
{
	close(fd);
	if (!options->address.tcp)
		unlink(options->address.path.sun_path);
}
