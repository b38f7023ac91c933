/* SPDX-License-Identifier: BSD-3-Clause */
/* Looking into a switch of this process. It is found by its name each time: a view keeps no switch alive. */
#include "local.h"

#include "../common/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct watch {
	char *name;
	uint64_t serial; /* of the switch held last */
	struct local_switch *held;
};

static int watch_open(struct idtntb_view *view, const char *where, struct idtntb_error *error)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	view->state = watch;
	if (watch)
		watch->name = strdup(where);
	return watch && watch->name ? 0 : ntb_fail(error, -ENOMEM, "no memory for a view");
}

static void watch_close(struct idtntb_view *view)
{
	struct watch *watch = view->state;

	if (!watch)
		return;
	ntb_view_memory_forget(view);
	free(watch->name);
	free(watch);
}

static int watch_hold(struct idtntb_view *view, void **memory, size_t *size, struct idtntb_error *error)
{
	struct watch *watch = view->state;

	watch->held = ntb_local_hold(watch->name);
	if (!watch->held || watch->held->serial != watch->serial)
		ntb_view_memory_forget(view);
	if (!watch->held)
		return ntb_fail(error, -ENODEV, "there is no switch 'local:%.60s' in this process", watch->name);
	watch->serial = watch->held->serial;
	*memory = watch->held->memory;
	*size = watch->held->size;
	return 0;
}

static void watch_release(struct idtntb_view *view)
{
	((struct watch *)view->state)->held = NULL;
	ntb_local_release();
}

static void watch_kick(struct idtntb_view *view, uint32_t slots)
{
	ntb_local_wake(((struct watch *)view->state)->held, slots);
}

static int watch_lock(struct idtntb_view *view, struct idtntb_error *error)
{
	(void)view;
	return ntb_fail(error, -EBUSY, "a switch inside a process is there only while a port of it is attached");
}

static void watch_unlock(struct idtntb_view *view)
{
	(void)view;
}

static const struct ntb_view_memory_ops watch_memory_ops = {
	.hold = watch_hold,
	.release = watch_release,
	.kick = watch_kick,
	.lock = watch_lock,
	.unlock = watch_unlock,
};

const struct ntb_view_ops ntb_local_view_ops = {
	.open = watch_open,
	.close = watch_close,
	NTB_VIEW_OF_MEMORY,
	.memory = &watch_memory_ops,
};
