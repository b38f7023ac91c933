/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * BAR windows: the decision for a memory request (section 6.2), reported when it changes and applied to what traps.
 */
#include "window.h"
#include "hooks.h"
#include "port.h"

#include <errno.h>
#include <string.h>

#define LUT_PART(word) ((word)&0xF)
#define LUT_VALID (1u << 31)

void idt_window_input_write(struct idtntb_port *port, const struct idt_write *write)
{
	(void)write;
	port->effects |= EFFECT_WINDOWS;
}

static uint32_t bar_register(const struct idtntb_port *port, uint32_t first, unsigned bar)
{
	return idt_nt(port, first + NT_BAR_STRIDE * bar);
}

static const uint32_t *setups(const struct idtntb_port *port)
{
	return port->sw->topology.ports[port->slot].barsetup;
}

/* Bus address of a BAR in the source's domain. */
static uint64_t bar_address(const struct idtntb_port *port, unsigned bar)
{
	uint64_t address = idt_nt(port, NT_BAR0 + 4 * bar) & ~0xFu;

	if (idt_bar_is_pair(setups(port)[bar]))
		address |= (uint64_t)idt_nt(port, NT_BAR0 + 4 * (bar + 1)) << 32;
	return address;
}

/* BARLIMIT is the last bus address let through, in steps of 1 KiB. */
static uint64_t bar_limit(const struct idtntb_port *port, unsigned bar)
{
	uint64_t limit = bar_register(port, NT_BARLIMIT0, bar) | 0x3FF;

	if (idt_bar_is_pair(setups(port)[bar]))
		limit |= (uint64_t)bar_register(port, NT_BARLIMIT0, bar + 1) << 32;
	return limit;
}

/* Translation alone: where an admitted request would go. */
static enum idtntb_window_state translate(const struct idtntb_port *port, struct idtntb_window *window,
					  unsigned *partition)
{
	uint32_t setup = bar_register(port, NT_BARSETUP0, window->bar);
	const uint32_t *entry;

	if (!BARSETUP_ATRAN(setup)) {
		uint64_t first = bar_address(port, window->bar), limit = bar_limit(port, window->bar);

		if (first > limit)
			return IDTNTB_WINDOW_LIMIT;
		if (limit - first < window->length)
			window->length = limit - first + 1;
		*partition = BARSETUP_TPART(setup);
		window->address = (uint64_t)bar_register(port, NT_BARUTBASE0, window->bar) << 32 |
				  bar_register(port, NT_BARLTBASE0, window->bar);
		return IDTNTB_WINDOW_OPEN;
	}
	entry = port->lut[window->bar / 2 - 1][window->entry];
	if (!(entry[2] & LUT_VALID))
		return IDTNTB_WINDOW_INVALID;
	*partition = LUT_PART(entry[2]);
	window->address = (uint64_t)entry[1] << 32 | entry[0];
	return IDTNTB_WINDOW_OPEN;
}

static enum idtntb_window_state target(const struct idtntb_port *port, unsigned partition, unsigned *slot)
{
	const struct idtntb_switch *sw = port->sw;
	int found = partition < IDTNTB_PARTITIONS ? sw->slot_of_partition[partition] : -1;

	if (found < 0 || (unsigned)found == port->slot)
		return IDTNTB_WINDOW_NO_TARGET;
	*slot = (unsigned)found;
	if (!idt_linkup(sw, *slot))
		return IDTNTB_WINDOW_LINK_DOWN;
	if (!(atomic_load(&idt_block_port(sw, *slot)->nt[NT_PCICMDSTS / 4]) & PCICMD_BME))
		return IDTNTB_WINDOW_TARGET_BME_OFF;
	return IDTNTB_WINDOW_OPEN;
}

static bool admitted(const struct idtntb_port *port)
{
	return (idt_nt(port, NT_NTCTL) & NTCTL_IDPROTDIS) || idt_mtbl_admits(port->sw, idt_own_partition(port));
}

/* The decision of section 6.2 for a window that exists; `admits` is the part that is the same for all of a port. */
static void decide(const struct idtntb_port *port, struct idtntb_window *window, bool admits)
{
	unsigned partition = 0;

	window->length = window->size;
	window->state = !(idt_nt(port, NT_PCICMDSTS) & PCICMD_MEM) ? IDTNTB_WINDOW_MEM_OFF
			: !admits                                  ? IDTNTB_WINDOW_NOT_ADMITTED
								   : translate(port, window, &partition);
	if (window->state == IDTNTB_WINDOW_OPEN)
		window->state = target(port, partition, &window->slot);
	/* Past the end of the 64-bit space there is no memory. */
	if (window->state == IDTNTB_WINDOW_OPEN && window->length - 1 > UINT64_MAX - window->address)
		window->length = UINT64_MAX - window->address + 1;
	window->readable = window->state == IDTNTB_WINDOW_OPEN && (idt_nt(port, NT_NTCTL) & NTCTL_CPEN);
}

static bool describe(const struct idtntb_port *port, unsigned bar, unsigned entry, bool admits,
		     struct idtntb_window *window)
{
	const uint32_t *barsetup = setups(port);

	*window = (struct idtntb_window){ .bar = bar, .entry = entry, .state = IDTNTB_WINDOW_NONE };
	if (bar >= IDTNTB_BARS || entry >= idt_bar_windows(barsetup, bar))
		return false;
	window->size = idt_window_size(barsetup[bar]);
	window->offset = entry * window->size;
	decide(port, window, admits);
	return true;
}

/*
 * As last reported, not as it is now: a host that maps what it finds here must hear of every change after that. A change
 * that is found here first and undone before the next look would be none to report().
 */
int idtntb_port_window(const struct idtntb_port *port, unsigned window, struct idtntb_window *info)
{
	unsigned bar = window / IDTNTB_LUT_ENTRIES, entry = window % IDTNTB_LUT_ENTRIES;

	if (bar >= IDTNTB_BARS || entry >= idt_bar_windows(setups(port), bar)) {
		*info = (struct idtntb_window){ .bar = bar, .entry = entry, .state = IDTNTB_WINDOW_NONE };
		return -EINVAL;
	}
	*info = port->windows[window];
	return 0;
}

/* Whether two states are one to a host that maps what is readable. */
static bool same_target(const struct idtntb_window *x, const struct idtntb_window *y)
{
	if (!x->readable || !y->readable)
		return x->readable == y->readable;
	return x->slot == y->slot && x->address == y->address && x->length == y->length;
}

static void report(struct idtntb_port *port, unsigned index, const struct idtntb_window *window)
{
	bool same = same_target(&port->windows[index], window);

	port->windows[index] = *window;
	if (same)
		return;
	idt_log(port, IDTNTB_LOG_DEBUG, "window BAR%u.%u: %s%s", window->bar, window->entry,
		idtntb_window_state_text(window->state),
		window->state == IDTNTB_WINDOW_OPEN && !window->readable ? ", but CPEN is 0" : "");
	if (port->ops.window_changed)
		port->ops.window_changed(port->opaque, index);
}

void idt_window_update(struct idtntb_port *port)
{
	bool admits = admitted(port);
	struct idtntb_window window;

	for (unsigned bar = 0; bar < IDTNTB_BARS; bar++) {
		for (unsigned entry = 0; describe(port, bar, entry, admits, &window); entry++)
			report(port, IDTNTB_WINDOW(bar, entry), &window);
	}
}

/* One access inside one window, or in none (`window` NULL). */
static bool access_one(struct idtntb_port *port, const struct idtntb_window *window, uint64_t at, unsigned char *data,
		       size_t size, bool write)
{
	if (!window || window->state != IDTNTB_WINDOW_OPEN || at >= window->length || size > window->length - at)
		return false;
	if (write)
		return port->ops.peer_write &&
		       !port->ops.peer_write(port->opaque, window->slot, window->address + at, data, size);
	return window->readable && port->ops.peer_read &&
	       !port->ops.peer_read(port->opaque, window->slot, window->address + at, data, size);
}

void idt_window_access(struct idtntb_port *port, unsigned bar, uint64_t offset, void *data, size_t size, bool write)
{
	unsigned char *at = data;
	unsigned windows = idt_bar_windows(setups(port), bar);
	/* The BARSETUP of a BAR without windows may hold anything: the whole access is one that nobody answers. */
	uint64_t aperture = windows ? idt_window_size(setups(port)[bar]) : UINT64_MAX;
	bool admits = admitted(port);
	struct idtntb_window window;

	*(write ? &port->stats.window_writes : &port->stats.window_reads) += 1;
	while (size) {
		uint64_t entry = offset / aperture, inside = offset % aperture;
		size_t length = size < aperture - inside ? size : (size_t)(aperture - inside);
		bool there = entry < windows && describe(port, bar, (unsigned)entry, admits, &window);

		if (!access_one(port, there ? &window : NULL, inside, at, length, write)) {
			port->stats.window_refused++;
			if (!write)
				memset(at, 0xFF, length);
		}
		at += length;
		offset += length;
		size -= length;
	}
}

const char *idtntb_window_state_text(enum idtntb_window_state state)
{
	static const char *const texts[] = {
		[IDTNTB_WINDOW_OPEN] = "open",
		[IDTNTB_WINDOW_NONE] = "no such window",
		[IDTNTB_WINDOW_MEM_OFF] = "memory access is off (PCICMD.MEM)",
		[IDTNTB_WINDOW_NOT_ADMITTED] = "no mapping table entry for this partition",
		[IDTNTB_WINDOW_LIMIT] = "closed by BARLIMIT",
		[IDTNTB_WINDOW_INVALID] = "lookup table entry not valid",
		[IDTNTB_WINDOW_NO_TARGET] = "target partition has no NT peer",
		[IDTNTB_WINDOW_LINK_DOWN] = "link of the target is down",
		[IDTNTB_WINDOW_TARGET_BME_OFF] = "bus master of the target is off (PCICMD.BME)",
	};

	return (unsigned)state < sizeof(texts) / sizeof(texts[0]) ? texts[state] : "unknown";
}
