/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters: where the owner keeps them, and reading them from outside, where they may hold anything.
 */
#include "counters.h"
#include "port.h"

#include <string.h>

size_t idtntb_counters_size(void)
{
	return COUNTERS_SIZE;
}

void idtntb_port_counters_set(struct idtntb_port *port, void *memory)
{
	struct counters *to = memory ? memory : &port->own_counters;

	memset((void *)to, 0, sizeof(*to));
	memset(port->kept, 0, sizeof(port->kept));
	port->counters = to;
	for (unsigned window = 0; window < IDTNTB_WINDOWS; window++) {
		if (port->mapped[window / 64] >> (window % 64) & 1)
			atomic_store_explicit(&to->windows[window].mapped, 1, memory_order_relaxed);
	}
}

void idtntb_port_window_mapped_set(struct idtntb_port *port, unsigned window, bool mapped)
{
	uint64_t bit;

	if (window >= IDTNTB_WINDOWS)
		return;
	bit = 1ull << (window % 64);
	port->mapped[window / 64] = (port->mapped[window / 64] & ~bit) | (mapped ? bit : 0);
	atomic_store_explicit(&port->counters->windows[window].mapped, mapped, memory_order_relaxed);
}

void idtntb_port_inbound_set(struct idtntb_port *port, const struct idtntb_inbound_counts *counts)
{
	struct counters *to = port->counters;

	atomic_store_explicit(&to->inbound_address, counts->address, memory_order_relaxed);
	atomic_store_explicit(&to->inbound_slot, counts->slot, memory_order_relaxed);
	atomic_store_explicit(&to->inbound_refused, counts->refused, memory_order_relaxed);
}

/* ---------------------------------------------------------------- guest errors */

/*
 * Where the next error of a kind goes: in place of the newest one of that kind, if it is a repetition that is reported by
 * powers of two, so that a flood of one kind does not wash the others away; else of the oldest.
 */
static unsigned place(const struct idtntb_port *port, unsigned kind, bool repeated)
{
	unsigned oldest = 0, newest = COUNTER_ERRORS;

	for (unsigned e = 0; e < COUNTER_ERRORS; e++) {
		const struct idt_kept_error *kept = &port->kept[e];

		if (kept->number < port->kept[oldest].number)
			oldest = e;
		if (kept->number && kept->kind == kind &&
		    (newest == COUNTER_ERRORS || kept->number > port->kept[newest].number))
			newest = e;
	}
	return repeated && newest < COUNTER_ERRORS ? newest : oldest;
}

void idt_error_keep(struct idtntb_port *port, unsigned kind, bool repeated, uint64_t number, const char *text)
{
	const unsigned at = place(port, kind, repeated);
	struct error_record *record = &port->counters->errors[at];
	char padded[COUNTER_TEXT] = { 0 };
	uint64_t word;

	port->kept[at] = (struct idt_kept_error){ number, kind };
	strncpy(padded, text, sizeof(padded) - 1);
	atomic_store_explicit(&record->started, number, memory_order_relaxed);
	for (size_t w = 0; w < COUNTER_TEXT / 8; w++) {
		memcpy(&word, padded + 8 * w, 8);
		/* Each after `started`, and `done` after all. */
		atomic_store_explicit(&record->text[w], word, memory_order_release);
	}
	atomic_store_explicit(&record->done, number, memory_order_release);
}

/* Copy a record, unless it is empty or being written. Nothing in it is believed to be text. */
static bool record_read(const struct error_record *record, struct idtntb_guest_error *error)
{
	uint64_t word;

	error->number = atomic_load_explicit(&record->done, memory_order_acquire);
	for (size_t w = 0; w < COUNTER_TEXT / 8; w++) {
		word = atomic_load_explicit(&record->text[w], memory_order_acquire);
		memcpy(error->text + 8 * w, &word, 8);
	}
	if (!error->number || atomic_load_explicit(&record->started, memory_order_relaxed) != error->number)
		return false;
	error->text[COUNTER_TEXT - 1] = '\0';
	for (char *at = error->text; *at; at++) {
		if (*at < ' ' || *at > '~')
			*at = '?';
	}
	return true;
}

bool idtntb_counters_guest_error(const void *memory, unsigned index, struct idtntb_guest_error *error)
{
	const struct counters *counters = memory;
	uint64_t numbers[COUNTER_ERRORS], below = UINT64_MAX;
	unsigned found = 0;

	for (unsigned e = 0; e < COUNTER_ERRORS; e++)
		numbers[e] = idt_counter(&counters->errors[e].done);
	/* The one with the index-th highest number; what is 0 is empty, and no owner gives a number twice. */
	for (unsigned i = 0; i <= index; i++) {
		uint64_t highest = 0;

		for (unsigned e = 0; e < COUNTER_ERRORS; e++) {
			if (numbers[e] < below && numbers[e] > highest) {
				highest = numbers[e];
				found = e;
			}
		}
		if (!highest)
			return false;
		below = highest;
	}
	return record_read(&counters->errors[found], error);
}

/* ---------------------------------------------------------------- numbers */

/* What counts as an access of the NT function: its own registers, and what is none. Switch registers come through it. */
static bool of_function(unsigned row)
{
	const struct idtntb_register *reg = row ? idtntb_register_get(row - 1) : NULL;

	return !row || (reg && reg->space == IDTNTB_SPACE_NT);
}

void idtntb_counters_stats(const void *memory, struct idtntb_port_stats *stats)
{
	const struct counters *counters = memory;

	*stats = (struct idtntb_port_stats){
		.window_reads = idt_counter(&counters->window_reads),
		.window_writes = idt_counter(&counters->window_writes),
		.window_refused = idt_counter(&counters->window_refused),
		.interrupts = idt_counter(&counters->interrupts),
		.guest_errors = idt_counter(&counters->guest_errors),
	};
	for (unsigned row = 0; row < COUNTER_ROWS; row++) {
		if (!of_function(row))
			continue;
		stats->register_reads += idt_counter(&counters->rows[row].reads);
		stats->register_writes += idt_counter(&counters->rows[row].writes);
	}
}

void idtntb_port_stats(const struct idtntb_port *port, struct idtntb_port_stats *stats)
{
	idtntb_counters_stats(port->counters, stats);
}

void idtntb_counters_register(const void *memory, unsigned row, struct idtntb_register_counts *counts)
{
	const struct counters *counters = memory;

	*counts = (struct idtntb_register_counts){ 0 };
	row++;
	if (row >= COUNTER_ROWS)
		return;
	counts->reads = idt_counter(&counters->rows[row].reads);
	counts->writes = idt_counter(&counters->rows[row].writes);
}

void idtntb_counters_window(const void *memory, unsigned window, struct idtntb_window_counts *counts)
{
	const struct counters *counters = memory;
	const struct window_counters *from;
	uint32_t refusal;

	*counts = (struct idtntb_window_counts){ 0 };
	if (window >= IDTNTB_WINDOWS)
		return;
	from = &counters->windows[window];
	refusal = atomic_load_explicit(&from->refusal, memory_order_relaxed);
	*counts = (struct idtntb_window_counts){
		.reads = idt_counter(&from->reads),
		.writes = idt_counter(&from->writes),
		.read_bytes = idt_counter(&from->read_bytes),
		.written_bytes = idt_counter(&from->written_bytes),
		.refused = idt_counter(&from->refused),
		.refusal = refusal <= IDTNTB_WINDOW_NO_ANSWER ? refusal : IDTNTB_WINDOW_NONE,
		.refused_offset = idt_counter(&from->refused_offset),
		.mapped = atomic_load_explicit(&from->mapped, memory_order_relaxed) & 1,
	};
}

void idtntb_counters_doorbells(const void *memory, struct idtntb_doorbell_history *history)
{
	const struct counters *counters = memory;

	history->rung = atomic_load_explicit(&counters->rung, memory_order_relaxed);
	history->unmasked = atomic_load_explicit(&counters->unmasked, memory_order_relaxed);
}

void idtntb_counters_inbound(const void *memory, struct idtntb_inbound_counts *counts)
{
	const struct counters *counters = memory;
	uint32_t slot = atomic_load_explicit(&counters->inbound_slot, memory_order_relaxed);

	*counts = (struct idtntb_inbound_counts){
		.refused = idt_counter(&counters->inbound_refused),
		.address = idt_counter(&counters->inbound_address),
		.slot = slot < IDTNTB_PORTS ? slot : 0,
	};
}
