/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file idtntb-view.h
 * @brief Looking into a switch from outside, wherever it lives: takes no port, keeps no switch alive, holds no guest up.
 *
 * A view is a private snapshot of a switch's state and of the counters of its ports, taken anew on request. What can be
 * asked of a switch (idtntb.h) can be asked of the snapshot.
 *
 * Whoever can write a switch's memory can lie about its state: what a view shows is as true as they are. No content of
 * that memory can harm the process that looks.
 *
 * Threads: calls on one view must be serialised by the caller; a snapshot may be read from several threads meanwhile.
 */
#ifndef IDTNTB_VIEW_H
#define IDTNTB_VIEW_H

#include <idtntb.h>

#ifdef __cplusplus
extern "C" {
#endif

struct idtntb_view;

/**
 * Open a view and take its first snapshot.
 * @param spec names the switch: as for idtntb_attach(), or "file:PATH", a saved state. May wait a bounded time (seconds)
 *             for a server.
 * @return 0; -EINVAL the spec is refused, or the file is no saved state; -ENODEV there is no such switch, or none yet;
 *         -ECONNREFUSED, -ENOENT no server, no file; -EPROTO it is not such a server, or another layout version;
 *         others from the system. @p error always tells.
 */
int idtntb_view_open(struct idtntb_view **view, const char *spec, struct idtntb_error *error);
/** Close a view; its snapshot goes with it. NULL is allowed. */
void idtntb_view_close(struct idtntb_view *view);

/**
 * Take a new snapshot in place of the last one: some 50 microseconds where the switch is in memory, and a bounded time in
 * any case; no guest waits for it. A server that was restarted is followed, and so is a switch that was made anew under
 * the same name.
 * @return 0; -ENODEV the switch is gone (it may come back: call again), the last snapshot stays; -EPROTO what is there
 *         now speaks another layout version; -ENOMEM.
 */
int idtntb_view_refresh(struct idtntb_view *view, struct idtntb_error *error);

/** The snapshot, owned by the view; valid until the next refresh that succeeds, or the close. Never NULL. */
const struct idtntb_switch *idtntb_view_switch(const struct idtntb_view *view);

/**
 * The snapshot of the counters of the port with index @p slot, for idtntb_counters_stats() and its like; valid as long as
 * the switch's. NULL where there are none: in a saved state.
 */
const void *idtntb_view_counters(const struct idtntb_view *view, unsigned slot);

/** Whether what follows can work at all: false for a saved state. */
bool idtntb_view_writable(const struct idtntb_view *view);

/**
 * Ask a port's owner to write a register (idtntb_switch_poke_post()), wake it, and wait up to two seconds for its answer.
 * Not from the thread that processes this very port's attachment.
 * @return 0 done; -EACCES the owner accepts no pokes; -EINVAL no such port or offset; -ENXIO nobody owns the port;
 *         -ESTALE somebody else's request came in between; -ETIMEDOUT; -EROFS a saved state; -ENODEV the switch is gone.
 */
int idtntb_view_poke(struct idtntb_view *view, unsigned port, uint32_t offset, uint32_t value,
		     struct idtntb_error *error);

/**
 * Break the link of a port on purpose, or mend it (idtntb_switch_link_force()), and tell all owners.
 * @return 0; -EINVAL it is no NT port; -EROFS a saved state; -ENODEV the switch is gone.
 */
int idtntb_view_link_force(struct idtntb_view *view, unsigned port, bool down, struct idtntb_error *error);

/**
 * Load a saved state (idtntb_block_load()) of the same topology into a switch that has no port attached.
 * @return 0; -EBUSY a port is attached, or somebody is attaching one; -EINVAL no saved state, or of another topology;
 *         -EPROTO another layout version; -EROFS the view is of a saved state; -ENODEV the switch is gone.
 */
int idtntb_view_load(struct idtntb_view *view, const void *image, size_t size, struct idtntb_error *error);

#ifdef __cplusplus
}
#endif

#endif
