/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The register table as a whole: enumeration, names, and the index per dword that accesses decode by.
 */
#include "registers.h"

#include <stdio.h>

static const struct idt_row_table *const tables[] = {
	&idt_rows_config,
	&idt_rows_nt,
	&idt_rows_switch,
	&idt_rows_bridge,
};

static const struct idt_row *row_at(unsigned index)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		if (index < tables[t]->count)
			return &tables[t]->rows[index];
		index -= tables[t]->count;
	}
	return NULL;
}

const struct idtntb_register *idtntb_register_get(unsigned index)
{
	const struct idt_row *row = row_at(index);

	return row ? &row->reg : NULL;
}

uint32_t idtntb_register_address(const struct idtntb_register *reg, unsigned i, unsigned j)
{
	return reg->address + i * reg->stride[0] + j * reg->stride[1];
}

const struct idtntb_register *idtntb_register_find(enum idtntb_space space, uint32_t address, unsigned instance[2])
{
	const struct idtntb_register *reg;

	for (unsigned index = 0; (reg = idtntb_register_get(index)); index++) {
		if (reg->space != space)
			continue;
		for (unsigned i = 0; i < reg->count[0]; i++) {
			for (unsigned j = 0; j < reg->count[1]; j++) {
				if (idtntb_register_address(reg, i, j) != (address & ~3u))
					continue;
				instance[0] = i;
				instance[1] = j;
				return reg;
			}
		}
	}
	return NULL;
}

char *idtntb_register_name(const struct idtntb_register *reg, unsigned i, unsigned j, char *buffer, size_t size)
{
	const unsigned instance[2] = { i, j };
	unsigned dimension = 0;
	size_t used = 0;

	if (!size)
		return buffer;
	for (const char *from = reg->name; *from && used + 1 < size; from++) {
		if (from[0] != '%') {
			buffer[used++] = *from;
			continue;
		}
		int digits = snprintf(buffer + used, size - used, "%u", dimension < 2 ? instance[dimension] : 0);
		used += (size_t)digits < size - used ? (size_t)digits : size - used - 1;
		dimension++;
		from++;
	}
	buffer[used] = '\0';
	return buffer;
}

/* Every instance of a row gets its dword's entry. */
static void decode_row(struct idt_decode *decode, size_t dwords, uint32_t base, const struct idt_row *row,
		       unsigned index)
{
	for (unsigned i = 0; i < row->reg.count[0]; i++) {
		for (unsigned j = 0; j < row->reg.count[1]; j++) {
			size_t d = (idtntb_register_address(&row->reg, i, j) - base) / 4;

			if (d < dwords)
				decode[d] = (struct idt_decode){ row, (uint16_t)(index + 1), (uint8_t)i, (uint8_t)j };
		}
	}
}

void idt_decode_build(struct idt_decode *decode, size_t dwords, enum idtntb_space space, uint32_t base)
{
	const struct idt_row *row;

	for (size_t d = 0; d < dwords; d++)
		decode[d] = (struct idt_decode){ 0 };
	for (unsigned index = 0; (row = row_at(index)); index++) {
		if (row->reg.space == space)
			decode_row(decode, dwords, base, row, index);
	}
}
