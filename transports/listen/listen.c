/* SPDX-License-Identifier: BSD-3-Clause */
#include "listen.h"

#include "../common/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

void ntb_descriptors_raise(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return address;
}

/* ---------------------------------------------------------------- the place */

int ntb_place_take(struct ntb_place *place, const char *path, struct idtntb_error *error)
{
	struct stat ours, there;
	int ret;

	snprintf(place->path, sizeof(place->path), "%s" NTB_LOCK_SUFFIX, path);
	for (;;) {
		place->fd = open(place->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
		if (place->fd < 0)
			return ntb_fail(
				error, -errno,
				"%s: cannot make the lock file: %s; a socket needs a folder that can be written to",
				place->path, strerror(errno));
		if (flock(place->fd, LOCK_EX | LOCK_NB)) {
			ret = errno == EWOULDBLOCK
				      ? ntb_fail(error, -errno,
						 "%s: a server is running on it already; stop it or give another path",
						 path)
				      : ntb_fail(error, -errno, "%s: cannot lock: %s", place->path, strerror(errno));
			close(place->fd);
			place->fd = -1;
			return ret;
		}
		/* The last holder removes the file while holding it: see that what was locked is what is there. */
		if (!fstat(place->fd, &ours) && !lstat(place->path, &there) && ours.st_dev == there.st_dev &&
		    ours.st_ino == there.st_ino)
			return 0;
		close(place->fd);
	}
}

void ntb_place_drop(struct ntb_place *place)
{
	if (place->fd < 0)
		return;
	unlink(place->path);
	close(place->fd);
	place->fd = -1;
}

/* ---------------------------------------------------------------- the socket */

int ntb_listener_clear(const char *path, int type, struct idtntb_error *error)
{
	const struct sockaddr_un address = address_of(path);
	struct stat there;
	int probe, refusal;

	if (lstat(path, &there))
		return 0;
	if (!S_ISSOCK(there.st_mode))
		return ntb_fail(error, -EEXIST, "%s: is there and is not a socket; not touched, give another path",
				path);
	/* Only a socket that nobody listens on refuses. (Whoever serves without our lock is another program.) */
	probe = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return ntb_fail(error, -errno, "%s: no socket to be had: %s", path, strerror(errno));
	refusal = connect(probe, (const struct sockaddr *)&address, sizeof(address)) ? errno : 0;
	close(probe);
	if (refusal == ENOENT)
		return 0;
	if (refusal != ECONNREFUSED)
		return ntb_fail(error, -EADDRINUSE,
				"%s: another program listens on it%s%s; stop it or give another path", path,
				refusal ? ": " : "", refusal ? strerror(refusal) : "");
	if (unlink(path))
		return ntb_fail(error, -errno, "%s: cannot replace the socket of a server that is gone: %s", path,
				strerror(errno));
	return 0;
}

static int bind_and_listen(struct ntb_listener *listener, mode_t mode, int backlog)
{
	const struct sockaddr_un address = address_of(listener->path);
	struct stat there;
	mode_t mask;
	int ret;

	/* Through the mask, so that there is no moment at which the socket is open to others. */
	mask = umask(0777 & ~mode);
	ret = bind(listener->fd, (const struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	umask(mask);
	if (ret)
		return ret;
	if (lstat(listener->path, &there) || listen(listener->fd, backlog)) {
		ret = -errno;
		unlink(listener->path);
		return ret;
	}
	listener->device = there.st_dev;
	listener->inode = there.st_ino;
	return 0;
}

int ntb_listener_open(struct ntb_listener *listener, const char *path, int type, mode_t mode, int backlog,
		      struct idtntb_error *error)
{
	int ret;

	*listener = (struct ntb_listener){ .fd = -1, .spare = -1 };
	snprintf(listener->path, sizeof(listener->path), "%s", path);
	listener->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	listener->fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ret = listener->spare < 0 || listener->fd < 0 ? -errno : bind_and_listen(listener, mode, backlog);
	if (!ret)
		return 0;
	ntb_listener_close(listener);
	return ntb_fail(error, ret, "%s: cannot listen: %s", path, strerror(-ret));
}

bool ntb_listener_refuse(struct ntb_listener *listener)
{
	int fd;

	if (listener->spare < 0)
		return false;
	close(listener->spare);
	fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		close(fd);
	listener->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return fd >= 0;
}

void ntb_listener_close(struct ntb_listener *listener)
{
	struct stat there;

	if (listener->inode && !lstat(listener->path, &there) && there.st_dev == listener->device &&
	    there.st_ino == listener->inode)
		unlink(listener->path);
	if (listener->fd >= 0)
		close(listener->fd);
	if (listener->spare >= 0)
		close(listener->spare);
	*listener = (struct ntb_listener){ .fd = -1, .spare = -1 };
}
