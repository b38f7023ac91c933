/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NT[0x000-0x3FF]: PCI configuration space of the NT function (section 2). In a VMM that keeps its own image that one
 * rules here; the masks below are then what idtntb_port_peek() and tests compare with.
 */
#include "hooks.h"

#define CONFIG(offset, text)                                                                                           \
	.reg.space = IDTNTB_SPACE_NT, .reg.address = (offset), .reg.brief = (text), .reg.section = "2"
#define ONE .reg.count = { 1, 1 }
#define MANY(n) .reg.count = { (n), 1 }, .reg.stride = { 4, 0 }
#define MODELLED .reg.status = IDTNTB_STATUS_MODELLED
#define STORED .reg.status = IDTNTB_STATUS_STORED
#define ABSENT .reg.status = IDTNTB_STATUS_ABSENT, .flags = ROW_QUIET

static const struct idtntb_field pcicmdsts[] = {
	{ "IOAE", 0, 0, "I/O access enable" },
	{ "MEM", 1, 1, "memory access enable" },
	{ "BME", 2, 2, "bus master enable; peers look at it" },
	{ "PERRE", 6, 6, "parity error enable" },
	{ "SERRE", 8, 8, "system error enable" },
	{ "INTXD", 10, 10, "INTx disable" },
	{ "INTS", 19, 19, "INTx condition" },
	{ "CAPL", 20, 20, "capabilities list" },
	{ 0 },
};

static const struct idtntb_field pcielcap[] = {
	{ "MAXLNKSPD", 0, 3, "1 = 2.5, 2 = 5 GT/s" },
	{ "MAXLNKWDTH", 4, 9, "lanes" },
	{ "PORTNUM", 24, 31, "port number" },
	{ 0 },
};

static const struct idtntb_field pcielctlsts[] = {
	{ "CLS", 16, 19, "current speed, 1 = 2.5, 2 = 5 GT/s" },
	{ "NLW", 20, 25, "negotiated width, lanes" },
	{ "SCLK", 28, 28, "common clock" },
	{ 0 },
};

static const struct idtntb_field pmcsr[] = {
	{ "PSTATE", 0, 1, "power state" },
	{ "NOSOFTRST", 3, 3, "no reset on D3 to D0" },
	{ 0 },
};

static const struct idtntb_field msicap[] = {
	{ "CAPID", 0, 7, "capability id" },
	{ "NXTPTR", 8, 15, "next capability" },
	{ "EN", 16, 16, "MSI enable" },
	{ "MMC", 17, 19, "vectors wanted, log2" },
	{ "MME", 20, 22, "vectors given, log2" },
	{ "A64", 23, 23, "64-bit address" },
	{ 0 },
};

static const struct idt_row rows[] = {
	{ CONFIG(0x000, "device and vendor id"), ONE, MODELLED, .reg.name = "ID", .reset = idt_id_reset },
	{ CONFIG(0x004, "command and status"), ONE, MODELLED, .reg.name = "PCICMDSTS", .reg.reset = 0x00100000,
	  .reg.rw = 0x00000547, .reg.w1c = 0xF9000000, .reg.fields = pcicmdsts, .read = idt_pcicmdsts_read,
	  .write = idt_pcicmdsts_write },
	{ CONFIG(0x008, "class code 0x0680 and revision"), ONE, MODELLED, .reg.name = "CCRRID",
	  .reg.reset = 0x06800002 },
	{ CONFIG(0x00C, "cache line size, latency, header type, BIST"), ONE, STORED, .reg.name = "CLSHDR",
	  .reg.rw = 0x000000FF },
	{ CONFIG(0x010, "base address, as BARSETUP shapes it"), MANY(6), MODELLED, .reg.name = "BAR%u",
	  .reset = idt_bar_reset, .rw = idt_bar_rw, .write = idt_window_input_write },
	{ CONFIG(0x028, "CardBus CIS pointer"), ONE, ABSENT, .reg.name = "CCISPTR" },
	{ CONFIG(0x02C, "subsystem ids"), ONE, MODELLED, .reg.name = "SUBID", .reset = idt_id_reset },
	{ CONFIG(0x030, "expansion ROM base: no ROM"), ONE, MODELLED, .reg.name = "EROMBASE" },
	{ CONFIG(0x034, "first capability"), ONE, MODELLED, .reg.name = "CAPPTR", .reg.reset = 0x40 },
	{ CONFIG(0x038, "reserved"), ONE, ABSENT, .reg.name = "RESERVED038" },
	{ CONFIG(0x03C, "interrupt line and pin (INTA)"), ONE, MODELLED, .reg.name = "INTRLINEPIN",
	  .reg.reset = 0x00000100, .reg.rw = 0x000000FF },

	{ CONFIG(0x040, "PCI Express capability: version 2, endpoint"), ONE, MODELLED, .reg.name = "PCIECAP",
	  .reg.reset = 0x0002C010 },
	{ CONFIG(0x044, "device capabilities"), ONE, MODELLED, .reg.name = "PCIEDCAP", .reg.reset = 0x00008001 },
	{ CONFIG(0x048, "device control and status"), ONE, STORED, .reg.name = "PCIEDCTLSTS", .reg.reset = 0x00002810,
	  .reg.rw = 0x00007FFF, .reg.w1c = 0x000F0000 },
	{ CONFIG(0x04C, "link capabilities, port number"), ONE, MODELLED, .reg.name = "PCIELCAP",
	  .reg.fields = pcielcap, .reset = idt_pcielcap_reset },
	{ CONFIG(0x050, "link control and status"), ONE, MODELLED, .reg.name = "PCIELCTLSTS", .reg.rw = 0x000001CB,
	  .reg.fields = pcielctlsts, .reset = idt_pcielctlsts_reset },
	{ CONFIG(0x054, "slot and root registers: not of an endpoint"), MANY(4), ABSENT, .reg.name = "RESERVED%u" },
	{ CONFIG(0x064, "device capabilities 2"), ONE, MODELLED, .reg.name = "PCIEDCAP2" },
	{ CONFIG(0x068, "device control and status 2"), ONE, STORED, .reg.name = "PCIEDCTLSTS2", .reg.rw = 0x0000001F },
	{ CONFIG(0x06C, "link capabilities 2"), ONE, MODELLED, .reg.name = "PCIELCAP2" },
	{ CONFIG(0x070, "link control and status 2"), ONE, STORED, .reg.name = "PCIELCTLSTS2", .reg.rw = 0x00000FDF,
	  .reset = idt_pcielctlsts2_reset },

	{ CONFIG(0x0C0, "power management capability"), ONE, MODELLED, .reg.name = "PMCAP", .reg.reset = 0x0003D001 },
	{ CONFIG(0x0C4, "power management control and status"), ONE, STORED, .reg.name = "PMCSR",
	  .reg.reset = 0x00000008, .reg.rw = 0x00000003, .reg.fields = pmcsr },
	{ CONFIG(0x0D0, "MSI capability and control"), ONE, MODELLED, .reg.name = "MSICAP", .reg.reset = 0x00800005,
	  .reg.rw = 0x00710000, .reg.fields = msicap, .write = idt_interrupt_input_write },
	{ CONFIG(0x0D4, "MSI address"), ONE, MODELLED, .reg.name = "MSIADDR", .reg.rw = 0xFFFFFFFC },
	{ CONFIG(0x0D8, "MSI upper address"), ONE, MODELLED, .reg.name = "MSIUADDR", .reg.rw = 0xFFFFFFFF },
	{ CONFIG(0x0DC, "MSI message data"), ONE, MODELLED, .reg.name = "MSIMDATA", .reg.rw = 0x0000FFFF },
	{ CONFIG(0x0F0, "subsystem id capability, optional"), ONE, ABSENT, .reg.name = "SSIDSSVIDCAP" },
	{ CONFIG(0x0F4, "subsystem ids of that capability"), ONE, ABSENT, .reg.name = "SSIDSSVID" },
	{ CONFIG(0x0F8, "indirect extended configuration address, optional"), ONE, ABSENT, .reg.name = "ECFGADDR" },
	{ CONFIG(0x0FC, "indirect extended configuration data, optional"), ONE, ABSENT, .reg.name = "ECFGDATA" },

	{ CONFIG(0x100, "advanced error reporting capability"), ONE, MODELLED, .reg.name = "AERCAP",
	  .reg.reset = 0x00020001 },
	{ CONFIG(0x104, "uncorrectable error status"), ONE, STORED, .reg.name = "AERUES", .reg.w1c = 0x001FF030 },
	{ CONFIG(0x108, "uncorrectable error mask"), ONE, STORED, .reg.name = "AERUEM", .reg.rw = 0x001FF030 },
	{ CONFIG(0x10C, "uncorrectable error severity"), ONE, STORED, .reg.name = "AERUESV", .reg.reset = 0x00062030,
	  .reg.rw = 0x001FF030 },
	{ CONFIG(0x110, "correctable error status"), ONE, STORED, .reg.name = "AERCES", .reg.w1c = 0x000031C1 },
	{ CONFIG(0x114, "correctable error mask"), ONE, STORED, .reg.name = "AERCEM", .reg.reset = 0x00002000,
	  .reg.rw = 0x000031C1 },
	{ CONFIG(0x118, "error capabilities and control"), ONE, STORED, .reg.name = "AERCTL", .reg.reset = 0x000000A0,
	  .reg.rw = 0x00000140 },
	{ CONFIG(0x11C, "header log"), MANY(4), MODELLED, .reg.name = "AERHL%uDW" },
	{ CONFIG(0x180, "serial number capability, optional"), MANY(3), ABSENT, .reg.name = "SNUM%u" },
	{ CONFIG(0x200, "virtual channel capability, optional"), MANY(7), ABSENT, .reg.name = "VC%u" },
	{ CONFIG(0x320, "access control services capability, optional"), MANY(2), ABSENT, .reg.name = "ACS%u" },
	{ CONFIG(0x330, "multicast capability, optional"), MANY(10), ABSENT, .reg.name = "MC%u" },
};

IDT_ROWS(idt_rows_config, rows);
