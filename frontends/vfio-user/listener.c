/* SPDX-License-Identifier: BSD-3-Clause */
#include "listener.h"

#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int lock_take(struct listener *listener)
{
	struct stat ours, there;

	snprintf(listener->lock_path, sizeof(listener->lock_path), "%s" LISTENER_SUFFIX, listener->path);
	for (;;) {
		int fd = open(listener->lock_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
		int error;

		if (fd < 0) {
			error = errno;
			say("%s: cannot make the lock file: %s; --port needs a folder that can be written to",
			    listener->lock_path, strerror(error));
			return -error;
		}
		if (flock(fd, LOCK_EX | LOCK_NB)) {
			error = errno;
			close(fd);
			if (error == EWOULDBLOCK)
				say("%s: a server is running on it already; stop it or give another path",
				    listener->path);
			else
				say("%s: cannot lock: %s", listener->lock_path, strerror(error));
			return -error;
		}
		/* The last holder removes the file while holding it: see that what was locked is what is there. */
		if (!fstat(fd, &ours) && !lstat(listener->lock_path, &there) && ours.st_dev == there.st_dev &&
		    ours.st_ino == there.st_ino) {
			listener->lock = fd;
			return 0;
		}
		close(fd);
	}
}

/* Take away what a server left that is gone. Only a socket that nobody listens on refuses a connection. */
static int clear(const struct listener *listener, const struct sockaddr_un *address)
{
	struct stat there;
	int probe, error;

	if (lstat(listener->path, &there))
		return 0;
	if (!S_ISSOCK(there.st_mode)) {
		say("%s: is there and is not a socket; not touched, give another path", listener->path);
		return -EEXIST;
	}
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return -errno;
	error = connect(probe, (const struct sockaddr *)address, sizeof(*address)) ? errno : 0;
	close(probe);
	if (error == ENOENT)
		return 0;
	if (error != ECONNREFUSED) {
		say("%s: another program listens on it; stop it or give another path", listener->path);
		return -EADDRINUSE;
	}
	if (unlink(listener->path)) {
		error = errno;
		say("%s: cannot replace the socket of a server that is gone: %s", listener->path, strerror(error));
		return -error;
	}
	return 0;
}

static int bind_and_listen(struct listener *listener, const struct sockaddr_un *address, mode_t mode)
{
	struct stat there;
	mode_t mask;
	int error;

	listener->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->spare < 0 || listener->fd < 0)
		return -errno;
	/* Through the mask, so that there is no moment at which the socket is open to others. */
	mask = umask(0777 & ~mode);
	error = bind(listener->fd, (const struct sockaddr *)address, sizeof(*address)) ? errno : 0;
	umask(mask);
	if (error)
		return -error;
	if (lstat(listener->path, &there) || listen(listener->fd, 8)) {
		error = errno;
		unlink(listener->path);
		return -error;
	}
	listener->device = there.st_dev;
	listener->inode = there.st_ino;
	return 0;
}

int listener_open(struct listener *listener, const char *path, mode_t mode)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int error;

	*listener = (struct listener){ .fd = -1, .lock = -1, .spare = -1 };
	/* options.c has checked the length. */
	snprintf(listener->path, sizeof(listener->path), "%s", path);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	error = lock_take(listener);
	if (error)
		return error;
	error = clear(listener, &address);
	if (!error) {
		error = bind_and_listen(listener, &address, mode);
		if (error)
			say("%s: cannot listen: %s", path, strerror(-error));
	}
	if (error)
		listener_close(listener);
	return error;
}

int listener_accept(struct listener *listener)
{
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), error = errno;

	if (fd >= 0)
		return fd;
	if ((error == EMFILE || error == ENFILE) && listener->spare >= 0) {
		/* Hang up on it, so that it learns of it at once and does not keep the socket readable. */
		close(listener->spare);
		fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			close(fd);
		listener->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	}
	return -error;
}

void listener_close(struct listener *listener)
{
	struct stat there;

	if (listener->inode && !lstat(listener->path, &there) && there.st_dev == listener->device &&
	    there.st_ino == listener->inode)
		unlink(listener->path);
	if (listener->fd >= 0)
		close(listener->fd);
	if (listener->spare >= 0)
		close(listener->spare);
	if (listener->lock >= 0) {
		unlink(listener->lock_path);
		close(listener->lock);
	}
	*listener = (struct listener){ .fd = -1, .lock = -1, .spare = -1 };
}
