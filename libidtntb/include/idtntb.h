/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file idtntb.h
 * @brief Emulation of the IDT/Renesas 89HPESxNTxG2 PCIe switches as a non-transparent bridge.
 *
 * The library is the switch: registers, state and effects. It does no I/O, starts no thread, reads no clock, keeps no
 * global and allocates only while a handle is created. The host program gives callbacks (struct idtntb_port_ops).
 *
 * Objects:
 *  - a *topology* says which chip it is and how its ports are set up (what the EEPROM does on hardware);
 *  - a *block* is the switch's state: flat, pointer-free memory, private or shared by processes that trust each other
 *    neither to stay alive nor to behave;
 *  - a *switch* is one process's view of a block;
 *  - a *port* is the handle of the one owner of an NT port, through which its host accesses registers and windows.
 *
 * Errors: functions that can fail return 0 or a negative errno value; where a struct idtntb_error is taken (it may be
 * NULL) one line for a person is left there on failure: what, why, what would be right.
 *
 * Threads: calls on one port handle must be serialised by the caller; different ports, and the functions on a switch,
 * may be used from different threads at once. Callbacks are made on the thread of the call that caused them, never with
 * a lock held, and must not call into the same port handle except where said.
 *
 * "Section N" is the section of the project's register reference that a behaviour comes from.
 */
#ifndef IDTNTB_H
#define IDTNTB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define IDTNTB_VERSION_MAJOR 0 /**< version of this header, see idtntb_version(); names the shared object too */
#define IDTNTB_VERSION_MINOR 1 /**< grows with additions */
#define IDTNTB_VERSION_PATCH 0 /**< grows with corrections */

#define IDTNTB_VENDOR_ID 0x111D /**< PCI vendor id of all chips (section 1) */

#define IDTNTB_PORTS 8 /**< NT ports of a switch at most (section 1) */
#define IDTNTB_PORT_NUMBERS 24 /**< port numbers run from 0 to 23 (section 1) */
#define IDTNTB_PARTITIONS 8 /**< switch partitions (section 4.3) */
#define IDTNTB_BARS 6 /**< BARs of an NT function (section 1) */
#define IDTNTB_DOORBELLS 32 /**< doorbells of a switch (section 7) */
#define IDTNTB_MESSAGES 4 /**< message registers per direction and port (section 8) */
#define IDTNTB_MTBL_ENTRIES 64 /**< NT mapping table entries (section 5) */
#define IDTNTB_LUT_ENTRIES 24 /**< lookup table entries of BAR 2 and BAR 4 (section 6.2) */

#define IDTNTB_NT_SIZE 0x1000u /**< bytes of an NT function's register space (section 2) */
#define IDTNTB_GAS_SIZE 0x40000u /**< bytes of the global address space (section 4.1) */
#define IDTNTB_VMM_CONFIG_SIZE 0x400u /**< below this a VMM's own configuration image rules, see idtntb_port_mirror() */

/** @name Windows
 * A window is one translation of a memory BAR: the whole BAR when direct, one entry when it has a lookup table.
 * @{ */
#define IDTNTB_WINDOWS (IDTNTB_BARS * IDTNTB_LUT_ENTRIES) /**< window numbers run from 0 to this less one */
#define IDTNTB_WINDOW(bar, entry) ((bar)*IDTNTB_LUT_ENTRIES + (entry)) /**< number of a window */
/** @} */

/** One line about a failure, without a newline. */
struct idtntb_error {
	char text[240]; /**< ends with a zero byte; untouched on success */
};

/** Version of the library at run time as "MAJOR.MINOR.PATCH". Static storage. */
const char *idtntb_version(void);

/* ------------------------------------------------------------------ chips and topology */

/** A member of the switch family (section 1). */
struct idtntb_chip {
	const char *name; /**< "89HPES24NT6AG2", ... */
	uint16_t device_id; /**< PCI device id */
	uint8_t port_count; /**< how many of ports[] are used */
	uint8_t ports[IDTNTB_PORTS]; /**< NT-capable port numbers in the driver's scan order */
};

/** Chip number @p index of the family, or NULL past the last. Static storage. */
const struct idtntb_chip *idtntb_chip_get(unsigned index);
/** The chip called @p name (case ignored), or NULL. Static storage. */
const struct idtntb_chip *idtntb_chip_find(const char *name);

/** Setup of one NT port: what the EEPROM programs before a host enumerates. */
struct idtntb_port_setup {
	uint8_t port; /**< port number, one of the chip's */
	uint8_t partition; /**< switch partition 0-7, its own */
	uint8_t link_speed; /**< 1 = 2.5 GT/s, 2 = 5 GT/s */
	uint8_t link_width; /**< lanes: 1, 2, 4, 8 or 16 */
	uint32_t barsetup[IDTNTB_BARS]; /**< BARSETUP registers (section 3.2, 6.1) */
};

/** A switch as built: chip, NT ports and their setup. Plain data; copy it as you like. */
struct idtntb_topology {
	const struct idtntb_chip *chip; /**< one that idtntb_chip_get() gives */
	unsigned port_count; /**< NT ports in use, 1-8 */
	struct idtntb_port_setup ports[IDTNTB_PORTS]; /**< in any order; an index here is a *slot* elsewhere */
	uint32_t godbellmsk
		[IDTNTB_DOORBELLS]; /**< reset of GODBELLMSKb: bit k = partition k may not ring b (section 7) */
	uint32_t gidbellmsk[IDTNTB_DOORBELLS]; /**< reset of GIDBELLMSKb: bit k = b does not reach partition k */
};

/**
 * Build a topology from what a person types. Each text may be NULL for the default.
 *
 * @param chip  chip name; default 89HPES24NT6AG2 for up to six ports, else 89HPES32NT8AG2.
 * @param ports a number of ports ("2"), or a list of port numbers each with an optional partition: "0,4,6" or
 *              "0=0,4=3,6=1"; default "2". Partitions count up from 0 unless given.
 * @param bars  "lut24[:SIZE]" (default): BAR0 registers, BAR2 a 64-bit table of 24 windows, BAR4 a 64-bit direct
 *              window; "lut12x2[:SIZE]": six 32-bit BARs, tables of 12 in BAR2 and BAR4, direct windows in BAR1, 3 and
 *              5; or six BARSETUP values "0x800004C0,0,...". SIZE is that of each window, K, M or G suffix, a power of
 *              two, default 1M.
 * @return 0, or -EINVAL with @p error filled. The result has passed idtntb_topology_check().
 */
int idtntb_topology_parse(struct idtntb_topology *topology, const char *chip, const char *ports, const char *bars,
			  struct idtntb_error *error);

/**
 * Check everything the chip or the Linux driver would refuse (section 6.1): known chip, NT-capable ports, each once and
 * in a partition of its own, legal BARSETUPs, at most 29 windows a port.
 * @return 0, or -EINVAL with @p error filled.
 */
int idtntb_topology_check(const struct idtntb_topology *topology, struct idtntb_error *error);

/**
 * Compare the topology somebody asks for with the one a switch has.
 * @return 0 when they are the same, or -EINVAL with @p error naming the first difference.
 */
int idtntb_topology_compare(const struct idtntb_topology *wanted, const struct idtntb_topology *found,
			    struct idtntb_error *error);

/* ------------------------------------------------------------------ the register table */

/** Which of the chip's address spaces a register lives in. */
enum idtntb_space {
	IDTNTB_SPACE_NT, /**< NT function, offsets 0x000-0xFFF (sections 2, 3) */
	IDTNTB_SPACE_SWITCH, /**< global address space 0x3E000-0x3FFFF (section 4.3) */
	IDTNTB_SPACE_BRIDGE, /**< PCI-PCI bridge function of a port, offsets 0x000-0xFFF (section 4.2) */
};

/** How much of a register the library does. */
enum idtntb_status {
	IDTNTB_STATUS_MODELLED, /**< has its documented effect */
	IDTNTB_STATUS_STORED, /**< keeps its value, without effect */
	IDTNTB_STATUS_ABSENT, /**< on the chip, not here: reads 0, writes are guest errors */
};

/** A field of a register. */
struct idtntb_field {
	const char *name; /**< NULL ends a list */
	uint8_t low; /**< lowest bit number */
	uint8_t high; /**< highest bit number, inclusive */
	const char *brief; /**< one line */
};

/** One row of the table that everything comes from: a register or an array of registers. */
struct idtntb_register {
	const char *name; /**< with one %u for each dimension of an array: "SWP%uMSGCTL%u" */
	const char *brief; /**< one line */
	const char *section; /**< of the reference */
	const struct idtntb_field *fields; /**< or NULL */
	uint32_t address; /**< of the first instance */
	uint16_t count[2]; /**< instances in each dimension; {1, 1} for a single register */
	uint16_t stride[2]; /**< bytes between instances in each dimension */
	uint32_t reset; /**< value after power-on; registers that depend on the topology: see idtntb_port_peek() */
	uint32_t rw; /**< bits that keep what is written */
	uint32_t w1c; /**< bits cleared by writing one */
	uint32_t w1s; /**< bits that act when one is written and read 0 */
	enum idtntb_space space; /**< where it lives */
	enum idtntb_status status; /**< what is done of it */
};

/** Row @p index of the register table, or NULL past the last. Static storage. */
const struct idtntb_register *idtntb_register_get(unsigned index);
/** The register at @p address of @p space and its instance numbers, or NULL where there is none. */
const struct idtntb_register *idtntb_register_find(enum idtntb_space space, uint32_t address, unsigned instance[2]);
/** Address of instance (@p i, @p j) of a register. */
uint32_t idtntb_register_address(const struct idtntb_register *reg, unsigned i, unsigned j);
/** Print the name of instance (@p i, @p j) to @p buffer, cut to @p size. Returns @p buffer. */
char *idtntb_register_name(const struct idtntb_register *reg, unsigned i, unsigned j, char *buffer, size_t size);

/** A capability of the NT function, in list order; one description for every frontend (section 2). */
struct idtntb_capability {
	uint16_t id; /**< capability id, or extended capability id */
	uint16_t offset; /**< in configuration space; 0x100 and up are extended */
	uint16_t size; /**< bytes */
};

/** Capability @p index, or NULL past the last. Static storage. */
const struct idtntb_capability *idtntb_capability_get(unsigned index);

/* ------------------------------------------------------------------ the block */

/** Bytes a block needs, whatever the topology: less than 64 KiB. Align it to 64. */
size_t idtntb_block_size(void);

/**
 * Make a block: the switch after power-on, no port attached.
 * Nobody else may use the memory meanwhile; a block that is being made is not ready for idtntb_switch_open().
 * @return 0, -EINVAL (memory too small or unaligned, topology refused), -ENOMEM.
 */
int idtntb_block_format(void *block, size_t size, const struct idtntb_topology *topology, struct idtntb_error *error);

/** Whether the memory holds a finished block of any version (magic number only; idtntb_switch_open() checks the rest). */
bool idtntb_block_ready(const void *block, size_t size);

/* ------------------------------------------------------------------ the switch */

/** One process's view of a switch. */
struct idtntb_switch;

/**
 * Open a view of a finished block. Nothing in the block is believed: size, layout version and topology are checked and
 * the topology is copied once.
 * @param block must stay mapped until idtntb_switch_close(); the caller owns it.
 * @return 0; -EINVAL no block there; -EPROTO another layout version or a topology that fails the check; -ENOMEM.
 */
int idtntb_switch_open(struct idtntb_switch **sw, void *block, size_t size, struct idtntb_error *error);
/** Close a view. All ports attached through it must be detached. NULL is allowed. */
void idtntb_switch_close(struct idtntb_switch *sw);

/** The topology, owned by the view. */
const struct idtntb_topology *idtntb_switch_topology(const struct idtntb_switch *sw);
/** Index of @p port in the topology, or -1 when it is not one of its NT ports. */
int idtntb_switch_slot(const struct idtntb_switch *sw, unsigned port);

/**
 * Read the global address space without any side effect (sections 4, 3).
 * @param address 0x00000-0x3FFFF; bits 1:0 are ignored. Registers that nobody implements read 0.
 */
uint32_t idtntb_switch_peek(const struct idtntb_switch *sw, uint32_t address);

/**
 * What the register at a global address holds after power-on: the table's reset value, or what the topology makes of it.
 * @param address as for idtntb_switch_peek(); NT function of port p: p * 0x2000 + 0x1000 + offset. 0 where there is no
 *                register.
 */
uint32_t idtntb_switch_reset_value(const struct idtntb_switch *sw, uint32_t address);
/** Bits of the register at a global address that keep what is written: the table's, or what the topology makes of it. */
uint32_t idtntb_switch_writable(const struct idtntb_switch *sw, uint32_t address);

/** NT mapping table entry @p index as NTMTBLDATA shows it (section 5); 0 past IDTNTB_MTBL_ENTRIES. */
uint32_t idtntb_switch_mapping(const struct idtntb_switch *sw, unsigned index);
/**
 * A lookup table entry as its port's owner has published it (section 6.2).
 * @param words LUTLDATA, LUTMDATA and LUTUDATA; zero on failure.
 * @return 0, or -EINVAL when it is no NT port, @p bar is not 2 or 4, or @p entry is past IDTNTB_LUT_ENTRIES.
 */
int idtntb_switch_lut(const struct idtntb_switch *sw, unsigned port, unsigned bar, unsigned entry, uint32_t words[3]);

/** Who holds a port. */
struct idtntb_member {
	uint32_t owner; /**< what its owner gave to idtntb_port_attach(): 0 if nobody holds it */
	uint32_t bell; /**< what its owner gave to idtntb_port_bell_set(), for the transport */
	uint32_t generation; /**< grows by one with each up and each down */
	bool up; /**< its owner's side of the link is up */
	bool forced_down; /**< broken by idtntb_switch_link_force() */
};

/** Who holds @p port. @return 0, or -EINVAL when it is no NT port. */
int idtntb_switch_member(const struct idtntb_switch *sw, unsigned port, struct idtntb_member *member);

/**
 * Take a port down whose owner is known to be gone. Everybody who learns of the death may call this; one of them wins.
 * Afterwards service your own ports; nothing is kicked by this call.
 * @return true when this call took it down; false when @p owner does not hold it (any more).
 */
bool idtntb_switch_sweep(struct idtntb_switch *sw, unsigned port, uint32_t owner);

/**
 * Break the link of @p port on purpose, or mend it: the administrative word, ANDed into LINKUP, of no owner.
 * Announce it afterwards, see idtntb_port_announce(). @return 0, or -EINVAL when it is no NT port.
 */
int idtntb_switch_link_force(struct idtntb_switch *sw, unsigned port, bool down);

/**
 * Set what the temperature sensor measures, in half degrees Celsius (0-255; power-on 90 = 45 degrees, section 11.1).
 * An alarm latches TMPSENSOR in every partition; announce it afterwards, see idtntb_port_announce().
 */
void idtntb_switch_temperature_set(struct idtntb_switch *sw, uint8_t half_degrees);

/** Bytes a saved state needs. */
size_t idtntb_save_size(void);
/**
 * Save a switch, live or not. Consistent word by word: words that change meanwhile are old or new, each for itself.
 * @return 0, or -EINVAL when @p size is below idtntb_save_size().
 */
int idtntb_switch_save(const struct idtntb_switch *sw, void *image, size_t size);
/**
 * Make a block from a saved state, as idtntb_block_format() does from a topology. Owners, generations and links are
 * not loaded: every port is free and down.
 * @return 0; -EINVAL not a saved state, damaged, or memory too small; -EPROTO another layout version; -ENOMEM.
 */
int idtntb_block_load(void *block, size_t size, const void *image, size_t image_size, struct idtntb_error *error);
/**
 * Open a saved state to look into it: registers, owners, generations and links as they were when it was saved, in
 * private memory that goes with idtntb_switch_close(). No port of it can be attached (-EROFS).
 * @param image may be any bytes; it is copied and checked, and need not stay.
 * @return 0; -EINVAL not a saved state, or damaged; -EPROTO another layout version, or a topology that fails the check;
 *         -ENOMEM.
 */
int idtntb_switch_open_image(struct idtntb_switch **sw, const void *image, size_t size, struct idtntb_error *error);

/* ------------------------------------------------------------------ ports */

/** The handle of a port's owner. */
struct idtntb_port;

/** Weight of a log line. */
enum idtntb_log_level {
	IDTNTB_LOG_ERROR, /**< something the user must know */
	IDTNTB_LOG_WARNING,
	IDTNTB_LOG_INFO, /**< links and resets */
	IDTNTB_LOG_DEBUG, /**< windows and interrupts */
	IDTNTB_LOG_TRACE, /**< every register access by its owner */
};

/**
 * What the host of a port does for the switch. Constant for the life of the port.
 * A callback may be NULL where "optional" is said; idtntb_port_attach() refuses the table otherwise.
 */
struct idtntb_port_ops {
	size_t size; /**< sizeof(struct idtntb_port_ops); members beyond it count as NULL */
	/** Send a message-signalled interrupt: write @p data to @p address of the host (section 9). */
	void (*msi)(void *opaque, uint64_t address, uint32_t data);
	/** The INTA level has changed. */
	void (*intx)(void *opaque, bool level);
	/**
	 * Ports in @p slots (bit = index in the topology) have something to look at: make their owners call
	 * idtntb_port_service() soon. Must not block. May be called with the bit of this very port. idtntb_port_peek()
	 * may be called from here.
	 */
	void (*kick)(void *opaque, uint32_t slots);
	/**
	 * Optional. Execute what peers have written to this host's memory by copy, all of it that was complete before
	 * this call: it is made before a doorbell, message or interrupt can tell the host of it (section 13).
	 */
	void (*drain)(void *opaque);
	/**
	 * Optional. A window's target has changed: see idtntb_port_window(), which may be called from here, as may
	 * idtntb_port_window_mapped_set().
	 */
	void (*window_changed)(void *opaque, unsigned window);
	/**
	 * Optional. Access the memory of another port's host at bus address @p address; the switch has checked that
	 * the window admits it. @return 0, or negative when it did not happen (a read then gives all ones).
	 */
	int (*peer_read)(void *opaque, unsigned slot, uint64_t address, void *data, size_t size);
	/** Optional, together with peer_read. The same for a write. */
	int (*peer_write)(void *opaque, unsigned slot, uint64_t address, const void *data, size_t size);
	/** Optional. One line without a newline, only up to the level set. */
	void (*log)(void *opaque, enum idtntb_log_level level, const char *text);
	/** Optional. The guest did what the chip would not accept. Rate-limited: the 1st to 4th, 8th, 16th, ... of a kind. */
	void (*guest_error)(void *opaque, const char *text);
};

/**
 * Become the owner of a port. The NT function is reset; its link stays down until idtntb_port_link_set().
 * The caller must have made sure that no other owner is alive (that is the transport's business); a membership left
 * by a dead one is swept.
 * @param port  port number.
 * @param owner any number but 0 that tells owners apart, see struct idtntb_member.
 * @param ops   copied.
 * @return 0; -EINVAL no such NT port, or a table of callbacks that lacks one; -EROFS a saved state opened to look into
 *         it; -ENOMEM.
 */
int idtntb_port_attach(struct idtntb_port **handle, struct idtntb_switch *sw, unsigned port, uint32_t owner,
		       const struct idtntb_port_ops *ops, void *opaque, struct idtntb_error *error);
/** Give the port up: windows closed, INTA deasserted, link down, peers kicked. No callback is made afterwards. NULL is allowed. */
void idtntb_port_detach(struct idtntb_port *port);

/** Publish a number by which the transport of the others finds how to kick this owner; 0 at first. */
void idtntb_port_bell_set(struct idtntb_port *port, uint32_t bell);
/** Lines up to @p level go to the log callback; IDTNTB_LOG_INFO at first. */
void idtntb_port_log_set(struct idtntb_port *port, enum idtntb_log_level level);

/** The switch a handle was attached through. */
struct idtntb_switch *idtntb_port_switch(const struct idtntb_port *port);
/** The port number of a handle. */
unsigned idtntb_port_number(const struct idtntb_port *port);
/** The index in the topology of a handle's port: the bit of kicks, the target of windows. */
unsigned idtntb_port_slot(const struct idtntb_port *port);

/** Take the owner's side of the link up or down; peers get their switch event (section 10.1). */
void idtntb_port_link_set(struct idtntb_port *port, bool up);

/**
 * Reset the NT function as a hot or fundamental reset does (section 13). A link that is up drops and comes back, so
 * that peers notice.
 */
void idtntb_port_reset(struct idtntb_port *port);

/** After a kick: notice what other ports have done and update interrupts and windows. Cheap when nothing happened. */
void idtntb_port_service(struct idtntb_port *port);

/** Service this port and kick all others: after a function on the switch that changes what they should look at. */
void idtntb_port_announce(struct idtntb_port *port);

/**
 * Access configuration space. Any size 1, 2, 4 or 8, at any offset, aligned or not: it is carried out as accesses of
 * dwords with byte enables, low first; bytes past 0xFFF read as ones and are not written.
 */
uint64_t idtntb_port_config_read(struct idtntb_port *port, uint32_t offset, unsigned size);
/** As idtntb_port_config_read(). @p value holds the bytes in little-endian order. */
void idtntb_port_config_write(struct idtntb_port *port, uint32_t offset, uint64_t value, unsigned size);

/**
 * Access a BAR at @p offset: registers where its MODE is NT configuration space, else a window (section 6.2).
 * Refused or unanswered reads give all ones, refused writes vanish; neither is an error of the caller. Register accesses
 * are as idtntb_port_config_read(), but need PCICMD.MEM.
 * @param size any; an access may span windows.
 */
void idtntb_port_bar_read(struct idtntb_port *port, unsigned bar, uint64_t offset, void *data, size_t size);
/** As idtntb_port_bar_read(). */
void idtntb_port_bar_write(struct idtntb_port *port, unsigned bar, uint64_t offset, const void *data, size_t size);

/**
 * For a host that keeps its own configuration image: tell the switch what dword @p offset (below
 * IDTNTB_VMM_CONFIG_SIZE) of it holds now. Command, BAR and MSI changes take effect.
 */
void idtntb_port_mirror(struct idtntb_port *port, uint32_t offset, uint32_t value);

/**
 * Move to another block of the same topology (the transport's memory was made anew): the private registers, what came
 * in and the link state go along, a link that was broken by idtntb_switch_link_force() too, unless it was changed there.
 * On failure the port stays where it was.
 * @return 0, or -EPROTO when the topologies differ.
 */
int idtntb_port_move(struct idtntb_port *port, struct idtntb_switch *to, struct idtntb_error *error);

/** What has gone through a port handle since it was attached. */
struct idtntb_port_stats {
	uint64_t register_reads; /**< dwords read */
	uint64_t register_writes; /**< dwords written */
	uint64_t window_reads; /**< accesses that came to idtntb_port_bar_read(): what is mapped does not */
	uint64_t window_writes; /**< accesses that came to idtntb_port_bar_write() */
	uint64_t window_refused; /**< of those, refused or unanswered */
	uint64_t interrupts; /**< MSIs sent and INTA assertions */
	uint64_t guest_errors; /**< reported or not */
};

/** Copy the counters of a handle. */
void idtntb_port_stats(const struct idtntb_port *port, struct idtntb_port_stats *stats);

/** Read an own register without side effects, from the owner's private truth. */
uint32_t idtntb_port_peek(const struct idtntb_port *port, uint32_t offset);

/** Why a window does not go through; IDTNTB_WINDOW_OPEN when it does (section 6.2, in the order tested). */
enum idtntb_window_state {
	IDTNTB_WINDOW_OPEN,
	IDTNTB_WINDOW_NONE, /**< no such window in this BAR setup */
	IDTNTB_WINDOW_MEM_OFF, /**< PCICMD.MEM of this port is 0 */
	IDTNTB_WINDOW_NOT_ADMITTED, /**< no mapping table entry for this port's partition */
	IDTNTB_WINDOW_LIMIT, /**< closed by BARLIMIT */
	IDTNTB_WINDOW_INVALID, /**< the lookup table entry is not VALID */
	IDTNTB_WINDOW_NO_TARGET, /**< the partition has no NT port, or is this port's own */
	IDTNTB_WINDOW_LINK_DOWN, /**< the target's link is down */
	IDTNTB_WINDOW_TARGET_BME_OFF, /**< PCICMD.BME of the target is 0 */
	/* Never the state of a window, only why a single access to an open one was refused: */
	IDTNTB_WINDOW_NO_COMPLETION, /**< a read, and NTCTL.CPEN of this port lets no completion in */
	IDTNTB_WINDOW_NO_ANSWER, /**< the target's host did not do it: no RAM of its there, stopped, or gone */
};

/** What idtntb_window_state means, in a few words. Static storage. */
const char *idtntb_window_state_text(enum idtntb_window_state state);

/** A window, see idtntb_port_window(). */
struct idtntb_window {
	unsigned bar; /**< number of the BAR */
	unsigned entry; /**< of its lookup table; 0 when direct */
	uint64_t offset; /**< of its first byte in the BAR */
	uint64_t size; /**< aperture in bytes */
	enum idtntb_window_state state; /**< whether it goes through, and if not, why */
	bool readable; /**< open, and NTCTL.CPEN lets read completions in; else reads give all ones */
	unsigned slot; /**< target's index in the topology, when open */
	uint64_t address; /**< target bus address of the first byte, when open */
	uint64_t length; /**< bytes from the start that the limit admits, when open */
};

/**
 * Describe window IDTNTB_WINDOW(bar, entry): own changes show at once, those of peers from idtntb_port_service() on.
 * Between two calls of window_changed() for a window what is told here of its target stays the same, so that a host
 * which maps it misses nothing. Accesses by idtntb_port_bar_read() and _write() go by the state of the moment.
 * @return 0, or -EINVAL when the BAR setup has no such window (state IDTNTB_WINDOW_NONE).
 */
int idtntb_port_window(const struct idtntb_port *port, unsigned window, struct idtntb_window *info);

/**
 * Describe a window of any port by what its owner has published: as idtntb_port_window() does, but as things stand at
 * this moment, and by words that nobody vouches for. For inspection.
 * @param port   port number.
 * @param window IDTNTB_WINDOW(bar, entry).
 * @return 0, or -EINVAL when it is no NT port, or the BAR setup has no such window (state IDTNTB_WINDOW_NONE).
 */
int idtntb_switch_window(const struct idtntb_switch *sw, unsigned port, unsigned window, struct idtntb_window *info);

/* ------------------------------------------------------------------ counters */

/**
 * Bytes of memory that the counters of a port need: a multiple of 4096, the same for every topology.
 *
 * Counters are what goes through a port handle, in memory that others may look at: see idtntb_port_counters_set() for
 * who writes and idtntb_counters_stats() for who reads. They are for people. Nothing the library does depends on them.
 */
size_t idtntb_counters_size(void);

/**
 * Count in @p memory from now on, starting from zero there; windows that are said to be mapped stay so.
 * The owner of the port is the only one who writes there, by relaxed stores of words; it never acts on what it reads
 * back.
 * @param memory idtntb_counters_size() bytes aligned to 8, or NULL: privately again, as after idtntb_port_attach(). It
 *               must stay until idtntb_port_detach() or the next call; it keeps its last content then.
 */
void idtntb_port_counters_set(struct idtntb_port *port, void *memory);

/** For the counters: the host has mapped window IDTNTB_WINDOW(bar, entry), or has taken the mapping away. */
void idtntb_port_window_mapped_set(struct idtntb_port *port, unsigned window, bool mapped);

/** Accesses of peers to this host's memory by copy that found none there. */
struct idtntb_inbound_counts {
	uint64_t refused; /**< how many, since the port was attached */
	uint64_t address; /**< bus address of the last one */
	unsigned slot; /**< of the port it came from */
};

/** For the counters: what peers were refused by the host, which is the one who knows. */
void idtntb_port_inbound_set(struct idtntb_port *port, const struct idtntb_inbound_counts *counts);

/**
 * @name Reading counters
 * @p counters is a counters memory, live or a copy of it, aligned to 8. It may hold anything at all: what is told from it
 * is bounded, but only as true as those are who can write it. Each number is read by itself. From any thread.
 * @{ */

/** The sums, as idtntb_port_stats() gives them to the owner. */
void idtntb_counters_stats(const void *counters, struct idtntb_port_stats *stats);

/** Accesses by the owner to the registers of a row. */
struct idtntb_register_counts {
	uint64_t reads; /**< dwords read, all instances together */
	uint64_t writes; /**< dwords written, in full or in part */
};

/**
 * Accesses to the registers of row @p row of idtntb_register_get(): those of the own NT function, and those of switch
 * registers through the global address space. Zero past the last row. Row ~0u: the NT function where there is no
 * register.
 */
void idtntb_counters_register(const void *counters, unsigned row, struct idtntb_register_counts *counts);

/** What has gone through a window by copy, and what has not. Mapped accesses are seen by nobody. */
struct idtntb_window_counts {
	uint64_t reads; /**< accesses, or parts of one that spans windows, that were carried out */
	uint64_t writes; /**< the same; a write is posted, so its target may still drop it */
	uint64_t read_bytes; /**< by copy */
	uint64_t written_bytes; /**< by copy */
	uint64_t refused; /**< not carried out */
	enum idtntb_window_state refusal; /**< why the last of those was not; IDTNTB_WINDOW_OPEN while there is none */
	uint64_t refused_offset; /**< of its first byte in the window */
	bool mapped; /**< by the owner's host, which therefore sees few of its accesses */
};

/** What has gone through window IDTNTB_WINDOW(bar, entry). All zero past IDTNTB_WINDOWS. */
void idtntb_counters_window(const void *counters, unsigned window, struct idtntb_window_counts *counts);

/** What idtntb_port_inbound_set() was told last. */
void idtntb_counters_inbound(const void *counters, struct idtntb_inbound_counts *counts);

/** What a port's host has ever done with doorbells: OUTDBELLSET reads 0, and a mask tells of this moment only. */
struct idtntb_doorbell_history {
	uint32_t rung; /**< bits ever written as one to OUTDBELLSET */
	uint32_t unmasked; /**< bits ever written as zero to INDBELLMSK */
};

/** The doorbell history of a port. */
void idtntb_counters_doorbells(const void *counters, struct idtntb_doorbell_history *history);

/** A guest error that was reported. */
struct idtntb_guest_error {
	uint64_t number; /**< which of all guest errors since the port was attached, from 1; reported or not */
	char text[200]; /**< one line of printable ASCII */
};

/**
 * The guest errors reported last, newest first. The last 16 are kept; of a kind that is reported more than four times
 * the first three and the newest.
 * @param index from 0.
 * @return false past the last one kept, or when it was being written while @p counters was copied.
 */
bool idtntb_counters_guest_error(const void *counters, unsigned index, struct idtntb_guest_error *error);
/** @} */

/* ------------------------------------------------------------------ pokes */

/**
 * Let others ask this owner to write registers of its port, or not: see idtntb_switch_poke_post(). Off at first. Whoever
 * can write the memory of the switch can ask, so it takes the consent of the owner's user.
 */
void idtntb_port_poke_allow(struct idtntb_port *port, bool allow);

/**
 * Ask the owner of @p port to write a register, as its own guest would: the whole dword, with all effects. It is done
 * when the owner next services the port, so kick it. There is room for one request a port; a newer one takes its place.
 * @param offset of an NT register from IDTNTB_VMM_CONFIG_SIZE on (below, the image of the owner's VMM rules), or the
 *               global address of a switch register, 0x3E000-0x3FFFC; a multiple of 4.
 * @param ticket for idtntb_switch_poke_result().
 * @return 0; -EINVAL no NT port, or no such offset; -ENXIO nobody owns the port; -EROFS a saved state.
 */
int idtntb_switch_poke_post(struct idtntb_switch *sw, unsigned port, uint32_t offset, uint32_t value, uint32_t *ticket,
			    struct idtntb_error *error);

/**
 * What has become of a request.
 * @return 0 done; -EAGAIN not yet; -EACCES the owner accepts no pokes; -ESTALE a newer request has taken its place, and
 *         whether it was done before cannot be told any more; -ENXIO nobody owns the port; -EINVAL it is no NT port.
 */
int idtntb_switch_poke_result(const struct idtntb_switch *sw, unsigned port, uint32_t ticket);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
