/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A listening socket in the file system: the one a killed server left is replaced, one that is served is not, nor is
 * anything that is not a socket. A lock file beside it settles who serves while both are starting.
 */
#ifndef IDTNTB_VFIO_USER_LISTENER_H
#define IDTNTB_VFIO_USER_LISTENER_H

#include <sys/types.h>
#include <sys/un.h>

#define LISTENER_SUFFIX ".lock"
#define LISTENER_PATH_MAXIMUM (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

struct listener {
	int fd; /* non-blocking; -1: not open */
	int lock;
	int spare; /* let go of to refuse a client when no descriptor is free */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char lock_path[sizeof(((struct sockaddr_un *)0)->sun_path) + sizeof(LISTENER_SUFFIX)];
	dev_t device;
	ino_t inode;
};

/* @return 0, or negative after a line that says why. */
int listener_open(struct listener *listener, const char *path, mode_t mode);
/* Take a client. @return its descriptor, non-blocking, or a negative errno value. */
int listener_accept(struct listener *listener);
/* Removes the socket if it is still ours. */
void listener_close(struct listener *listener);

#endif
