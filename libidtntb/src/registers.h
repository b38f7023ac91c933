/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The register table's private half: what a row does besides keeping bits.
 */
#ifndef IDT_REGISTERS_H
#define IDT_REGISTERS_H

#include <idtntb.h>

/* Offsets in the NT function that code names (sections 2 and 3.1). */
enum {
	NT_PCICMDSTS = 0x004,
	NT_BAR0 = 0x010,
	NT_MSICAP = 0x0D0,
	NT_MSIADDR = 0x0D4,
	NT_MSIUADDR = 0x0D8,
	NT_MSIMDATA = 0x0DC,
	NT_NTCTL = 0x400,
	NT_NTINTSTS = 0x404,
	NT_NTINTMSK = 0x408,
	NT_INDBELLSTS = 0x428,
	NT_INDBELLMSK = 0x42C,
	NT_MSGSTS = 0x460,
	NT_MSGSTSMSK = 0x464,
	NT_BARSETUP0 = 0x470,
	NT_BARLIMIT0 = 0x474,
	NT_BARLTBASE0 = 0x478,
	NT_BARUTBASE0 = 0x47C,
	NT_BAR_STRIDE = 0x10,
	NT_NTMTBLADDR = 0x4D0,
	NT_NTMTBLSTS = 0x4D4,
	NT_LUTOFFSET = 0x4E0,
	NT_GASAADDR = 0xFF8,
	NT_GASADATA = 0xFFC,
};

/* Global addresses that code names (section 4.3). */
enum {
	GAS_SWITCH = 0x3E000,
	GAS_SEMSK = 0x3EC04,
	GAS_SEPMSK = 0x3EC08,
	GAS_SELINKUPSTS = 0x3EC0C,
	GAS_SELINKUPMSK = 0x3EC10,
	GAS_SELINKDNSTS = 0x3EC14,
	GAS_SELINKDNMSK = 0x3EC18,
	GAS_SEFRSTSTS = 0x3EC1C,
	GAS_SEFRSTMSK = 0x3EC20,
	GAS_SEHRSTSTS = 0x3EC24,
	GAS_SEHRSTMSK = 0x3EC28,
	GAS_SEGSIGSTS = 0x3EC30,
	GAS_SEGSIGMSK = 0x3EC34,
	GAS_GODBELLMSK0 = 0x3ED00,
	GAS_GIDBELLMSK0 = 0x3ED80,
	GAS_SWP0MSGCTL0 = 0x3EE00,
	GAS_TMPCTL = 0x3F1D4,
	GAS_TMPALARM = 0x3F1DC,
	GAS_TMPADJ = 0x3F1E0,
};

#define GAS_PORT_STRIDE 0x2000u /* global addresses between ports (section 4.2) */
#define GAS_NT_OFFSET 0x1000u /* NT function in them */

#define PCICMD_MEM (1u << 1)
#define PCICMD_BME (1u << 2)
#define PCICMD_INTXD (1u << 10)
#define PCISTS_INTS (1u << 19) /* in the dword PCICMDSTS */
#define MSICAP_ENABLE (1u << 16)

#define NTCTL_IDPROTDIS (1u << 0)
#define NTCTL_CPEN (1u << 1)

#define NTINT_MSG (1u << 0)
#define NTINT_DBELL (1u << 1)
#define NTINT_SEVENT (1u << 3)
#define NTINT_FMCI (1u << 4)
#define NTINT_FMCC (1u << 5)
#define NTINT_TMPSENSOR (1u << 7)
#define NTINT_ALL 0xBBu
#define NTINT_LATCHED (NTINT_SEVENT | NTINT_FMCI | NTINT_FMCC | NTINT_TMPSENSOR)

#define MSGSTS_OUT 0x0000000Fu
#define MSGSTS_IN_SHIFT 16
#define MSGSTS_ALL 0x000F000Fu

#define SE_LINKUP (1u << 0)
#define SE_LINKDN (1u << 1)
#define SE_FRST (1u << 2)
#define SE_HRST (1u << 3)
#define SE_GSIGNAL (1u << 5)

struct idtntb_port;

/* A read: of a register of port `slot`, through its owner's handle, or from outside (owner NULL), as published. */
struct idt_read {
	const struct idtntb_switch *sw;
	const struct idtntb_port *owner;
	unsigned slot;
	uint32_t address; /* of the register in its space */
	uint8_t i, j; /* instance */
	uint32_t stored; /* what is kept for the register */
};

/* A write of an own register, of one addressed in another port, or of a switch register. */
struct idt_write {
	unsigned slot; /* port addressed */
	uint32_t address; /* of the register in its space */
	uint8_t i, j; /* instance */
	uint32_t value; /* as written, bytes not enabled are zero */
	uint32_t enabled; /* mask of the bytes enabled */
	uint32_t old; /* what was kept before */
};

/* Flags of a row. */
#define ROW_DRAIN 0x1 /* a read may tell the host of data: see idtntb_port_ops.drain */
#define ROW_FOREIGN_WRITE 0x2 /* may be written through the global address space of another port (design choice) */
#define ROW_QUIET 0x4 /* reserved by the specification, not by the chip: reads and writes are no guest errors */

struct idt_row {
	struct idtntb_register reg;
	uint32_t (*read)(const struct idt_read *read); /* replaces what is kept */
	void (*write)(struct idtntb_port *port, const struct idt_write *write); /* after the bits are kept */
	void (*touch)(struct idtntb_port *port); /* before a read by the owner, never by a peek */
	uint32_t (*reset)(const struct idtntb_topology *topology, unsigned slot, unsigned i); /* replaces reg.reset */
	uint32_t (*rw)(const struct idtntb_topology *topology, unsigned slot, unsigned i); /* replaces reg.rw */
	uint32_t flags;
};

struct idt_row_table {
	const struct idt_row *rows;
	size_t count;
};

extern const struct idt_row_table idt_rows_config, idt_rows_nt, idt_rows_switch, idt_rows_bridge;

#define IDT_ROWS(table, array) const struct idt_row_table table = { (array), sizeof(array) / sizeof((array)[0]) }

/* Decode of one address space: for each dword, the row (NULL: nobody's) and the instance. */
struct idt_decode {
	const struct idt_row *row;
	uint16_t index; /* 1 + number of the row in idtntb_register_get() order; 0 without a row */
	uint8_t i, j;
};

/* Fill the decode of a space: `dwords` entries for the addresses from `base` on. */
void idt_decode_build(struct idt_decode *decode, size_t dwords, enum idtntb_space space, uint32_t base);

#endif
