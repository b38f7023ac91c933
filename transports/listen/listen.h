/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A Unix socket in the file system that a program listens on. What a killed program left is replaced; what somebody
 * serves, or what is not a socket, is left alone. A lock file beside it settles who serves while several are starting.
 *
 * Functions return 0 or -errno, and leave a line in *error then. Not for several threads: the mode of a socket goes
 * through the umask of the process.
 */
#ifndef NTB_LISTEN_H
#define NTB_LISTEN_H

#include <idtntb.h>

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#define NTB_PATH_SIZE sizeof(((struct sockaddr_un *)0)->sun_path)
#define NTB_LOCK_SUFFIX ".lock"

/* As many descriptors as the process may have: its clients bring some. */
void ntb_descriptors_raise(void);

/* Whoever holds the lock file serves at that path, and at those that are made of it. */
struct ntb_place {
	int fd;
	char path[NTB_PATH_SIZE + sizeof(NTB_LOCK_SUFFIX)];
};

/* path: as for ntb_listener_open(). */
int ntb_place_take(struct ntb_place *place, const char *path, struct idtntb_error *error);
/* Removes the lock file. */
void ntb_place_drop(struct ntb_place *place);

struct ntb_listener {
	int fd; /* -1: not open */
	int spare; /* let go of to refuse a client when no descriptor is free */
	char path[NTB_PATH_SIZE];
	dev_t device; /* of the socket in the file system, so that only our own is removed */
	ino_t inode;
};

/* Make sure that nobody serves this path and that nothing is there. The place is taken. */
int ntb_listener_clear(const char *path, int type, struct idtntb_error *error);
/*
 * Listen, non-blocking, with that mode from the first moment on. Nothing is left open or behind on failure.
 * @param path shorter than NTB_PATH_SIZE.
 */
int ntb_listener_open(struct ntb_listener *listener, const char *path, int type, mode_t mode, int backlog,
		      struct idtntb_error *error);
/*
 * No descriptor is free for the client that waits: take it with the spare one and hang up, so that it learns of it at once
 * and the socket does not stay readable.
 * @return whether there was one.
 */
bool ntb_listener_refuse(struct ntb_listener *listener);
/* Removes the socket if it is still ours. Also after a failure of ntb_listener_open(). */
void ntb_listener_close(struct ntb_listener *listener);

#endif
