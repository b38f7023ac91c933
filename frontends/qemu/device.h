/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QEMU device idt-ntb: one NT port of an emulated 89HPESxNTxG2 switch as a PCI Express function.
 *
 * Everything here runs under QEMU's big lock, which is what serialises the calls on the attachment and its port.
 */
#ifndef IDT_NTB_DEVICE_H
#define IDT_NTB_DEVICE_H

#include "compat.h"

#include <idtntb-transport.h>

#define TYPE_IDT_NTB "idt-ntb"
OBJECT_DECLARE_SIMPLE_TYPE(IdtNtb, IDT_NTB)

/* A window of a BAR: host address space reserved for the device's life, and the alias that shows it to the guest. */
typedef struct IdtWindow {
	MemoryRegion ram; /* the window's part of the reservation */
	MemoryRegion alias; /* of its first bytes; enabled while a peer's RAM is mapped there */
	uint8_t *host;
	uint64_t size; /* bytes reserved; 0 where the BAR setup has no such window, or none that can be mapped */
	uint64_t offset; /* in the BAR */
	uint64_t mapped; /* bytes of a peer's RAM mapped from the start */
} IdtWindow;

typedef struct IdtBar {
	IdtNtb *device;
	unsigned number;
	MemoryRegion container; /* what PCI maps */
	MemoryRegion trap; /* all of the BAR, below the aliases */
	void *reservation;
	uint64_t size; /* 0: not implemented, or the upper half of a pair */
	bool windows; /* false: registers */
} IdtBar;

/* The guest's RAM as QEMU's memory map last had it (ram.c). */
typedef struct IdtRam {
	MemoryListener listener;
	bool registered;
	bool overflow_reported;
	uint64_t offered, mappable; /* bytes */
	struct idtntb_ram_range next[IDTNTB_RAM_RANGES];
	size_t next_count;
	bool next_overflow;
} IdtRam;

/* What a person wants of the link before there is a switch to ask. */
enum idtdev_link_wish { IDT_LINK_AS_IT_IS, IDT_LINK_UP, IDT_LINK_DOWN };

struct IdtNtb {
	PCIDevice parent_obj;

	/* properties */
	char *switch_spec;
	char *chip;
	char *ports;
	char *bar_setup;
	char *windows;
	char *log;
	uint32_t port_number;
	bool msi;
	bool unsealed_ram, accept_poke;
	enum idtdev_link_wish link_wish;

	struct idtntb_attachment *attachment; /* NULL: not attached (any more) */
	struct idtntb_attachment *released; /* what was it, until the main loop gives it up */
	bool signalling; /* an interrupt is on its way: what it hits of this very device is not a guest's access */
	bool started; /* the machine has been reset once; the link may be up */
	bool map; /* windows are mapped, not copied */
	bool pinning_refused; /* ram_block_discard_require() holds */
	bool capabilities; /* PCI capabilities are there to be taken down */
	Error *migration_blocker;

	IdtBar bars[IDTNTB_BARS];
	IdtWindow *window; /* IDTNTB_WINDOWS of them */
	unsigned windows_mapped;
	uint64_t window_maps; /* times a window was pointed somewhere */
	uint64_t map_failures;
	IdtRam ram;
	QLIST_ENTRY(IdtNtb) others; /* of this process that are attached (memory.c) */
};

/* options.c: what the properties ask for; false leaves one line and a hint in @errp. */
bool idtdev_options_log_level(const IdtNtb *s, enum idtntb_log_level *level, Error **errp);
bool idtdev_options_map(const IdtNtb *s, bool *map, Error **errp);
bool idtdev_options_topology(const IdtNtb *s, struct idtntb_topology *topology, bool *given, Error **errp);
bool idtdev_options_check(const IdtNtb *s, Error **errp);

/* report.c: the switch's lines on QEMU's stderr. */
void idtdev_report_log(void *opaque, enum idtntb_log_level level, const char *text);
void idtdev_report_guest_error(void *opaque, const char *text);

/* inspect.c: properties for looking in and for breaking the link. */
void idtdev_inspect_class_init(ObjectClass *klass);
/* Force the link, or let it go, as `link` says. */
bool idtdev_link_wish_apply(IdtNtb *s, Error **errp);

/* pci-config.c */
bool idtdev_config_realize(IdtNtb *s, Error **errp);
void idtdev_config_exit(IdtNtb *s);
void idtdev_config_reset(IdtNtb *s);
/* Tell the core all that QEMU's image holds. */
void idtdev_config_mirror(IdtNtb *s);
uint32_t idtdev_config_read(PCIDevice *dev, uint32_t offset, int size);
void idtdev_config_write(PCIDevice *dev, uint32_t offset, uint32_t value, int size);
/*
 * Whether an access may go to the port. An MSI that a guest has aimed at its own device's registers or windows would come
 * back into the port in the midst of another call: it vanishes. So does what a vIOMMU does there on its way through page
 * tables that a guest has aimed at one of our devices, while memory is accessed for a peer.
 */
extern bool idtdev_memory_busy;
static inline bool idtdev_reachable(const IdtNtb *s)
{
	return s->attachment && !s->signalling && !idtdev_memory_busy;
}

/*
 * Callbacks under way that end where the guest says: an MSI, or the fault that a vIOMMU puts into its log. That may be the
 * register that switches off the slot of a device of ours. No attachment is given up or reset meanwhile, one of them is in
 * the midst of a call.
 */
extern unsigned idtdev_callbacks;

/* Registers of the NT function through either door; any size up to 8 at any offset. */
uint64_t idtdev_nt_read(IdtNtb *s, uint64_t offset, unsigned size);
void idtdev_nt_write(IdtNtb *s, uint64_t offset, uint64_t value, unsigned size);

/* bars.c */
bool idtdev_bars_realize(IdtNtb *s, Error **errp);
void idtdev_bars_exit(IdtNtb *s);
void idtdev_bars_finalize(IdtNtb *s);

/* windows.c */
bool idtdev_windows_prepare(Error **errp);
void idtdev_windows_map(void *opaque, unsigned window, const struct idtntb_window_map *map);

/* memory.c: peers' accesses to guest RAM that is not offered. */
int idtdev_memory_read(void *opaque, uint64_t address, void *data, size_t size);
int idtdev_memory_write(void *opaque, uint64_t address, const void *data, size_t size);
void idtdev_memory_waiting(void *opaque);
/* Once attached, and before that ends. */
void idtdev_memory_start(IdtNtb *s);
void idtdev_memory_stop(IdtNtb *s);

/* ram.c */
bool idtdev_ram_is_guests(IdtNtb *s, MemoryRegion *mr);
bool idtdev_ram_check(IdtNtb *s, Error **errp);
void idtdev_ram_start(IdtNtb *s);
void idtdev_ram_stop(IdtNtb *s);

/* device.c */
void idtdev_ntb_register_type(void);

#endif
