/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the server has in the file system besides its memory: a lock file that tells who serves, and listening sockets.
 * What a killed server left is replaced; what somebody serves, or what is not a socket, is left alone.
 */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int lock_take(struct server_lock *lock, const char *socket)
{
	struct stat ours, there;

	snprintf(lock->path, sizeof(lock->path), "%s.lock", socket);
	for (;;) {
		lock->fd = open(lock->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
		if (lock->fd < 0) {
			int error = errno;

			say("%s: cannot make the lock file: %s; --socket needs a folder that can be written to",
			    lock->path, strerror(error));
			return -error;
		}
		if (flock(lock->fd, LOCK_EX | LOCK_NB)) {
			int error = errno;

			close(lock->fd);
			if (error == EWOULDBLOCK)
				say("%s: a server is running on it already; stop it or give another --socket", socket);
			else
				say("%s: cannot lock: %s", lock->path, strerror(error));
			return -error;
		}
		/* The last holder removes the file while holding it: see that what was locked is what is there. */
		if (!fstat(lock->fd, &ours) && !lstat(lock->path, &there) && ours.st_dev == there.st_dev &&
		    ours.st_ino == there.st_ino)
			return 0;
		close(lock->fd);
	}
}

void lock_drop(struct server_lock *lock)
{
	unlink(lock->path);
	close(lock->fd);
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	/* server-options.c has checked the length. */
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return address;
}

int listener_clear(const char *path, int type)
{
	struct sockaddr_un address = address_of(path);
	struct stat there;
	int probe, error;

	if (lstat(path, &there))
		return 0;
	if (!S_ISSOCK(there.st_mode)) {
		say("%s: is there and is not a socket; not touched, give another --socket", path);
		return -EEXIST;
	}
	/* Only a socket that nobody listens on refuses. (Whoever serves without our lock is another program.) */
	probe = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return -errno;
	error = connect(probe, (struct sockaddr *)&address, sizeof(address)) ? errno : 0;
	close(probe);
	if (error == ENOENT)
		return 0;
	if (error != ECONNREFUSED) {
		say("%s: another program listens on it%s%s; stop it or give another --socket", path, error ? ": " : "",
		    error ? strerror(error) : "");
		return -EADDRINUSE;
	}
	if (unlink(path)) {
		error = errno;
		say("%s: cannot replace the socket of a server that is gone: %s", path, strerror(error));
		return -error;
	}
	return 0;
}

/*
 * No descriptor is free for the connection that waits: let go of the spare one to take it and hang up, so that the
 * client learns of it at once. @return whether there may be more.
 */
static bool refuse_one(struct listener *listener)
{
	int fd;

	if (worth_a_line(&listener->refused))
		say("%s: a client was refused: %s; raise the limit of open files (ulimit -n)", listener->path,
		    strerror(errno));
	if (listener->spare < 0)
		return false;
	close(listener->spare);
	fd = accept4(listener->source.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		close(fd);
	listener->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return fd >= 0;
}

static void listener_ready(struct source *source, uint32_t events)
{
	struct listener *listener = container_of(source, struct listener, source);

	(void)events;
	for (;;) {
		int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0)
			listener->accepted(listener->opaque, fd);
		else if (errno == EINTR || errno == ECONNABORTED)
			continue;
		else if (errno == EAGAIN || !refuse_one(listener))
			/* Edge-triggered: what could not be taken waits for the next connection, without spinning. */
			return;
	}
}

int listener_open(struct listener *listener, struct loop *loop, const char *path, int type, mode_t mode)
{
	struct sockaddr_un address = address_of(path);
	struct stat there;
	mode_t mask;
	int error;

	listener->loop = loop;
	listener->refused = 0;
	listener->source.ready = listener_ready;
	snprintf(listener->path, sizeof(listener->path), "%s", path);
	listener->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	listener->source.fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->spare < 0 || listener->source.fd < 0)
		goto fail;
	/* Through the mask, so that there is no moment at which the socket is open to others. */
	mask = umask(0777 & ~mode);
	error = bind(listener->source.fd, (struct sockaddr *)&address, sizeof(address)) ? errno : 0;
	umask(mask);
	errno = error;
	if (error)
		goto fail;
	if (lstat(path, &there))
		goto fail_bound;
	listener->device = there.st_dev;
	listener->inode = there.st_ino;
	if (listen(listener->source.fd, SERVER_CLIENTS))
		goto fail_bound;
	error = loop_add(loop, &listener->source, EPOLLIN | EPOLLET);
	if (!error)
		return 0;
	errno = -error;
fail_bound:
	unlink(path);
fail:
	error = errno;
	say("%s: cannot listen: %s", path, strerror(error));
	if (listener->source.fd >= 0)
		close(listener->source.fd);
	if (listener->spare >= 0)
		close(listener->spare);
	return -error;
}

void listener_close(struct listener *listener)
{
	struct stat there;

	if (!lstat(listener->path, &there) && there.st_dev == listener->device && there.st_ino == listener->inode)
		unlink(listener->path);
	loop_remove(listener->loop, &listener->source);
	close(listener->spare);
}
