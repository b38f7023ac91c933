/* SPDX-License-Identifier: BSD-3-Clause */
/* What a view is made of, and what a transport adds to it. Private to the transports. */
#ifndef NTB_VIEW_H
#define NTB_VIEW_H

#include <idtntb-view.h>

struct ntb_view_memory_ops;

/* How one kind of switch is looked into. A step that fails cleans nothing up, close is called after any of them. */
struct ntb_view_ops {
	/* Find the switch. May wait a bounded time (seconds). */
	int (*open)(struct idtntb_view *view, const char *where, struct idtntb_error *error);
	void (*close)(struct idtntb_view *view);
	/*
	 * Take a snapshot: an image as of idtntb_switch_save() into *size bytes (set *size to what came), and the counters
	 * of those ports that are set in *counted, each idtntb_counters_size() behind the last. 0, or -errno: -ENODEV when
	 * the switch is gone.
	 */
	int (*snapshot)(struct idtntb_view *view, void *image, size_t *size, void *counters, uint32_t *counted,
			struct idtntb_error *error);
	/* The functions of the same names in idtntb-view.h. All NULL: it can only be looked at. */
	int (*poke)(struct idtntb_view *view, unsigned port, uint32_t offset, uint32_t value,
		    struct idtntb_error *error);
	int (*link_force)(struct idtntb_view *view, unsigned port, bool down, struct idtntb_error *error);
	int (*load)(struct idtntb_view *view, const void *image, size_t size, struct idtntb_error *error);
	/* For transports that use what view-memory.c has for all of these but open and close. */
	const struct ntb_view_memory_ops *memory;
};

struct idtntb_view {
	const struct ntb_view_ops *ops;
	void *state; /* the transport's */

	/* The snapshot, and room for the next one. */
	struct idtntb_switch *sw;
	uint32_t counted; /* slots whose counters there are */
	void *counters, *next_counters; /* IDTNTB_PORTS times idtntb_counters_size() */
	void *image; /* idtntb_save_size() */

	struct idtntb_switch *live; /* view-memory.c: the switch itself, or NULL */
};

/* A switch in memory, laid out as layout.h says. */
struct ntb_view_memory_ops {
	/*
	 * Keep the memory in place for a moment, and say where it is. Calls ntb_view_memory_forget() when it is not what
	 * was held last time. 0, or -ENODEV when the switch is gone. Bounded.
	 */
	int (*hold)(struct idtntb_view *view, void **memory, size_t *size, struct idtntb_error *error);
	void (*release)(struct idtntb_view *view);
	/* The rest is called while it is held and view->live is there. Wake the owners of ports. Must not block. */
	void (*kick)(struct idtntb_view *view, uint32_t slots);
	/* See to it that nobody takes a port until unlock. 0; -EBUSY when one is taken, or somebody is about to. Bounded. */
	int (*lock)(struct idtntb_view *view, struct idtntb_error *error);
	void (*unlock)(struct idtntb_view *view);
};

int ntb_view_memory_snapshot(struct idtntb_view *view, void *image, size_t *size, void *counters, uint32_t *counted,
			     struct idtntb_error *error);
int ntb_view_memory_poke(struct idtntb_view *view, unsigned port, uint32_t offset, uint32_t value,
			 struct idtntb_error *error);
int ntb_view_memory_link_force(struct idtntb_view *view, unsigned port, bool down, struct idtntb_error *error);
int ntb_view_memory_load(struct idtntb_view *view, const void *image, size_t size, struct idtntb_error *error);
/* The memory is not what it was, or goes: also for close. */
void ntb_view_memory_forget(struct idtntb_view *view);

/* The initialiser of all that is the same for switches in memory. */
#define NTB_VIEW_OF_MEMORY                                                                                             \
	.snapshot = ntb_view_memory_snapshot, .poke = ntb_view_memory_poke, .link_force = ntb_view_memory_link_force,  \
	.load = ntb_view_memory_load

#endif
