/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Saved states: the block's words behind a header. Whoever loads one trusts it no more than shared memory.
 */
#include "switch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SAVE_MAGIC 0x45564153424E5449ull
#define SAVE_PER_WORD 1u /* taken word by word, perhaps from a live switch */

struct save_header {
	uint64_t magic;
	uint32_t layout;
	uint32_t size; /* of the block that follows */
	uint32_t flags;
	uint32_t reserved;
	uint64_t sum; /* of its words */
};

#define WORDS (sizeof(struct block) / 8)

_Static_assert(sizeof(struct block) % 8 == 0, "a block is saved in 64-bit words");

/* Finds damage, not malice. */
struct sum {
	uint64_t low, high;
};

static void sum_add(struct sum *sum, uint64_t word)
{
	sum->low += word;
	sum->high = (sum->high << 1 | sum->high >> 63) + sum->low;
}

size_t idtntb_save_size(void)
{
	return sizeof(struct save_header) + sizeof(struct block);
}

int idtntb_switch_save(const struct idtntb_switch *sw, void *image, size_t size)
{
	const atomic_u64 *words = (const atomic_u64 *)sw->block;
	struct save_header header = { SAVE_MAGIC, BLOCK_LAYOUT, sizeof(struct block), SAVE_PER_WORD, 0, 0 };
	unsigned char *to = (unsigned char *)image + sizeof(header);
	struct sum sum = { 0 };

	if (size < idtntb_save_size())
		return -EINVAL;
	for (size_t w = 0; w < WORDS; w++) {
		uint64_t word = atomic_load(&words[w]);

		memcpy(to + 8 * w, &word, 8);
		sum_add(&sum, word);
	}
	header.sum = sum.high;
	memcpy(image, &header, sizeof(header));
	return 0;
}

/* A private copy of the block in an image, once the header and the sum are right. */
static int image_open(const void *image, size_t size, struct block **copy, struct idtntb_error *error)
{
	struct save_header header;
	struct sum sum = { 0 };
	uint64_t word;

	if (size < sizeof(header))
		return idt_error(error, -EINVAL, "%zu bytes are no saved state", size);
	memcpy(&header, image, sizeof(header));
	if (header.magic != SAVE_MAGIC)
		return idt_error(error, -EINVAL, "this is no saved state (magic 0x%llx)",
				 (unsigned long long)header.magic);
	if (header.layout != BLOCK_LAYOUT || header.size != sizeof(struct block))
		return idt_error(
			error, -EPROTO,
			"the saved state has layout version %u of %u bytes, this program speaks version %u of %zu bytes",
			header.layout, header.size, BLOCK_LAYOUT, sizeof(struct block));
	if (size < idtntb_save_size())
		return idt_error(error, -EINVAL, "the saved state is cut off: %zu of %zu bytes", size,
				 idtntb_save_size());
	for (size_t w = 0; w < WORDS; w++) {
		memcpy(&word, (const unsigned char *)image + sizeof(header) + 8 * w, 8);
		sum_add(&sum, word);
	}
	if (header.sum != sum.high)
		return idt_error(error, -EINVAL, "the saved state is damaged: its sum does not fit");
	*copy = aligned_alloc(_Alignof(struct block), sizeof(struct block));
	if (!*copy)
		return idt_error(error, -ENOMEM, "no memory for the saved state");
	memcpy((void *)*copy, (const unsigned char *)image + sizeof(header), sizeof(struct block));
	return 0;
}

/* Take over the bits of `from` that a register can hold at all. */
static void word_load(atomic_u32 *to, const atomic_u32 *from, const struct idt_decode *decode,
		      const struct idtntb_topology *topology, unsigned slot)
{
	const struct idt_row *row = decode->row;
	uint32_t changeable = 0;

	if (row)
		changeable = idt_writable(row, topology, slot, decode->i) | row->reg.w1c;
	atomic_store(to, (atomic_load(to) & ~changeable) | (atomic_load(from) & changeable));
}

static void port_load(const struct idtntb_switch *sw, unsigned slot, struct block_port *to,
		      const struct block_port *from)
{
	for (size_t d = 0; d < NT_DWORDS; d++)
		word_load(&to->nt[d], &from->nt[d], &sw->nt[d], &sw->topology, slot);
	for (unsigned t = 0; t < 2; t++) {
		for (unsigned e = 0; e < IDTNTB_LUT_ENTRIES; e++) {
			for (unsigned w = 0; w < 3; w++)
				atomic_store(&to->lut[t][e][w], atomic_load(&from->lut[t][e][w]));
		}
	}
	atomic_store(&to->indbellsts, atomic_load(&from->indbellsts));
	atomic_store(&to->latch, atomic_load(&from->latch) & NTINT_LATCHED);
	atomic_store(&to->message_ack, atomic_load(&from->message_ack));
	for (unsigned m = 0; m < IDTNTB_MESSAGES; m++)
		atomic_store(&to->message[m], atomic_load(&from->message[m]));
}

static int block_fill(struct block *block, size_t size, struct block *copy, struct idtntb_error *error)
{
	struct idtntb_switch *from;
	int result;

	/* The copy ends up in a view of its own, for the decode; its magic is what a live block's was. */
	result = idtntb_switch_open(&from, copy, sizeof(*copy), error);
	if (result)
		return result;
	result = idt_block_prepare(block, size, &from->topology, error);
	if (!result) {
		for (size_t d = 0; d < CSR_DWORDS; d++)
			word_load(&block->csr[d], &copy->csr[d], &from->csr[d], &from->topology, 0);
		for (unsigned e = 0; e < IDTNTB_MTBL_ENTRIES; e++)
			atomic_store(&block->mtbl[e], atomic_load(&copy->mtbl[e]));
		atomic_store(&block->temperature, atomic_load(&copy->temperature));
		for (unsigned slot = 0; slot < from->topology.port_count; slot++)
			port_load(from, slot, &block->ports[slot], &copy->ports[slot]);
		idt_block_finish(block);
	}
	idtntb_switch_close(from);
	return result;
}

int idtntb_switch_open_image(struct idtntb_switch **sw, const void *image, size_t size, struct idtntb_error *error)
{
	struct block *copy;
	int result = image_open(image, size, &copy, error);

	if (result)
		return result;
	result = idtntb_switch_open(sw, copy, sizeof(*copy), error);
	if (result)
		free(copy);
	else
		(*sw)->image = copy;
	return result;
}

int idtntb_block_load(void *block, size_t size, const void *image, size_t image_size, struct idtntb_error *error)
{
	struct block *copy;
	int result = image_open(image, image_size, &copy, error);

	if (result)
		return result;
	result = block_fill(block, size, copy, error);
	free(copy);
	return result;
}
