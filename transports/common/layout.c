/* SPDX-License-Identifier: BSD-3-Clause */
#include "layout.h"

#include <idtntb.h>

#define BLOCK_ROUND 0x10000u
#define SLEEPERS_SIZE 0x1000u
#define SLEEPER_LINE 64u /* one cache line each: a sender's look at one must not disturb another */
#define BELLS (IDTNTB_PORTS * SLEEPER_LINE) /* where they begin in that page, after the copiers' */
#define MARK (2 * IDTNTB_PORTS * SLEEPER_LINE)

static size_t block_end(void)
{
	return (idtntb_block_size() + BLOCK_ROUND - 1) & ~(size_t)(BLOCK_ROUND - 1);
}

static size_t channels_end(unsigned ports)
{
	return block_end() + SLEEPERS_SIZE + (size_t)ports * ports * sizeof(struct ntb_channel);
}

size_t ntb_layout_size(unsigned ports)
{
	return channels_end(ports) + ports * idtntb_counters_size();
}

void *ntb_layout_counters(void *memory, unsigned ports, unsigned d)
{
	return (uint8_t *)memory + channels_end(ports) + d * idtntb_counters_size();
}

struct ntb_channel *ntb_layout_channel(void *memory, unsigned ports, unsigned s, unsigned d)
{
	uint8_t *channels = (uint8_t *)memory + block_end() + SLEEPERS_SIZE;

	return (struct ntb_channel *)(void *)(channels + ((size_t)s * ports + d) * sizeof(struct ntb_channel));
}

_Atomic uint32_t *ntb_layout_asleep(void *memory, unsigned d)
{
	return (_Atomic uint32_t *)(void *)((uint8_t *)memory + block_end() + (size_t)d * SLEEPER_LINE);
}

_Atomic uint32_t *ntb_layout_bell(void *memory, unsigned d)
{
	return (_Atomic uint32_t *)(void *)((uint8_t *)memory + block_end() + BELLS + (size_t)d * SLEEPER_LINE);
}

size_t ntb_layout_mark_at(void)
{
	return block_end() + MARK;
}

_Atomic uint64_t *ntb_layout_mark(void *memory)
{
	return (_Atomic uint64_t *)(void *)((uint8_t *)memory + ntb_layout_mark_at());
}
