/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why a window does not go through, in the order in which a request is tested (section 6.2); then what looks wrong of an
 * open one, and why accesses were refused.
 */
#include "check.h"

/* Addresses from 16 TiB on: no host has memory there, so words are exchanged or the address is not a bus address. */
#define PLAUSIBLE_HIGH 0x1000u

static const char closing_advice[] = "see the link of the target: idtntbctl check";

/* A window that is not open: which register says so. `wanted`: severity when somebody wants it open. */
static const struct {
	enum idtntb_window_state state;
	struct check_condition condition;
} closed[] = {
	{ IDTNTB_WINDOW_MEM_OFF,
	  { "window.mem", "PCICMDSTS", IDTNTB_ERROR, NULL, "memory accesses are off: PCICMD.MEM of this port is 0",
	    "enable the device (pci_enable_device_mem()) before its windows are used" } },
	{ IDTNTB_WINDOW_NOT_ADMITTED,
	  { "window.entry", "NTMTBLDATA", IDTNTB_ERROR, NULL,
	    "requests of this port are refused: no valid mapping table entry has its partition",
	    "enable the link (ntb_link_enable()): the driver sets the NTMTBLDATA entry of its partition then" } },
	{ IDTNTB_WINDOW_LIMIT, { "window.limit", "BARLIMIT%u", IDTNTB_ERROR, NULL, NULL, NULL } },
	{ IDTNTB_WINDOW_INVALID, { "window.valid", "LUTUDATA", IDTNTB_ERROR, NULL, NULL, NULL } },
	{ IDTNTB_WINDOW_NO_TARGET, { "window.target", NULL, IDTNTB_ERROR, NULL, NULL, NULL } },
	{ IDTNTB_WINDOW_LINK_DOWN, { "window.link", "SWPORT%uSTS", IDTNTB_WARNING, NULL, NULL, closing_advice } },
	{ IDTNTB_WINDOW_TARGET_BME_OFF, { "window.bme", "PCICMDSTS", IDTNTB_WARNING, NULL, NULL, closing_advice } },
};

#define CLOSED (sizeof(closed) / sizeof(closed[0]))

/* One window under examination. */
struct examination {
	struct check *check;
	const struct inspect_window *window;
	struct check_subject subject;
	char text[CHECK_LINE];
};

/* LUT words and mapping table entries lie behind cursors: their values are not those of the registers at the moment. */
static void value_set(struct idtntb_finding *finding, uint32_t value)
{
	if (finding)
		finding->value = value;
}

static uint64_t used(const struct inspect_window *window)
{
	return window->counts.reads + window->counts.writes + window->counts.refused;
}

/* A base alone is what the driver leaves of a direct window that it has closed. */
static bool is_set_up(const struct inspect_window *window)
{
	return window->lut ? window->words[0] || window->words[1] || window->words[2] : window->limit;
}

/* Counts never fall: only what was refused for the reason that holds now tells that somebody wants the window open. */
static bool refused_now(const struct inspect_window *window)
{
	return window->counts.refused && window->counts.refusal == window->info.state;
}

static void limit_add(struct examination *at, struct check_condition condition)
{
	const struct inspect_window *window = at->window;
	bool based = window->words[0] || window->words[1], refused = refused_now(window);
	bool ever = inspect_counts(at->check->snapshot, window->slot, "BARLIMIT%u").writes;
	char line[CHECK_LINE];

	condition.advice =
		"write the BAR's bus address plus the window's size to BARLIMIT, after BARLTBASE and BARUTBASE";
	if (window->limit) {
		check_line(line, "limit 0x%llx ends before the BAR starts at 0x%llx: it is an address, not a size",
			   (unsigned long long)window->limit, (unsigned long long)window->start);
	} else if (based && (refused || !ever)) {
		condition.severity = IDTNTB_ERROR;
		check_line(line, "the limit is not set: BARLIMIT%u is 0 although a base is (0x%llx)", window->info.bar,
			   (unsigned long long)window->address);
	} else {
		check_line(line, "closed, BARLIMIT%u is 0", window->info.bar);
	}
	check_add(at->check, &condition, &at->subject, window->slot, window->info.bar, 0, line);
}

static void invalid_add(struct examination *at, struct check_condition condition)
{
	const struct inspect_window *window = at->window;
	char line[CHECK_LINE];

	if (is_set_up(window)) {
		condition.advice =
			"write LUTLDATA (address 31:0), LUTMDATA (63:32), then LUTUDATA (partition, bit 31 VALID)";
		check_line(line,
			   "the entry holds 0x%08x 0x%08x 0x%08x, but VALID is 0: are the words in the wrong order?",
			   window->words[0], window->words[1], window->words[2]);
	} else if (refused_now(window)) {
		condition.advice =
			"set the translation first (ntb_peer_mw_set_trans()); ntb_perf of Linux 5.4 and later "
			"sets another window than it uses";
		check_line(line, "the lookup table entry is not set, and %llu accesses were refused",
			   (unsigned long long)window->counts.refused);
	} else {
		check_line(line, "the lookup table entry is not set");
	}
	value_set(check_add(at->check, &condition, &at->subject, window->slot, 0, 0, line), window->words[2]);
}

/* The partition of a translation has no port, or is the port's own. */
static void target_add(struct examination *at, struct check_condition condition)
{
	const struct inspect_window *window = at->window;
	bool own = window->partition == inspect_setup(at->check->snapshot, window->slot)->partition;
	char line[CHECK_LINE];

	condition.reg = window->lut ? "LUTUDATA" : "BARSETUP%u";
	condition.advice =
		"the partition must be that of a peer; LUTUDATA holds it in bits 3:0 and VALID in bit 31, BARSETUP "
		"in TPART; are LUT words in the wrong order?";
	check_line(line,
		   own ? "it leads to partition %u, which is this port's own"
		       : "it leads to partition %u, which has no NT port",
		   window->partition);
	value_set(check_add(at->check, &condition, &at->subject, window->slot, window->lut ? 0 : window->info.bar, 0,
			    line),
		  window->lut ? window->words[2] : window->setup);
}

/* Closed by the target's side: its own first condition says more than the bit. */
static void peer_add(struct examination *at, struct check_condition condition)
{
	const struct inspect_window *window = at->window;
	int target = inspect_slot_of_partition(at->check->snapshot, window->partition);
	const struct check_condition *why;
	struct inspect_side side;
	char line[CHECK_LINE];

	if (target < 0)
		return;
	inspect_side(&side, at->check->snapshot, (unsigned)target);
	why = check_side(&side);
	check_line(line, "the target, port %u, takes no accesses: %s", side.port,
		   why && why->cause ? why->cause : idtntb_window_state_text(window->info.state));
	at->subject.peer = target;
	if (why && why->advice)
		condition.advice = why->advice;
	check_add(at->check, &condition, &at->subject, (unsigned)target,
		  !strcmp(condition.reg, "SWPORT%uSTS") ? side.port : 0, 0, line);
}

/* By Linux's convention the entry that lets a port's requests through is that of its partition's number (section 5). */
static void entry_add(struct examination *at, const struct check_condition *condition)
{
	const struct idtntb_snapshot *snapshot = at->check->snapshot;
	unsigned slot = at->window->slot;

	value_set(check_add(at->check, condition, &at->subject, slot, 0, 0, NULL),
		  idtntb_switch_mapping(snapshot->sw, inspect_setup(snapshot, slot)->partition));
}

static void closed_add(struct examination *at, struct check_condition condition)
{
	if (!is_set_up(at->window))
		condition.severity = refused_now(at->window) ? IDTNTB_WARNING : IDTNTB_NOTE;
	switch (at->window->info.state) {
	case IDTNTB_WINDOW_NOT_ADMITTED:
		entry_add(at, &condition);
		break;
	case IDTNTB_WINDOW_LIMIT:
		limit_add(at, condition);
		break;
	case IDTNTB_WINDOW_INVALID:
		invalid_add(at, condition);
		break;
	case IDTNTB_WINDOW_NO_TARGET:
		target_add(at, condition);
		break;
	case IDTNTB_WINDOW_LINK_DOWN:
	case IDTNTB_WINDOW_TARGET_BME_OFF:
		peer_add(at, condition);
		break;
	default:
		check_add(at->check, &condition, &at->subject, at->window->slot, 0, 0, NULL);
	}
}

/* ------------------------------------------------------------------ open, and yet */

/* The register that holds the low or high half of the translation. */
static const char *base_register(const struct inspect_window *window, bool high)
{
	return window->lut ? (high ? "LUTMDATA" : "LUTLDATA") : (high ? "BARUTBASE%u" : "BARLTBASE%u");
}

/* What is known of whether the target's host has RAM there. */
enum answer {
	ANSWER_UNKNOWN,
	ANSWER_REFUSED, /* it refused an address of this window */
	ANSWER_ELSEWHERE, /* what it refused last from this port was another address */
};

static enum answer inbound_answer(const struct examination *at)
{
	const struct inspect_window *window = at->window;
	const void *counters = at->check->snapshot->counters[window->info.slot % IDTNTB_PORTS];
	struct idtntb_inbound_counts inbound;

	if (!counters)
		return ANSWER_UNKNOWN;
	idtntb_counters_inbound(counters, &inbound);
	if (!inbound.refused || inbound.slot != window->slot)
		return ANSWER_UNKNOWN;
	return inbound.address >= window->address && inbound.address - window->address < window->info.length
		       ? ANSWER_REFUSED
		       : ANSWER_ELSEWHERE;
}

/* Counts never fall: what was refused before the window was set right is no fault of now. */
static bool is_unanswered(const struct examination *at)
{
	const struct idtntb_window_counts *counts = &at->window->counts;

	switch (inbound_answer(at)) {
	case ANSWER_REFUSED:
		return true;
	case ANSWER_ELSEWHERE:
		return false;
	case ANSWER_UNKNOWN:
		break;
	}
	return counts->refusal == IDTNTB_WINDOW_NO_ANSWER && !counts->mapped;
}

static void address_check(struct examination *at)
{
	const struct inspect_window *window = at->window;
	struct check_condition condition = { .id = "window.address", .severity = IDTNTB_ERROR };
	bool high = window->words[1] >= PLAUSIBLE_HIGH, exchanged = high && !window->words[0];
	unsigned bar = window->lut ? 0 : window->info.bar;
	unsigned peer = inspect_setup(at->check->snapshot, window->info.slot)->port;
	char line[CHECK_LINE];

	if (!high && !is_unanswered(at))
		return;
	condition.reg = base_register(window, high);
	condition.advice =
		"translate to a DMA (bus) address of a buffer in the peer's RAM, as dma_alloc_coherent() gives it";
	if (exchanged && window->lut) {
		condition.id = "window.words";
		condition.advice =
			"write LUTLDATA (address 31:0), LUTMDATA (63:32), then LUTUDATA (partition, bit 31 VALID)";
		check_line(line,
			   "the low word is 0 and the high word 0x%08x: are LUTLDATA and LUTMDATA in the wrong order?",
			   window->words[1]);
	} else {
		check_line(line, "address 0x%llx is wrong: the host of port %u has no RAM there%s",
			   (unsigned long long)window->address, peer, high ? "" : ", or does not answer");
	}
	value_set(check_add(at->check, &condition, &at->subject, window->slot, bar, 0, line), window->words[high]);
}

static void readable_check(struct examination *at)
{
	static const struct check_condition condition = {
		"window.cpen",
		"NTCTL",
		IDTNTB_ERROR,
		NULL,
		"open for writes only: NTCTL.CPEN of this port is 0, so reads give all ones",
		"write CPEN=1 to NTCTL when the link is enabled; any reset of the function clears it"
	};

	if (!at->window->info.readable)
		check_add(at->check, &condition, &at->subject, at->window->slot, 0, 0, NULL);
}

static void mapped_check(struct examination *at)
{
	static const struct check_condition condition = {
		"window.copy",
		NULL,
		IDTNTB_NOTE,
		NULL,
		"open, but not mapped: accesses go by copy",
		"to be mapped: an address that is a multiple of the page size, RAM shared by a descriptor, a host that maps"
	};

	if (at->window->counted && at->window->info.readable && !at->window->counts.mapped)
		check_add(at->check, &condition, &at->subject, at->window->slot, 0, 0, NULL);
}

/* Accesses refused before, for another reason than the one told already. */
static void refused_check(struct examination *at)
{
	const struct idtntb_window_counts *counts = &at->window->counts;
	struct check_condition condition = { "window.refused",
					     NULL,
					     IDTNTB_NOTE,
					     NULL,
					     NULL,
					     "it is open now; nothing more to do unless the count grows" };
	char line[CHECK_LINE];

	if (!counts->refused || counts->refusal == at->window->info.state || counts->refusal == IDTNTB_WINDOW_NO_ANSWER)
		return;
	if (at->window->info.state != IDTNTB_WINDOW_OPEN)
		condition.advice = "";
	check_add(at->check, &condition, &at->subject, at->window->slot, 0, 0,
		  check_line(line, "%llu accesses were refused, the last at offset 0x%llx: %s",
			     (unsigned long long)counts->refused, (unsigned long long)counts->refused_offset,
			     idtntb_window_state_text(counts->refusal)));
}

static void open_check(struct examination *at)
{
	static const struct check_condition ok = { .id = "window" };
	size_t before = at->check->findings->count;
	char line[CHECK_LINE];

	address_check(at);
	readable_check(at);
	if (at->check->findings->count == before)
		check_add(at->check, &ok, &at->subject, at->window->slot, 0, 0,
			  check_line(line, "open, to 0x%llx of port %u, %llu accesses by copy",
				     (unsigned long long)at->window->address,
				     inspect_setup(at->check->snapshot, at->window->info.slot)->port,
				     (unsigned long long)used(at->window)));
	mapped_check(at);
}

void check_window(struct check *check, unsigned slot, unsigned number)
{
	struct inspect_window window;
	struct examination at = { check, &window, { slot, -1, (int)number, at.text }, "" };

	if (!inspect_window(&window, check->snapshot, slot, number))
		return;
	check_line(at.text, "window BAR%u.%u of port %u", window.info.bar, window.info.entry,
		   inspect_setup(check->snapshot, slot)->port);
	if (window.info.state == IDTNTB_WINDOW_OPEN) {
		at.subject.peer = (int)window.info.slot;
		open_check(&at);
	}
	for (size_t c = 0; c < CLOSED; c++) {
		if (closed[c].state == window.info.state)
			closed_add(&at, closed[c].condition);
	}
	refused_check(&at);
}
