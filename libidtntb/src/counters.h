/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What goes through a port handle, counted where the host says: in private memory, or in memory that others read. The
 * owner is the only writer, so a count is a load and a store, both relaxed. Nothing is decided by what is read back.
 */
#ifndef IDT_COUNTERS_H
#define IDT_COUNTERS_H

#include "block.h"

#define COUNTER_ROWS 192u /* rows of the register table at most; 0 stands for no register, as in struct idt_decode */
#define COUNTER_ERRORS 16u
#define COUNTER_TEXT 200u

struct window_counters {
	atomic_u64 reads, writes;
	atomic_u64 read_bytes, written_bytes;
	atomic_u64 refused, refused_offset;
	atomic_u32 refusal, mapped;
};

/*
 * A guest error that is being written has `started` different from `done`. `done` comes first here and is written last, so
 * that whoever reads or copies the words in ascending order finds out about one that changed meanwhile.
 */
struct error_record {
	atomic_u64 done;
	atomic_u64 text[COUNTER_TEXT / 8];
	atomic_u64 started;
};

struct counters {
	atomic_u64 window_reads, window_writes, window_refused;
	atomic_u64 interrupts, guest_errors;
	atomic_u64 inbound_refused, inbound_address;
	atomic_u32 inbound_slot;
	atomic_u32 rung, unmasked; /* doorbells: ever written to OUTDBELLSET, ever unmasked in INDBELLMSK */
	struct {
		atomic_u64 reads, writes;
	} rows[COUNTER_ROWS];
	struct window_counters windows[IDTNTB_WINDOWS];
	struct error_record errors[COUNTER_ERRORS];
};

#define COUNTERS_SIZE 16384u

_Static_assert(sizeof(struct counters) <= COUNTERS_SIZE, "the memory that a host gives suffices");

static inline uint64_t idt_counter(const atomic_u64 *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static inline void idt_count_more(atomic_u64 *counter, uint64_t more)
{
	atomic_store_explicit(counter, idt_counter(counter) + more, memory_order_relaxed);
}

static inline void idt_count_bits(atomic_u32 *bits, uint32_t more)
{
	atomic_store_explicit(bits, atomic_load_explicit(bits, memory_order_relaxed) | more, memory_order_relaxed);
}

static inline void idt_count(atomic_u64 *counter)
{
	idt_count_more(counter, 1);
}

#endif
