/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file idtntb-transport.h
 * @brief How a frontend gets a port of a switch, wherever the switch lives.
 *
 * A frontend names its switch with one string and never knows which transport serves it:
 *  - "local:NAME"     a switch inside this process, made by its first attachment, gone with its last;
 *  - "ivshmem:PATH"   a switch in the shared memory of an ivshmem server listening on the Unix socket PATH;
 *  - "shm:PATH"       a switch in the file PATH, made by its first attachment, with no server;
 *  - "uring:unix:PATH", "uring:tcp:HOST:PORT"   the switch of an idtntbd that listens there.
 *
 * An attachment is a port as in idtntb.h plus what a transport adds: one descriptor to wait on, the host's RAM
 * offered to peers, and windows mapped or copied.
 *
 * Threads: calls on one attachment must be serialised by the caller (in QEMU: the big lock).
 * Callbacks come from within such calls. An attachment has a thread of its own that serves copies from and to the RAM
 * offered; it makes no callback and takes none of the caller's locks. With "shm:" there is another that waits for peers, which
 * does not either.
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
	 * old RAM. Accesses to what is not mapped go to idtntb_attachment_bar_read() and _write().
	 */
	void (*window_map)(void *opaque, unsigned window, const struct idtntb_window_map *map);
	/** As in struct idtntb_port_ops; optional. */
	void (*log)(void *opaque, enum idtntb_log_level level, const char *text);
	/** As in struct idtntb_port_ops; optional. */
	void (*guest_error)(void *opaque, const char *text);
	/**
	 * Optional: read the host's memory for a peer, at a bus address that is in no range of idtntb_attachment_ram_set():
	 * behind an IOMMU none is. Nothing but RAM that peers may reach. An aligned access of 1, 2, 4 or 8 bytes is one
	 * access. Must not call back into any attachment.
	 * @param size up to 4096 bytes, which may cross pages.
	 * @return 0; negative when it was not done: the peer reads all ones.
	 */
	int (*memory_read)(void *opaque, uint64_t address, void *data, size_t size);
	/** The same for writing; what is not done is lost. Given together with memory_read, or not at all. */
	int (*memory_write)(void *opaque, uint64_t address, const void *data, size_t size);
	/**
	 * Optional: a call on this attachment waits for a peer, and may for seconds. Whoever has memory_read serves peers
	 * here, with idtntb_attachment_drain() for this attachment and all others that the caller serialises with it, or
	 * two hosts that read each other's windows would wait for each other. Called every now and then meanwhile.
	 */
	void (*waiting)(void *opaque);
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
	bool accept_poke; /**< write registers when somebody asks for it who looks into the switch (idtntb-view.h), as
			       idtntb_port_poke_allow(): whoever can write the switch's memory can ask */
};

/**
 * Attach to a switch and take a port of it. The link stays down until idtntb_attachment_link_set().
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

/** The topology of the switch, owned by the attachment. */
const struct idtntb_topology *idtntb_attachment_topology(const struct idtntb_attachment *attachment);
/** Index in the topology of the attachment's port. */
unsigned idtntb_attachment_slot(const struct idtntb_attachment *attachment);

/**
 * @name The port
 * As the functions of the port handle in idtntb.h. The switch may be on another machine: a read then waits a bounded time
 * for its answer. Registers are never all ones for lack of one (own ones are as last known, nothing is pending, peers'
 * links are down); windows are.
 * @{ */
/** As idtntb_port_config_read(). */
uint64_t idtntb_attachment_config_read(struct idtntb_attachment *attachment, uint32_t offset, unsigned size);
/** As idtntb_port_config_write(). */
void idtntb_attachment_config_write(struct idtntb_attachment *attachment, uint32_t offset, uint64_t value,
				    unsigned size);
/** As idtntb_port_bar_read(). */
void idtntb_attachment_bar_read(struct idtntb_attachment *attachment, unsigned bar, uint64_t offset, void *data,
				size_t size);
/** As idtntb_port_bar_write(). */
void idtntb_attachment_bar_write(struct idtntb_attachment *attachment, unsigned bar, uint64_t offset, const void *data,
				 size_t size);
/** As idtntb_port_mirror(). */
void idtntb_attachment_mirror(struct idtntb_attachment *attachment, uint32_t offset, uint32_t value);
/** As idtntb_port_peek(). */
uint32_t idtntb_attachment_peek(struct idtntb_attachment *attachment, uint32_t offset);
/** As idtntb_port_reset(). */
void idtntb_attachment_reset(struct idtntb_attachment *attachment);
/** As idtntb_port_link_set(). */
void idtntb_attachment_link_set(struct idtntb_attachment *attachment, bool up);
/** As idtntb_port_window(). */
int idtntb_attachment_window(struct idtntb_attachment *attachment, unsigned window, struct idtntb_window *info);
/** As idtntb_port_stats(). */
void idtntb_attachment_stats(struct idtntb_attachment *attachment, struct idtntb_port_stats *stats);
/** As idtntb_switch_member(), of any port. */
int idtntb_attachment_member(struct idtntb_attachment *attachment, unsigned port, struct idtntb_member *member);
/** As idtntb_switch_link_force(), of any port, and announced. */
int idtntb_attachment_link_force(struct idtntb_attachment *attachment, unsigned port, bool down);
/** @} */

/** Descriptor to wait on for input; constant for the life of the attachment, owned by it. */
int idtntb_attachment_fd(const struct idtntb_attachment *attachment);
/** Do what the descriptor announces. Never blocks. */
void idtntb_attachment_process(struct idtntb_attachment *attachment);

/**
 * Carry out what peers have sent to this host's memory so far, and nothing else. Also allowed from within the callback
 * `waiting`. Never blocks.
 */
void idtntb_attachment_drain(struct idtntb_attachment *attachment);

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
 * @return 0, -EINVAL (ranges overlap or wrap), -ENOMEM, -E2BIG more than IDTNTB_RAM_RANGES; nothing is offered then, and
 *         the reason, if it is another than last time, is a warning in the log.
 */
int idtntb_attachment_ram_set(struct idtntb_attachment *attachment, const struct idtntb_ram_range *ranges, size_t count,
			      struct idtntb_error *error);
#define IDTNTB_RAM_RANGES 32 /**< ranges at most */

#ifdef __cplusplus
}
#endif

#endif
