/* SPDX-License-Identifier: BSD-3-Clause */
/* What an attachment is made of, and what a transport adds to it. Private to the transports. */
#ifndef NTB_TRANSPORT_H
#define NTB_TRANSPORT_H

#include "copy.h"
#include "offers.h"
#include "ram.h"

#include <idtntb-transport.h>

/* Tags of the descriptors in an attachment's epoll set; a transport counts its own from NTB_TAG_TRANSPORT. */
enum { NTB_TAG_SELF, NTB_TAG_TRANSPORT };

/*
 * The port of a switch that is not in this process's memory. What the attachment holds is a shadow of it then. Each
 * of these is the function of the same name in idtntb-transport.h.
 */
struct ntb_remote {
	void (*bar_read)(struct idtntb_attachment *a, unsigned bar, uint64_t offset, void *data, size_t size);
	void (*bar_write)(struct idtntb_attachment *a, unsigned bar, uint64_t offset, const void *data, size_t size);
	uint64_t (*config_read)(struct idtntb_attachment *a, uint32_t offset, unsigned size);
	void (*config_write)(struct idtntb_attachment *a, uint32_t offset, uint64_t value, unsigned size);
	void (*mirror)(struct idtntb_attachment *a, uint32_t offset, uint32_t value);
	uint32_t (*peek)(struct idtntb_attachment *a, uint32_t offset);
	void (*reset)(struct idtntb_attachment *a);
	void (*link_set)(struct idtntb_attachment *a, bool up);
	int (*window)(struct idtntb_attachment *a, unsigned window, struct idtntb_window *info);
	void (*stats)(struct idtntb_attachment *a, struct idtntb_port_stats *stats);
	int (*member)(struct idtntb_attachment *a, unsigned port, struct idtntb_member *member);
	int (*link_force)(struct idtntb_attachment *a, unsigned port, bool down);
	void (*drain)(struct idtntb_attachment *a);
	void (*window_mapped)(struct idtntb_attachment *a, unsigned window, bool mapped); /* for the counters */
	const struct idtntb_port_ops *shadow_ops; /* of the shadow, which speaks to nobody */
};

/*
 * How one kind of switch is reached. Attaching goes open, claim, joined; a step that fails cleans nothing up, close is
 * called after any of them. Without open there is nothing to attach to.
 */
struct ntb_transport {
	const char *name; /* what stands before the colon of a spec */
	const char *form; /* "name:WHAT", for a person */
	const char *renewal; /* what else a person can do whose switch there is another one; optional */
	/* Find the switch, or make it; set memory and memory_size of the attachment, where a finished block lies. */
	int (*open)(struct idtntb_attachment *a, const char *where, const struct idtntb_attach_options *options,
		    struct idtntb_error *error);
	/* Take the port; sw, port_number and slot are set. May wait a bounded time. -EBUSY when it is taken. */
	int (*claim)(struct idtntb_attachment *a, struct idtntb_error *error);
	/* The port handle is there: let others find us. */
	int (*joined)(struct idtntb_attachment *a, struct idtntb_error *error);
	void (*close)(struct idtntb_attachment *a);
	/* Wake the owners of other ports. Must not block. */
	void (*kick)(struct idtntb_attachment *a, uint32_t slots);
	/* Whether the owner of another port runs, as far as can be told without waiting. Optional. */
	bool (*alive)(struct idtntb_attachment *a, unsigned slot);
	/* A descriptor of the transport's has something; the port is serviced after the last of them. */
	void (*event)(struct idtntb_attachment *a, uint32_t tag, uint32_t events);
	/* The port has been serviced. Optional. */
	void (*settle)(struct idtntb_attachment *a);
	/* The own RAM has changed: hand it to the others. */
	void (*offer)(struct idtntb_attachment *a);
	/* NULL: the port handle of the attachment is the port. */
	const struct ntb_remote *remote;
	/* How it is looked into (view.h); NULL: it cannot be. */
	const struct ntb_view_ops *view;
};

extern const struct ntb_transport ntb_transport_local;
extern const struct ntb_transport ntb_transport_ivshmem;
extern const struct ntb_transport ntb_transport_shm;
extern const struct ntb_transport ntb_transport_uring;
extern const struct ntb_transport ntb_transport_file;

struct idtntb_attachment {
	const struct ntb_transport *transport;
	void *state; /* the transport's */

	struct idtntb_frontend_ops ops;
	void *opaque;
	enum idtntb_log_level log_level;
	bool unsealed_ram, accept_poke;

	struct idtntb_switch *sw;
	struct idtntb_port *port; /* NULL before it is attached and while it is detached */
	unsigned port_number, slot;
	uint32_t owner;
	void *memory; /* laid out as layout.h says */
	size_t memory_size;

	int epoll;
	int self; /* eventfd: service this port soon */

	struct ntb_ram ram;
	struct idtntb_error ram_refusal; /* of the last offer; empty if there was none */
	struct ntb_copy copy;
	struct ntb_offer offers[IDTNTB_PORTS]; /* of the others */
	uint32_t owners[IDTNTB_PORTS]; /* of the ports, as the windows were last resolved */
	struct ntb_mapping {
		bool mapped;
		unsigned slot;
		uint32_t owner;
		dev_t dev;
		ino_t ino;
		uint64_t offset, length;
	} windows[IDTNTB_WINDOWS];
};

/* attachment.c */
extern const struct idtntb_port_ops ntb_port_ops;
void ntb_log(struct idtntb_attachment *a, enum idtntb_log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
extern const struct ntb_copy_ops ntb_copy_ops; /* opaque is the attachment */
/* Have idtntb_attachment_process() called soon. From any thread. */
void ntb_wake(struct idtntb_attachment *a);
/* Who holds the port with an index. */
struct idtntb_member ntb_member(struct idtntb_attachment *a, unsigned slot);
int ntb_watch(struct idtntb_attachment *a, int fd, uint32_t events, uint32_t tag);
/* Take the offer of another port; see ntb_offer_take(). */
void ntb_attachment_offer(struct idtntb_attachment *a, unsigned slot, uint32_t owner,
			  const struct idtntb_ram_range *ranges, unsigned count);
/* Open the block in memory: a view in *sw, if the memory suffices for its ports. */
int ntb_open_switch(struct idtntb_switch **sw, void *memory, size_t size, struct idtntb_error *error);
/* Move the port to other memory with a block of the same topology. On failure it stays where it is. */
int ntb_attachment_move(struct idtntb_attachment *a, struct idtntb_switch *sw, void *memory, size_t size,
			struct idtntb_error *error);

/* windows.c */
void ntb_windows_update(struct idtntb_attachment *a, unsigned window);
void ntb_windows_update_all(struct idtntb_attachment *a);
/* Update all if a port has another owner than when they were last resolved. */
void ntb_windows_check_owners(struct idtntb_attachment *a);
void ntb_windows_unmap_all(struct idtntb_attachment *a);

/* topology.c */
/* The topology to make a switch of: the one given, or the default. */
int ntb_topology_choose(struct idtntb_topology *topology, const struct idtntb_attach_options *options,
			struct idtntb_error *error);
/* "0, 2, 4": the port numbers whose index is set in slots. Returns text. */
char *ntb_topology_ports(const struct idtntb_topology *topology, uint32_t slots, char *text, size_t size);

#endif
