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

/*
 * Whose registers a decision is made by: those that the port's owner keeps, or, `owner` being NULL, what it has published,
 * which may be anything. Each word is fetched once.
 */
struct truth {
	const struct idtntb_switch *sw;
	const struct idtntb_port *owner;
	unsigned slot;
};

static struct truth own_truth(const struct idtntb_port *port)
{
	return (struct truth){ port->sw, port, port->slot };
}

static uint32_t nt_of(const struct truth *truth, uint32_t offset)
{
	return truth->owner ? idt_nt(truth->owner, offset)
			    : atomic_load(&idt_block_port(truth->sw, truth->slot)->nt[offset / 4]);
}

static uint32_t lut_of(const struct truth *truth, unsigned table, unsigned entry, unsigned word)
{
	return truth->owner ? truth->owner->lut[table][entry][word]
			    : atomic_load(&idt_block_port(truth->sw, truth->slot)->lut[table][entry][word]);
}

static uint32_t bar_register(const struct truth *truth, uint32_t first, unsigned bar)
{
	return nt_of(truth, first + NT_BAR_STRIDE * bar);
}

/* As built: but for TPART, what BARSETUP holds never changes. */
static const uint32_t *setups(const struct truth *truth)
{
	return truth->sw->topology.ports[truth->slot].barsetup;
}

/* Bus address of a BAR in the source's domain. */
static uint64_t bar_address(const struct truth *truth, unsigned bar)
{
	uint64_t address = nt_of(truth, NT_BAR0 + 4 * bar) & ~0xFu;

	if (idt_bar_is_pair(setups(truth)[bar]))
		address |= (uint64_t)nt_of(truth, NT_BAR0 + 4 * (bar + 1)) << 32;
	return address;
}

/* BARLIMIT is the last bus address let through, in steps of 1 KiB. */
static uint64_t bar_limit(const struct truth *truth, unsigned bar)
{
	uint64_t limit = bar_register(truth, NT_BARLIMIT0, bar) | 0x3FF;

	if (idt_bar_is_pair(setups(truth)[bar]))
		limit |= (uint64_t)bar_register(truth, NT_BARLIMIT0, bar + 1) << 32;
	return limit;
}

/* Translation alone: where an admitted request would go. */
static enum idtntb_window_state translate(const struct truth *truth, struct idtntb_window *window, unsigned *partition)
{
	unsigned bar = window->bar, table = bar / 2 - 1;
	uint32_t upper;

	if (!BARSETUP_ATRAN(setups(truth)[bar])) {
		uint64_t first = bar_address(truth, bar), limit = bar_limit(truth, bar);

		if (first > limit)
			return IDTNTB_WINDOW_LIMIT;
		if (limit - first < window->length)
			window->length = limit - first + 1;
		*partition = BARSETUP_TPART(bar_register(truth, NT_BARSETUP0, bar));
		window->address = (uint64_t)bar_register(truth, NT_BARUTBASE0, bar) << 32 |
				  bar_register(truth, NT_BARLTBASE0, bar);
		return IDTNTB_WINDOW_OPEN;
	}
	upper = lut_of(truth, table, window->entry, 2);
	if (!(upper & LUT_VALID))
		return IDTNTB_WINDOW_INVALID;
	*partition = LUT_PART(upper);
	window->address =
		(uint64_t)lut_of(truth, table, window->entry, 1) << 32 | lut_of(truth, table, window->entry, 0);
	return IDTNTB_WINDOW_OPEN;
}

static enum idtntb_window_state target(const struct truth *truth, unsigned partition, unsigned *slot)
{
	const struct idtntb_switch *sw = truth->sw;
	int found = partition < IDTNTB_PARTITIONS ? sw->slot_of_partition[partition] : -1;

	if (found < 0 || (unsigned)found == truth->slot)
		return IDTNTB_WINDOW_NO_TARGET;
	*slot = (unsigned)found;
	if (!idt_linkup(sw, *slot))
		return IDTNTB_WINDOW_LINK_DOWN;
	if (!(atomic_load(&idt_block_port(sw, *slot)->nt[NT_PCICMDSTS / 4]) & PCICMD_BME))
		return IDTNTB_WINDOW_TARGET_BME_OFF;
	return IDTNTB_WINDOW_OPEN;
}

static bool admitted(const struct truth *truth)
{
	return (nt_of(truth, NT_NTCTL) & NTCTL_IDPROTDIS) ||
	       idt_mtbl_admits(truth->sw, idt_partition(truth->sw, truth->slot));
}

/* The decision of section 6.2 for a window that exists; `admits` is the part that is the same for all of a port. */
static void decide(const struct truth *truth, struct idtntb_window *window, bool admits)
{
	unsigned partition = 0;

	window->length = window->size;
	window->state = !(nt_of(truth, NT_PCICMDSTS) & PCICMD_MEM) ? IDTNTB_WINDOW_MEM_OFF
			: !admits                                  ? IDTNTB_WINDOW_NOT_ADMITTED
								   : translate(truth, window, &partition);
	if (window->state == IDTNTB_WINDOW_OPEN)
		window->state = target(truth, partition, &window->slot);
	/* Past the end of the 64-bit space there is no memory. */
	if (window->state == IDTNTB_WINDOW_OPEN && window->length - 1 > UINT64_MAX - window->address)
		window->length = UINT64_MAX - window->address + 1;
	window->readable = window->state == IDTNTB_WINDOW_OPEN && (nt_of(truth, NT_NTCTL) & NTCTL_CPEN);
}

/* Begin the description of a window; whether there is one. */
static bool exists(const struct truth *truth, unsigned bar, unsigned entry, struct idtntb_window *window)
{
	const uint32_t *barsetup = setups(truth);

	*window = (struct idtntb_window){ .bar = bar, .entry = entry, .state = IDTNTB_WINDOW_NONE };
	if (bar >= IDTNTB_BARS || entry >= idt_bar_windows(barsetup, bar))
		return false;
	window->size = idt_window_size(barsetup[bar]);
	window->offset = entry * window->size;
	return true;
}

static bool describe(const struct truth *truth, unsigned bar, unsigned entry, bool admits, struct idtntb_window *window)
{
	if (!exists(truth, bar, entry, window))
		return false;
	decide(truth, window, admits);
	return true;
}

int idtntb_switch_window(const struct idtntb_switch *sw, unsigned port, unsigned window, struct idtntb_window *info)
{
	const int slot = idtntb_switch_slot(sw, port);
	const struct truth truth = { sw, NULL, slot < 0 ? 0 : (unsigned)slot };

	*info = (struct idtntb_window){ .state = IDTNTB_WINDOW_NONE };
	if (slot < 0)
		return -EINVAL;
	return describe(&truth, window / IDTNTB_LUT_ENTRIES, window % IDTNTB_LUT_ENTRIES, admitted(&truth), info)
		       ? 0
		       : -EINVAL;
}

/*
 * As last reported, not as it is now: a host that maps what it finds here must hear of every change after that. A change
 * that is found here first and undone before the next look would be none to report().
 */
int idtntb_port_window(const struct idtntb_port *port, unsigned window, struct idtntb_window *info)
{
	const struct truth truth = own_truth(port);

	if (!exists(&truth, window / IDTNTB_LUT_ENTRIES, window % IDTNTB_LUT_ENTRIES, info))
		return -EINVAL;
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
	const struct truth truth = own_truth(port);
	bool admits = admitted(&truth);
	struct idtntb_window window;

	for (unsigned bar = 0; bar < IDTNTB_BARS; bar++) {
		for (unsigned entry = 0; describe(&truth, bar, entry, admits, &window); entry++)
			report(port, IDTNTB_WINDOW(bar, entry), &window);
	}
}

/* One access inside a window: IDTNTB_WINDOW_OPEN when it was carried out, else why not. */
static enum idtntb_window_state access_one(struct idtntb_port *port, const struct idtntb_window *window, uint64_t at,
					   unsigned char *data, size_t size, bool write)
{
	int result = -1;

	if (window->state != IDTNTB_WINDOW_OPEN)
		return window->state;
	if (at >= window->length || size > window->length - at)
		return IDTNTB_WINDOW_LIMIT;
	if (!write && !window->readable)
		return IDTNTB_WINDOW_NO_COMPLETION;
	if (write && port->ops.peer_write)
		result = port->ops.peer_write(port->opaque, window->slot, window->address + at, data, size);
	else if (!write && port->ops.peer_read)
		result = port->ops.peer_read(port->opaque, window->slot, window->address + at, data, size);
	return result ? IDTNTB_WINDOW_NO_ANSWER : IDTNTB_WINDOW_OPEN;
}

static void count_access(struct window_counters *counters, enum idtntb_window_state refusal, uint64_t at, size_t size,
			 bool write)
{
	if (refusal == IDTNTB_WINDOW_OPEN) {
		idt_count(write ? &counters->writes : &counters->reads);
		idt_count_more(write ? &counters->written_bytes : &counters->read_bytes, size);
		return;
	}
	atomic_store_explicit(&counters->refusal, refusal, memory_order_relaxed);
	atomic_store_explicit(&counters->refused_offset, at, memory_order_relaxed);
	idt_count(&counters->refused);
}

void idt_window_access(struct idtntb_port *port, unsigned bar, uint64_t offset, void *data, size_t size, bool write)
{
	const struct truth truth = own_truth(port);
	unsigned char *bytes = data;
	unsigned windows = idt_bar_windows(setups(&truth), bar);
	/* The BARSETUP of a BAR without windows may hold anything: the whole access is one that nobody answers. */
	uint64_t aperture = windows ? idt_window_size(setups(&truth)[bar]) : UINT64_MAX;
	bool admits = admitted(&truth);
	struct idtntb_window window;

	idt_count(write ? &port->counters->window_writes : &port->counters->window_reads);
	while (size) {
		uint64_t entry = offset / aperture, at = offset % aperture;
		size_t length = size < aperture - at ? size : (size_t)(aperture - at);
		enum idtntb_window_state refusal = IDTNTB_WINDOW_NONE;

		if (entry < windows && describe(&truth, bar, (unsigned)entry, admits, &window)) {
			refusal = access_one(port, &window, at, bytes, length, write);
			count_access(&port->counters->windows[IDTNTB_WINDOW(bar, entry)], refusal, at, length, write);
		}
		if (refusal != IDTNTB_WINDOW_OPEN) {
			idt_count(&port->counters->window_refused);
			if (!write)
				memset(bytes, 0xFF, length);
		}
		bytes += length;
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
		[IDTNTB_WINDOW_NO_COMPLETION] = "read completions are off (NTCTL.CPEN)",
		[IDTNTB_WINDOW_NO_ANSWER] = "the target's host has no memory at that address, or does not answer",
	};

	return (unsigned)state < sizeof(texts) / sizeof(texts[0]) ? texts[state] : "unknown";
}
