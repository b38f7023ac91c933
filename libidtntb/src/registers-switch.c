/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * GAS[0x3E000-0x3FFFF]: switch control and status (section 4.3).
 */
#include "hooks.h"

#define SWITCH(at, part, text)                                                                                         \
	.reg.space = IDTNTB_SPACE_SWITCH, .reg.address = (at), .reg.section = (part), .reg.brief = (text)
#define ONE .reg.count = { 1, 1 }
#define MANY(n, step) .reg.count = { (n), 1 }, .reg.stride = { (step), 0 }
#define MODELLED .reg.status = IDTNTB_STATUS_MODELLED
#define STORED .reg.status = IDTNTB_STATUS_STORED

#define PORTS 0x00FFFFFFu /* a bit for each port number */
#define PARTITIONS 0x000000FFu

static const struct idtntb_field swpartctl[] = {
	{ "STATE", 0, 1, "0 = disable, 1 = enable" },
	{ 0 },
};

static const struct idtntb_field swpartsts[] = {
	{ "SCI", 0, 0, "state change initiated" },
	{ "SCC", 1, 1, "state change completed" },
	{ "STATE", 5, 6, "0 = disabled, 1 = active, 3 = reset" },
	{ "US", 8, 8, "has an upstream port" },
	{ "USID", 9, 13, "number of the upstream port" },
	{ "NT", 14, 14, "the upstream port has an NT function" },
	{ "DMA", 15, 15, "the upstream port has a DMA function" },
	{ 0 },
};

static const struct idtntb_field swportctl[] = {
	{ "MODE", 0, 3, "3 = NT" },
	{ "SWPART", 4, 6, "partition" },
	{ "DEVNUM", 16, 20, "device number, position by analogy (section 14)" },
	{ 0 },
};

static const struct idtntb_field swportsts[] = {
	{ "OMCI", 0, 0, "mode change initiated" }, { "OMCC", 1, 1, "mode change completed" },
	{ "LINKUP", 4, 4, "data link layer up" },  { "DS", 5, 5, "lanes behave as downstream" },
	{ "MODE", 6, 9, "0 = disabled, 3 = NT" },  { "SWPART", 10, 12, "partition" },
	{ "DEVNUM", 16, 20, "device number" },     { 0 },
};

static const struct idtntb_field se[] = {
	{ "LINKUP", 0, 0, "link up" },
	{ "LINKDN", 1, 1, "link down" },
	{ "FRST", 2, 2, "fundamental reset" },
	{ "HRST", 3, 3, "hot reset" },
	{ "FOVER", 4, 4, "failover" },
	{ "GSIGNAL", 5, 5, "global signal" },
	{ 0 },
};

static const struct idtntb_field msgctl[] = {
	{ "REG", 0, 1, "destination register" },
	{ "PART", 4, 6, "destination partition" },
	{ 0 },
};

static const struct idtntb_field tmpctl[] = {
	{ "LTH", 0, 7, "low threshold, half degrees" },
	{ "MTH", 8, 15, "middle threshold" },
	{ "HTH", 16, 23, "high threshold" },
	{ "BLTHEN", 26, 26, "alarm below LTH" },
	{ "AHTHEN", 29, 29, "alarm above HTH" },
	{ "PDOWN", 31, 31, "sensor powered down" },
	{ 0 },
};

static const struct idtntb_field tmpsts[] = {
	{ "TEMP", 0, 7, "current, half degrees" },
	{ "LTEMP", 8, 15, "lowest" },
	{ "HTEMP", 16, 23, "highest" },
	{ "ALARM", 24, 29, "alarms, as enabled in TMPCTL" },
	{ 0 },
};

static const struct idt_row rows[] = {
	{ SWITCH(0x3E000, "4.3", "switch control"), ONE, STORED, .reg.name = "SWCTL", .reg.rw = 0xFFFFFFFF },
	{ SWITCH(0x3E004, "4.3", "boot configuration vector: straps"), ONE, STORED, .reg.name = "BCVSTS" },
	{ SWITCH(0x3E008, "4.3", "port clock mode"), ONE, STORED, .reg.name = "PCLKMODE", .reg.rw = 0x0000FFFF },
	{ SWITCH(0x3E010, "4.3", "stack configuration"), MANY(4, 4), STORED, .reg.name = "STK%uCFG",
	  .reg.rw = 0xFFFFFFFF },
	{ SWITCH(0x3E080, "4.3", "reset drain delay"), ONE, STORED, .reg.name = "RDRAINDELAY", .reg.reset = 0x0FA,
	  .reg.rw = 0x0000FFFF },
	{ SWITCH(0x3E084, "4.3", "port operating mode change delay"), ONE, STORED, .reg.name = "POMCDELAY",
	  .reg.reset = 0x3E8, .reg.rw = 0x0000FFFF },
	{ SWITCH(0x3E088, "4.3", "side effect delay"), ONE, STORED, .reg.name = "SEDELAY", .reg.reset = 0x3E8,
	  .reg.rw = 0x0000FFFF },
	{ SWITCH(0x3E08C, "4.3", "upstream secondary bus reset delay"), ONE, STORED, .reg.name = "USSBRDELAY",
	  .reg.rw = 0x0000FFFF },
	{ SWITCH(0x3E100, "4.3", "partition control: preset (a choice)"), MANY(8, 0x20), MODELLED,
	  .reg.name = "SWPART%uCTL", .reg.fields = swpartctl, .reset = idt_swpartctl_reset },
	{ SWITCH(0x3E104, "4.3", "partition status"), MANY(8, 0x20), MODELLED, .reg.name = "SWPART%uSTS",
	  .reg.w1c = 0x00000003, .reg.fields = swpartsts, .reset = idt_swpartsts_reset },
	{ SWITCH(0x3E108, "4.3", "partition failover control"), MANY(8, 0x20), STORED, .reg.name = "SWPART%uFCTL",
	  .reg.rw = 0xFFFFFFFF },
	{ SWITCH(0x3E200, "4.3", "port control: preset (a choice)"), MANY(24, 0x20), MODELLED,
	  .reg.name = "SWPORT%uCTL", .reg.fields = swportctl, .reset = idt_swportctl_reset },
	{ SWITCH(0x3E204, "4.3", "port status; LINKUP of others is 0 to a host whose own link is down (a choice)"),
	  MANY(24, 0x20), MODELLED, .reg.name = "SWPORT%uSTS", .reg.w1c = 0x00000003, .reg.fields = swportsts,
	  .read = idt_swportsts_read, .reset = idt_swportsts_reset },
	{ SWITCH(0x3E208, "4.3", "port failover control"), MANY(24, 0x20), STORED, .reg.name = "SWPORT%uFCTL",
	  .reg.rw = 0xFFFFFFFF },
	{ SWITCH(0x3E500, "4.3", "failover capability control"), MANY(4, 0x20), STORED, .reg.name = "FCAP%uCTL",
	  .reg.rw = 0xFFFFFFFF },
	{ SWITCH(0x3E504, "4.3", "failover capability status"), MANY(4, 0x20), STORED, .reg.name = "FCAP%uSTS",
	  .reg.rw = 0xFFFFFFFF },
	{ SWITCH(0x3E508, "4.3", "failover capability timer"), MANY(4, 0x20), STORED, .reg.name = "FCAP%uTIMER",
	  .reg.rw = 0xFFFFFFFF },
	{ SWITCH(0x3E700, "4.1", "global address space protection"), ONE, STORED, .reg.name = "GASAPROT",
	  .reg.rw = 0xFFFFFFFF },
	{ SWITCH(0x3E710, "5", "mapping table protection"), MANY(8, 4), STORED, .reg.name = "NTMTBLPROT%u",
	  .reg.rw = 0xFFFFFFFF },

	{ SWITCH(0x3EC00, "10.1", "switch event status"), ONE, MODELLED, .reg.name = "SESTS", .reg.fields = se,
	  .read = idt_sests_read },
	{ SWITCH(0x3EC04, "10.1", "switch event mask"), ONE, MODELLED, .reg.name = "SEMSK", .reg.reset = 0x0000007F,
	  .reg.rw = 0x0000007F, .reg.fields = se },
	{ SWITCH(0x3EC08, "10.1", "switch event partition mask"), ONE, MODELLED, .reg.name = "SEPMSK",
	  .reg.reset = PARTITIONS, .reg.rw = PARTITIONS },
	{ SWITCH(0x3EC0C, "10.1", "links that came up, by port"), ONE, MODELLED, .reg.name = "SELINKUPSTS",
	  .reg.w1c = PORTS },
	{ SWITCH(0x3EC10, "10.1", "mask of them"), ONE, MODELLED, .reg.name = "SELINKUPMSK", .reg.reset = PORTS,
	  .reg.rw = PORTS },
	{ SWITCH(0x3EC14, "10.1", "links that went down, by port"), ONE, MODELLED, .reg.name = "SELINKDNSTS",
	  .reg.w1c = PORTS },
	{ SWITCH(0x3EC18, "10.1", "mask of them"), ONE, MODELLED, .reg.name = "SELINKDNMSK", .reg.reset = PORTS,
	  .reg.rw = PORTS },
	{ SWITCH(0x3EC1C, "4.3", "fundamental resets, by partition"), ONE, MODELLED, .reg.name = "SEFRSTSTS",
	  .reg.w1c = PARTITIONS },
	{ SWITCH(0x3EC20, "4.3", "mask of them"), ONE, MODELLED, .reg.name = "SEFRSTMSK", .reg.reset = PARTITIONS,
	  .reg.rw = PARTITIONS },
	{ SWITCH(0x3EC24, "4.3", "hot resets, by partition"), ONE, MODELLED, .reg.name = "SEHRSTSTS",
	  .reg.w1c = PARTITIONS },
	{ SWITCH(0x3EC28, "4.3", "mask of them"), ONE, MODELLED, .reg.name = "SEHRSTMSK", .reg.reset = PARTITIONS,
	  .reg.rw = PARTITIONS },
	{ SWITCH(0x3EC2C, "4.3", "failover mask"), ONE, STORED, .reg.name = "SEFOVRMSK", .reg.reset = 0x0000000F,
	  .reg.rw = 0x0000000F },
	{ SWITCH(0x3EC30, "10.1", "global signals, by partition"), ONE, MODELLED, .reg.name = "SEGSIGSTS",
	  .reg.w1c = PARTITIONS },
	{ SWITCH(0x3EC34, "10.1", "mask of them"), ONE, MODELLED, .reg.name = "SEGSIGMSK", .reg.reset = PARTITIONS,
	  .reg.rw = PARTITIONS },
	{ SWITCH(0x3EC3C, "7", "doorbells set in some partition (a choice)"), ONE, MODELLED, .reg.name = "GDBELLSTS",
	  .read = idt_gdbellsts_read },
	{ SWITCH(0x3ED00, "7", "partitions that may not ring this doorbell"), MANY(32, 4), MODELLED,
	  .reg.name = "GODBELLMSK%u", .reg.rw = PARTITIONS, .reset = idt_godbellmsk_reset },
	{ SWITCH(0x3ED80, "7", "partitions this doorbell does not reach"), MANY(32, 4), MODELLED,
	  .reg.name = "GIDBELLMSK%u", .reg.rw = PARTITIONS, .reset = idt_gidbellmsk_reset },
	{ SWITCH(0x3EE00, "8", "message route of a partition"), .reg.count = { 8, 4 }, .reg.stride = { 4, 0x20 },
	  MODELLED, .reg.name = "SWP%uMSGCTL%u", .reg.rw = 0x00000073, .reg.fields = msgctl },

	{ SWITCH(0x3F000, "4.3", "SerDes control and lanes"), .reg.count = { 8, 8 }, .reg.stride = { 0x20, 4 }, STORED,
	  .reg.name = "SERDES%uREG%u", .reg.rw = 0xFFFFFFFF },
	{ SWITCH(0x3F16C, "4.3", "GPIO function"), ONE, STORED, .reg.name = "GPIOFUNC", .reg.rw = 0xFFFFFFFF },
	{ SWITCH(0x3F170, "4.3", "GPIO alternate function"), ONE, STORED, .reg.name = "GPIOAFSEL",
	  .reg.rw = 0xFFFFFFFF },
	{ SWITCH(0x3F174, "4.3", "GPIO configuration"), ONE, STORED, .reg.name = "GPIOCFG", .reg.rw = 0xFFFFFFFF },
	{ SWITCH(0x3F178, "4.3", "GPIO data"), ONE, STORED, .reg.name = "GPIOD", .reg.rw = 0xFFFFFFFF },
	{ SWITCH(0x3F17C, "4.3", "hot-plug configuration"), ONE, STORED, .reg.name = "HPCFGCTL", .reg.rw = 0xFFFFFFFF },
	{ SWITCH(0x3F188, "4.3", "SMBus status"), ONE, STORED, .reg.name = "SMBUSSTS" },
	{ SWITCH(0x3F18C, "4.3", "SMBus control"), ONE, STORED, .reg.name = "SMBUSCTL", .reg.rw = 0xFFFFFFFF },
	{ SWITCH(0x3F190, "4.3", "EEPROM interface"), ONE, STORED, .reg.name = "EEPROMINTF", .reg.rw = 0xFFFFFFFF },
	{ SWITCH(0x3F198, "4.3", "I/O expander address"), MANY(6, 4), STORED, .reg.name = "IOEXPADDR%u",
	  .reg.rw = 0xFFFFFFFF },
	{ SWITCH(0x3F1B0, "4.3", "general purpose event control"), ONE, STORED, .reg.name = "GPECTL",
	  .reg.rw = 0xFFFFFFFF },
	{ SWITCH(0x3F1B4, "4.3", "general purpose event status"), ONE, STORED, .reg.name = "GPESTS",
	  .reg.rw = 0xFFFFFFFF },
	{ SWITCH(0x3F1D4, "11.1", "temperature sensor control; reset is a choice"), ONE, MODELLED, .reg.name = "TMPCTL",
	  .reg.reset = 0x80000000, .reg.rw = 0xBFFFFFFF, .reg.fields = tmpctl, .write = idt_tmp_write },
	{ SWITCH(0x3F1D8, "11.1", "temperature sensor status"), ONE, MODELLED, .reg.name = "TMPSTS",
	  .reg.fields = tmpsts, .read = idt_tmpsts_read },
	{ SWITCH(0x3F1DC, "11.1", "temperature history and alarms"), ONE, MODELLED, .reg.name = "TMPALARM",
	  .reg.reset = 0x005A5A00, .reg.rw = 0x00FFFF00, .reg.w1c = 0x3F000000, .reg.fields = tmpsts,
	  .write = idt_tmp_write },
	{ SWITCH(0x3F1E0, "11.1", "temperature adjustment: signed half degrees"), ONE, MODELLED, .reg.name = "TMPADJ",
	  .reg.rw = 0x000000FF, .write = idt_tmp_write },
	{ SWITCH(0x3F1E4, "4.3", "temperature sensor slope"), ONE, STORED, .reg.name = "TSSLOPE",
	  .reg.rw = 0xFFFFFFFF },
	{ SWITCH(0x3F1E8, "4.3", "SMBus configuration block header log"), ONE, STORED, .reg.name = "SMBUSCBHL" },
};

IDT_ROWS(idt_rows_switch, rows);
