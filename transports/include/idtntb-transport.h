/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file idtntb-transport.h
 * @brief How a frontend gets a port of a switch, wherever the switch lives.
 *
 * A frontend names its switch with one string and never knows which transport serves it:
 *  - "local:NAME"     a switch inside this process, made by its first attachment, gone with its last;
 *  - "ivshmem:PATH"   a switch in the shared memory of an ivshmem server listening on the Unix socket PATH.
 *
 * An attachment is a port handle (idtntb.h) plus what a transport adds: one descriptor to wait on, the host's RAM
 * offered to peers, and windows mapped or copied.
 *
 * Threads: calls on one attachment and on its port handle must be serialised by the caller (in QEMU: the big lock).
 * Callbacks come from within such calls. An attachment has a thread of its own that serves copies from and to the RAM
 * offered; it makes no callback and takes none of the caller's locks.
 */
#ifndef IDTNTB_TRANSPORT_H
#define IDTNTB_TRANSPORT_H

#include <idtntb.h>

#ifdef __cplusplus
extern "C" {
#endif

struct idtntb_attachment;

/** Where a window can be reached directly. */
struct idtntb_window_map {
	int fd; /**< the peer's RAM; valid during the callback, owned by the attachment */
	uint64_t offset; /**< of the window's first byte in it; a multiple of the page size */
	uint64_t length; /**< bytes from the window's start that may be mapped; a multiple of the page size */
};

/** What a frontend does for its port. */
struct idtntb_frontend_ops {
	size_t size; /**< sizeof(struct idtntb_frontend_ops) */
	/** As in struct idtntb_port_ops. */
	void (*msi)(void *opaque, uint64_t address, uint32_t data);
	/** As in struct idtntb_port_ops. */
	void (*intx)(void *opaque, bool level);
	/**
	 * Optional (a frontend without it gets all window accesses by copy). Map a window's first bytes over whatever was
	 * mapped there, or, with NULL, take the mapping away: from the return of this call on no access may reach the
	 * old RAM. Accesses to what is not mapped go to idtntb_port_bar_read() and _write().
	 */
	void (*window_map)(void *opaque, unsigned window, const struct idtntb_window_map *map);
	/** As in struct idtntb_port_ops; optional. */
	void (*log)(void *opaque, enum idtntb_log_level level, const char *text);
	/** As in struct idtntb_port_ops; optional. */
	void (*guest_error)(void *opaque, const char *text);
};

/** What a frontend's user may choose. Zero is the default of each. */
struct idtntb_attach_options {
	const char *spec; /**< which switch */
	unsigned port; /**< port number */
	const struct idtntb_topology *topology; /**< for the one who makes the switch; NULL = two hosts. An existing
						      switch must have the same one when this is given */
	bool unsealed_ram; /**< map peers' RAM even if it is not sealed against shrinking (a peer that truncates its
				file then kills this process) */
	enum idtntb_log_level log_level; /**< lines up to it go to the log callback */
};

/**
 * Attach to a switch and take a port of it. The link stays down until idtntb_port_link_set().
 * May wait a bounded time (seconds) for the server or for a dead owner to go.
 * @param ops copied.
 * @return 0; -EINVAL spec, port or topology refused; -EBUSY the port is taken; -ECONNREFUSED, -ENOENT no server;
 *         -EPROTO it is not such a server, or another layout version; -ENOSPC its shared memory is too small; others
 *         from the system. @p error always tells.
 */
int idtntb_attach(struct idtntb_attachment **attachment, const struct idtntb_attach_options *options,
		  const struct idtntb_frontend_ops *ops, void *opaque, struct idtntb_error *error);
/** Give the port up; windows are unmapped by callback first. NULL is allowed. */
void idtntb_detach(struct idtntb_attachment *attachment);

/** The port handle, owned by the attachment. Do not detach it. */
struct idtntb_port *idtntb_attachment_port(struct idtntb_attachment *attachment);

/** Descriptor to wait on for input; constant for the life of the attachment, owned by it. */
int idtntb_attachment_fd(const struct idtntb_attachment *attachment);
/** Do what the descriptor announces. Never blocks. */
void idtntb_attachment_process(struct idtntb_attachment *attachment);

/** A range of the host's RAM. */
struct idtntb_ram_range {
	uint64_t address; /**< bus address of the first byte, as peers' translations name it */
	uint64_t size; /**< bytes */
	void *host; /**< where this process sees it */
	int fd; /**< descriptor that backs it, shared and writable, or -1: copies only */
	uint64_t fd_offset; /**< of the first byte in it */
};

/**
 * Say which RAM peers may reach, all of it: replaces what was said before. Returns when no copy uses a withdrawn range
 * any more. Descriptors are duplicated.
 * @return 0, -EINVAL (ranges overlap or wrap), -ENOMEM, -E2BIG more than IDTNTB_RAM_RANGES; nothing is offered then.
 */
int idtntb_attachment_ram_set(struct idtntb_attachment *attachment, const struct idtntb_ram_range *ranges, size_t count,
			      struct idtntb_error *error);
#define IDTNTB_RAM_RANGES 32 /**< ranges at most */

#ifdef __cplusplus
}
#endif

#endif
