/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a BARSETUP makes of a BAR (sections 3.2, 6.1).
 */
#ifndef IDT_WINDOW_H
#define IDT_WINDOW_H

#include <idtntb.h>

#define BARSETUP_MEMSI (1u << 0)
#define BARSETUP_TYPE(setup) (((setup) >> 1) & 3)
#define BARSETUP_TYPE_64 2u
#define BARSETUP_PREF (1u << 3)
#define BARSETUP_SIZE(setup) (((setup) >> 4) & 0x3F)
#define BARSETUP_MODE (1u << 10)
#define BARSETUP_ATRAN(setup) (((setup) >> 11) & 3)
#define BARSETUP_TPART(setup) (((setup) >> 13) & 7)
#define BARSETUP_TPART_MASK 0x0000E000u
#define BARSETUP_EN (1u << 31)

/* Translation by BARSETUP.ATRAN: entries, and the bits of the BAR's size that select one. */
struct idt_translation {
	uint8_t entries;
	uint8_t select;
};

static inline struct idt_translation idt_translation(uint32_t barsetup)
{
	static const struct idt_translation table[4] = { { 1, 0 }, { 12, 4 }, { 24, 5 }, { 0, 0 } };

	return table[BARSETUP_ATRAN(barsetup)];
}

/* Aperture in bytes. */
static inline uint64_t idt_bar_size(uint32_t barsetup)
{
	return 1ull << BARSETUP_SIZE(barsetup);
}

static inline bool idt_bar_is_pair(uint32_t barsetup)
{
	return (barsetup & BARSETUP_EN) && BARSETUP_TYPE(barsetup) == BARSETUP_TYPE_64;
}

/* Whether BAR n is the upper half of a 64-bit pair, so that its own BARSETUP is unused. */
static inline bool idt_bar_is_upper(const uint32_t *barsetup, unsigned n)
{
	return (n & 1) && idt_bar_is_pair(barsetup[n - 1]);
}

/* Windows that BAR n has: 0 when it is off, an upper half, or registers. */
static inline unsigned idt_bar_windows(const uint32_t *barsetup, unsigned n)
{
	if (!(barsetup[n] & BARSETUP_EN) || (barsetup[n] & BARSETUP_MODE) || idt_bar_is_upper(barsetup, n))
		return 0;
	return idt_translation(barsetup[n]).entries;
}

/* Bytes of one of them. */
static inline uint64_t idt_window_size(uint32_t barsetup)
{
	return idt_bar_size(barsetup) >> idt_translation(barsetup).select;
}

#endif
