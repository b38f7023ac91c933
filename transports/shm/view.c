/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Looking into a switch in a file: it is mapped, and left alone but for a short lock where a saved state is loaded. The
 * file is looked at again each time: it may have been removed and made anew, or cut short.
 */
#include "shm.h"

#include "../common/error.h"
#include "../common/lock.h"
#include "../common/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct watch {
	char *where;
	struct ntb_memory memory;
};

/* Whether the file under the name is the one that is mapped. */
static bool current(const struct watch *watch)
{
	struct stat st;

	return watch->memory.base && !lstat(watch->where, &st) && st.st_dev == watch->memory.dev &&
	       st.st_ino == watch->memory.ino;
}

/* The size of the file that is mapped, or 0. */
static uint64_t size_now(const struct ntb_memory *memory)
{
	struct stat st;

	return memory->base && !fstat(memory->fd, &st) && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

static int watch_hold(struct idtntb_view *view, void **memory, size_t *size, struct idtntb_error *error)
{
	struct watch *watch = view->state;
	const uint64_t there = size_now(&watch->memory);
	struct ntb_memory fresh;
	/* To look at what has been cut off would be the end of us. */
	bool useful = there && there >= watch->memory.size;

	if (!current(watch) || there != watch->memory.size) {
		/* A file without a name is a switch as long as somebody is on it. */
		useful = useful && ntb_held(&watch->memory);
		if (!ntb_shm_find(&fresh, watch->where, error)) {
			ntb_view_memory_forget(view);
			ntb_memory_drop(&watch->memory);
			watch->memory = fresh;
			useful = true;
		}
	}
	if (!useful)
		return ntb_fail(error, -ENODEV, "the switch in the file '%.150s' is gone", watch->where);
	*memory = watch->memory.base;
	*size = watch->memory.size;
	return 0;
}

static void watch_release(struct idtntb_view *view)
{
	(void)view; /* nobody can take the memory away */
}

static void watch_kick(struct idtntb_view *view, uint32_t slots)
{
	ntb_shm_ring(((struct watch *)view->state)->memory.base, slots);
}

static int watch_lock(struct idtntb_view *view, struct idtntb_error *error)
{
	return ntb_lock_out(&((struct watch *)view->state)->memory, idtntb_switch_topology(view->live), error);
}

static void watch_unlock(struct idtntb_view *view)
{
	ntb_lock_drop(((struct watch *)view->state)->memory.fd, NTB_LOCK_JOIN);
}

static const struct ntb_view_memory_ops memory_ops = {
	.hold = watch_hold,
	.release = watch_release,
	.kick = watch_kick,
	.lock = watch_lock,
	.unlock = watch_unlock,
};

static int watch_open(struct idtntb_view *view, const char *where, struct idtntb_error *error)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	view->state = watch;
	if (watch) {
		ntb_memory_init(&watch->memory);
		watch->where = strdup(where);
	}
	if (!watch || !watch->where)
		return ntb_fail(error, -ENOMEM, "no memory for a view");
	return ntb_shm_find(&watch->memory, where, error);
}

static void watch_close(struct idtntb_view *view)
{
	struct watch *watch = view->state;

	if (!watch)
		return;
	ntb_view_memory_forget(view);
	ntb_memory_drop(&watch->memory);
	free(watch->where);
	free(watch);
}

const struct ntb_view_ops ntb_shm_view_ops = {
	.open = watch_open,
	.close = watch_close,
	NTB_VIEW_OF_MEMORY,
	.memory = &memory_ops,
};
