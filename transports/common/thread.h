/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads of a library inside a program that has its own. */
#ifndef NTB_THREAD_H
#define NTB_THREAD_H

#include <pthread.h>

/*
 * Start a thread that signals leave alone: they are the program's own business and go to its own threads. But a fault in
 * memory that others can cut short comes to the thread that touches it, and to block that is to die of it, whatever handler
 * the program has. name: 15 characters at most. 0, or -errno.
 */
int ntb_thread_start(pthread_t *thread, void *(*run)(void *opaque), void *opaque, const char *name);

#endif
