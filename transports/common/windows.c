/* SPDX-License-Identifier: BSD-3-Clause */
/* Which windows can be reached directly, and where. */
#include "transport.h"

#include <string.h>

/* What a window would be mapped to as things stand; mapped is false when it goes by copy or not at all. */
static struct ntb_mapping resolve(struct idtntb_attachment *a, unsigned window, struct idtntb_window_map *map)
{
	struct ntb_mapping to = { .mapped = false };
	const struct ntb_offer_range *range;
	struct idtntb_window info;

	/* A mapping cannot give all ones to reads alone, so what is not readable is not mapped (section 6.2). */
	if (idtntb_attachment_window(a, window, &info) || info.state != IDTNTB_WINDOW_OPEN || !info.readable)
		return to;
	to.slot = info.slot;
	to.owner = ntb_member(a, info.slot).owner;
	/* The RAM of an owner that is gone must not pass for that of its successor. */
	if (!to.owner || a->offers[info.slot].owner != to.owner)
		return to;
	range = ntb_offer_find(&a->offers[info.slot], info.address, info.length, info.offset, map);
	if (!range)
		return to;
	to.mapped = true;
	to.dev = range->dev;
	to.ino = range->ino;
	to.offset = map->offset;
	to.length = map->length;
	return to;
}

static bool same(const struct ntb_mapping *x, const struct ntb_mapping *y)
{
	if (!x->mapped || !y->mapped)
		return x->mapped == y->mapped;
	return x->slot == y->slot && x->owner == y->owner && x->dev == y->dev && x->ino == y->ino &&
	       x->offset == y->offset && x->length == y->length;
}

/* For those who look into the switch. */
static void tell_mapped(struct idtntb_attachment *a, unsigned window, bool mapped)
{
	if (a->transport->remote)
		a->transport->remote->window_mapped(a, window, mapped);
	else
		idtntb_port_window_mapped_set(a->port, window, mapped);
}

void ntb_windows_update(struct idtntb_attachment *a, unsigned window)
{
	struct idtntb_window_map map;
	struct ntb_mapping to;

	if (!a->ops.window_map || !a->port)
		return;
	to = resolve(a, window, &map);
	if (same(&to, &a->windows[window]))
		return;
	a->windows[window] = to;
	a->ops.window_map(a->opaque, window, to.mapped ? &map : NULL);
	tell_mapped(a, window, to.mapped);
}

void ntb_windows_update_all(struct idtntb_attachment *a)
{
	if (!a->ops.window_map || !a->port)
		return;
	for (unsigned slot = 0; slot < idtntb_switch_topology(a->sw)->port_count; slot++)
		a->owners[slot] = ntb_member(a, slot).owner;
	for (unsigned window = 0; window < IDTNTB_WINDOWS; window++)
		ntb_windows_update(a, window);
}

void ntb_windows_check_owners(struct idtntb_attachment *a)
{
	for (unsigned slot = 0; slot < idtntb_switch_topology(a->sw)->port_count; slot++) {
		if (ntb_member(a, slot).owner != a->owners[slot]) {
			ntb_windows_update_all(a);
			return;
		}
	}
}

void ntb_windows_unmap_all(struct idtntb_attachment *a)
{
	for (unsigned window = 0; window < IDTNTB_WINDOWS; window++) {
		if (!a->windows[window].mapped)
			continue;
		a->windows[window].mapped = false;
		a->ops.window_map(a->opaque, window, NULL);
		tell_mapped(a, window, false);
	}
}
