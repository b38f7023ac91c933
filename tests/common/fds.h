/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages with descriptors over a Unix socket. */
#ifndef TESTS_COMMON_FDS_H
#define TESTS_COMMON_FDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define FDS_MAX 253 /* Linux has no more in one message */

/* @return whether all bytes went, and the descriptors with them. */
bool fds_send(int socket, const void *data, size_t size, const int *fds, unsigned count);

/* Take what comes with one recvmsg(), at most FDS_MAX descriptors. @return its result; *count descriptors are the caller's. */
ssize_t fds_receive(int socket, void *data, size_t size, int fds[FDS_MAX], unsigned *count);

#endif
