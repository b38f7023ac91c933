/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is alive, by locks that the kernel drops when a process dies, however it dies: open-file-description locks on
 * bytes of the shared memory's file. Advisory, so the bytes may hold data.
 */
#ifndef NTB_LOCK_H
#define NTB_LOCK_H

#include <stdbool.h>

#define NTB_LOCK_SLOT(slot) (slot) /* held by the owner of that port for its whole life */
#define NTB_LOCK_JOIN 64 /* held while somebody makes the block or takes a port: short */

/* Take a lock without waiting. 0, -EAGAIN when another description holds it, or another -errno. */
int ntb_lock_try(int fd, unsigned byte);
/* Take a lock, waiting at most ms milliseconds. */
int ntb_lock_wait(int fd, unsigned byte, unsigned ms);
void ntb_lock_drop(int fd, unsigned byte);
/* Whether nobody but this description holds the lock. False when that cannot be told. */
bool ntb_lock_free(int fd, unsigned byte);

#endif
