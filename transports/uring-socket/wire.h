/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames between a client, which has a port, and the daemon, which has the switch: docs/wire-protocol.md. Everything is
 * little-endian. A frame is a header, a fixed part and, where the table of wire.c says so, bytes behind it; its length is a
 * multiple of 8, filled up with zeros, so that frames that follow each other are aligned.
 */
#ifndef NTB_WIRE_H
#define NTB_WIRE_H

#include <idtntb.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "frames are read and written in place");

#define WIRE_MAGIC UINT64_C(0x31425449554E5449) /* first eight bytes of a conversation, "ITNUITB1" in memory */
#define WIRE_VERSION 1u
#define WIRE_DATA 4096u /* bytes of an access at most */
#define WIRE_RANGES 32u /* of an offer */
#define WIRE_TEXT 256u /* bytes of a line, without an end */

/* What one side can do. Unknown bits are ignored, so that later versions can ask for more (TLS comes as one of them). */
#define WIRE_CAP_RAM 0x1u /* descriptors of RAM can be passed: a Unix socket */

enum wire_type {
	/* from a client */
	WIRE_HELLO = 1, /* the first */
	WIRE_ATTACH, /* take a port */
	WIRE_READ, /* answered by DATA; window data may come later than what follows */
	WIRE_WRITE,
	WIRE_SYNC, /* answered by DATA of no bytes: all before it has been done */
	WIRE_MIRROR,
	WIRE_RESET,
	WIRE_LINK,
	WIRE_FORCE,
	WIRE_RESUME, /* the port's registers have been replayed: tell its guest that links were away */
	WIRE_OFFER, /* RAM, with its descriptors */
	WIRE_RAM_ANSWER,
	WIRE_PONG,
	WIRE_LOOK, /* answered by SNAPSHOT, and DATA frames of the same tag until all has come */
	WIRE_ORDER, /* of one who looks; answered by ORDERED */
	WIRE_IMAGE, /* a piece of a saved state, for an order to load it */
	WIRE_CONSENT, /* the registers of this port may be poked */
	WIRE_MAPPED, /* a window is mapped now, or not any more: for the counters */
	/* from the daemon */
	WIRE_WELCOME = 32,
	WIRE_ATTACHED,
	WIRE_DATA_FRAME,
	WIRE_MSI,
	WIRE_INTX,
	WIRE_WINDOW, /* where a window leads now */
	WIRE_PEER, /* who holds a port now */
	WIRE_OFFERED,
	WIRE_RAM_WRITE,
	WIRE_RAM_READ,
	WIRE_LOG,
	WIRE_GUEST_ERROR,
	WIRE_PING,
	WIRE_BYE, /* why the daemon hangs up */
	WIRE_SNAPSHOT,
	WIRE_ORDERED,
	WIRE_TYPES
};

/* Before each. */
struct wire_frame {
	uint32_t length; /* with this header */
	uint16_t type;
	uint16_t zero;
};

struct wire_hello {
	uint64_t magic;
	uint32_t version;
	uint32_t capabilities;
};

struct wire_welcome {
	uint64_t magic;
	uint32_t version;
	uint32_t capabilities;
	uint32_t silence_ms; /* a side that has not been heard for so long is dead */
	uint16_t device_id;
	uint16_t port_count;
	struct wire_port {
		uint8_t port, partition, link_speed, link_width;
		uint32_t barsetup[IDTNTB_BARS];
	} ports[IDTNTB_PORTS];
	uint32_t godbellmsk[IDTNTB_DOORBELLS];
	uint32_t gidbellmsk[IDTNTB_DOORBELLS];
};

struct wire_attach {
	uint32_t port;
	uint32_t log_level;
	uint64_t identity; /* of the client: it takes its port from its own dead connection at once */
};

struct wire_attached {
	int32_t error; /* 0 or -errno */
	uint32_t owner; /* as in struct idtntb_member */
	uint32_t slot;
	uint32_t size; /* of the line that says why, behind it */
};

/* Which space of the port an access is to: a BAR by its number, or one of these. */
enum { WIRE_SPACE_CONFIG = IDTNTB_BARS, WIRE_SPACE_PEEK, WIRE_SPACE_STATS, WIRE_SPACES };

struct wire_read {
	uint64_t offset;
	uint32_t tag;
	uint16_t size;
	uint16_t space;
};

struct wire_write {
	uint64_t offset;
	uint32_t size;
	uint32_t space; /* no more than WIRE_SPACE_CONFIG */
};

struct wire_data {
	uint32_t tag;
	uint32_t size;
};

/* SYNC, LOOK. */
struct wire_sync {
	uint32_t tag;
	uint32_t zero;
};

struct wire_mirror {
	uint32_t offset;
	uint32_t value;
};

/* LINK, INTX, CONSENT: on or off. FORCE: of a port. */
struct wire_switch {
	uint32_t on;
	uint32_t port;
};

/* OFFER: of the sender. OFFERED: of the port with that index. */
struct wire_offer {
	uint32_t slot;
	uint32_t owner;
	uint32_t count;
	uint32_t zero;
	struct wire_range {
		uint64_t address, size, fd_offset;
	} ranges[]; /* each with a descriptor, in this order */
};

struct wire_msi {
	uint64_t address;
	uint32_t data;
	uint32_t zero;
};

struct wire_window {
	uint64_t address, length;
	uint32_t window;
	uint16_t readable;
	uint16_t slot;
};

struct wire_peer {
	uint32_t slot;
	uint32_t owner;
	uint32_t generation;
	uint16_t up;
	uint16_t forced_down;
};

struct wire_ram_write {
	uint64_t address;
	uint32_t size;
	uint32_t zero;
};

struct wire_ram_read {
	uint64_t address;
	uint32_t size;
	uint32_t tag;
};

struct wire_ram_answer {
	uint32_t tag;
	uint32_t done; /* 0: that address cannot be read, and no data follows */
	uint32_t size;
	uint32_t zero;
};

struct wire_log {
	uint32_t level;
	uint32_t size;
};

/* GUEST_ERROR, BYE. */
struct wire_text {
	uint32_t size;
	uint32_t zero;
};

struct wire_mapped {
	uint32_t window;
	uint32_t on;
};

/* The state comes first, then the counters of each port. */
struct wire_snapshot {
	uint32_t tag;
	uint32_t image; /* bytes of the state, as idtntb_switch_save() writes it */
	uint32_t counters; /* bytes for each port */
	uint32_t ports;
};

enum { WIRE_ORDER_POKE = 1, WIRE_ORDER_FORCE, WIRE_ORDER_LOAD };

struct wire_order {
	uint32_t tag;
	uint32_t what;
	uint32_t port;
	uint32_t offset; /* POKE */
	uint32_t value; /* POKE; FORCE: whether down */
	uint32_t zero;
};

struct wire_ordered {
	uint32_t tag;
	int32_t error; /* 0 or -errno */
	uint32_t size; /* of the line that says why, behind it */
	uint32_t zero;
};

struct wire_image {
	uint32_t at; /* 0 begins anew, else on from the last */
	uint32_t size;
};

#define WIRE_BIGGEST (sizeof(struct wire_frame) + sizeof(struct wire_ram_write) + WIRE_DATA)

/* What a frame is and may be. */
struct wire_kind {
	const char *name;
	uint16_t fixed; /* bytes of the fixed part */
	uint16_t unit; /* bytes of each thing behind it, 0: nothing */
	uint16_t most; /* things behind it at most */
	uint16_t count_at; /* where the fixed part has their number, a 32-bit word */
	bool from_daemon;
};

/* NULL: there is no such type. */
const struct wire_kind *ntb_wire_kind(unsigned type);

/* Check a frame as soon as its header is there: kind, direction, bounds of its length. 0, or -EPROTO with the line filled. */
int ntb_wire_check_header(const struct wire_frame *frame, bool from_daemon, struct idtntb_error *error);
/* The rest, when all of it is: whether its length is that of its content. */
int ntb_wire_check(const struct wire_frame *frame, struct idtntb_error *error);

/* The fixed part, and what is behind it. */
static inline const void *ntb_wire_body(const struct wire_frame *frame)
{
	return frame + 1;
}

static inline size_t ntb_wire_round(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

void ntb_wire_topology_put(struct wire_welcome *welcome, const struct idtntb_topology *topology);
/* 0, or -EPROTO with the line filled: it is no topology. */
int ntb_wire_topology_get(struct idtntb_topology *topology, const struct wire_welcome *welcome,
			  struct idtntb_error *error);

#endif
