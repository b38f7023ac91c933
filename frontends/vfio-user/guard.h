/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client can cut its RAM file short while this process uses it: whoever touches what is gone gets SIGBUS. The guard
 * knows all mappings of others' memory; when one of them faults, it is replaced as a whole by memory of our own, the
 * access goes on, and the mapping is marked as broken.
 */
#ifndef IDTNTB_VFIO_USER_GUARD_H
#define IDTNTB_VFIO_USER_GUARD_H

#include <stdbool.h>
#include <stddef.h>

struct guard;

/* Install the handler, before there is a thread. @return 0 or a negative errno value. */
int guard_install(void);
/*
 * Guard a mapping. An eventfd that is not negative is written to when it breaks. @return NULL: the table is full.
 */
struct guard *guard_add(void *base, size_t size, int eventfd);
bool guard_broken(const struct guard *guard);
/*
 * Nobody accesses the mapping any more. Before it is taken down: what is mapped in its place next, by whichever thread, would
 * be replaced in its stead. NULL is allowed.
 */
void guard_remove(struct guard *guard);

#endif
