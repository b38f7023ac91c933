/* SPDX-License-Identifier: BSD-3-Clause */
/* Views: the snapshot and its replacement, whatever the transport. */
#include "view.h"

#include "error.h"
#include "spec.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define TRIES 20 /* for a switch that is being made at this moment */

static int make(struct idtntb_view **made, const struct ntb_view_ops *ops, struct idtntb_error *error)
{
	struct idtntb_view *view = calloc(1, sizeof(*view));

	*made = view;
	if (!view)
		return ntb_fail(error, -ENOMEM, "no memory for a view");
	view->ops = ops;
	view->image = malloc(idtntb_save_size());
	view->counters = calloc(IDTNTB_PORTS, idtntb_counters_size());
	view->next_counters = calloc(IDTNTB_PORTS, idtntb_counters_size());
	if (!view->image || !view->counters || !view->next_counters)
		return ntb_fail(error, -ENOMEM, "no memory for the snapshot of a view");
	return 0;
}

int idtntb_view_open(struct idtntb_view **opened, const char *spec, struct idtntb_error *error)
{
	const struct ntb_transport *transport = NULL;
	struct idtntb_view *view = NULL;
	const char *where = NULL;
	int ret = ntb_spec_parse(spec, NTB_TO_VIEW, &transport, &where, error);

	*opened = NULL;
	if (!ret)
		ret = make(&view, transport ? transport->view : NULL, error);
	if (!ret)
		ret = view->ops->open(view, where, error);
	if (!ret)
		ret = idtntb_view_refresh(view, error);
	if (ret) {
		idtntb_view_close(view);
		return ret;
	}
	*opened = view;
	return 0;
}

void idtntb_view_close(struct idtntb_view *view)
{
	if (!view)
		return;
	view->ops->close(view);
	idtntb_switch_close(view->sw);
	free(view->counters);
	free(view->next_counters);
	free(view->image);
	free(view);
}

/* Once; -EAGAIN when what was taken is no switch that is finished. */
static int take(struct idtntb_view *view, struct idtntb_error *error)
{
	struct idtntb_switch *sw = NULL;
	size_t size = idtntb_save_size();
	void *counters = view->next_counters;
	uint32_t counted = 0;
	int ret = view->ops->snapshot(view, view->image, &size, counters, &counted, error);

	if (ret)
		return ret;
	ret = idtntb_switch_open_image(&sw, view->image, size, error);
	if (ret)
		return ret == -EINVAL && view->ops->poke ? -EAGAIN : ret;
	/* Another one has been made where that was: what was known of it is worth nothing. */
	if (view->live &&
	    idtntb_topology_compare(idtntb_switch_topology(view->live), idtntb_switch_topology(sw), NULL)) {
		idtntb_switch_close(sw);
		ntb_view_memory_forget(view);
		return -EAGAIN;
	}
	idtntb_switch_close(view->sw);
	view->sw = sw;
	view->next_counters = view->counters;
	view->counters = counters;
	view->counted = counted;
	return 0;
}

int idtntb_view_refresh(struct idtntb_view *view, struct idtntb_error *error)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int ret = take(view, error);

	for (unsigned i = 0; ret == -EAGAIN && i < TRIES; i++) {
		nanosleep(&pause, NULL);
		ret = take(view, error);
	}
	return ret == -EAGAIN ? ntb_fail(error, -ENODEV, "there is no finished switch: it is being made, or was never")
			      : ret;
}

const struct idtntb_switch *idtntb_view_switch(const struct idtntb_view *view)
{
	return view->sw;
}

const void *idtntb_view_counters(const struct idtntb_view *view, unsigned slot)
{
	if (slot >= IDTNTB_PORTS || !(view->counted >> slot & 1))
		return NULL;
	return (const char *)view->counters + slot * idtntb_counters_size();
}

bool idtntb_view_writable(const struct idtntb_view *view)
{
	return view->ops->poke;
}

static int refuse(struct idtntb_error *error)
{
	return ntb_fail(error, -EROFS, "a saved state cannot be written: name a live switch");
}

int idtntb_view_poke(struct idtntb_view *view, unsigned port, uint32_t offset, uint32_t value,
		     struct idtntb_error *error)
{
	return view->ops->poke ? view->ops->poke(view, port, offset, value, error) : refuse(error);
}

int idtntb_view_link_force(struct idtntb_view *view, unsigned port, bool down, struct idtntb_error *error)
{
	return view->ops->link_force ? view->ops->link_force(view, port, down, error) : refuse(error);
}

int idtntb_view_load(struct idtntb_view *view, const void *image, size_t size, struct idtntb_error *error)
{
	return view->ops->load ? view->ops->load(view, image, size, error) : refuse(error);
}
